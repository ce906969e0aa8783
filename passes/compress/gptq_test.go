package compress

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// correlated draws rows whose inputs are mixtures of a few factors, of different strengths, and some noise.
func correlated(r *rand.Rand, rows, n, factors int, noise float64) *host.Tensor {
	mix := make([]float64, factors*n)
	for i := range mix {
		mix[i] = r.NormFloat64() * math.Exp(r.NormFloat64()/2)
	}
	x := host.New(host.F32, rows, n)
	data := host.Raw[float32](x)
	for i := range rows {
		for f := range factors {
			g := r.NormFloat64()
			for k := range n {
				data[i*n+k] += float32(g * mix[f*n+k])
			}
		}
		for k := range n {
			data[i*n+k] += float32(noise * r.NormFloat64())
		}
	}
	return x
}

func normalWeight(r *rand.Rand, e host.Elem, shape ...int) *host.Tensor {
	wide := host.New(host.F64, shape...)
	for i := range host.Raw[float64](wide) {
		host.Raw[float64](wide)[i] = 0.02 * r.NormFloat64()
	}
	t := host.New(e, shape...)
	if err := host.Cast(host.Serial, t, wide); err != nil {
		panic(err)
	}
	return t
}

func inputsOf(t *testing.T, xs ...*host.Tensor) *Inputs {
	t.Helper()
	in, err := NewInputs(xs[0].Shape[len(xs[0].Shape)-1])
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range xs {
		if err := in.Add(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	return in
}

func scheme(elem host.Elem, r Range, g Granularity) Scheme {
	return Scheme{Quant: &Quant{Elem: elem, Range: r, Offset: ZeroPoint, Rule: Search, Granularity: g}}
}

// apply runs Calibrated for a weight [out, in].
func apply(t *testing.T, w *host.Tensor, s Scheme, in *Inputs, g GPTQ) (*Packed, *OutputError) {
	t.Helper()
	granularity := Granularity{Kind: PerTensor}
	if s.Quant != nil {
		granularity = s.Quant.Granularity
	} else if s.Palette != nil {
		granularity = s.Palette.Granularity
	}
	block, err := granularity.Blocks(w.Shape, []int{0}, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	p, out, err := Calibrated(t.Context(), w, s, Options{Block: block, Out: []int{0}, In: []int{1}}, in, g)
	if err != nil {
		t.Fatal(err)
	}
	return p, out
}

var (
	channel = Granularity{Kind: PerChannel, Auto: true}
	group32 = Granularity{Kind: PerBlock, Auto: true, Sizes: []int{32}}
)

// TestGPTQGains: where inputs depend on each other, the error of the outputs is far less than that of plain rounding.
func TestGPTQGains(t *testing.T) {
	for i, s := range []Scheme{
		scheme(host.I3, Symmetric, group32), scheme(host.I4, Symmetric, group32), scheme(host.I4, Symmetric, channel),
		scheme(host.I4, Clipped, group32), scheme(host.U4, Asymmetric, group32), scheme(host.F4E2M1, Symmetric, group32),
		scheme(host.I4, Symmetric, Granularity{Kind: PerTensor}), scheme(host.F8E4M3, Symmetric, channel),
		{Palette: &Palette{Bits: 4, Length: 1, Rule: Search, Granularity: Granularity{Kind: PerGroupedChannel, Auto: true, Sizes: []int{16}}}},
	} {
		if skipped(i, 8) {
			continue
		}
		for _, noise := range []float64{0.3, 3} {
			r := rand.New(rand.NewPCG(1, 2))
			w := normalWeight(r, host.F32, 96, 192)
			in := inputsOf(t, correlated(r, 600, 192, 24, noise))
			var by []float64
			for _, order := range []bool{false, true} {
				_, out := apply(t, w, s, in, GPTQ{0.01, order, true})
				by = append(by, out.Noise/out.Plain)
			}
			if by[0] > 0.7 || by[1] > 0.7 {
				t.Errorf("%s, noise %v: the error is %.2f of plain rounding's, with act-order %.2f; expected at most 0.7", s, noise, by[0], by[1])
			}
		}
	}
}

// TestGPTQNeverWorse: even of inputs that know nothing of each other.
func TestGPTQNeverWorse(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	w := normalWeight(r, host.F16, 40, 64)
	for _, rows := range []int{3, 64, 4000} {
		in := inputsOf(t, normalWeight(r, host.F32, rows, 64))
		for _, e := range []host.Elem{host.I2, host.I4, host.I8} {
			s := scheme(e, Symmetric, group32)
			_, out := apply(t, w, s, in, GPTQ{0.01, true, false})
			if out.Noise > out.Plain || out.Signal <= 0 {
				t.Errorf("%d rows, %s: %+v", rows, s, out)
			}
		}
	}
}

// TestGPTQLayouts: the input axis may come first, and a convolution has several, whose codes are stored as one.
func TestGPTQLayouts(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	w := normalWeight(r, host.BF16, 24, 36)
	in := inputsOf(t, correlated(r, 200, 36, 6, 0.5))
	s := scheme(host.I4, Symmetric, channel)
	want, _ := apply(t, w, s, in, GPTQ{0.01, true, false})
	numbers := host.Values[float32](decode(t, want, host.BF16, w.Shape))

	swapped := w.Transpose([]int{1, 0}).Clone()
	p, _, err := Calibrated(t.Context(), swapped, s, Options{Block: []int{36, 1}, Out: []int{1}, In: []int{0}}, in, GPTQ{0.01, true, false})
	if err != nil {
		t.Fatal(err)
	}
	if got := host.Values[float32](decode(t, p, host.BF16, swapped.Shape).Transpose([]int{1, 0})); !slices.Equal(got, numbers) {
		t.Error("a weight [in, out] has other numbers than [out, in]")
	}
	conv, err := w.Reshape([]int{24, 4, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	p, _, err = Calibrated(t.Context(), conv, s, Options{Block: []int{1, 4, 3, 3}, Out: []int{0}, In: []int{1, 2, 3}}, in, GPTQ{0.01, true, false})
	if err != nil {
		t.Fatal(err)
	}
	if got := host.Values[float32](decode(t, p, host.BF16, conv.Shape)); !slices.Equal(got, numbers) {
		t.Error("a convolution's weight has other numbers than the matrix of its rows")
	}
}

// TestGPTQThreads: the same bytes at any number of threads, and however the rows came.
func TestGPTQThreads(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	w := normalWeight(r, host.F32, 200, 96)
	x := correlated(r, 700, 96, 12, 1)
	in := inputsOf(t, x)
	want, stated := apply(t, w, scheme(host.I4, Symmetric, group32), in, GPTQ{0.01, true, false})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	in = inputsOf(t, x.Slice(0, 0, 1, 1), x.Slice(0, 1, 300, 1), x.Slice(0, 300, 700, 1))
	got, out := apply(t, w, scheme(host.I4, Symmetric, group32), in, GPTQ{0.01, true, false})
	if !bytes.Equal(got.Codes.Bytes(), want.Codes.Bytes()) || *out != *stated || got.Noise != want.Noise {
		t.Errorf("one thread gives other codes: %+v, %+v", out, stated)
	}
}

func TestGPTQRefusals(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	w := normalWeight(r, host.F32, 8, 32)
	nan := host.New(host.F32, 2, 32)
	host.SetFloat(nan, 3, math.NaN())
	for _, c := range []struct {
		in   *Inputs
		want string
	}{
		{inputsOf(t, host.New(host.F32, 0, 32)), "no calibration data reached it"},
		{inputsOf(t, nan), "its inputs on the calibration data hold NaN or infinity"},
		{inputsOf(t, host.New(host.F32, 9, 32)), "its inputs on the calibration data are all zero"},
		{inputsOf(t, normalWeight(r, host.F32, 9, 16)), "it has 32 inputs, and data was gathered for 16"},
	} {
		p, _, err := Calibrated(t.Context(), w, scheme(host.I4, Symmetric, group32), Options{Block: []int{1, 32}, Out: []int{0}, In: []int{1}}, c.in, GPTQ{0.01, true, false})
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Reason != c.want || p == nil {
			t.Errorf("got %v and %v, want plain rounding and %q", err, p, c.want)
		}
	}
	if _, err := NewInputs(MaxInputs + 1); err == nil {
		t.Error("room for more inputs than the most")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Calibrated(ctx, w, scheme(host.I4, Symmetric, group32), Options{Block: []int{1, 32}, Out: []int{0}, In: []int{1}}, inputsOf(t, normalWeight(r, host.F32, 9, 32)), GPTQ{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after an interruption", err)
	}
}

// TestGPTQDeadInputs: inputs that are always zero, or always equal, leave the moments singular.
func TestGPTQDeadInputs(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	w := normalWeight(r, host.F32, 16, 32)
	x := normalWeight(r, host.F32, 5, 32)
	for i, v := range host.Raw[float32](x) {
		if i%32 < 8 {
			host.Raw[float32](x)[i] = 0
		} else if i%32 == 9 {
			host.Raw[float32](x)[i] = host.Raw[float32](x)[i-1]
		}
		_ = v
	}
	if _, out := apply(t, w, scheme(host.I4, Symmetric, group32), inputsOf(t, x), GPTQ{0.01, true, false}); out.Noise > out.Plain/2 {
		t.Errorf("five rows leave much freedom: %+v", out)
	}
}

// TestGPTQShrink: on inputs that know nothing of each other, a few rows of data do not make the outputs of other data worse
// than plain rounding does; without shrinking they do.
func TestGPTQShrink(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	w := normalWeight(r, host.F32, 48, 96)
	s := scheme(host.I4, Symmetric, group32)
	in, other := inputsOf(t, normalWeight(r, host.F32, 40, 96)), normalWeight(r, host.F32, 2000, 96)
	plain, err := Apply(t.Context(), w, s, Options{Block: blocksOf(t, s, w), Out: []int{0}, In: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	var errs []float64
	for _, shrink := range []bool{false, true} {
		p, _ := apply(t, w, s, in, GPTQ{0.01, true, shrink})
		errs = append(errs, outputError(other, w, host.Values[float64](decode(t, p, host.F32, w.Shape))))
	}
	nearest := outputError(other, w, host.Values[float64](decode(t, plain, host.F32, w.Shape)))
	if errs[0] < 1.2*nearest || errs[1] > 1.02*nearest {
		t.Errorf("the error on other data is %.3f of plain rounding's, with shrinking %.3f", errs[0]/nearest, errs[1]/nearest)
	}
}

func TestCholesky(t *testing.T) {
	const n = 150
	x := correlated(rand.New(rand.NewPCG(15, 16)), 300, n, 20, 1)
	h := dampedMoments(x, 0.01)
	a := host.New(host.F64, n, n)
	for i := range h {
		copy(host.Raw[float64](a)[i*n:], h[i])
	}
	want, _, err := host.Cholesky(host.Serial, a, false, true)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := cholesky(t.Context(), a); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for i, v := range host.Raw[float64](a) {
		if math.Abs(v-host.Raw[float64](want)[i]) > 1e-9 {
			t.Fatalf("element %d is %v, want %v", i, v, host.Raw[float64](want)[i])
		}
	}
	host.Raw[float64](a)[(n-1)*(n+1)] = -1
	if ok, _ := cholesky(t.Context(), a); ok {
		t.Error("factored a matrix that is not positive definite")
	}
}

func TestTableRounder(t *testing.T) {
	table, err := host.FromValues(host.F32, []int{2, 1, 4, 1}, []float32{3, -1, 0.5, 0, 8, 8, -8, 1})
	if err != nil {
		t.Fatal(err)
	}
	b := tablesOf(&Packed{Table: table})
	for _, c := range []struct {
		block          int
		x, code, value float32
	}{{0, 100, 0, 3}, {0, -9, 1, -1}, {0, 0.2, 3, 0}, {0, 0.3, 2, 0.5}, {0, 1.75, 2, 0.5}, {1, 4, 3, 1}, {1, 7, 0, 8}, {1, -3.6, 2, -8}} {
		code, value := b.nearest(c.block, c.x)
		if code != c.code || value != c.value || b.value(c.block, code) != value {
			t.Errorf("%v in table %d: got code %v of %v, want %v of %v", c.x, c.block, code, value, c.code, c.value)
		}
	}
}
