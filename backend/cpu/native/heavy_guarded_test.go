//go:build unix

package native

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestHeavyGuarded runs the code of heavy operations, and of what packs their constants, for every target in memory whose neighbours
// may not be touched.
func TestHeavyGuarded(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 9))
	var list []*guardedCall
	add := func(m *ir.Module, in []*host.Tensor) {
		reference, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		want, err := reference.NewSession().Call(context.Background(), "main", in, nil)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, &guardedCall{m: m, in: in, want: want[0]})
	}
	for _, h := range append(heavyTests[:len(heavyTests):len(heavyTests)], int4(1, 256, 100), int4(3, 64, 33), int4(30, 128, 70)) {
		m := h.module(t, rng)
		add(m, inputsOf(t, m, rng))
	}
	if testing.Short() { // the race detector sees the same accesses in all
		list = list[:4]
	}
	for i, a := range attentions {
		if skipped(i, 4) {
			continue
		}
		queries, keys := min(a.queries, 40), min(a.keys, 70)
		add(backendtest.Parse(t, attentionText(i, queries, keys)), attentionInputs(i, queries, keys))
	}
	for _, r := range nativetest.Runners(t) {
		t.Run(r.Machine.Name, func(t *testing.T) {
			var packs []nativetest.Job
			for _, c := range list {
				packs = append(packs, c.plan(t, r.Machine)...)
			}
			packed := r.Run(t, packs)
			for _, c := range list {
				for i := range c.made.Packs {
					c.packed = append(c.packed, last(t, packed[i]))
				}
				packed = packed[len(c.made.Packs):]
			}
			runKernels(t, r, list)
			for _, c := range list {
				if err := c.compare(); err != nil {
					t.Errorf("%s %v: %v", c.op.Name(), c.want.Shape, err)
				}
			}
		})
	}
}

// runKernels runs the first kernels of all calls, then the second ones, and so on.
func runKernels(t *testing.T, r nativetest.Runner, list []*guardedCall) {
	t.Helper()
	for k := 0; ; k++ {
		var jobs []nativetest.Job
		var of []*guardedCall
		for _, c := range list {
			if k < len(c.made.Kernels) {
				jobs, of = append(jobs, c.job(k)), append(of, c)
			}
		}
		if len(jobs) == 0 {
			return
		}
		for i, got := range r.Run(t, jobs) {
			if got.Refused != nil {
				t.Fatal(got.Refused)
			}
			for at, a := range of[i].made.Args[k] {
				copy(of[i].memory(a), got.Buffers[at])
			}
		}
	}
}

// last is the buffer that a packing kernel fills.
func last(t *testing.T, r nativetest.Result) []byte {
	t.Helper()
	if r.Refused != nil {
		t.Fatal(r.Refused)
	}
	return r.Buffers[len(r.Buffers)-1]
}

// guardedCall is a call of a module of one operation.
type guardedCall struct {
	m    *ir.Module
	in   []*host.Tensor
	want *host.Tensor
	op   *ir.Op
	made *calls.Plan

	operands, temps, packed [][]byte
	result, status          []byte
}

// memory is what an argument stands for.
func (c *guardedCall) memory(a calls.Arg) []byte {
	switch a.Kind {
	case kernel.Operand:
		return c.operands[a.Index]
	case kernel.Temporary:
		return c.temps[a.Index]
	case kernel.Packed:
		return c.packed[a.Index]
	case kernel.Status:
		return c.status
	}
	return c.result
}

// job is the call of one of the plan's kernels.
func (c *guardedCall) job(k int) nativetest.Job {
	j := nativetest.Job{Kernel: c.made.Kernels[k], Call: kernel.Call{Sizes: map[string]int64{}}, Pieces: 2, AtEnd: true}
	for _, a := range c.made.Args[k] {
		j.Call.Buffers = append(j.Call.Buffers, c.memory(a))
	}
	return j
}

// plan makes the kernels for a machine and gives the jobs that pack.
func (c *guardedCall) plan(t *testing.T, m *emit.Machine) (jobs []nativetest.Job) {
	t.Helper()
	f := c.m.Funcs[0]
	c.op, c.operands, c.temps, c.packed = f.Ops[len(f.Ops)-2], nil, nil, nil
	c.result, c.status = bytes.Repeat([]byte{0xa5}, len(c.want.Bytes())), make([]byte, 4)
	made, err := calls.Of(c.op, TargetOf(m))
	if err != nil {
		t.Fatal(err)
	}
	c.made = made
	for _, temp := range made.Temps {
		n, ok := temp.Bytes().IsConst()
		if !ok {
			t.Fatalf("a temporary takes %s bytes", temp.Bytes())
		}
		c.temps = append(c.temps, make([]byte, n))
	}
	known := newConstants(c.m)
	for _, v := range c.op.Operands {
		if v.Def == nil {
			c.operands = append(c.operands, c.in[slices.IndexFunc(f.Params, func(p *ir.Param) bool { return p.Value == v })].Bytes())
			continue
		}
		x, err := known.get(v.Def)
		if err != nil {
			t.Fatal(err)
		}
		c.operands = append(c.operands, x.Bytes())
	}
	for i, p := range made.Packs {
		call := kernel.Call{}
		for _, at := range p.Operands {
			call.Buffers = append(call.Buffers, c.operands[at])
		}
		call.Buffers = append(call.Buffers, make([]byte, p.Bytes))
		jobs = append(jobs, nativetest.Job{Kernel: p.Kernel, Call: call, Pieces: 1 + i%2, AtEnd: true})
	}
	return jobs
}

func (c *guardedCall) compare() error {
	got, err := host.FromBytes(c.want.Elem, c.want.Shape, c.result)
	if err != nil {
		return err
	}
	tolerance := map[host.Elem]float64{host.F16: 2e-3, host.BF16: 2e-2}[c.want.Elem] + 1e-5
	return host.Near(got, c.want, host.Tolerance{Abs: tolerance, Rel: tolerance})
}
