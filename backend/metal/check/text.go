package check

import (
	"fmt"
	"strconv"
	"strings"
)

// Source is a text and the name that diagnostics call it by.
type Source struct{ Name, Text string }

// text is a source split into tokens, with its brackets matched and its functions found.
type text struct {
	Source
	tokens    []token
	match     []int // of each bracket's token, its partner; -1 for others
	functions []function
	problems  []Diagnostic
}

// function is a function of the text, or a method of a struct.
type function struct {
	name         string
	kernel       bool
	template     bool
	method       bool
	head         int // token that its declaration begins with
	open, closed int // tokens of the parentheses around its parameters
	body, end    int // tokens of the braces around its body
}

// read splits a source.
func read(src Source) *text {
	t := &text{Source: src}
	t.tokens, t.problems = scan(src.Text)
	t.pair()
	if len(t.problems) == 0 {
		t.find(0, len(t.tokens), false)
	}
	return t
}

func (t *text) wrong(at int, kind Kind, format string, args ...any) {
	line := 1
	if at < len(t.tokens) {
		line = t.tokens[at].line
	}
	t.problems = append(t.problems, Diagnostic{Kind: kind, Line: line, Text: fmt.Sprintf(format, args...)})
}

// tok gives a token, or one that equals nothing outside of the text.
func (t *text) tok(i int) token {
	if i < 0 || i >= len(t.tokens) {
		return token{kind: quoted}
	}
	return t.tokens[i]
}

var closing = map[string]string{"(": ")", "{": "}", "[": "]"}

// pair matches brackets.
func (t *text) pair() {
	t.match = make([]int, len(t.tokens))
	var open []int
	for i, k := range t.tokens {
		t.match[i] = -1
		if k.kind != punct {
			continue
		}
		switch k.text {
		case "(", "{", "[":
			open = append(open, i)
		case ")", "}", "]":
			if len(open) == 0 {
				t.wrong(i, Forbidden, "`%s` closes nothing", k.text)
				return
			}
			top := open[len(open)-1]
			if closing[t.tokens[top].text] != k.text {
				t.wrong(i, Forbidden, "`%s` closes the `%s` of line %d", k.text, t.tokens[top].text, t.tokens[top].line)
				return
			}
			t.match[top], t.match[i] = i, top
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.wrong(open[len(open)-1], Forbidden, "`%s` is not closed", t.tokens[open[len(open)-1]].text)
	}
}

// opens tells whether a token is a bracket that another one closes.
func (t *text) opens(i int) bool { return i < len(t.match) && t.match[i] > i }

// attribute tells whether [[...]] begins at a token.
func (t *text) attribute(i int) bool { return t.tok(i).is("[") && t.tok(i+1).is("[") && t.opens(i) }

// find collects the functions among the declarations of a range: of the text, a namespace or a struct.
func (t *text) find(from, to int, inStruct bool) {
	head := from
	for i := from; i < to; i++ {
		k := t.tokens[i]
		switch {
		case k.kind == directive || k.is(";") || k.is("}"):
			head = i + 1
		case k.is("(") || k.is("["):
			i = t.match[i]
		case k.is("{"):
			if f, ok := t.functionAt(head, i); ok {
				f.method = inStruct
				t.functions = append(t.functions, f)
			} else if t.has(head, i, "namespace") {
				t.find(i+1, t.match[i], false)
			} else if t.has(head, i, "struct") || t.has(head, i, "class") || t.has(head, i, "union") {
				t.find(i+1, t.match[i], true)
			} else if t.has(head, i, "extern") {
				t.find(i+1, t.match[i], inStruct)
			}
			i = t.match[i]
			if !t.tok(i + 1).is(";") {
				head = i + 1
			}
		}
	}
}

// functionAt tells whether the brace at a token opens the body of a function whose declaration begins at head.
func (t *text) functionAt(head, brace int) (function, bool) {
	for i := head + 1; i < brace; i++ {
		k := t.tokens[i]
		if k.is("=") {
			return function{}, false
		}
		if k.is("[") {
			i = t.match[i]
			continue
		}
		if !k.is("(") {
			continue
		}
		name := t.tokens[i-1]
		if name.kind != word && !t.has(head, i, "operator") {
			return function{}, false
		}
		return function{
			name: name.text, head: head, open: i, closed: t.match[i], body: brace, end: t.match[brace],
			kernel: t.has(head, i, "kernel"), template: t.tokens[head].is("template"),
		}, true
	}
	return function{}, false
}

// has tells whether a word stands between two tokens.
func (t *text) has(from, to int, text string) bool {
	for _, k := range t.tokens[max(from, 0):min(to, len(t.tokens))] {
		if k.kind == word && k.text == text {
			return true
		}
	}
	return false
}

// around gives the function that a line stands in; kernels before their helpers' names.
func (t *text) around(line int) string {
	for _, f := range t.functions {
		if t.tokens[f.head].line <= line && line <= t.tokens[f.end].line {
			return f.name
		}
	}
	return ""
}

// parameter is a parameter of a function.
type parameter struct {
	name     string
	from, to int // its tokens, without a default
	attr     string
	index    int // of [[buffer(n)]] and [[threadgroup(n)]]; -1 where there is none
	attrFrom int // the tokens of the attribute; attrFrom == attrTo where there is none
	attrTo   int
}

// parameters splits what stands between a function's parentheses.
func (t *text) parameters(f function) []parameter {
	var list []parameter
	from, angle := f.open+1, 0
	for i := from; i <= f.closed; i++ {
		k := t.tokens[i]
		switch {
		case k.is("<"):
			angle++
		case k.is(">"):
			angle--
		case t.opens(i):
			i = t.match[i]
		case k.is(",") && angle <= 0 || i == f.closed:
			if i > from && !(i == from+1 && t.tokens[from].is("void")) {
				list = append(list, t.parameter(from, i))
			}
			from = i + 1
		}
	}
	return list
}

func (t *text) parameter(from, to int) parameter {
	p := parameter{from: from, to: to, index: -1}
	for i := from; i < to; i++ {
		k := t.tokens[i]
		if t.attribute(i) {
			p.attrFrom, p.attrTo = i, t.match[i]+1
			p.attr = t.tok(i + 2).text
			if n, err := strconv.Atoi(t.tok(i + 4).text); err == nil && t.tok(i+3).is("(") {
				p.index = n
			}
			i = t.match[i]
			continue
		}
		if k.is("=") {
			p.to = i
			break
		}
		if t.opens(i) {
			if k.is("(") { // float (&x)[4]
				for j := i + 1; j < t.match[i]; j++ {
					if t.tokens[j].kind == word {
						p.name = t.tokens[j].text
					}
				}
			}
			i = t.match[i]
			continue
		}
		if k.kind == word {
			p.name = k.text
		}
	}
	return p
}

// spelled joins tokens for a message.
func (t *text) spelled(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		if i > from && t.tokens[i].at > t.tokens[i-1].end() {
			b.WriteByte(' ')
		}
		b.WriteString(t.tokens[i].text)
	}
	return b.String()
}
