//go:build unix

package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// dotKernel is y = c + a*b, bytes or bf16 by neighbours.
func dotKernel(t *testing.T, op kernel.Op, lanes int) *kernel.Kernel {
	t.Helper()
	a, c, sum, times := host.U8, host.I8, host.I32, 4
	if op == kernel.DotHalf {
		a, c, sum, times = host.BF16, host.BF16, host.F32, 2
	}
	b := kernel.NewBuilder(fmt.Sprintf("%s_%d", op, lanes))
	const rounds = 6
	x, y := b.Input("x", a, ir.Const(int64(rounds*lanes*times))), b.Input("y", c, ir.Const(int64(rounds*lanes*times)))
	z, out := b.Input("z", sum, ir.Const(int64(rounds*lanes))), b.Output("out", sum, ir.Const(int64(rounds*lanes)))
	b.For(kernel.Parallel, "i", ir.Const(rounds), 1, func(i ir.Dim) {
		at, n := i.Mul(ir.Const(int64(lanes*times))), lanes*times
		acc := i.Mul(ir.Const(int64(lanes)))
		b.Store(out, acc, b.Op(op, b.Load(x, at, n), b.Load(y, at, n), b.Load(z, acc, lanes)))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestDots holds dot products of neighbours, with and without instructions for them, against the interpreter of kernels.
func TestDots(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	var checks []check
	for _, op := range []kernel.Op{kernel.DotBytes, kernel.DotHalf} {
		for _, lanes := range []int{1, 4, 8, 16, 24, 32, 48} {
			c := check{kernel: dotKernel(t, op, lanes)}
			for _, b := range c.kernel.Buffers {
				n, _ := b.Len.IsConst()
				x := host.New(b.Elem, int(n))
				for k := range x.Len() {
					v := float64(rng.IntN(256) - 128)
					if b.Elem == host.U8 {
						v += 128
					}
					host.SetFloat(x, k, v) // sums of products of such floats are exact
				}
				c.call.Buffers = append(c.call.Buffers, x.Data)
			}
			checks = append(checks, c)
		}
	}
	runners := nativetest.Runners(t)
	for _, r := range runners {
		if len(r.Machine.Extra) > 0 {
			runners = append(runners, r.Plain())
		}
	}
	holdOn(t, runners, checks)
}

// everything makes one kernel for each operation over f32 and for casts between all types.
func everything(t *testing.T, lanes int) []*kernel.Kernel {
	t.Helper()
	var list []*kernel.Kernel
	for _, c := range opCases {
		for _, e := range c.elems {
			list = append(list, opKernel(t, c.op, c.args, lanes, 64, e))
		}
	}
	list = append(list, dotKernel(t, kernel.DotBytes, lanes), dotKernel(t, kernel.DotHalf, lanes))
	for _, from := range castElems {
		for _, to := range castElems {
			list = append(list, castKernel(t, from, to, lanes, 64))
		}
	}
	return list
}

var castElems = []host.Elem{host.Bool, host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64, host.F16, host.BF16, host.F32, host.F64}

func castKernel(t *testing.T, from, to host.Elem, lanes, n int) *kernel.Kernel {
	t.Helper()
	b := kernel.NewBuilder(fmt.Sprintf("%s_to_%s_%d", from, to, lanes))
	x, y := b.Input("x", from, ir.Const(int64(n))), b.Output("y", to, ir.Const(int64(n)))
	b.For(kernel.Parallel, "i", ir.Const(int64(n)), int64(lanes), func(i ir.Dim) { b.Store(y, i, b.Cast(b.Load(x, i, lanes), to)) })
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestCasts holds casts between all types against the interpreter of kernels.
func TestCasts(t *testing.T) {
	var checks []check
	rng := rand.New(rand.NewPCG(6, 7))
	for i, from := range castElems {
		if skipped(i, 4) {
			continue
		}
		for _, to := range castElems {
			for _, lanes := range []int{1, 8, 16} {
				const n = 480
				checks = append(checks, check{kernel: castKernel(t, from, to, lanes, n), call: kernel.Call{Buffers: [][]byte{sample(from, rng, n), make([]byte, n*to.Bytes())}}})
			}
		}
	}
	holdAll(t, checks)
}

// called finds calls of functions in assembler text.
var called = regexp.MustCompile(`(?m)^\s+(?:bl|b|callq?|jmp)\s+([A-Za-z_]\w*)`)

// TestTargets compiles every operation for every target, whatever the machine: the code calls no library, and uses the
// instructions that the target is chosen for.
func TestTargets(t *testing.T) {
	tools, err := toolchain.Find()
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string][]string{
		"avx512": {"vfmadd", "zmm", "vpdpbusd", "vscalefps", "cmpxchg", "pause"},
		"avx2":   {"vfmadd", "ymm", "cmpxchg", "pause"},
		"neon":   {"fmla", "v0.4s", "ldaxr", "yield"},
	}
	for _, target := range emit.Targets() {
		t.Run(target.Name, func(t *testing.T) {
			m := &emit.Machine{Target: target}
			if target.Name == "avx512" {
				m.Extra = []string{"avx512vnni"}
			}
			module := emit.NewModule(m)
			for i, k := range everything(t, target.Lanes) {
				err := module.Add(fmt.Sprintf("k%d", i), k)
				if err != nil {
					t.Error(err)
				}
			}
			module.AddRunner()
			text, err := module.Text()
			if err != nil {
				t.Fatal(err)
			}
			asm, err := tools.Assembly(context.Background(), toolchain.Target{Triple: m.Triple, CPU: m.CPU, Features: m.All()}, text)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range wants[target.Name] {
				if !strings.Contains(asm, want) {
					t.Errorf("there is no %s in the code", want)
				}
			}
			var names []string
			for _, c := range called.FindAllStringSubmatch(asm, -1) {
				if c[1] != "reduce_angle" && !slices.Contains(names, c[1]) {
					names = append(names, c[1])
				}
			}
			if len(names) > 0 {
				t.Errorf("the code calls %v", names)
			}
		})
	}
}

// streamKernel copies n elements past the caches, some lanes at a time, the last ones by a mask.
func streamKernel(t *testing.T, e host.Elem, lanes, n int) *kernel.Kernel {
	t.Helper()
	b := kernel.NewBuilder(fmt.Sprintf("stream_%s_%d", e, lanes))
	x, y := b.Input("x", e, ir.Const(int64(n))), b.Output("y", e, ir.Const(int64(n)))
	y.Access |= kernel.Stream
	b.For(kernel.Parallel, "i", ir.Const(int64(n)), int64(lanes), func(i ir.Dim) {
		whole := ir.Cond{Left: i, Rel: ir.RelLE, Right: ir.Const(int64(n - lanes))}
		b.If(whole, func() { b.Store(y, i, b.Load(x, i, lanes)) })
		b.If(whole.Negate(), func() {
			tail := b.Tail(lanes, i, ir.Const(int64(n)))
			b.StoreLanes(y, i, ir.Const(1), b.LoadLanes(x, i, ir.Const(1), lanes, tail), tail)
		})
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestStreams holds stores past the caches at aligned and other places against the interpreter of kernels, and that every
// target has code for them.
func TestStreams(t *testing.T) {
	const n = 1003
	var checks []check
	rng := rand.New(rand.NewPCG(9, 9))
	for _, e := range []host.Elem{host.F32, host.BF16, host.F16, host.F64, host.I8, host.Bool} {
		for _, lanes := range []int{1, 4, 8, 16, 64} {
			call := kernel.Call{Buffers: [][]byte{sample(e, rng, n), make([]byte, n*e.Bytes())}}
			checks = append(checks, check{kernel: streamKernel(t, e, lanes, n), call: call})
		}
	}
	holdAll(t, checks)
	for _, target := range emit.Targets() {
		m := emit.NewModule(&emit.Machine{Target: target})
		for i, c := range checks {
			if err := m.Add(fmt.Sprintf("k%d", i), c.kernel); err != nil {
				t.Error(err)
			}
		}
		text, err := m.Text()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, "!nontemporal") || target.Fence != "" && !strings.Contains(text, target.Fence) {
			t.Errorf("%s: no store goes past the caches, or nothing waits for them", target.Name)
		}
	}
}
