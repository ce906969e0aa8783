package text

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOpGrammar holds the documented grammar of operations against the tag form.
func TestOpGrammar(t *testing.T) {
	file := fileGrammar()
	var own strings.Builder
	for _, line := range strings.SplitAfter(ebnf(newOracle().String()), "\n") {
		if !strings.Contains(file, line) {
			own.WriteString(line)
		}
	}
	if d := cmp.Diff(opGrammar, own.String()); d != "" {
		t.Errorf("opGrammar (-constant +tags):\n%s", d)
	}
}

// TestGrammarDoc holds docs/grammar.md fresh.
func TestGrammarDoc(t *testing.T) {
	const file = "../../docs/grammar.md"
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(GrammarDoc(), string(have)); d != "" {
		t.Errorf("docs/grammar.md is stale; run tools/gendocs (-want +have):\n%s", d)
	}
}
