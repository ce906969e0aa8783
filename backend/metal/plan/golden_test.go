package plan

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
)

var update = flag.Bool("update", false, "write the goldens")

// TestPlans compares the plans of testdata/*.txtar: a program, and what launch.json has for its functions.
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no goldens")
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, threads := range []int{1, 3} {
				got := golden(t, backendtest.Parse(t, string(a.Files[0].Data)), threads)
				if *update {
					a.Files = []txtar.File{a.Files[0], {Name: "plan", Data: []byte(got)}}
					if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if d := cmp.Diff(strings.Split(string(a.Files[1].Data), "\n"), strings.Split(got, "\n")); d != "" {
					t.Errorf("-want +got; write it with -update:\n%s", d)
				}
			}
		})
	}
}

// golden is the plan of a module: its kernels in a line each, and its functions as the file has them.
func golden(t *testing.T, m *ir.Module, threads int) string {
	t.Helper()
	p, err := Make(t.Context(), m, Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	data, err := p.File.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := launch.ParseFile(data)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := read.Encode(); err != nil || !bytes.Equal(again, data) {
		t.Fatalf("what was read is written as something else: %v", err)
	}
	var b strings.Builder
	for i, k := range p.File.Kernels {
		fmt.Fprintf(&b, "kernel %d: %s %s threads %s groups %v\n", i, k.Text, k.Function, strings.Join(k.Threads[:], " x "), k.Threadgroup)
	}
	_, functions, _ := bytes.Cut(data, []byte(`"functions": [`))
	return b.String() + strings.TrimSuffix(string(functions), "\n  ]\n}\n")[1:] + "\n"
}
