package pt2

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func newTestDecoder(text string) *decoder {
	budget := int64(baseBudget)
	return newDecoder([]byte(text), &budget)
}

func TestArguments(t *testing.T) {
	tensor := func(name string) Argument { return Argument{Kind: ArgTensor, Name: name} }
	number := func(n int64) Argument { return Argument{Kind: ArgInt, Int: n} }
	float := func(x float64) Argument { return Argument{Kind: ArgFloat, Float: x} }
	none := Argument{Kind: ArgNone}
	list := func(kind ArgKind, items ...Argument) Argument { return Argument{Kind: kind, List: items} }
	tests := []struct {
		json string
		want Argument
	}{
		{`{"as_none": true}`, none},
		{`{"as_tensor": {"name": "x", "later_field": [1, {"a": null}]}}`, tensor("x")},
		{`{"as_tensors": []}`, list(ArgTensors)},
		{`{"as_tensors": [{"name": "x"}, {"name": "y"}]}`, list(ArgTensors, tensor("x"), tensor("y"))},
		{`{"as_optional_tensor": {"as_none": true}}`, none},
		{`{"as_optional_tensor": {"as_tensor": {"name": "x"}}}`, tensor("x")},
		{`{"as_optional_tensors": [{"as_none": true}, {"as_tensor": {"name": "x"}}]}`, list(ArgTensors, none, tensor("x"))},
		{`{"as_nested_tensors": [[{"name": "x"}], []]}`, list(ArgNestedTensors, list(ArgTensors, tensor("x")), list(ArgTensors))},
		{`{"as_int": 9223372036854775807}`, number(math.MaxInt64)},
		{`{"as_int": -9223372036854775808}`, number(math.MinInt64)},
		{`{"as_ints": [1,-2 , 3]}`, list(ArgInts, number(1), number(-2), number(3))},
		{`{"as_int_lists": [[1], []]}`, list(ArgIntLists, list(ArgInts, number(1)), list(ArgInts))},
		{`{"as_float": 1e-05}`, float(1e-5)},
		{`{"as_float": 3}`, float(3)},
		{`{"as_float": "-Infinity"}`, float(math.Inf(-1))},
		{`{"as_float": "NaN"}`, float(math.NaN())},
		{`{"as_floats": [2.0, "Infinity"]}`, list(ArgFloats, float(2), float(math.Inf(1)))},
		{`{"as_float_lists": [[0.5]]}`, list(ArgFloatLists, list(ArgFloats, float(0.5)))},
		{`{"as_bool": true}`, Argument{Kind: ArgBool, Bool: true}},
		{`{"as_bools": [false]}`, list(ArgBools, Argument{Kind: ArgBool})},
		{`{"as_string": "a\"b\\\n\u00e9\ud83d\ude00\ud83d"}`, Argument{Kind: ArgString, Text: "a\"b\\\né😀\ufffd"}},
		{`{"as_strings": ["a", "a"]}`, list(ArgStrings, Argument{Kind: ArgString, Text: "a"}, Argument{Kind: ArgString, Text: "a"})},
		{`{"as_operator": "aten.add"}`, Argument{Kind: ArgOperator, Text: "aten.add"}},
		{`{"as_sym_int": {"as_name": "n"}}`, Argument{Kind: ArgSymInt, Name: "n"}},
		{`{"as_sym_int": {"as_int": 4}}`, number(4)},
		{`{"as_sym_ints": [{"as_name": "n"}, {"as_int": -1}]}`, list(ArgSymInts, Argument{Kind: ArgSymInt, Name: "n"}, number(-1))},
		{`{"as_sym_float": {"as_name": "f"}}`, Argument{Kind: ArgSymFloat, Name: "f"}},
		{`{"as_sym_floats": [{"as_float": 0.5}]}`, list(ArgSymFloats, float(0.5))},
		{`{"as_sym_bool": {"as_name": "b"}}`, Argument{Kind: ArgSymBool, Name: "b"}},
		{`{"as_sym_bools": [{"as_bool": true}]}`, list(ArgSymBools, Argument{Kind: ArgBool, Bool: true})},
		{`{"as_scalar_type": 13}`, Argument{Kind: ArgScalarType, Int: 13}},
		{`{"as_memory_format": 2}`, Argument{Kind: ArgMemoryFormat, Int: int64(ChannelsLast)}},
		{`{"as_layout": 7}`, Argument{Kind: ArgLayout, Int: int64(Strided)}},
		{`{"as_device": {"type": "cuda", "index": 1}}`, Argument{Kind: ArgDevice, Text: "cuda", Int: 1}},
		{`{"as_device": {"type": "cpu", "index": null}}`, Argument{Kind: ArgDevice, Text: "cpu", Int: -1}},
		{`{"as_graph": {"name": "body", "graph": {"inputs": [{"as_tensor": {"name": "x"}}], "is_single_tensor_return": true}}}`,
			Argument{Kind: ArgGraph, Name: "body", Graph: &Graph{Inputs: []Argument{tensor("x")}, SingleTensorReturn: true}}},
		{`{"as_custom_obj": {"name": "o", "class_fqn": "a.B"}}`, Argument{Kind: ArgCustomObj, Name: "o", Text: "a.B"}},
		{`{"as_complex": {"real": 1.5, "imag": -2}}`, list(ArgComplex, float(1.5), float(-2))},
		{`{"as_string_to_argument": {"b": {"as_int": 1}, "a": {"as_none": true}}}`,
			list(ArgDict, Argument{Kind: ArgItem, Text: "b", List: []Argument{number(1)}}, Argument{Kind: ArgItem, Text: "a", List: []Argument{none}})},
	}
	seen := map[ArgKind]bool{ArgItem: true}
	for _, test := range tests {
		d := newTestDecoder(test.json)
		var got Argument
		d.argument(&got)
		if err := d.finish("e"); err != nil {
			t.Errorf("%s: %v", test.json, err)
			continue
		}
		if diff := cmp.Diff(test.want, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.json, diff)
		}
		seen[got.Kind] = true
	}
	for kind := range argKeys {
		if !seen[ArgKind(kind)] {
			t.Errorf("no test has the kind %s", ArgKind(kind))
		}
	}
}

func TestSpecs(t *testing.T) {
	inputs := []struct {
		json string
		want InputSpec
	}{
		{`{"user_input": {"arg": {"as_sym_int": {"as_name": "n"}}}}`, InputSpec{Kind: UserInput, Arg: Argument{Kind: ArgSymInt, Name: "n"}, Name: "n"}},
		{`{"buffer": {"arg": {"name": "b"}, "buffer_name": "cache", "persistent": true}}`,
			InputSpec{Kind: Buffer, Arg: Argument{Kind: ArgTensor, Name: "b"}, Name: "b", Target: "cache"}},
		{`{"buffer": {"arg": {"name": "b"}, "buffer_name": "cos", "persistent": false}}`,
			InputSpec{Kind: Buffer, Arg: Argument{Kind: ArgTensor, Name: "b"}, Name: "b", Target: "cos", Store: Constants}},
		{`{"tensor_constant": {"arg": {"name": "c"}, "tensor_constant_name": "lifted_tensor_0"}}`,
			InputSpec{Kind: TensorConstant, Arg: Argument{Kind: ArgTensor, Name: "c"}, Name: "c", Target: "lifted_tensor_0", Store: Constants}},
		{`{"constant_input": {"name": "k", "value": {"as_none": true}}}`, InputSpec{Kind: ConstantInput, Name: "k"}},
		{`{"custom_obj": {"arg": {"name": "o", "class_fqn": "C"}, "custom_obj_name": "obj"}}`,
			InputSpec{Kind: CustomObj, Arg: Argument{Kind: ArgCustomObj, Name: "o", Text: "C"}, Name: "o", Target: "obj"}},
		{`{"token": {"arg": {"name": "t"}}}`, InputSpec{Kind: InputToken, Arg: Argument{Kind: ArgTensor, Name: "t"}, Name: "t"}},
	}
	for _, test := range inputs {
		d := newTestDecoder(test.json)
		var got InputSpec
		d.inputSpec(&got)
		if diff := cmp.Diff(test.want, got); diff != "" || d.finish("e") != nil {
			t.Errorf("%s (-want +got):\n%s%v", test.json, diff, d.err)
		}
	}
	outputs := []struct {
		json string
		want OutputSpec
	}{
		{`{"user_output": {"arg": {"as_int": 3}}}`, OutputSpec{Kind: UserOutput, Arg: Argument{Kind: ArgInt, Int: 3}}},
		{`{"buffer_mutation": {"arg": {"name": "a"}, "buffer_name": "k"}}`, OutputSpec{BufferMutation, Argument{Kind: ArgTensor, Name: "a"}, "k"}},
		{`{"user_input_mutation": {"arg": {"name": "a"}, "user_input_name": "x"}}`, OutputSpec{UserInputMutation, Argument{Kind: ArgTensor, Name: "a"}, "x"}},
		{`{"parameter_mutation": {"arg": {"name": "a"}, "parameter_name": "p"}}`, OutputSpec{ParameterMutation, Argument{Kind: ArgTensor, Name: "a"}, "p"}},
		{`{"gradient_to_user_input": {"arg": {"name": "a"}, "user_input_name": "x"}}`, OutputSpec{GradientToUserInput, Argument{Kind: ArgTensor, Name: "a"}, "x"}},
		{`{"token": {"arg": {"name": "t"}}}`, OutputSpec{Kind: OutputToken, Arg: Argument{Kind: ArgTensor, Name: "t"}}},
	}
	for _, test := range outputs {
		d := newTestDecoder(test.json)
		var got OutputSpec
		d.outputSpec(&got)
		if diff := cmp.Diff(test.want, got); diff != "" || d.finish("e") != nil {
			t.Errorf("%s (-want +got):\n%s%v", test.json, diff, d.err)
		}
	}
}

// TestOlderNode reads a node of an older schema, which has no name of its own.
func TestOlderNode(t *testing.T) {
	d := newTestDecoder(`{"target": "t", "outputs": [{"as_tensor": {"name": "add_1"}}], "inputs": [{"name": "k", "arg": {"as_int": 1}, "kind": 2}]}`)
	var got *Node
	d.node(&got)
	want := &Node{Target: "t", Name: "add_1", Outputs: []Argument{{Kind: ArgTensor, Name: "add_1"}},
		Inputs: []NamedArgument{{Name: "k", Arg: Argument{Kind: ArgInt, Int: 1}, Keyword: true}}}
	if diff := cmp.Diff(want, got); diff != "" || d.finish("e") != nil {
		t.Errorf("(-want +got):\n%s%v", diff, d.err)
	}
}

func TestMetadata(t *testing.T) {
	link := func(name, pass, from string) string {
		return `[{\"name\": \"` + name + `\", \"target\": \"x\", \"pass_name\": \"` + pass + `\", \"graph_id\": 1, \"from_node\": ` + from + `}]`
	}
	const exported = "ExportedProgram.module()"
	for name, test := range map[string]struct{ json, want string }{
		"decomposed":       {link("a", "Interpreter", link("linear", exported, "[]")), "linear"},
		"decomposed twice": {link("a", exported, link("b", "Interpreter", link("linear", exported, "[]"))), "linear"},
		"traced strictly":  {link("a", "Interpreter", link("linear", exported, link("input_1", "Dynamo", "[]"))), "linear"},
		"not decomposed":   {link("a", "Interpreter", link("input_1", "Dynamo", "[]")), "input_1"},
		"empty":            {"[]", ""},
		"not JSON":         {"[{", ""},
		"deep":             {strings.Repeat(`[{\"from_node\": `, 100000), ""},
	} {
		d := newTestDecoder(`{"from_node": "` + test.json + `", "torch_fn": "f", "custom": "{}", "later": "x"}`)
		var got Metadata
		d.metadata(&got)
		if diff := cmp.Diff(Metadata{Origin: test.want, TorchFn: "f", Custom: "{}"}, got); diff != "" || d.finish("e") != nil {
			t.Errorf("%s (-want +got):\n%s%v", name, diff, d.err)
		}
	}
}

func TestFramesAndModules(t *testing.T) {
	m := Metadata{
		StackTrace: "  File \"a \"b\".py\", line 3, in forward\n    x = f(\n        y)\nFile \"<eval>\", line 12, in g\n" +
			"File \"no line\"\nFile \"x\", line many, in h\n",
		ModuleStack: "L__self__,,a.B;L__self___fc,fc,torch.nn.Linear[x, y];odd;e,_empty_nn_module_stack_from_metadata_hook,_empty_nn_module_stack_from_metadata_hook",
	}
	wantFrames := []Frame{{`a "b".py`, 3, "forward", "x = f(\ny)"}, {"<eval>", 12, "g", "File \"no line\"\nFile \"x\", line many, in h"}}
	if diff := cmp.Diff(wantFrames, m.Frames()); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Module{{"", "a.B"}, {"fc", "torch.nn.Linear[x, y]"}, {}}, m.Modules()); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	if got := new(Metadata).Modules(); got != nil {
		t.Errorf("modules of nothing: %v", got)
	}
}

func TestTreeKeys(t *testing.T) {
	fields := map[string][]string{"m.Point": {"x", "y"}}
	for context, want := range map[string][]string{
		`["a", "b"]`:                         {"a", "b"},
		`[0, true]`:                          {"0", "true"},
		`[["a", "b"], []]`:                   {"a", "b"},
		`{"f": 1, "dict_context": ["a", 2]}`: {"a", "2"},
		`m.Point`:                            {"x", "y"},
		`"m.Point"`:                          {"x", "y"},
		`["only one"]`:                       nil,
		`null`:                               nil,
		`some text`:                          nil,
	} {
		quoted := strings.ReplaceAll(context, `"`, `\"`)
		got, err := parseTree(newTestDecoder(`[1, {"type": "T", "context": "`+quoted+`", "children_spec": [{"type": null}, {"type": null}]}]`), fields)
		if err != nil {
			t.Errorf("%s: %v", context, err)
			continue
		}
		if diff := cmp.Diff(&Tree{Type: "T", Keys: want, Children: []*Tree{{}, {}}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", context, diff)
		}
	}
}

func TestScalarTypes(t *testing.T) {
	named := 0
	for i := -1; i <= len(scalarTypes); i++ {
		typ := ScalarType(i)
		if elem, ok := typ.Elem(); ok && (!typ.known() || elem.Packed() || elem.Bytes() == 0) {
			t.Errorf("%s has the element type %s", typ, elem)
		}
		if typ.known() {
			named++
		}
	}
	if named != 21 {
		t.Errorf("%d dtypes, the schema 8.20 has 21", named)
	}
}
