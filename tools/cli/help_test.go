package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/passes/lower"
)

// Help on an operator without a lowering says what to do.
func TestHelpOnMissingOperator(t *testing.T) {
	tk := aiopt.Standard()
	tk.Lowerings = lower.NewTable()
	var out bytes.Buffer
	if code := Run(t.Context(), tk, []string{"aiopt", "help", "op", "aten.softmax.int"}, &out, io.Discard); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{"it has no lowering", `AddLowering("aten.softmax", fn)`, "docs/extending.md"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("found no %q in:\n%s", want, &out)
		}
	}
}
