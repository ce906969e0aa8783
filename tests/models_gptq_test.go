package tests

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// drawn makes a sample like the case's calls: other token ids, and the elements of other inputs in another order.
func (m *model) drawn(vocabulary int, seed uint64) pass.Sample {
	r := rand.New(rand.NewPCG(seed, 7))
	s := pass.Sample{Name: "drawn"}
	for _, c := range m.calls {
		call := pass.Call{Func: c.Func}
		for _, x := range c.In {
			if !isTokens(x) {
				call.In = append(call.In, shuffled(x, r))
				continue
			}
			ids := host.New(x.Elem, x.Shape...)
			for i := range ids.Len() {
				host.SetInt(ids, i, int64(r.IntN(vocabulary)))
			}
			call.In = append(call.In, ids)
		}
		s.Calls = append(s.Calls, call)
	}
	return s
}

// isTokens tells token ids from masks and positions.
func isTokens(x *host.Tensor) bool {
	if !x.Elem.IsInt() || x.Rank() < 2 {
		return false
	}
	most := int64(0)
	for i := range x.Len() {
		most = max(most, host.IntAt(x, i))
	}
	return most > 3
}

// vocabulary is the number of rows of the largest table of embeddings.
func vocabulary(built *ir.Module) int {
	most := int64(0)
	built.Walk(func(op *ir.Op) {
		if op.Is(nn.Embedding) {
			n, _ := op.In(0).Shape[0].IsConst()
			most = max(most, n)
		}
	})
	return int(most)
}

// heldOut compares a module with another one on data that it was not calibrated on.
type heldOut struct {
	*model
	rows int // of the vocabulary
	want *ir.Module
}

func (h *heldOut) samples(n int) *pass.Samples {
	return &pass.Samples{Count: n, All: func(yield func(pass.Sample, error) bool) {
		for k := range n {
			if !yield(h.drawn(h.rows, uint64(k)), nil) {
				return
			}
		}
	}}
}

// apply runs a pipeline over a copy of the module.
func (h *heldOut) apply(t *testing.T, pipeline string) *ir.Module {
	t.Helper()
	built := h.want.Clone()
	if err := h.tk.Build(t.Context(), built, pipeline, aiopt.BuildOptions{Executor: h.model, Calibration: h.samples(24)}); err != nil {
		t.Fatalf("%s: %v", pipeline, err)
	}
	return built
}

// snr is that of all float results together, in dB.
func (h *heldOut) snr(t *testing.T, built *ir.Module) float64 {
	t.Helper()
	signal, noise := 0.0, 0.0
	for k := range uint64(8) {
		calls := h.drawn(h.rows, 1000+k).Calls
		var outs [2][]*host.Tensor
		for i, x := range []*ir.Module{h.want, built} {
			p := &modelProgram{h.model, x}
			r, err := p.Run(t.Context(), calls, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range r.Outputs {
				outs[i] = append(outs[i], list...)
			}
		}
		for i, want := range outs[0] {
			if !want.Elem.IsFloat() {
				continue
			}
			a, b := host.Values[float64](want), host.Values[float64](outs[1][i])
			for k := range a {
				signal += a[k] * a[k]
				noise += (a[k] - b[k]) * (a[k] - b[k])
			}
		}
	}
	return 10 * math.Log10(signal/noise)
}

// TestModelsGPTQ holds what gptq gains over w4 at the same bits, on data that it was not calibrated on.
func TestModelsGPTQ(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, k := range []struct {
		name string
		gain float64 // dB, somewhat below what it is now
	}{{"mlp", 0.2}, {"bert", 0.1}, {"distilbert", 1.5}, {"llama", 0.2}, {"gemma2", 1}, {"dinov3", 4}, {"flux_transformer", 9}, {"swin", 12}} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: k.name})
			plain := m.build(t, "decompose, recompose")
			h := &heldOut{m, vocabulary(plain), plain}
			w4 := h.snr(t, h.apply(t, "w4{group=32}"))
			gptq := h.snr(t, h.apply(t, "gptq{group=32}"))
			sequential := h.snr(t, h.apply(t, "gptq{group=32, sequential=true}"))
			t.Logf("%s: w4 %.2f dB, gptq %.2f dB, sequential %.2f dB", k.name, w4, gptq, sequential)
			if gptq < w4+k.gain || sequential < w4+k.gain {
				t.Errorf("the outputs have an SNR of %.2f dB with w4, %.2f with gptq and %.2f layer after layer; expected %.1f more than w4", w4, gptq, sequential, k.gain)
			}
		})
	}
}

// TestModelsGPTQOrder: gptq does the same before and after fuse, and however many runs of the data its memory makes it need.
func TestModelsGPTQOrder(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, name := range []string{"mlp", "llama"} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: name})
			plain := m.build(t, "decompose, recompose")
			h := &heldOut{m, vocabulary(plain), plain}
			want := m.outputs(t, h.apply(t, "gptq{group=32}, fuse"), 1)
			for _, other := range []string{"fuse, gptq{group=32}", "gptq{group=32, memory=1}, fuse"} {
				if err := sameBytes(m.outputs(t, h.apply(t, other), 1), want); err != nil {
					t.Errorf("%s: %v", other, err)
				}
			}
		})
	}
}

// TestModelsAWQ: where a few inputs of layers are large, awq makes w4 better, and changes nothing by itself.
func TestModelsAWQ(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, k := range []struct {
		name string
		gain float64 // dB
	}{{"llama", 0.8}, {"dinov3", 0}, {"hf_static_cache_llama", 0.4}} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: k.name})
			plain := m.build(t, "decompose, recompose")
			plantOutliers(t, plain)
			h := &heldOut{m, vocabulary(plain), plain}
			w4, awq, both := h.snr(t, h.apply(t, "w4{group=32}")), h.snr(t, h.apply(t, "awq{group=32}, w4{group=32}")), h.snr(t, h.apply(t, "awq{group=32}, gptq{group=32}"))
			alone, exact := h.snr(t, h.apply(t, "awq{group=32}")), h.snr(t, h.apply(t, "awq{group=32, exact=true}"))
			t.Logf("%s: w4 %.2f dB, awq,w4 %.2f dB, awq,gptq %.2f dB, awq alone %.1f dB", k.name, w4, awq, both, alone)
			if awq < w4+k.gain || alone < 100 || !math.IsInf(exact, 1) {
				t.Errorf("the outputs have an SNR of %.2f dB with w4, %.2f with awq before it %.1f with awq alone and %.1f if that is exact", w4, awq, alone, exact)
			}
		})
	}
}

// plantOutliers makes every sixteenth channel behind norms large.
func plantOutliers(t *testing.T, m *ir.Module) {
	t.Helper()
	planted := 0
	for _, r := range m.Resources {
		if r.Type.Rank() != 1 || !strings.Contains(r.Name, "norm") || !strings.HasSuffix(r.Name, "weight") {
			continue
		}
		x, err := r.Tensor()
		if err != nil {
			t.Fatal(err)
		}
		y := x.Clone()
		for i := 3; i < y.Len(); i += 16 {
			host.SetFloat(y, i, 8*host.FloatAt(y, i))
		}
		r.Source, r.Offset, r.Strides = &ir.Source{Data: y.Bytes(), Size: int64(len(y.Bytes()))}, 0, nil
		planted++
	}
	if planted == 0 {
		t.Fatal("found no norm")
	}
}
