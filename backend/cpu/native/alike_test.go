package native

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestAlike holds that a planner is asked once for operations that differ in names and operands only.
func TestAlike(t *testing.T) {
	m := backendtest.Parse(t, `air 1
module @m {
  func @main(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (%r: tensor<4x8xf32>) {
    %a = tensor.add(%x, %y) : tensor<4x8xf32>
    %b = tensor.add(%a, %x) : tensor<4x8xf32>
    %twice = tensor.add(%b, %b) : tensor<4x8xf32>
    %s = tensor.sub(%twice, %x) : tensor<4x8xf32>
    %one = core.constant() {value = 1.0} : tensor<4x8xf32>
    %c = tensor.add(%s, %one) : tensor<4x8xf32>
    %r = tensor.add(%c, %x) : tensor<4x8xf32>
    core.return(%r)
  }
}
`)
	ops := candidates(m)
	var asked atomic.Int32
	each := func(n int, fn func(int)) { host.InParallel(2, n, fn) }
	last := 0
	all := calls.KindsOf(ops)
	_, err := all.Plan(context.Background(), func(*ir.Op) (*calls.Plan, error) {
		asked.Add(1)
		return &calls.Plan{}, nil
	}, each, func(done int) { last = done })
	if err != nil {
		t.Fatal(err)
	}
	// a, b and r are alike; twice takes one value twice, s subtracts, and c takes a constant.
	if len(ops) != 6 || asked.Load() != 4 || last != 6 {
		t.Errorf("for %d operations the planner was asked %d times, and %d were done, expected 6, 4 and 6", len(ops), asked.Load(), last)
	}
	for i, same := range []bool{true, true, false, false, false, true} {
		if got := all.Of[i] == all.Of[0]; got != same {
			t.Errorf("operation %d shares the plan of the first: %v, expected %v", i, got, same)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := all.Plan(ctx, func(*ir.Op) (*calls.Plan, error) { return nil, nil }, each, func(int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v, expected %v", err, context.Canceled)
	}
}
