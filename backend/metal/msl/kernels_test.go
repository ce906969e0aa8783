package msl_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// sample is a kernel as a schedule would write it, with sizes to run it at.
type sample struct {
	name   string
	doc    string
	make   func(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim // gives the shapes of its buffers
	sizes  []map[string]int64
	within float64
}

func f32(lanes int) kernel.Type { return kernel.Type{Elem: host.F32, Lanes: lanes} }

var samples = []sample{
	{"silu", "y = x0 / (1 + exp(-x0)): a thread for four neighbours, and one for each of those that are left.", silu, sizesOf("N", 1, 3, 4, 37, 64), 2e-3},
	{"softmax", "y = softmax(x0) over rows: a group of 64 threads a row.", softmax, sizesOf2("M", "N", [][2]int64{{1, 1}, {3, 70}, {2, 200}}), 1e-5},
	{"matmul", "y = x0 x1 by 8x8 matrices, 16 by 16 numbers a group.", matmul, sizesOf2("M", "N", [][2]int64{{16, 16}, {21, 37}, {5, 3}}), 1e-3},
	{"embedding", "y[i] = x0[ids[i]]; an id that is outside is clamped, and the status tells.", embedding, sizesOf("R", 1, 5), 0},
	{"gemv4", "y = W x, W in codes of 4 bits with a scale and a zero point for 32 of a row: a SIMD group a row.", gemv4, sizesOf("R", 1, 5), 1e-4},
	{"transpose", "y[h, b, w] = x0[b, w, h], and numbers of places that may be negative.", transpose, sizesOf("B", 1, 3), 0},
	{"together", "What the threads of SIMD groups do together: the least, the number of the neighbour, and the other halves of rows.", together, sizesOf("N", 1, 2), 0},
	{"dots", "Sums of products of neighbouring bytes and bf16, and a table that 64-bit codes name.", dots, sizesOf("N", 1, 7), 1e-6},
	{"vectors", "Vectors of shared and private memory, at places that are a multiple of their lanes and at others.", vectors, sizesOf("N", 1, 3), 0},
	{"indices", "What index expressions come to: of numbers below 0, by any divisor, and beyond 32 bits.", indices, sizesOf("N", 1, 40), 0},
	{"carried", "A loop of a CPU over rows: values that change places from round to round, and a branch on a value.", carried, sizesOf("N", 1, 5), 0},
	{"scores", "y = x0 x1^T of bf16 without shared memory, where both are a multiple of 8.", scores, sizesOf2("M", "N", [][2]int64{{8, 16}, {24, 8}}), 1e-3},
}

func sizesOf(name string, list ...int64) []map[string]int64 {
	var all []map[string]int64
	for _, n := range list {
		all = append(all, map[string]int64{name: n})
	}
	return all
}

func sizesOf2(a, b string, list [][2]int64) []map[string]int64 {
	var all []map[string]int64
	for _, n := range list {
		all = append(all, map[string]int64{a: n[0], b: n[1]})
	}
	return all
}

func open(b *kernel.Builder, name string) ir.Dim {
	return b.Size(&ir.DimDecl{Name: name, Min: 0, Max: ir.Unbounded})
}

func silu(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	n := open(b, "N")
	x, y := b.Input("x0", host.F16, n).As(kernel.Operand, 0), b.Output("y", host.F16, n).As(kernel.Result, 0)
	y.Once = true
	part := func(at ir.Dim, lanes int) {
		v := b.Cast(b.Load(x, at, lanes), host.F32)
		one := b.Float(v.Type, 1)
		v = b.Op(kernel.Div, v, b.Op(kernel.Add, one, b.Op(kernel.Exp, b.Op(kernel.Neg, v))))
		b.Store(y, at, b.Cast(v, host.F16))
	}
	b.For(kernel.Grid, "i", n, 4, func(i ir.Dim) {
		b.If(ir.Cond{Left: i.Add(c(4)), Rel: ir.RelLE, Right: n}, func() { part(i, 4) })
		b.If(ir.Cond{Left: i.Add(c(4)), Rel: ir.RelGT, Right: n}, func() {
			b.For(kernel.Serial, "k", n.Sub(i), 1, func(k ir.Dim) { part(i.Add(k), 1) })
		})
	})
	return nil
}

func softmax(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	m, n := open(b, "M"), open(b, "N")
	x, y := b.Input("x0", host.F32, m.Mul(n)).As(kernel.Operand, 0), b.Output("y", host.F32, m.Mul(n)).As(kernel.Result, 0)
	part := b.Buffer("part", host.F32, c(2), kernel.Shared, 0)
	b.For(kernel.Grid, "row", m, 1, func(row ir.Dim) {
		b.For(kernel.Thread, "t", c(64), 1, func(t ir.Dim) {
			over := func(start float64, step func(v, acc *kernel.Value) *kernel.Value) *kernel.Value {
				return b.Loop(kernel.Serial, "j", n.Add(c(63)).FloorDiv(c(64)), 1, []*kernel.Value{b.Float(f32(1), start)}, func(j ir.Dim, acc []*kernel.Value) []*kernel.Value {
					col := j.Mul(c(64)).Add(t)
					inside := b.Tail(1, col, n)
					v := b.LoadLanes(x, row.Mul(n).Add(col), c(1), 1, inside)
					return []*kernel.Value{b.Select(inside, step(v, acc[0]), acc[0])}
				})[0]
			}
			most := over(math.Inf(-1), func(v, acc *kernel.Value) *kernel.Value { return b.Op(kernel.Max, acc, v) })
			most = shared(b, part, t, b.Op(kernel.GroupMax, most), kernel.Max)
			sum := over(0, func(v, acc *kernel.Value) *kernel.Value {
				return b.Op(kernel.Add, acc, b.Op(kernel.Exp, b.Op(kernel.Sub, v, most)))
			})
			sum = shared(b, part, t, b.Op(kernel.GroupSum, sum), kernel.Add)
			b.For(kernel.Serial, "j", n.Add(c(63)).FloorDiv(c(64)), 1, func(j ir.Dim) {
				col := j.Mul(c(64)).Add(t)
				b.If(ir.Cond{Left: col, Rel: ir.RelLT, Right: n}, func() {
					v := b.Op(kernel.Exp, b.Op(kernel.Sub, b.Load(x, row.Mul(n).Add(col), 1), most))
					b.Store(y, row.Mul(n).Add(col), b.Op(kernel.Div, v, sum))
				})
			})
		})
	})
	return map[*kernel.Buffer][]ir.Dim{x: {m, n}, y: {m, n}}
}

// shared folds what two SIMD groups have found, by way of shared memory.
func shared(b *kernel.Builder, part *kernel.Buffer, t ir.Dim, v *kernel.Value, fold kernel.Op) *kernel.Value {
	b.Barrier() // what was there before has been read
	b.If(ir.Cond{Left: t.Mod(c(32)), Rel: ir.RelEQ, Right: c(0)}, func() { b.Store(part, t.FloorDiv(c(32)), v) })
	b.Barrier()
	return b.Op(fold, b.Load(part, c(0), 1), b.Load(part, c(1), 1))
}

func matmul(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	m, n, k := open(b, "M"), open(b, "N"), c(24)
	x0, x1 := b.Input("x0", host.F16, m.Mul(k)).As(kernel.Operand, 0), b.Input("x1", host.F16, k.Mul(n)).As(kernel.Operand, 1)
	y := b.Output("y", host.F32, m.Mul(n)).As(kernel.Result, 0)
	y.Once = true
	as, bs := b.Buffer("as", host.F16, c(16*8), kernel.Shared, 0), b.Buffer("bs", host.F16, c(8*16), kernel.Shared, 0)
	cs := b.Buffer("cs", host.F32, c(16*16), kernel.Shared, 0)
	b.For(kernel.Grid, "down", m.Add(c(15)).FloorDiv(c(16)), 1, func(down ir.Dim) {
		b.For(kernel.Grid, "across", n.Add(c(15)).FloorDiv(c(16)), 1, func(across ir.Dim) {
			b.For(kernel.Thread, "t", c(128), 1, func(t ir.Dim) {
				simd := t.FloorDiv(c(32))
				row, col := simd.FloorDiv(c(2)).Mul(c(8)), named(b, "col", simd.Mod(c(2)).Mul(c(8)), c(8))
				sum := b.Loop(kernel.Serial, "k0", k, 8, []*kernel.Value{b.Tile(0)}, func(k0 ir.Dim, acc []*kernel.Value) []*kernel.Value {
					b.Barrier()
					r := down.Mul(c(16)).Add(named(b, "down16", t.FloorDiv(c(8)), c(15)))
					b.Store(as, t, b.LoadLanes(x0, r.Mul(k).Add(k0).Add(t.Mod(c(8))), c(1), 1, b.Tail(1, r, m)))
					at := across.Mul(c(16)).Add(named(b, "t16", t.Mod(c(16)), c(15)))
					b.Store(bs, t, b.LoadLanes(x1, k0.Add(named(b, "down8", t.FloorDiv(c(16)), c(7))).Mul(n).Add(at), c(1), 1, b.Tail(1, at, n)))
					b.Barrier()
					return []*kernel.Value{b.Op(kernel.TileMulAdd, b.TileLoad(as, row.Mul(c(8)), c(8)), b.TileLoad(bs, col, c(16)), acc[0])}
				})
				b.TileStore(cs, row.Mul(c(16)).Add(col), c(16), sum[0])
				b.Barrier()
				b.For(kernel.Unroll, "part", c(2), 1, func(part ir.Dim) {
					i := part.Mul(c(128)).Add(t)
					r, at := down.Mul(c(16)).Add(named(b, "down16", i.FloorDiv(c(16)), c(15))), across.Mul(c(16)).Add(named(b, "i16", i.Mod(c(16)), c(15)))
					mask := b.Op(kernel.And, b.Tail(1, r, m), b.Tail(1, at, n))
					b.StoreLanes(y, r.Mul(n).Add(at), c(1), b.Load(cs, i, 1), mask)
				})
			})
		})
	})
	return map[*kernel.Buffer][]ir.Dim{x0: {m, k}, x1: {k, n}, y: {m, n}}
}

// named gives an index from 0 a name, which keeps what is proven of it simple.
func named(b *kernel.Builder, name string, at, most ir.Dim) ir.Dim {
	return b.Bind(b.Index(host.I32, at), name, c(0), most, nil)
}

func embedding(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	r := open(b, "R")
	x, ids := b.Input("x0", host.BF16, c(3*8)).As(kernel.Operand, 0), b.Input("x1", host.I64, r).As(kernel.Operand, 1)
	y := b.Output("y", host.BF16, r.Mul(c(8))).As(kernel.Result, 0)
	status := b.Output("status", host.I32, c(1)).As(kernel.Status, 0)
	b.For(kernel.Grid, "i", r, 1, func(i ir.Dim) {
		b.For(kernel.Grid, "k", c(8), 4, func(k ir.Dim) {
			at := b.Bind(b.Load(ids, i, 1), "at", c(0), c(2), status)
			b.Store(y, i.Mul(c(8)).Add(k), b.Load(x, at.Mul(c(8)).Add(k), 4))
		})
	})
	return map[*kernel.Buffer][]ir.Dim{x: {c(3), c(8)}, ids: {r}, y: {r, c(8)}}
}

func gemv4(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	r, k := open(b, "R"), int64(96)
	codes := b.Input("codes", host.U32, r.Mul(c(k/8))).As(kernel.Packed, 0)
	scales, zeros := b.Input("scales", host.F16, r.Mul(c(k/32))).As(kernel.Packed, 1), b.Input("zeros", host.U8, r.Mul(c(k/32))).As(kernel.Packed, 2)
	x, y := b.Input("x0", host.F32, c(k)).As(kernel.Operand, 0), b.Output("y", host.F32, r).As(kernel.Result, 0)
	b.For(kernel.Grid, "row", r, 1, func(row ir.Dim) {
		b.For(kernel.Thread, "t", c(32), 1, func(t ir.Dim) {
			inside := b.Tail(1, t, c(k/8))
			word := b.LoadLanes(codes, row.Mul(c(k/8)).Add(t), c(1), 1, inside)
			group := row.Mul(c(k / 32)).Add(t.FloorDiv(c(4)))
			scale := b.Cast(b.LoadLanes(scales, group, c(1), 1, inside), host.F32)
			zero := b.Cast(b.LoadLanes(zeros, group, c(1), 1, inside), host.F32)
			sum := b.Loop(kernel.Unroll, "n", c(8), 1, []*kernel.Value{b.Float(f32(1), 0)}, func(n ir.Dim, acc []*kernel.Value) []*kernel.Value {
				shift := b.Cast(b.Index(host.I32, n.Mul(c(4))), host.U32)
				code := b.Op(kernel.And, b.Op(kernel.ShiftRight, word, shift), b.Int(word.Type, 15))
				w := b.Op(kernel.Sub, b.Cast(code, host.F32), zero)
				return []*kernel.Value{b.Op(kernel.MulAdd, w, b.LoadLanes(x, t.Mul(c(8)).Add(n), c(1), 1, inside), acc[0])}
			})
			all := b.Op(kernel.GroupSum, b.Op(kernel.Mul, sum[0], scale))
			b.If(ir.Cond{Left: t, Rel: ir.RelEQ, Right: c(0)}, func() { b.Store(y, row, all) })
		})
	})
	return map[*kernel.Buffer][]ir.Dim{y: {r}}
}

func transpose(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	n, w, h := open(b, "B"), c(5), c(6)
	x := b.Input("x0", host.I16, n.Mul(w).Mul(h)).As(kernel.Operand, 0)
	y, places := b.Output("y", host.I16, n.Mul(w).Mul(h)).As(kernel.Result, 0), b.Output("places", host.I64, n.Mul(w).Mul(h)).As(kernel.Result, 1)
	b.For(kernel.Grid, "i", n.Mul(w).Mul(h), 1, func(i ir.Dim) {
		at := i.FloorDiv(w).Mod(n).Mul(w).Add(i.Mod(w)).Mul(h).Add(i.FloorDiv(n.Mul(w)))
		from := b.Bind(b.Index(host.I64, at), "from", c(0), n.Mul(w).Mul(h).Sub(c(1)), nil)
		b.Store(y, i, b.Load(x, from, 1))
		b.Store(places, i, b.Index(host.I64, at.Sub(c(4)).FloorDiv(c(8)).Add(i.Mul(n).Sub(c(7)).FloorDiv(c(3))).Max(i.Sub(n))))
	})
	return map[*kernel.Buffer][]ir.Dim{x: {n, w, h}, y: {h, n, w}}
}

func together(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	n := open(b, "N")
	x, y, z := b.Input("x0", host.F32, n.Mul(c(64))), b.Output("y", host.F32, n.Mul(c(64))), b.Output("z", host.I32, n.Mul(c(64)))
	b.For(kernel.Grid, "i", n, 1, func(i ir.Dim) {
		b.For(kernel.Thread, "t", c(64), 1, func(t ir.Dim) {
			at := i.Mul(c(64)).Add(t)
			v := b.Load(x, at, 1)
			least, most := b.Op(kernel.GroupMin, v), b.Op(kernel.GroupMax, v)
			next := b.Op(kernel.GroupShuffle, v, b.Index(host.I32, t.Add(c(1)).Mod(c(32))))
			b.Store(y, at, b.Op(kernel.Add, b.Op(kernel.Sub, most, least), next))
			n := b.Cast(v, host.I32)
			b.Store(z, at, b.Op(kernel.Sub, b.Op(kernel.GroupMax, n), b.Op(kernel.GroupMin, b.Op(kernel.GroupSum, n))))
		})
	})
	return map[*kernel.Buffer][]ir.Dim{x: {n, c(64)}, y: {n, c(2), c(32)}, z: {n, c(64)}}
}

func dots(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	n := open(b, "N")
	x, w := b.Input("x0", host.U8, n.Mul(c(4))), b.Input("x1", host.I8, n.Mul(c(4)))
	h, codes := b.Input("x2", host.BF16, n.Mul(c(4))), b.Input("x3", host.U64, n)
	table := b.Input("x4", host.F16, c(16))
	y, z, p := b.Output("y", host.I32, n), b.Output("z", host.F32, n.Mul(c(2))), b.Output("p", host.F16, n)
	status := b.Output("status", host.U32, c(1)).As(kernel.Status, 0)
	b.For(kernel.Grid, "i", n, 1, func(i ir.Dim) {
		at := i.Mul(c(4))
		v := b.Op(kernel.DotBytes, b.Load(x, at, 4), b.Load(w, at, 4), b.Int(kernel.Type{Elem: host.I32, Lanes: 1}, -7))
		word := b.Bits(b.Load(x, at, 4), host.I32)
		b.Store(y, i, b.Op(kernel.Add, v, b.Op(kernel.DotBytes, b.Bits(word, host.U8), b.Load(w, at, 4), word)))
		b.Store(z, i.Mul(c(2)), b.Op(kernel.DotHalf, b.Load(h, at, 4), b.Load(h, at, 4), b.Float(f32(2), 1)))
		code := b.Bind(b.Load(codes, i, 1), "code", c(1), c(15), status)
		b.Store(p, i, b.Load(table, code, 1))
	})
	return nil
}

func vectors(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	n := open(b, "N")
	x, y := b.Input("x0", host.BF16, n.Mul(c(128))), b.Output("y", host.BF16, n.Mul(c(128)))
	z := b.Output("z", host.F32, n.Mul(c(128)))
	s, f := b.Buffer("s", host.BF16, c(130), kernel.Shared, 0), b.Buffer("f", host.F32, c(130), kernel.Shared, 0)
	p := b.Buffer("p", host.F32, c(5), kernel.Private, 0)
	b.For(kernel.Grid, "i", n, 1, func(i ir.Dim) {
		b.For(kernel.Thread, "thread", c(32), 1, func(t ir.Dim) {
			own := named(b, "own", t.Mul(c(4)), c(124))
			at := i.Mul(c(128)).Add(own)
			v := b.Load(x, at, 4)
			b.Store(s, own, b.Cast(b.Cast(v, host.F32), host.BF16))
			b.Store(f, own.Add(c(1)), b.Cast(v, host.F32))
			b.Barrier()
			b.Store(y, at, b.Load(s, named(b, "mirrored", c(124).Sub(own), c(124)), 4))
			b.Store(p, c(0), b.Load(f, named(b, "own", t.Mul(c(4)), c(124)).Add(c(1)), 4))
			b.Store(p, c(4), b.Float(f32(1), 7))
			b.Store(z, at, b.Load(p, c(1), 4))
		})
	})
	return map[*kernel.Buffer][]ir.Dim{x: {n, c(128)}, y: {n, c(128)}, z: {n, c(32), c(4)}}
}

func indices(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	n := open(b, "N")
	x := b.Input("x0", host.I32, n)
	b.For(kernel.Grid, "i", n, 1, func(i ir.Dim) {
		v := b.Bind(b.Load(x, i, 1), "v", c(-40), c(40), nil) // x0 is in -50..50
		w := b.Bind(b.Load(x, i, 1), "w", c(1), n, nil)
		big := v.Mul(c(1 << 33))
		for k, d := range []ir.Dim{
			v.FloorDiv(c(3)), v.FloorDiv(c(-3)), v.FloorDiv(c(8)), v.Mod(c(7)), v.Mod(c(4)), v.Sub(c(7)).FloorDiv(w), i.FloorDiv(w), i.Mod(w), i.FloorDiv(c(3)).Mod(c(5)).Mul(v),
			v.Min(w), v.Max(w).Max(i), v.Min(c(3)).Mul(v), v.Mul(v).Sub(i), w.Sub(c(60)).Add(v), i.Neg().Sub(c(1)),
			big, big.FloorDiv(c(5)), big.FloorDiv(w), big.Min(i), big.Max(w), big.Mod(c(1 << 32)), i.Mul(i).Mul(i).Mul(c(100000)),
		} {
			y := b.Output("y", host.I64, n)
			b.Store(y, i, b.Index(host.I64, d))
			if k < 15 {
				b.If(ir.Cond{Left: d, Rel: []ir.Relation{ir.RelLT, ir.RelLE, ir.RelGT, ir.RelGE, ir.RelEQ, ir.RelNE}[k%6], Right: w.Sub(c(3))}, func() {
					b.Store(y, i, b.Cast(b.Index(host.I32, d.Sub(v)), host.I64))
				})
			}
		}
	})
	return nil
}

func carried(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	n := open(b, "N")
	x, y, z := b.Input("x0", host.I32, n), b.Output("y", host.I32, n.Mul(c(2))), b.Output("z", host.I32, n)
	b.For(kernel.Parallel, "row", n, 1, func(row ir.Dim) {
		v := b.Load(x, row, 1)
		start := []*kernel.Value{v, b.Int(v.Type, 1), b.Int(v.Type, 2)}
		pair := b.Loop(kernel.Serial, "k", row.Add(c(1)), 1, start, func(k ir.Dim, carry []*kernel.Value) []*kernel.Value {
			in := b.Loop(kernel.Unroll, "u", c(3), 2, carry[2:], func(u ir.Dim, inner []*kernel.Value) []*kernel.Value {
				return []*kernel.Value{b.Op(kernel.Xor, inner[0], b.Op(kernel.Mul, carry[1], b.Index(host.I32, u.Add(k))))}
			})
			return []*kernel.Value{carry[1], b.Op(kernel.Add, carry[0], carry[1]), in[0]}
		})
		none := b.Loop(kernel.Serial, "none", n.Sub(n), 1, pair[2:], func(ir.Dim, []*kernel.Value) []*kernel.Value { return start[:1] })
		b.Store(y, row.Mul(c(2)), pair[0])
		b.Store(y, row.Mul(c(2)).Add(c(1)), b.Op(kernel.Add, pair[1], none[0]))
		b.Store(z, row, v)
		b.IfValue(b.Op(kernel.Less, v, b.Int(v.Type, 0)), func() { b.Store(z, row, b.Op(kernel.Neg, v)) })
	})
	return map[*kernel.Buffer][]ir.Dim{x: {n}, y: {n, c(2)}, z: {n}}
}

func scores(b *kernel.Builder) map[*kernel.Buffer][]ir.Dim {
	m, n, k := open(b, "M"), open(b, "N"), c(16)
	x0, x1, y := b.Input("x0", host.BF16, m.Mul(k)), b.Input("x1", host.BF16, n.Mul(k)), b.Output("y", host.F32, m.Mul(n))
	b.For(kernel.Grid, "down", m.FloorDiv(c(8)), 1, func(down ir.Dim) {
		b.For(kernel.Grid, "across", n.FloorDiv(c(8)), 1, func(across ir.Dim) {
			b.For(kernel.Thread, "t", c(32), 1, func(ir.Dim) {
				sum := b.Loop(kernel.Unroll, "step", k, 8, []*kernel.Value{b.Tile(0)}, func(step ir.Dim, acc []*kernel.Value) []*kernel.Value {
					v := b.TileLoad(x0, down.Mul(k).Mul(c(8)).Add(step), k)
					w := b.TileLoadTransposed(x1, across.Mul(k).Mul(c(8)).Add(step), k)
					return []*kernel.Value{b.Op(kernel.TileMulAdd, v, w, acc[0])}
				})
				b.TileStore(y, down.Mul(n).Mul(c(8)).Add(across.Mul(c(8))), n, sum[0])
			})
		})
	})
	return map[*kernel.Buffer][]ir.Dim{x0: {m, k}, x1: {n, k}, y: {m, n}}
}

func (s sample) build(t *testing.T) (*kernel.Kernel, msl.Options) {
	t.Helper()
	b := kernel.NewBuilder(s.name)
	shapes := s.make(b)
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k, msl.Options{Doc: s.doc, Shapes: shapes}
}

// call fills the buffers of a call: small integers, which indices may be one too large of, and numbers around 0.
func call(t *testing.T, k *kernel.Kernel, sizes map[string]int64, rng *rand.Rand) kernel.Call {
	t.Helper()
	c := kernel.Call{Sizes: sizes}
	for _, b := range k.Buffers {
		if b.Space != kernel.Global {
			continue
		}
		n, err := b.Len.Eval(func(name string) (int64, bool) { return sizes[name], true })
		if err != nil {
			t.Fatal(err)
		}
		data, err := host.Alloc(b.Elem, []int{int(n)})
		if err != nil {
			t.Fatal(err)
		}
		for i := range int(n) {
			x := float64(rng.IntN(4))
			switch {
			case b.Role == kernel.Status:
				x = 0
			case b.Elem.IsFloat():
				x = rng.NormFloat64()
			case b.Elem == host.I32:
				x = float64(rng.IntN(101) - 50)
			case b.Elem == host.U32:
				x = float64(rng.Uint32())
			}
			host.SetFloat(data, i, x)
		}
		c.Buffers = append(c.Buffers, data.Data[:int(n)*b.Elem.Bytes()])
	}
	return c
}
