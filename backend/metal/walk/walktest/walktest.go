// Package walktest has programs that engines are held against the interpreter by, which walk plans.
package walktest

import (
	"context"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Sample is a program with the sizes that it runs at, and how often it is called in a session.
type Sample struct {
	Name, Text string
	Sizes      map[string]int64
	Calls      int
}

// Programs are small and have what plans have: views, open sizes, host steps, states.
var Programs = []Sample{
	{"mlp", `air 1
module @m {
  func @main(%x: tensor<5x7xf32>, %w: tensor<9x7xf32>, %b: tensor<9xf32>, %v: tensor<3x9xf32>) -> (%r: tensor<5x3xf32>) {
    %h = nn.linear(%x, %w, %b) : tensor<5x9xf32>
    %s = nn.relu(%h) : tensor<5x9xf32>
    %r = nn.linear(%s, %v) : tensor<5x3xf32>
    core.return(%r)
  }
}
`, nil, 1},
	{"open sizes, views and a host step", `air 1
module @m {
  func @main(%x: tensor<[n]x6xf32>) -> (%r: tensor<[n]x3xf32>, %i: tensor<[n]x6xi64>) {
    dim n in 1..64
    %e = tensor.exp(%x) : tensor<[n]x6xf32>
    %t = tensor.reshape(%e) : tensor<[n]x2x3xf32>
    %u = tensor.sum(%t) {axes = [1]} : tensor<[n]x3xf32>
    %g = tensor.lgamma(%u) : tensor<[n]x3xf32>
    %r = tensor.neg(%g) : tensor<[n]x3xf32>
    %c = tensor.cast(%e) : tensor<[n]x6xi64>
    %i = tensor.add(%c, %c) : tensor<[n]x6xi64>
    core.return(%r, %i)
  }
}
`, map[string]int64{"n": 5}, 2},
	{"states", Decoder, nil, 3},
	{"parts that begin anywhere", `air 1
module @m {
  func @main(%x: tensor<5x7xf32>, %b: tensor<6x7xi8>, %h: tensor<9x4xf16>) -> (%r: tensor<3x7xf32>, %s: tensor<2x7xi8>, %t: tensor<8x4xf16>) {
    %p = tensor.slice(%x) {axis = 0, start = 1, stop = 4} : tensor<3x7xf32>
    %q = tensor.exp(%p) : tensor<3x7xf32>
    %r = tensor.add(%q, %p) : tensor<3x7xf32>
    %u = tensor.slice(%b) {axis = 0, start = 1, stop = 3} : tensor<2x7xi8>
    %s = tensor.add(%u, %u) : tensor<2x7xi8>
    %v = tensor.slice(%h) {axis = 0, start = 1, stop = 9} : tensor<8x4xf16>
    %t = tensor.mul(%v, %v) : tensor<8x4xf16>
    core.return(%r, %s, %t)
  }
}
`, nil, 1},
}

// Decoder is a token of attention with a cache, which is updated in place, beside a state whose old value is read later.
const Decoder = `air 1
module @m {
  state @keys : tensor<1x2x16x8xf32> = zero
  state @old : tensor<4x8xf32> = zero
  func @main(%q: tensor<1x2x1x8xf32>, %k: tensor<1x2x1x8xf32>, %pos: tensor<1xi64>, %row: tensor<1x8xf32>, state @keys %c: tensor<1x2x16x8xf32>, state @old %o: tensor<4x8xf32>) -> (%y: tensor<1x2x1x8xf32>, %z: tensor<4x8xf32>, update @keys %n: tensor<1x2x16x8xf32>, update @old %p: tensor<4x8xf32>) {
    %n = state.index_update(%c, %k, %pos) {axis = 2, in_place = true} : tensor<1x2x16x8xf32>
    %y = nn.sdpa(%q, %n, %n) {scale = 0.5} : tensor<1x2x1x8xf32>
    %p = state.slice_update(%o, %row) {axis = 0, start = 1} : tensor<4x8xf32>
    %z = tensor.add(%o, %p) : tensor<4x8xf32>
    core.return(%y, %z, %n, %p)
  }
}
`

// Run calls a program's function some times in one session, and gives all results.
func (c Sample) Run(t testing.TB, b backend.Backend, m *ir.Module, in []*host.Tensor) []*host.Tensor {
	t.Helper()
	p, err := b.Compile(t.Context(), m, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() // now: what an engine still holds at the end of a test is a finding
	s := p.NewSession()
	var all []*host.Tensor
	for range c.Calls {
		out, err := s.Call(context.Background(), m.Funcs[0].Name, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out...)
	}
	return all
}

// Mistake holds that a call of Decoder with a position outside of the cache fails as it does in the interpreter, and leaves the states as they were.
func Mistake(t testing.TB, b backend.Backend, m *ir.Module, in []*host.Tensor) {
	t.Helper()
	var said []string
	for _, b := range []backend.Backend{interp.Backend{}, b} {
		p, err := b.Compile(context.Background(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		s := p.NewSession()
		host.SetInt(in[2], 0, 3)
		if _, err := s.Call(context.Background(), "main", in, nil); err != nil {
			t.Fatal(err)
		}
		before, err := s.State("keys")
		if err != nil {
			t.Fatal(err)
		}
		host.SetInt(in[2], 0, 16)
		_, err = s.Call(context.Background(), "main", in, nil)
		if err == nil {
			t.Fatalf("%s: position 16 of a cache of 16 is no error", b.Name())
		}
		said = append(said, err.Error())
		after, err := s.State("keys")
		if err != nil {
			t.Fatal(err)
		}
		if err := host.Near(after, before, host.Tolerance{}); err != nil {
			t.Errorf("%s: the state after a call that failed: %v", b.Name(), err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if said[0] != said[1] {
		t.Errorf("found %q, expected %q", said[1], said[0])
	}
}
