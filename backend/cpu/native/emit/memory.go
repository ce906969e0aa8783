package emit

import (
	"fmt"
	"slices"

	llvm "github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/metadata"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// stored gives the LLVM type of an element in memory.
func stored(e host.Elem) types.Type {
	switch e {
	case host.F32, host.F64:
		return held(e)
	}
	return intType(e.Bits()) // halves as their bits: LLVM splits masked vectors of halves into lanes
}

// loaded turns what lies in memory into what registers hold, and written does the opposite.
func (g *gen) loaded(e host.Elem, v value.Value) value.Value {
	switch e {
	case host.Bool:
		return g.icmp(enum.IPredNE, v, g.bits(v, 0))
	case host.F16:
		return g.block.NewBitCast(v, to(v, types.Half))
	}
	return v
}

func (g *gen) written(e host.Elem, v value.Value) value.Value {
	switch e {
	case host.Bool:
		return g.block.NewZExt(v, to(v, types.I8))
	case host.F16:
		return g.block.NewBitCast(v, to(v, types.I16))
	}
	return v
}

func (g *gen) loadLanes(in *kernel.Instr) value.Value {
	e, lanes := in.Buffer.Elem, in.Result.Type.Lanes
	elem := stored(e)
	t := shaped(elem, lanes)
	stride, fixed := in.Stride.Subst(g.fixed).IsConst()
	switch {
	case in.Mask == nil && (lanes == 1 || fixed && stride == 1):
		return g.loaded(e, g.load(t, g.pointerTo(in.Buffer, in.Index), e.Bytes()))
	case in.Mask == nil && fixed && stride == 0:
		return g.splat(g.loaded(e, g.load(elem, g.pointerTo(in.Buffer, in.Index), e.Bytes())), lanes)
	case in.Mask == nil:
		v := value.Value(constant.NewPoison(t))
		for i := range lanes {
			x := g.load(elem, g.pointerTo(in.Buffer, in.Index.Add(in.Stride.Mul(ir.Const(int64(i))))), e.Bytes())
			v = g.block.NewInsertElement(v, x, constant.NewInt(types.I64, int64(i)))
		}
		return g.loaded(e, v)
	}
	mask := g.vector(g.values[in.Mask])
	wide := types.NewVector(uint64(lanes), elem)
	zero, align := constant.NewZeroInitializer(wide), constant.NewInt(types.I32, int64(e.Bytes()))
	var v value.Value
	if lanes == 1 || fixed && stride == 1 {
		v = g.pure(fmt.Sprintf("llvm.masked.load.%s.p0", mangled(wide)), wide, g.pointerTo(in.Buffer, in.Index), align, mask, zero)
	} else {
		places := g.places(in, lanes)
		v = g.pure(fmt.Sprintf("llvm.masked.gather.%s.%s", mangled(wide), mangled(places.Type())), wide, places, align, mask, zero)
	}
	if lanes == 1 {
		v = g.block.NewExtractElement(v, constant.NewInt(types.I64, 0))
	}
	return g.loaded(e, v)
}

func (g *gen) storeLanes(in *kernel.Instr) {
	e, v := in.Buffer.Elem, g.written(in.Buffer.Elem, g.values[in.Args[0]])
	lanes := lanesOf(v)
	stride, fixed := in.Stride.Subst(g.fixed).IsConst()
	switch {
	case in.Mask == nil && lanes > 1 && fixed && stride == 1 && in.Buffer.Access&kernel.Stream != 0:
		g.storePast(v, g.pointerTo(in.Buffer, in.Index), e.Bytes())
		return
	case in.Mask == nil && (lanes == 1 || fixed && stride == 1):
		g.store(v, g.pointerTo(in.Buffer, in.Index), e.Bytes())
		return
	case in.Mask == nil:
		for i := range lanes {
			g.store(g.lane(v, i), g.pointerTo(in.Buffer, in.Index.Add(in.Stride.Mul(ir.Const(int64(i))))), e.Bytes())
		}
		return
	}
	mask, align := g.vector(g.values[in.Mask]), constant.NewInt(types.I32, int64(e.Bytes()))
	v = g.vector(v)
	if lanes == 1 || fixed && stride == 1 {
		g.pure(fmt.Sprintf("llvm.masked.store.%s.p0", mangled(v.Type())), types.Void, v, g.pointerTo(in.Buffer, in.Index), align, mask)
		return
	}
	places := g.places(in, lanes)
	g.pure(fmt.Sprintf("llvm.masked.scatter.%s.%s", mangled(v.Type()), mangled(places.Type())), types.Void, v, places, align, mask)
}

// storePast writes a vector past the caches where it lies at a multiple of its size, as such instructions want; whether it does is
// the same in nearly every round of a loop.
func (g *gen) storePast(v, at value.Value, align int) {
	bytes := lanesOf(v) * widthOf(v) / 8
	if bytes < 32 { // too little for a line of the cache to be written at once
		g.store(v, at, align)
		return
	}
	past, plain, done := g.fn.NewBlock(""), g.fn.NewBlock(""), g.fn.NewBlock("")
	place := g.block.NewPtrToInt(at, types.I64)
	over := g.block.NewAnd(place, constant.NewInt(types.I64, int64(bytes-1)))
	g.block.NewCondBr(g.icmp(enum.IPredEQ, over, constant.NewInt(types.I64, 0)), past, plain)
	hint := &metadata.Tuple{MetadataID: -1, Fields: []metadata.Field{constant.NewInt(types.I32, 1)}}
	past.Insts = append(past.Insts, &llvm.InstStore{
		Src: v, Dst: at, Align: llvm.Align(bytes), Metadata: llvm.Metadata{{Name: "nontemporal", Node: hint}},
	})
	past.NewBr(done)
	g.block = plain
	g.store(v, at, align)
	plain.NewBr(done)
	g.continueAt(done)
}

// streams reports a kernel with stores past the caches.
func streams(k *kernel.Kernel) bool {
	return slices.ContainsFunc(k.Buffers, func(b *kernel.Buffer) bool { return b.Access&kernel.Stream != 0 })
}

// places are the addresses of the lanes of an access with a stride.
func (g *gen) places(in *kernel.Instr, lanes int) value.Value {
	stride := g.splat(g.dim(in.Stride), lanes)
	index := g.block.NewMul(stride, count(types.I64, lanes))
	base := g.pointerTo(in.Buffer, in.Index)
	at := g.address(stored(in.Buffer.Elem), base, index)
	return typed(at, types.NewVector(uint64(lanes), pointer{}))
}

// count is 0, 1, 2, ... in the lanes.
func count(t *types.IntType, lanes int) value.Value {
	if lanes == 1 {
		return constant.NewInt(t, 0)
	}
	list := make([]constant.Constant, lanes)
	for i := range list {
		list[i] = constant.NewInt(t, int64(i))
	}
	return constant.NewVector(types.NewVector(uint64(lanes), t), list...)
}

// vector makes a number a vector of one lane, which masked accesses want.
func (g *gen) vector(v value.Value) value.Value {
	if _, ok := v.Type().(*types.VectorType); ok {
		return v
	}
	return g.block.NewInsertElement(constant.NewPoison(types.NewVector(1, v.Type())), v, constant.NewInt(types.I64, 0))
}

// within is the mask of the lanes whose index lies in a range.
func (g *gen) within(in *kernel.Instr) value.Value {
	lanes := in.Result.Type.Lanes
	least, most := g.dim(in.Least.Sub(in.Index)), g.dim(in.Most.Sub(in.Index))
	stride, fixed := in.Stride.IsConst()
	switch zero := value.Value(constant.NewInt(types.I64, 0)); {
	case fixed && stride == 0:
		return g.splat(g.and(g.icmp(enum.IPredSGE, zero, least), g.icmp(enum.IPredSLE, zero, most)), lanes)
	case fixed && stride == 1 && lanes > 1 && lanes <= 64:
		return g.withinRun(least, most, lanes)
	}
	at := g.block.NewMul(g.splat(g.dim(in.Stride), lanes), count(types.I64, lanes))
	return g.and(g.icmp(enum.IPredSGE, at, g.splat(least, lanes)), g.icmp(enum.IPredSLE, at, g.splat(most, lanes)))
}

// withinRun compares in 32 bits, which have more lanes: the bounds are clamped to just outside the lanes.
func (g *gen) withinRun(least, most value.Value, lanes int) value.Value {
	narrow := func(v value.Value) value.Value {
		low, high := g.bits(v, -1), g.bits(v, int64(lanes))
		v = g.choose(g.icmp(enum.IPredSGT, v, low), v, low)
		v = g.choose(g.icmp(enum.IPredSLT, v, high), v, high)
		return g.splat(g.block.NewTrunc(v, types.I32), lanes)
	}
	at := count(types.I32, lanes)
	mask := value.Value(g.icmp(enum.IPredSLE, at, narrow(most)))
	if c, ok := least.(*constant.Int); ok && c.X.Sign() <= 0 {
		return mask
	}
	return g.and(mask, g.icmp(enum.IPredSGE, at, narrow(least)))
}
