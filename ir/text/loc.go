package text

import (
	"math"
	"strconv"

	"github.com/aiopt/aiopt/ir"
	"github.com/alecthomas/participle/v2/lexer"
)

// locDef reads a line such as
//
//	loc #1 = "mlp.py":21 < "run.py":5 in "fc1" Linear via "decompose"
//	loc #3 = [#1, #2] via "fuse"
func (p *parser) locDef(t *lexer.Token) {
	b := p.bodyReader(t.Pos.Offset, 0, t.Pos.Line, t.Pos.Column)
	b.end = "the end of the line"
	b.s.pos, b.s.end = t.Pos.Offset+len("loc"), t.Pos.Offset+len(t.Value)
	b.s.next()
	pos := b.pos()
	text, ok := b.token(tokHash, "the number of a location, such as #1")
	if !ok {
		return
	}
	n, ok := p.integer(text[1:], pos)
	if !ok || !b.punct('=') {
		return
	}
	l := &ir.Loc{}
	if !b.locFrom(l) || !b.locStack(l) || !b.locModule(l) || !b.locVia(l) {
		return
	}
	if b.s.kind != lexer.EOF {
		b.unexpected("the end of the line")
		return
	}
	if p.locs[n] != nil {
		p.errorf(pos, "", "location #%d is defined twice", n)
		return
	}
	p.locs[n] = l
}

// locFrom reads the list of the locations that one unites; they stand above it.
func (b *opReader) locFrom(l *ir.Loc) bool {
	if !b.s.isPunct('[') {
		return true
	}
	for more := true; more; more = b.s.isPunct(',') {
		b.s.next()
		pos := b.pos()
		text, ok := b.token(tokHash, "the number of a location, such as #1")
		if !ok {
			return false
		}
		n, ok := b.p.integer(text[1:], pos)
		if !ok {
			return false
		}
		from := b.p.locs[n]
		if from == nil {
			b.p.errorf(pos, "", "location #%d is not defined above", n)
			return false
		}
		l.From = append(l.From, from)
	}
	return b.punct(']')
}

func (b *opReader) locStack(l *ir.Loc) bool {
	for b.s.kind == tokString {
		pos := b.pos()
		file, ok := b.p.unquote(b.s.text(), pos)
		if !ok {
			return false
		}
		b.s.next()
		if !b.punct(':') {
			return false
		}
		pos = b.pos()
		line, ok := b.int("a line")
		if !ok || !b.p.inRange(line, 0, math.MaxInt32, pos) {
			return false
		}
		l.Stack = append(l.Stack, ir.Frame{File: file, Line: int(line)})
		if !b.s.isPunct('<') {
			return true
		}
		if b.s.next(); b.s.kind != tokString {
			return b.unexpected(`a file, such as "run.py"`)
		}
	}
	return true
}

func (b *opReader) locModule(l *ir.Loc) bool {
	if !b.s.is("in") {
		return true
	}
	b.s.next()
	var ok bool
	if l.Path, ok = b.quoted(`a module path, such as "layers.0.fc1"`); !ok {
		return false
	}
	switch {
	case b.s.kind == tokString:
		l.Class, ok = b.quoted("a class")
	case b.s.kind == tokIdent && b.s.text() != "via":
		l.Class = b.s.text()
		b.s.next()
	}
	return ok
}

func (b *opReader) locVia(l *ir.Loc) bool {
	if !b.s.is("via") {
		return true
	}
	for more := true; more; more = b.s.isPunct(',') {
		b.s.next()
		pass, ok := b.quoted(`the name of a pass, such as "fuse"`)
		if !ok {
			return false
		}
		l.Via = append(l.Via, pass)
	}
	return true
}

func (b *opReader) quoted(expected string) (string, bool) {
	pos := b.pos()
	text, ok := b.token(tokString, expected)
	if !ok {
		return "", false
	}
	return b.p.unquote(text, pos)
}

// locTable numbers locations in the order of their first use; equal ones have one number.
type locTable struct {
	byLoc  map[*ir.Loc]int
	byText map[string]int
	lines  []byte // the definitions
	buf    []byte
}

func newLocTable() *locTable {
	return &locTable{byLoc: map[*ir.Loc]int{}, byText: map[string]int{}}
}

// number gives a location's number, and 0 for one that says nothing.
func (t *locTable) number(l *ir.Loc) int { return t.numberIn(l, 0) }

// maxUnited bounds how deep united locations may contain others.
const maxUnited = 64

func (t *locTable) numberIn(l *ir.Loc, depth int) int {
	if l.IsUnknown() || depth > maxUnited {
		return 0
	}
	if n, ok := t.byLoc[l]; ok {
		return n
	}
	from := make([]int, 0, len(l.From))
	for _, f := range l.From {
		if n := t.numberIn(f, depth+1); n > 0 {
			from = append(from, n)
		}
	}
	t.buf = appendLoc(t.buf[:0], l, from)
	n, ok := t.byText[string(t.buf)]
	if !ok {
		n = len(t.byText) + 1
		t.byText[string(t.buf)] = n
		t.lines = append(t.lines, "  loc #"...)
		t.lines = strconv.AppendInt(t.lines, int64(n), 10)
		t.lines = append(t.lines, " ="...)
		t.lines = append(t.lines, t.buf...)
		t.lines = append(t.lines, '\n')
	}
	t.byLoc[l] = n
	return n
}

// appendLoc writes what follows `loc #1 =`.
func appendLoc(b []byte, l *ir.Loc, from []int) []byte {
	for i, n := range from {
		if i == 0 {
			b = append(b, " [#"...)
		} else {
			b = append(b, ", #"...)
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	if len(from) > 0 {
		b = append(b, ']')
	}
	for i, f := range l.Stack {
		if i > 0 {
			b = append(b, " <"...)
		}
		b = append(b, ' ')
		b = appendQuoted(b, f.File)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(f.Line), 10)
	}
	if l.Path != "" || l.Class != "" {
		b = append(b, " in "...)
		b = appendQuoted(b, l.Path)
		if isIdent(l.Class) && l.Class != "via" {
			b = append(b, ' ')
			b = append(b, l.Class...)
		} else if l.Class != "" {
			b = append(b, ' ')
			b = appendQuoted(b, l.Class)
		}
	}
	for i, pass := range l.Via {
		if i == 0 {
			b = append(b, " via "...)
		} else {
			b = append(b, ", "...)
		}
		b = appendQuoted(b, pass)
	}
	return b
}
