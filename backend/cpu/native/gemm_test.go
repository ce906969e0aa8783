package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// productModule makes a module of one operation over inputs and a constant weight.
func productModule(t testing.TB, x, weight *host.Tensor, op, result string) *ir.Module {
	t.Helper()
	return parse(t, fmt.Sprintf(`air 1
module @m {
  func @main(%%x: %s) -> (%%y: %s) {
    %%w = core.constant() {value = dense<i64>[0]} : tensor<i64>
    %%y = %s : %s
    core.return(%%y)
  }
}
`, ir.TypeOf(x), result, op, result))
}

// withWeights gives the constants of a module random numbers.
func withWeights(m *ir.Module, rng *rand.Rand) {
	for _, op := range m.Funcs[0].Ops {
		if d, ok := op.Attr("value").(ir.Dense); ok {
			for i := range d.T.Len() {
				host.SetFloat(d.T, i, float64(rng.IntN(17)-8)/8)
			}
		}
	}
}

func eighths(rng *rand.Rand, shape ...int) *host.Tensor {
	x := host.New(host.F32, shape...)
	for i := range x.Len() {
		host.SetFloat(x, i, float64(rng.IntN(17)-8)/8)
	}
	return x
}

func program(t testing.TB, m *ir.Module, threads int) backend.Program {
	t.Helper()
	p, err := Backend{Plan: Scheduled, Cache: testCompiler(t).cache}.Compile(context.Background(), m, backend.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}
