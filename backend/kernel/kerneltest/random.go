// Package kerneltest makes random kernels with calls that fit them, to hold code generators against the interpreter.
package kerneltest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Options choose what random kernels hold.
type Options struct {
	Math bool // exp, tanh and other functions that targets compute to some accuracy only
	GPU  bool // a grid, of groups of threads in every second kernel, in place of a parallel loop; no f64, and vectors of 16 bytes at most
}

// elems are the types of buffers.
var elems = []host.Elem{host.Bool, host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64, host.F16, host.BF16, host.F32, host.F64}

// choices are the operations of one type by number of arguments. Those of integers that can be undefined are left out.
var choices = struct {
	floats, ints, math [4][]kernel.Op
}{
	floats: [4][]kernel.Op{
		1: {kernel.Neg, kernel.Abs, kernel.Sqrt, kernel.Floor, kernel.Ceil, kernel.Round, kernel.Trunc},
		2: {kernel.Add, kernel.Sub, kernel.Mul, kernel.Div, kernel.Min, kernel.Max},
		3: {kernel.MulAdd},
	},
	ints: [4][]kernel.Op{
		1: {kernel.Neg, kernel.Abs, kernel.Not},
		2: {kernel.Add, kernel.Sub, kernel.Mul, kernel.Min, kernel.Max, kernel.And, kernel.Or, kernel.Xor},
	},
	math: [4][]kernel.Op{
		1: {kernel.Rsqrt, kernel.Recip, kernel.Exp, kernel.Exp2, kernel.Log, kernel.Log2, kernel.Sin, kernel.Cos, kernel.Tanh, kernel.Erf},
	},
}

type maker struct {
	*kernel.Builder
	rng  *rand.Rand
	opt  Options
	pool []*kernel.Value // what the next operation may take

	rows, cols ir.Dim
	lanes      int
	in         []*kernel.Buffer
	out, sums  *kernel.Buffer
	fold       kernel.Op // of the reduction
}

// Random makes a kernel that Verify accepts and a call for it, both from the seed alone: parallel rows, a loop over vectors
// with a masked tail, numbers of loads that are bound to names, rounds that are written out, random arithmetic between types, and a
// reduction with accumulators.
func Random(seed uint64, opt Options) (*kernel.Kernel, kernel.Call, error) {
	m := &maker{Builder: kernel.NewBuilder("random"), rng: rand.New(rand.NewPCG(seed, 7)), opt: opt}
	m.rows = m.Size(&ir.DimDecl{Name: "M", Min: 0, Max: ir.Unbounded})
	m.cols = m.Size(&ir.DimDecl{Name: "N", Min: 0, Max: ir.Unbounded})
	call := kernel.Call{Sizes: map[string]int64{"M": m.rng.Int64N(4), "N": m.rng.Int64N(40)}}
	count := int(call.Sizes["M"] * call.Sizes["N"])
	m.lanes = 1 << m.rng.IntN(5)
	if opt.GPU {
		m.lanes = 1 << m.rng.IntN(3)
	}
	for range 1 + m.rng.IntN(3) {
		e := m.elem(elems...)
		m.in = append(m.in, m.Input("in", e, m.rows.Mul(m.cols)))
		call.Buffers = append(call.Buffers, m.data(e, count))
	}
	outElem, sumElem := m.elem(elems...), m.elem(host.I32, host.I64, host.F32, host.F64)
	m.out, m.sums = m.Output("out", outElem, m.rows.Mul(m.cols)), m.Output("sums", sumElem, m.rows)
	call.Buffers = append(call.Buffers, make([]byte, count*outElem.Bytes()), make([]byte, int(call.Sizes["M"])*sumElem.Bytes()))
	m.fold = []kernel.Op{kernel.Add, kernel.Min, kernel.Max}[m.rng.IntN(3)]
	switch {
	case opt.GPU && seed%2 == 1:
		m.For(kernel.Grid, "i", m.rows, 1, m.group)
	case opt.GPU:
		m.For(kernel.Grid, "i", m.rows, 1, m.row)
	default:
		m.For(kernel.Parallel, "i", m.rows, 1, m.row)
	}
	k, err := m.Build()
	return k, call, err
}

// row computes a row with one thread.
func (m *maker) row(i ir.Dim) {
	acc := m.Loop(kernel.Serial, "k", m.cols, int64(m.lanes), m.start(), func(k ir.Dim, acc []*kernel.Value) []*kernel.Value {
		return m.round(i, k, acc[0])
	})
	m.Store(m.sums, i, m.reduce(acc[0]))
}

// group computes a row with the threads of a group: each has every nth vector, and one of them folds what all have found.
func (m *maker) group(i ir.Dim) {
	threads := int64(32 << m.rng.IntN(2))
	e := m.sums.Elem
	shared := m.Buffer("shared", e, ir.Const(threads), kernel.Shared, 0)
	m.For(kernel.Thread, "t", ir.Const(threads), 1, func(t ir.Dim) {
		rounds := m.cols.Add(ir.Const(threads*int64(m.lanes) - 1)).FloorDiv(ir.Const(threads * int64(m.lanes)))
		acc := m.Loop(kernel.Serial, "j", rounds, 1, m.start(), func(j ir.Dim, acc []*kernel.Value) []*kernel.Value {
			return m.round(i, j.Mul(ir.Const(threads)).Add(t).Mul(ir.Const(int64(m.lanes))), acc[0])
		})
		own := m.reduce(acc[0])
		if e.Bits() < 64 && m.rng.IntN(2) == 0 {
			own = m.Op(m.over(map[kernel.Op]kernel.Op{kernel.Add: kernel.GroupSum, kernel.Min: kernel.GroupMin, kernel.Max: kernel.GroupMax}, e), own)
		}
		m.Store(shared, t, own)
		m.Barrier()
		m.If(ir.Cond{Left: t, Rel: ir.RelEQ, Right: ir.Const(0)}, func() {
			all := m.Loop(kernel.Serial, "s", ir.Const(threads), 1, []*kernel.Value{m.Load(shared, ir.Const(0), 1)}, func(s ir.Dim, acc []*kernel.Value) []*kernel.Value {
				return []*kernel.Value{m.Op(m.fold, acc[0], m.Load(shared, s, 1))}
			})
			m.Store(m.sums, i, all[0])
		})
	})
}

func (m *maker) start() []*kernel.Value {
	return []*kernel.Value{m.Number(kernel.Type{Elem: m.sums.Elem, Lanes: m.lanes}, 0)}
}

// round computes the vector at column k of row i and folds something of it into the accumulator.
func (m *maker) round(i, k ir.Dim, acc *kernel.Value) []*kernel.Value {
	at, mask := i.Mul(m.cols).Add(k), m.Tail(m.lanes, k, m.cols)
	m.pool = []*kernel.Value{m.Lanes(kernel.Type{Elem: host.I32, Lanes: m.lanes}), m.Splat(m.Index(m.elem(host.I64, host.I32), k), m.lanes)}
	for _, b := range m.in {
		own := mask
		if m.rng.IntN(3) == 0 { // all lanes or none of them
			own = m.Op(kernel.And, mask, m.Splat(m.Within(1, k, ir.Const(1), ir.Const(m.rng.Int64N(9)), m.cols.Sub(ir.Const(m.rng.Int64N(9)))), m.lanes))
		}
		m.pool = append(m.pool, m.LoadLanes(b, at, ir.Const(1), m.lanes, own))
	}
	if m.rng.IntN(2) == 0 { // of numbers below 0
		m.pool = append(m.pool, m.Splat(m.Index(host.I32, k.Sub(m.cols).Mul(m.rows).FloorDiv(m.divisor())), m.lanes))
	}
	if m.rng.IntN(2) == 0 {
		m.pool = append(m.pool, m.Splat(m.found(at), m.lanes))
	}
	for range 2 + m.rng.IntN(12) {
		m.pool = append(m.pool, m.step())
	}
	m.StoreLanes(m.out, at, ir.Const(1), m.Cast(m.pool[len(m.pool)-1], m.out.Elem), mask)
	v := m.Cast(m.pick(), m.sums.Elem)
	return []*kernel.Value{m.Select(mask, m.Op(m.fold, acc, v), acc)}
}

// divisor is a number or a sum of sizes, at least 1.
func (m *maker) divisor() ir.Dim {
	if n := m.rng.Int64N(7); n > 0 {
		return ir.Const(n)
	}
	return m.rows.Add(ir.Const(1))
}

// found is the greatest of some elements at or before a place, each of which has its number bound to a name in a round of its own.
func (m *maker) found(at ir.Dim) *kernel.Value {
	b := m.in[m.rng.IntN(len(m.in))]
	one, zero := ir.Const(1), ir.Const(0)
	kind := []kernel.LoopKind{kernel.Unroll, kernel.Unroll, kernel.Serial}[m.rng.IntN(3)]
	apart, by := ir.Const(m.rng.Int64N(9)-2), m.divisor()
	start := []*kernel.Value{m.Float(kernel.Type{Elem: host.F32, Lanes: 1}, -1)}
	return m.Loop(kind, "u", ir.Const(1+m.rng.Int64N(4)), 1+m.rng.Int64N(2), start, func(u ir.Dim, acc []*kernel.Value) []*kernel.Value {
		place := m.Bind(m.Index(host.I32, at.Sub(u.Mul(apart))), "place", zero, at, nil)
		for _, index := range []ir.Dim{place, place.FloorDiv(by)} {
			v := m.Cast(m.LoadLanes(b, index, one, 1, m.Within(1, index, one, zero, m.rows.Mul(m.cols).Sub(one))), host.F32)
			acc = []*kernel.Value{m.Op(kernel.Max, acc[0], v)}
		}
		return acc
	})[0]
}

// reduce sums integers only: the order in which floats are added is the target's.
func (m *maker) reduce(v *kernel.Value) *kernel.Value {
	return m.Op(m.over(map[kernel.Op]kernel.Op{kernel.Add: kernel.Sum, kernel.Min: kernel.LanesMin, kernel.Max: kernel.LanesMax}, v.Type.Elem), v)
}

// over chooses what folds lanes or threads.
func (m *maker) over(by map[kernel.Op]kernel.Op, e host.Elem) kernel.Op {
	if e.IsFloat() && m.fold == kernel.Add {
		return by[kernel.Max]
	}
	return by[m.fold]
}

// elem chooses a type that the target has vectors of.
func (m *maker) elem(of ...host.Elem) host.Elem {
	for {
		e := of[m.rng.IntN(len(of))]
		if !m.opt.GPU || e != host.F64 && e.Bits()*m.lanes <= 128 {
			return e
		}
	}
}

func (m *maker) pick() *kernel.Value { return m.pool[m.rng.IntN(len(m.pool))] }

// as casts to a type that arithmetic has.
func (m *maker) as(v *kernel.Value, e host.Elem) *kernel.Value { return m.Cast(v, e) }

func (m *maker) step() *kernel.Value {
	v := m.pick()
	e := m.elem(host.I8, host.I16, host.I32, host.I64, host.U8, host.U32, host.U64, host.F32, host.F32, host.F64)
	a := m.as(v, e)
	switch m.rng.IntN(6) {
	case 0:
		b := m.as(m.pick(), e)
		cond := m.Op([]kernel.Op{kernel.Equal, kernel.Less, kernel.LessEqual}[m.rng.IntN(3)], a, b)
		return m.Select(cond, b, a)
	case 1:
		if e.IsInt() {
			op := []kernel.Op{kernel.ShiftLeft, kernel.ShiftRight}[m.rng.IntN(2)]
			return m.Op(op, a, m.Int(a.Type, int64(m.rng.IntN(e.Bits()))))
		}
	case 2:
		return m.Op(kernel.Add, a, m.Number(a.Type, float64(m.rng.IntN(9)-4)))
	}
	table := choices.ints
	if e.IsFloat() {
		table = choices.floats
		if m.opt.Math && m.rng.IntN(3) == 0 {
			table = choices.math
		}
	}
	for {
		n := 1 + m.rng.IntN(3)
		if len(table[n]) == 0 {
			continue
		}
		args := []*kernel.Value{a}
		for len(args) < n {
			args = append(args, m.as(m.pick(), e))
		}
		return m.Op(table[n][m.rng.IntN(len(table[n]))], args...)
	}
}

// data are elements of moderate size, with a few extreme ones.
func (m *maker) data(e host.Elem, n int) []byte {
	t, err := host.Alloc(e, []int{n})
	if err != nil {
		return nil
	}
	for i := range n {
		x := m.rng.NormFloat64() * 3
		switch {
		case e == host.Bool:
			x = float64(m.rng.IntN(2))
		case e.IsFloat() && m.rng.IntN(20) == 0:
			x = []float64{0, math.Inf(1), math.Inf(-1), math.NaN(), 1e30, -1e-30}[m.rng.IntN(6)]
		}
		host.SetFloat(t, i, x)
		if e.IsInt() && m.rng.IntN(8) == 0 { // any bits
			var raw [8]byte
			binary.LittleEndian.PutUint64(raw[:], m.rng.Uint64())
			copy(t.Data[i*e.Bytes():][:e.Bytes()], raw[:])
		}
	}
	return t.Data[:n*e.Bytes()]
}
