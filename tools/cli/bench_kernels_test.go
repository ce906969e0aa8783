package cli

import (
	"slices"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// askedSession notes the states that it is asked for.
type askedSession struct {
	backend.Session
	rows  map[string]int
	asked []string
}

func (s *askedSession) State(name string) (*host.Tensor, error) {
	s.asked = append(s.asked, name)
	return host.New(host.F32, s.rows[name], 4), nil
}

// TestSizesCopyFewStates binds symbols from an input and a state: only the state whose shape tells a size is copied.
func TestSizesCopyFewStates(t *testing.T) {
	m, err := text.Parse("m.air", []byte(`air 1
module @m {
  state @fixed : tensor<1000x4xf32> = zero
  state @open : tensor<[S]x4xf32> = zero
  func @main(%x: tensor<[B]x4xf32>, state @fixed %f: tensor<1000x4xf32>, state @open %o: tensor<[S]x4xf32>) -> (%y: tensor<[B]x4xf32>, update @fixed: tensor<1000x4xf32>, update @open: tensor<[S]x4xf32>) {
    dim B in 0..10
    dim S in 0..10
    core.return(%x, %f, %o)
  }
}
`), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	s := &askedSession{rows: map[string]int{"fixed": 1000, "open": 3}}
	b := &benchRun{m: m, session: s}
	sizes, err := b.sizes(call{sig: backend.SignatureOf(m.Func("main")), in: []*host.Tensor{host.New(host.F32, 2, 4)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"B": 2, "S": 3} {
		if n, ok := sizes.Get(name); !ok || n != want {
			t.Errorf("%s is %d (%t), expected %d", name, n, ok, want)
		}
	}
	if want := []string{"open"}; !slices.Equal(s.asked, want) {
		t.Errorf("found copies of the states %v, expected %v", s.asked, want)
	}
}
