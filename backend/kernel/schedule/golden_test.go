package schedule_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
)

// TestKernels holds the text of the kernels that testdata/*.txtar ask for: in.air is a module, kernel.txt what is made of it. A file
// allowed.txt says that products may be of "bytes". With the flag -update, which airtest declares, it writes them.
func TestKernels(t *testing.T) { goldens(t, "testdata", target) }

// TestGPUKernels is TestKernels for testdata/gpu and the first of the GPUs.
func TestGPUKernels(t *testing.T) { goldens(t, "testdata/gpu", gpus[0]) }

func goldens(t *testing.T, dir string, machine schedule.Target) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			to, given := machine, a.Files
			if i := slices.IndexFunc(given, func(f txtar.File) bool { return f.Name == "kernel.txt" }); i >= 0 {
				given = given[:i]
			}
			for _, f := range given[1:] {
				to.Bytes = f.Name == "allowed.txt" && string(f.Data) == "bytes\n"
			}
			_, op := parse(t, string(a.Files[0].Data))
			text := scheduled(t, op, to)
			if flag.Lookup("update").Value.String() == "true" {
				a.Files = append(slices.Clip(given), txtar.File{Name: "kernel.txt", Data: []byte(text)})
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[len(a.Files)-1].Data), text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// scheduled is the text of an operation's kernels, or why there are none.
func scheduled(t *testing.T, op *ir.Op, to schedule.Target) string {
	t.Helper()
	if op.Def.Traits.Has(ir.InPlace) {
		u, err := schedule.MakeUpdate(op, to)
		if err != nil {
			return err.Error() + "\n"
		}
		return kernel.Print(u.Kernel)
	}
	g, err := schedule.NewGroup(op)
	if err != nil {
		t.Fatal(err)
	}
	parts, why := schedule.Parts(g, to)
	if why != "" {
		return why + "\n"
	}
	text := ""
	for _, p := range parts {
		for _, k := range p.Made.All() {
			text += kernel.Print(k)
		}
	}
	return text
}
