//go:build unix

package native

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/kerneltest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var (
	integers = []host.Elem{host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64}
	words    = append([]host.Elem{host.Bool}, integers...)
	floats   = []host.Elem{host.F32, host.F64}
	numbers  = append(append([]host.Elem{}, integers...), floats...)
	singles  = []host.Elem{host.F32}
)

// opCases say over which types an operation is held against the interpreter of kernels. Where it is not exact, ulps has the
// largest error that its documentation allows, for f32 and f64; the interpreter rounds to f32 itself.
var opCases = []struct {
	op    kernel.Op
	args  int
	elems []host.Elem
	ulps  [2]float64
}{
	{kernel.Add, 2, numbers, [2]float64{}},
	{kernel.Sub, 2, numbers, [2]float64{}},
	{kernel.Mul, 2, numbers, [2]float64{}},
	{kernel.Div, 2, numbers, [2]float64{}},
	{kernel.Rem, 2, integers, [2]float64{}},
	{kernel.Min, 2, numbers, [2]float64{}},
	{kernel.Max, 2, numbers, [2]float64{}},
	{kernel.Neg, 1, numbers, [2]float64{}},
	{kernel.Abs, 1, numbers, [2]float64{}},
	{kernel.MulAdd, 3, floats, [2]float64{}},
	{kernel.And, 2, words, [2]float64{}},
	{kernel.Or, 2, words, [2]float64{}},
	{kernel.Xor, 2, words, [2]float64{}},
	{kernel.Not, 1, words, [2]float64{}},
	{kernel.ShiftLeft, 2, integers, [2]float64{}},
	{kernel.ShiftRight, 2, integers, [2]float64{}},
	{kernel.Equal, 2, numbers, [2]float64{}},
	{kernel.Less, 2, numbers, [2]float64{}},
	{kernel.LessEqual, 2, numbers, [2]float64{}},
	{kernel.IsNaN, 1, floats, [2]float64{}},
	{kernel.Sqrt, 1, floats, [2]float64{}},
	{kernel.Rsqrt, 1, floats, [2]float64{1.5, 1.5}},
	{kernel.Recip, 1, floats, [2]float64{}},
	{kernel.Exp, 1, floats, [2]float64{2, 2.5}},
	{kernel.Exp2, 1, floats, [2]float64{2, 2.5}},
	{kernel.Log, 1, floats, [2]float64{2, 2.5}},
	{kernel.Log2, 1, floats, [2]float64{2.5, 1000}}, // next to 1 it is Go's own that is off
	{kernel.Sin, 1, singles, [2]float64{2.5}},
	{kernel.Cos, 1, singles, [2]float64{2.5}},
	{kernel.Tanh, 1, floats, [2]float64{5.5, 3}},
	{kernel.Erf, 1, singles, [2]float64{5.5}},
	{kernel.Floor, 1, floats, [2]float64{}},
	{kernel.Ceil, 1, floats, [2]float64{}},
	{kernel.Round, 1, floats, [2]float64{}},
	{kernel.Trunc, 1, floats, [2]float64{}},
	{kernel.Sum, 1, numbers, [2]float64{}},
	{kernel.LanesMin, 1, numbers, [2]float64{}},
	{kernel.LanesMax, 1, numbers, [2]float64{}},
}

// laneCounts are those of vectors that operations are tested with; fewer with -short.
func laneCounts() []int {
	if testing.Short() {
		return []int{1, 16}
	}
	return []int{1, 3, 4, 8, 16, 32}
}

// specials are numbers at which arithmetic goes wrong.
func specials(e host.Elem) []float64 {
	if !e.IsFloat() {
		least, most := e.Range()
		return []float64{0, 1, 2, 3, 5, 7, 8, 100, least, most, least + 1, math.Floor(most / 2)}
	}
	list := []float64{0, 1, 2, 0.5, 1.5, 2.5, 0.1, 3, 10, 20, 80, 88, 88.7, 89, 100, 104, 127, 128, 149, 150, 1e3, 1e4, 99999, 1e5, 1e6, 1e10, 1e20, 1e38,
		0x1p-126, 0x1p-127, 0x1p-149, 1e-5, 1e-10, 1e-30, 0.7071067, 0.70710678, 1.0000001, 0.9999999, 1.4142135, math.Pi, math.Pi / 2, math.Pi / 4,
		0.625, 0.0004, 4, 8.5, 9, math.MaxFloat32, 2147483648, 4294967296, 9.3e18, 1.8446744e19, 8388609, 4194304.5, 255, 65535, 31, 511.5, math.Inf(1), math.NaN()}
	for _, x := range list[:len(list)-1] {
		list = append(list, -x)
	}
	if e == host.F64 {
		// Not 709.7, denormals and what is next to 1: there Go's own Exp, Log and Log2 are far off.
		list = slices.DeleteFunc(list, func(x float64) bool { return x != 1 && math.Abs(x-1) < 1e-3 })
		list = append(list, 700, 709, -745, -746, 1023, -1074, math.MaxFloat64, 1e300)
	}
	return list
}

// sample is a column of arguments: special values in all sorts of order, then random ones.
func sample(e host.Elem, rng *rand.Rand, n int) []byte {
	list := specials(e)
	t := host.New(e, n)
	for i := range n {
		switch {
		case e == host.Bool:
			host.SetFloat(t, i, float64(rng.IntN(2)))
		case i%3 != 2 || i < len(list):
			host.SetFloat(t, i, list[rng.IntN(len(list))])
			if i < len(list) {
				host.SetFloat(t, i, list[i])
			}
		case e.IsFloat():
			host.SetFloat(t, i, rng.NormFloat64()*math.Exp(rng.NormFloat64()*4))
		default:
			var raw [8]byte
			binary.LittleEndian.PutUint64(raw[:], rng.Uint64())
			copy(t.Data[i*e.Bytes():][:e.Bytes()], raw[:])
		}
	}
	return t.Data
}

// tidy changes arguments that the operation is not defined for.
func tidy(op kernel.Op, e host.Elem, cols [][]byte) {
	if e.IsFloat() || op != kernel.Div && op != kernel.Rem && op != kernel.ShiftLeft && op != kernel.ShiftRight {
		return
	}
	n := len(cols[1]) / e.Bytes()
	t, _ := host.FromBytes(e, []int{n}, cols[1])
	for i := range n {
		switch v := host.IntAt(t, i); {
		case op == kernel.ShiftLeft || op == kernel.ShiftRight:
			host.SetInt(t, i, int64(uint64(v)%uint64(e.Bits())))
		case v == 0 || v == -1:
			host.SetInt(t, i, 3)
		}
	}
}

// opKernel applies an operation to columns of n elements, some lanes at a time.
func opKernel(t *testing.T, op kernel.Op, args, lanes, n int, e host.Elem) *kernel.Kernel {
	t.Helper()
	b := kernel.NewBuilder(fmt.Sprintf("%s_%s_%d", op, e, lanes))
	var in []*kernel.Buffer
	for range args {
		in = append(in, b.Input("x", e, ir.Const(int64(n))))
	}
	type one struct {
		elem  host.Elem
		lanes int
	}
	result := one{e, lanes}
	switch op {
	case kernel.Equal, kernel.Less, kernel.LessEqual, kernel.IsNaN:
		result.elem = host.Bool
	case kernel.Sum, kernel.LanesMin, kernel.LanesMax:
		result.lanes = 1
	}
	rounds := n / lanes
	out := b.Output("y", result.elem, ir.Const(int64(rounds*result.lanes)))
	b.For(kernel.Parallel, "i", ir.Const(int64(rounds)), 1, func(i ir.Dim) {
		var vs []*kernel.Value
		for _, x := range in {
			vs = append(vs, b.Load(x, i.Mul(ir.Const(int64(lanes))), lanes))
		}
		b.Store(out, i.Mul(ir.Const(int64(result.lanes))), b.Op(op, vs...))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestOps holds the code of every operation against the interpreter of kernels.
func TestOps(t *testing.T) {
	const n = 960
	var checks []check
	rng := rand.New(rand.NewPCG(3, 4))
	for i, c := range opCases {
		if skipped(i, 6) {
			continue
		}
		for _, e := range c.elems {
			for _, lanes := range laneCounts() {
				k := opKernel(t, c.op, c.args, lanes, n, e)
				var cols [][]byte
				for range c.args {
					cols = append(cols, sample(e, rng, n))
				}
				tidy(c.op, e, cols)
				last := k.Buffers[len(k.Buffers)-1]
				size, _ := last.Len.IsConst()
				ulps := c.ulps[0]
				if e == host.F64 {
					ulps = c.ulps[1]
				}
				checks = append(checks, check{k, kernel.Call{Buffers: append(cols, make([]byte, int(size)*last.Elem.Bytes()))}, ulps})
			}
		}
	}
	holdAll(t, checks)
}

// TestRandomKernels holds random kernels against the interpreter of kernels.
func TestRandomKernels(t *testing.T) {
	count := uint64(200)
	if testing.Short() {
		count = 40
	}
	t.Run("exact", func(t *testing.T) {
		var checks []check
		for seed := range count {
			k, call, err := kerneltest.Random(seed, kerneltest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			checks = append(checks, check{k, call, 0})
		}
		holdAll(t, checks)
	})
	// Errors of functions grow along the way: that the code runs within its memory is what is tested.
	t.Run("math", func(t *testing.T) {
		var jobs []nativetest.Job
		for seed := range count {
			k, call, err := kerneltest.Random(seed, kerneltest.Options{Math: true})
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, nativetest.Job{Kernel: k, Call: call, Pieces: 2, AtEnd: true})
		}
		for _, r := range nativetest.Runners(t) {
			for _, got := range r.Run(t, jobs) {
				if got.Refused != nil && !strings.Contains(got.Refused.Error(), "of f64") {
					t.Errorf("%s: %v", r.Machine.Name, got.Refused)
				}
			}
		}
	})
}
