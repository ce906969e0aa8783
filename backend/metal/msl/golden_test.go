package msl_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
	"github.com/aiopt/aiopt/backend/metal/msl"
	_ "github.com/aiopt/aiopt/tests/airtest"
)

var forms = []string{launch.Buffers, launch.Tensors}

// TestGoldens holds the texts of the samples in both forms, and how they are launched. With the flag -update, which airtest
// declares, it writes them.
func TestGoldens(t *testing.T) {
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			k, o := s.build(t)
			a := &txtar.Archive{Files: []txtar.File{{Name: "kernel.txt", Data: []byte(kernel.Print(k))}}}
			for _, form := range forms {
				text, l, err := msl.Print(k, form, o)
				if err != nil {
					text = err.Error() + "\n"
				}
				a.Files = append(a.Files, txtar.File{Name: form + ".metal", Data: []byte(text)})
				if form == launch.Buffers {
					described, err := json.Marshal(l)
					if err != nil {
						t.Fatal(err)
					}
					a.Files = append(a.Files, txtar.File{Name: "launch.json", Data: append(described, '\n')})
				}
			}
			file, got := filepath.Join("testdata", s.name+".txtar"), txtar.Format(a)
			if flag.Lookup("update").Value.String() == "true" {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSamples runs the samples in both forms, at several sizes.
func TestSamples(t *testing.T) {
	for _, form := range forms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 2))
			var jobs []metaltest.Job
			for _, s := range samples {
				k, o := s.build(t)
				if _, _, err := msl.Print(k, form, o); err != nil && form == launch.Tensors {
					continue // the golden text has the reason
				}
				for _, sizes := range s.sizes {
					jobs = append(jobs, held(t, s.name, k, call(t, k, sizes, rng), o.Shapes, s.within))
				}
			}
			metaltest.HoldAs(t, form, jobs)
		})
	}
}

// TestDocument holds the kernel that docs/metal.md explains: its lines follow each other in the text of the sample.
func TestDocument(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/metal.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/softmax.txtar")
	if err != nil {
		t.Fatal(err)
	}
	rest, shown := string(text), 0
	for line := range strings.Lines(string(doc)) {
		code, ok := strings.CutPrefix(line, "    ")
		if !ok || strings.TrimSpace(code) == "..." {
			continue
		}
		at := strings.Index(rest, code)
		if at < 0 {
			t.Fatalf("the text has no line %q behind the one before", code)
		}
		rest, shown = rest[at+len(code):], shown+1
	}
	if shown < 20 {
		t.Errorf("the document shows %d lines of a kernel", shown)
	}
}
