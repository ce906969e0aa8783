package compare_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/metric"
)

// program reads a text and makes calls of its functions, with a counting tensor of the shape for each input.
func program(t *testing.T, text string, shape []int, functions ...string) *compare.Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.air")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := aiopt.Standard().Load(path, aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := &compare.Program{Module: m, Backend: interp.Backend{}, Title: "m.air"}
	for k, f := range functions {
		c := pass.Call{Func: f}
		for range backend.SignatureOf(m.Func(f)).Inputs {
			x := host.New(host.F32, shape...)
			for i := range x.Len() {
				host.SetFloat(x, i, float64(i-2)+0.5*float64(k))
			}
			c.In = append(c.In, x)
		}
		p.Calls = append(p.Calls, c)
	}
	if err := p.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// run compares two texts and describes the points, each with its PSNR, and what has none.
func run(t *testing.T, tested, reference compare.Side, opt compare.Options) (*compare.Report, []string) {
	t.Helper()
	r, err := compare.Run(t.Context(), tested, reference, opt)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range r.Points {
		lines = append(lines, fmt.Sprintf("%s %s", p.Describe(), r.Metric.Text(p.Scores)))
	}
	for _, u := range r.Unmatched {
		lines = append(lines, u.Name+": "+u.Reason)
	}
	return r, lines
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("found\n  %s\nexpected\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

const plain = `air 1
module @m {
  func @main(%x: tensor<2x3xf32> is "x") -> (%y: tensor<2x3xf32>) {
    %a = tensor.exp(%x) : tensor<2x3xf32> is "exp"
    %v = tensor.reshape(%a) : tensor<6xf32> is "view"
    %w = core.constant() {value = 2.0} : tensor<f32> is "p_w"
    %b = tensor.mul(%a, %w) : tensor<2x3xf32> is "mul"
    %c = tensor.neg(%b) : tensor<2x3xf32> is "neg"
    core.return(%c)
  }
}
`

// TestTransforms: the tested side is permuted, in f16 and in kernels, has lost a tensor and makes an error in another one.
func TestTransforms(t *testing.T) {
	const changed = `air 1
module @m {
  func @main(%x: tensor<2x3xf32> is "x") -> (%y: tensor<2x3xf32>) {
    %p = tensor.transpose(%x) {perm = [1, 0]} : tensor<3x2xf32>
    %h = tensor.cast(%p) : tensor<3x2xf16>
    %a = tensor.exp(%h) : tensor<3x2xf16> approx "exp" perm [1, 0] cast f32
    %k = core.kernel(%a) : tensor<3x2xf16>
      do(%v: tensor<3x2xf16>) {
        %w = core.constant() {value = 2.5} : tensor<f16> approx "p_w" cast f32
        %b = tensor.mul(%v, %w) : tensor<3x2xf16> approx "mul" perm [1, 0] cast f32
        core.return(%b)
      }
    %q = tensor.transpose(%k) {perm = [1, 0]} : tensor<2x3xf16>
    %y = tensor.cast(%q) : tensor<2x3xf32>
    core.return(%y)
  }
  lost "neg" by canonicalize into @main %y
}
`
	a, b := program(t, changed, []int{2, 3}, "main"), program(t, plain, []int{2, 3}, "main")
	r, got := run(t, a, b, compare.Options{})
	same(t, got, "exp 76.2 dB", "mul 19.2 dB", "neg 0.1 dB")
	if r.Preset.Name != "fp16" || r.Points[1].Verdict != metric.Red || r.Points[1].Tested.Kernel != "%k" || r.Points[2].Tier != compare.ByOutput {
		t.Errorf("found the preset %s and %+v", r.Preset.Name, r.Points)
	}
	if err := compare.LocalErrors(t.Context(), a, b, r, []int{0, 1, 2}, compare.Options{}); err != nil {
		t.Fatal(err)
	}
	var alone []string
	for _, p := range r.Points {
		alone = append(alone, fmt.Sprintf("%s %s %v %s", p.Name, r.Metric.Format(r.Metric.Of(p.Local.Scores)), p.Local.Guilty, strings.Join(p.Local.Ops, " ")))
	}
	same(t, alone,
		"exp 76.2 dB false tensor.transpose tensor.cast tensor.exp",
		"mul 19.2 dB true core.constant tensor.mul",
		"neg 1.1 dB true tensor.transpose tensor.cast")

	kl, err := metric.Find("kl")
	if err != nil {
		t.Fatal(err)
	}
	r, _ = run(t, a, b, compare.Options{Metric: kl})
	if err := compare.LocalErrors(t.Context(), a, b, r, []int{1}, compare.Options{Metric: kl}); err != nil {
		t.Fatal(err)
	}
	if l := r.Points[1].Local; l.Verdict == metric.Undefined {
		t.Errorf("with KL, mul alone is %v: %+v", l.Verdict, l)
	}
}

// TestLoop compares every turn.
func TestLoop(t *testing.T) {
	loop := func(step string) string {
		return `air 1
module @m {
  func @main(%x: tensor<3xf32>) -> (%y: tensor<3xf32>) {
    %n = core.constant() {value = 0} : tensor<i64>
    %last, %y = core.while(%n, %x) {carried = 2} : tensor<i64>, tensor<3xf32>
      cond(%i: tensor<i64>, %v: tensor<3xf32>) {
        %four = core.constant() {value = 4} : tensor<i64>
        %go = tensor.lt(%i, %four) : tensor<bool> is "cond/lt"
        core.return(%go)
      }
      do(%i: tensor<i64>, %v: tensor<3xf32>) {
        %one = core.constant() {value = 1} : tensor<i64>
        %j = tensor.add(%i, %one) : tensor<i64> is "body/add"
        %step = core.constant() {value = ` + step + `} : tensor<f32>
        %w = tensor.add(%v, %step) : tensor<3xf32> is "body/add_1"
        core.return(%j, %w)
      }
    core.return(%y)
  }
}
`
	}
	a, b := program(t, loop("1.25"), []int{3}, "main"), program(t, loop("1.0"), []int{3}, "main")
	r, got := run(t, a, b, compare.Options{Metric: metricOf(t, "max-abs")})
	same(t, got, "cond/lt, turn 1 of 5 0", "body/add, turn 1 of 4 0", "body/add_1, turn 4 of 4 1", "y 1")
	if err := compare.LocalErrors(t.Context(), a, b, r, []int{2}, compare.Options{}); err != nil || r.Points[2].Local.Problem != "it is computed in a loop" {
		t.Errorf("found %+v, %v", r.Points[2].Local, err)
	}
}

func metricOf(t *testing.T, name string) metric.Metric {
	t.Helper()
	m, err := metric.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const sized = `air 1
module @m {
  state @seen : tensor<3xf32> = zero
  func @main(%x: tensor<[S]x3xf32>, state @seen %seen: tensor<3xf32>) -> (%y: tensor<[S]x3xf32>, update @seen: tensor<3xf32>) {
    dim S in 1..64
    %a = tensor.add(%x, %seen) : tensor<[S]x3xf32> is "add"
    %s = tensor.sum(%a) {axes = [0]} : tensor<3xf32> is "sum"
    %b = tensor.STEP(%a) : tensor<[S]x3xf32> is "step"
    core.return(%b, %s)
  }
}
`

// TestCalls: states go from call to call on both sides, and single operations run with the sizes of their call.
func TestCalls(t *testing.T) {
	a := program(t, strings.Replace(sized, "STEP", "sin", 1), []int{4, 3}, "main", "main")
	b := program(t, strings.Replace(sized, "STEP", "tanh", 1), []int{4, 3}, "main", "main")
	r, got := run(t, a, b, compare.Options{})
	same(t, got, "add exact", "sum exact", "step 0.9 dB", "s1.add exact", "s1.sum exact", "s1.step -1.6 dB")
	if err := compare.LocalErrors(t.Context(), a, b, r, []int{2, 3, 5}, compare.Options{}); err != nil {
		t.Fatal(err)
	}
	if l := r.Points[2].Local; l.Scores == nil || !l.Guilty {
		t.Errorf("found %+v", l)
	}
	if l := r.Points[3].Local; l.Problem != "it takes the parameter seen, which the reference does not show" {
		t.Errorf("found %+v", l)
	}
	if l := r.Points[5].Local; l.Scores == nil || !l.Guilty {
		t.Errorf("found %+v", l)
	}
}

// TestReportForms writes a report in its three forms.
func TestReportForms(t *testing.T) {
	a, b := program(t, strings.Replace(plain, "2.0", "2.01", 1), []int{2, 3}, "main"), program(t, plain, []int{2, 3}, "main")
	r, _ := run(t, a, b, compare.Options{})
	var table, page, data bytes.Buffer
	for _, err := range []error{r.WriteTable(&table, compare.TableOptions{Order: compare.ModuleOrder, Top: 2}), r.WriteHTML(&page), r.WriteJSON(&data)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const want = `tested:    m.air
reference: m.air
limits:    fp32, PSNR: green from 70.0 dB, red beyond 60.0 dB

       PSNR      SNR  max |t-r|  what
(the root module)
  ■ 53.2 dB  46.0 dB      0.201  mul
  ■ 53.2 dB  46.0 dB      0.201  neg
and 1 point more; --top=0 shows all

3 points: 1 ● green, 2 ■ red; worst: mul, 53.2 dB
first red:       mul, 53.2 dB
makes the error: --local tells which operations make it and which inherit it
worst modules:   (the root module) 53.2 dB (2 of 3 red)
`
	if table.String() != want {
		t.Errorf("found\n%s\nexpected\n%s", &table, want)
	}
	for _, part := range []string{"<td title=\"red\">■</td>", "default-src &#39;none&#39;", "53.2 dB", `aria-label="PSNR of each point`} {
		if !strings.Contains(page.String(), part) {
			t.Errorf("the page has no %s", part)
		}
	}
	for _, outside := range []string{"http://", "https://", "src=", "href=", "url("} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page has %s", outside)
		}
	}
	var read struct {
		Metric  string
		Summary map[string]int
		Points  []struct {
			Name, Verdict string
			Scores        map[string]any
		}
	}
	if err := json.Unmarshal(data.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if read.Metric != "psnr" || read.Summary["red"] != 2 || read.Points[0].Scores["psnr"] != "inf" || read.Points[1].Verdict != "red" {
		t.Errorf("found %+v", read)
	}
}

// TestSuspects: beside what loses the most, the worst points are run alone, whatever they have inherited.
func TestSuspects(t *testing.T) {
	const text = `air 1
module @m {
  func @main(%x: tensor<2x3xf32> is "x") -> (%y: tensor<2x3xf32>) {
    %w = core.constant() {value = 2.0} : tensor<f32> is "p_w"
    %a = tensor.mul(%x, %w) : tensor<2x3xf32> is "mul"
    %b = tensor.sub(%a, %x) : tensor<2x3xf32> is "sub"
    %c = tensor.exp(%x) : tensor<2x3xf32> is "exp"
    core.return(%b)
  }
}
`
	a, b := program(t, strings.Replace(text, "2.0", "2.5", 1), []int{2, 3}, "main"), program(t, text, []int{2, 3}, "main")
	r, _ := run(t, a, b, compare.Options{})
	for n, want := range map[int][]int{0: nil, 1: {0, 1}, 2: {0, 1}, -1: {0, 1}} {
		got, err := compare.Suspects(a, r, n)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d: found %v, %v, expected %v", n, got, err, want)
		}
	}
}
