//go:build unix

package native

import (
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/ir/host"
)

// chained has operations whose operands end with them: %b in %c and %c in %d, whose memory the next one takes; %e reads other
// places than it writes, and %f its operand twice.
const chained = `air 1
module @chained {
  func @main(%a: tensor<50x20xf32>) -> (%y: tensor<20x50xf32>) {
    %b = tensor.exp(%a) : tensor<50x20xf32>
    %c = tensor.tanh(%b) : tensor<50x20xf32>
    %d = tensor.sin(%c) : tensor<50x20xf32>
    %e = tensor.transpose(%d) {perm = [1, 0]} : tensor<20x50xf32>
    %f = tensor.mul(%e, %e) : tensor<20x50xf32>
    %y = tensor.neg(%f) : tensor<20x50xf32>
    core.return(%y)
  }
}
`

// TestResultsTakeTheMemoryOfOperands holds where the values of a chain lie, and that they are right there.
func TestResultsTakeTheMemoryOfOperands(t *testing.T) {
	m := backendtest.Parse(t, chained)
	p, err := newProgram(t.Context(), testCompiler(t), m, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	seg := p.segments[0]
	pr, err := seg.prepare(func(string) (int64, bool) { return 0, false }, 1, p.code)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for v, id := range seg.ids {
		at[v.Name] = pr.at[id]
	}
	if at["b"] != at["c"] || at["c"] != at["d"] || at["d"] == at["e"] || at["e"] != at["f"] {
		t.Errorf("the values lie at %v, expected b, c and d in one place, and e and f in another", at)
	}
	if want := 2 * memory.Aligned(4000); pr.arena != want {
		t.Errorf("the block has %d bytes, expected %d", pr.arena, want)
	}
	native, reference := engines(t, m, 2)
	if err := agree(native.NewSession(), reference.NewSession(), []*host.Tensor{random(rand.New(rand.NewPCG(2, 2)), 50, 20)}); err != nil {
		t.Error(err)
	}
}

// TestResultsSpareSharedMemory has operations take a value and what shows a part or all of it, in another order: the result may
// not lie there, though the value ends there and is read where the result is written.
func TestResultsSpareSharedMemory(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, `air 1
module @shown {
  func @main(%a: tensor<48x48xf32>) -> (%y: tensor<48x48xf32>, %z: tensor<48x48xf32>) {
    %b = tensor.exp(%a) : tensor<48x48xf32>
    %row = tensor.slice(%b) {axis = 0, start = 0, stop = 1} : tensor<1x48xf32>
    %c = tensor.add(%b, %row) : tensor<48x48xf32>
    %y = tensor.neg(%c) : tensor<48x48xf32>
    %d = tensor.tanh(%a) : tensor<48x48xf32>
    %flat = tensor.reshape(%d) : tensor<2304xf32>
    %e = core.kernel(%d, %flat) : tensor<48x48xf32>
      do(%p: tensor<48x48xf32>, %q: tensor<2304xf32>) {
        %s = tensor.reshape(%q) : tensor<48x48xf32>
        %t = tensor.transpose(%s) {perm = [1, 0]} : tensor<48x48xf32>
        %u = tensor.sub(%p, %t) : tensor<48x48xf32>
        core.return(%u)
      }
    %z = tensor.neg(%e) : tensor<48x48xf32>
    core.return(%y, %z)
  }
}
`), 2)
	if err := agree(native.NewSession(), reference.NewSession(), []*host.Tensor{random(rand.New(rand.NewPCG(2, 3)), 48, 48)}); err != nil {
		t.Error(err)
	}
}
