package host

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestMeasure(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	tests := []struct {
		name      string
		got, want []float64
		gap       Gap
	}{
		{"equal", []float64{1, nan, inf, math.Copysign(0, -1)}, []float64{1, nan, inf, 0}, Gap{Elements: 4, First: -1, Worst: -1, SNR: inf, PSNR: inf}},
		{"near", []float64{3, 4.0001}, []float64{3, 4}, Gap{Elements: 2, First: -1, MaxAbs: 1e-4, Worst: 1, RelL2: 2e-5, SNR: 93.979, PSNR: 95.051}},
		{"far", []float64{0, 4, 6}, []float64{3, 4, 5}, Gap{Elements: 3, Outside: 2, First: 0, MaxAbs: 3, Worst: 0, RelL2: 0.4472, SNR: 6.9897, PSNR: 8.7506}},
		{"nan", []float64{1, nan}, []float64{1, 2}, Gap{Elements: 2, Outside: 1, First: 1, Lost: 1, MaxAbs: inf, Worst: 1, RelL2: inf, SNR: -inf, PSNR: -inf}},
		{"nan beside noise", []float64{1.5, inf}, []float64{1, 2}, Gap{Elements: 2, Outside: 2, First: 0, Lost: 1, MaxAbs: inf, Worst: 1, RelL2: inf, SNR: -inf, PSNR: -inf}},
		{"finite beside noise", []float64{3, 4.0001, 1}, []float64{3, 4, -inf}, Gap{Elements: 3, Outside: 1, First: 2, MaxAbs: inf, Worst: 2, RelL2: 2e-5, SNR: 93.979, PSNR: 96.812}},
		{"infinities", []float64{inf, 1}, []float64{-inf, 1}, Gap{Elements: 2, Outside: 1, First: 0, MaxAbs: inf, Worst: 0, RelL2: inf, SNR: -inf, PSNR: -inf}},
		{"zero reference", []float64{1}, []float64{0}, Gap{Elements: 1, Outside: 1, First: 0, MaxAbs: 1, Worst: 0, RelL2: inf, SNR: -inf, PSNR: -inf}},
		{"empty", nil, nil, Gap{First: -1, Worst: -1, SNR: inf, PSNR: inf}},
	}
	for _, tt := range tests {
		for _, e := range []Elem{F64, F32, C128} {
			got, want := New(e, len(tt.got)), New(e, len(tt.want))
			Cast(Serial, got, must(FromValues(F64, []int{len(tt.got)}, tt.got)))
			Cast(Serial, want, must(FromValues(F64, []int{len(tt.want)}, tt.want)))
			gap, err := Measure(got, want, Tolerance{Rel: 1e-3})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.gap, gap, cmpopts.EquateApprox(5e-3, 0)); d != "" {
				t.Errorf("%s, %s: -want +got\n%s", tt.name, e, d)
			}
			if (Near(got, want, Tolerance{Rel: 1e-3}) == nil) != (tt.gap.Outside == 0) {
				t.Errorf("%s, %s: Near disagrees", tt.name, e)
			}
		}
	}
}

func TestMeasureInts(t *testing.T) {
	big := int64(1) << 60 // one more is the same float64
	got, want := must(FromValues(I64, []int{2}, []int64{big + 1, 2})), must(FromValues(I64, []int{2}, []int64{big, 2}))
	gap, err := Measure(got, want, I64.Tolerance())
	if err != nil || gap.Outside != 1 || gap.MaxAbs != 1 {
		t.Errorf("got %+v, %v", gap, err)
	}
	const message = "1 of 2 elements differ; at [0] found 1152921504606846977, expected 1152921504606846976; the largest difference is 1"
	if err := Near(got, want, Tolerance{}); err == nil || err.Error() != message {
		t.Errorf("got %v", err)
	}
	if _, err := Measure(New(F32, 2), New(F32, 3), Tolerance{}); err == nil {
		t.Error("shapes differ")
	}
}
