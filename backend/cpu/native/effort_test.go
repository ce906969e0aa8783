//go:build unix

package native

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

const openConv = `air 1
module @open {
  func @main(%x: tensor<[B]x3x[H]x[W]xf32>, %w: tensor<8x3x3x3xf32>) -> (%y: tensor<[B]x8x[(H+1)//2]x[(W+1)//2]xf32>) {
    dim B in 1..
    dim H in 16..4096
    dim W in 16..4096
    %y = nn.conv(%x, %w) {stride = [2, 2], low = [1, 1], high = [1, 1]} : tensor<[B]x8x[(H+1)//2]x[(W+1)//2]xf32>
    core.return(%y)
  }
}
`

// TestSpentEffort runs an operation whose proofs are given up: it is interpreted, with that reason.
func TestSpentEffort(t *testing.T) {
	m := backendtest.Parse(t, openConv)
	giveUp := &Planner{"gives up", func(op *ir.Op, to schedule.Target) (*calls.Plan, error) {
		to.Stop = func() bool { return true }
		return calls.Of(op, to)
	}}
	c := testCompiler(t)
	c.plan = giveUp
	p, err := newProgram(t.Context(), c, m, 2)
	if err != nil {
		t.Fatal(err)
	}
	if why := p.reasons[m.Funcs[0].Ops[0]]; why == nil || !strings.Contains(why.Error(), "proving bounds takes too long") {
		t.Errorf("the reason is %v, expected that proofs take too long", why)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	reference, err := interp.Backend{}.Compile(t.Context(), m, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	in := []*host.Tensor{random(rng, 2, 3, 17, 30), random(rng, 8, 3, 3, 3)}
	for _, plan := range []*Planner{giveUp, nil} {
		cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
		p, err := Backend{Plan: plan, Cache: cache}.Compile(t.Context(), m, backend.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(p.NewSession(), reference.NewSession(), in); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCancelledPlanning ends a compilation while bounds are proven.
func TestCancelledPlanning(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var planned error
	plan := func(op *ir.Op, to schedule.Target) (*calls.Plan, error) {
		cancel()
		var made *calls.Plan
		made, planned = calls.Of(op, to)
		return made, planned
	}
	b := Backend{Plan: &Planner{"cancels", plan}, Cache: toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))}
	p, err := b.Compile(ctx, backendtest.Parse(t, openConv), backend.Options{Threads: 1})
	if p != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("found the program %v and the error %v, expected that of the context", p, err)
	}
	if planned == nil {
		t.Error("planning went on to its end")
	}
}
