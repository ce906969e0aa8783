package tests

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
)

// compressAs is the pass that follows a recipe.
func compressAs(t *testing.T, recipe string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recipe.yaml")
	if err := os.WriteFile(file, []byte(recipe), 0o644); err != nil {
		t.Fatal(err)
	}
	return "compress{config=" + strconv.Quote(file) + "}"
}

func countOps(m *ir.Module, def *ir.OpDef) int {
	n := 0
	m.Walk(func(op *ir.Op) {
		if op.Is(def) {
			n++
		}
	})
	return n
}

// TestRecipesW8A8 holds what coreai-opt's default configuration leaves of the outputs: every kernel's input and output as
// int8, by moving averages, and int8 weights.
func TestRecipesW8A8(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, k := range []struct {
		name, recipe string
		pairs        int // of values
		db           float64
	}{
		{"mlp", "{}", 3, 25},
		{"mlp", "{}\ncompat: coreai", 3, 25},
		{"tv_resnet50_dynbatch", "{}", 32, 26},
		{"tv_resnet50_dynbatch", "{}\ncompat: coreai", 32, 26},
		{"bert", "{}", 29, 28},
		{"sd_unet", "{}", 220, 17},
	} {
		if testing.Short() && i > 1 {
			break
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: k.name})
			want := m.outputs(t, m.build(t, "@cpu"), 1)
			var lines []string
			built := m.calibrated(t, "decompose, "+compressAs(t, "quantization_config: "+k.recipe), func(s string) { lines = append(lines, s) })
			if n := countOps(built, quant.Quantize); n != k.pairs {
				t.Errorf("found %d quantized values, expected %d; %s", n, k.pairs, strings.Join(lines, "\n"))
			}
			if db := worstSNR(t, m.outputs(t, built, 1), want); db < k.db {
				t.Errorf("the outputs have an SNR of %.1f dB, expected at least %v dB", db, k.db)
			}
		})
	}
}

// TestRecipesAsPasses: a recipe that says what a8 and w8 do gives what they give.
func TestRecipesAsPasses(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	const recipe = `quantization_config:
  global_config:
    op_input_spec: {"*": {dtype: int8, qparam_calculator_cls: global_minmax}}
    op_output_spec: null
    op_type_config: {add: null, max_pool2d: null, adaptive_avg_pool2d: null, flatten: null}
`
	for i, name := range []string{"mlp", "tv_resnet50_dynbatch"} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: name})
			want := m.outputs(t, m.calibrated(t, "decompose, a8, w8", nil), 1)
			for _, pipeline := range []string{"decompose, " + compressAs(t, recipe), "decompose, fuse, " + compressAs(t, recipe)} {
				if err := sameBytes(m.outputs(t, m.calibrated(t, pipeline, nil), 1), want); err != nil {
					t.Errorf("%s: %v", pipeline, err)
				}
			}
		})
	}
}

// TestRecipesContainers: a rule names modules by the class of one that holds them, in full or by its last part.
func TestRecipesContainers(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	m := openModel(t, c, spineModel{name: "bert"})
	var texts []string
	for _, class := range []string{"transformers.models.bert.modeling_bert.BertLayer", "BertLayer"} {
		built := m.build(t, "decompose, "+compressAs(t, `quantization_config:
  global_config: null
  module_type_configs:
    `+class+`: {op_input_spec: null, op_output_spec: null}
`))
		found := map[bool]int{} // weights, by whether they lie in a layer
		for _, r := range built.Resources {
			if strings.HasSuffix(r.Name, ".codes") {
				found[strings.Contains(r.Name, ".encoder.layer.")]++
			}
		}
		if found[true] != 12 || found[false] != 0 {
			t.Errorf("%s: found %d compressed weights in layers and %d outside, expected 12 and 0", class, found[true], found[false])
		}
		text, _ := m.save(t, built, filepath.Join(t.TempDir(), "m.air"))
		texts = append(texts, text)
	}
	if texts[0] != texts[1] {
		t.Error("the full name and the last part of a class give different models")
	}
	if !strings.Contains(texts[0], `class "m.bert.encoder.layer.0" = "transformers.models.bert.modeling_bert.BertLayer"`) {
		t.Error("the text has no class of a layer")
	}
}
