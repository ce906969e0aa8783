// Command gendocs writes the generated documents: docs/ops.md, docs/passes.md and docs/grammar.md. Run it from the
// project's root; a test fails when a document is stale.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/gendocs/docs"
)

func main() {
	for _, d := range docs.All(aiopt.Standard()) {
		if err := os.WriteFile(filepath.Join("docs", d.Name), []byte(d.Text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gendocs:", err)
			os.Exit(1)
		}
	}
}
