package msl

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// bound is an integer that becomes an index, in a width that it and the ends of its range have.
type bound struct {
	text      expr
	width     width
	low, high bool // it may be below its range, or above
	by        int64
	is        []ir.Cond
}

// bind clamps an integer to a range, where it is not known to be in it, and makes it an index symbol.
func (g *gen) bind(in *kernel.Instr, a []expr) expr {
	b := g.boundNumber(in, a)
	if d, ok := g.indices[in.Args[0]]; ok {
		b = g.boundIndex(in, d)
	}
	llo, _ := g.rangeOf(in.Least)
	_, mhi := g.rangeOf(in.Most)
	to := fitting(llo, max(llo, mhi))
	e := g.nameBound(in, b, to)
	g.learn(in.Symbol, in.Least, in.Most)
	if !b.low && !b.high {
		g.assume(b.is...)
	}
	g.symbols[in.Symbol] = &symbol{e, to, b.by}
	return expr{}
}

// nameBound gives the index a name, or that which an equal one has.
func (g *gen) nameBound(in *kernel.Instr, b bound, to width) expr {
	_, isIndex := g.indices[in.Args[0]]
	given, e := b.text, convert(to)(b.text, b.width)
	if !b.low && !b.high && isName(e.text) {
		return e
	}
	what := fmt.Sprintf("%s %s %t %s %t %s", to, e.text, b.low, in.Least, b.high, in.Most)
	if known, ok := g.bounds[what]; ok && isIndex && in.Buffer == nil {
		return known
	}
	if b.low || b.high {
		if !isName(given.text) {
			given = atom("%s", g.names.give(short(in.Symbol)+"_given"))
			g.line("%s %s = %s;", b.width, given.text, b.text.text)
		}
		e = convert(to)(g.clamped(in, b, given), b.width)
	}
	name := atom("%s", g.names.give(short(in.Symbol)))
	g.line("%s %s = %s;", to, name.text, e.text)
	if in.Buffer != nil && (b.low || b.high) {
		g.line("if (%s) %s", infix(convert(b.width)(name, to), "!=", precEqual, given).text, g.tell(in.Buffer))
	}
	g.bounds[what] = name
	return name
}

// boundIndex is an index that is given a name.
func (g *gen) boundIndex(in *kernel.Instr, d ir.Dim) bound {
	lo, hi := g.rangeOf(d)
	llo, _ := g.rangeOf(in.Least)
	_, mhi := g.rangeOf(in.Most)
	w := joined(lo, hi, llo, max(llo, mhi))
	by := int64(1)
	for by < longestLanes && g.multiple(d, 2*by) {
		by *= 2
	}
	b := bound{g.sum(d, w), w, !g.holds(in.Least, ir.RelLE, d), !g.holds(d, ir.RelLE, in.Most), by, nil}
	if b.low || b.high {
		b.by = 1
	} else {
		b.is = []ir.Cond{{Left: ir.Sym(in.Symbol), Rel: ir.RelEQ, Right: d}}
	}
	return b
}

// boundNumber is a number that was loaded or computed.
func (g *gen) boundNumber(in *kernel.Instr, a []expr) bound {
	from := in.Args[0].Type.Elem
	llo, lhi := g.rangeOf(in.Least)
	mlo, mhi := g.rangeOf(in.Most)
	if from == host.U64 && (llo < 0 || mlo < 0) {
		refuse("`bind` of a u64 to a range from %s to %s, expected numbers of at least 0", in.Least, in.Most)
	}
	lo, hi := intRange(from)
	w := joined(min(lo, llo), hi, mlo, max(lhi, mhi))
	e := a[0]
	if elemName(from) != w.String() {
		e = call(w.String(), e)
	}
	return bound{e, w, !(lo >= 0 && lhi == 0) && from != host.U64, true, 1, nil}
}

// clamped is a number kept in its range. A u64 that looks negative is very large.
func (g *gen) clamped(in *kernel.Instr, b bound, given expr) expr {
	least, most := g.typed(in.Least, b.width), g.typed(in.Most, b.width)
	_, isIndex := g.indices[in.Args[0]]
	switch {
	case in.Args[0].Type.Elem == host.U64 && !isIndex:
		unsigned := func(e expr) expr { return call("ulong", e) }
		return ternary(infix(unsigned(given), ">", precLess, unsigned(most)), most,
			ternary(infix(given, "<", precLess, least), least, given))
	case b.width == i64:
		e := given
		if b.high {
			e = ternary(infix(given, ">", precLess, most), most, e)
		}
		if b.low {
			e = ternary(infix(given, "<", precLess, least), least, e)
		}
		return e
	}
	e := given
	if b.low {
		e = call("max", e, least)
	}
	if b.high {
		e = call("min", e, most)
	}
	return e
}

// longestLanes are the most that a vector has.
const longestLanes = 4

// tell writes 1 into a status. Several threads may, so the store is atomic.
func (g *gen) tell(b *kernel.Buffer) string {
	if b.Elem != host.I32 && b.Elem != host.U32 {
		refuse("the status %s is of %s, expected i32 or u32", b.Name, b.Elem)
	}
	at := g.buffers[b]
	if g.form == launch.Tensors {
		at = "&" + g.place(b, ir.Const(0))
	}
	return "atomic_store_explicit((device atomic_" + elemName(b.Elem) + "*)" + at + ", 1, memory_order_relaxed);"
}

// intRange is what numbers an integer type has.
func intRange(e host.Elem) (lo, hi int64) {
	bits := e.Bits()
	if e.Kind() == host.KindInt {
		return -1 << (bits - 1), 1<<(bits-1) - 1
	}
	if bits == 64 {
		return -1 << 63, 1<<63 - 1
	}
	return 0, 1<<bits - 1
}
