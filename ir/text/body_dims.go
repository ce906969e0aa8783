package text

import (
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// declarations reads the dims and guards that a body starts with.
func (b *opReader) declarations(sc *scope) {
	for !b.p.diags.full() {
		ok, line := true, b.s.tokLine
		switch {
		case b.s.kind == tokGuard:
			ok = b.guard(sc)
		case b.s.is("dim"):
			ok = b.dim(sc)
		default:
			return
		}
		if !ok {
			b.recoverLine(line)
		}
	}
}

func (b *opReader) dim(sc *scope) bool {
	b.s.next()
	pos := b.pos()
	name, ok := b.token(tokIdent, "the name of a size")
	if !ok {
		return false
	}
	if !b.s.is("in") {
		return b.unexpected("in")
	}
	b.s.next()
	d := &ir.DimDecl{Name: name, Max: ir.Unbounded}
	if d.Min, ok = b.int("the least value"); !ok {
		return false
	}
	if !b.s.is("..") {
		return b.unexpected("..")
	}
	b.s.next()
	if b.s.kind == tokInt {
		if d.Max, ok = b.int("the greatest value"); !ok {
			return false
		}
	}
	if sc.declares(name) {
		b.p.errorf(pos, "", "the size %s is declared twice", name)
	} else if d.Min > d.Max {
		b.p.errorf(pos, "", "the range %d..%d is empty", d.Min, d.Max)
	}
	sc.fn.AddDim(d)
	return true
}

func (b *opReader) int(expected string) (int64, bool) {
	pos := b.pos()
	t, ok := b.token(tokInt, expected)
	if !ok {
		return 0, false
	}
	return b.p.integer(t, pos)
}

func (b *opReader) guard(sc *scope) bool {
	pos, text := b.pos(), b.s.text()
	b.s.next()
	cond := strings.TrimLeft(text[len("guard"):], " \t")
	pos.Col += len(text) - len(cond)
	g, err := ir.ParseGuard(cond)
	if err != nil {
		b.p.dimError(err, pos, cond)
		return true
	}
	for _, c := range g.Any {
		if !b.p.declared(append(c.Left.Symbols(), c.Right.Symbols()...), pos, cond, sc) {
			return true
		}
	}
	sc.fn.Guards = append(sc.fn.Guards, g)
	return true
}
