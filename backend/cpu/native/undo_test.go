//go:build unix

package native

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// late writes rows of a state twice and more, in one segment, and looks up rows of a table, in a later one: that fails for a row
// that there is not.
const late = `air 1
module @late {
  state @k : tensor<64x8xf32> = zero
  func @main(%u: tensor<3x8xf32>, %at: tensor<3xi64>, %w: tensor<10x8xf32>, %i: tensor<2xi64>, state @k %k: tensor<64x8xf32>) -> (%y: tensor<2x8xf32>, %v: tensor<3x8xf32>, update @k: tensor<64x8xf32>) {
    %t = tensor.tanh(%u) : tensor<3x8xf32>
    %k1 = state.slice_update(%k, %t) {axis = 0, start = 2} : tensor<64x8xf32>
    %k2 = state.index_update(%k1, %u, %at) {axis = 0} : tensor<64x8xf32>
    %v, %j = tensor.sort(%u) {axis = 1} : tensor<3x8xf32>, tensor<3x8xi64>
    %e = nn.embedding(%w, %i) : tensor<2x8xf32>
    %y = tensor.exp(%e) : tensor<2x8xf32>
    core.return(%y, %v, %k2)
  }
}
`

// TestUndoneInALaterSegment has calls fail after a segment that has written over the same rows more than once: the state is what
// it was before.
func TestUndoneInALaterSegment(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, late), 2)
	a, b := native.NewSession(), reference.NewSession()
	rng := rand.New(rand.NewPCG(6, 1))
	set := random(rng, 64, 8)
	for _, s := range []backend.Session{a, b} {
		if err := s.SetState("k", set); err != nil {
			t.Fatal(err)
		}
	}
	at, row := host.New(host.I64, 3), host.New(host.I64, 2)
	for _, places := range [][3]int64{{3, 3, 3}, {40, 7, 40}, {2, 4, 2}, {-1, 63, 5}} {
		for i, p := range places {
			host.SetInt(at, i, p)
		}
		in := []*host.Tensor{random(rng, 3, 8), at, random(rng, 10, 8), row}
		host.SetInt(row, 1, 10)
		if _, err := a.Call(t.Context(), "main", in, nil); err == nil {
			t.Error("there is no error for row 10 of 10")
		}
		sameState(t, a, b)
		host.SetInt(row, 1, 9)
		if err := agree(a, b, in); err != nil {
			t.Error(err)
		}
		sameState(t, a, b)
	}
}

// same gives its operand's memory as its result, which no trait of it tells.
var same = ir.NewDialect("same", "an operation that gives what it is given", &ir.OpDef{
	Name:     "same.op",
	Doc:      "Give the operand.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Infer:    func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return []ir.Type{op.In(0)}, nil },
	Eval:     func(_ *ir.EvalCtx, _ *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) { return in[:1:1], nil },
})

// TestStateThroughAnotherOperand reads a state's old value, after an update of it, through an operand whose memory is the state's.
func TestStateThroughAnotherOperand(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, `air 1
module @through {
  state @k : tensor<64x8xf32> = zero
  func @main(%u: tensor<3x8xf32>, state @k %k: tensor<64x8xf32>) -> (%y: tensor<64x8xf32>, update @k: tensor<64x8xf32>) {
    %c = same.op(%k) : tensor<64x8xf32>
    %k1 = state.slice_update(%k, %u) {axis = 0, start = 2} : tensor<64x8xf32>
    %y = tensor.exp(%c) : tensor<64x8xf32>
    core.return(%y, %k1)
  }
}
`, same), 2)
	a, b := native.NewSession(), reference.NewSession()
	rng := rand.New(rand.NewPCG(6, 2))
	for range 3 {
		if err := agree(a, b, []*host.Tensor{random(rng, 3, 8)}); err != nil {
			t.Error(err)
		}
		sameState(t, a, b)
	}
}

// countdown is a context that is cancelled when somebody has asked so often.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelledBetweenLaunches cancels calls that nobody observes before each kernel of a segment: they end there, and the state is
// what it was before.
func TestCancelledBetweenLaunches(t *testing.T) {
	m := backendtest.Parse(t, cached)
	p, err := newProgram(t.Context(), testCompiler(t), m, 2)
	if err != nil {
		t.Fatal(err)
	}
	s := p.newSession()
	program, err := interp.CompileWith(t.Context(), m, backend.Options{Threads: 2}, p.interpreted(func() interp.Runner { return s.run }))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	reference, err := interp.Backend{}.Compile(t.Context(), m, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	a, b := program.NewSession(), reference.NewSession()
	rng := rand.New(rand.NewPCG(6, 3))
	in := []*host.Tensor{random(rng, 1, 256), host.New(host.I64, 1)}
	if err := agree(a, b, in); err != nil {
		t.Fatal(err)
	}
	pr := s.ready[p.of[m.Func("main")][0].ID][0]
	pr.launches = nil
	for i := range pr.items { // one look at the context for each
		pr.launches = append(pr.launches, pr.launch(pr.items[i:i+1], p.pool.size(), p.code))
	}
	in[0] = random(rng, 1, 256)
	for looks := range 1 + len(pr.launches) {
		if _, err := a.Call(&countdown{t.Context(), looks}, "main", in, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("found the error %v after %d looks at the context, expected %v", err, looks, context.Canceled)
		}
		sameState(t, a, b)
	}
	if err := agree(a, b, in); err != nil {
		t.Error(err)
	}
	sameState(t, a, b)
}
