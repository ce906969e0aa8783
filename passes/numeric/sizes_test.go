package numeric

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// sized makes a module whose @main has an input of one open size.
func sized(t *testing.T, low, high int64, guards ...string) *ir.Module {
	t.Helper()
	f := &ir.Func{Name: "main", Dims: []*ir.DimDecl{{Name: "S", Min: low, Max: high}}}
	for _, g := range guards {
		guard, err := ir.ParseGuard(g)
		if err != nil {
			t.Fatal(err)
		}
		f.Guards = append(f.Guards, guard)
	}
	f.AddParam("x", ir.TensorOf(host.F32, ir.Sym("S")), ir.Input)
	f.Results = []*ir.Result{{Role: ir.Output}}
	return &ir.Module{Funcs: []*ir.Func{f}}
}

func TestChooseSizes(t *testing.T) {
	for _, c := range []struct {
		name         string
		low, high    int64
		guards       []string
		small, large int64 // the first of each; 0: none
	}{
		{"any", 0, ir.Unbounded, nil, 1, 37},
		{"range", 5, 9, nil, 5, 9},
		{"one", 4, 4, nil, 4, 4},
		{"large", 1000, ir.Unbounded, nil, 1000, 1056},
		{"guard", 2, ir.Unbounded, []string{"S != 2", "S < 9"}, 3, 8},
		{"multiples", 2, ir.Unbounded, []string{"S-96*(S//96) == 0"}, 96, 2016},
		{"last", ir.Unbounded - 1, ir.Unbounded, nil, ir.Unbounded - 1, ir.Unbounded},
		{"out of reach", 2, ir.Unbounded, []string{"S > 100000"}, 0, 0},
	} {
		small, large := chooseSizes(sized(t, c.low, c.high, c.guards...).Funcs[0])
		first := func(list []map[string]int64) int64 {
			if len(list) == 0 {
				return 0
			}
			return list[0]["S"]
		}
		if first(small) != c.small || first(large) != c.large {
			t.Errorf("%s: found %d and %d, expected %d and %d", c.name, first(small), first(large), c.small, c.large)
		}
	}
}

// limited is an engine for a model that runs with some sizes only.
type limited struct {
	low, high int
	ran       []int
}

func (l *limited) Compile(context.Context, *ir.Module) (pass.Program, error) { return l, nil }

func (l *limited) Run(_ context.Context, calls []pass.Call, _ *pass.Watch) (*pass.Results, error) {
	in := calls[0].In
	n := in[0].Shape[0]
	if n < l.low || n > l.high {
		return nil, errors.New("the table has no such row")
	}
	l.ran = append(l.ran, n)
	return &pass.Results{Outputs: [][]*host.Tensor{in}}, nil
}

func (l *limited) Close() error { return nil }

// TestOtherSizes: where the model does not run with the sizes made first, others are taken, and equal ones once.
func TestOtherSizes(t *testing.T) {
	for _, c := range []struct {
		name      string
		low, high int
		want      []int
		err       string
	}{
		{"all", 0, 100, []int{2, 37}, ""},
		{"a table that ends", 0, 20, []int{2, 16}, ""},
		{"at least a window", 7, 100, []int{7, 37}, ""},
		{"one", 12, 12, []int{12, 12}, ""}, // found from both ends, kept once
		{"none", 50, 60, nil, "numeric verification cannot run @main: the table has no such row; give inputs that it runs with: --inputs=FILE.safetensors with x: tensor<[S]xf32>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			engine := &limited{low: c.low, high: c.high}
			ctx := &pass.Context{Context: t.Context(), Executor: engine, Pass: &pass.Pass{Name: "p"}}
			m := sized(t, 2, ir.Unbounded)
			k := &check{cases: MakeCases}
			wantError(t, k.before(ctx, m), c.err)
			if d := cmp.Diff(c.want, engine.ran); d != "" {
				t.Errorf("sizes that ran: -want +got\n%s", d)
			}
			if c.name == "one" && len(k.list) != 1 {
				t.Errorf("found %d cases, expected the one", len(k.list))
			}
		})
	}
}
