package recipe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Unmatched lists the entries that say something of nothing, given every operation of a model: those that name no module,
// operation or tensor, and those that later ones overrule everywhere.
func (r *Recipe) Unmatched(ops []Target) []*Error {
	var out Errors
	for i := range r.parts {
		s := &r.parts[i]
		u := usage{section: s, decides: map[*moduleRule]bool{}, named: map[*moduleRule]bool{}, ops: map[*opRule]bool{}, tensors: map[*tensorRule]bool{}}
		for k := range ops {
			u.visit(&ops[k])
		}
		out = append(out, u.report(r.File)...)
	}
	return sorted(out)
}

// usage is which entries of a section apply to a model.
type usage struct {
	section *section
	decides map[*moduleRule]bool
	named   map[*moduleRule]bool
	ops     map[*opRule]bool
	tensors map[*tensorRule]bool
	unknown []string // the paths of modules whose class is not known
}

func (u *usage) visit(t *Target) {
	u.module(t, t.around(), true)
	if t.Tensor != "" {
		u.module(t, chain(t.owner(), t.Modules), false)
	}
}

func (u *usage) module(t *Target, mods []Module, runs bool) {
	for l, list := range [][]moduleRule{byName: u.section.names, byType: u.section.types} {
		for i := range list {
			for _, m := range mods {
				u.named[&list[i]] = u.named[&list[i]] || list[i].matches(level(l), m)
			}
		}
	}
	for _, m := range mods {
		if m.Class == "" && !slices.Contains(u.unknown, m.Path) {
			u.unknown = append(u.unknown, m.Path)
		}
	}
	v := u.section.decide(mods)
	u.decides[v.rule] = true
	mark := func(rules []tensorRule, name string) {
		if rule := find(rules, name); rule != nil {
			u.tensors[rule] = true
		}
	}
	mark(v.rule.state, t.State)
	if !runs {
		return
	}
	if types := typesOf(t, u.section.shape.on); types != nil {
		op := v.rule.forOp(t, types)
		u.ops[op] = true
		mark(op.state, t.State)
		for _, i := range t.Inputs {
			mark(op.in, strconv.Itoa(i))
		}
		mark(op.out, "0")
	}
}

func (u *usage) report(file string) Errors {
	var out Errors
	say := func(by By, text string) { out = append(out, &Error{file, by.Pos, by.Key, text}) }
	s := u.section
	for l, list := range [][]moduleRule{byName: s.names, byType: s.types} {
		for i := range list {
			switch rule := &list[i]; {
			case u.decides[rule]:
				u.inside(rule, say)
			case u.named[rule]:
				say(rule.by, "decides nothing: entries after it, or by name, decide for every module that it matches")
			case level(l) == byType && len(u.unknown) > 0:
				say(rule.by, fmt.Sprintf("matches no module whose class is known; it is not known of %s", some(u.unknown)))
			default:
				say(rule.by, "matches no module that has operations")
			}
		}
	}
	u.inside(&s.global, say)
	return out
}

// inside reports what a rule that applies says of nothing.
func (u *usage) inside(m *moduleRule, say func(By, string)) {
	known := knownTypes(u.section.shape.on)
	for i := range m.opTypes {
		op := &m.opTypes[i]
		switch {
		case u.ops[op]:
			u.tensorsOf(say, op.state, op.in, op.out)
		case !slices.Contains(known, op.key):
			say(op.by, fmt.Sprintf("no operation of type `%s` is compressed anyway%s", op.key, didYouMean(op.key, known)))
		default:
			say(op.by, "matches no operation in these modules")
		}
	}
	for i := range m.opNames {
		if op := &m.opNames[i]; u.ops[op] {
			u.tensorsOf(say, op.state, op.in, op.out)
		} else {
			say(op.by, "matches no operation in these modules")
		}
	}
	u.tensorsOf(say, m.ops.state, m.ops.in, m.ops.out)
	u.tensorsOf(say, m.state)
}

func (u *usage) tensorsOf(say func(By, string), lists ...[]tensorRule) {
	for _, rules := range lists {
		for i := range rules {
			if rule := &rules[i]; rule.explicit && !u.tensors[rule] {
				say(rule.by, "no operation that it applies to has a tensor of this name")
			}
		}
	}
}

// some lists a few paths for messages.
func some(paths []string) string {
	shown := make([]string, 0, 3)
	for _, p := range paths[:min(3, len(paths))] {
		if p == "" {
			p = "the root module"
		}
		shown = append(shown, p)
	}
	if rest := len(paths) - len(shown); rest > 0 {
		shown = append(shown, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(shown, ", ")
}
