// Command gendocs writes the generated documents: docs/ops.md, docs/passes.md, docs/grammar.md, docs/coverage.md
// and docs/compress.schema.json. Run it from the project's root; a test fails when a document is stale.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/gendocs/docs"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func run() error {
	cases, err := docs.ReadCorpus("tests")
	if err != nil {
		return err
	}
	for _, d := range docs.All(aiopt.Standard(), cases) {
		if err := os.WriteFile(filepath.Join("docs", d.Name), []byte(d.Text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
