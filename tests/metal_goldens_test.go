package tests

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/plan"
)

// TestMetalGoldens compares the Metal texts of models with those in testdata/metal: ResNet-50, and a token of Qwen3-0.6B. program.air has
// their structure, written by tests/metal_structures.py; -update writes the rest.
func TestMetalGoldens(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"resnet50", "qwen3_decode"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join("testdata", "metal", name)
			m, err := aiopt.Standard().Load(filepath.Join(folder, "program.air"), aiopt.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := plan.Make(t.Context(), m, plan.Options{})
			if err != nil {
				t.Fatal(err)
			}
			files := append(p.Texts, custom.File{Name: "plan.txt", Data: []byte(dispatches(p))})
			if flag.Lookup("update").Value.String() == "true" {
				writeGoldens(t, folder, files)
			}
			for _, f := range files {
				want, err := os.ReadFile(filepath.Join(folder, f.Name))
				if err != nil {
					t.Fatalf("%v: write it with -update", err)
				}
				if !bytes.Equal(want, f.Data) {
					t.Errorf("%s: -want +got; write it with -update:\n%.4000s", f.Name, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(f.Data), "\n")))
				}
			}
			found, err := filepath.Glob(filepath.Join(folder, "*"))
			if err != nil || len(found) != len(files)+1 {
				t.Errorf("%s has %d files, expected %d: %v", folder, len(found), len(files)+1, err)
			}
		})
	}
}

func writeGoldens(t *testing.T, folder string, files []custom.File) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(folder, "*.metal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// dispatches lists the steps of a plan for readers.
func dispatches(p *plan.Plan) string {
	var b strings.Builder
	for _, f := range p.File.Functions {
		fmt.Fprintf(&b, "@%s: %d steps, an arena of %d bytes, %d slots\n", f.Name, len(f.Steps), f.Arena, len(f.Slots))
		for i, s := range f.Steps {
			switch d := s.Dispatch; {
			case d != nil:
				k := p.File.Kernels[d.Kernel]
				fmt.Fprintf(&b, "%4d %s, %s threads in groups of %d, after %v\n", i, d.Function, strings.Join(k.Threads[:], " x "), k.Threadgroup, s.Waits)
			default:
				fmt.Fprintf(&b, "%4d host %s: %s, after %v\n", i, s.Host.Name, s.Host.Reason, s.Waits)
			}
		}
	}
	return b.String()
}
