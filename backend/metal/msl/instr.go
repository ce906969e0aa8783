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
		g.defs[in.Result] = in
		if g.uses[in.Result].count == 0 {
			return
		}
	}
	args := make([]expr, len(in.Args))
	for i, a := range in.Args {
		if isTile(a.Type) && in.Op != kernel.TileMulAdd && in.Op != kernel.TileStore {
			refuse("`%s` of a matrix: expected it to be stored to shared memory, and numbers to be loaded from there", in.Op)
		}
		args[i] = g.values[a]
	}
	e, known := g.foldedInts(in)
	if !known {
		e = r.make(g, in, args)
	}
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
	case in.Op == kernel.Const && !isTile(in.Result.Type), in.Op == kernel.Lanes, e == yes, e == no:
		return true
	case in.Op == kernel.Splat && in.Args[0].Type.Elem != host.Bool && mayRepeat(e.text):
		return true
	case in.Result.Type.Elem == host.Bool && in.Result.Type.Lanes > 1: // comparing vectors gives what is no bool until it has a name
		return false
	}
	short := u.next || in.Op == kernel.Index || len(e.text) <= longestInline // an index is often written in another way where it is used
	return !r.named && u.count == 1 && u.block == u.defs && short
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
	e, def := g.values[v], g.defs[v]
	switch {
	case v.Type.Lanes == 1:
		return e
	case def != nil && def.Op == kernel.Const:
		return number(v.Type.Elem, def.Number, def.Int)
	case def != nil && def.Op == kernel.Splat && isName(g.values[def.Args[0]].text):
		return g.values[def.Args[0]]
	case def != nil && def.Op == kernel.Lanes:
		return number(v.Type.Elem, 0, int64(i))
	case g.masks[v] != nil && (g.masks[v][i] == yes || g.masks[v][i] == no):
		return g.masks[v][i]
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
	for i := len(shape) - 1; i > 0; i-- { // the innermost first
		outer, inner := g.split(at, shape[i])
		text += g.index(inner) + ", "
		at = outer
	}
	text += g.index(at)
	return g.buffers[b] + "[" + text + "]"
}

// isRun reports an access to neighbours in memory that a pointer can name.
func (g *gen) isRun(in *kernel.Instr, t kernel.Type) bool {
	stride, fixed := in.Stride.IsConst()
	return t.Lanes > 1 && in.Mask == nil && fixed && stride == 1 && t.Elem != host.Bool &&
		(in.Buffer.Space == kernel.Shared || in.Buffer.Space == kernel.Global && g.form == launch.Buffers)
}

// vector gives the text of a run of elements as one vector, where the buffer's memory allows it.
func (g *gen) vector(in *kernel.Instr, t kernel.Type) (string, bool) {
	b, e := in.Buffer, elemTypes[t.Elem]
	if !g.isRun(in, t) {
		return "", false
	}
	space, name := "threadgroup ", vectorName(e.name, t.Lanes)
	if b.Space == kernel.Global {
		space = "device "
		if b.Access&kernel.Write == 0 {
			space = "device const "
		}
	}
	switch {
	case g.multiple(in.Index, int64(t.Lanes)):
	case e.packed:
		name = "packed_" + name
	default:
		return "", false
	}
	return "*(" + space + name + "*)" + g.pointer(b, in.Index).at(precAtom), true
}

// pointer is where an element lies.
func (g *gen) pointer(b *kernel.Buffer, at ir.Dim) expr {
	if n, ok := at.IsConst(); ok && n == 0 {
		return expr{g.buffers[b], precAtom}
	}
	prec := precAdd + 1
	if g.onlyGrows(at) {
		prec = precAdd
	}
	return expr{g.buffers[b] + " + " + g.sum(at, u32).at(prec), precAdd}
}

// onlyGrows reports a sum of numbers that are not negative, which need no parentheses behind a pointer: none of them wraps.
func (g *gen) onlyGrows(d ir.Dim) bool {
	for {
		r, ok := g.remainder(d)
		if !ok {
			break
		}
		if g.interval(r.scale).Lo < 0 {
			return false
		}
		d = r.rest
	}
	terms, c := d.Terms()
	for _, t := range terms {
		if g.interval(termDim(t)).Lo < 0 {
			return false
		}
	}
	return c >= 0
}

func (g *gen) load(in *kernel.Instr, _ []expr) expr {
	t := in.Result.Type
	if text, ok := g.vector(in, t); ok {
		if !g.multiple(in.Index, int64(t.Lanes)) { // of a packed one
			return atom("%s(%s)", typeName(t), text)
		}
		return expr{text, precUnary}
	}
	one := kernel.Type{Elem: t.Elem, Lanes: 1}
	if n, ok := in.Stride.IsConst(); ok && n == 0 && in.Mask == nil && t.Lanes > 1 {
		return call(typeName(t), atom("%s", g.place(in.Buffer, in.Index)))
	}
	return g.each(t, func(i int) expr {
		var e expr
		g.supposing(g.implied(in.Mask, i), func() { e = atom("%s", g.place(in.Buffer, g.element(in, i))) })
		if in.Mask == nil {
			return e
		}
		return chosen(g.lane(in.Mask, i), e, zero(one))
	})
}

// implied is what a mask says of indices where a lane of it is true.
func (g *gen) implied(mask *kernel.Value, lane int) []ir.Cond {
	var conds []ir.Cond
	switch def := g.defs[mask]; {
	case def == nil:
	case def.Op == kernel.Within:
		at := g.element(def, lane)
		conds = append(conds, ir.Cond{Left: def.Least, Rel: ir.RelLE, Right: at}, ir.Cond{Left: at, Rel: ir.RelLE, Right: def.Most})
	case def.Op == kernel.And:
		conds = append(g.implied(def.Args[0], lane), g.implied(def.Args[1], lane)...)
	case def.Op == kernel.Splat:
		conds = g.implied(def.Args[0], 0)
	}
	return conds
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
		under := ""
		if in.Mask != nil {
			switch mask := g.lane(in.Mask, i); mask {
			case yes:
			case no:
				continue
			default:
				under = "if (" + mask.text + ") "
			}
		}
		e := g.lane(v, i)
		g.supposing(g.implied(in.Mask, i), func() { g.line("%s%s = %s;", under, g.place(in.Buffer, g.element(in, i)), e.text) })
	}
	return expr{}
}

// within is the mask of the lanes whose index lies in a range.
func (g *gen) within(in *kernel.Instr, _ []expr) expr {
	var known []expr
	e := g.each(in.Result.Type, func(i int) expr {
		at := g.element(in, i)
		lane := both(g.condition(ir.Cond{Left: in.Least, Rel: ir.RelLE, Right: at}), g.condition(ir.Cond{Left: at, Rel: ir.RelLE, Right: in.Most}))
		known = append(known, lane)
		return lane
	})
	g.masks[in.Result] = known
	return e
}

// indexValue is an index as an integer.
func (g *gen) indexValue(in *kernel.Instr, _ []expr) expr {
	t := in.Result.Type
	if lo, hi := g.rangeOf(in.Index); t.Lanes == 1 && (t.Elem == host.I64 || lo >= math.MinInt32 && hi <= math.MaxInt32) {
		g.indices[in.Result] = in.Index
	}
	w := g.widthOf(in.Index)
	e := g.sum(in.Index, w)
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
