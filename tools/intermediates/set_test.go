package intermediates

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

func ramp(e host.Elem, shape ...int) *host.Tensor {
	t := host.New(e, shape...)
	for i := range t.Len() {
		host.SetFloat(t, i, float64(i)/4)
	}
	return t
}

// values are some entries with tensors.
func values(t *testing.T) ([]Entry, []*host.Tensor) {
	t.Helper()
	packed, err := host.Pack(host.New(host.I8, 2, 3), host.I4)
	if err != nil {
		t.Fatal(err)
	}
	fc := &ir.Loc{Path: "mlp.fc1", Class: "Linear", Stack: []ir.Frame{{File: "mlp.py", Line: 21}, {File: "main.py", Line: 3}}}
	return []Entry{
			{Node: "x", Op: "placeholder", Role: In, Loc: ir.Unknown},
			{Node: "linear", Op: "aten.linear.default", Loc: fc, Origin: "linear_3"},
			{Node: "body_graph_0/mul", Op: "aten.mul.Tensor", Loc: fc},
			{Node: "body_graph_0/mul", Run: 1, Op: "aten.mul.Tensor", Loc: fc},
			{Node: "codes", Op: "quant.pack", Loc: &ir.Loc{Path: "mlp.fc1"}},
			{Node: "max_1", Output: 1, Op: "aten.max.dim", Role: Out, Loc: ir.Unknown},
			{Node: "buf:cache.k", Op: "buffer", Role: Update, Loc: ir.Unknown},
		}, []*host.Tensor{
			ramp(host.F32, 2, 3), ramp(host.BF16, 2, 3), ramp(host.F16, 4), ramp(host.F16, 4), packed, host.New(host.I64), ramp(host.F64, 0, 2),
		}
}

func write(t *testing.T, path string) {
	t.Helper()
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	w.Program, w.Tool = "abc", "test 1"
	w.Inputs = []Input{{Name: "x", IsTensor: true}, {Name: "n", Value: json.Number("3")}, {Name: "mask"}}
	w.Functions = []string{"prefill", "decode"}
	w.Schemes = []string{"w4"}
	entries, tensors := values(t)
	for i, e := range entries {
		if err := w.Add(e, tensors[i]); err != nil {
			t.Fatal(err)
		}
	}
	if w.Len() != len(entries) {
		t.Errorf("found %d values, expected %d", w.Len(), len(entries))
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x"+Ending)
	write(t, path)
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries, tensors := values(t)
	for i := range entries {
		entries[i].Elem, entries[i].Shape = tensors[i].Elem, tensors[i].Shape
	}
	if d := cmp.Diff(entries, s.Entries, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	for i := range s.Entries {
		e := &s.Entries[i]
		got, err := s.Tensor(e)
		if err != nil {
			t.Fatal(err)
		}
		s.Release(e)
		if got.Elem != tensors[i].Elem || !bytes.Equal(got.Bytes(), tensors[i].Bytes()) {
			t.Errorf("%s: found %v, expected %v", e.Key(), got, tensors[i])
		}
	}
	want := []Input{{Name: "x", IsTensor: true}, {Name: "n", Value: json.Number("3")}, {Name: "mask"}}
	if d := cmp.Diff(want, s.Inputs); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if d := cmp.Diff([]string{"prefill", "decode"}, s.Functions); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if d := cmp.Diff([]string{"w4"}, s.Schemes); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if s.Program != "abc" || s.Tool != "test 1" {
		t.Errorf("found the program %q of the tool %q", s.Program, s.Tool)
	}
	if d := cmp.Diff([]SourceFile{{Path: "mlp.py"}, {Path: "main.py"}}, s.Files); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if e := s.Find("linear"); e == nil || e.Origin != "linear_3" || s.Find("linear_9") != nil {
		t.Errorf("found %v", e)
	}
	if e := s.ByKey("body_graph_0/mul@1#0"); e == nil || e.Run != 1 {
		t.Errorf("found %v", e)
	}
}

func TestSameBytes(t *testing.T) {
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		path := filepath.Join(dir, "x.safetensors")
		write(t, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = data
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same values gave other bytes")
	}
}

func TestWriterRejects(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	x := host.New(host.F32)
	if err := w.Add(Entry{Node: "a"}, x); err != nil {
		t.Fatal(err)
	}
	for node, want := range map[string]string{"": "no name of a value", "a@0": "no name of a value", "a": "the name is taken"} {
		if err := w.Add(Entry{Node: node}, x); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: found the error %v, expected %q", node, err, want)
		}
	}
}

func TestReadRejects(t *testing.T) {
	const good = `{"strings":["","m"],"files":[{"path":"a.py"}],"t":{"a#0":{"op":0,"module":1,"class":0,"loc":[[0,1]],"role":"mid","order":0}}}`
	with := func(old, new string) map[string]string {
		if !strings.Contains(good, old) {
			t.Fatalf("there is no %q", old)
		}
		return map[string]string{versionKey: version, indexKey: strings.Replace(good, old, new, 1)}
	}
	tests := []struct {
		name string
		meta map[string]string
		key  string
		want string
	}{
		{"good", with(good, good), "a#0", ""},
		{"unknown key", with(`"strings"`, `"more":[{}],"strings"`), "a#0", ""},
		{"no values", map[string]string{"format": "pt"}, "a#0", "does not say which values of a model they are"},
		{"version", map[string]string{versionKey: "2"}, "a#0", `version "2"`},
		{"no index", map[string]string{versionKey: version}, "a#0", "the index: it ends too early"},
		{"cut off", with(`"mid","order":0}}}`, `"mid"`), "a#0", "ends too early"},
		{"list", with(good, `[]`), "a#0", "found [, expected an object"},
		{"strings", with(`["","m"]`, `{}`), "a#0", "found {, expected a list"},
		{"not there", with(`"a#0"`, `"b#0"`), "a#0", `describes the tensor "b#0", which is not in the file`},
		{"twice", with(`"t":{`, `"t":{"a#0":{},`), "a#0", `describes the tensor "a#0" twice`},
		{"undescribed", with(`"a#0":{"op":0,"module":1,"class":0,"loc":[[0,1]],"role":"mid","order":0}`, ``), "a#0", "the index does not describe it"},
		{"name", with(`"a#0"`, `"a"`), "a", `"a" is no name of a value`},
		{"output", with(`"a#0"`, `"a#00"`), "a#00", `"a#00" is no name of a value`},
		{"run", with(`"a#0"`, `"a@x#0"`), "a@x#0", `no name of a value`},
		{"op", with(`"op":0`, `"op":2`), "a#0", "refers to text 2 of 2"},
		{"module", with(`"module":1`, `"module":-1`), "a#0", "refers to text -1 of 2"},
		{"class", with(`"class":0`, `"class":7`), "a#0", "refers to text 7 of 2"},
		{"origin", with(`"op":0`, `"op":0,"origin":9`), "a#0", "refers to text 9 of 2"},
		{"file", with(`[[0,1]]`, `[[1,1]]`), "a#0", "line 1 of file 1 of 1"},
		{"line", with(`[[0,1]]`, `[[0,-1]]`), "a#0", "line -1 of file 0"},
		{"frames", with(`[[0,1]]`, "["+strings.Repeat("[0,1],", maxFrames)+"[0,1]]"), "a#0", "65 lines of Python"},
		{"role", with(`"mid"`, `"most"`), "a#0", `the role is "most", expected one of mid, in, out, update`},
		{"wide", with(`"order":0`, `"order":0,"elem":"f32","shape":[1]`), "a#0", "narrower than a byte"},
		{"packed", with(`"order":0`, `"order":0,"elem":"u4","shape":[9]`), "a#0", "u4 of shape [9] does not take the 4 bytes"},
		{"inputs", map[string]string{versionKey: version, indexKey: good, inputsKey: `[{"name":"x"}]`}, "a#0", `the input "x" is missing`},
		{"inputs that are none", map[string]string{versionKey: version, indexKey: good, inputsKey: `{}`}, "a#0", "the list of inputs: found {, expected a list"},
		{"functions that are none", map[string]string{versionKey: version, indexKey: good, functionsKey: `[1]`}, "a#0", "the list of functions: "},
	}
	for _, tt := range tests {
		f, err := parse(tt.key, tt.meta)
		if err != nil {
			t.Fatal(err)
		}
		_, err = read(f)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: found the error %v, expected %q", tt.name, err, tt.want)
		}
	}
}

// parse makes a file of one tensor.
func parse(key string, meta map[string]string) (*safetensors.File, error) {
	var pairs []safetensors.Pair
	for _, k := range []string{"format", versionKey, indexKey, inputsKey, functionsKey} {
		if v, ok := meta[k]; ok {
			pairs = append(pairs, safetensors.Pair{Key: k, Value: v})
		}
	}
	var b bytes.Buffer
	if _, err := safetensors.Encode(&b, []safetensors.Entry{{Name: key, Elem: host.U8, Shape: []int{4}, Data: []byte{1, 2, 3, 4}}}, pairs...); err != nil {
		return nil, err
	}
	return safetensors.Parse(b.Bytes())
}

func TestIs(t *testing.T) {
	for path, want := range map[string]bool{"a.safetensors": true, "b/main.aimodelintermediates": true, "b/main.aimodelintermediates/": true,
		"b/main.aimodelintermediates/metadata.json": true, "a.pt2": false, "a.air": false} {
		if Is(path) != want {
			t.Errorf("%s: found %v", path, !want)
		}
	}
}

// FuzzFile holds that no file makes the reader panic, and that what it accepts has its tensors.
func FuzzFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x")
	w, err := Create(path)
	if err != nil {
		f.Fatal(err)
	}
	w.Inputs = []Input{{Name: "x", IsTensor: true}}
	if err := w.Add(Entry{Node: "x", Role: In, Loc: &ir.Loc{Path: "a", Stack: []ir.Frame{{File: "b", Line: 1}}}}, host.New(host.U8, 2)); err != nil {
		f.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := safetensors.Parse(data)
		if err != nil {
			return
		}
		s, err := read(in)
		if err != nil {
			return
		}
		for i := range s.Entries {
			if e := &s.Entries[i]; s.ByKey(e.Key()) != e {
				t.Fatalf("%s is not found", e.Key())
			}
		}
	})
}
