package recipe

import (
	"fmt"
	"strconv"
	"strings"
)

// check holds a value against its shape and reports every difference.
func (r *reporter) check(s *shape, n *node, path string) {
	switch {
	case s.form == formAny, n.kind == kindNull && (s.null || s.form == formNull):
		return
	case s.either != nil && s.either.takes(n):
		r.check(s.either, n, path)
		return
	case !s.takes(n):
		r.fail(n.at, path, fmt.Sprintf("expected %s; found %s", s.expected(), n.describe()))
		return
	}
	before := len(r.errors)
	switch s.form {
	case formText:
		r.checkWord(s, n, path)
	case formInt, formNumber:
		if v := n.number(); s.least < s.most && (v < s.least || v > s.most) {
			r.fail(n.at, path, fmt.Sprintf("expected %s; found %s", s.expected(), n.text))
		}
	case formList:
		for i, item := range n.items {
			r.check(s.item, item, fmt.Sprintf("%s[%d]", path, i))
		}
	case formDict:
		r.checkDict(s, n, path)
	case formStruct:
		r.checkStruct(s, n, path)
	}
	if s.check != nil && len(r.errors) == before {
		s.check(r, n, path)
	}
}

// takes reports whether a value is of the shape's form.
func (s *shape) takes(n *node) bool {
	switch s.form {
	case formText:
		return n.kind == kindText
	case formInt:
		_, err := strconv.ParseInt(n.text, 0, 64)
		return n.kind == kindInt && err == nil
	case formNumber:
		_, err := strconv.ParseFloat(n.text, 64) // YAML takes 1e-4 for text
		return (n.kind == kindInt || n.kind == kindFloat || n.kind == kindText) && err == nil
	case formBool:
		return n.kind == kindBool
	case formList:
		return n.kind == kindList
	case formDict, formStruct:
		return n.kind == kindMapping
	}
	return false
}

// expected says what a shape takes, for messages.
func (s *shape) expected() string {
	out := strings.TrimSpace(string(s.form))
	switch {
	case s.form == formText && len(s.words) > 0:
		out = oneOf(s.words)
	case s.form == formStruct && s.tag != "":
		out = fmt.Sprintf("a mapping with the key %s, which is %s", s.tag, oneOf(s.tags()))
	case s.form == formStruct:
		out = "a mapping with keys such as " + s.fields[0].key
	case s.form == formDict:
		out = "a mapping whose keys are each " + string(s.keys)
	case s.form == formNumber && s.least < s.most && s.most < anyNumber, s.form == formInt && s.least < s.most && s.most < anyNumber:
		out = fmt.Sprintf("%s from %v to %v", s.form, s.least, s.most)
	case s.form == formNumber && s.least == 0, s.form == formInt && s.least >= 0 && s.least < s.most:
		out = fmt.Sprintf("%s from %v", s.form, s.least)
	}
	if s.either != nil {
		out += " or " + s.either.expected()
	}
	if s.null && s.form != formNull {
		out += " or null"
	}
	return out
}

func (s *shape) tags() []string {
	out := make([]string, len(s.cases))
	for i, c := range s.cases {
		out[i] = c.name
	}
	return out
}

func (r *reporter) checkWord(s *shape, n *node, path string) {
	if len(s.words) == 0 {
		return
	}
	known := s.words
	for _, word := range s.words {
		if n.text == word {
			return
		}
	}
	if _, ok := s.others[n.text]; ok {
		return
	}
	r.fail(n.at, path, fmt.Sprintf("found `%s`; expected %s%s", n.text, oneOf(known), didYouMean(n.text, known)))
}

func (r *reporter) checkDict(s *shape, n *node, path string) {
	seen := map[int]string{}
	for _, p := range n.pairs {
		at := join(path, p.key)
		switch s.keys {
		case keyModules, keyOpNames:
			if _, err := compilePython(p.key); err != nil {
				r.fail(p.at, at, err.Error())
			}
		case keyIndex:
			i, ok := digits(p.key)
			if first, twice := seen[i]; ok && twice {
				r.fail(p.at, at, fmt.Sprintf("`%s` and `%s` are both index %d", first, p.key, i))
			} else if ok {
				seen[i] = p.key
			} else if p.key != "*" {
				r.note(p.at, at, "has no effect: inputs and outputs are named by index, or * for all")
			}
		}
		r.check(s.item, p.value, at)
	}
}

// digits is a key that is written in digits.
func digits(key string) (int, bool) {
	for _, c := range key {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	i, err := strconv.Atoi(key)
	return i, err == nil
}

func (r *reporter) checkStruct(s *shape, n *node, path string) {
	fields := s.fields
	if s.tag != "" {
		tag := n.get(s.tag)
		if tag == nil {
			r.fail(n.at, path, fmt.Sprintf("the key %s is missing; it is %s", s.tag, oneOf(s.tags())))
			return
		}
		fields = nil
		found := false
		for _, c := range s.cases {
			if tag.kind == kindText && tag.text == c.name {
				fields, found = c.fields, true
			}
		}
		if !found {
			r.fail(tag.at, join(path, s.tag), fmt.Sprintf("found %s; expected %s%s", tag.describe(), oneOf(s.tags()), didYouMean(tag.text, s.tags())))
			return
		}
	}
	one := shape{fields: fields}
	for _, p := range n.pairs {
		if p.key == s.tag && s.tag != "" {
			continue
		}
		f := one.field(p.key)
		if f == nil {
			r.fail(p.at, path, unknownKey(p.key, s.tag, fields))
			continue
		}
		r.check(f.shape, p.value, join(path, p.key))
		if f.idle != "" && p.value.kind != kindNull {
			r.note(p.at, join(path, p.key), "has no effect: "+f.idle)
		}
	}
	for _, f := range fields {
		if f.required && n.get(f.key) == nil {
			r.fail(n.at, path, fmt.Sprintf("the key %s is missing", f.key))
		}
	}
}

func unknownKey(key, tag string, fields []field) string {
	known := make([]string, 0, len(fields)+1)
	if tag != "" {
		known = append(known, tag)
	}
	for _, f := range fields {
		known = append(known, f.key)
	}
	if hint := didYouMean(key, known); hint != "" {
		return fmt.Sprintf("unknown key `%s`%s", key, hint)
	}
	return fmt.Sprintf("unknown key `%s`; the keys here are %s", key, strings.Join(known, ", "))
}

// The readers below serve values that check has passed.

// number is a number's value.
func (n *node) number() float64 {
	if n.kind == kindInt {
		i, _ := strconv.ParseInt(n.text, 0, 64) // takes told
		return float64(i)
	}
	f, _ := strconv.ParseFloat(n.text, 64)
	return f
}

// word is the text under a key, or what an omitted key means.
func (n *node) word(key, def string, others map[string]string) string {
	v := n.get(key)
	if v == nil || v.kind == kindNull {
		return def
	}
	if other, ok := others[v.text]; ok {
		return other
	}
	return v.text
}

// integer is the integer under a key, or what an omitted key means.
func (n *node) integer(key string, def int) int {
	v := n.get(key)
	if v == nil || v.kind == kindNull {
		return def
	}
	return int(v.number())
}

// truth is the boolean under a key, or what an omitted key means.
func (n *node) truth(key string, def bool) bool {
	v := n.get(key)
	if v == nil || v.kind == kindNull {
		return def
	}
	return strings.EqualFold(v.text, "true")
}

// isSet reports a key that is there and not null.
func (n *node) isSet(key string) bool {
	v := n.get(key)
	return v != nil && v.kind != kindNull
}
