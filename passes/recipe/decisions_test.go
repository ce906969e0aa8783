package recipe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

// decisions are what coreai-opt decides; tests/recipes.py writes them.
type decisions struct {
	Operations []oracleOp
	Specs      []oracleSpec
	Recipes    map[string]struct {
		Refused                     string
		Weights, Activations, Graph map[string]int // indices of Specs
	}
}

// oracleOp is an operation of the oracle's model.
type oracleOp struct {
	Type, Name string
	Modules    []struct{ Path, Class string }
	Operands   []int
	Rank       int
	State      []struct {
		Tensor, State string
		Shape         []int
	}
}

// oracleSpec is a spec as coreai-opt holds it after every axis is known.
type oracleSpec struct {
	Dtype, Qscheme, Qformulation string
	ScaleDtype                   *string `json:"scale_dtype"`
	Granularity                  struct {
		Type      string
		Axis      *int
		BlockSize json.RawMessage `json:"block_size"`
		GroupSize int             `json:"group_size"`
	}
	Calculator string
	FloatRange [2]*float64 `json:"float_range"`

	Bits         int  `json:"n_bits"`
	Length       int  `json:"cluster_dim"`
	ChannelScale bool `json:"enable_per_channel_scale"`
	Fast         bool
	LUT          *struct{ Dtype, Qscheme string }

	Sparsity *float64 `json:"target_sparsity"`
	Scheme   string
	Axis     *int
}

func (o *oracleSpec) granularity() compress.Granularity {
	g := compress.Granularity{Kind: compress.Kind(o.Granularity.Type)}
	if o.Granularity.Axis != nil {
		g.Axis = *o.Granularity.Axis
	}
	var one int
	if json.Unmarshal(o.Granularity.BlockSize, &one) == nil && one > 0 {
		g.Sizes = []int{one}
	}
	if o.Granularity.GroupSize > 0 {
		g.Sizes = []int{o.Granularity.GroupSize}
	}
	return g
}

func (o *oracleSpec) quant() compress.Quant {
	q := compress.Quant{Elem: elemOf(dtypes, o.Dtype), Granularity: o.granularity()}
	for _, r := range ranges {
		if r.name == o.Qscheme {
			q.Range = r.is
		}
	}
	switch {
	case o.Qformulation == "minval":
		q.Offset = compress.MinValue
	case q.Range == compress.Asymmetric:
		q.Offset = compress.ZeroPoint
	}
	if o.ScaleDtype != nil {
		q.Scale = elemOf(scaleTypes, *o.ScaleDtype)
	}
	return q
}

// scheme is the spec as ours, with every parameter chosen as coreai-opt does.
func (o *oracleSpec) scheme() compress.Scheme {
	switch {
	case o.Bits > 0 && o.Dtype == "":
		p := &compress.Palette{Bits: o.Bits, ChannelScale: o.ChannelScale, Rule: compress.CoreAI, Granularity: o.granularity()}
		if o.Length > 1 {
			p.Length = o.Length
		}
		if !o.Fast {
			p.Rule = compress.Search
		}
		if o.LUT != nil {
			p.Table, p.Asymmetric = elemOf(dtypes, o.LUT.Dtype), o.LUT.Qscheme == "asymmetric"
		}
		return compress.Scheme{Palette: p}
	case o.Sparsity != nil:
		return compress.Scheme{Sparse: &compress.Sparse{Fraction: *o.Sparsity, Channel: o.Scheme == "ChannelStructured"}}
	}
	q := o.quant()
	q.Rule = compress.CoreAI
	return compress.Scheme{Quant: &q}
}

// irOps are our operations for the types of the oracle's model.
func irOp(typ string) string {
	if strings.HasPrefix(typ, "multi_head") {
		return "nn.linear"
	}
	for _, o := range opTypes {
		if slices.Contains(o.names, typ) {
			return o.op
		}
	}
	return "nn." + typ
}

// targets are the operations of the oracle's model, one for each tensor that they take.
func (d *decisions) targets() []Target {
	var out []Target
	for _, op := range d.Operations {
		t := Target{Op: irOp(op.Type), OpNames: []string{op.Name}, Shape: make([]int, op.Rank), Out: []int{0}, In: []int{1}}
		for _, m := range op.Modules {
			t.Modules = append(t.Modules, Module{Path: m.Path, Class: m.Class})
		}
		if op.Type == "conv_transpose2d" {
			t.Out, t.In = []int{1}, []int{0}
		}
		if len(op.State) == 0 {
			out = append(out, t)
		}
		for _, s := range op.State {
			one := t
			one.Tensor, one.State = s.Tensor, s.State
			if op.Type != "mul" && s.State != "bias" {
				one.Shape = s.Shape
			}
			if strings.HasPrefix(op.Type, "conv") {
				one.Shape = make([]int, 4) // of the convolution's weight, also for its bias
			}
			out = append(out, one)
		}
	}
	return out
}

func readDecisions(t *testing.T) *decisions {
	t.Helper()
	src, err := os.ReadFile("testdata/decisions.json")
	if err != nil {
		t.Fatal(err)
	}
	d := &decisions{}
	if err := json.Unmarshal(src, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// settled replaces the axes that coreai-opt chooses.
func settled(s compress.Scheme, t *Target) compress.Scheme {
	axis := func(g compress.Granularity) compress.Granularity {
		if g.Auto && g.Kind == compress.PerBlock {
			g.Axis = t.In[0]
		} else if g.Auto {
			g.Axis = t.Out[0]
		}
		g.Auto = false
		return g
	}
	if s.Quant != nil {
		q := *s.Quant
		q.Granularity = axis(q.Granularity)
		s.Quant = &q
	}
	if s.Palette != nil {
		p := *s.Palette
		p.Granularity = axis(p.Granularity)
		s.Palette = &p
	}
	return s
}

// tied are tensors of the oracle's model that are one.
var tied = map[string]string{"head.weight": "emb.weight"}

// TestWeightDecisions holds every weight's scheme to what coreai-opt decides, for every recipe that it reads: in its eager
// mode, and in its graph mode for the attention module, whose projections are operations of their own there as here.
func TestWeightDecisions(t *testing.T) {
	d := readDecisions(t)
	targets := d.targets()
	uses := map[string][]Target{}
	var order []string
	for _, one := range targets {
		name := cmp.Or(tied[one.Tensor], one.Tensor)
		if name == "" {
			continue
		}
		if uses[name] == nil {
			order = append(order, name)
		}
		uses[name] = append(uses[name], one)
	}
	for _, name := range sortedKeys(d.Recipes) {
		want := d.Recipes[name]
		t.Run(name, func(t *testing.T) {
			r := file(t, name, Options{CoreAI: true})
			if want.Refused != "" {
				return // read all the same; TestDifferences says why
			}
			for _, tensor := range order {
				got, ok := r.Weight(uses[tensor]...)
				at, wanted := want.Weights[tensor]
				if strings.HasPrefix(tensor, "mha.") && r.parts[0].shape.on == quantizes {
					if want.Graph == nil {
						continue
					}
					at, wanted = want.Graph[tensor]
				}
				if got.Problem != "" {
					t.Errorf("%s: %s", tensor, got.Problem)
				}
				if ok != wanted {
					t.Errorf("%s: compressed is %v by %v, expected %v", tensor, ok, got.By, wanted)
					continue
				}
				if !ok {
					continue
				}
				if diff := gocmp.Diff(d.Specs[at].scheme(), settled(got.Scheme, &uses[tensor][0])); diff != "" {
					t.Errorf("%s, by %v (-coreai-opt +aiopt):\n%s", tensor, got.By, diff)
				}
			}
		})
	}
}

// calculators are coreai-opt's classes for the ways of gathering.
var calculators = map[string]Gather{"MovingAverageQParamsCalculator": MovingAverage, "GlobalMinMaxQParamsCalculator": AllSamples,
	"StaticQParamsCalculator": LastSample, "DynamicQParamsCalculator": EachCall}

// edges are the modules whose boundary an operation's operand or result crosses in the oracle's model.
func edges(t *Target, input bool, index int) []Edge {
	path := t.Modules[len(t.Modules)-1].Path
	parent := path[:max(0, strings.LastIndexByte(path, '.'))]
	var out []Edge
	switch last := lastPart(path); {
	case last == "attn":
		if op := t.OpNames[0]; strings.HasSuffix(op, "matmul_1") && (!input || index == 1) {
			out = append(out, Edge{path, 0})
		}
	case last == "0" || last == "1": // what a block does itself lies inside it
	default:
		out = append(out, Edge{path, 0})
		if input && (last == "up_proj" || last == "q_proj" || last == "k_proj") || !input && last == "down_proj" {
			out = append(out, Edge{parent, 0})
		}
	}
	return out
}

// TestActivationDecisions does the same for what operations take and give. coreai-opt's eager mode lets a module's spec
// follow its tensor to operations outside the module; that one place is left out.
func TestActivationDecisions(t *testing.T) {
	d := readDecisions(t)
	outside := map[string]bool{"encoder.layers.0.add_1 input 0": true, "encoder.layers.0.add_1 input 1": true}
	for _, name := range sortedKeys(d.Recipes) {
		want := d.Recipes[name]
		if want.Refused != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r := file(t, name, Options{})
			seen := map[string]bool{}
			for _, one := range d.targets() {
				if seen[one.OpNames[0]] || strings.Contains(one.OpNames[0], "multi_head") {
					continue
				}
				seen[one.OpNames[0]] = true
				at := slices.IndexFunc(d.Operations, func(o oracleOp) bool { return o.Name == one.OpNames[0] })
				for _, i := range d.Operations[at].Operands {
					got, by, ok := r.Input(one, i, edges(&one, true, i)...)
					compareActivation(t, d, want.Activations, one.OpNames[0]+" input "+strconv.Itoa(i), got, by, ok, outside)
				}
				got, by, ok := r.Output(one, 0, edges(&one, false, 0)...)
				compareActivation(t, d, want.Activations, one.OpNames[0]+" output 0", got, by, ok, outside)
			}
		})
	}
}

func compareActivation(t *testing.T, d *decisions, want map[string]int, key string, got Activation, by By, ok bool, outside map[string]bool) {
	t.Helper()
	at, wanted := want[key]
	if ok != wanted && !outside[key] {
		t.Errorf("%s: quantized is %v by %v, expected %v", key, ok, by, wanted)
	}
	if !ok || !wanted || outside[key] {
		return
	}
	o := &d.Specs[at]
	q := o.quant()
	expected := Activation{Elem: q.Elem, Range: q.Range, Offset: q.Offset, Scale: q.Scale, Granularity: q.Granularity,
		Gather: calculators[o.Calculator], Least: o.FloatRange[0], Most: o.FloatRange[1]}
	if diff := gocmp.Diff(expected, got); diff != "" {
		t.Errorf("%s, by %v (-coreai-opt +aiopt):\n%s", key, by, diff)
	}
}

// TestPresetsAreTheirs holds presets to the specs that coreai-opt's documents and models spell out.
func TestPresetsAreTheirs(t *testing.T) {
	named := map[string]string{"4bit": "models_4bit.yaml", "p4_group8": "models_4bit_weight_palettized_group8.yaml", "p4_group32": "models_4bit_weight_palettized_group32.yaml",
		"sparse": "tests_pruning_defaults.yaml"}
	linear := Target{Tensor: "fc.weight", State: "weight", Modules: []Module{{Path: "fc", Class: "Linear"}}, Op: "nn.linear", Shape: []int{32, 32}, Out: []int{0}, In: []int{1}}
	seen := map[string]bool{}
	for _, p := range Presets() {
		if seen[p.Name] {
			t.Errorf("%s is there twice", p.Name)
		}
		seen[p.Name] = true
		if p.Scheme.Quant != nil && p.Scheme.Quant.Elem == host.Invalid {
			t.Errorf("%s has no type", p.Name)
		}
		src := named[p.Name]
		if src == "" {
			continue
		}
		got, _ := file(t, src, Options{}).Weight(linear)
		if diff := gocmp.Diff(p.Scheme, got.Scheme); diff != "" {
			t.Errorf("%s (-preset +%s):\n%s", p.Name, src, diff)
		}
		delete(named, p.Name)
	}
	if len(named) > 0 {
		t.Errorf("no presets %v", fmt.Sprint(sortedKeys(named)))
	}
}
