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
}

// Random makes a kernel that Verify accepts and a call for it, both from the seed alone: parallel rows, a loop over vectors
// with a masked tail, random arithmetic between types, and a reduction with accumulators.
func Random(seed uint64, opt Options) (*kernel.Kernel, kernel.Call, error) {
	m := &maker{Builder: kernel.NewBuilder("random"), rng: rand.New(rand.NewPCG(seed, 7)), opt: opt}
	rows := m.Size(&ir.DimDecl{Name: "M", Min: 0, Max: ir.Unbounded})
	cols := m.Size(&ir.DimDecl{Name: "N", Min: 0, Max: ir.Unbounded})
	call := kernel.Call{Sizes: map[string]int64{"M": m.rng.Int64N(4), "N": m.rng.Int64N(40)}}
	count := int(call.Sizes["M"] * call.Sizes["N"])
	var in []*kernel.Buffer
	for range 1 + m.rng.IntN(3) {
		e := m.elem()
		in = append(in, m.Input("in", e, rows.Mul(cols)))
		call.Buffers = append(call.Buffers, m.data(e, count))
	}
	outElem, sumElem := m.elem(), []host.Elem{host.I32, host.I64, host.F32, host.F64}[m.rng.IntN(4)]
	out, sums := m.Output("out", outElem, rows.Mul(cols)), m.Output("sums", sumElem, rows)
	call.Buffers = append(call.Buffers, make([]byte, count*outElem.Bytes()), make([]byte, int(call.Sizes["M"])*sumElem.Bytes()))
	lanes := 1 << m.rng.IntN(5)
	fold := []kernel.Op{kernel.Add, kernel.Min, kernel.Max}[m.rng.IntN(3)]
	m.For(kernel.Parallel, "i", rows, 1, func(i ir.Dim) {
		start := []*kernel.Value{m.Number(kernel.Type{Elem: sumElem, Lanes: lanes}, 0)}
		acc := m.Loop(kernel.Serial, "k", cols, int64(lanes), start, func(k ir.Dim, acc []*kernel.Value) []*kernel.Value {
			at, mask := i.Mul(cols).Add(k), m.Tail(lanes, k, cols)
			m.pool = []*kernel.Value{m.Lanes(kernel.Type{Elem: host.I32, Lanes: lanes}), m.Splat(m.Index(host.I64, k), lanes)}
			for _, b := range in {
				m.pool = append(m.pool, m.LoadLanes(b, at, ir.Const(1), lanes, mask))
			}
			for range 2 + m.rng.IntN(12) {
				m.pool = append(m.pool, m.step())
			}
			m.StoreLanes(out, at, ir.Const(1), m.Cast(m.pool[len(m.pool)-1], outElem), mask)
			v := m.Cast(m.pick(), sumElem)
			return []*kernel.Value{m.Select(mask, m.Op(fold, acc[0], v), acc[0])}
		})
		m.Store(sums, i, m.reduce(acc[0], fold))
	})
	k, err := m.Build()
	return k, call, err
}

// reduce sums integers only: the order in which floats are added is the target's.
func (m *maker) reduce(v *kernel.Value, fold kernel.Op) *kernel.Value {
	lanes := map[kernel.Op]kernel.Op{kernel.Add: kernel.Sum, kernel.Min: kernel.LanesMin, kernel.Max: kernel.LanesMax}[fold]
	if v.Type.Elem.IsFloat() && lanes == kernel.Sum {
		lanes = kernel.LanesMax
	}
	return m.Op(lanes, v)
}

func (m *maker) elem() host.Elem { return elems[m.rng.IntN(len(elems))] }

func (m *maker) pick() *kernel.Value { return m.pool[m.rng.IntN(len(m.pool))] }

// as casts to a type that arithmetic has.
func (m *maker) as(v *kernel.Value, e host.Elem) *kernel.Value { return m.Cast(v, e) }

func (m *maker) step() *kernel.Value {
	v := m.pick()
	e := []host.Elem{host.I8, host.I16, host.I32, host.I64, host.U8, host.U32, host.U64, host.F32, host.F32, host.F64}[m.rng.IntN(10)]
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
