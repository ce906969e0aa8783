package walk_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/passes/numeric"
)

// TestGone has a device that gives up while the call fails for another reason, also while it packs: what its memory holds is not known, and the
// session makes no further call.
func TestGone(t *testing.T) {
	gone := errors.New("the device is gone")
	for _, c := range []struct {
		name string
		e    engine
	}{
		{"running", engine{refuse: "add.generated.metal", gone: gone}},
		{"packing", engine{refuse: "neg.generated.metal", gone: gone, change: pack}},
		{"packed", engine{gone: gone, change: pack}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := backendtest.Parse(t, layers)
			in, err := numeric.MakeInputs(m.Funcs[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			c.e.ran = map[string]int{}
			p, err := c.e.Compile(t.Context(), m, backend.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := p.NewSession()
			if _, err := s.Call(t.Context(), "main", in, nil); err == nil || c.e.refuse != "" && errors.Is(err, gone) {
				t.Errorf("the first call: found the error %v, expected that of the kernel", err)
			}
			ran := maps.Clone(c.e.ran)
			if _, err := s.Call(t.Context(), "main", in, nil); !errors.Is(err, gone) {
				t.Errorf("the second call: found the error %v, expected %v", err, gone)
			}
			if d := cmp.Diff(ran, c.e.ran); d != "" {
				t.Errorf("the second call ran kernels: %s", d)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
