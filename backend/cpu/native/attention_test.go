//go:build unix

package native

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/ir/host"
)

// attentions are shapes of attention in models: heads, heads of keys, queries, keys and the width of a row.
var attentions = []struct {
	name                              string
	heads, shared, queries, keys, row int
	attrs                             string
	elem                              host.Elem
}{
	{"bert", 12, 12, 128, 128, 64, "", host.F32},
	{"vit", 12, 12, 197, 197, 64, "", host.F32},
	{"whisper", 6, 6, 1500, 1500, 64, "", host.F32},
	{"qwen prefill", 16, 8, 128, 128, 128, "is_causal = true", host.F32},
	{"qwen decode 128", 16, 8, 1, 128, 128, "", host.F32},
	{"qwen decode 1024", 16, 8, 1, 1024, 128, "", host.F32},
	{"decode of halves", 16, 8, 1, 1024, 128, "", host.F16},
	{"prefill of bf16", 4, 2, 50, 131, 80, "window_size = 40", host.BF16},
}

// TestAttention holds native attention against the interpreter.
func TestAttention(t *testing.T) {
	for i, a := range attentions {
		if skipped(i, 4) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			if a.queries > 1000 {
				a.queries, a.keys = 150, 170
			}
			native, reference := engines(t, backendtest.Parse(t, attentionText(i, a.queries, a.keys)), 2)
			in := attentionInputs(i, a.queries, a.keys)
			got, err := native.NewSession().Call(context.Background(), "main", in, nil)
			if err != nil {
				t.Fatal(err)
			}
			want, err := reference.NewSession().Call(context.Background(), "main", in, nil)
			if err != nil {
				t.Fatal(err)
			}
			tolerance := map[host.Elem]float64{host.F32: 1e-5, host.F16: 2e-3, host.BF16: 2e-2}[a.elem]
			for k := range want[0].Len() {
				x, y := host.At(got[0], k).(float64), host.At(want[0], k).(float64)
				if !(math.Abs(x-y) <= tolerance*(1+math.Abs(y))) {
					t.Fatalf("element %d is %v, want %v", k, x, y)
				}
			}
		})
	}
}

func attentionText(i, queries, keys int) string {
	a := attentions[i]
	q := fmt.Sprintf("tensor<1x%dx%dx%dx%s>", a.heads, queries, a.row, a.elem)
	k := fmt.Sprintf("tensor<1x%dx%dx%dx%s>", a.shared, keys, a.row, a.elem)
	return fmt.Sprintf("air 1\nmodule @m {\n  func @main(%%q: %s, %%k: %s, %%v: %s) -> (%%y: %s) {\n    %%y = nn.sdpa(%%q, %%k, %%v) {%s} : %s\n    core.return(%%y)\n  }\n}\n", q, k, k, q, a.attrs, q)
}

func attentionInputs(i, queries, keys int) []*host.Tensor {
	a := attentions[i]
	rng := rand.New(rand.NewPCG(1, uint64(i)))
	var in []*host.Tensor
	for _, shape := range [][]int{{1, a.heads, queries, a.row}, {1, a.shared, keys, a.row}, {1, a.shared, keys, a.row}} {
		x := host.New(a.elem, shape...)
		for k := range x.Len() {
			host.SetFloat(x, k, rng.NormFloat64())
		}
		in = append(in, x)
	}
	return in
}

// BenchmarkAttention measures attention on one thread: GFLOP/s where there is much to compute, GB/s of keys and values where
// they are only read. The best call counts, as other work disturbs the mean.
func BenchmarkAttention(b *testing.B) {
	for i, a := range attentions {
		b.Run(a.name, func(b *testing.B) {
			native, _ := engines(b, backendtest.Parse(b, attentionText(i, a.queries, a.keys)), 1)
			s := native.NewSession()
			in := attentionInputs(i, a.queries, a.keys)
			best := time.Hour
			for b.Loop() {
				begin := time.Now()
				if _, err := s.Call(context.Background(), "main", in, nil); err != nil {
					b.Fatal(err)
				}
				best = min(best, time.Since(begin))
			}
			flops := 4 * a.heads * a.queries * a.keys * a.row
			bytes := 2 * a.shared * a.keys * a.row * a.elem.Bytes()
			b.ReportMetric(float64(best.Nanoseconds()), "best-ns")
			b.ReportMetric(float64(flops)/float64(best.Nanoseconds()), "GFLOP/s")
			b.ReportMetric(float64(bytes)/float64(best.Nanoseconds()), "GB/s")
		})
	}
}
