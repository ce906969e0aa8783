package recipe

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

// linear is a weight of a linear layer at a path.
func linear(path string) Target {
	return Target{Tensor: path + ".weight", State: "weight", Modules: []Module{{Path: path, Class: "Linear"}}, Op: "nn.linear",
		Shape: []int{32, 32}, Out: []int{0}, In: []int{1}}
}

// TestOwnKeys holds what coreai-opt does not know: joint sections, n:m, blocks, 5 and 7 bits, rules and scale types.
func TestOwnKeys(t *testing.T) {
	tensor := compress.Granularity{Kind: compress.PerTensor}
	embedding := Target{Tensor: "emb.weight", State: "weight", Modules: []Module{{Path: "emb", Class: "torch.nn.modules.sparse.Embedding"}}, Op: "nn.embedding",
		Shape: []int{8, 8}, Out: []int{0}, In: []int{1}}
	for _, c := range []struct {
		file string
		use  Target
		want compress.Scheme
	}{
		{"own_joint.yaml", linear("fc"), compress.Scheme{Palette: &compress.Palette{Bits: 5, Rule: compress.Search, Granularity: tensor}, Sparse: &compress.Sparse{N: 2, M: 4}}},
		{"own_joint.yaml", linear("head"), compress.Scheme{Palette: &compress.Palette{Bits: 5, Rule: compress.Search, Granularity: tensor}, Sparse: &compress.Sparse{Fraction: 0.3, Block: 4}}},
		{"own_types.yaml", linear("fc"), compress.Scheme{Quant: &compress.Quant{Elem: host.U5, Range: compress.Asymmetric, Offset: compress.ZeroPoint, Scale: host.F16, Rule: compress.MinMax,
			Granularity: compress.Granularity{Kind: compress.PerGroupedChannel, Auto: true, Sizes: []int{4}}}}},
		{"own_types.yaml", embedding, compress.Scheme{Quant: &compress.Quant{Elem: host.I7, Range: compress.Symmetric, Rule: compress.Search, Granularity: tensor}}},
	} {
		got, ok := file(t, c.file, Options{}).Weight(c.use)
		if diff := cmp.Diff(c.want, got.Scheme); diff != "" || !ok || got.Problem != "" {
			t.Errorf("%s, %s: %v, problem %q (-want +got):\n%s", c.file, c.use.Tensor, ok, got.Problem, diff)
		}
	}
}

// TestCompat holds how compat, the option and a spec's own rule rank.
func TestCompat(t *testing.T) {
	const src = "quantization_config: {global_config: {op_state_spec: {weight: {%s}}}}\n"
	for _, c := range []struct {
		top, spec string
		opt       Options
		want      compress.Rule
	}{
		{"", "", Options{}, compress.Search},
		{"compat: none\n", "", Options{}, compress.Search},
		{"compat: coreai\n", "", Options{}, compress.CoreAI},
		{"", "", Options{CoreAI: true}, compress.CoreAI},
		{"compat: coreai\n", "rule: minmax", Options{CoreAI: true}, compress.MinMax},
	} {
		r, err := Read("r", fmt.Appendf(nil, c.top+src, c.spec), c.opt)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := r.Weight(linear("fc")); got.Scheme.Quant.Rule != c.want {
			t.Errorf("%q %q %v: rule %s, expected %s", c.top, c.spec, c.opt, got.Scheme.Quant.Rule, c.want)
		}
	}
}

// TestProblems holds what is said of entries that cannot be followed.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"quantization_config: {}\nkmeans_palettization_config: {}\n",
			"it is both palettized, by r:2:1: kmeans_palettization_config (by default), and quantized, by r:1:1: quantization_config (by default); disable one with null"},
		{"magnitude_pruning_config: {global_config: {op_state_spec: {weight: {pruning_scheme: {type: channel_structured, axis: 1}}}}}\n",
			"channels are pruned along the output axis [0]; the recipe says axis 1"},
		{"magnitude_pruning_config: {global_config: {op_state_spec: {weight: {pruning_scheme: {type: channel_structured, axis: -2}}}}}\n", ""},
	} {
		r, err := Read("r", []byte(c.src), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := r.Weight(linear("fc"))
		if got.Problem != c.want || !ok || (c.want != "") != (got.Scheme == compress.Scheme{}) {
			t.Errorf("%s: problem %q with %v, expected %q", c.src, got.Problem, got.Scheme, c.want)
		}
	}
}

// TestNotes holds that nothing without effect is passed over.
func TestNotes(t *testing.T) {
	var got []string
	for _, n := range file(t, "own_idle.yaml", Options{CoreAI: true}).Notes() {
		got = append(got, fmt.Sprintf("%d %s: %s", n.Line, lastPart(n.Key), n.Text))
	}
	want := []string{
		"2 execution_mode: has no effect: operations are found in the graph, and both modes' names of them are known",
		"3 preserved_attributes: has no effect: an imported model has no attributes",
		"4 kv_cache_quant_configs: has no effect: the pass kv8 stores caches in 8 bits; no operation of these names is imported",
		"11 qat_schedule: has no effect: nothing is trained here",
		"12 n_bits: has no effect: it follows from dtype and qscheme",
		"12 quant_min: has no effect: it follows from dtype and qscheme",
		"12 quant_max: has no effect: it follows from dtype and qscheme",
		"12 target_dtype: has no effect: it follows from dtype and qscheme",
		"14 rounding_precision: has no effect: coreai-opt's fast mode is followed to 4 decimal places",
		"14 pat_schedule: has no effect: nothing is trained here",
		"18 training_strategy_spec: has no effect: nothing is trained here",
		"20 sparsity_schedule: has no effect: nothing is trained here: the target is applied at once",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDifferences holds what is read here and refused by coreai-opt: a class without its package, and inputs that are named
// by words.
func TestDifferences(t *testing.T) {
	d := readDecisions(t)
	var refused []string
	for _, name := range sortedKeys(d.Recipes) {
		if d.Recipes[name].Refused != "" {
			refused = append(refused, name)
		}
	}
	if diff := cmp.Diff([]string{"docs_quant_bare_type.yaml", "tests_all_levels.yaml"}, refused); diff != "" {
		t.Fatal(diff)
	}
	notes := file(t, "tests_all_levels.yaml", Options{}).Notes()
	if len(notes) == 0 || !strings.Contains(notes[0].Text, "inputs and outputs are named by index") {
		t.Errorf("notes %v", notes)
	}
}

// TestMergeLists holds that the first of a merge's list wins and that a key of the mapping's own wins over all.
func TestMergeLists(t *testing.T) {
	r, err := Read("r", []byte("quantization_spec: {a: &a {dtype: int2}, b: &b {dtype: int4, qscheme: symmetric_with_clipping}}\n"+
		"quantization_config: {global_config: {op_state_spec: {weight: {qscheme: asymmetric, <<: [*a, *b]}}}}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := r.Weight(linear("fc")); got.Scheme.Quant.Elem != host.I2 || got.Scheme.Quant.Range != compress.Asymmetric {
		t.Errorf("got %+v", got.Scheme.Quant)
	}
}

// TestUnmatched holds what is said of entries that apply to nothing.
func TestUnmatched(t *testing.T) {
	const src = `quantization_config:
  global_config:
    op_state_spec: {weight: {}, wieght: {}}
    op_type_config: {liner: null, conv2d: null, softmax: null}
    op_name_config: {linear_7: null}
  module_type_configs:
    Conv2d: null
    my.Block: null
  module_name_configs:
    a.b: {}
    a: {}
    'z.*': null
`
	r, err := Read("r", []byte(src), Options{})
	if err != nil {
		t.Fatal(err)
	}
	known := func(path string) Target {
		one := linear(path)
		one.Modules = append([]Module{{Path: "", Class: "Net"}, {Path: "a", Class: "Net"}}, one.Modules...)
		return one
	}
	check := func(ops []Target, want ...string) {
		t.Helper()
		var got []string
		for _, e := range r.Unmatched(ops) {
			got = append(got, fmt.Sprintf("%d: %s", e.Line, e.Text))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	check([]Target{known("a.b"), known("c")},
		"3: no operation that it applies to has a tensor of this name",
		"4: no operation of type `liner` is compressed anyway; did you mean linear?",
		"4: matches no operation in these modules",
		"4: no operation of type `softmax` is compressed anyway",
		"5: matches no operation in these modules",
		"7: matches no module that has operations",
		"8: matches no module that has operations",
		"10: decides nothing: entries after it, or by name, decide for every module that it matches",
		"12: matches no module that has operations")
	unknown := linear("a.b")
	all := r.Unmatched([]Target{unknown, known("c")})
	if text := all[6].Text; text != "matches no module whose class is known; it is not known of the root module, a" {
		t.Error(text)
	}
}

// TestSchemaTakesRecipes holds the JSON schema to every recipe in testdata, and to a few mistakes.
func TestSchemaTakesRecipes(t *testing.T) {
	var schema any
	if err := json.Unmarshal([]byte(Schema()), &schema); err != nil {
		t.Fatal(err)
	}
	defs := schema.(object)["$defs"].(object)
	for _, name := range recipeFiles(t) {
		if err := fits(defs, schema.(object), treeOf(t, readFile(t, name)), name); err != nil {
			t.Error(err)
		}
	}
	for _, src := range []string{
		"quantization_confg: {}", "quantization_config:", "compat: 1",
		"quantization_config: {global_config: {op_state_spec: {weight: {granularity: {type: per_block}}}}}",
		"quantization_config: {global_config: {op_state_spec: {weight: {dtype: int9}}}}",
		"kmeans_palettization_config: {global_config: {op_state_spec: {weight: {n_bits: 9}}}}",
	} {
		if fits(defs, schema.(object), treeOf(t, []byte(src)), src) == nil {
			t.Errorf("the schema takes %s", src)
		}
	}
}
