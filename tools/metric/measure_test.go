package metric

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// storedTensor is a tensor of testdata/torch.json.
type storedTensor struct {
	Elem  string
	Shape []int
	Data  string
}

func (s storedTensor) tensor(t *testing.T, perm []int) *host.Tensor {
	t.Helper()
	e, ok := host.ParseElem(s.Elem)
	data, err := hex.DecodeString(s.Data)
	if !ok || err != nil {
		t.Fatal(s.Elem, err)
	}
	x, err := host.FromBytes(e, s.Shape, data)
	if err != nil {
		t.Fatal(err)
	}
	if perm != nil {
		return x.Transpose(perm)
	}
	return x
}

// TestAgainstTorch holds every metric to what PyTorch and NumPy compute; tests/metrics.py made the file.
func TestAgainstTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name              string
			Tested, Reference storedTensor
			Perm              []int
			Rows              string
			Want              map[string]any
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 25 {
		t.Fatalf("found %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			opt := Options{Rows: map[string]Distribution{"logits": Logits, "probabilities": Probabilities}[c.Rows]}
			s, err := Measure(c.Tested.tensor(t, c.Perm), c.Reference.tensor(t, c.Perm), opt)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range c.Want {
				m, err := Find(name)
				if err != nil {
					t.Fatal(err)
				}
				if got := m.Of(s); !near(got, numberOf(want)) {
					t.Errorf("%s is %v, expected %v", name, got, want)
				}
			}
		})
	}
}

func numberOf(v any) float64 {
	switch v {
	case "inf":
		return math.Inf(1)
	case "-inf":
		return math.Inf(-1)
	case nil:
		return math.NaN()
	}
	return v.(float64)
}

func near(got, want float64) bool {
	if math.IsNaN(want) || math.IsInf(want, 0) {
		return got == want || math.IsNaN(got) && math.IsNaN(want)
	}
	return math.Abs(got-want) <= 1e-9*max(1, math.Abs(want))
}

func f32(values ...float64) *host.Tensor {
	x := host.New(host.F32, len(values))
	for i, v := range values {
		host.SetFloat(x, i, v)
	}
	return x
}

func TestPlaces(t *testing.T) {
	two := func(x *host.Tensor) *host.Tensor {
		x, err := x.Reshape([]int{2, 3})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	s, err := Measure(two(f32(1, 2, 3, 9, 5, math.NaN())), two(f32(1, 2, 4, 4, 5, 6)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"max_abs_at":[1,0]`, `"max-abs":5`, `"nonfinite":1`, `"nonfinite_at":[1,2]`, `"nonfinite_tested":1`, `"differing":3`, `"kl":null`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("found %s, expected %s", text, want)
		}
	}
}

func TestShapes(t *testing.T) {
	_, err := Measure(f32(1), f32(1, 2), Options{})
	var mismatch *Mismatch
	if !errors.As(err, &mismatch) || err.Error() != "not comparable: the tested tensor has the shape [1], the reference [2]" {
		t.Errorf("found %v", err)
	}
}

// TestExpanded: an expanded tensor repeats its elements by strides of 0.
func TestExpanded(t *testing.T) {
	wide, err := f32(1, 2).Expand([]int{3, 2})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Measure(wide, wide.Clone(), Options{Rows: Logits})
	if err != nil || !s.Exact() || s.Finite != 6 || s.Rows.KL != 0 {
		t.Errorf("found %+v, %v", s, err)
	}
}

func TestJudge(t *testing.T) {
	w4, err := FindPreset("w4")
	if err != nil {
		t.Fatal(err)
	}
	whole := func(v ...int64) *host.Tensor {
		x, err := host.FromValues(host.I64, []int{len(v)}, v)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	noise := func(part float64) *host.Tensor { return f32(1+part, -1+part, 1-part, -1-part) } // of the reference, the relative error
	r := f32(1, -1, 1, -1)
	for _, c := range []struct {
		name              string
		tested, reference *host.Tensor
		metric            string
		want              Verdict
	}{
		{"equal", r, r, "psnr", Green},
		{"3 %", noise(0.03), r, "psnr", Green},
		{"9 %", noise(0.09), r, "psnr", Yellow},
		{"20 %", noise(0.2), r, "psnr", Red},
		{"40 %", noise(0.4), r, "psnr", Destroyed},
		{"an infinity", f32(1, math.Inf(1), 1, -1), r, "psnr", Red},
		{"equal infinities", f32(1, math.Inf(1)), f32(1, math.Inf(1)), "psnr", Green},
		{"reference is zero", r, f32(0, 0, 0, 0), "psnr", Destroyed},
		{"no distribution", r, r, "kl", Undefined},
		{"equal integers", whole(1, 2), whole(1, 2), "psnr", Green},
		{"other integers", whole(1, 3), whole(1, 2), "psnr", Red},
		{"integers by another metric", whole(1, 3), whole(1, 2), "kl", Red},
		{"max", noise(0.1), r, "max-abs", Green}, // 10 % is a PSNR of 33.5 dB for normally distributed elements
		{"max", noise(0.2), r, "max-abs", Yellow},
		{"relative", noise(0.16), r, "rel-l2", Yellow},
		{"cosine", noise(0.16), r, "cosine", Yellow},
		{"snr", noise(0.16), r, "snr", Yellow},
	} {
		s, err := Measure(c.tested, c.reference, Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := Find(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		if got := w4.Judge(s, m); got != c.want {
			t.Errorf("%s by %s: found %s, expected %s", c.name, c.metric, got, c.want)
		}
	}
}

// TestLimits: a tensor of the normal distribution has one verdict by all metrics that need no rows.
func TestLimits(t *testing.T) {
	for _, p := range Presets() {
		for _, m := range Metrics() {
			green, red, gone := p.Limits(m)
			if m.Name != "nonfinite" && (m.Worse(red, green) >= 0 || m.Worse(gone, red) >= 0) {
				t.Errorf("%s, %s: green %v, red %v, destroyed %v are not in order", p.Name, m.Name, green, red, gone)
			}
			if m.Name == "psnr" && (green != p.Green || red != p.Red) {
				t.Errorf("%s: found the limits %v and %v", p.Name, green, red)
			}
		}
	}
}

func TestPeaky(t *testing.T) {
	r, x := make([]float64, 5000), make([]float64, 5000)
	for i := range r {
		r[i], x[i] = 1, 1.3
	}
	if s, err := Measure(f32(x...), f32(r...), Options{}); err != nil || s.Peaky() {
		t.Error("level elements are peaky", err)
	}
	r[7], x[7] = 1000, 1000
	if s, err := Measure(f32(x...), f32(r...), Options{}); err != nil || !s.Peaky() || s.psnr() < 60 || s.SNR() > 40 {
		t.Error("one large element is not peaky", err)
	}
}

// TestHidden: elements of 1 are off by the error, and one of this height, which is the peak, by nothing.
func TestHidden(t *testing.T) {
	for _, c := range []struct {
		name          string
		height, error float64
		metric        string
		want          Verdict
	}{
		{"level", 1, 0.03, "psnr", Green}, // 30.5 dB both
		{"a large element", 30, 0.03, "psnr", Green},
		{"a large element hides an error", 30, 0.3, "psnr", Yellow}, // PSNR 40.0 dB, SNR 11.2 dB
		{"for Apple's PSNR, too", 30, 0.3, "psnr-apple", Yellow},
		{"seen by the SNR itself", 30, 0.3, "snr", Yellow},
		{"so large that PSNRs say nothing", 1000, 30, "psnr", Yellow}, // 30.5 dB and -6.5 dB
		{"red stays red", 1000, 400, "psnr", Destroyed},               // 8.0 dB
	} {
		r, x := make([]float64, 5000), make([]float64, 5000)
		for i := range r {
			r[i], x[i] = 1, 1+c.error
		}
		r[7], x[7] = c.height, c.height
		s, err := Measure(f32(x...), f32(r...), Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := Find(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		w4, err := FindPreset("w4")
		if err != nil {
			t.Fatal(err)
		}
		if got := w4.Judge(s, m); got != c.want {
			t.Errorf("%s: found %v, expected %v: PSNR %.1f, SNR %.1f", c.name, got, c.want, s.psnr(), s.SNR())
		}
	}
}

// TestNonFiniteJSON: a script that reads a metric finds no good number where elements are finite on one side only.
func TestNonFiniteJSON(t *testing.T) {
	for _, c := range []struct {
		tested *host.Tensor
		want   map[string]any
		finite any
	}{
		{f32(1, math.NaN()), map[string]any{"psnr": nil, "snr": nil, "rel-l2": nil, "nonfinite": 1.0, "mismatches": 0.5}, "inf"},
		{f32(1, 2), map[string]any{"psnr": "inf", "rel-l2": 0.0, "nonfinite": 0.0}, nil},
	} {
		s, err := Measure(c.tested, f32(1, 2), Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for name, want := range c.want {
			if x, there := got[name]; x != want || !there {
				t.Errorf("%s: found %v, expected %v", name, x, want)
			}
		}
		ofFinite, _ := got["of_finite"].(map[string]any)
		if ofFinite["psnr"] != c.finite {
			t.Errorf("of the finite elements: found %v, expected %v", ofFinite["psnr"], c.finite)
		}
	}
}

func TestWorse(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		metric string
		a, b   float64
		want   int
	}{{"psnr", 10, 20, -1}, {"psnr", inf, 20, 1}, {"psnr", -inf, inf, -1}, {"psnr", nan, 3, 1}, {"psnr", nan, nan, 0}, {"rel-l2", 0.2, 0.1, -1}, {"rel-l2", 0, nan, -1}} {
		m, err := Find(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Worse(c.a, c.b); got != c.want {
			t.Errorf("%s: %v and %v: found %d, expected %d", c.metric, c.a, c.b, got, c.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		metric string
		x      float64
		want   string
	}{{"psnr", 31.26, "31.3 dB"}, {"psnr", math.Inf(1), "+Inf dB"}, {"psnr", math.Inf(-1), "-Inf dB"}, {"kl", math.NaN(), "–"}, {"cosine", 0.99, "0.990000"}, {"max-abs", 0.00012345, "0.000123"}} {
		m, err := Find(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Format(c.x); got != c.want {
			t.Errorf("%s: found %q, expected %q", c.metric, got, c.want)
		}
	}
	for _, c := range []struct {
		metric            string
		tested, reference *host.Tensor
		want              string
	}{
		{"psnr", f32(1, 2), f32(1, 2), "exact"},
		{"psnr", f32(1, math.NaN()), f32(1, math.NaN()), "exact"},
		{"psnr", f32(1, math.NaN()), f32(1, 2), "non-finite"},
		{"nonfinite", f32(1, math.NaN()), f32(1, 2), "1"},
		{"mismatches", f32(1, math.NaN()), f32(1, 2), "0.5"},
		{"rel-l2", f32(1, 2), f32(1, 2), "0"},
	} {
		m, err := Find(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Measure(c.tested, c.reference, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Text(s); got != c.want {
			t.Errorf("%s of %v and %v: found %q, expected %q", c.metric, c.tested, c.reference, got, c.want)
		}
	}
	if _, err := Find("psmr"); err == nil || !strings.Contains(err.Error(), "there is psnr, snr") {
		t.Errorf("found %v", err)
	}
}

func BenchmarkMeasure(b *testing.B) {
	x := host.New(host.F32, 1<<20)
	y := host.New(host.F32, 1<<20)
	for i := range x.Len() {
		host.SetFloat(x, i, float64(i%97))
		host.SetFloat(y, i, float64(i%97)+0.01)
	}
	for _, rows := range []Distribution{None, Logits} {
		b.Run([]string{"plain", "logits"}[rows], func(b *testing.B) {
			b.SetBytes(8 << 20)
			for b.Loop() {
				if _, err := Measure(x, y, Options{Rows: rows}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
