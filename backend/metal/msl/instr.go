package msl

import (
	"math"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// longestInline is how long an expression may be that stands inside another one.
const longestInline = 48

// instr writes an instruction, or keeps its result for where it is used.
func (g *gen) instr(in *kernel.Instr) {
	r, ok := g.table[in.Op]
	if !ok {
		refuse("`%s` has no code for Metal", in.Op)
	}
	if in.Result != nil {
		typeName(in.Result.Type)
		if g.uses[in.Result].count == 0 {
			return
		}
	}
	args := make([]expr, len(in.Args))
	for i, a := range in.Args {
		args[i] = g.values[a]
	}
	e := r.make(g, in, args)
	if in.Result == nil || g.values[in.Result].text != "" {
		return
	}
	if !g.inlined(in, r, e) {
		e = g.let(in.Result.Type, r.hintFor(g, in), e)
	}
	g.values[in.Result] = e
}

// inlined reports a result that needs no name: a constant, or what is used once and in the same block, and stays short.
func (g *gen) inlined(in *kernel.Instr, r rule, e expr) bool {
	u := g.uses[in.Result]
	switch {
	case in.Op == kernel.Const && !isTile(in.Result.Type), in.Op == kernel.Lanes, e.prec == precAtom && e.text == "true":
		return true
	case in.Op == kernel.Splat && in.Args[0].Type.Elem != host.Bool && mayRepeat(e.text):
		return true
	case in.Result.Type.Elem == host.Bool && in.Result.Type.Lanes > 1: // comparing vectors gives what is no bool until it has a name
		return false
	}
	return !r.named && u.count == 1 && u.block == u.defs && len(e.text) <= longestInline
}

// mayRepeat reports a short text such as float4(1.0f).
func mayRepeat(text string) bool { return len(text) <= 16 }

func (r rule) hintFor(g *gen, in *kernel.Instr) string {
	if in.Buffer != nil {
		return g.buffers[in.Buffer] + "_v"
	}
	return r.hint
}

// named gives a value a name, for rules that use it more than once.
func (g *gen) named(v *kernel.Value) expr {
	e := g.values[v]
	if e.prec == precAtom && (isName(e.text) || mayRepeat(e.text)) {
		return e
	}
	e = g.let(v.Type, "v", e)
	g.values[v] = e
	return e
}

func isName(text string) bool {
	for i := range len(text) {
		if !nameByte(text[i]) {
			return false
		}
	}
	return text != ""
}

// lane is a lane of a value.
func (g *gen) lane(v *kernel.Value, i int) expr {
	switch e := g.values[v]; {
	case v.Type.Lanes == 1:
		return e
	case v.Type.Elem == host.Bool:
		return atom("%s[%d]", g.named(v).text, i)
	default:
		return component(g.named(v), i)
	}
}

// each makes a vector of what f gives for its lanes; of one lane, a number.
func (g *gen) each(t kernel.Type, f func(i int) expr) expr {
	if t.Lanes == 1 {
		return f(0)
	}
	lanes := make([]expr, t.Lanes)
	for i := range lanes {
		lanes[i] = f(i)
	}
	e := call(typeName(t), lanes...)
	if len(e.text) <= longestLine {
		return e
	}
	return atom("%s(%s)", typeName(t), joinLines(lanes, strings.Repeat("  ", g.depth+2)))
}

// longestLine is how long a vector's constructor may be to stand in one line.
const longestLine = 90

// joinLines writes each expression in a line of its own.
func joinLines(list []expr, indent string) string {
	text := ""
	for i, e := range list {
		if i > 0 {
			text += ","
		}
		text += "\n" + indent + e.text
	}
	return text
}

// place is an element of a buffer.
func (g *gen) place(b *kernel.Buffer, at ir.Dim) string {
	shape := g.shape(b)
	if g.form != launch.Tensors || b.Space != kernel.Global || len(shape) == 1 {
		return g.buffers[b] + "[" + g.index(at) + "]"
	}
	text := ""
	for i := len(shape) - 1; i >= 0; i-- { // the innermost first
		if text != "" {
			text += ", "
		}
		if i > 0 {
			text += g.index(at.Mod(shape[i]))
			at = at.FloorDiv(shape[i])
		} else {
			text += g.index(at)
		}
	}
	return g.buffers[b] + "[" + text + "]"
}

// vector gives the text of a run of elements as one vector, where the buffer's memory allows it.
func (g *gen) vector(in *kernel.Instr, t kernel.Type) (string, bool) {
	b, e := in.Buffer, elemTypes[t.Elem]
	stride, fixed := in.Stride.IsConst()
	if t.Lanes == 1 || in.Mask != nil || !fixed || stride != 1 || t.Elem == host.Bool || b.Space == kernel.Private || b.Space == kernel.Global && g.form == launch.Tensors {
		return "", false
	}
	space, name := "threadgroup ", vectorName(e.name, t.Lanes)
	aligned := false
	if b.Space == kernel.Global {
		space, aligned = "device ", g.multiple(in.Index, int64(t.Lanes))
		if b.Access&kernel.Write == 0 {
			space = "device const "
		}
	}
	switch {
	case aligned:
	case e.packed:
		name = "packed_" + name
	default:
		return "", false
	}
	at := expr{g.buffers[b], precAtom}
	if n, ok := in.Index.IsConst(); !ok || n != 0 {
		at = infix(at, "+", precAdd, g.sum(in.Index, u32))
	}
	return "*(" + space + name + "*)" + at.at(precAtom), true
}

func (g *gen) load(in *kernel.Instr, _ []expr) expr {
	t := in.Result.Type
	if text, ok := g.vector(in, t); ok {
		if in.Buffer.Space == kernel.Shared || !g.multiple(in.Index, int64(t.Lanes)) { // of a packed one
			return atom("%s(%s)", typeName(t), text)
		}
		return expr{text, precUnary}
	}
	one := kernel.Type{Elem: t.Elem, Lanes: 1}
	if n, ok := in.Stride.IsConst(); ok && n == 0 && in.Mask == nil && t.Lanes > 1 {
		return call(typeName(t), atom("%s", g.place(in.Buffer, in.Index)))
	}
	return g.each(t, func(i int) expr {
		e := atom("%s", g.place(in.Buffer, g.element(in, i)))
		if in.Mask == nil || g.values[in.Mask].text == "true" {
			return e
		}
		return ternary(g.lane(in.Mask, i), e, zero(one))
	})
}

// element is where a lane of an access lies.
func (g *gen) element(in *kernel.Instr, lane int) ir.Dim {
	return in.Index.Add(in.Stride.Mul(ir.Const(int64(lane))))
}

func zero(t kernel.Type) expr {
	if t.Lanes > 1 {
		return call(typeName(t), number(t.Elem, 0, 0))
	}
	return number(t.Elem, 0, 0)
}

func (g *gen) store(in *kernel.Instr, a []expr) expr {
	v := in.Args[0]
	if text, ok := g.vector(in, v.Type); ok {
		g.line("%s = %s;", text, a[0].text)
		return expr{}
	}
	for i := range v.Type.Lanes {
		e := g.lane(v, i)
		text := g.place(in.Buffer, g.element(in, i)) + " = " + e.text + ";"
		if in.Mask != nil && g.values[in.Mask].text != "true" {
			text = "if (" + g.lane(in.Mask, i).text + ") " + text
		}
		g.line("%s", text)
	}
	return expr{}
}

// within is the mask of the lanes whose index lies in a range.
func (g *gen) within(in *kernel.Instr, _ []expr) expr {
	e := g.each(in.Result.Type, func(i int) expr {
		at := g.element(in, i)
		var conds []expr
		for _, c := range []ir.Cond{{Left: in.Least, Rel: ir.RelLE, Right: at}, {Left: at, Rel: ir.RelLE, Right: in.Most}} {
			if e, holds := g.condition(c); !holds {
				conds = append(conds, e)
			}
		}
		return all(conds)
	})
	return e
}

// indexValue is an index as an integer.
func (g *gen) indexValue(in *kernel.Instr, _ []expr) expr {
	t := in.Result.Type
	if lo, hi := g.rangeOf(in.Index); t.Lanes == 1 && (t.Elem == host.I64 || lo >= math.MinInt32 && hi <= math.MaxInt32) {
		g.indices[in.Result] = in.Index
	}
	e, w := g.dim(in.Index)
	if t.Elem == host.I32 {
		w = i32
		if _, isConst := in.Index.IsConst(); !isConst {
			e = call("int", g.sum(in.Index, u32))
		}
	}
	if t.Elem == host.I64 && w != i64 {
		e = call("long", e)
	}
	if t.Lanes > 1 {
		e = call(typeName(t), e)
	}
	return e
}

// bind clamps an integer to a range and makes it an index symbol.
func (g *gen) bind(in *kernel.Instr, a []expr) expr {
	if d, ok := g.indices[in.Args[0]]; ok {
		g.name(in, d)
		return expr{}
	}
	from := in.Args[0].Type.Elem
	llo, lhi := g.rangeOf(in.Least)
	mlo, mhi := g.rangeOf(in.Most)
	lo, hi := intRange(from)
	w := joined(min(lo, llo, mlo), max(hi, lhi, mhi), 0, 0)
	name := g.names.give(in.Symbol)
	v := g.names.give(in.Symbol + "_given")
	g.line("%s %s = %s;", w, v, convertTo(w, from, a[0]).text)
	least, most := g.typed(in.Least, w), g.typed(in.Most, w)
	below := infix(atom("%s", v), "<", precLess, least)
	above := infix(atom("%s", v), ">", precLess, most)
	if from == host.U64 { // what looks negative is very large
		if mlo < 0 || llo < 0 {
			refuse("`bind` of a u64 to a range from %s to %s, expected numbers of at least 0", in.Least, in.Most)
		}
		below, above = infix(call("ulong", atom("%s", v)), "<", precLess, call("ulong", least)), infix(call("ulong", atom("%s", v)), ">", precLess, call("ulong", most))
	}
	clamped := ternary(above, most, atom("%s", v))
	if !(lo >= 0 && lhi == 0) { // an unsigned number is not below 0
		clamped = ternary(below, least, clamped)
	}
	to := fitting(llo, max(llo, mhi))
	if to != w {
		clamped = call(to.String(), clamped)
	}
	g.line("%s %s = %s;", to, name, clamped.text)
	g.learn(in.Symbol, in.Least, in.Most)
	g.symbols[in.Symbol] = &symbol{atom("%s", name), to, 1}
	if in.Buffer != nil {
		changed := infix(convert(w)(atom("%s", name), to), "!=", precEqual, atom("%s", v))
		g.line("if (%s) %s", changed.text, g.tell(in.Buffer))
	}
	return expr{}
}

// name gives an index a name, and keeps it in its range where it is not known to be.
func (g *gen) name(in *kernel.Instr, d ir.Dim) {
	lo, hi := g.rangeOf(d)
	llo, _ := g.rangeOf(in.Least)
	_, mhi := g.rangeOf(in.Most)
	kept := d
	if g.known().Prove(ir.Cond{Left: in.Least, Rel: ir.RelLE, Right: d}) != ir.True {
		kept = kept.Max(in.Least)
	}
	if g.known().Prove(ir.Cond{Left: d, Rel: ir.RelLE, Right: in.Most}) != ir.True {
		kept = kept.Min(in.Most)
	}
	w := fitting(llo, max(llo, mhi))
	name := g.names.give(in.Symbol)
	e := g.sum(kept, w)
	g.line("%s %s = %s;", w, name, e.text)
	if status := in.Buffer; status != nil && !kept.Equal(d) {
		in := joined(lo, hi, llo, max(llo, mhi))
		g.line("if (%s) %s", infix(g.sum(d, in), "!=", precEqual, convert(in)(atom("%s", name), w)).text, g.tell(status))
	}
	by := int64(1)
	for by < longestLanes && kept.Equal(d) && g.multiple(d, 2*by) {
		by *= 2
	}
	g.learn(in.Symbol, in.Least, in.Most)
	if kept.Equal(d) {
		g.assume(ir.Cond{Left: ir.Sym(in.Symbol), Rel: ir.RelEQ, Right: d})
	}
	g.symbols[in.Symbol] = &symbol{atom("%s", name), w, by}
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

func convertTo(w width, from host.Elem, e expr) expr {
	if elemName(from) == w.String() {
		return e
	}
	return call(w.String(), e)
}
