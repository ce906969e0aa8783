package pt2

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"strings"
	"testing"
)

// builder writes the smallest legal archive; tests change one thing in it and see what the reader says.
type builder struct {
	root    string
	entries []testEntry
}

type testEntry struct {
	name, data string
	header     func(*zip.FileHeader) // changes what the directory states
}

// legal is a program of one linear layer without bias, y = x @ w.T, and a constant that it does not use.
func legal() *builder {
	return &builder{root: "tiny", entries: []testEntry{
		{name: "data/weights/weight_0", data: strings.Repeat("\x00", 24)},
		{name: "data/weights/model_weights_config.json", data: weightsJSON},
		{name: "data/constants/model_constants_config.json", data: `{"config": {}}`},
		{name: "models/model.json", data: modelJSON},
		{name: "archive_format", data: "pt2"},
		{name: "archive_version", data: "0"},
		{name: "byteorder", data: "little"},
		{name: ".data/version", data: "6\n"},
	}}
}

const weightsJSON = `{"config": {"fc.weight": {"path_name": "weight_0", "is_param": true, "use_pickle": false, "tensor_meta": ` +
	`{"dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}], "requires_grad": true, "device": {"type": "cpu", "index": null}, ` +
	`"strides": [{"as_int": 3}, {"as_int": 1}], "storage_offset": {"as_int": 0}, "layout": 7}}}}`

const modelJSON = `{"graph_module": {"graph": {
"inputs": [{"as_tensor": {"name": "w"}}, {"as_tensor": {"name": "x"}}],
"outputs": [{"as_tensor": {"name": "linear"}}],
"nodes": [{"target": "torch.ops.aten.linear.default", "inputs": [
  {"name": "input", "arg": {"as_tensor": {"name": "x"}}, "kind": 1}, {"name": "weight", "arg": {"as_tensor": {"name": "w"}}, "kind": 1}],
  "outputs": [{"as_tensor": {"name": "linear"}}], "metadata": {}, "is_hop_single_tensor_return": null, "name": "linear"}],
"tensor_values": {"w": {"dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}], "requires_grad": true,
    "device": {"type": "cuda", "index": 1}, "strides": [{"as_int": 3}, {"as_int": 1}], "storage_offset": {"as_int": 0}, "layout": 7},
  "x": {"dtype": 7, "sizes": [{"as_expr": {"expr_str": "Symbol('s0')", "hint": {"as_int": 4}}}, {"as_int": 3}], "requires_grad": false,
    "device": {"type": "cpu", "index": null}, "strides": [{"as_int": 3}, {"as_int": 1}], "storage_offset": {"as_int": 0}, "layout": 7}},
"sym_int_values": {"n": {"as_expr": {"expr_str": "Symbol('u0')", "hint": null}}, "m": {"as_int": 3}},
"sym_bool_values": {"b": {"as_expr": {"expr_str": "LessThan(u0)", "hint": {"as_bool": true}}}},
"sym_float_values": {"f": {"as_float": "Infinity"}},
"is_single_tensor_return": false, "custom_obj_values": {}},
"signature": {"input_specs": [{"parameter": {"arg": {"name": "w"}, "parameter_name": "fc.weight"}}, {"user_input": {"arg": {"as_tensor": {"name": "x"}}}}],
  "output_specs": [{"user_output": {"arg": {"as_tensor": {"name": "linear"}}}}]},
"module_call_graph": [{"fqn": "", "signature": {"inputs": [], "outputs": [],
  "in_spec": "[1, {\"type\": \"builtins.tuple\", \"context\": \"null\", \"children_spec\": [{\"type\": null, \"context\": null, \"children_spec\": []}]}]",
  "out_spec": "[1, {\"type\": \"builtins.dict\", \"context\": \"[\\\"logits\\\"]\", \"children_spec\": [{\"type\": null, \"context\": null, \"children_spec\": []}]}]",
  "forward_arg_names": ["x"]}}, {"fqn": "fc", "signature": null}],
"metadata": {}, "treespec_namedtuple_fields": {}},
"opset_version": {"aten": 10}, "range_constraints": {"s1": {"min_val": null, "max_val": null}, "s0": {"min_val": 2, "max_val": 9223372036854775807}},
"schema_version": {"major": 8, "minor": 17}, "verifiers": ["TRAINING"], "torch_version": "2.11.0", "guards_code": ["L['x'].size()[0] != 5"]}
`

// entry finds an entry to change.
func (b *builder) entry(name string) *testEntry {
	for i := range b.entries {
		if b.entries[i].name == name {
			return &b.entries[i]
		}
	}
	panic("no entry " + name)
}

// edit replaces text of an entry that must be there, so that a test cannot miss its target.
func (b *builder) edit(name, old, new string) {
	e := b.entry(name)
	if !strings.Contains(e.data, old) {
		panic(name + " has no " + old)
	}
	e.data = strings.Replace(e.data, old, new, 1)
}

func (b *builder) remove(name string) {
	for i := range b.entries {
		if b.entries[i].name == name {
			b.entries = append(b.entries[:i], b.entries[i+1:]...)
			return
		}
	}
	panic("no entry " + name)
}

func (b *builder) add(name, data string) {
	b.entries = append(b.entries, testEntry{name: name, data: data})
}

func (b *builder) bytes() []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range b.entries {
		name := e.name
		if b.root != "" {
			name = b.root + "/" + name
		}
		size := uint64(len(e.data))
		h := &zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(e.data)), CompressedSize64: size, UncompressedSize64: size}
		if e.header != nil {
			e.header(h)
		}
		f, err := w.CreateRaw(h)
		if err != nil {
			panic(err)
		}
		if _, err := f.Write([]byte(e.data)); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func (b *builder) read(t *testing.T) *Archive {
	t.Helper()
	a, err := Read(b.bytes(), "tiny.pt2")
	if err != nil {
		t.Fatal(err)
	}
	return a
}
