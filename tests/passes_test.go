package tests

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tests/airtest"
)

// TestPasses runs the golden files of the standard passes: a folder for each.
func TestPasses(t *testing.T) {
	t.Parallel()
	tk := aiopt.Standard()
	folders, err := os.ReadDir("passes")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if tk.Passes.Make(f.Name()) == nil {
			t.Errorf("passes/%s is named after no pass; there are %v", f.Name(), tk.Passes.Names())
			continue
		}
		t.Run(f.Name(), func(t *testing.T) { airtest.Run(t, filepath.Join("passes", f.Name()), tk) })
	}
}
