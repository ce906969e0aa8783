package tests

import (
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/native"
)

// checkNative holds native code against the interpreter. Sums are in another order, and functions in f32. What it computes
// in is held against the values alive. Small models are held in the form for the Neural Engine, too, whose norms and softmax are over the
// channels in front.
func (m *model) checkNative(t *testing.T) {
	m.checkNativeOf(t, "@cpu")
	if m.short {
		m.checkNativeOf(t, exactANE+", fuse")
	}
}

func (m *model) checkNativeOf(t *testing.T, pipeline string) {
	built := m.build(t, pipeline)
	want := m.outputs(t, built, 2)
	p, err := native.Backend{}.Compile(t.Context(), built, backend.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got, err := m.callsOf(t.Context(), p, built, m.calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	if snr := worstSNR(t, got, want); snr < 80 {
		t.Errorf("%s: native code is %.0f dB from the interpreter, expected at least 80", pipeline, snr)
	}
	m.checkMemory(t, built, p)
}
