//go:build unix

package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// packedProduct is a product of rows with n columns of codes along k, in groups that share a scale.
func packedProduct(b *testing.B, codes string, rows, n, k, group int) *ir.Module {
	b.Helper()
	h := heavy{inputs: []string{fmt.Sprintf("%dx%dxf32", rows, k)}, result: fmt.Sprintf("%dx%dxf32", rows, n)}
	m := backendtest.Parse(b, fmt.Sprintf(`air 1
module @m {
  func @main(%%x0: tensor<%[1]s>) -> (%%y: tensor<%[2]s>) {
    %%w = core.constant() {value = 0} : tensor<%[3]dx%[4]dx%[5]s>
    %%s = core.constant() {value = 0.0} : tensor<%[3]dx%[6]dxf32>
    %%y = core.kernel(%%x0, %%w, %%s) : tensor<%[2]s>
      do(%%x0: tensor<%[1]s>, %%w: tensor<%[3]dx%[4]dx%[5]s>, %%s: tensor<%[3]dx%[6]dxf32>) {
        %%d = quant.dequantize(%%w, %%s) : tensor<%[3]dx%[4]dxf32>
        %%r = nn.linear(%%x0, %%d) : tensor<%[2]s>
        core.return(%%r)
      }
    core.return(%%y)
  }
}
`, h.inputs[0], h.result, n, k, codes, k/group))
	rng := rand.New(rand.NewPCG(1, 1))
	for _, op := range m.Funcs[0].Ops {
		if !op.Is(core.Constant) {
			continue
		}
		shape, err := constShape(op.Result().Type)
		if err != nil {
			b.Fatal(err)
		}
		x := host.New(op.Result().Type.Elem, shape...)
		for i := range x.Data {
			if x.Elem == host.F32 {
				break
			}
			x.Data[i] = byte(rng.Uint32())
		}
		for i := range x.Len() {
			if x.Elem != host.F32 {
				break
			}
			host.SetFloat(x, i, 1)
		}
		op.Attrs = ir.Attrs{ir.Set("value", ir.Dense{T: x})}
	}
	return m
}

// BenchmarkPanels measures products with compressed weights, in memory and in the second-level cache.
func BenchmarkPanels(b *testing.B) {
	for _, p := range []struct {
		codes             string
		rows, n, k, group int
	}{
		{"i4", 1, 1024, 1024, 32}, {"i4", 1, 131072, 1024, 32}, {"i4", 1, 131072, 1024, 1024}, {"i8", 1, 65536, 1024, 1024}, {"i3", 1, 131072, 1024, 32},
		{"i4", 4, 65536, 1024, 32}, {"i4", 128, 4096, 1024, 32},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d/g%d/%d", p.codes, p.rows, p.n, p.k, p.group, threads), func(b *testing.B) {
				m := packedProduct(b, p.codes, p.rows, p.n, p.k, p.group)
				program, err := Backend{Cache: testCompiler(b).cache}.Compile(context.Background(), m, backend.Options{Threads: threads})
				if err != nil {
					b.Fatal(err)
				}
				defer program.Close()
				s := program.NewSession()
				in := []*host.Tensor{random(rand.New(rand.NewPCG(1, 1)), p.rows, p.k)}
				if _, err := s.Call(context.Background(), "main", in, nil); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := s.Call(context.Background(), "main", in, nil); err != nil {
						b.Fatal(err)
					}
				}
				ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
				weights := float64(p.n * p.k)
				elem := m.Funcs[0].Ops[0].Result().Type.Elem
				bytes := weights*float64(elem.Bits())/8 + weights/float64(p.group)*4
				b.ReportMetric(weights/ns, "Gweights/s")
				b.ReportMetric(bytes/ns, "GB/s")
				b.ReportMetric(2*weights*float64(p.rows)/ns, "GFLOP/s")
			})
		}
	}
}
