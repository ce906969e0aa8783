package calibrate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

func tensor(t *testing.T, e host.Elem, shape []int, xs ...float64) *host.Tensor {
	t.Helper()
	x, err := host.FromValues(e, shape, xs)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func observe(t *testing.T, name string, axis int, o Options, batches ...*host.Tensor) []Range {
	t.Helper()
	s := Find(name).Start(axis)
	for _, b := range batches {
		if err := s.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	return s.Ranges(o)
}

func TestParams(t *testing.T) {
	i8, u8, e4m3 := Codes{Elem: host.I8}, Codes{Elem: host.U8, Asymmetric: true}, Codes{Elem: host.F8E4M3}
	for _, c := range []struct {
		codes Codes
		r     Range
		scale float32
		zero  int
	}{
		{i8, Range{-127, 1}, 1, 0},
		{i8, Range{0, 254}, 2, 0},
		{i8, Range{}, 1, 0},
		{u8, Range{0, 255}, 1, 0},
		{u8, Range{-255, 0}, 1, 255},
		{u8, Range{-1, 1}, 2. / 255, 127},
		{u8, Range{}, 1, 0},
		{Codes{Elem: host.I8, Asymmetric: true}, Range{0, 255}, 1, -128},
		{e4m3, Range{-448, 3}, 1, 0},
		{i8, Range{0, 1e-44}, 0x1p-126, 0},
		{i8, Range{0, 1e308}, math.MaxFloat32, 0},
		{Codes{Elem: host.I8, Clipped: true}, Range{-127, 1}, 1, 0},
		{Codes{Elem: host.U8}, Range{-127, 1}, 1, 128},
		{Codes{Elem: host.I8, CoreAI: true}, Range{-127.5, 1}, 1, 0},
		{Codes{Elem: host.I8, CoreAI: true, Clipped: true}, Range{-127, 1}, 1, 0},
		{Codes{Elem: host.U8, CoreAI: true, Clipped: true}, Range{-127.5, 1}, 1, 128},
		{Codes{Elem: host.I8, CoreAI: true}, Range{}, 0x1p-23, 0},
		{Codes{Elem: host.F8E4M3, CoreAI: true}, Range{-448, 3}, 1, 0},
	} {
		if scale, zero := c.codes.Params(c.r); scale != c.scale || zero != c.zero {
			t.Errorf("%s of %v: found the scale %v and the zero point %d, expected %v and %d", c.codes, c.r, scale, zero, c.scale, c.zero)
		}
	}
}

// TestRound holds what an observer believes of codes to what the operations do.
func TestRound(t *testing.T) {
	xs := []float64{-300, -1.5, -0.5, 0, 0.25, 0.5, 2.5, 77.7, 1e9}
	for _, c := range []Codes{{Elem: host.I8}, {Elem: host.U8, Asymmetric: true}, {Elem: host.I4}, {Elem: host.F8E4M3},
		{Elem: host.U8}, {Elem: host.I8, Clipped: true}, {Elem: host.U4, Clipped: true}, {Elem: host.I8, CoreAI: true}} {
		scale, zero := c.Params(Range{-3, 80})
		x, s := tensor(t, host.F32, []int{len(xs)}, xs...), tensor(t, host.F32, []int{1}, float64(scale))
		var z *host.Tensor
		if c.HasZero() {
			z = tensor(t, c.Elem, []int{1}, float64(zero))
		}
		codes, back := host.New(c.Elem, len(xs)), host.New(host.F32, len(xs))
		least, _, most := c.Bounds()
		if err := host.Quantize(host.Serial, codes, x, s, z, nil, least, most); err != nil {
			t.Fatal(err)
		}
		if err := host.Dequantize(host.Serial, back, codes, s, z, nil); err != nil {
			t.Fatal(err)
		}
		for i, want := range host.Values[float64](back) {
			if got := c.round(xs, scale, zero)[i]; math.Abs(got-want) > 1e-6*math.Abs(want) {
				t.Errorf("%s: %v becomes %v, expected %v", c, xs[i], got, want)
			}
		}
	}
}

func TestRanges(t *testing.T) {
	line := make([]float64, 1001)
	for i := range line {
		line[i] = float64(i) - 500
	}
	six := 6.0
	for _, c := range []struct {
		name    string
		axis    int
		o       Options
		batches []*host.Tensor
		want    []Range
		slack   float64
	}{
		{"minmax", PerTensor, Options{}, []*host.Tensor{tensor(t, host.F32, []int{2}, 1, 2), tensor(t, host.F32, []int{1}, -3)}, []Range{{-3, 2}}, 0},
		{"last", PerTensor, Options{}, []*host.Tensor{tensor(t, host.F32, []int{2}, 1, 2), tensor(t, host.F32, []int{1}, -3)}, []Range{{-3, 0}}, 0},
		{"minmax", PerTensor, Options{High: &six}, []*host.Tensor{tensor(t, host.F32, []int{2}, -1, 9)}, []Range{{-1, 6}}, 0},
		{"minmax", PerTensor, Options{}, []*host.Tensor{tensor(t, host.F16, []int{2}, 1, math.Inf(1))}, []Range{{0, 1}}, 0},
		{"minmax", 1, Options{}, []*host.Tensor{tensor(t, host.F32, []int{2, 2, 2}, 1, 2, 3, 4, -5, 6, 7, 8)}, []Range{{-5, 6}, {0, 8}}, 0},
		{"minmax", 0, Options{}, []*host.Tensor{tensor(t, host.F32, []int{2, 2}, 1, 2, 3, 4)}, []Range{{0, 2}, {0, 4}}, 0},
		{"moving", PerTensor, Options{}, []*host.Tensor{tensor(t, host.F32, []int{1}, 2), tensor(t, host.F32, []int{1}, 3), tensor(t, host.F32, []int{1}, -1)},
			[]Range{{-0.01, 2 + 0.01*1 - 0.01*2.01}}, 1e-12},
		{"percentile", PerTensor, Options{Percentile: 90}, []*host.Tensor{tensor(t, host.F32, []int{1001}, line...)}, []Range{{-450, 450}}, 1},
		{"percentile", PerTensor, Options{Percentile: 100}, []*host.Tensor{tensor(t, host.F32, []int{1001}, line...)}, []Range{{-500, 500}}, 0},
		{"percentile", PerTensor, Options{Percentile: 60}, []*host.Tensor{tensor(t, host.F32, []int{4}, 0, 0, 0, 9)}, []Range{{0, 9}}, 0},
		{"percentile", PerTensor, Options{Percentile: 50}, []*host.Tensor{tensor(t, host.F32, []int{4}, 0, 0, 0, 9)}, []Range{{0, 0}}, 0},
		{"percentile", 1, Options{Percentile: 100}, []*host.Tensor{tensor(t, host.F32, []int{2, 2}, 0, -4, 0, 2)}, []Range{{0, 0}, {-4, 2}}, 0},
		{"mse", PerTensor, Options{Codes: Codes{Elem: host.I8}}, []*host.Tensor{tensor(t, host.F32, []int{3}, 0, 0, 0)}, []Range{{0, 0}}, 0},
	} {
		got := observe(t, c.name, c.axis, c.o, c.batches...)
		if len(got) != len(c.want) {
			t.Fatalf("%s: found %v, expected %v", c.name, got, c.want)
		}
		for i, w := range c.want {
			if math.Abs(got[i].Low-w.Low) > c.slack || math.Abs(got[i].High-w.High) > c.slack {
				t.Errorf("%s along %d: found %v, expected %v", c.name, c.axis, got, c.want)
			}
		}
	}
}

// TestLeastError: few codes for many small numbers and a few large ones are better spent on the small ones.
func TestLeastError(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, 1<<14)
	for i := range xs {
		xs[i] = r.NormFloat64()
	}
	xs[7], xs[70] = 14, -9
	for _, codes := range []Codes{{Elem: host.I4}, {Elem: host.U4, Asymmetric: true}, {Elem: host.I8}, {Elem: host.F8E4M3}} {
		mse := func(name string) float64 {
			got := observe(t, name, PerTensor, Options{Codes: codes}, tensor(t, host.F64, []int{len(xs)}, xs...))[0]
			scale, zero := codes.Params(got)
			sum := 0.0
			for i, y := range codes.round(xs, scale, zero) {
				sum += (y - xs[i]) * (y - xs[i])
			}
			return sum
		}
		wide, found := mse("minmax"), mse("mse")
		if factor := map[host.Elem]float64{host.I4: 4, host.U4: 4, host.I8: 1, host.F8E4M3: 0.99}[codes.Elem]; found*factor > wide {
			t.Errorf("%s: the squared error is %.4g, from least to greatest it is %.4g", codes, found, wide)
		}
	}
}

// TestLoss holds the estimate from bins to the numbers themselves.
func TestLoss(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	xs := make([]float64, 1<<14)
	for i := range xs {
		xs[i] = r.ExpFloat64() - 0.3
	}
	for _, codes := range []Codes{{Elem: host.I8}, {Elem: host.U8, Asymmetric: true}, {Elem: host.F8E4M3}} {
		s := Find("minmax").Start(PerTensor)
		if err := s.Add(tensor(t, host.F32, []int{len(xs)}, xs...)); err != nil {
			t.Fatal(err)
		}
		o := Options{Codes: codes}
		signal, noise := s.Loss(o)
		scale, zero := codes.Params(s.Ranges(o)[0])
		wantSignal, wantNoise := 0.0, 0.0
		for i, y := range codes.round(xs, scale, zero) {
			wantSignal += xs[i] * xs[i]
			wantNoise += (y - xs[i]) * (y - xs[i])
		}
		if got, want := 10*math.Log10(signal/noise), 10*math.Log10(wantSignal/wantNoise); math.Abs(got-want) > 0.2 {
			t.Errorf("%s: %.2f dB are estimated, found %.2f dB", codes, got, want)
		}
	}
}

// TestOrder: what is counted does not depend on the order in which it comes, though ranges grow on the way.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var batches []*host.Tensor
	for k := range 6 {
		xs := make([]float64, 100)
		for i := range xs {
			xs[i] = r.NormFloat64() * math.Pow(10, float64(k-3))
		}
		batches = append(batches, tensor(t, host.F32, []int{10, 10}, xs...))
	}
	back := slices.Clone(batches)
	slices.Reverse(back)
	o := Options{Codes: Codes{Elem: host.U8, Asymmetric: true}, Percentile: 99}
	for _, name := range []string{"minmax", "percentile", "mse"} {
		for _, axis := range []int{PerTensor, 1} {
			if a, b := observe(t, name, axis, o, batches...), observe(t, name, axis, o, back...); !slices.Equal(a, b) {
				t.Errorf("%s along %d: found %v, and in the other order %v", name, axis, a, b)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	s := Find("minmax").Start(1)
	if err := s.Add(tensor(t, host.F32, []int{2, 2}, 1, 2, 3, 4)); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(tensor(t, host.F32, []int{1, 3}, 1, 2, 3)); err == nil {
		t.Error("another number of channels is accepted")
	}
	if err := s.Add(tensor(t, host.F32, []int{1}, 1)); err == nil {
		t.Error("a tensor without the axis is accepted")
	}
	if err := s.Add(tensor(t, host.F32, []int{0, 2})); err != nil || s.Batches() != 1 {
		t.Errorf("an empty tensor: error %v, %d batches", err, s.Batches())
	}
	if err := s.Add(tensor(t, host.F32, []int{1, 2}, math.NaN(), 1)); err != nil || s.NotFinite() != 1 {
		t.Errorf("NaN: error %v, %d not finite", err, s.NotFinite())
	}
	if Find("median") != nil {
		t.Error("there is an observer median")
	}
}
