package pt2

import (
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestRead(t *testing.T) {
	sizes := func(n ...int64) []Sym[int64] {
		var out []Sym[int64]
		for _, n := range n {
			out = append(out, Sym[int64]{Value: n, Known: true})
		}
		return out
	}
	tensor := func(name string) Argument { return Argument{Kind: ArgTensor, Name: name} }
	leaf := &Tree{}
	want := &Model{
		Name: "model", SchemaMajor: 8, SchemaMinor: 17, TorchVersion: "2.11.0", Level: Training,
		Graph: &Graph{
			Inputs:  []Argument{tensor("w"), tensor("x")},
			Outputs: []Argument{tensor("linear")},
			Nodes: []*Node{{
				Target: "torch.ops.aten.linear.default", Name: "linear",
				Inputs:  []NamedArgument{{Name: "input", Arg: tensor("x")}, {Name: "weight", Arg: tensor("w")}},
				Outputs: []Argument{tensor("linear")},
			}},
			Tensors: map[string]*TensorMeta{
				"w": {DType: 7, Layout: Strided, RequiresGrad: true, Device: Device{"cuda", 1},
					Sizes: sizes(2, 3), Strides: sizes(3, 1), StorageOffset: sizes(0)[0]},
				"x": {DType: 7, Layout: Strided, Device: Device{"cpu", -1},
					Sizes:   []Sym[int64]{{Expr: "Symbol('s0')", Value: 4, Known: true}, sizes(3)[0]},
					Strides: sizes(3, 1), StorageOffset: sizes(0)[0]},
			},
			SymInts:   map[string]Sym[int64]{"n": {Expr: "Symbol('u0')"}, "m": sizes(3)[0]},
			SymFloats: map[string]Sym[float64]{"f": {Value: math.Inf(1), Known: true}},
			SymBools:  map[string]Sym[bool]{"b": {Expr: "LessThan(u0)", Value: true, Known: true}},
		},
		Inputs: []InputSpec{
			{Kind: Parameter, Arg: tensor("w"), Name: "w", Target: "fc.weight"},
			{Kind: UserInput, Arg: tensor("x"), Name: "x"},
		},
		Outputs:         []OutputSpec{{Kind: UserOutput, Arg: tensor("linear")}},
		Ranges:          []Range{{"s0", 2, math.MaxInt64}, {"s1", math.MinInt64, math.MaxInt64}},
		Guards:          []string{"L['x'].size()[0] != 5"},
		SHA256:          "", // compared below
		InSpec:          &Tree{Type: "builtins.tuple", Children: []*Tree{leaf}},
		OutSpec:         &Tree{Type: "builtins.dict", Keys: []string{"logits"}, Children: []*Tree{leaf}},
		ForwardArgNames: []string{"x"},
	}
	a := legal().read(t)
	if len(a.Models) != 1 {
		t.Fatalf("%d models, want 1", len(a.Models))
	}
	got := a.Models[0]
	if len(got.SHA256) != 64 {
		t.Errorf("SHA256 %q", got.SHA256)
	}
	opts := cmp.Options{cmpopts.IgnoreUnexported(Model{}), cmpopts.IgnoreFields(Model{}, "SHA256")}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Errorf("model (-want +got):\n%s", diff)
	}
	w, err := got.Tensor("fc.weight", Weights)
	if err != nil {
		t.Fatal(err)
	}
	wantWeight := &Tensor{Elem: host.F32, Sizes: []int64{2, 3}, Strides: []int64{3, 1},
		Entry: Entry{Name: "data/weights/weight_0", Size: 24, CRC: crc32.ChecksumIEEE(make([]byte, 24)), Data: make([]byte, 24)}}
	if diff := cmp.Diff(wantWeight, w, cmpopts.IgnoreUnexported(Entry{})); diff != "" {
		t.Errorf("weight (-want +got):\n%s", diff)
	}
	if got.OutSpec.Leaves() != 1 {
		t.Errorf("%d leaves, want 1", got.OutSpec.Leaves())
	}
}

// TestTorchFiles reads files that torch wrote, through the mapped path.
func TestTorchFiles(t *testing.T) {
	tests := []struct {
		file string
		want string // per line: a node's target and the kinds of its arguments, bodies indented
	}{
		{"constant_inputs.pt2", `
inputs user_input:x constant_input:n=2 constant_input:scale=1.5 constant_input:flag=true constant_input:mode="a"
torch.ops.aten.mul.Tensor as_tensor as_float
torch.ops.aten.add.Tensor as_tensor as_int
torch.ops.aten.repeat.default as_tensor as_ints
`},
		{"map_hop.pt2", `
inputs user_input:xs user_input:y
torch.ops.higher_order.map_impl as_graph as_tensors as_tensors
  torch.ops.aten.mul.Tensor as_tensor as_tensor
  torch.ops.aten.softmax.int as_tensor as_int
`},
		{"cond_hop.pt2", `
inputs parameter:p_a_weight parameter:p_a_bias parameter:p_b_weight parameter:p_b_bias user_input:x
torch.ops.aten.sum.default as_tensor
torch.ops.aten.gt.Scalar as_tensor as_int
torch.ops.higher_order.cond as_tensor as_graph as_graph as_tensors
  torch.ops.aten.linear.default as_tensor as_tensor as_tensor
  torch.ops.aten.relu.default as_tensor
  torch.ops.aten.linear.default as_tensor as_tensor as_tensor
  torch.ops.aten.sub.Tensor as_tensor as_int
`},
		{"custom_op_extra_files.pt2", `
inputs user_input:x user_input:y
torch.ops.aten.relu.default as_tensor
torch.ops.aiopt_demo.scale_add.default as_tensor as_tensor as_float
torch.ops.aten.sum.dim_IntList as_tensor as_ints
`},
		{"mlp_strict.pt2", `
inputs parameter:p_0_weight parameter:p_0_bias parameter:p_2_weight parameter:p_2_bias parameter:p_3_weight parameter:p_3_bias user_input:input
torch.ops.aten.linear.default as_tensor as_tensor as_tensor
torch.ops.aten.gelu.default as_tensor
torch.ops.aten.layer_norm.default as_tensor as_ints as_tensor as_tensor as_float as_bool
torch.ops.aten.linear.default as_tensor as_tensor as_tensor
`},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			a, err := Open(filepath.Join("testdata", test.file))
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), outline(a.Models[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func outline(m *Model) string {
	var b strings.Builder
	b.WriteString("inputs")
	for _, in := range m.Inputs {
		fmt.Fprintf(&b, " %s:%s", in.Kind, in.Name)
		switch in.Arg.Kind {
		case ArgInt:
			fmt.Fprintf(&b, "=%d", in.Arg.Int)
		case ArgFloat:
			fmt.Fprintf(&b, "=%v", in.Arg.Float)
		case ArgBool:
			fmt.Fprintf(&b, "=%t", in.Arg.Bool)
		case ArgString:
			fmt.Fprintf(&b, "=%q", in.Arg.Text)
		}
	}
	b.WriteString("\n")
	outlineGraph(&b, m.Graph, "")
	return b.String()
}

func outlineGraph(b *strings.Builder, g *Graph, indent string) {
	for _, n := range g.Nodes {
		b.WriteString(indent + n.Target)
		for _, in := range n.Inputs {
			b.WriteString(" " + in.Arg.Kind.String())
		}
		b.WriteString("\n")
		for _, in := range n.Inputs {
			if in.Arg.Graph != nil {
				outlineGraph(b, in.Arg.Graph, indent+"  ")
			}
		}
	}
}

func TestTorchDetails(t *testing.T) {
	a, err := Open("testdata/mlp_strict.pt2")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	m := a.Models[0]
	gelu := m.Graph.Nodes[1].Meta
	if diff := cmp.Diff([]Module{{"", "torch.nn.modules.container.Sequential"}, {"1", "torch.nn.modules.activation.GELU"}}, gelu.Modules()); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	wantFrames := []Frame{{"/home/lab/venv/lib/python3.11/site-packages/torch/_dynamo/functional_export.py", 221, "forward", "res = self._export_root(*args, **kwargs)"}}
	if diff := cmp.Diff(wantFrames, gelu.Frames()); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Range{{"s6", 1, 64}}, m.Ranges); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
	bias, err := m.Tensor("0.bias", Weights)
	if err != nil {
		t.Fatal(err)
	}
	// The spelling of a configuration, of the archive and of the zip name the same entry.
	for _, name := range []string{"weight_1", bias.Entry.Name, "mlp_strict/" + bias.Entry.Name} {
		if e, err := a.Entry(name); err != nil || e.CRC != bias.Entry.CRC || &e.Data[0] != &bias.Entry.Data[0] {
			t.Errorf("Entry(%q): %v, %v", name, e.Name, err)
		}
	}
	if err := bias.Entry.Check(); err != nil {
		t.Error(err)
	}
	if data, err := a.Bytes("weight_1", bias.Entry.Size, bias.Entry.CRC); err != nil || len(data) != 4*64 {
		t.Errorf("Bytes: %d bytes, %v", len(data), err)
	}
	if _, err := a.Bytes("weight_1", bias.Entry.Size, bias.Entry.CRC+1); err == nil || !strings.Contains(err.Error(), "the file was changed") {
		t.Errorf("Bytes with another CRC: %v", err)
	}
	if _, err := a.Bytes("weight_99", 0, 0); err == nil || !strings.Contains(err.Error(), `no entry "weight_99"`) {
		t.Errorf("Bytes of no entry: %v", err)
	}

	x, err := Open("testdata/custom_op_extra_files.pt2")
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if len(x.Extra) != 1 || x.Extra[0].Name != "kernels/aiopt_demo.scale_add.metal" || !strings.HasPrefix(string(x.Extra[0].Data), "#include <metal_stdlib>") {
		t.Errorf("extra files %v", x.Extra)
	}
}

func TestSeveralModels(t *testing.T) {
	b := legal()
	b.add("models/decode.json", modelJSON)
	b.add("data/weights/decode_weights_config.json", weightsJSON)
	b.add("data/constants/decode_constants_config.json", `{"config": {}}`)
	b.add("extra/b", "2")
	b.add("extra/a", "1")
	a := b.read(t)
	var names []string
	for _, m := range a.Models {
		names = append(names, m.Name)
	}
	for _, e := range a.Extra {
		names = append(names, e.Name)
	}
	if diff := cmp.Diff([]string{"decode", "model", "a", "b"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestViews holds the range check of weights to what fits and what just does not, in an entry of 24 bytes.
func TestViews(t *testing.T) {
	tests := []struct {
		dtype                  int
		sizes, strides, offset string
		ok                     bool
	}{
		{7, "2 3", "3 1", "0", true},
		{7, "2 3", "1 2", "0", true},  // transposed
		{7, "2 2", "3 1", "1", true},  // a part
		{7, "", "", "5", true},        // a scalar
		{7, "0 9", "9 1", "99", true}, // nothing to read
		{7, "1000 6", "0 1", "0", true},
		{12, "24", "1", "0", true},
		{11, "1", "1", "0", true},
		{7, "2 3", "4 1", "0", false},
		{7, "7", "1", "0", false},
		{7, "1", "1", "6", false},
		{11, "2", "1", "0", false},
		{7, "", "", "9223372036854775807", false},
		{7, "4611686018427387904", "4", "0", false},
		{7, "4294967296 4294967296", "0 0", "0", false}, // 2^64 elements
		{7, "2", "-1", "1", false},
		{7, "-1", "1", "0", false},
	}
	list := func(numbers string) string {
		var items []string
		for n := range strings.FieldsSeq(numbers) {
			items = append(items, `{"as_int": `+n+`}`)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	for _, test := range tests {
		b := legal()
		const config = "data/weights/model_weights_config.json"
		b.edit(config, `"dtype": 7`, fmt.Sprint(`"dtype": `, test.dtype))
		b.edit(config, `[{"as_int": 2}, {"as_int": 3}]`, list(test.sizes))
		b.edit(config, `[{"as_int": 3}, {"as_int": 1}]`, list(test.strides))
		b.edit(config, `"storage_offset": {"as_int": 0}`, `"storage_offset": {"as_int": `+test.offset+`}`)
		_, err := Read(b.bytes(), "tiny.pt2")
		if test.ok != (err == nil) {
			t.Errorf("dtype %d sizes %s strides %s offset %s: %v, want ok %t", test.dtype, test.sizes, test.strides, test.offset, err, test.ok)
		}
	}
}

func TestOpenMistakes(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pt2")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"testdata/nothing.pt2": "no such file",
		"testdata":             "found a folder or device",
		empty:                  "the file is empty",
	} {
		a, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s): %v, %v; want %q", path, a, err, want)
		}
	}
}

// A file under another name is told by its content, or by its name where that says nothing.
func TestIdentify(t *testing.T) {
	archive := legal().bytes()
	for _, test := range []struct{ name, content, want string }{
		{"model.pt", string(archive), "found a torch.export archive under another name; name the file .pt2"},
		{"weights.safetensors", "\x02\x00\x00\x00\x00\x00\x00\x00{}", "found a safetensors file"},
		{"old.pth", "\x80\x02\x8a\x0al", "found a pickle, as torch.save of an old torch writes"},
		{"model.onnx", "\x08\x08\x12\x07pytorch", "found an ONNX model"},
		{"model.tflite", "\x1c\x00\x00\x00TFL3", "found a TensorFlow Lite model"},
		{"model.tar", strings.Repeat("x", 257) + "ustar", "found a tar archive"},
		{"model.bin", "nothing known", "found a file named \".bin\", expected .pt2 (torch.export.save), .air or .airpkg"},
		{"config.json/config.json", "", "found a folder with a Hugging Face model"},
	} {
		path := filepath.Join(t.TempDir(), test.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(test.name, "/") {
			path = filepath.Dir(path)
		}
		if err := Identify(path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: found %v, expected %s", test.name, err, test.want)
		}
	}
	if err := Identify("testdata/nothing.pt"); !os.IsNotExist(err) {
		t.Errorf("found %v, expected that there is no such file", err)
	}
}

// BenchmarkRead reads a program of many small nodes.
func BenchmarkRead(b *testing.B) {
	archive := legal()
	var nodes strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&nodes, `{"target": "torch.ops.aten.add.Tensor", "inputs": [{"name": "self", "arg": {"as_tensor": {"name": "x"}}, "kind": 1}, `+
			`{"name": "other", "arg": {"as_int": %d}, "kind": 1}], "outputs": [{"as_tensor": {"name": "add_%d"}}], "metadata": `+
			`{"stack_trace": "File \"model.py\", line %d, in forward\n    x = x + %d", "nn_module_stack": "L__self__,,__main__.M", `+
			`"torch_fn": "add_1;method_descriptor.add"}, "is_hop_single_tensor_return": null, "name": "add_%d"}, `, i, i, i%100, i, i)
	}
	archive.edit(model, `"nodes": [`, `"nodes": [`+nodes.String())
	data := archive.bytes()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(data, "m.pt2"); err != nil {
			b.Fatal(err)
		}
	}
}
