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
			var packs []nativetest.Job
			for _, c := range list {
				packs = append(packs, c.plan(t, r.Machine)...)
			}
			packed := r.Run(t, packs)
			for _, c := range list {
				c.take(t, packed[:len(c.made.Packs)])
				packed = packed[len(c.made.Packs):]
			}
			for stage := 0; ; stage++ { // kernels of a plan run one after the other
				var jobs []nativetest.Job
				var of []*guardedCall
				for _, c := range list {
					if stage < len(c.made.Kernels) {
						jobs, of = append(jobs, c.job(stage)), append(of, c)
					}
				}
				if len(jobs) == 0 {
					break
				}
				for i, got := range r.Run(t, jobs) {
					if err := of[i].after(stage, got); err != nil {
						t.Errorf("%s %v: %v", of[i].op.Name(), of[i].want.Shape, err)
					}
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

	packed, temps [][]byte
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

// take keeps what the packs have filled, and makes room for what kernels hand on.
func (c *guardedCall) take(t *testing.T, packed []nativetest.Result) {
	t.Helper()
	c.packed, c.temps = nil, nil
	for _, p := range packed {
		if p.Refused != nil {
			t.Fatal(p.Refused)
		}
		c.packed = append(c.packed, p.Buffers[len(p.Buffers)-1])
	}
	for _, x := range c.made.Temps {
		n, ok := x.Bytes.IsConst()
		if !ok {
			t.Fatalf("a temporary of a constant size has %s bytes", x.Bytes)
		}
		c.temps = append(c.temps, bytes.Repeat([]byte{0xa5}, int(n)))
	}
}

// job is kernel k of the operation.
func (c *guardedCall) job(k int) nativetest.Job {
	call := kernel.Call{Sizes: map[string]int64{}}
	for _, a := range c.made.Args[k] {
		buf := make([]byte, 4)
		switch a.Kind {
		case Operand:
			buf = c.bytes[a.Index]
		case Result:
			buf = bytes.Repeat([]byte{0xa5}, len(c.want.Bytes()))
		case Packed:
			buf = c.packed[a.Index]
		case Temporary:
			buf = c.temps[a.Index]
		}
		call.Buffers = append(call.Buffers, buf)
	}
	return nativetest.Job{Kernel: c.made.Kernels[k], Call: call, Pieces: 2, AtEnd: true}
}

// after keeps what kernel k hands on and holds the last one's result against what is wanted.
func (c *guardedCall) after(k int, r nativetest.Result) error {
	if r.Refused != nil {
		return r.Refused
	}
	for i, a := range c.made.Args[k] {
		switch a.Kind {
		case Temporary:
			c.temps[a.Index] = r.Buffers[i]
		case Result:
			got, err := host.FromBytes(c.want.Elem, c.want.Shape, r.Buffers[i])
			if err != nil {
				return err
			}
			tolerance := map[host.Elem]float64{host.F16: 2e-3, host.BF16: 2e-2}[c.want.Elem] + 1e-5
			return host.Near(got, c.want, host.Tolerance{Abs: tolerance, Rel: tolerance})
		}
	}
	if k == len(c.made.Kernels)-1 {
		return errors.New("no kernel has a result")
	}
	return nil
}
