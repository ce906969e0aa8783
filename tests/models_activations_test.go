package tests

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// samples makes calibration data of the case's calls: the elements of their inputs in other orders.
func (m *model) samples(n int) *pass.Samples {
	return &pass.Samples{Count: n, All: func(yield func(pass.Sample, error) bool) {
		for k := range n {
			r := rand.New(rand.NewPCG(uint64(k), 5))
			s := pass.Sample{Name: "shuffled"}
			for _, c := range m.calls {
				call := pass.Call{Func: c.Func}
				for _, x := range c.In {
					call.In = append(call.In, shuffled(x, r))
				}
				s.Calls = append(s.Calls, call)
			}
			if !yield(s, nil) {
				return
			}
		}
	}}
}

func shuffled(x *host.Tensor, r *rand.Rand) *host.Tensor {
	if x.Elem.Packed() || x.Rank() < 2 { // positions and lengths stay legal
		return x
	}
	at := make([]*host.Tensor, x.Len())
	flat, err := x.Clone().Reshape([]int{x.Len()})
	if err != nil {
		panic(err)
	}
	for i, k := range r.Perm(x.Len()) {
		at[i] = flat.Select(0, k)
	}
	out := host.New(x.Elem, x.Shape...)
	to, err := out.Reshape([]int{x.Len()})
	if err != nil {
		panic(err)
	}
	for i, e := range at {
		host.Assign(host.Serial, to.Select(0, i), e)
	}
	return out
}

// calibrated loads the model anew and runs a pipeline over it, with calibration data.
func (m *model) calibrated(t *testing.T, pipeline string, report func(string)) *ir.Module {
	t.Helper()
	built := m.load(t)
	opt := aiopt.BuildOptions{Executor: m, Calibration: m.samples(4), Report: report}
	if err := m.tk.Build(t.Context(), built, pipeline, opt); err != nil {
		t.Fatalf("%s: %v", pipeline, err)
	}
	return built
}

// TestModelsA8 holds what 8-bit activations leave of the outputs, by scales that were found on other data.
func TestModelsA8(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	floors := []struct {
		options string
		db      float64
	}{{"", 30}, {"{dtype=u8}", 30}, {"{dtype=u8, observer=mse}", 30}, {"{dtype=u8, observer=percentile}", 25}, {"{observer=moving}", 25},
		{"{dynamic=true}", 38}, {"{dtype=f8e4m3}", 20}, {"{outputs=true}", 28}, {"{granularity=channel}", 10}}
	for i, name := range []string{"mlp", "bert", "tv_resnet50_dynbatch", "vit", "llama", "swin", "whisper_full"} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: name})
			want := m.outputs(t, m.build(t, "@cpu"), 1)
			for _, f := range floors {
				var lines []string
				built := m.calibrated(t, "decompose, recompose, a8"+f.options, func(s string) { lines = append(lines, s) })
				if db := worstSNR(t, m.outputs(t, built, 1), want); db < f.db {
					t.Errorf("a8%s: the outputs have an SNR of %.1f dB, expected at least %v dB; %s", f.options, db, f.db, lines)
				}
			}
		})
	}
}

// TestModelsA8Order: a8 goes with fuse and w4 in any order, and does the same each time.
func TestModelsA8Order(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, name := range []string{"mlp", "bert", "kv_two_functions"} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: name})
			for _, orders := range [][]string{
				{"decompose, a8, fuse", "decompose, fuse, a8", "decompose, a8, fuse"},
				{"decompose, a8{dynamic=true}, w4, fuse", "decompose, w4, a8{dynamic=true}, fuse", "decompose, a8{dynamic=true}, fuse, w4"},
			} {
				first := m.outputs(t, m.calibrated(t, orders[0], nil), 1)
				for _, other := range orders[1:] {
					if err := sameBytes(m.outputs(t, m.calibrated(t, other, nil), 1), first); err != nil {
						t.Errorf("%s and %s: %v", orders[0], other, err)
					}
				}
			}
			text := func() string {
				s, _ := m.save(t, m.calibrated(t, "decompose, a8{observer=mse, dtype=u8}, w4", nil), filepath.Join(t.TempDir(), "m.air"))
				return s
			}
			if diff := cmp.Diff(text(), text()); diff != "" {
				t.Errorf("another run gives another text:\n%s", diff)
			}
		})
	}
}

// TestModelsSmoothQuant: the outputs stay the same bit for bit. Where a few channels are much larger than the others, 8-bit
// activations leave more of them.
func TestModelsSmoothQuant(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, k := range []struct {
		name string
		says string // the first line of the report
		gain float64
	}{
		{"llama", "scaled 5 of 5 norms, and the 11 linear layers that they feed", 3},
		{"bert", "scaled 1 of 6 norms, and the 1 linear layers that they feed", 0},
		{"kv_two_functions", "scaled 8 of 10 norms, and the 20 linear layers that they feed", 6},
		{"vit", "scaled 4 of 4 norms, and the 8 linear layers that they feed", 0},
		{"whisper_full", "scaled 11 of 12 norms, and the 22 linear layers that they feed", 0},
	} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: k.name})
			var lines []string
			built := m.calibrated(t, "decompose, recompose, smoothquant", func(s string) { lines = append(lines, s) })
			if lines[0] != "smoothquant: "+k.says {
				t.Errorf("found the report %q, expected %q", lines[0], k.says)
			}
			if err := sameBytes(m.outputs(t, built, 1), m.outputs(t, m.build(t, "decompose, recompose"), 1)); err != nil {
				t.Error(err)
			}
			if k.gain == 0 {
				return
			}
			uneven := m.build(t, "decompose, recompose")
			enlarge(t, uneven, 5, 64)
			want := m.outputs(t, uneven, 1)
			snr := func(pipeline string) float64 {
				built := uneven.Clone()
				if err := m.tk.Build(t.Context(), built, pipeline, aiopt.BuildOptions{Executor: m, Calibration: m.samples(4)}); err != nil {
					t.Fatal(err)
				}
				return worstSNR(t, m.outputs(t, built, 1), want)
			}
			if plain, smooth := snr("a8"), snr("smoothquant, a8"); smooth < plain+k.gain {
				t.Errorf("with a large channel a8 leaves %.1f dB, behind smoothquant %.1f dB, expected %v dB more", plain, smooth, k.gain)
			}
		})
	}
}

// enlarge makes one channel of all norms larger.
func enlarge(t *testing.T, built *ir.Module, channel int, factor float64) {
	t.Helper()
	done := map[*ir.Resource]bool{}
	built.Walk(func(op *ir.Op) {
		if !op.Is(nn.RMSNorm) {
			return
		}
		r := resourceOf(built, op.Operands[1])
		x, err := r.Tensor()
		if err != nil {
			t.Fatal(err)
		}
		if x = x.Clone(); done[r] {
			return
		}
		done[r] = true
		host.SetFloat(x, channel, host.FloatAt(x, channel)*factor)
		r.Source, r.Offset, r.Strides = &ir.Source{Data: x.Bytes(), Size: int64(len(x.Bytes()))}, 0, nil
	})
}

// TestModelsKV8: every cache of floats becomes codes, whose updates happen in place, and the calls of the case, which
// share them, keep their results.
func TestModelsKV8(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, k := range []struct {
		name    string
		updates int // of codes and of scales
	}{
		{"kv_two_functions", 16},
		{"kv_slice_core", 8},
		{"kv_index_copy", 8},
		{"kv_slice", 8},
		{"kv_index_put_core", 8},
		{"hf_static_cache_llama", 8},
	} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: k.name})
			want := m.build(t, "decompose")
			outputs := 0
			for _, call := range m.calls {
				outputs += len(backend.SignatureOf(want.Func(call.Func)).Outputs)
			}
			for _, p := range []struct {
				pipeline string
				db       float64
			}{
				{"decompose, kv8, kv-cache", 40},
				{"decompose, kv-cache, kv8, kv-cache, fuse", 40},
				{"decompose, fp16, kv8, kv-cache, fuse", 40},
				{"decompose, w4, a8{dynamic=true}, kv8, kv-cache, fuse", 13}, // w4 alone leaves no more
			} {
				built := m.build(t, p.pipeline)
				marked := 0
				built.Walk(func(op *ir.Op) {
					if op.MarkedInPlace() {
						marked++
					}
				})
				if marked != k.updates {
					t.Errorf("%s: %d updates happen in place, expected %d", p.pipeline, marked, k.updates)
				}
				for _, s := range built.States {
					if s.Type.Elem.IsFloat() && !strings.HasSuffix(s.Name, ".scale") {
						t.Errorf("%s: the state @%s is %s", p.pipeline, s.Name, s.Type)
					}
				}
				if db := worstSNR(t, m.outputs(t, built, 1)[:outputs], m.outputs(t, want, 1)[:outputs]); db < p.db {
					t.Errorf("%s: the outputs have an SNR of %.1f dB, expected at least %v dB", p.pipeline, db, p.db)
				}
			}
		})
	}
}
