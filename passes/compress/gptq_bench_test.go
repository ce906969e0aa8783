package compress

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// BenchmarkGPTQ chooses the codes of 2^20 weights; gathering is apart.
func BenchmarkGPTQ(b *testing.B) {
	s := scheme(host.I4, Symmetric, group32)
	for _, n := range []int{256, 1024, 4096} {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		w := normalWeight(r, host.F32, 1<<20/n, n)
		x := correlated(r, 1024, n, 16, 1)
		in, err := NewInputs(n)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("gather/%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := in.Add(b.Context(), x); err != nil {
					b.Fatal(err)
				}
			}
		})
		block, err := s.Quant.Granularity.Blocks(w.Shape, []int{0}, []int{1})
		if err != nil {
			b.Fatal(err)
		}
		opt := Options{Block: block, Out: []int{0}, In: []int{1}}
		b.Run(fmt.Sprintf("choose/%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := Calibrated(b.Context(), w, s, opt, in, GPTQ{0.01, true, true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
