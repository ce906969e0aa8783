package metaltext

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// gain is a kernel with everything that one may have.
func gain() *Kernel {
	return &Kernel{
		Name:      "gain",
		Inputs:    []Input{{"x", Tensor}, {"scale", Float}, {"shift", Int}, {"twice", Bool}},
		Results:   []string{"y"},
		Builtins:  []Builtin{{"uint2", "at", "thread_position_in_grid"}},
		Templates: []Template{{"x", "TYPE"}},
		Helpers:   Part{"TYPE helped(TYPE v) { return v; }", Place{"gain.py", 4}},
		Source:    Part{"\nTYPE v = helped(x[at.x, at.y]) * scale + shift;\ny[at.x, at.y] = twice ? v + v : v;\n", Place{"gain.py", 9}},
		Defined:   Place{"gain.py", 7},
	}
}

func dims(list ...ir.Dim) []ir.Dim { return list }

func call() *Call {
	t := ir.TensorOf(host.F16, ir.Sym("N"), ir.Const(4))
	return &Call{Tensors: []ir.Type{t}, Numbers: []ir.Attr{ir.Float(0.1), ir.Int(-3), ir.Bool(true)}, Results: []ir.Type{t},
		Threads: dims(ir.Const(4), ir.Sym("N"), ir.Const(1)), Threadgroup: []int{4, 8, 1}, Example: map[string]int64{"N": 3}}
}

func TestText(t *testing.T) {
	attrs, err := gain().Attrs(call())
	if err != nil {
		t.Fatal(err)
	}
	source, _ := attrs.Get("source")
	function, _ := attrs.Get("function")
	name := string(function.(ir.String))
	want := `// The kernel gain of a model, made by aiopt: its own lines stand where its author wrote them.
#include <metal_stdlib>
#include <metal_tensor>
#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>
using namespace metal;
using namespace mpp::tensor_ops;
half helped(half v) { return v; }
kernel void ` + name + `(
    tensor<device half, dextents<int, 2>, tensor_handle> x [[buffer(0)]],
    tensor<device half, dextents<int, 2>, tensor_handle> y [[buffer(1)]],
    uint2 at [[thread_position_in_grid]]) {
const float scale = 0.1f;
const int shift = -3;
const bool twice = true;

half v = helped(x[at.x, at.y]) * scale + shift;
y[at.x, at.y] = twice ? v + v : v;

}
`
	if diff := cmp.Diff(want, string(source.(ir.String))); diff != "" {
		t.Error(diff)
	}
	places, _ := attrs.Get("places")
	if !ir.EqualAttr(places, ir.List{ir.String("7 1 4 gain.py"), ir.String("15 4 9 gain.py")}) {
		t.Errorf("found the places %v", places)
	}
	again, err := gain().Attrs(call())
	if err != nil || len(again) != len(attrs) {
		t.Fatal(err)
	}
	for i := range attrs {
		if !ir.EqualAttr(attrs[i].Value, again[i].Value) {
			t.Errorf("%s differs when it is made again", attrs[i].Name)
		}
	}
	other := call()
	other.Tensors = []ir.Type{other.Tensors[0].WithElem(host.F32)}
	attrs, err = gain().Attrs(other)
	if function, _ := attrs.Get("function"); err != nil || string(function.(ir.String)) == name {
		t.Errorf("found the name %v and %v: another text needs another name", function, err)
	}
}

func TestTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"T v = T(0), w = INFINITY;":        "half v = half(0), w = INFINITY;",
		"T4 a; T4x4 m; vec<T, 4> b;":       "half4 a; half4x4 m; vec<half, 4> b;",
		"Tile t; MT u; T_v x; packed_T4 p": "Tile t; MT u; T_v x; packed_T4 p",
		"0xFT 1T x.T":                      "0xFT 1T x.half",
		"T8 a; U b; h_half c; half d":      "float a; U b; h_half c; half d",
	} {
		k := gain()
		k.Templates = []Template{{"x", "T"}, {"z", "T8"}}
		k.Inputs = []Input{{"x", Tensor}, {"z", Tensor}}
		c := call()
		c.Tensors = []ir.Type{c.Tensors[0], c.Tensors[0].WithElem(host.F32)}
		if got := k.replaced(text, c); got != want {
			t.Errorf("%s: found %s, expected %s", text, got, want)
		}
	}
}

func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		value ir.Attr
		want  string
	}{
		{Float, ir.Float(1), "const float n = 1.0f;"},
		{Float, ir.Float(0.1), "const float n = 0.1f;"},
		{Float, ir.Float(1e-45), "const float n = 1e-45f;"},
		{Float, ir.Float(math.Copysign(0, -1)), "const float n = -0.0f;"},
		{Float, ir.Float(math.MaxFloat32), "const float n = 3.4028235e+38f;"},
		{Float, ir.Int(7), "const float n = 7.0f;"},
		{Float, ir.Float(1e39), "is no finite float"},
		{Float, ir.Float(math.NaN()), "is no finite float"},
		{Int, ir.Int(math.MinInt32), "const int n = -2147483647 - 1;"},
		{Int, ir.Int(math.MaxInt32), "const int n = 2147483647;"},
		{Int, ir.Int(math.MaxInt32 + 1), "does not fit an int of 32 bits"},
		{Int, ir.Float(1), "expected a number of type int"},
		{Bool, ir.Bool(false), "const bool n = false;"},
		{Bool, ir.Int(1), "expected a number of type bool"},
	} {
		got, err := literal(Input{"n", c.kind}, c.value)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%v of %v: found %s, expected %s", c.kind, c.value, got, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(k *Kernel, c *Call)
		want   string
	}{
		{"comments", func(k *Kernel, _ *Call) { k.Source.Text += "/* asm { */ // #include } \"\n" }, ""},
		{"quotes", func(k *Kernel, _ *Call) { k.Source.Text += "; \"} asm\"" }, ""},
		{"macro", func(k *Kernel, _ *Call) { k.Helpers.Text += "\n#define OPEN(x) { \\\n x" }, ""},
		{"line of helpers", func(k *Kernel, _ *Call) { k.Helpers.Text += "\n #import <x>" }, "gain.py:5: kernel gain, line 2 of its helpers: #import:"},
		{"place unknown", func(k *Kernel, _ *Call) { k.Source.At, k.Source.Text = Place{}, k.Source.Text+"}" }, "gain.py:7: kernel gain, line 4 of its source: `}`"},
		{"no result", func(k *Kernel, _ *Call) { k.Results = nil }, "it has no result"},
		{"many parameters", func(k *Kernel, _ *Call) {
			for i := range 30 {
				k.Results = append(k.Results, "r"+string(rune('A'+i)))
			}
		}, "it has 33 parameters, Metal takes at most 31"},
		{"two templates", func(k *Kernel, _ *Call) { k.Templates = append(k.Templates, Template{"x", "T2"}) }, "the input x has two templates"},
		{"template twice", func(k *Kernel, _ *Call) {
			k.Inputs = append(k.Inputs, Input{"z", Tensor})
			k.Templates = append(k.Templates, Template{"z", "TYPE"})
		}, `the template "TYPE" stands for two inputs`},
		{"template of a number", func(k *Kernel, _ *Call) { k.Templates[0].Input = "scale" }, "names scale, which is a number"},
		{"hidden name", func(k *Kernel, _ *Call) { k.Results[0] = "__y" }, "names that begin with two underscores"},
		{"f64", func(_ *Kernel, c *Call) { c.Tensors[0] = c.Tensors[0].WithElem(host.F64) }, "input x is tensor<[N]x4xf64>: Metal has no such element type"},
		{"rank 0", func(_ *Kernel, c *Call) { c.Results[0] = ir.TensorOf(host.F32) }, "result y is tensor<f32>: a tensor without dimensions cannot be read"},
		{"counts", func(_ *Kernel, c *Call) { c.Tensors = append(c.Tensors, c.Tensors[0]) }, "it takes 1 tensors and 3 numbers and gives 1 results, found 2, 3 and 1"},
		{"no builtin", func(k *Kernel, _ *Call) { k.Builtins = nil }, "no parameter tells one from another"},
		{"call's place", func(_ *Kernel, c *Call) { c.At, c.Threadgroup = Place{"model.py", 3}, []int{2000, 1, 1} }, "model.py:3: kernel gain: a threadgroup of [2000 1 1], expected sides of 1 to 1024"},
	} {
		k, at := gain(), call()
		c.change(k, at)
		_, err := k.Attrs(at)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: found %v, expected ... %s", c.name, err, c.want)
		}
	}
}
