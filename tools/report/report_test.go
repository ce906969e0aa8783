package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// stored is a scheme that is no more than its text.
type stored string

func (s stored) String() string { return string(s) }

// sample is a model of n layers in which one broke, one is exact, some are refused and one is ignored.
func sample(n int) []pass.Compressed {
	var list []pass.Compressed
	for i := range n {
		path := fmt.Sprintf("encoder.layers.%d.mlp.%s", i/4, []string{"q_proj", "k_proj", "fc1", "fc2"}[i%4])
		c := pass.Compressed{
			Pass: "w4{group=32}", Tensor: path + ".weight", Modules: []string{path}, Op: "nn.linear", Elem: host.F32,
			Shape: []int{256 << (i % 3), 512}, Scheme: stored("int4 symmetric per_block 32, scales f16"), Signal: 100, Seconds: 0.01 * float64(i%7),
		}
		c.Before = 4 * c.Elements()
		c.After = c.Before * 9 / 64
		c.Noise = 100 / math.Pow(10, 2.1+0.2*math.Sin(float64(i)))
		switch {
		case i%11 == 3:
			c.Scheme, c.After, c.Noise = stored("palette 6 bits per_grouped_channel 16"), c.Before*13/64, c.Noise/15
		case i%13 == 4:
			c.Scheme, c.Refused, c.After, c.Signal, c.Noise = nil, "the input axis of 510 is not divisible by 32", c.Before, 0, 0
		}
		switch i {
		case n - 1:
			c.Scheme, c.Refused, c.Ignored, c.After, c.Signal, c.Noise = nil, `ignore="*.fc2"`, true, c.Before, 0, 0
		case n / 3:
			c.Noise = 40
		case n / 2:
			c.Noise = 0
		}
		list = append(list, c)
	}
	return list
}

func facts() Facts {
	return Facts{Version: "v1.0.0", Model: "encoder.pt2", Passes: "decompose, w4{group=32}", Data: Size{1 << 30, 1 << 28}}
}

func TestSums(t *testing.T) {
	list := []pass.Compressed{
		{Tensor: "a.x.weight", Modules: []string{"a.x"}, Shape: []int{10, 10}, Elem: host.F32, Scheme: stored("s4"), Before: 400, After: 50, Signal: 1000, Noise: 10},
		{Tensor: "a.y.weight", Modules: []string{"a.y", "b"}, Shape: []int{10, 10}, Elem: host.F16, Before: 200, After: 200, Refused: "it is small"},
		{Tensor: "b.weight", Shape: []int{5, 20}, Elem: host.F32, Before: 400, After: 400, Refused: "ignored", Ignored: true},
		{Tensor: "b.weight", Shape: []int{5, 20}, Elem: host.F32, Scheme: stored("s8"), Before: 400, After: 100, Signal: 1000},
	}
	r := New(facts(), list)
	sums := func(s Sums) string {
		db := "null"
		if s.SNR != nil {
			db = fmt.Sprintf("%.2f", *s.SNR)
		}
		return fmt.Sprintf("%d=%d+%d+%d, %d to %d (%d kept), %.2f bits, %s dB", s.Tensors, s.Compressed, s.Refused, s.Ignored, s.Before, s.After, s.Kept, s.Bits, db)
	}
	var got []string
	say := func(name string, s Sums) { got = append(got, name+": "+sums(s)) }
	say("total", r.Total)
	for _, g := range append(r.Schemes, r.Reasons...) {
		say(g.Name, g.Sums)
	}
	var walk func(m *Module)
	walk = func(m *Module) {
		say("@"+m.Path, m.Sums)
		for _, c := range m.Children {
			walk(c)
		}
	}
	walk(r.Modules)
	want := []string{
		"total: 3=2+1+0, 1000 to 350 (200 kept), 9.33 bits, 23.01 dB",
		"s4: 1=1+0+0, 400 to 50 (0 kept), 4.00 bits, 20.00 dB",
		"s8: 1=1+0+0, 400 to 100 (0 kept), 8.00 bits, null dB",
		"it is small: 1=0+1+0, 200 to 200 (200 kept), 16.00 bits, null dB",
		"@: 3=2+1+0, 1000 to 350 (200 kept), 9.33 bits, 23.01 dB",
		"@a: 2=1+1+0, 600 to 250 (200 kept), 10.00 bits, 20.00 dB",
		"@a.x: 1=1+0+0, 400 to 50 (0 kept), 4.00 bits, 20.00 dB",
		"@a.y: 1=0+1+0, 200 to 200 (200 kept), 16.00 bits, null dB",
		"@b: 1=1+0+0, 400 to 100 (0 kept), 8.00 bits, null dB",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestKinds holds that activations and states count apart from weights, and that what was not measured is not called exact.
func TestKinds(t *testing.T) {
	list := []pass.Compressed{
		{Tensor: "x", Shape: []int{10, 10}, Elem: host.F32, Scheme: stored("s4"), Before: 400, After: 50, Signal: 1000, Noise: 10},
		{Kind: pass.Activation, Tensor: "x", Shape: []int{100, 100}, Elem: host.F32, Scheme: stored("s8"), Signal: 1000, Noise: 1000},
		{Kind: pass.Activation, Tensor: "y", Shape: []int{100, 100}, Elem: host.F32, Refused: "it is i8"},
		{Kind: pass.State, Tensor: "x", Shape: []int{10, 20}, Elem: host.F32, Scheme: stored("s8"), Before: 800, After: 240, Unmeasured: true},
		{Kind: pass.State, Tensor: "y", Shape: []int{1}, Elem: host.I64, Before: 8, After: 8, Refused: "it is i8"},
	}
	var b bytes.Buffer
	if err := New(facts(), list).Summary(&b); err != nil {
		t.Fatal(err)
	}
	want := `compressed 1 of 1 weight: 400 B -> 50 B, 4.00 bits per weight, SNR 20.0 dB
compressed 1 of 2 activations, SNR 0.0 dB
compressed 1 of 2 states: 808 B -> 248 B, 9.87 bits per element, SNR not measured
  tensors  before  after  bits           SNR  scheme
        1   400 B   50 B  4.00       20.0 dB  s4
        1       –      –     –        0.0 dB  s8
        1   800 B  240 B  9.60  not measured  s8
  not compressed: y: it is i8
  not compressed: y (8 B): it is i8
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestJSON holds the keys that scripts read.
func TestJSON(t *testing.T) {
	var b bytes.Buffer
	list := sample(1)
	list[0].Signal, list[0].Noise = math.Inf(1), math.NaN()
	if err := New(facts(), list).JSON(&b); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"format", "aiopt", "model", "passes", "model_bytes.before", "total.bytes_after", "total.snr_db", "by_scheme", "by_refusal.0.name",
		"by_module.path", "by_module.modules.0.bits_per_element", "tensors.0.name", "tensors.0.modules.0", "tensors.0.op", "tensors.0.shape.1",
		"tensors.0.dtype", "tensors.0.pass", "tensors.0.scheme", "tensors.0.bits_per_element", "tensors.0.snr_db", "tensors.0.bytes_before",
		"tensors.0.bytes_after", "tensors.0.seconds", "tensors.0.refused", "tensors.0.ignored",
	} {
		var at any = doc
		found := true
		for _, key := range strings.Split(path, ".") {
			switch v := at.(type) {
			case map[string]any:
				at, found = v[key]
			case []any:
				var i int
				if _, err := fmt.Sscan(key, &i); err != nil || i >= len(v) {
					found = false
				} else {
					at = v[i]
				}
			default:
				found = false
			}
			if !found {
				t.Errorf("the JSON has no %s", path)
				break
			}
		}
	}
}

// TestHTML holds the page to showing every tensor, loading nothing, and being the same bytes each time.
func TestHTML(t *testing.T) {
	for _, n := range []int{0, 1, 5, 500} {
		var a, b bytes.Buffer
		r := New(facts(), sample(n))
		if err := r.HTML(&a); err != nil {
			t.Fatal(err)
		}
		if err := New(facts(), sample(n)).HTML(&b); err != nil {
			t.Fatal(err)
		}
		page := a.String()
		if page != b.String() {
			t.Errorf("%d tensors: two pages differ", n)
		}
		if found := strings.Count(page, "<tr id="); found != n {
			t.Errorf("%d tensors: the table has %d rows", n, found)
		}
		for _, row := range r.Tensors {
			if r.Total.Compressed > 0 && strings.Count(page, "<title>"+row.Name+"\n") < 1 {
				t.Errorf("%d tensors: no plot shows %s", n, row.Name)
			}
		}
		if bad := regexp.MustCompile(`(?i)(src|href)=|url\(|@import|ZgotmplZ|NaN|\bInf\b`).FindString(strings.Replace(page, pageScript, "", 1)); bad != "" {
			t.Errorf("%d tensors: the page has %q", n, bad)
		}
		if dir := os.Getenv("AIOPT_REPORTS"); dir != "" { // to look at them
			if err := r.Save(filepath.Join(dir, fmt.Sprintf("report%d.html", n))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestNamesStayText: names come from strangers.
func TestNamesStayText(t *testing.T) {
	const evil = `</title></script><script>alert(1)</script><img src=x onerror=alert(1)>"'`
	c := sample(1)[0]
	c.Tensor, c.Modules, c.Op, c.Scheme, c.Refused, c.Ignored, c.Noise = evil, []string{evil}, evil, stored(evil), "", false, 1
	refused := c
	refused.Tensor, refused.Refused = evil+"2", evil
	var b bytes.Buffer
	if err := New(Facts{Model: evil, Passes: evil, Version: evil}, []pass.Compressed{c, refused}).HTML(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "<script"); n != 1 {
		t.Errorf("the page has %d scripts, expected its own", n)
	}
	if strings.Contains(b.String(), "<img") {
		t.Error("a name became an element")
	}
}

func TestSaveKeepsOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.json")
	if err := New(facts(), sample(2)).Save(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := New(facts(), sample(3))
	bad.Total.Bits = math.NaN() // JSON cannot hold it
	if err := bad.Save(path); err == nil {
		t.Error("NaN was written")
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the old file changed: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("found %d files, expected 1", len(entries))
	}
	if err := bad.Save(filepath.Join(filepath.Dir(path), "out.txt")); err == nil || !strings.Contains(err.Error(), ".html or .json") {
		t.Errorf("found error %v, expected one that names the endings", err)
	}
}

// TestDeepPaths: a path of many dots makes a tree of bounded depth.
func TestDeepPaths(t *testing.T) {
	c := sample(1)[0]
	c.Modules = []string{strings.Repeat("a.", 10000)}
	m, depth := New(facts(), []pass.Compressed{c}).Modules, 0
	for len(m.Children) > 0 {
		m = m.Children[0]
		depth++
	}
	if depth != maxDepth {
		t.Errorf("the tree is %d deep, expected %d", depth, maxDepth)
	}
}

func TestSummary(t *testing.T) {
	var b strings.Builder
	if err := New(facts(), sample(40)).Summary(&b); err != nil {
		t.Fatal(err)
	}
	want := `compressed 36 of 40 weights: 48.2 MB -> 10.6 MB, 7.07 bits per weight, SNR 17.5 dB
  tensors   before    after  bits      SNR  scheme
       32  39.8 MB  5.60 MB  4.50  17.0 dB  int4 symmetric per_block 32, scales f16
        4  4.19 MB   852 kB  6.50  32.5 dB  palette 6 bits per_grouped_channel 16
  not compressed: 3 weights (3.67 MB): the input axis of 510 is not divisible by 32
  not compressed: encoder.layers.9.mlp.fc2.weight (524 kB): ignore="*.fc2"
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	if err := New(facts(), nil).Summary(&b); err != nil || b.String() != "" {
		t.Errorf("nothing to compress gives %q, %v", b.String(), err)
	}
}

// TestSameName: an activation, a weight and a state of one name are three tensors.
func TestSameName(t *testing.T) {
	weight := pass.Compressed{Tensor: "x", Shape: []int{4}, Scheme: stored("int8"), Before: 16, After: 4, Signal: 100, Noise: 1}
	activation, state := weight, weight
	activation.Kind, state.Kind = pass.Activation, pass.State
	r := New(Facts{}, []pass.Compressed{activation, weight, state})
	for _, k := range pass.Kinds() {
		if s := r.of(k); s.Tensors != 1 || s.Before != 16 || s.Signal != 100 {
			t.Errorf("found the sums %+v of a %s, expected its own", s, k)
		}
	}
	if r.Modules.Before != 16 || len(r.Tensors) != 3 || r.Tensors[2].Kind != "state" {
		t.Errorf("found %+v and the modules %+v, expected three tensors, of which the weight takes space", r.Tensors, r.Modules)
	}
}
