//go:build unix

package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/ir/host"
)

const static = `air 1
module @static {
  func @main(%a: tensor<8x64xf32>, %b: tensor<64xf32>) -> (%y: tensor<8x64xf32>) {
    %s = tensor.add(%a, %b) : tensor<8x64xf32>
    %t = tensor.tanh(%s) : tensor<8x64xf32>
    %u = tensor.exp(%t) : tensor<8x64xf32>
    %y = tensor.sub(%u, %s) : tensor<8x64xf32>
    core.return(%y)
  }
}
`

// TestStaticCallsAllocateLittle counts what a call of a function without dynamic sizes allocates, its output included.
func TestStaticCallsAllocateLittle(t *testing.T) {
	native, _ := engines(t, backendtest.Parse(t, static), 1)
	s := native.NewSession()
	rng := rand.New(rand.NewPCG(1, 1))
	in := []*host.Tensor{random(rng, 8, 64), random(rng, 64)}
	ctx := context.Background()
	n := testing.AllocsPerRun(100, func() {
		if _, err := s.Call(ctx, "main", in, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n > 8 {
		t.Errorf("a call allocates %g times, expected 4 for its output and few more", n)
	}
}

// BenchmarkStaticCall measures a call of four small kernels: what Go adds to them.
func BenchmarkStaticCall(b *testing.B) {
	native, _ := engines(b, backendtest.Parse(b, static), 1)
	s := native.NewSession()
	rng := rand.New(rand.NewPCG(1, 1))
	in := []*host.Tensor{random(rng, 8, 64), random(rng, 64)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Call(context.Background(), "main", in, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNewSizes measures calls of a few layers that have each another number of rows, beside calls that have all the same.
func BenchmarkNewSizes(b *testing.B) {
	native, _ := engines(b, backendtest.Parse(b, layers), 1)
	rng := rand.New(rand.NewPCG(1, 1))
	w := random(rng, 64, 64)
	var inputs [][]*host.Tensor
	for rows := range 2 * maxReady {
		inputs = append(inputs, []*host.Tensor{random(rng, rows+1, 64), w})
	}
	for _, sizes := range []int{1, len(inputs)} {
		b.Run(fmt.Sprint(sizes), func(b *testing.B) {
			s := native.NewSession()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Call(context.Background(), "main", inputs[maxReady+i%sizes-sizes/2], nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const layers = `air 1
module @layers {
  func @main(%x: tensor<[N]x64xf32>, %w: tensor<64x64xf32>) -> (%y: tensor<[N]x64xf32>) {
    dim N in 1..4096
    %a = nn.linear(%x, %w) : tensor<[N]x64xf32>
    %b = nn.relu(%a) : tensor<[N]x64xf32>
    %c = nn.linear(%b, %w) : tensor<[N]x64xf32>
    %d = nn.gelu(%c) : tensor<[N]x64xf32>
    %e = nn.linear(%d, %w) : tensor<[N]x64xf32>
    %y = nn.softmax(%e) {axis = 1} : tensor<[N]x64xf32>
    core.return(%y)
  }
}
`
