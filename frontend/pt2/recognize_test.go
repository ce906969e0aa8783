package pt2

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestRecognize(t *testing.T) {
	zipped := func(method uint16, names ...string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range names {
			f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte("pt2")); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"npy", []byte("\x93NUMPY\x01\x00"), NumPyArray},
		{"npz", zipped(zip.Deflate, "x.npy", "y.npy"), "NumPy arrays (.npz)"},
		{"torch.save", zipped(zip.Store, "x/data.pkl", "x/data/0"), "a pickled state_dict or module (torch.save)"},
		{"torch.jit.save", zipped(zip.Store, "x/data.pkl", "x/constants.pkl"), "a TorchScript file (torch.jit.save)"},
		{"pt2", zipped(zip.Store, "m/archive_format", "m/models/model.json"), "a torch.export archive (.pt2)"},
		{"pickle", []byte("\x80\x05\x95"), "a pickle"},
		{"safetensors", []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), Safetensors},
		{"GGUF", []byte("GGUF\x03"), "a GGUF file"},
		{"any zip", zipped(zip.Store, "x.npy", "readme"), ""},
		{"cut zip", zipped(zip.Store, "x.npy")[:20], ""},
		{"empty zip", zipped(zip.Store), ""},
		{"text", []byte("hello"), ""},
		{"empty", nil, ""},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Recognize(path); got != c.want {
			t.Errorf("%s: found %q, expected %q", c.name, got, c.want)
		}
	}
	if got := Recognize(filepath.Join(t.TempDir(), "none")); got != "" {
		t.Errorf("a file that is not there: found %q", got)
	}
}
