//go:build unix

package native

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/kernel"
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
	for i, a := range attentions {
		queries, keys := min(a.queries, 40), min(a.keys, 70)
		add(parse(t, attentionText(i, queries, keys)), attentionInputs(i, queries, keys))
	}
	for _, r := range nativetest.Runners(t) {
		t.Run(r.Machine.Name, func(t *testing.T) {
			var packs, mains []nativetest.Job
			for _, c := range list {
				packs = append(packs, c.plan(t, r.Machine)...)
			}
			packed := r.Run(t, packs)
			for _, c := range list {
				mains = append(mains, c.main(t, packed[:len(c.made.Packs)]))
				packed = packed[len(c.made.Packs):]
			}
			for i, got := range r.Run(t, mains) {
				if err := list[i].compare(got); err != nil {
					t.Errorf("%s %v: %v", list[i].op.Name(), list[i].want.Shape, err)
				}
			}
		})
	}
}

// guardedCall is a call of a module of one operation.
type guardedCall struct {
	m     *ir.Module
	in    []*host.Tensor
	want  *host.Tensor
	op    *ir.Op
	made  *Plan
	bytes [][]byte // of the operands
}

// plan makes the kernels for a machine and gives the jobs that pack.
func (c *guardedCall) plan(t *testing.T, m *emit.Machine) (jobs []nativetest.Job) {
	t.Helper()
	f := c.m.Funcs[0]
	c.op, c.bytes = f.Ops[len(f.Ops)-2], nil
	made, err := Scheduled(c.op, m)
	if err != nil {
		t.Fatal(err)
	}
	c.made = made
	known := newConstants(c.m)
	for _, v := range c.op.Operands {
		if v.Def == nil {
			c.bytes = append(c.bytes, c.in[slices.IndexFunc(f.Params, func(p *ir.Param) bool { return p.Value == v })].Bytes())
			continue
		}
		x, err := known.get(v.Def)
		if err != nil {
			t.Fatal(err)
		}
		c.bytes = append(c.bytes, x.Bytes())
	}
	for i, p := range made.Packs {
		call := kernel.Call{}
		for _, at := range p.Operands {
			call.Buffers = append(call.Buffers, c.bytes[at])
		}
		call.Buffers = append(call.Buffers, make([]byte, p.Bytes))
		jobs = append(jobs, nativetest.Job{Kernel: p.Kernel, Call: call, Pieces: 1 + i%2, AtEnd: true})
	}
	return jobs
}

// main is the job of the operation itself.
func (c *guardedCall) main(t *testing.T, packed []nativetest.Result) nativetest.Job {
	t.Helper()
	call := kernel.Call{Sizes: map[string]int64{}}
	for _, a := range c.made.Args[0] {
		switch a.Kind {
		case Operand:
			call.Buffers = append(call.Buffers, c.bytes[a.Index])
		case Result:
			call.Buffers = append(call.Buffers, bytes.Repeat([]byte{0xa5}, len(c.want.Bytes())))
		case Packed:
			if p := packed[a.Index]; p.Refused != nil {
				t.Fatal(p.Refused)
			}
			all := packed[a.Index].Buffers
			call.Buffers = append(call.Buffers, all[len(all)-1])
		case Status:
			call.Buffers = append(call.Buffers, make([]byte, 4))
		}
	}
	return nativetest.Job{Kernel: c.made.Kernels[0], Call: call, Pieces: 2, AtEnd: true}
}

func (c *guardedCall) compare(r nativetest.Result) error {
	if r.Refused != nil {
		return r.Refused
	}
	for i, a := range c.made.Args[0] {
		if a.Kind != Result {
			continue
		}
		got, err := host.FromBytes(c.want.Elem, c.want.Shape, r.Buffers[i])
		if err != nil {
			return err
		}
		tolerance := map[host.Elem]float64{host.F16: 2e-3, host.BF16: 2e-2}[c.want.Elem] + 1e-5
		return host.Near(got, c.want, host.Tolerance{Abs: tolerance, Rel: tolerance})
	}
	return errors.New("the kernel has no result")
}
