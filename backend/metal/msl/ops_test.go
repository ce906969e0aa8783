package msl_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var (
	ints   = []host.Elem{host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64}
	words  = append([]host.Elem{host.Bool}, ints...)
	floats = []host.Elem{host.F32}
	maths  = append([]host.Elem{host.F32}, ints...)
	anys   = append([]host.Elem{host.F32, host.F16, host.BF16}, words...)
)

// opCase is an operation of some arguments on elements of each of some types. within is the error that is allowed.
type opCase struct {
	op     kernel.Op
	args   int
	elems  []host.Elem
	within float64
	make   func(b *kernel.Builder, v []*kernel.Value) *kernel.Value // nil: the operation on the arguments
}

func opCases() []opCase {
	cases := []opCase{
		{op: kernel.Const, elems: maths, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			t := v[0].Type
			sum := b.Op(kernel.Add, v[0], b.Number(t, -3))
			for _, x := range []float64{0, 0.1, 7, math.Inf(1)} {
				sum = b.Op(kernel.Max, sum, b.Number(t, x))
			}
			if t.Elem.IsInt() {
				return b.Op(kernel.Max, sum, b.Int(t, math.MinInt64>>(64-t.Elem.Bits())))
			}
			return b.Op(kernel.Min, sum, b.Float(t, math.Inf(-1)))
		}, args: 1},
		{op: kernel.Lanes, args: 1, elems: []host.Elem{host.I32}, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			return b.Op(kernel.Add, v[0], b.Lanes(v[0].Type))
		}},
		{op: kernel.Splat, args: 1, elems: anys, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			return b.Splat(b.Shuffle(v[0], nil, 0), v[0].Type.Lanes)
		}},
		{op: kernel.Shuffle, args: 2, elems: anys, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			n := v[0].Type.Lanes
			return b.Shuffle(v[0], v[1], []int{2*n - 1, 0, n - 1, n}[:n]...)
		}},
		{op: kernel.Pick, args: 2, elems: []host.Elem{host.I32, host.U32}, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value { return b.Op(kernel.Pick, v[0], v[1]) }},
		{op: kernel.Bits, args: 1, elems: []host.Elem{host.F32, host.I32}, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			return b.Bits(b.Bits(v[0], host.U32), v[0].Type.Elem)
		}},
		{op: kernel.Select, args: 3, elems: anys, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			return b.Select(b.Cast(v[0], host.Bool), v[1], v[2])
		}},
		{op: kernel.Any, args: 2, elems: maths, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			return b.Select(b.Op(kernel.Any, b.Op(kernel.Less, v[0], v[1])), b.Shuffle(v[0], nil, 0), b.Shuffle(v[1], nil, 0))
		}},
		{op: kernel.All, args: 2, elems: maths, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			return b.Op(kernel.All, b.Op(kernel.LessEqual, v[0], v[1]))
		}},
		{op: kernel.Div, args: 2, elems: floats}, {op: kernel.MulAdd, args: 3, elems: floats}, {op: kernel.Recip, args: 1, elems: floats, within: 1e-7},
		{op: kernel.Sum, args: 1, elems: maths},
	}
	for _, op := range []kernel.Op{kernel.Div, kernel.Rem} {
		cases = append(cases, opCase{op: op, args: 2, elems: ints, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			three := b.Int(v[0].Type, 3)
			return b.Op(op, v[0], b.Op(kernel.Add, b.Op(kernel.And, v[1], three), three))
		}})
	}
	for _, op := range []kernel.Op{kernel.ShiftLeft, kernel.ShiftRight} {
		cases = append(cases, opCase{op: op, args: 2, elems: ints, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value {
			return b.Op(op, v[0], b.Op(kernel.And, v[1], b.Int(v[0].Type, int64(v[0].Type.Elem.Bits()-1))))
		}})
	}
	for elems, ops := range map[*[]host.Elem][]kernel.Op{
		&maths: {kernel.Add, kernel.Sub, kernel.Mul, kernel.Min, kernel.Max, kernel.Equal, kernel.Less, kernel.LessEqual},
		&words: {kernel.And, kernel.Or, kernel.Xor},
	} {
		for _, op := range ops {
			cases = append(cases, opCase{op: op, args: 2, elems: *elems})
		}
	}
	for elems, ops := range map[*[]host.Elem][]kernel.Op{
		&maths:  {kernel.Neg, kernel.Abs, kernel.LanesMin, kernel.LanesMax},
		&words:  {kernel.Not},
		&floats: {kernel.IsNaN, kernel.Sqrt, kernel.Floor, kernel.Ceil, kernel.Round, kernel.Trunc},
	} {
		for _, op := range ops {
			cases = append(cases, opCase{op: op, args: 1, elems: *elems})
		}
	}
	for _, op := range []kernel.Op{kernel.Rsqrt, kernel.Exp, kernel.Exp2, kernel.Log, kernel.Log2, kernel.Sin, kernel.Cos, kernel.Tanh, kernel.Erf} {
		cases = append(cases, opCase{op: op, args: 1, elems: floats, within: 1e-6})
	}
	slices.SortStableFunc(cases, func(a, b opCase) int { return int(a.op) - int(b.op) })
	return cases
}

// opJob computes an operation on vectors of the elements of its arguments.
func opJob(t *testing.T, c opCase, e host.Elem, lanes int, rng *rand.Rand) metaltest.Job {
	t.Helper()
	const n = 96
	b := kernel.NewBuilder("op")
	call := kernel.Call{}
	var in []*kernel.Buffer
	for range c.args {
		in = append(in, b.Input("x", e, ir.Const(n)))
		call.Buffers = append(call.Buffers, extremes(e, n, rng))
	}
	compute := func(at ir.Dim) *kernel.Value {
		var v []*kernel.Value
		for _, x := range in {
			v = append(v, b.Load(x, at, lanes))
		}
		if c.make != nil {
			return c.make(b, v)
		}
		return b.Op(c.op, v...)
	}
	var result kernel.Type
	_ = b.Try(func() error {
		result = compute(ir.Const(0)).Type
		return nil
	})
	y := b.Output("y", result.Elem, ir.Const(int64(n/lanes*result.Lanes)))
	b.For(kernel.Grid, "i", ir.Const(int64(n/lanes)), 1, func(i ir.Dim) {
		b.Store(y, i.Mul(ir.Const(int64(result.Lanes))), compute(i.Mul(ir.Const(int64(lanes)))))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatalf("%s of %s: %v", c.op, e, err)
	}
	call.Buffers = append(call.Buffers, make([]byte, n/lanes*result.Lanes*result.Elem.Bytes()))
	return held(t, fmt.Sprintf("%s of %sx%d", c.op, e, lanes), k, call, nil, c.within)
}

// extremes are elements of all kinds: small ones, any bits, and those at the ends.
func extremes(e host.Elem, n int, rng *rand.Rand) []byte {
	t, err := host.Alloc(e, []int{n})
	if err != nil {
		return nil
	}
	special := []float64{0, math.Inf(1), math.Inf(-1), math.NaN(), 1e30, -1e30, 2147483648, -2147483648, 4294967296, 9223372036854775808, 255.5, -128.5, 0.5, 2.5, 1e-30}
	for i := range n {
		x := rng.NormFloat64() * 20
		switch {
		case e == host.Bool:
			x = float64(rng.IntN(2))
		case e.IsFloat() && i < len(special):
			x = special[i]
		}
		host.SetFloat(t, i, x)
		if e.IsInt() && i%3 == 0 {
			var raw [8]byte
			binary.LittleEndian.PutUint64(raw[:], rng.Uint64())
			if i%6 == 0 {
				binary.LittleEndian.PutUint64(raw[:], []uint64{1 << (e.Bits() - 1), 1<<(e.Bits()-1) - 1, math.MaxUint64}[i/6%3])
			}
			copy(t.Data[i*e.Bytes():][:e.Bytes()], raw[:])
		}
	}
	return t.Data[:n*e.Bytes()]
}

// TestOps holds every operation that needs nothing but arguments against kernel.Run, on all types; with -whole, of all numbers of lanes.
func TestOps(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var jobs []metaltest.Job
	for i, c := range opCases() {
		for j, e := range c.elems {
			for n, lanes := range []int{1, 4, 2} {
				if e.Bits()*lanes <= 128 && (*whole || n == (i+j)%2 || n == 0 && e.Bits() > 32) {
					jobs = append(jobs, opJob(t, c, e, lanes, rng))
				}
			}
		}
	}
	holdParts(t, jobs)
}

// TestCasts holds casts between types; with -whole, from every one to every other.
func TestCasts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var jobs []metaltest.Job
	n := 0
	for _, from := range anys {
		for _, to := range anys {
			for _, lanes := range []int{1, 4} {
				if n++; from == to || max(from.Bits(), to.Bits())*lanes > 128 || !*whole && n%3 > 0 {
					continue
				}
				jobs = append(jobs, opJob(t, opCase{op: kernel.Cast, args: 1, make: func(b *kernel.Builder, v []*kernel.Value) *kernel.Value { return b.Cast(v[0], to) }}, from, lanes, rng))
			}
		}
	}
	holdParts(t, jobs)
}

// holdParts checks many kernels in texts of some.
func holdParts(t *testing.T, jobs []metaltest.Job) {
	const perText = 100
	for at := 0; at < len(jobs); at += perText {
		t.Run(fmt.Sprint(at/perText), func(t *testing.T) {
			t.Parallel()
			metaltest.Hold(t, jobs[at:min(at+perText, len(jobs))])
		})
	}
}

// TestAllOps wants a case or a sample of each operation.
func TestAllOps(t *testing.T) {
	seen := map[kernel.Op]bool{kernel.LoopInstr: true, kernel.IfInstr: true, kernel.Cast: true}
	for _, c := range opCases() {
		seen[c.op] = true
	}
	for _, s := range samples {
		k, _ := s.build(t)
		k.Walk(func(in *kernel.Instr) { seen[in.Op] = true })
	}
	for op := kernel.Op(0); !strings.HasPrefix(op.String(), "op("); op++ {
		if !seen[op] {
			t.Errorf("%s is not tested", op)
		}
	}
}

// TestRefusals holds what Metal has not, and with what words.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(b *kernel.Builder)
		want string
	}{
		{"double", func(b *kernel.Builder) {
			b.Store(b.Output("y", host.F32, c(1)), c(0), b.Cast(b.Cast(b.Load(b.Input("x", host.F32, c(1)), c(0), 1), host.F64), host.F32))
		}, "f64: Metal has no such type, and no double"},
		{"lanes", func(b *kernel.Builder) {
			b.Store(b.Output("y", host.F32, c(8)), c(0), b.Load(b.Input("x", host.F32, c(8)), c(0), 8))
		}, "a value of f32x8: expected 1, 2 or 4 lanes"},
		{"long4", func(b *kernel.Builder) {
			b.Store(b.Output("y", host.I64, c(4)), c(0), b.Load(b.Input("x", host.I64, c(4)), c(0), 4))
		}, "a value of i64x4: expected 1 or 2 lanes of 64 bits"},
		{"four grids", func(b *kernel.Builder) {
			b.For(kernel.Grid, "a", c(2), 1, func(ir.Dim) {
				b.For(kernel.Grid, "b", c(2), 1, func(ir.Dim) {
					b.For(kernel.Grid, "c", c(2), 1, func(ir.Dim) { b.For(kernel.Grid, "d", c(2), 1, func(ir.Dim) {}) })
				})
			})
		}, "4 grid loops, Metal's grid has 3 dimensions"},
		{"open group", func(b *kernel.Builder) {
			b.For(kernel.Thread, "t", open(b, "N"), 1, func(ir.Dim) { b.Barrier() })
		}, "the thread loop t runs to N, expected a constant"},
		{"large group", func(b *kernel.Builder) {
			b.For(kernel.Thread, "t", c(2048), 1, func(ir.Dim) { b.Barrier() })
		}, "a group of 2048 threads, expected 1 to 1024"},
		{"partial SIMD group", func(b *kernel.Builder) {
			x, y := b.Input("x", host.F32, c(48)), b.Output("y", host.F32, c(48))
			b.For(kernel.Thread, "t", c(48), 1, func(t ir.Dim) { b.Store(y, t, b.Op(kernel.GroupSum, b.Load(x, t, 1))) })
		}, "`groupsum` in a group of 48 threads, expected a multiple of 32"},
		{"sum of i64", func(b *kernel.Builder) {
			x, y := b.Input("x", host.I64, c(32)), b.Output("y", host.I64, c(32))
			b.For(kernel.Thread, "t", c(32), 1, func(t ir.Dim) { b.Store(y, t, b.Op(kernel.GroupSum, b.Load(x, t, 1))) })
		}, "`groupsum` of i64: Metal's SIMD groups exchange numbers of at most 32 bits"},
		{"shared memory of nobody", func(b *kernel.Builder) {
			s := b.Buffer("s", host.F32, c(1), kernel.Shared, 0)
			b.For(kernel.Grid, "i", c(4), 1, func(ir.Dim) { b.Store(s, c(0), b.Float(f32(1), 1)) })
		}, "buffer s is shared, and there is no thread loop to share it"},
		{"shared memory", func(b *kernel.Builder) {
			s := b.Buffer("s", host.F32, c(9000), kernel.Shared, 0)
			b.For(kernel.Thread, "t", c(32), 1, func(t ir.Dim) { b.Store(s, t, b.Float(f32(1), 1)) })
		}, "shared memory of 36000 bytes and more, expected at most 32768"},
		{"open memory", func(b *kernel.Builder) {
			s := b.Buffer("s", host.F32, open(b, "N"), kernel.Private, 0)
			b.For(kernel.Grid, "i", ir.Sym("N"), 1, func(i ir.Dim) { b.Store(s, i, b.Float(f32(1), 1)) })
		}, "buffer s has N elements, expected a constant"},
		{"a store of the group", func(b *kernel.Builder) {
			y := b.Output("y", host.F32, c(4))
			b.For(kernel.Grid, "i", c(4), 1, func(i ir.Dim) {
				b.Store(y, i, b.Float(f32(1), 1))
				b.For(kernel.Thread, "t", c(32), 1, func(ir.Dim) { b.Barrier() })
			})
		}, "`store` stores to y outside of the threads"},
		{"after the threads", func(b *kernel.Builder) {
			y := b.Output("y", host.F32, c(4))
			b.For(kernel.Grid, "i", c(4), 1, func(i ir.Dim) {
				v := b.Float(f32(1), 1)
				b.For(kernel.Thread, "t", c(32), 1, func(ir.Dim) { b.Barrier() })
				b.Store(y, i, v)
			})
		}, "`store` stands after the thread loop"},
		{"a tile of numbers", func(b *kernel.Builder) {
			b.For(kernel.Thread, "t", c(32), 1, func(ir.Dim) {
				y := b.Buffer("s", host.F32, c(64), kernel.Shared, 0)
				b.TileStore(y, c(0), c(8), b.Op(kernel.Exp, b.Op(kernel.TileMulAdd, b.Tile(1), b.Tile(2), b.Tile(3))))
			})
		}, "`exp` of a matrix: expected it to be stored to shared memory"},
	} {
		b := kernel.NewBuilder("k")
		tt.make(b)
		k, err := b.Build()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		_, _, err = msl.Print(k, launch.Buffers, msl.Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "internal") {
			t.Errorf("%s: found %v, expected %q", tt.name, err, tt.want)
		}
	}
}

// TestTensorRefusals holds what the form of tensors has not.
func TestTensorRefusals(t *testing.T) {
	b := kernel.NewBuilder("k")
	m, n := open(b, "M"), open(b, "N")
	y := b.Output("y", host.F32, m.Mul(n))
	b.For(kernel.Grid, "i", m, 1, func(i ir.Dim) {
		b.For(kernel.Serial, "j", n, 1, func(j ir.Dim) { b.Store(y, i.Mul(n).Add(j), b.Float(f32(1), 1)) })
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := msl.Print(k, launch.Tensors, msl.Options{}); err == nil || !strings.Contains(err.Error(), "the size N is no extent of a tensor: expected the shapes of the buffers") {
		t.Errorf("found %v", err)
	}
	if _, _, err := msl.Print(k, "images", msl.Options{}); err == nil || !strings.Contains(err.Error(), `arguments in the form "images"`) {
		t.Errorf("found %v", err)
	}
}
