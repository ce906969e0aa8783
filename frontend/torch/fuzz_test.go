package torch

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// FuzzImport gives archives with other programs in them: whatever reads must import or be refused, and what imports must
// not break the verifier.
func FuzzImport(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.pt2")
	if err != nil || len(paths) == 0 {
		f.Fatalf("found %d archives: %v", len(paths), err)
	}
	var bases []*pt2.Archive
	for i, path := range paths {
		a, err := pt2.Open(path)
		if err != nil {
			f.Fatal(err)
		}
		defer a.Close()
		bases = append(bases, a)
		e, err := a.Entry("models/" + a.Models[0].Name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, append([]byte(nil), e.Data...))
	}
	f.Fuzz(func(t *testing.T, base int, program []byte) {
		if base < 0 || base >= len(bases) {
			return
		}
		a, err := pt2.Read(withProgram(t, bases[base], program), "fuzz.pt2")
		if err != nil {
			return
		}
		m, _, err := Import(Programs(a, ""), Options{})
		if err != nil {
			return
		}
		if err := ir.Verify(m); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
	})
}

// withProgram copies an archive with another program for its first model.
func withProgram(t *testing.T, a *pt2.Archive, program []byte) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range a.Entries {
		data := e.Data
		if strings.HasPrefix(e.Name, "models/") {
			if e.Name != "models/"+a.Models[0].Name+".json" {
				continue
			}
			data = program
		}
		file, err := w.CreateHeader(&zip.FileHeader{Name: "fuzz/" + e.Name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
