package tests

import (
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native"
)

// checkNative holds native code against the interpreter. Sums are in another order, and functions in f32.
func (m *model) checkNative(t *testing.T) {
	built := m.build(t, "@cpu")
	want := m.outputs(t, built, 2)
	got, err := m.runOn(t.Context(), native.Backend{Plan: native.Scheduled}, built, 2, m.calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	if snr := worstSNR(t, got, want); snr < 80 {
		t.Errorf("native code is %.0f dB from the interpreter, expected at least 80", snr)
	}
}
