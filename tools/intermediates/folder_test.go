package intermediates

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// folderWith makes a folder with one array, data/relu_0001.npy.
func folderWith(t testing.TB, metadata string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "main"+appleEnding)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*host.Tensor{"x_0000": ramp(host.F32, 2), "relu_0001": ramp(host.F32, 2, 3), "out_0002": ramp(host.F16)} {
		data, err := host.EncodeNPY(x)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", name+".npy"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, appleMetadata), []byte(metadata), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// reluEntry is what metadata.json says of a value.
const reluEntry = `{"node_name":"relu","node_op":"call_function","node_target":"aten.relu.default","data_file":"data/relu_0001.npy","shape":[2,3],"torch_dtype":"torch.float32","numel":6}`

const goodFolder = `{"inputs":{"x":{"node_name":"x","node_op":"placeholder","node_target":"x","data_file":"data/x_0000.npy","shape":[2],"torch_dtype":"torch.float32","numel":2}},
"outputs":{"out":{"node_name":"out","node_op":"call_function","node_target":"aten.sum.default","data_file":"data/out_0002.npy","shape":[],"torch_dtype":"torch.float16","numel":1}},
"intermediates":{"relu":` + reluEntry + `,"w":{"node_op":"get_attr","data_file":"nowhere"}},"mappings":{"outputs":[1,[2]]}}`

func TestFolder(t *testing.T) {
	dir := folderWith(t, goodFolder)
	for _, path := range []string{dir, dir + "/", filepath.Join(dir, appleMetadata)} {
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		want := []Entry{
			{Node: "x", Op: "placeholder", Role: In, Elem: host.F32, Shape: []int{2}, Loc: ir.Unknown},
			{Node: "relu", Op: "aten.relu.default", Elem: host.F32, Shape: []int{2, 3}, Loc: ir.Unknown},
			{Node: "out", Op: "aten.sum.default", Role: Out, Elem: host.F16, Shape: []int{}, Loc: ir.Unknown},
		}
		if d := cmp.Diff(want, s.Entries); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		if d := cmp.Diff([]Input{{Name: "x", IsTensor: true}}, s.Inputs); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		for range 2 {
			got, err := s.Tensor(s.Find("relu"))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(host.Raw[float32](got), host.Raw[float32](ramp(host.F32, 2, 3))) {
				t.Errorf("found %v", host.Raw[float32](got))
			}
			s.Release(s.Find("relu"))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFolderManyFiles: beyond what may be mapped at once, values are read, and stay valid, too.
func TestFolderManyFiles(t *testing.T) {
	s, err := Open(folderWith(t, goodFolder))
	if err != nil {
		t.Fatal(err)
	}
	store := s.tensors.(*folder)
	store.most = 1
	if _, err := s.Tensor(s.Find("x")); err != nil {
		t.Fatal(err)
	}
	got, err := s.Tensor(s.Find("relu"))
	if err != nil {
		t.Fatal(err)
	}
	s.Release(s.Find("relu"))
	if n := len(store.maps); n != 1 {
		t.Errorf("%d files are mapped", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if !slices.Equal(host.Raw[float32](got), host.Raw[float32](ramp(host.F32, 2, 3))) {
		t.Errorf("found %v", host.Raw[float32](got))
	}
}

func TestFolderRejects(t *testing.T) {
	with := func(old, new string) string {
		return strings.Replace(goodFolder, reluEntry, strings.Replace(reluEntry, old, new, 1), 1)
	}
	tests := []struct{ name, metadata, want string }{
		{"no JSON", "x", "invalid character"},
		{"empty", "", "ends too early"},
		{"keys", "{}", "expected the keys inputs, outputs and intermediates"},
		{"list", `{"inputs":[]}`, "found [, expected an object"},
		{"type", with("torch.float32", "torch.float3"), `"relu": the type "torch.float3" is not known`},
		{"up", with("data/relu", "../main.aimodelintermediates/data/relu"), "is not in the folder"},
		{"root", with("data/relu_0001.npy", "/etc/passwd"), "is not in the folder"},
		{"link", with("data/relu", "data/link"), "escapes"},
		{"folder", with("data/relu_0001.npy", "data"), "data is no file"},
		{"missing", with("relu_0001", "relu_0009"), "no such file"},
		{"negative", with("[2,3]", "[2,-3]"), "negative"},
		{"overflow", with("[2,3]", "[4294967296,4294967296,4294967296]"), "too many elements"},
		{"large", with("[2,3]", "[2,3000]"), "f32 of shape 2x3000 takes 24000"},
		{"twice", strings.Replace(goodFolder, reluEntry, reluEntry+`,"x":`+reluEntry, 1), `"x" is there twice`},
		{"name", strings.Replace(goodFolder, `"relu":`, `"":`, 1), "no name of a value"},
	}
	for _, tt := range tests {
		dir := folderWith(t, tt.metadata)
		if err := os.Symlink("/etc/passwd", filepath.Join(dir, "data", "link_0001.npy")); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), dir+": ") {
			t.Errorf("%s: found the error %v, expected %q", tt.name, err, tt.want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no folder of saved values, which coreai-torch names *.aimodelintermediates") {
		t.Errorf("found the error %v, expected one about the folder", err)
	}
}

func TestFolderOtherShape(t *testing.T) {
	s, err := Open(folderWith(t, strings.Replace(goodFolder, "[2,3]", "[3,2]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Tensor(s.Find("relu")); err == nil || !strings.Contains(err.Error(), "relu_0001.npy: it is tensor<2x3xf32>, metadata.json says f32 of shape 3x2") {
		t.Errorf("found the error %v, expected one about the shape", err)
	}
}

// FuzzFolder holds that no metadata.json makes the reader panic or look outside of its folder.
func FuzzFolder(f *testing.F) {
	f.Add([]byte(goodFolder))
	f.Add([]byte(`{"inputs":{},"outputs":{},"intermediates":{"a":{"data_file":"../x"}}}`))
	root, err := os.OpenRoot(folderWith(f, goodFolder))
	if err != nil {
		f.Fatal(err)
	}
	defer root.Close()
	f.Fuzz(func(t *testing.T, data []byte) {
		store := &folder{root: root, files: map[string]string{}}
		s := &Set{tensors: store}
		order, err := s.readApple(strings.NewReader(string(data)), store)
		if err != nil {
			return
		}
		if len(order) != len(s.Entries) {
			t.Fatalf("%d of %d values have an order", len(order), len(s.Entries))
		}
		for key, name := range store.files {
			if !filepath.IsLocal(name) {
				t.Fatalf("%s: %s is outside of the folder", key, name)
			}
		}
	})
}
