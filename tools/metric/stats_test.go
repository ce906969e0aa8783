package metric

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aiopt/aiopt/ir/host"
)

func TestStats(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	tensor := func(e host.Elem, values ...float64) *host.Tensor {
		x := host.New(e, len(values))
		for i, v := range values {
			host.SetFloat(x, i, v)
		}
		return x
	}
	packed, err := host.Pack(tensor(host.I8, -1, 3, 0, 2), host.I4)
	if err != nil {
		t.Fatal(err)
	}
	long := host.New(host.F32, 3, statsPart)
	for i := range long.Len() {
		host.SetFloat(long, i, 1e6+float64(i%2))
	}
	tests := []struct {
		name string
		x    *host.Tensor
		want Stats
	}{
		{"f32", tensor(host.F32, -2, 0, 4, 2), Stats{Finite: 4, Zero: 1, Min: -2, Max: 4, Mean: 1, Std: math.Sqrt(5), ArgMax: 2}},
		{"bf16", tensor(host.BF16, 1, 3), Stats{Finite: 2, Min: 1, Max: 3, Mean: 2, Std: 1, ArgMax: 1}},
		{"bad", tensor(host.F64, nan, -inf, 5, inf), Stats{Finite: 1, NaN: 1, Inf: 2, Min: 5, Max: 5, Mean: 5, ArgMin: 2, ArgMax: 2}},
		{"nothing finite", tensor(host.F32, nan), Stats{NaN: 1, Min: nan, Max: nan}},
		{"empty", tensor(host.F32), Stats{Min: nan, Max: nan}},
		{"i64", tensor(host.I64, 7, -9), Stats{Finite: 2, Min: -9, Max: 7, Mean: -1, Std: 8, ArgMin: 1}},
		{"u8", tensor(host.U8, 0, 200), Stats{Finite: 2, Zero: 1, Max: 200, Mean: 100, Std: 100, ArgMax: 1}},
		{"bool", &host.Tensor{Elem: host.Bool, Shape: []int{2}, Strides: []int{1}, Data: []byte{1, 0}}, Stats{Finite: 2, Zero: 1, Max: 1, Mean: 0.5, Std: 0.5, ArgMin: 1}},
		{"packed", packed, Stats{Finite: 4, Zero: 1, Min: -1, Max: 3, Mean: 1, Std: math.Sqrt(2.5), ArgMax: 1}},
		{"strided", tensor(host.F32, 1, 9, 3, 9).Slice(0, 0, 4, 2), Stats{Finite: 2, Min: 1, Max: 3, Mean: 2, Std: 1, ArgMax: 1}},
		{"large and near", long, Stats{Finite: 3 * statsPart, Min: 1e6, Max: 1e6 + 1, Mean: 1e6 + 0.5, Std: 0.5, ArgMax: 1}},
	}
	for _, tt := range tests {
		got := StatsOf(tt.x)
		if d := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(Stats{}), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 0)); d != "" {
			t.Errorf("%s: -want +got\n%s", tt.name, d)
		}
	}
}
