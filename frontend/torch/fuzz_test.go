package torch

import (
	"archive/zip"
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// FuzzImport gives archives with other programs and other schemas of custom operators in them: whatever reads must import
// or be refused, and what imports must not break the verifier.
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
		f.Add(i, append([]byte(nil), e.Data...), "")
		f.Add(i, append([]byte(nil), e.Data...), "mine::fill_(Tensor(a!) x, int[2] k=1, str s=\"\\\"\", *, Tensor? y=None) -> (Tensor, Tensor(a)[])\n")
	}
	f.Add(0, []byte("{}"), `mine::f(str x="\`)
	f.Add(0, []byte("{}"), "mine::f(int[-1] x=1) -> ()\nmine::f(int[99999999999999999] x=1) -> ()\naten::add_.Tensor(Tensor self, Tensor other) -> Tensor")
	f.Fuzz(func(t *testing.T, base int, program []byte, schemas string) {
		if base < 0 || base >= len(bases) {
			return
		}
		changes := map[string][]byte{"models/" + bases[base].Models[0].Name + ".json": program, "extra/" + schemaFile: []byte(schemas)}
		a, err := pt2.Read(withEntries(t, bases[base], changes), "fuzz.pt2")
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

// withEntries copies an archive with entries added or changed. It keeps of its programs only those that change, if any does.
func withEntries(t *testing.T, a *pt2.Archive, changes map[string][]byte) []byte {
	t.Helper()
	isModel := func(name string) bool { return strings.HasPrefix(name, "models/") }
	names := slices.Sorted(maps.Keys(changes))
	alone := slices.ContainsFunc(names, isModel)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, data []byte) {
		file, err := w.CreateHeader(&zip.FileHeader{Name: "fuzz/" + name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range a.Entries {
		if _, changed := changes[e.Name]; !changed && !(alone && isModel(e.Name)) {
			add(e.Name, e.Data)
		}
	}
	for _, name := range names {
		add(name, changes[name])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
