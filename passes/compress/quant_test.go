package compress

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// normal, heavy and others are distributions of weights.
func normal(r *rand.Rand) float64 { return r.NormFloat64() }

// heavy is Student's t with 4 degrees of freedom.
func heavy(r *rand.Rand) float64 {
	sum := 0.0
	for range 4 {
		g := r.NormFloat64()
		sum += g * g
	}
	return r.NormFloat64() / math.Sqrt(sum/4)
}

// sparse is mostly zero.
func sparse(r *rand.Rand) float64 {
	if r.IntN(8) > 0 {
		return 0
	}
	return r.NormFloat64()
}

// shifted lies on one side of zero.
func shifted(r *rand.Rand) float64 { return 5 + r.NormFloat64() }

func constantly(*rand.Rand) float64 { return 0.7 }

func randomWeight(e host.Elem, draw func(*rand.Rand) float64, deviation float64, shape ...int) *host.Tensor {
	r := rand.New(rand.NewPCG(7, uint64(len(shape))))
	out := host.New(e, shape...)
	for i := range out.Len() {
		host.SetFloat(out, i, draw(r)*deviation)
	}
	return out
}

func quantized(t *testing.T, x *host.Tensor, q Quant, block ...int) *Packed {
	t.Helper()
	p, err := quantize(context.Background(), x, q, Options{Block: block})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return p
}

func (p *Packed) snr() float64 { return 10 * math.Log10(p.Signal/p.Noise) }

// TestQuantGain holds the search to its gain in dB over coreai-opt's rule.
func TestQuantGain(t *testing.T) {
	for k, tt := range []struct {
		q    Quant
		size int
		gain [2]float64 // of normal numbers and those with heavy tails
	}{
		{Quant{Elem: host.I4}, 32, [2]float64{1.2, 1.2}},
		{Quant{Elem: host.I4, Scale: host.F16}, 32, [2]float64{1.2, 1.2}},
		{Quant{Elem: host.I4, Scale: host.BF16}, 32, [2]float64{1.2, 1.2}},
		{Quant{Elem: host.I4, Range: Clipped}, 32, [2]float64{0.55, 0.38}},
		{Quant{Elem: host.I4}, 1024, [2]float64{1.9, 1.9}},
		{Quant{Elem: host.F4E2M1, Scale: host.F8E8M0}, 32, [2]float64{0.15, 0.15}},
		{Quant{Elem: host.U4, Range: Asymmetric, Offset: MinValue}, 32, [2]float64{0.9, 0.9}},
		{Quant{Elem: host.U4, Range: Asymmetric}, 32, [2]float64{0.42, 0.3}},
		{Quant{Elem: host.I2}, 32, [2]float64{3, 3.1}},
		{Quant{Elem: host.I8}, 1024, [2]float64{0.06, 0.03}},
		{Quant{Elem: host.I8}, 32, [2]float64{0.9, 0.8}},
		{Quant{Elem: host.U8, Range: Asymmetric, Offset: MinValue}, 32, [2]float64{1, 1}},
		{Quant{Elem: host.U8, Range: Asymmetric}, 32, [2]float64{0.7, 0.7}},
		{Quant{Elem: host.F8E4M3}, 1024, [2]float64{0.3, 0.3}},
		{Quant{Elem: host.F8E5M2}, 1024, [2]float64{0.4, 0.4}},
	} {
		if skipped(k, 10) {
			continue
		}
		for i, draw := range []func(*rand.Rand) float64{normal, heavy} {
			x := randomWeight(host.F32, draw, 0.02, 128, 1024)
			q := tt.q
			search := quantized(t, x, q, 1, tt.size).snr()
			q.Rule = CoreAI
			simple := quantized(t, x, q, 1, tt.size).snr()
			if search-simple < tt.gain[i] {
				t.Errorf("%s of %d: %.2f dB, without search %.2f; expected %.2f more", tt.q, tt.size, search, simple, tt.gain[i])
			}
		}
	}
}
