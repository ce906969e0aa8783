package tests

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/cli"
)

// checkedPipelines hold every pass that changes a model, each after the passes that it usually follows.
var checkedPipelines = []struct {
	text  string
	lossy bool
}{
	{text: "decompose, recompose, fold, cse, canonicalize, dce, layout, fuse"},
	{text: "decompose, expand, canonicalize, cse, fold, fuse"},
	{text: "decompose, fold, canonicalize, cse, int16, dce, fuse"},
	{text: "decompose, split-heads, expand{only=nn.rope}, linear-to-conv, max-rank, fuse"},
	{text: "decompose, fp16, fuse", lossy: true},
	{text: "decompose, w4, fuse", lossy: true},
}

// checkNumeric runs the model before and after each pass, on the inputs of its case and, where sizes are open, on made
// ones at both ends of their ranges.
func (m *model) checkNumeric(t *testing.T) {
	for _, p := range checkedPipelines {
		hooks := []pass.Hook{numeric.Hook(func(*ir.Module) ([]numeric.Case, error) { return m.calls, nil }, nil)}
		if m.dynamic && !p.lossy {
			hooks = append(hooks, numeric.Hook(numeric.MakeCases, nil))
		}
		m.build(t, p.text, hooks...)
	}
}

// TestVerifyNumeric holds --verify=numeric to accepting good passes, on given and on made inputs, and to naming a bad one.
func TestVerifyNumeric(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	given := filepath.Join(c.dir, "given.safetensors")
	f, err := safetensors.Open(filepath.Join(c.dir, "mlp.in.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Tensor("in0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := safetensors.Write(given, []safetensors.Entry{{Name: "input", Elem: x.Elem, Shape: x.Shape, Data: x.Bytes()}}); err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		model, passes string
		flags         []string
		want          string // a part of the error; empty for success
	}{
		{"mlp", "@cpu", []string{"--inputs=" + given}, ""},
		{"llama_dyn", "@cpu", nil, ""},
		{"mlp", "decompose, drop-relu, fuse", []string{"--inputs=" + given}, "the pass drop-relu changed result 0 of @main"},
		{"mlp", "decompose, drop-relu, fuse", nil, "the pass drop-relu changed result 0 of @main"},
		{"mlp", "decompose, fuse", []string{"--inputs=" + filepath.Join(c.dir, "mlp.in.safetensors")}, ""}, // names by position
		{"mlp", "decompose, fuse", []string{"--inputs=" + filepath.Join(c.dir, "llama_dyn.in.safetensors")}, `input`},
	} {
		args := append([]string{"aiopt", "-passes=" + k.passes, "--verify=numeric", filepath.Join(c.dir, k.model+".pt2")}, k.flags...)
		var stderr bytes.Buffer
		code := cli.Run(context.Background(), aiopt.Standard().AddPass(dropReLU), args, io.Discard, &stderr)
		if k.want == "" && code != 0 || k.want != "" && (code != 1 || !strings.Contains(stderr.String(), k.want)) {
			t.Errorf("%q: exit code %d, expected the error %q, found: %s", args[1:], code, k.want, stderr.String())
		}
	}
}

// dropReLU is a wrong pass: it takes every nn.relu for its operand.
func dropReLU() *pass.Pass {
	return &pass.Pass{Name: "drop-relu", Doc: "Drop every nn.relu.", Run: func(_ *pass.Context, m *ir.Module) error {
		m.Walk(func(op *ir.Op) {
			if op.Is(nn.ReLU) {
				op.Results[0].ReplaceAllUses(op.Operands[0])
			}
		})
		return nil
	}}
}
