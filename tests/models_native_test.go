package tests

import (
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/native"
)

// checkNative holds native code against the interpreter. Sums are in another order, and functions in f32. What it computes
// in is held against the values alive.
func (m *model) checkNative(t *testing.T) {
	built := m.build(t, "@cpu")
	want := m.outputs(t, built, 2)
	p, err := native.Backend{Plan: native.Scheduled}.Compile(t.Context(), built, backend.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got, err := m.callsOf(t.Context(), p, built, m.calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	if snr := worstSNR(t, got, want); snr < 80 {
		t.Errorf("native code is %.0f dB from the interpreter, expected at least 80", snr)
	}
	m.checkMemory(t, built, p)
}
