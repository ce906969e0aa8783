package tests

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/gendocs/docs"
)

// TestGeneratedDocs fails when a generated document does not say what the program is.
func TestGeneratedDocs(t *testing.T) {
	if testing.Short() {
		return // what is generated is the same with and without the race detector
	}
	t.Parallel()
	cases, err := readCorpus()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs.All(aiopt.Standard(), cases) {
		have, err := os.ReadFile(filepath.Join("..", "docs", d.Name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d.Text, string(have)); diff != "" {
			t.Errorf("docs/%s is stale; run `make generate` (-want +have):\n%.2000s", d.Name, diff)
		}
	}
}
