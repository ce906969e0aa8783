package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// cutGroups are groups that no schedule makes at once, with how many pieces it takes.
var cutGroups = []struct {
	name, src string
	pieces    int
}{
	{"what follows is moved", `air 1
module @m {
  func @main(%x: tensor<3x6xf32>, %w: tensor<8x6xf32>, %c: tensor<3x4xf32>) -> (%y: tensor<3x12xf32>) {
    %y = core.kernel(%x, %w, %c) : tensor<3x12xf32>
      do(%x: tensor<3x6xf32>, %w: tensor<8x6xf32>, %c: tensor<3x4xf32>) {
        %h = nn.linear(%x, %w) : tensor<3x8xf32>
        %r = nn.relu(%h) : tensor<3x8xf32>
        %y = tensor.concat(%r, %c) {axis = 1} : tensor<3x12xf32>
        core.return(%y)
      }
    core.return(%y)
  }
}
`, 2},
	{"what reductions give is moved", `air 1
module @m {
  func @main(%x: tensor<4x6xf32>) -> (%y: tensor<6x4xf32>) {
    %y = core.kernel(%x) : tensor<6x4xf32>
      do(%x: tensor<4x6xf32>) {
        %s = nn.softmax(%x) {axis = 1} : tensor<4x6xf32>
        %t = tensor.transpose(%s) {perm = [1, 0]} : tensor<6x4xf32>
        %a = tensor.slice(%t) {axis = 0, start = 0, stop = 3} : tensor<3x4xf32>
        %b = tensor.slice(%t) {axis = 0, start = 3, stop = 6} : tensor<3x4xf32>
        %d = tensor.mul(%a, %b) : tensor<3x4xf32>
        %e = tensor.concat(%d, %t) {axis = 0} : tensor<9x4xf32>
        %y = tensor.slice(%e) {axis = 0, start = 2, stop = 8} : tensor<6x4xf32>
        core.return(%y)
      }
    core.return(%y)
  }
}
`, 0},
	{"what comes before and what follows are moved", `air 1
module @m {
  func @main(%x: tensor<2x4x3xf32>, %w: tensor<8x6xf32>, %c: tensor<8xf32>) -> (%y: tensor<8x4xf32>) {
    %y = core.kernel(%x, %w, %c) : tensor<8x4xf32>
      do(%x: tensor<2x4x3xf32>, %w: tensor<8x6xf32>, %c: tensor<8xf32>) {
        %p = tensor.transpose(%x) {perm = [1, 0, 2]} : tensor<4x2x3xf32>
        %q = tensor.reshape(%p) : tensor<4x6xf32>
        %h = nn.linear(%q, %w, %c) : tensor<4x8xf32>
        %s = tensor.slice(%h) {axis = 1, start = 0, stop = 4} : tensor<4x4xf32>
        %u = tensor.slice(%h) {axis = 1, start = 4, stop = 8} : tensor<4x4xf32>
        %m = tensor.mul(%s, %u) : tensor<4x4xf32>
        %y = tensor.concat(%m, %s) {axis = 0} : tensor<8x4xf32>
        core.return(%y)
      }
    core.return(%y)
  }
}
`, 0},
}

// TestParts computes groups in pieces and holds them against the interpreter.
func TestParts(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, tt := range cutGroups {
		for _, to := range targets {
			t.Run(fmt.Sprint(tt.name, " ", to.Name), func(t *testing.T) {
				m, op := parse(t, tt.src)
				in := randomInputs(rng, m.Funcs[0].Params, nil)
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				g, err := schedule.NewGroup(op)
				if err != nil {
					t.Fatal(err)
				}
				parts, why := schedule.Parts(g, to)
				if why != "" {
					t.Fatal(why)
				}
				if tt.pieces > 0 && len(parts) != tt.pieces {
					t.Errorf("there are %d parts, want %d", len(parts), tt.pieces)
				}
				have := in
				for _, p := range parts {
					var given []*host.Tensor
					for _, i := range p.Params {
						given = append(given, have[i])
					}
					shape, _ := p.Result.Static()
					y, err := compute(p.Made, given, nil, host.New(p.Result.Elem, shape...))
					if err != nil {
						t.Fatal(err)
					}
					have = append(have, y)
				}
				if err := differ(have[len(have)-1], want[0]); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
