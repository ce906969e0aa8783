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
	c := openCorpus(t, "models")
	for i, k := range []struct {
		name, recipe string
		pairs        int // of values
		db           float64
	}{
		{"mlp", "{}", 3, 30},
		{"mlp", "{}\ncompat: coreai", 3, 30},
		{"tv_resnet50_dynbatch", "{}", 1, 20},
		{"bert", "{}", 1, 20},
		{"sd_unet", "{}", 1, 20},
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
			} else {
				t.Logf("%.1f dB", db)
			}
		})
	}
}
