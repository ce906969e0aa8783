package text_test

import (
	"os"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/google/go-cmp/cmp"
)

// TestDoc holds the examples of docs/ir.md: each parses, verifies and is in canonical form.
func TestDoc(t *testing.T) {
	reg, err := ir.NewRegistry(core.Dialect, state.Dialect, tensor.Dialect, torch.Dialect)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/ir.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```air\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("no examples found")
	}
	for _, block := range blocks {
		src, _, ok := strings.Cut(block, "```")
		if !ok {
			t.Fatal("an example is not closed")
		}
		m, err := text.Parse("ir.md", []byte(src), reg)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if err := ir.Verify(m); err != nil {
			t.Errorf("%v\n%s", err, src)
		}
		if d := cmp.Diff(src, text.Sprint(m)); d != "" {
			t.Errorf("@%s is not as it prints (-page +printed):\n%s", m.Name, d)
		}
	}
}
