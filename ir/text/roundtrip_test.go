package text_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestRoundTrip parses in.air and prints it. The result is want.air, or in.air itself where that is canonical, and
// printing what was parsed from it gives the same bytes.
func TestRoundTrip(t *testing.T) {
	files, err := filepath.Glob("testdata/roundtrip/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	reg := testRegistry(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, want := section(ar, "in.air"), section(ar, "want.air")
			m := parse(t, reg, in.Data)
			var got bytes.Buffer
			if err := text.Print(&got, m, text.Options{Locs: true}); err != nil {
				t.Fatal(err)
			}
			if *update && (want != nil || !bytes.Equal(in.Data, got.Bytes())) {
				if want == nil {
					ar.Files = append(ar.Files, txtar.File{Name: "want.air"})
					want = &ar.Files[len(ar.Files)-1]
				}
				want.Data = got.Bytes()
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want == nil {
				want = in
			}
			if d := cmp.Diff(string(want.Data), got.String()); d != "" {
				t.Errorf("printed (-want +got):\n%s", d)
			}
			if again := text.Sprint(parse(t, reg, got.Bytes())); again != got.String() {
				t.Errorf("printing again differs:\n%s", cmp.Diff(got.String(), again))
			}
			if clone := text.Sprint(m.Clone()); clone != got.String() {
				t.Errorf("a clone prints differently:\n%s", cmp.Diff(got.String(), clone))
			}
		})
	}
}

func section(ar *txtar.Archive, name string) *txtar.File {
	for i := range ar.Files {
		if ar.Files[i].Name == name {
			return &ar.Files[i]
		}
	}
	return nil
}

func parse(t testing.TB, reg *ir.Registry, src []byte) *ir.Module {
	t.Helper()
	m, err := text.Parse("in.air", src, reg)
	if err != nil {
		t.Fatalf("parse:\n%v\n\n%s", err, src)
	}
	return m
}
