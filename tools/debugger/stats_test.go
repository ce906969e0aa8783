package debugger

import (
	"encoding/json"
	"math"
	"runtime"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestMeasure sums up numbers at the ends of their range: each finite one has a bin, and JSON can have all that is told.
func TestMeasure(t *testing.T) {
	const most, least = math.MaxFloat64, math.SmallestNonzeroFloat64
	for _, c := range []struct {
		name        string
		x           []float64
		first, last int // of the bins
	}{
		{"plain", []float64{0, 1, 2, 2}, 1, 2},
		{"the whole range", []float64{-most, most, most}, 1, 2},
		{"next to nothing", []float64{0, least}, 2, 0}, // half of the least number is 0
		{"all the same", []float64{3, 3}, 2, 0},
		{"no numbers among them", []float64{math.NaN(), math.Inf(1), 1, 5}, 1, 1},
	} {
		x := host.New(host.F64, len(c.x))
		for i, v := range c.x {
			host.SetFloat(x, i, v)
		}
		got := measure(x)
		if got.Bins[0] != c.first || got.Bins[bins-1] != c.last {
			t.Errorf("%s: %d in the first bin and %d in the last one, expected %d and %d", c.name, got.Bins[0], got.Bins[bins-1], c.first, c.last)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestMinus: numbers that turn have a difference, though their magnitudes are the same; it is said what is shown of them.
func TestMinus(t *testing.T) {
	complexes := func(list ...complex64) *host.Tensor {
		x := host.New(host.C64, len(list))
		copy(host.Raw[complex64](x), list)
		return x
	}
	reals, err := host.FromValues(host.F32, []int{2}, []float32{3, 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		a, b *host.Tensor
		want []float64
		note string
	}{
		{"turned", complexes(3, 4i), complexes(-3, 4), []float64{6, 4 * math.Sqrt2}, magnitudes},
		{"complex and not", complexes(3+4i, 4), reals, []float64{4, 0}, magnitudes},
		{"not complex", reals, reals, []float64{0, 0}, ""},
	} {
		d := minus(c.a, c.b)
		for i, x := range numbers(d) {
			if !near(x, c.want[i]) {
				t.Errorf("%s: the difference is %v, expected %v", c.name, numbers(d), c.want)
			}
		}
		if got := measure(d).Note; got != c.note {
			t.Errorf("%s: it is said that they are %q", c.name, got)
		}
	}
}

// allocated is how many bytes a call allocates in all.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMeasureInBlocks: no copy of a large tensor is made to sum it up.
func TestMeasureInBlocks(t *testing.T) {
	for _, elem := range []host.Elem{host.BF16, host.F32} {
		x := host.New(elem, 1<<20)
		var got stats
		if n := allocated(func() { got = measure(x) }); n > 1<<19 || got.Bins[0] != 1<<20 {
			t.Errorf("%s: %d bytes are allocated for %d numbers", elem, n, got.Bins[0])
		}
	}
}
