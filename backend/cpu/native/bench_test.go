//go:build unix

package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ebitengine/purego"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// benchKernel is y = op(x) over n elements, which stay in the cache, four vectors a round.
func benchKernel(b *testing.B, op kernel.Op, n int) *kernel.Kernel {
	b.Helper()
	k := kernel.NewBuilder(op.String())
	x, y := k.Input("x", host.F32, ir.Const(int64(n))), k.Output("y", host.F32, ir.Const(int64(n)))
	k.For(kernel.Parallel, "i", ir.Const(int64(n)), 64, func(i ir.Dim) {
		k.For(kernel.Unroll, "u", ir.Const(64), 16, func(u ir.Dim) { k.Store(y, i.Add(u), k.Op(op, k.Load(x, i.Add(u), 16))) })
	})
	made, err := k.Build()
	if err != nil {
		b.Fatal(err)
	}
	return made
}

// BenchmarkFunctions measures functions on vectors in the first-level cache; ns/elem is what to look at.
func BenchmarkFunctions(b *testing.B) {
	const n = 2048
	ops := []kernel.Op{kernel.Neg, kernel.Exp, kernel.Exp2, kernel.Log, kernel.Log2, kernel.Sin, kernel.Cos, kernel.Tanh, kernel.Erf, kernel.Sqrt, kernel.Rsqrt}
	var kernels []*kernel.Kernel
	for _, op := range ops {
		kernels = append(kernels, benchKernel(b, op, n))
	}
	x := random(rand.New(rand.NewPCG(1, 1)), n)
	in, out := guard(b, x.Data, false), guard(b, x.Data, false)
	ctx := block(b, uint64(in.Addr()), uint64(out.Addr()))
	for _, f := range compileAll(b, kernels) {
		b.Run(f.kernel.Name, func(b *testing.B) {
			for b.Loop() {
				f.call(ctx, 0, 0, n/64)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
		})
	}
}

// BenchmarkDispatch measures what it costs to run a kernel that does next to nothing: alone, and in a list of many.
func BenchmarkDispatch(b *testing.B) {
	c := testCompiler(b)
	code, err := c.compile(context.Background(), "bench", []*kernel.Kernel{benchKernel(b, kernel.Neg, 64)})
	if err != nil {
		b.Fatal(err)
	}
	f := code.functions[0]
	in, out := guard(b, make([]byte, 256), false), guard(b, make([]byte, 256), false)
	ctx := block(b, uint64(in.Addr()), uint64(out.Addr()))
	const many = 60
	var list []uint64
	for range many {
		list = append(list, uint64(f.addr), uint64(ctx), 1, 1, 0, 0, 0, 0)
	}
	if len(list) != many*emit.RunnerWords {
		b.Fatal("the list is not what the runner takes")
	}
	plan := block(b, list...)
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			f.call(ctx, 0, 0, 1)
		}
	})
	b.Run("in a list", func(b *testing.B) {
		for b.Loop() {
			purego.SyscallN(code.runner, plan, 0, many, 0)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/many, "ns/kernel")
	})
}

// BenchmarkShared measures a list of kernels that two threads share piece by piece.
func BenchmarkShared(b *testing.B) {
	const many = 60
	for _, n := range []int{64, 1 << 14} {
		s := newSteps(b, 2, many, n)
		l, _, _ := s.launch(b)
		var args [6]uintptr
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				l.begin(0, 0)
				s.pool.run(&l.job, &args)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/many, "ns/kernel")
		})
	}
}

// BenchmarkCall measures a call of a session with small native kernels: what Go adds to them.
func BenchmarkCall(b *testing.B) {
	native, _ := engines(b, backendtest.Parse(b, mixed), 1)
	s := native.NewSession()
	in := mixedInputs(rand.New(rand.NewPCG(1, 1)), 1, 64, 0)
	for b.Loop() {
		if _, err := s.Call(context.Background(), "main", in, nil); err != nil {
			b.Fatal(err)
		}
	}
}
