package pt2

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestSampleInputs: the inputs of an export are tensors that share the file's bytes; Python constants among them are left out.
func TestSampleInputs(t *testing.T) {
	for path, want := range map[string]string{"mlp_strict": "f32 4x64", "constant_inputs": "f32 2x3", "cond_hop": "f32 3x4"} {
		a, err := Open("testdata/" + path + ".pt2")
		if err != nil {
			t.Fatal(err)
		}
		list, err := a.SampleInputs(a.Models[0].Name)
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: got %v, %v", path, list, err)
		}
		if got := list[0].Elem.String() + " " + host.ShapeText(list[0].Shape); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
		if none, err := a.SampleInputs("none"); none != nil || err != nil {
			t.Errorf("%s: of a model that is not there: %v, %v", path, none, err)
		}
		a.Close()
	}
}

// TestWrongSamples: what is no pickle of tensors is an error, and nothing in it is called.
func TestWrongSamples(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "it is cut off",
		"\x80\x02":                             "it is cut off",
		".":                                    "nothing is on the stack",
		"cos\nsystem\nX\x02":                   "it is cut off",
		"cos\nsystem\nX\x02\x00\x00\x00ls\x85": "it is cut off",
		"h\x07":                                "nothing is stored as 7",
		"t":                                    "there is no mark on the stack",
		"(X\x01\x00\x00\x00sctorch\nOddStorage\nX\x01\x00\x00\x000tQ": "OddStorage",
		"\x95":                                  "the instruction 0x95 is none that tensors need",
		"ctorch._utils\n_rebuild_tensor_v2\n)R": "a tensor has 0 parts",
	} {
		p := &unpickler{data: []byte(text), memo: map[int]any{}, bytes: func(string) ([]byte, error) { return nil, nil }}
		if _, err := p.run(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	p := &unpickler{data: []byte("cos\nsystem\nX\x02\x00\x00\x00ls\x85R."), memo: map[int]any{}}
	if v, err := p.run(); v != any(opaque{}) || err != nil {
		t.Errorf("a call of another function gives %v, %v", v, err)
	}
}

// pickled is the data.pkl of a file's samples.
func pickled(t testing.TB, path string) []byte {
	t.Helper()
	outer, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadContainer(outer, path)
	if err != nil {
		t.Fatal(err)
	}
	e, ok := c.lookup(samplesFolder + "model.pt")
	if !ok {
		t.Fatal("no samples")
	}
	z, err := zip.NewReader(bytes.NewReader(e.Data), e.Size)
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("archive/data.pkl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzSamples: whatever a pickle says becomes tensors inside of their storages, or an error.
func FuzzSamples(f *testing.F) {
	f.Add(pickled(f, "testdata/mlp_strict.pt2"))
	f.Add(pickled(f, "testdata/constant_inputs.pt2"))
	data := make([]byte, 256)
	f.Fuzz(func(t *testing.T, text []byte) {
		p := &unpickler{data: text, memo: map[int]any{}, bytes: func(string) ([]byte, error) { return data, nil }}
		value, err := p.run()
		if err != nil {
			return
		}
		var list []*host.Tensor
		left := maxSampleParts
		gather(value, &list, &left)
		for _, x := range list {
			if x.Len() < 1<<16 {
				x.Clone()
			}
		}
	})
}
