package compress

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// coreaiCase is what tests/coreai_refs.py says of one of its cases.
type coreaiCase struct {
	Kind, Weight, Dtype, Scheme, Formulation, Scale string
	Block                                           []int
}

// coreaiFile is what coreai-opt 0.3.0 makes of small weights.
type coreaiFile struct {
	*safetensors.File
	t *testing.T
}

func openCoreAI(t *testing.T) coreaiFile {
	t.Helper()
	f, err := safetensors.Open("testdata/coreai.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return coreaiFile{f, t}
}

// tensor is nil where the file has none of that name.
func (f coreaiFile) tensor(name string) *host.Tensor {
	f.t.Helper()
	i := slices.IndexFunc(f.Entries, func(e safetensors.Entry) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	e := f.Entries[i]
	t, err := host.FromBytes(e.Elem, e.Shape, slices.Clone(e.Data))
	if err != nil {
		f.t.Fatal(err)
	}
	return t
}

// quantOf is the scheme by coreai-opt's names.
func (c coreaiCase) quantOf() Quant {
	return Quant{
		Elem: map[string]host.Elem{
			"int2": host.I2, "int4": host.I4, "int8": host.I8, "uint2": host.U2, "uint4": host.U4, "uint8": host.U8,
			"float8_e4m3fn": host.F8E4M3, "float8_e5m2": host.F8E5M2, "float4_e2m1fn_x2": host.F4E2M1,
		}[c.Dtype],
		Range:  map[string]Range{"symmetric": Symmetric, "symmetric_with_clipping": Clipped, "asymmetric": Asymmetric}[c.Scheme],
		Offset: map[string]Offset{"zp": ZeroPoint, "minval": MinValue}[c.Formulation],
		Scale:  map[string]host.Elem{"float8_e8m0fnu": host.F8E8M0}[c.Scale],
		Rule:   CoreAI,
	}
}

// TestQuantCoreAI holds the rule of coreai-opt to its codes, scales, zero points and minimums, bit for bit.
func TestQuantCoreAI(t *testing.T) {
	f := openCoreAI(t)
	cases := 0
	for _, m := range f.Metadata {
		var c coreaiCase
		if err := json.Unmarshal([]byte(m.Value), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind != "quant" {
			continue
		}
		cases++
		p := quantized(t, f.tensor("weight."+c.Weight), c.quantOf(), c.Block...)
		for _, part := range []struct {
			name      string
			got, want *host.Tensor
		}{
			{"codes", p.Codes, f.tensor(m.Key + ".codes")},
			{"scale", p.Scale, f.tensor(m.Key + ".scale")},
			{"zero", p.Zero, f.tensor(m.Key + ".zero")},
			{"min", p.Min, f.tensor(m.Key + ".min")},
		} {
			if part.name == "zero" && part.want == nil {
				continue // of a min-value, the least code
			}
			sameNumbers(t, m.Key+" "+part.name, part.got, part.want)
		}
	}
	if cases < 200 {
		t.Errorf("only %d cases", cases)
	}
}

// sameNumbers compares bit for bit, but for the sign of zero; one number, or none for zero, stands for all.
func sameNumbers(t *testing.T, what string, got, want *host.Tensor) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Errorf("%s: got %s, expected none", what, got)
		}
		return
	}
	w := host.Values[float64](want)
	g := []float64{0}
	if got != nil {
		g = host.Values[float64](got)
	}
	if len(g) == 1 {
		g = slices.Repeat(g, len(w))
	}
	if len(g) != len(w) {
		t.Errorf("%s: got %s, expected %s", what, got, want)
		return
	}
	for i := range w {
		if g[i] != w[i] || math.IsNaN(g[i]) {
			t.Errorf("%s: element %d is %g, expected %g", what, i, g[i], w[i])
			return
		}
	}
}
