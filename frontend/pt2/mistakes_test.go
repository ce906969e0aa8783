package pt2

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	model   = "models/model.json"
	weights = "data/weights/model_weights_config.json"
)

// mistakes change one thing of the legal archive; the message must have every part.
var mistakes = []struct {
	name   string
	change func(*builder)
	want   string // parts of the message, separated by |
}{
	// The container.
	{"compressed", func(b *builder) { b.entry(model).header = func(h *zip.FileHeader) { h.Method = zip.Deflate } },
		"tiny.pt2: tiny/models/model.json: the entry is compressed (zip method 8)|re-save with torch.export.save"},
	{"encrypted", func(b *builder) { b.entry(model).header = func(h *zip.FileHeader) { h.Flags |= 1 } }, "models/model.json: the entry is encrypted"},
	{"sizes differ", func(b *builder) {
		b.entry("byteorder").header = func(h *zip.FileHeader) { h.UncompressedSize64 = 99 }
	}, "tiny/byteorder: the directory states 6 stored bytes and 99"},
	{"entry beyond the file", func(b *builder) {
		b.entry("byteorder").header = func(h *zip.FileHeader) { h.UncompressedSize64, h.CompressedSize64 = 1<<40, 1<<40 }
	}, "tiny/byteorder: the entry states 1099511627776 bytes from offset"},
	{"overlap", func(b *builder) {
		for i := range b.entries {
			b.entries[i].header = func(h *zip.FileHeader) {
				h.UncompressedSize64, h.CompressedSize64 = 1000, 1000
			}
		}
	}, "the entries together state more bytes than the file"},
	{"duplicate", func(b *builder) { b.add("byteorder", "little") }, "tiny/byteorder: the zip directory lists this entry twice"},
	{"parent folder", func(b *builder) { b.add("extra/../../x", "") }, `"tiny/extra/../../x" is not a plain relative path`},
	{"absolute", func(b *builder) { b.root = ""; b.add("/etc/x", "") }, `"/etc/x" is not a plain relative path`},
	{"backslash", func(b *builder) { b.add(`extra\x`, "") }, "is not a plain relative path"},
	{"damaged JSON", func(b *builder) { b.entry(model).header = func(h *zip.FileHeader) { h.CRC32 ^= 1 } },
		"tiny.pt2: models/model.json: the bytes are damaged: their CRC32 is|copy or download"},
	{"damaged configuration", func(b *builder) { b.entry(weights).header = func(h *zip.FileHeader) { h.CRC32 ^= 1 } }, "model_weights_config.json: the bytes are damaged"},

	// Files of another kind.
	{"torch 2.6", func(b *builder) {
		*b = builder{entries: []testEntry{{name: "serialized_exported_program.json", data: "{}"}, {name: "version", data: "8.2"}}}
	}, "torch 2.7 or older|re-save the program with torch >= 2.9"},
	{"torch 2.8", func(b *builder) { b.remove(weights); b.add("data/weights/model.pt", "PK") },
		"data/weights/model.pt: the weights are pickled, as torch 2.8 writes them|re-save the program with torch >= 2.9"},
	{"TorchScript", func(b *builder) {
		*b = builder{root: "m", entries: []testEntry{{name: "data.pkl"}, {name: "constants.pkl"}, {name: "code/x.py"}}}
	}, "found a TorchScript file|torch.export.save(torch.export.export("},
	{"state_dict", func(b *builder) { *b = builder{root: "m", entries: []testEntry{{name: "data.pkl"}, {name: "data/0"}}} },
		"found a pickled state_dict or module (torch.save)|torch.export.save"},
	{"airpkg", func(b *builder) { *b = builder{entries: []testEntry{{name: "manifest.json"}, {name: "program.air"}}} }, "found an .airpkg asset"},
	{"any zip", func(b *builder) { *b = builder{entries: []testEntry{{name: "a.txt"}}} }, "not a torch.export archive"},
	{"two roots", func(b *builder) {
		b.root = ""
		b.entries = []testEntry{{name: "a/archive_format", data: "pt2"}, {name: "b/models/model.json"}}
	},
		"not a torch.export archive"},
	{"AOTInductor", func(b *builder) { b.remove(model); b.add("data/aotinductor/model/x.so", "") }, "only code compiled by AOTInductor|expected an exported program"},
	{"ExecuTorch", func(b *builder) { b.remove(model); b.add("data/executorch/x.pte", "") }, "only an ExecuTorch program"},
	{"no models", func(b *builder) { b.remove(model) }, "the archive holds no models/*.json"},
	{"format", func(b *builder) { b.edit("archive_format", "pt2", "pt3") }, `archive_format: found "pt3", expected "pt2"`},
	{"version", func(b *builder) { b.edit("archive_version", "0", "1") }, `archive_version: found "1", expected "0"|newer torch`},
	{"big endian", func(b *builder) { b.edit("byteorder", "little", "big") }, `byteorder: found "big", expected "little"`},

	// The program.
	{"schema major", func(b *builder) {
		b.edit(model, `"major": 8`, `"major": 9`)
		b.edit(model, `"nodes": [`, `"nodes": [7, `)
	},
		"models/model.json at schema_version: found schema version 9.17, expected major version 8"},
	{"no schema", func(b *builder) { b.edit(model, `"schema_version"`, `"x"`) }, "states no schema_version"},
	{"dialect", func(b *builder) { b.edit(model, `TRAINING`, `EDGE`) }, `at verifiers: found the dialect "EDGE", expected TRAINING or ATEN`},
	{"no graph", func(b *builder) { b.edit(model, `"graph":`, `"grph":`) }, "no graph_module.graph"},
	{"union key", func(b *builder) { b.edit(model, `"arg": {"as_tensor"`, `"arg": {"as_quux"`) },
		`models/model.json at graph_module.graph.nodes[0].inputs[0].arg.as_quux: the argument has the unknown key "as_quux", expected|newer torch`},
	{"two union keys", func(b *builder) { b.edit(model, `{"as_int": 3}`, `{"as_int": 3, "as_expr": 4}`) }, "a union with several keys, expected exactly one"},
	{"no union key", func(b *builder) { b.edit(model, `{"as_int": 3}`, `{}`) }, "graph_module.graph.tensor_values.w.sizes[1]: found a union with no key"},
	{"input kind", func(b *builder) { b.edit(model, `"user_input"`, `"user_thing"`) }, `signature.input_specs[1].user_thing|expected one of user_input, parameter`},
	{"output kind", func(b *builder) { b.edit(model, `"user_output"`, `"user_thing"`) }, `signature.output_specs[0]|expected one of user_output`},
	{"other type", func(b *builder) { b.edit(model, `"name": "x"`, `"name": 5`) }, `graph.inputs[1].as_tensor.name: found "5", expected a string`},
	{"fraction", func(b *builder) { b.edit(model, `{"as_int": 2}`, `{"as_int": 2.5}`) }, "sizes[0].as_int: found 2.5, expected an integer of 64 bits"},
	{"large integer", func(b *builder) { b.edit(model, `{"as_int": 2}`, `{"as_int": 9223372036854775808}`) }, "found 9223372036854775808, expected an integer"},
	{"float word", func(b *builder) { b.edit(model, `"Infinity"`, `"Inf"`) }, `sym_float_values.f.as_float: found "Inf", expected a number, "Infinity"`},
	{"dtype", func(b *builder) { b.edit(model, `"dtype": 7`, `"dtype": 36`) }, "tensor_values.w.dtype: found dtype 36, which the schema up to 8.20 does not have"},
	{"unused dtype", func(b *builder) { b.edit(model, `"dtype": 7`, `"dtype": 14`) }, "found dtype 14"},
	{"no dtype", func(b *builder) { b.edit(model, `"dtype": 7`, `"d": 7`) }, "tensor_values.w: the tensor has no dtype"},
	{"ranks", func(b *builder) { b.edit(model, `"sizes": [{"as_int": 2}, {"as_int": 3}]`, `"sizes": []`) }, "the tensor has 0 sizes and 2 strides"},
	{"value twice", func(b *builder) { b.edit(model, `"sym_int_values": {`, `"sym_int_values": {"n": {"as_int": 1}, `) }, `sym_int_values.n: the name "n" is listed twice`},
	{"no target", func(b *builder) { b.edit(model, `"target"`, `"tgt"`) }, `graph.nodes[0]: the node "linear" has no target`},
	{"no name", func(b *builder) { b.edit(model, `{"as_tensor": {"name": "w"}}`, `{"as_tensor": {}}`) }, "graph.inputs[0].as_tensor: the reference has no name"},
	{"fewer inputs", func(b *builder) { b.edit(model, `, {"user_input": {"arg": {"as_tensor": {"name": "x"}}}}`, ``) }, "found 1 inputs and 1 outputs, expected the graph's 2 and 1"},
	{"other input", func(b *builder) {
		b.edit(model, `{"parameter": {"arg": {"name": "w"}`, `{"parameter": {"arg": {"name": "v"}`)
	}, `input 0 is "v", but in the graph it is "w"`},
	{"other output", func(b *builder) {
		b.edit(model, `"user_output": {"arg": {"as_tensor": {"name": "linear"`, `"user_output": {"arg": {"as_tensor": {"name": "x"`)
	},
		`output 0 is "x", but in the graph it is "linear"`},
	{"tree version", func(b *builder) { b.edit(model, `"in_spec": "[1, `, `"in_spec": "[2, `) }, "signature.in_spec, JSON in a string at [0]: found version 2, expected 1"},
	{"no tree", func(b *builder) { b.edit(model, `"in_spec": "`, `"in_spec": "[]", "x": "`) }, "found no tree, expected [1, tree]"},

	// The JSON itself.
	{"cut", func(b *builder) {
		b.edit(model, `, "torch_version": "2.11.0", "guards_code": ["L['x'].size()[0] != 5"]}`, ``)
	}, "the JSON ends early, expected a comma or }"},
	{"open string", func(b *builder) { b.edit(model, `"L['x'].size()[0] != 5"]}`+"\n", `"x`) }, "guards_code[0]: the string is not closed"},
	{"more text", func(b *builder) { b.entry(model).data += "x" }, "found more text, expected the end"},
	{"not JSON", func(b *builder) { b.entry(model).data = "\x80\x02pickle" }, "expected an object"},
	{"escape", func(b *builder) { b.edit(model, `L['x']`, `L\q`) }, "guards_code[0]: the string|escape that JSON does not know"},
	{"UTF-8", func(b *builder) { b.edit(model, `L['x']`, "\xff") }, "is not UTF-8"},
	{"control character", func(b *builder) { b.edit(model, `L['x']`, "\x01") }, "found the control character 0x01 in a string"},
	{"deep", func(b *builder) { b.edit(model, `{"aten": 10}`, strings.Repeat(`{"a": [`, 50000)) }, "nests deeper than 512"},
	{"deep bodies", func(b *builder) {
		b.edit(model, `{"as_tensor": {"name": "x"}}`, strings.Repeat(`{"as_graph": {"graph": {"inputs": [`, 1000))
	}, "nests deeper than 512"},
	{"dense", func(b *builder) {
		b.edit(model, `"arg": {"as_tensor": {"name": "x"}}`, `"arg": {"as_ints": [1`+strings.Repeat(",1", 1<<18)+`]}`)
	}, "takes far more memory than a program of that size needs"},

	// The weights.
	{"no configuration", func(b *builder) { b.remove(weights) }, weights + ": the archive lacks this entry, which lists the weights of model"},
	{"unlisted", func(b *builder) { b.edit(weights, "fc.weight", "fc.w") }, `config["fc.weight"]: model "model" uses this tensor, but the weights list has no such name among its 1`},
	{"no bytes", func(b *builder) { b.remove("data/weights/weight_0") }, `config["fc.weight"]: its bytes should be in entry "data/weights/weight_0", which the archive lacks`},
	{"pickled", func(b *builder) { b.edit(weights, `"use_pickle": false`, `"use_pickle": true`) }, `config["fc.weight"]: the weight is a pickled tensor subclass (use_pickle)`},
	{"object", func(b *builder) { b.edit(weights, `"tensor_meta":`, `"x":`) }, `config["fc.weight"]: found a pickled Python object`},
	{"sparse", func(b *builder) { b.edit(weights, `"layout": 7`, `"layout": 2`) }, "found a sparse_csr tensor, expected a strided one"},
	{"fnuz", func(b *builder) { b.edit(weights, `"dtype": 7`, `"dtype": 31`) }, "the dtype float8_e4m3fnuz is not supported"},
	{"symbolic", func(b *builder) { b.edit(weights, `{"as_int": 2}`, `{"as_expr": {"expr_str": "s0", "hint": null}}`) }, "symbolic or negative"},
	{"outside", func(b *builder) { b.edit(weights, `{"as_int": 2}`, `{"as_int": 3}`) },
		`a f32 view with sizes [3 3], strides [3 1], offset 0 needs 36 bytes, but entry data/weights/weight_0 has 24`},
	{"listed twice", func(b *builder) { b.edit(weights, `{"config": {`, `{"config": {"fc.weight": {}, `) }, `the name "fc.weight" is listed twice`},
	{"not persistent", func(b *builder) {
		b.edit(model, `{"parameter": {"arg": {"name": "w"}, "parameter_name": "fc.weight"}}`, `{"buffer": {"arg": {"name": "w"}, "buffer_name": "fc.weight", "persistent": false}}`)
	}, "data/constants/model_constants_config.json at config[\"fc.weight\"]|the constants list has no such name among its 0"},
}

func TestMistakes(t *testing.T) {
	for _, test := range mistakes {
		t.Run(test.name, func(t *testing.T) {
			b := legal()
			test.change(b)
			_, err := Read(b.bytes(), "tiny.pt2")
			if err == nil {
				t.Fatal("read without a mistake")
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%T, want *Error", err)
			}
			for part := range strings.SplitSeq("tiny.pt2: |"+test.want, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message lacks %q:\n%s", part, err)
				}
			}
			if len(err.Error()) > 1000 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestNotZip(t *testing.T) {
	for data, want := range map[string]string{
		"":                                   "the file is empty",
		"version https://git-lfs.github.com": "git-lfs pointer",
		"\x80\x02}q":                         "found a pickle",
		"GGUF\x03":                           "found a GGUF file",
		"air 1\nmodule @m {}":                "found an .air program",
		"\x08\x07\x12\x07pytorch":            `one that begins with "\b\a\x12\apyto"`,
		"PK\x03\x04":                         "has no valid directory at its end",
	} {
		_, err := Read([]byte(data), "m.pt2")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", data, err, want)
		}
	}
}

// TestDamage cuts the archive at every length and flips every byte: no panic, no view outside the file.
func TestDamage(t *testing.T) {
	data := legal().bytes()
	for n := range data {
		if _, err := Read(data[:n:n], "cut.pt2"); err == nil {
			t.Errorf("cut to %d of %d bytes: no mistake", n, len(data))
		}
	}
	for i := range data {
		flipped := bytes.Clone(data)
		flipped[i] ^= 0x55
		if a, err := Read(flipped, "flipped.pt2"); err == nil {
			touch(t, a)
		}
	}
}

// TestDirectoryPointsOutside moves the local header offset of the first entry behind the end.
func TestDirectoryPointsOutside(t *testing.T) {
	data := legal().bytes()
	at := bytes.Index(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[at+42:], uint32(len(data)-10))
	_, err := Read(data, "m.pt2")
	if err == nil || !strings.Contains(err.Error(), "weight_0: the directory points to no local header") {
		t.Error(err)
	}
}

// touch reads the ends of every weight, and all that is parsed late.
func touch(t *testing.T, a *Archive) {
	t.Helper()
	for _, m := range a.Models {
		for _, in := range m.Inputs {
			if in.Kind != Parameter && in.Kind != Buffer && in.Kind != TensorConstant {
				continue
			}
			w, err := m.Tensor(in.Target, in.Store)
			if err != nil {
				t.Fatalf("%s was checked by Read: %v", in.Target, err)
			}
			last, count := w.Offset, int64(1)
			for i, size := range w.Sizes {
				last += (size - 1) * w.Strides[i]
				count *= size
			}
			if count > 0 {
				at := last * int64(w.Elem.Bytes())
				_ = w.Entry.Data[at : at+int64(w.Elem.Bytes())]
			}
		}
		for _, n := range m.Graph.Nodes {
			_, _ = fmt.Sprint(n.Meta.Frames()), n.Meta.Modules()
		}
	}
}
