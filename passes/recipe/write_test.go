package recipe

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

// schemes are one of every kind that a recipe can say.
func schemes() []compress.Scheme {
	quant := func(q compress.Quant) compress.Scheme { return compress.Scheme{Quant: &q} }
	palette := func(p compress.Palette) compress.Scheme { return compress.Scheme{Palette: &p} }
	sparse := func(s compress.Sparse) compress.Scheme { return compress.Scheme{Sparse: &s} }
	kinds := []compress.Granularity{
		{Kind: compress.PerTensor},
		{Kind: compress.PerChannel, Auto: true}, {Kind: compress.PerChannel, Axis: -1},
		{Kind: compress.PerBlock, Auto: true, Sizes: []int{32}}, {Kind: compress.PerBlock, Axis: 1, Sizes: []int{8}}, {Kind: compress.PerBlock, Sizes: []int{1, -1, 4}},
		{Kind: compress.PerGroupedChannel, Auto: true, Sizes: []int{4}}, {Kind: compress.PerGroupedChannel, Axis: 1, Sizes: []int{2}},
	}
	var out []compress.Scheme
	for _, d := range dtypes {
		q := compress.Quant{Elem: d.elem, Range: compress.Symmetric, Rule: compress.Search, Granularity: kinds[1]}
		if d.elem == host.F4E2M1 {
			q.Scale = host.F8E8M0
		}
		out = append(out, quant(q))
	}
	for _, g := range kinds {
		out = append(out, quant(compress.Quant{Elem: host.I4, Range: compress.Clipped, Rule: compress.CoreAI, Granularity: g}))
	}
	for _, g := range []compress.Granularity{kinds[0], kinds[6], kinds[7]} {
		out = append(out, palette(compress.Palette{Bits: 5, Rule: compress.CoreAI, Granularity: g}))
	}
	for _, s := range scaleTypes[1:] {
		out = append(out, quant(compress.Quant{Elem: host.U4, Range: compress.Asymmetric, Offset: compress.ZeroPoint, Scale: s.elem, Rule: compress.MinMax, Granularity: kinds[3]}))
	}
	out = append(out,
		quant(compress.Quant{Elem: host.U4, Range: compress.Asymmetric, Offset: compress.MinValue, Rule: compress.Search, Granularity: kinds[3]}),
		quant(compress.Quant{Elem: host.F8E4M3, Range: compress.Symmetric, Scale: host.F8E8M0, Rule: compress.Search, Granularity: kinds[3]}),
		palette(compress.Palette{Bits: 2, Length: 2, ChannelScale: true, Table: host.U8, Asymmetric: true, Rule: compress.Search, Granularity: kinds[0]}),
		palette(compress.Palette{Bits: 8, Table: host.F8E5M2, Rule: compress.Search, Granularity: kinds[0]}),
		sparse(compress.Sparse{Fraction: 0.3}), sparse(compress.Sparse{Fraction: 1}), sparse(compress.Sparse{Fraction: 0}),
		sparse(compress.Sparse{N: 2, M: 4}), sparse(compress.Sparse{Fraction: 1e-9, Block: 8}), sparse(compress.Sparse{Fraction: 0.5, Channel: true}),
		compress.Scheme{Sparse: &compress.Sparse{Fraction: 0.5}, Quant: out[0].Quant},
		compress.Scheme{Sparse: &compress.Sparse{Fraction: 0.5}, Palette: &compress.Palette{Bits: 4, Rule: compress.Search, Granularity: kinds[0]}},
		compress.Scheme{})
	for _, p := range Presets() {
		out = append(out, p.Scheme)
	}
	return out
}

// TestWriteReadsBack holds that what is written means the same when it is read, for every kind of scheme, for modules inside
// modules that have weights of their own, and for names that patterns or YAML would read otherwise.
func TestWriteReadsBack(t *testing.T) {
	modules := []string{"", "a", "a.b", "a.b.c", "a-b", "a.10", "a.9", "x.it's", `x.\d+`, "x.*", "null", "é"}
	var weights []Chosen
	for i, s := range schemes() {
		module := modules[i%len(modules)]
		state := fmt.Sprintf("w%d", i/len(modules))
		weights = append(weights, Chosen{Tensor: strings.TrimPrefix(module+"."+state, "."), State: state, Scheme: s, Out: []int{1}})
	}
	src, err := Write(weights)
	if err != nil {
		t.Fatal(err)
	}
	backwards := append([]Chosen(nil), weights...)
	for i := range backwards {
		backwards[i] = weights[len(weights)-1-i]
	}
	if again, err := Write(backwards); err != nil || string(again) != string(src) {
		t.Errorf("the order of the weights shows in the file (error %v)", err)
	}
	r, err := Read("written.yaml", src, Options{})
	if err != nil {
		t.Fatalf("%v in\n%s", err, src)
	}
	if len(r.Notes()) > 0 {
		t.Errorf("notes %v", r.Notes())
	}
	for _, w := range weights {
		use := Target{Tensor: w.Tensor, State: w.State, Op: "torch.call", Shape: []int{4, 4}, Out: w.Out, In: []int{0}}
		got, ok := r.Weight(use)
		if diff := cmp.Diff(w.Scheme, got.Scheme); diff != "" || ok != (w.Scheme != compress.Scheme{}) || got.Problem != "" {
			t.Errorf("%s: %v %s (-written +read):\n%s", w.Tensor, ok, got.Problem, diff)
		}
	}
	if got, ok := r.Weight(Target{Tensor: "a.b.d.weight", State: "weight", Op: "nn.linear", Shape: []int{4, 4}, Out: []int{0}, In: []int{1}}); ok {
		t.Errorf("a weight that nothing was chosen for becomes %v", got)
	}
	if _, _, ok := r.Input(Target{Modules: []Module{{Path: "a.b"}}, Op: "nn.linear"}, 0); ok {
		t.Error("an activation is quantized")
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		weights []Chosen
		want    string
	}{
		{[]Chosen{{Tensor: "a.b", State: "c"}}, `the weight "a.b" does not end in its name in its module, "c"`},
		{[]Chosen{{Tensor: "a.w", State: "w"}, {Tensor: "a.w", State: "w"}}, `the weight w of module "a" is given twice`},
	} {
		if _, err := Write(c.weights); err == nil || err.Error() != c.want {
			t.Errorf("got %v, expected %s", err, c.want)
		}
	}
	src, err := Write(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read("none", src, Options{}); err != nil {
		t.Errorf("a recipe of nothing: %v", err)
	}
}

// TestManyWeights holds that the recipe of a large model is read, and asked for each of its weights.
func TestManyWeights(t *testing.T) {
	var weights []Chosen
	for i := range 5000 {
		weights = append(weights, Chosen{Tensor: fmt.Sprintf("model.layers.%d.self_attn.q_proj.weight", i), State: "weight", Scheme: Presets()[i%3].Scheme})
	}
	src, err := Write(weights)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read("large", src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range weights {
		if testing.Short() && i%50 > 0 { // a look-up is the same for all
			continue
		}
		if got, _ := r.Weight(linear(strings.TrimSuffix(w.Tensor, ".weight"))); !cmp.Equal(got.Scheme, w.Scheme) {
			t.Fatalf("%s: %v", w.Tensor, got)
		}
	}
}
