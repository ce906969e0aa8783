package asset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/ir/zipfile"
)

// dialect is all that the programs of these tests need.
var dialect = ir.NewDialect("core", "a part of it for tests",
	&ir.OpDef{Name: "core.return", Traits: ir.Terminator, Operands: []ir.Arg{ir.Many("values", ir.AnyElem)},
		Infer: func(*ir.InferCtx, *ir.Op) ([]ir.Type, error) { return nil, nil }},
)

const program = `air 1
module @m {
  program "abc"
  state @s : tensor<3xf32> = @half
  func @main(%x: tensor<[B]x[2*B]xf32>, state @s %s: tensor<3xf32>) -> (%y: tensor<[B]x[2*B]xf32>, update @s: tensor<3xf32>) {
    dim B in 1..8
    core.return(%x, %s)
  }
  func @main_B4(%x: tensor<4x8xf32>, state @s %s: tensor<3xf32>) -> (%y: tensor<4x8xf32>, update @s: tensor<3xf32>) {
    core.return(%x, %s)
  }
}
`

// sample is a module with data of several widths, some of it equal, strided and packed.
func sample(t testing.TB) *ir.Module {
	t.Helper()
	ops, err := ir.NewRegistry(dialect)
	if err != nil {
		t.Fatal(err)
	}
	m, err := text.Parse("sample.air", []byte(strings.Replace(program, " = @half", " = zero", 1)), ops)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, e host.Elem, bytes string, shape ...int) *ir.Resource {
		r := &ir.Resource{Name: name, Type: ir.StaticType(e, shape...), Source: &ir.Source{Data: []byte(bytes), Size: int64(len(bytes))}}
		m.Resources = append(m.Resources, r)
		return r
	}
	add("bytes", host.U8, "abc", 3)
	add("codes", host.I4, "\x21\x03\x43\x05", 2, 3)
	add("half", host.F32, "aaaabbbbcccc", 3)
	add("wide", host.F64, "01234567", 1)
	add("same", host.F32, "aaaabbbbcccc", 3)
	add("other", host.U8, "01234567", 8)
	add("none", host.F32, "", 0)
	strided := add("strided", host.F32, "aaaabbbbccccdddd", 2, 2)
	strided.Strides = []int64{1, 2}
	part := add("part", host.F32, "zzzzaaaabbbbcccc", 3)
	part.Offset = 1
	m.States[0].Init = "half"
	m.Passes = []string{"w4{group=32}"}
	return m
}

func write(t testing.TB, m *ir.Module, opt Options) (path string, data []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "x.airpkg")
	if err := Write(t.Context(), path, m, opt); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
}

// load reads an asset and its program.
func load(data []byte) (*Asset, *ir.Module, error) {
	a, err := Read(data, "x.airpkg")
	if err != nil {
		return nil, nil, err
	}
	ops, err := ir.NewRegistry(dialect)
	if err != nil {
		return nil, nil, err
	}
	m, err := text.Parse(a.ProgramName(), a.Program(), ops)
	if err != nil {
		return nil, nil, err
	}
	if err := ir.Verify(m); err != nil {
		return nil, nil, err
	}
	return a, m, a.Bind(m)
}

func TestRoundTrip(t *testing.T) {
	m := sample(t)
	kernels := []File{{"kernels/mlp.metal", []byte("kernel void f() {}")}, {"kernels/launch.json", []byte("{}")}}
	opt := Options{Generator: "test 1", Kernels: kernels}
	_, data := write(t, m, opt)
	a, again, err := load(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(); err != nil {
		t.Error(err)
	}
	for i, r := range m.Resources {
		want, err := r.Tensor()
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Resources[i].Tensor()
		if err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) || got.Elem != want.Elem || !slices.Equal(got.Shape, want.Shape) {
			t.Errorf("@%s: found %v with %q, %v, expected %v with %q", r.Name, got, got.Bytes(), err, want, want.Bytes())
		}
	}
	if diff := cmp.Diff([]string{"w4{group=32}"}, again.Passes); diff != "" {
		t.Error(diff)
	}
	_, second := write(t, again, opt)
	if !bytes.Equal(data, second) {
		t.Error("writing what was read gives other bytes")
	}
}

// TestWeights holds the weights to be shared, dense and aligned.
func TestWeights(t *testing.T) {
	_, data := write(t, sample(t), Options{})
	a, m, err := load(data)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	total := 0
	for _, e := range a.weights.Entries {
		got = append(got, fmt.Sprintf("%s %s %v", e.Name, e.Elem, e.Shape))
		total += len(e.Data)
	}
	want := []string{"wide f64 [1]", "half f32 [3]", "none f32 [0]", "strided f32 [2 2]", "bytes u8 [3]", "codes u8 [2 2]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if total != 8+12+16+3+4 {
		t.Errorf("the data takes %d bytes", total)
	}
	z, err := zipfile.Read(data, "x.airpkg", reading())
	if err != nil {
		t.Fatal(err)
	}
	e, _ := z.Entry(weightsName)
	for _, r := range m.Resources {
		x, err := r.Tensor()
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(e.Data, x.Data)
		if width := r.Type.Elem.Bytes(); width > 1 && at%width != 0 {
			t.Errorf("@%s lies at byte %d", r.Name, at)
		}
	}
	for _, pair := range [][2]string{{"half", "same"}, {"half", "part"}, {"wide", "other"}} {
		if m.Resource(pair[0]).Source.Entry != m.Resource(pair[1]).Source.Entry {
			t.Errorf("@%s and @%s have equal bytes that are stored twice", pair[0], pair[1])
		}
	}
}

func TestManifest(t *testing.T) {
	_, data := write(t, sample(t), Options{Generator: "test 1"})
	a, err := Read(data, "x.airpkg")
	if err != nil {
		t.Fatal(err)
	}
	eight := int64(8)
	state := Port{Name: "s", DType: "f32", Shape: []Size{"3"}, Initial: "half"}
	function := func(name string, sizes []Range, shape ...Size) Function {
		return Function{Name: name, Sizes: sizes, Inputs: []Port{{Name: "x", DType: "f32", Shape: shape}}, Outputs: []Port{{Name: "y", DType: "f32", Shape: shape}},
			States: []string{"s"}, Updates: []string{"s"}}
	}
	want := &Manifest{
		Format: "airpkg", Version: 1, Origin: Origin{Generator: "test 1", Program: "abc", Passes: []string{"w4{group=32}"}},
		Functions: []Function{function("main", []Range{{"B", 1, &eight}}, "B", "2*B"), function("main_B4", nil, "4", "8")},
		States:    []Port{state},
		Variants:  []Variant{{Function: "main_B4", Of: "main", Sizes: []At{{"B", 4}}, Target: "any"}},
		Entries:   a.Manifest.Entries,
	}
	if diff := cmp.Diff(want, a.Manifest); diff != "" {
		t.Error(diff)
	}
	var plain struct {
		Functions []struct{ Inputs []struct{ Shape []any } }
	}
	z, _ := zipfile.Read(data, "", reading())
	e, _ := z.Entry(manifestName)
	if err := json.Unmarshal(e.Data, &plain); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{4.0, 8.0}, plain.Functions[1].Inputs[0].Shape); diff != "" {
		t.Error(diff)
	}
}

// TestInterruptedWrite stops a write at every step; the old file stays, and nothing beside it.
func TestInterruptedWrite(t *testing.T) {
	m := sample(t)
	path, old := write(t, m, Options{})
	m.Resources[0].Source.Data = []byte("new")
	for stop := range 30 {
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		err := Write(ctx, path, m, Options{Progress: func(string, int, int) {
			if steps == stop {
				cancel()
			}
			steps++
		}})
		cancel()
		now, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		switch left, _ := os.ReadDir(filepath.Dir(path)); {
		case len(left) != 1:
			t.Errorf("step %d: %v is left", stop, left)
		case stop < steps && (!errors.Is(err, context.Canceled) || !bytes.Equal(now, old)):
			t.Errorf("step %d: %v, and the old file has changed: %v", stop, err, !bytes.Equal(now, old))
		case stop >= steps && (err != nil || bytes.Equal(now, old)):
			t.Errorf("step %d of %d: %v", stop, steps, err)
		}
		if stop >= steps {
			return
		}
	}
	t.Error("the write has more than 30 steps")
}

// TestFailedWrite makes a write fail for other reasons.
func TestFailedWrite(t *testing.T) {
	m := sample(t)
	path, old := write(t, m, Options{})
	broken := sample(t)
	broken.Resources[0].Source = &ir.Source{File: "gone", Size: 3, Open: func() ([]byte, error) { return nil, errors.New("the file is gone") }}
	elided := sample(t)
	elided.Resources[0].Source = &ir.Source{Elided: true, Size: 3}
	for _, c := range []struct {
		path string
		m    *ir.Module
		opt  Options
		want string
	}{
		{path, broken, Options{}, "x.airpkg: resource @bytes: the file is gone"},
		{path, elided, Options{}, "x.airpkg: resource @bytes: the data was left out of the text"},
		{path, m, Options{Kernels: []File{{"kernels/x.sh", nil}}}, "x.airpkg: kernels/x.sh: an asset has no such entry"},
		{filepath.Dir(path), m, Options{}, "it is a folder or device"},
		{filepath.Join(path, "y.airpkg"), m, Options{}, "y.airpkg: there is no folder "},
	} {
		if err := Write(t.Context(), c.path, c.m, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, expected ... %s", err, c.want)
		}
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, old) {
		t.Error("the old file has changed")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%v is left", left)
	}
}

// unpacked lists the entries of an asset.
func unpacked(data []byte) []File {
	z, err := zipfile.Read(data, "", reading())
	if err != nil {
		panic(err)
	}
	var list []File
	for _, e := range z.Entries {
		list = append(list, File{e.Name, slices.Clone(e.Data)})
	}
	return list
}

// memory is a file in memory.
type memory struct{ bytes.Buffer }

func (m *memory) WriteAt(p []byte, at int64) (int, error) { return copy(m.Bytes()[at:], p), nil }

// packed writes entries as an asset, with right sums in the manifest if asked for.
func packed(list []File, fix bool) []byte {
	out := &memory{}
	z := zipfile.NewWriter(out)
	var sums []Part
	for _, f := range list {
		data := f.Data
		if f.Name == manifestName && fix {
			if m, err := decodeManifest(data); err == nil {
				m.Entries = sums
				data = encode(m)
			}
		}
		e, err := z.Add(f.Name, int64(len(data)), writing(data))
		if err != nil {
			panic(err)
		}
		sums = append(sums, Part{f.Name, e.Size, fmt.Sprintf("%x", e.SHA256)})
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func edit(list []File, name, from, to string) []File {
	for i, f := range list {
		if f.Name == name {
			if !bytes.Contains(f.Data, []byte(from)) {
				panic(name + " has no " + from)
			}
			list[i].Data = bytes.Replace(f.Data, []byte(from), []byte(to), 1)
		}
	}
	return list
}

// mistakes are assets that another program could have made, with right sums where fix is set.
var mistakes = []struct {
	name   string
	fix    bool
	change func(list []File) []File
	want   string
}{
	{"more", true, func(l []File) []File { return append(l, File{"evil.so", nil}) }, "evil.so: an asset has no such entry"},
	{"folder", true, func(l []File) []File { return append(l, File{"kernels/a/b.metal", nil}) }, "kernels/a/b.metal: an asset has no such entry"},
	{"no program", true, func(l []File) []File { return l[1:] }, "x.airpkg: the asset has no entry program.air"},
	{"no manifest", true, func(l []File) []File { return l[:2] }, "the asset has no entry manifest.json; copy or download the file again, or if torch.export.save wrote it name it .pt2"},
	{"not listed", false, func(l []File) []File { return append(l, File{"kernels/launch.json", nil}) }, "manifest.json: it lists 2 entries, the file has 3 beside it"},
	{"program", false, func(l []File) []File { return edit(l, programName, "abc", "abd") }, "program.air: the bytes are damaged: their SHA-256 is"},
	{"size", false, func(l []File) []File { return edit(l, programName, "abc", "abcd") }, "program.air: it has "},
	{"twice", false, func(l []File) []File { return edit(l, manifestName, weightsName, programName) }, `manifest.json: it lists the entry "program.air" twice`},
	{"unknown", false, func(l []File) []File { return edit(l, manifestName, weightsName, "other") }, `manifest.json: it lists the entry "other", which the file does not have`},
	{"newer", true, func(l []File) []File { return edit(l, manifestName, `"version": 1`, `"version": 2, "more": 1`) }, "manifest.json: version is 2, expected 1: it was written by another version"},
	{"format", true, func(l []File) []File { return edit(l, manifestName, `"airpkg"`, `"pkg"`) }, `manifest.json: format is "pkg", expected "airpkg"`},
	{"key", true, func(l []File) []File { return edit(l, manifestName, `"states": [`, `"extra": [], "states": [`) }, `manifest.json: unknown field "extra"`},
	{"syntax", true, func(l []File) []File { return edit(l, manifestName, `"states"`, `states`) }, "manifest.json: line "},
	{"type", true, func(l []File) []File { return edit(l, manifestName, `"name": "main"`, `"name": 3`) }, "manifest.json: line "},
	{"items", true, func(l []File) []File {
		return edit(l, manifestName, `"states": [`, `"states": [`+strings.Repeat("{},", maxItems+1))
	}, "items, expected at most 200000"},
	{"long", true, func(l []File) []File {
		return edit(l, manifestName, `"states"`, strings.Repeat(" ", maxManifest)+`"states"`)
	}, "manifest.json: it has "},
	{"signature", true, func(l []File) []File { return edit(l, manifestName, `"name": "x"`, `"name": "z"`) },
		`manifest.json: functions differ from program.air: found "name": "z",, expected "name": "x",`},
	{"variant", true, func(l []File) []File { return edit(l, manifestName, `"value": 4`, `"value": 5`) }, "manifest.json: variants differ from program.air"},
	{"outside", true, func(l []File) []File {
		return edit(l, programName, `"weights.safetensors" entry "half"`, `"/etc/passwd" entry "half"`)
	},
		"program.air: @half: its data is not in weights.safetensors; an asset refers to nothing else"},
	{"inline", true, func(l []File) []File {
		return edit(l, programName, `= "weights.safetensors" entry "none" size 0`, `= data ""`)
	}, "program.air: @none: its data is not in"},
	{"no tensor", true, func(l []File) []File { return edit(l, programName, `entry "wide"`, `entry "wode"`) }, `its tensor "wode" is not in weights.safetensors`},
	{"other tensor", true, func(l []File) []File { return edit(l, programName, `entry "bytes" size 3`, `entry "codes" size 3`) }, `@bytes: expected 3 bytes with the CRC-32 352441c2, weights.safetensors has 4 bytes of tensor "codes"`},
	{"part", true, func(l []File) []File { return edit(l, programName, `tensor<3xu8>`, `tensor<2xu8>`) }, `@bytes: tensor<2xu8> is not all of the 3 bytes of tensor "bytes"`},
	{"no sum", true, func(l []File) []File { return edit(l, weightsName, `"crc32.bytes"`, `"crc32.b"`+"    ") }, "@bytes: expected 3 bytes"},
	{"header", true, func(l []File) []File { return edit(l, weightsName, `"shape":[3]`, `"shape":[4]`) }, "weights.safetensors: tensor "},
	{"header size", true, func(l []File) []File { l[1].Data[3] = 1; return l }, "weights.safetensors: its header takes "},
}

func TestMistakes(t *testing.T) {
	_, good := write(t, sample(t), Options{})
	if _, _, err := load(packed(unpacked(good), true)); err != nil {
		t.Fatalf("packed again: %v", err)
	}
	for _, c := range mistakes {
		_, _, err := load(packed(c.change(unpacked(good)), c.fix))
		if err == nil || !strings.HasPrefix(err.Error(), "x.airpkg: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected ... %s", c.name, err, c.want)
		}
	}
}

// TestDamagedWeight changes a byte of a weight, which opening does not read.
func TestDamagedWeight(t *testing.T) {
	_, data := write(t, sample(t), Options{})
	at := bytes.Index(data, []byte("aaaabbbbcccc"))
	data[at] ^= 1
	a, m, err := load(data)
	if err != nil {
		t.Fatal(err)
	}
	const want = `x.airpkg: weights.safetensors: the tensor "half" is damaged`
	for name, damaged := range map[string]bool{"half": true, "same": true, "wide": false, "strided": false} {
		if _, err := m.Resource(name).Tensor(); damaged != (err != nil) || damaged && !strings.Contains(err.Error(), want) {
			t.Errorf("@%s: %v", name, err)
		}
	}
	if err := a.Verify(); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Error(err)
	}
}

// TestUsedByOthers opens the weights with the plain reader.
func TestUsedByOthers(t *testing.T) {
	_, data := write(t, sample(t), Options{})
	f, err := safetensors.Parse(unpacked(data)[1].Data)
	if err != nil {
		t.Fatal(err)
	}
	if x, err := f.Tensor("strided"); err != nil || string(x.Data) != "aaaaccccbbbbdddd" {
		t.Errorf("%v, %v", x, err)
	}
}
