package tests

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// exactANE is @ane without f16.
const exactANE = "decompose, fold, cse, canonicalize, kv-cache, layout{to=channels-first}, split-heads, expand{only=nn.rope}, linear-to-conv, fold, cse, canonicalize, max-rank, dce"

// exactPipelines leave numbers as they are, within the tolerance of their types.
var exactPipelines = []string{"@metal", exactANE, "decompose, linear-to-conv{rows=batch}"}

// TestTargets runs every model of the corpus as the pipelines for Apple's hardware leave it, and compares what is left of linear layers,
// attention and transposes with testdata/targets.txt, a line a model. -update writes the file.
func TestTargets(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	cases := c.cases
	if testing.Short() {
		cases = every(30, cases)
	}
	failing := readFailing(t)
	lines := make([]string, len(cases))
	t.Run("models", func(t *testing.T) {
		for i, k := range cases {
			if failing[k.Name] != "" {
				continue
			}
			t.Run(k.Name, func(t *testing.T) {
				t.Parallel()
				lines[i] = openModel(t, c, spineModel{name: k.Name}).checkTargets(t)
			})
		}
	})
	if t.Failed() {
		return
	}
	got := targetsHeader
	for _, l := range lines {
		got += l
	}
	holdLines(t, filepath.Join("testdata", "targets.txt"), got)
}

const targetsHeader = "# Operations of each model as it is lowered, and behind @metal and @ane; rank is the most axes that a value has behind @ane, and dB the SNR of its f16.\n" +
	"#                                    lowered         | @metal | @ane\n" +
	"# model                        linear conv sdpa  perm |   perm | linear conv sdpa  perm rank  dB\n"

// checkTargets gives the model's line.
func (m *model) checkTargets(t *testing.T) string {
	lowered := m.build(t, "decompose")
	want := m.outputs(t, lowered, 1)
	m.holdExact(t, want)
	metal, ane := m.build(t, "@metal"), m.build(t, "@ane")
	snr := worstFloat(t, m.outputs(t, ane, 1), want)
	rank := 0
	ane.Walk(func(op *ir.Op) {
		for _, r := range op.Results {
			rank = max(rank, r.Type.Rank())
		}
	})
	c := func(built *ir.Module, def *ir.OpDef) int {
		n := 0
		built.Walk(func(op *ir.Op) {
			if op.Is(def) {
				n++
			}
		})
		return n
	}
	return fmt.Sprintf("%-30s %6d %4d %4d %5d | %6d | %6d %4d %4d %5d %4d %3.0f\n", m.name,
		c(lowered, nn.Linear), c(lowered, nn.Conv), c(lowered, nn.SDPA), c(lowered, tensor.Transpose), c(metal, tensor.Transpose),
		c(ane, nn.Linear), c(ane, nn.Conv), c(ane, nn.SDPA), c(ane, tensor.Transpose), rank, math.Floor(snr))
}

// holdExact runs the model behind the exact pipelines.
func (m *model) holdExact(t *testing.T, want []*host.Tensor) {
	t.Helper()
	for _, p := range exactPipelines {
		for i, g := range m.outputs(t, m.build(t, p), 1) {
			if err := numeric.Differ(g, want[i]); err != nil {
				t.Errorf("%s: output %d: %v", p, i, err)
			}
		}
	}
}

// TestTargetsOfOthers holds the exact pipelines on the other corpora: single operators, compressed models, operators of other packages.
func TestTargetsOfOthers(t *testing.T) {
	t.Parallel()
	failing := readFailing(t)
	for _, name := range []string{"ops", "quantized", "external"} {
		c := openCorpus(t, name)
		cases := c.cases
		if testing.Short() {
			cases = every(20, cases)
		}
		t.Run(name, func(t *testing.T) {
			for _, k := range cases {
				if failing[k.Name] != "" {
					continue
				}
				t.Run(k.Name, func(t *testing.T) {
					t.Parallel()
					m := openModel(t, c, spineModel{name: k.Name})
					m.holdExact(t, m.outputs(t, m.build(t, "decompose"), 1))
				})
			}
		})
	}
}

// worstFloat is the least SNR among the outputs that are floats.
func worstFloat(t *testing.T, got, want []*host.Tensor) float64 {
	t.Helper()
	var a, b []*host.Tensor
	for i, g := range got {
		if g.Elem.IsFloat() {
			a, b = append(a, g), append(b, want[i])
		}
	}
	return worstSNR(t, a, b)
}
