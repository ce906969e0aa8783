package msl

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir/host"
)

func (g *gen) barrier(*kernel.Instr, []expr) expr {
	g.line("threadgroup_barrier(mem_flags::mem_threadgroup);")
	return expr{}
}

// together calls what the lanes of a SIMD group do together.
func (g *gen) together(name string, in *kernel.Instr, a ...expr) expr {
	if e := in.Result.Type.Elem; e.Bits() == 64 || e == host.Bool {
		refuse("`%s` of %s: Metal's SIMD groups exchange numbers of at most 32 bits", in.Op, e)
	}
	return call(name, a...)
}

// groupExtreme is NaN where a lane's number is. Metal's own leaves NaN out.
func (g *gen) groupExtreme(in *kernel.Instr, a []expr) expr {
	name := map[kernel.Op]string{kernel.GroupMax: "max", kernel.GroupMin: "min"}[in.Op]
	t := in.Result.Type
	if !t.Elem.IsFloat() {
		return g.together("simd_"+name, in, a[0])
	}
	g.together("", in)
	return g.each(t, func(i int) expr { return g.helper("simd_"+name+"_of", g.lane(in.Args[0], i)) })
}

func (g *gen) groupShuffle(in *kernel.Instr, a []expr) expr {
	return g.together("simd_shuffle", in, a[0], call("ushort", a[1]))
}

// tileAt is where a matrix lies, and how far its rows are from each other.
func (g *gen) tileAt(in *kernel.Instr) (at, stride expr) {
	if lo, _ := g.rangeOf(in.Stride); lo < 0 {
		refuse("`%s` with rows %s apart, expected a distance that is known to be at least 0", in.Op, in.Stride)
	}
	if g.form == launch.Tensors && in.Buffer.Space == kernel.Global {
		refuse("`%s` of %s, which is a tensor handle: expected a tile of shared memory", in.Op, in.Buffer.Name)
	}
	at = expr{g.buffers[in.Buffer], precAtom}
	if n, ok := in.Index.IsConst(); !ok || n != 0 {
		at = infix(at, "+", precAdd, g.sum(in.Index, u32))
	}
	return at, g.sum(in.Stride, u32)
}

// transposedArgs are the further arguments of a load or store whose stride is from column to column.
func transposedArgs(in *kernel.Instr, args []expr) []expr {
	if in.Transposed {
		return append(args, atom("ulong2(0)"), atom("true"))
	}
	return args
}

func (g *gen) tileLoad(in *kernel.Instr, _ []expr) expr {
	t := in.Result.Type
	at, stride := g.tileAt(in)
	name := atom("%s", g.names.give(g.buffers[in.Buffer]+"_tile"))
	g.line("%s %s;", typeName(t), name.text)
	g.line("%s;", call("simdgroup_load", transposedArgs(in, []expr{name, at, stride})...).text)
	g.values[in.Result] = name
	return name
}

func (g *gen) tileStore(in *kernel.Instr, a []expr) expr {
	typeName(in.Args[0].Type)
	at, stride := g.tileAt(in)
	g.line("%s;", call("simdgroup_store", transposedArgs(in, []expr{a[0], at, stride})...).text)
	return expr{}
}

// tileMulAdd adds to a matrix in its place where nobody else wants what it was.
func (g *gen) tileMulAdd(in *kernel.Instr, a []expr) expr {
	sum := in.Args[2]
	u := g.uses[sum]
	to := a[2]
	if u.count != 1 || u.block != u.defs || !isName(to.text) {
		to = g.let(in.Result.Type, "acc", a[2])
	}
	g.line("simdgroup_multiply_accumulate(%s, %s, %s, %s);", to.text, a[0].text, a[1].text, to.text)
	g.values[in.Result] = to
	return to
}
