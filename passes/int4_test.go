package passes

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir/host"
)

// noise makes normally distributed numbers, or ones with heavy tails (Student's t with 4 degrees of freedom).
func noise(t *testing.T, e host.Elem, heavy bool, deviation float64, shape ...int) *host.Tensor {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(len(shape))))
	out := host.New(e, shape...)
	for i := range out.Len() {
		x := r.NormFloat64()
		if heavy {
			sum := 0.0
			for range 4 {
				g := r.NormFloat64()
				sum += g * g
			}
			x /= math.Sqrt(sum / 4)
		}
		host.SetFloat(out, i, x*deviation)
	}
	return out
}

func quantized(t *testing.T, x *host.Tensor, block []int, rule int4Rule) *int4Weight {
	t.Helper()
	q, err := quantizeInt4(context.Background(), x, block, rule)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// stored is what codes and scales decode to.
func stored(t *testing.T, q *int4Weight) *host.Tensor {
	t.Helper()
	out := host.New(q.scales.Elem, q.codes.Shape...)
	if err := host.Dequantize(host.Serial, out, q.codes, q.scales, nil, nil); err != nil {
		t.Fatal(err)
	}
	return out
}

func squaredError(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return sum
}

// TestInt4Layouts holds codes and scales of many layouts to what the same numbers give block by block, and the error that
// is told to that of the stored numbers.
func TestInt4Layouts(t *testing.T) {
	rule := int4Rule{search: true}
	for _, tt := range []struct{ shape, perm, block []int }{
		{[]int{5, 7}, nil, []int{1, 7}},
		{[]int{6, 8}, nil, []int{1, 4}},
		{[]int{6, 8}, []int{1, 0}, []int{1, 6}},
		{[]int{7, 9}, nil, []int{7, 1}},
		{[]int{8, 6}, nil, []int{2, 1}},
		{[]int{1, 12}, nil, []int{1, 3}},
		{[]int{3, 4, 5}, nil, []int{1, 4, 1}},
		{[]int{3, 4, 3, 3}, nil, []int{1, 2, 3, 3}},
		{[]int{4, 3, 3}, nil, []int{4, 1, 3}},
		{[]int{600, 700}, nil, []int{600, 1}},
	} {
		x := noise(t, host.F32, false, 0.02, tt.shape...)
		if tt.perm != nil {
			x = x.Transpose(tt.perm)
		}
		q := quantized(t, x, tt.block, rule)
		got := host.Values[float64](stored(t, q))
		want := host.Values[float64](x.Clone())
		if told, is := q.noise, squaredError(got, want); math.Abs(told-is) > 1e-9*is {
			t.Errorf("%v: the error is %g, told was %g", tt.shape, is, told)
		}
		ids := blockOf(x.Shape, tt.block)
		if len(ids) > 5000 {
			continue
		}
		blocks := map[string][]float32{}
		for i, id := range ids {
			blocks[id] = append(blocks[id], float32(want[i]))
		}
		sum, one := 0.0, newInt4Block(rule, host.F32)
		for _, b := range blocks {
			one.quantize(make([]int8, len(b)), b)
			sum += one.noise
		}
		if math.Abs(sum-q.noise) > 1e-9*sum {
			t.Errorf("%v in blocks of %v: the error is %g, that of its blocks %g", tt.shape, tt.block, q.noise, sum)
		}
	}
}

// TestInt4Search holds the search to never doing worse than the simpler rules, on any block, as the numbers are stored.
func TestInt4Search(t *testing.T) {
	for _, e := range []host.Elem{host.F32, host.F16, host.BF16} {
		for _, heavy := range []bool{false, true} {
			for _, deviation := range []float64{1e-7, 0.02, 1000} {
				x := noise(t, e, heavy, deviation, 300, 16)
				values := host.Values[float64](x)
				search := host.Values[float64](stored(t, quantized(t, x, []int{1, 16}, int4Rule{search: true})))
				for _, rule := range []int4Rule{{}, {coreai: true}} {
					if rule.coreai && deviation < 1e-3 {
						continue // its least scale is a bound, not a scale that would do worse
					}
					simple := host.Values[float64](stored(t, quantized(t, x, []int{1, 16}, rule)))
					for i := 0; i < len(values); i += 16 {
						a, b := squaredError(search[i:i+16], values[i:i+16]), squaredError(simple[i:i+16], values[i:i+16])
						if a > b {
							t.Fatalf("%s, deviation %g, %+v: block %d has error %g, without search %g", e, deviation, rule, i/16, a, b)
						}
					}
				}
			}
		}
	}
}

// TestInt4Gain holds the search to its gain in dB over the largest magnitude / 7.5.
func TestInt4Gain(t *testing.T) {
	for _, tt := range []struct {
		name       string
		heavy      bool
		block      int
		snr, gains float64
	}{
		{"normal, groups", false, 32, 21.7, 1.2},
		{"normal, channels", false, 1024, 19.3, 1.9},
		{"heavy tails, groups", true, 32, 18.7, 1.1},
		{"heavy tails, channels", true, 1024, 12.7, 2.5},
	} {
		x := noise(t, host.F32, tt.heavy, 0.02, 64, 1024)
		snr := func(rule int4Rule) float64 {
			q := quantized(t, x, []int{1, tt.block}, rule)
			return 10 * math.Log10(q.signal/q.noise)
		}
		got, simple := snr(int4Rule{search: true}), snr(int4Rule{coreai: true})
		if got < tt.snr || got-simple < tt.gains {
			t.Errorf("%s: %.2f dB, %.2f dB without search; expected %.2f dB and %.2f dB more", tt.name, got, simple, tt.snr, tt.gains)
		}
	}
}

// TestInt4CoreAI has the codes and scales that coreai-opt 0.3.0 gives for these rows (symmetric int4, per channel).
func TestInt4CoreAI(t *testing.T) {
	x, err := host.FromValues(host.F32, []int{3, 4}, []float32{0.75, -0.25, 0.05, -0.75, 0, 0, 0, 0, 1, 0.6, -0.2, 0.0666666})
	if err != nil {
		t.Fatal(err)
	}
	q := quantized(t, x, []int{1, 4}, int4Rule{coreai: true})
	codes := host.Values[int64](q.codes)
	if diff := cmp.Diff([]int64{7, -2, 0, -8, 0, 0, 0, 0, 7, 4, -2, 0}, codes); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float32{0.1, 0x1p-23, 1 / 7.5}, host.Values[float32](q.scales)); diff != "" {
		t.Errorf("scales (-want +got):\n%s", diff)
	}
}

func TestInt4Extremes(t *testing.T) {
	for _, e := range []host.Elem{host.F32, host.F16, host.BF16, host.F64} {
		most := 3e38
		if e == host.F16 {
			most = 65504
		}
		x := host.New(e, 4, 4)
		for i, v := range []float64{0, 0, 0, 0, most, -most, most / 2, 0, 6e-8, -6e-8, 0, 6e-8, -1, 0, 0, 0} {
			host.SetFloat(x, i, v)
		}
		for _, rule := range []int4Rule{{}, {search: true}, {coreai: true}} {
			q := quantized(t, x, []int{1, 4}, rule)
			for i, s := range host.Values[float64](q.scales) {
				if s == 0 || math.IsNaN(s) || math.IsInf(s, 0) {
					t.Errorf("%s, %+v: scale %d is %g", e, rule, i, s)
				}
			}
			for i, v := range host.Values[float64](stored(t, q)) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%s, %+v: number %d is stored as %g", e, rule, i, v)
				}
			}
		}
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			host.SetFloat(x, 5, bad)
			if _, err := quantizeInt4(context.Background(), x, []int{1, 4}, int4Rule{}); !errors.Is(err, errNotFinite) {
				t.Errorf("%s with %g: got %v", e, bad, err)
			}
		}
	}
}

func TestInt4ThreadsAndCancel(t *testing.T) {
	x := noise(t, host.F16, true, 0.1, 900, 800)
	many := quantized(t, x, []int{1, 100}, int4Rule{search: true})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := quantized(t, x, []int{1, 100}, int4Rule{search: true})
	if !bytes.Equal(many.codes.Data, one.codes.Data) || !bytes.Equal(many.scales.Data, one.scales.Data) || many.noise != one.noise {
		t.Error("the result depends on the number of threads")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := quantizeInt4(ctx, x, []int{1, 100}, int4Rule{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, expected that it was canceled", err)
	}
}
