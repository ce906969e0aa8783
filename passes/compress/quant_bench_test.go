package compress

import (
	"context"
	"fmt"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// BenchmarkQuantize tells how many numbers a core quantizes in a second: run it with -cpu 1.
func BenchmarkQuantize(b *testing.B) {
	channel, block := []int{1, 1024}, []int{1, 32}
	for _, tt := range []struct {
		weight host.Elem
		q      Quant
		block  []int
	}{
		{host.F32, Quant{Elem: host.I4}, channel},
		{host.F32, Quant{Elem: host.I4}, block},
		{host.BF16, Quant{Elem: host.I4}, channel},
		{host.BF16, Quant{Elem: host.I4}, block},
		{host.F16, Quant{Elem: host.I4}, block},
		{host.F32, Quant{Elem: host.I4, Rule: MinMax}, block},
		{host.F32, Quant{Elem: host.I4, Rule: CoreAI}, block},
		{host.F32, Quant{Elem: host.I8}, channel},
		{host.F32, Quant{Elem: host.I8}, block},
		{host.F32, Quant{Elem: host.I2}, block},
		{host.F32, Quant{Elem: host.U4, Range: Asymmetric}, block},
		{host.F32, Quant{Elem: host.U4, Range: Asymmetric, Offset: MinValue}, block},
		{host.F32, Quant{Elem: host.U8, Range: Asymmetric, Offset: MinValue}, block},
		{host.F32, Quant{Elem: host.U8, Range: Asymmetric}, block},
		{host.F32, Quant{Elem: host.F8E4M3}, channel},
		{host.F32, Quant{Elem: host.F4E2M1}, block},
		{host.F32, Quant{Elem: host.F4E2M1, Scale: host.F8E8M0}, block},
	} {
		x := randomWeight(tt.weight, normal, 0.02, 512, 1024)
		b.Run(fmt.Sprintf("%s/%s/%v", tt.weight, tt.q, tt.block[1]), func(b *testing.B) {
			for b.Loop() {
				if _, err := quantize(context.Background(), x, tt.q, Options{Block: tt.block}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*x.Len())/1e6/b.Elapsed().Seconds(), "Mparam/s")
		})
	}
}
