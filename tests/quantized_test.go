package tests

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// TestQuantized runs models that torchao, PT2E and coreai-opt quantized. Their weights stay compressed and stand for exactly
// the numbers that PyTorch dequantizes them to; packing them to the bits they need changes no output.
func TestQuantized(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "quantized")
	if len(c.cases) < 30 {
		t.Fatalf("found %d models, expected 30 or more", len(c.cases))
	}
	for _, k := range c.cases {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			if err := c.run(k); err != nil {
				t.Error(err)
			}
			if err := c.run(k, "-passes=@cpu,pack"); err != nil {
				t.Errorf("packed: %v", err)
			}
			for _, text := range []string{"decompose, fold", "decompose, fold, cse, canonicalize, dce, pack"} {
				if err := c.checkWeights(t.Context(), k, text); err != nil {
					t.Errorf("after %s: %v", text, err)
				}
			}
		})
	}
}

// checkWeights runs passes over a model and computes its weights as it has them then.
func (c *unpacked) checkWeights(ctx context.Context, k corpusCase, passes string) error {
	base := filepath.Join(c.dir, k.Name)
	tk := aiopt.Standard()
	m, err := tk.Load(base+".pt2", aiopt.LoadOptions{})
	if err != nil {
		return err
	}
	if err := tk.Build(ctx, m, passes, aiopt.BuildOptions{}); err != nil {
		return err
	}
	want, err := safetensors.Open(base + ".weights.safetensors")
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range want.Names() {
		w, err := want.Tensor(name)
		if err != nil {
			return err
		}
		v := claiming(m, name)
		if v == nil {
			errs = append(errs, fmt.Errorf("no value equals %s any more", name))
			continue
		}
		got, err := evaluate(ctx, m, v)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		case !slices.Equal(got.Shape, w.Shape) || differences(got, w) > 0:
			errs = append(errs, fmt.Errorf("%s is %s, of which %d elements differ from PyTorch's %s", name, got, differences(got, w), w))
		case isFloatData(v):
			errs = append(errs, fmt.Errorf("%s is stored as %s", name, v.Type))
		}
	}
	return errors.Join(errs...)
}

// claiming finds a value that equals a tensor of the PyTorch program.
func claiming(m *ir.Module, tensor string) (found *ir.Value) {
	m.Walk(func(op *ir.Op) {
		for _, r := range op.Results {
			if slices.ContainsFunc(r.Claims, func(c ir.Claim) bool { return c.Tensor == tensor }) {
				found = r
			}
		}
	})
	return found
}

// evaluate computes a value that depends on constant data alone.
func evaluate(ctx context.Context, m *ir.Module, v *ir.Value) (*host.Tensor, error) {
	if v.Def == nil || v.Def.Def.Eval == nil {
		return nil, errors.New("it is not computed from constant data")
	}
	in := make([]*host.Tensor, len(v.Def.Operands))
	for i, o := range v.Def.Operands {
		if o == nil {
			continue
		}
		var err error
		if in[i], err = evaluate(ctx, m, o); err != nil {
			return nil, err
		}
	}
	c := &ir.EvalCtx{Context: ctx, Resource: func(name string) (*host.Tensor, error) { return m.Resource(name).Tensor() }}
	out, err := v.Def.Def.Eval(c, v.Def, in)
	if err != nil {
		return nil, err
	}
	return out[v.Index], nil
}

// differences counts the elements that are not the same number.
func differences(a, b *host.Tensor) (n int) {
	for i := range min(a.Len(), b.Len()) {
		if host.At(a, i) != host.At(b, i) {
			n++
		}
	}
	return n
}

// isFloatData reports a weight whose numbers, not codes of few bits, are stored.
func isFloatData(v *ir.Value) bool {
	for v.Def != nil && len(v.Def.Operands) > 0 && !v.Def.Is(quant.SparseToDense) {
		v = v.Def.Operands[0]
	}
	return v.DefinedBy(core.Constant) && v.Type.Elem.Bits() > 8
}
