package tests

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// checkCommute holds fuse and w4 to commute: both orders give the same text and weights. The text reads back as it is,
// and what it says is a compressed model that still computes nearly the same.
func (m *model) checkCommute(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	fused, fusedData := m.save(t, m.build(t, "decompose, fuse, w4"), filepath.Join(a, "m.air"))
	packed, packedData := m.save(t, m.build(t, "decompose, w4, fuse"), filepath.Join(b, "m.air"))
	if diff := cmp.Diff(strings.Split(fused, "\n"), strings.Split(packed, "\n")); diff != "" {
		t.Errorf("the text depends on the order (-fuse,w4 +w4,fuse):\n%.4000s", diff)
	}
	if !bytes.Equal(fusedData, packedData) {
		t.Error("the weights depend on the order")
	}
	back, err := m.tk.Load(filepath.Join(a, "m.air"), aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := m.save(t, back, filepath.Join(a, "again.air"))
	if diff := cmp.Diff(strings.Split(fused, "\n"), strings.Split(again, "\n")); diff != "" {
		t.Errorf("the text does not survive parsing and printing (-first +again):\n%.4000s", diff)
	}
	m.checkPacked(t, back)
	if worst := worstSNR(t, m.outputs(t, back, 1), m.outputs(t, m.build(t, "@cpu"), 1)); worst < m.w4 {
		t.Errorf("the outputs have an SNR of %.1f dB, expected at least %.1f dB", worst, m.w4)
	}
}

// TestNothingToCompress holds w4 to saying so where a model has no weights.
func TestNothingToCompress(t *testing.T) {
	t.Parallel()
	tk := aiopt.Standard()
	m, err := tk.Load(filepath.Join(openCorpus(t, "models").dir, "rope_complex.pt2"), aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = tk.Build(t.Context(), m, "decompose, w4", aiopt.BuildOptions{})
	if err == nil || !strings.Contains(err.Error(), "no weight to compress") {
		t.Errorf("found error %v, expected one that there is no weight to compress", err)
	}
}

// save writes a module and gives the text and the weights that were written; no weights where no pass made data.
func (m *model) save(t *testing.T, built *ir.Module, path string) (text string, weights []byte) {
	t.Helper()
	if err := m.tk.Save(built, path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	weights, err = os.ReadFile(strings.TrimSuffix(path, ".air") + ".weights.safetensors")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data), weights
}

// checkPacked holds every weight of an nn.linear to be dequantized from packed constant data, and the data that it was
// made of to be gone.
func (m *model) checkPacked(t *testing.T, built *ir.Module) {
	plain := map[string]bool{} // the entries of the file that hold weights of nn.linear
	uncompressed := m.build(t, "decompose")
	o := originsOf(uncompressed)
	uncompressed.Walk(func(op *ir.Op) {
		if op.Is(nn.Linear) {
			if c := o.of(op.Operands[1]); c.DefinedBy(core.Constant) {
				plain[resourceOf(uncompressed, c).Source.Entry] = true
			}
		}
	})
	o = originsOf(built)
	built.Walk(func(op *ir.Op) {
		if !op.Is(nn.Linear) {
			return
		}
		w := o.of(op.Operands[1])
		if !w.DefinedBy(quant.Dequantize) {
			t.Errorf("%%%s (%s): the weight is %s, expected quant.dequantize", op.Results[0].Name, op.Loc, describe(w))
			return
		}
		if data := o.of(w.Def.Operands[0]); !data.DefinedBy(core.Constant) || !data.Type.Elem.Packed() {
			t.Errorf("%%%s (%s): the weight is made of %s of type %s, expected packed constant data", op.Results[0].Name, op.Loc, describe(data), data.Type)
		}
	})
	for _, r := range built.Resources {
		if plain[r.Source.Entry] && r.Source.File != "" {
			t.Errorf("the resource @%s holds a weight that was compressed", r.Name)
		}
	}
}

func resourceOf(built *ir.Module, constant *ir.Value) *ir.Resource {
	name, _ := constant.Def.Attr("value").(ir.Symbol)
	return built.Resource(string(name))
}

// origins says, for each parameter of a kernel, which value it stands for.
type origins map[*ir.Value]*ir.Value

func originsOf(built *ir.Module) origins {
	o := origins{}
	built.Walk(func(op *ir.Op) {
		if op.Is(core.Kernel) {
			for i, p := range op.Bodies[0].Params {
				o[p.Value] = op.Operands[i]
			}
		}
	})
	return o
}

// of follows a value back through views, casts and parameters of kernels.
func (o origins) of(v *ir.Value) *ir.Value {
	for {
		switch {
		case v.Def == nil && o[v] != nil:
			v = o[v]
		case v.Def != nil && (v.Def.Is(tensor.Cast) || v.Def.Def.Traits.Has(ir.View)):
			v = v.Def.Operands[0]
		default:
			return v
		}
	}
}

// worstSNR is the least signal-to-noise ratio among tensors, in dB.
func worstSNR(t *testing.T, got, want []*host.Tensor) float64 {
	t.Helper()
	worst := math.Inf(1)
	for i, g := range got {
		gap, err := host.Measure(g, want[i], host.Tolerance{})
		if err != nil {
			t.Fatal(err)
		}
		worst = min(worst, gap.SNR)
	}
	return worst
}
