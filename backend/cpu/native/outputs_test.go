//go:build unix

package native

import (
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/ir/host"
)

// twice gives one value as an output and as a state, and another one twice.
const twice = `air 1
module @twice {
  state @k : tensor<4x8xf32> = zero
  func @main(%x: tensor<4x8xf32>, state @k %k: tensor<4x8xf32>) -> (%y: tensor<4x8xf32>, %z: tensor<4x8xf32>, %again: tensor<4x8xf32>, update @k: tensor<4x8xf32>) {
    %s = tensor.add(%x, %k) : tensor<4x8xf32>
    %y = tensor.exp(%s) : tensor<4x8xf32>
    %z = tensor.tanh(%y) : tensor<4x8xf32>
    core.return(%y, %z, %z, %y)
  }
}
`

// TestOutputsAreWrittenAgain holds that offered memory is used, that what shares bytes with something else is not, and that the
// results are the same in any case.
func TestOutputsAreWrittenAgain(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, twice), 2)
	a, b := native.NewSession(), reference.NewSession()
	rng := rand.New(rand.NewPCG(9, 9))
	call := func(in *host.Tensor, offered []*host.Tensor) []*host.Tensor {
		t.Helper()
		got, err := a.Call(t.Context(), "main", []*host.Tensor{in}, &backend.CallOptions{Outputs: offered})
		if err != nil {
			t.Fatal(err)
		}
		want, err := b.Call(t.Context(), "main", []*host.Tensor{in.Clone()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if err := host.Near(got[i], want[i], host.Tolerance{Abs: 1e-5, Rel: 1e-5}); err != nil {
				t.Errorf("output %d: %v", i, err)
			}
		}
		sameState(t, a, b)
		return got
	}
	x := random(rng, 4, 8)
	first := call(x, nil)
	second := call(x, first)
	for i := range first {
		if second[i] != first[i] {
			t.Errorf("output %d lies elsewhere than in what was offered", i)
		}
	}
	kept := second[0].Clone()
	if mixed := call(second[0], []*host.Tensor{second[0], second[1], second[1]}); mixed[0] == second[0] || mixed[2] == mixed[1] {
		t.Error("memory was taken that the call reads, or that was offered twice")
	}
	if err := host.Near(second[0], kept, host.Tolerance{}); err != nil {
		t.Errorf("an input that was offered for an output has changed: %v", err)
	}
	for _, unfit := range []*host.Tensor{nil, host.New(host.F32, 8, 4), host.New(host.F64, 4, 8), host.New(host.F32, 8, 4).Transpose([]int{1, 0})} {
		if got := call(x, []*host.Tensor{unfit}); got[0] == unfit {
			t.Errorf("%v was taken for an output", unfit)
		}
	}
}
