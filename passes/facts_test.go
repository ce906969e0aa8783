package passes

import (
	"math"
	"testing"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// graph builds a function for questions about its values.
type graph struct {
	t *testing.T
	m *ir.Module
	b *ir.Builder
}

func newGraph(t *testing.T) *graph {
	f := &ir.Func{Name: "main"}
	return &graph{t, &ir.Module{Name: "m", Funcs: []*ir.Func{f}}, ir.Append(f, nil)}
}

func (g *graph) number(x float64, e host.Elem, shape ...int) *ir.Value {
	return g.typed(core.Constant, ir.Attrs{ir.Set("value", ir.Float(x))}, ir.StaticType(e, shape...))
}

func (g *graph) typed(def *ir.OpDef, attrs ir.Attrs, t ir.Type, operands ...*ir.Value) *ir.Value {
	g.t.Helper()
	v, err := g.b.Typed(def, attrs, t, operands...)
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

func (g *graph) op(def *ir.OpDef, operands ...*ir.Value) *ir.Value {
	g.t.Helper()
	v, err := g.b.One(def, nil, operands...)
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

func (g *graph) input(e host.Elem, shape ...int) *ir.Value {
	return g.b.Func.AddParam("x", ir.StaticType(e, shape...), ir.Input).Value
}

func (g *graph) data(xs ...float64) *ir.Value {
	r := g.m.AddData("w", tensorOf(g.t, host.F32, xs...))
	return g.typed(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(r.Name))}, r.Type)
}

func TestIsFinite(t *testing.T) {
	const lowest = -3.4028234663852886e38
	for _, c := range []struct {
		name  string
		build func(g *graph) *ir.Value
		want  bool
	}{
		{"number", func(g *graph) *ir.Value { return g.number(lowest, host.F32, 2) }, true},
		{"infinity", func(g *graph) *ir.Value { return g.number(math.Inf(-1), host.F32, 2) }, false},
		{"input", func(g *graph) *ir.Value { return g.input(host.F32, 2) }, false},
		{"bool as number", func(g *graph) *ir.Value {
			return g.typed(tensor.Cast, nil, ir.StaticType(host.F16, 2), g.input(host.Bool, 2))
		}, true},
		{"integer as f32", func(g *graph) *ir.Value {
			return g.typed(tensor.Cast, nil, ir.StaticType(host.F32, 2), g.input(host.I64, 2))
		}, true},
		{"integer as f16", func(g *graph) *ir.Value {
			return g.typed(tensor.Cast, nil, ir.StaticType(host.F16, 2), g.input(host.I64, 2))
		}, false},
		{"choice of numbers", func(g *graph) *ir.Value {
			return g.op(tensor.Where, g.input(host.Bool, 2), g.number(0, host.F32), g.number(lowest, host.F32))
		}, true},
		{"choice with infinity", func(g *graph) *ir.Value {
			return g.op(tensor.Where, g.input(host.Bool, 2), g.number(0, host.F32), g.number(math.Inf(-1), host.F32))
		}, false},
		{"table and mask", func(g *graph) *ir.Value {
			mask := g.op(tensor.Where, g.input(host.Bool, 3), g.number(0, host.F32), g.number(lowest, host.F32))
			return g.op(tensor.Add, g.data(1, -2, 3), mask)
		}, true},
		{"table with infinity", func(g *graph) *ir.Value { return g.data(1, math.Inf(1)) }, false},
		{"sum of masks", func(g *graph) *ir.Value {
			mask := g.op(tensor.Where, g.input(host.Bool, 3), g.number(0, host.F32), g.number(lowest, host.F32))
			return g.op(tensor.Add, mask, mask)
		}, false},
		{"one minus mask times lowest", func(g *graph) *ir.Value {
			mask := g.typed(tensor.Cast, nil, ir.StaticType(host.F32, 3), g.input(host.Bool, 3))
			return g.op(tensor.Mul, g.op(tensor.Sub, g.number(1, host.F32), mask), g.number(lowest, host.F32))
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGraph(t)
			if got := isFinite(g.m, c.build(g)); got != c.want {
				t.Errorf("found %v, expected %v", got, c.want)
			}
		})
	}
}

// A long chain must not make the search long.
func TestIsFiniteEnds(t *testing.T) {
	g := newGraph(t)
	v := g.op(tensor.Where, g.input(host.Bool, 2), g.number(0, host.F32), g.number(1, host.F32))
	for range 40 {
		v = g.op(tensor.Sub, v, v)
	}
	if isFinite(g.m, v) {
		t.Error("2^40 paths were looked at")
	}
}

func TestFactors(t *testing.T) {
	g := newGraph(t)
	x, y := g.input(host.F32, 2), g.input(host.F32, 2)
	half := g.number(0.5, host.F32)
	shared := g.op(tensor.Mul, x, y)
	v := g.op(tensor.Div, g.op(tensor.Mul, g.op(tensor.Mul, half, x), g.op(tensor.Mul, shared, y)), g.number(4, host.F32))
	g.op(tensor.Neg, shared)
	list, number := factors(v)
	if number != 0.125 || len(list) != 3 || list[0] != x || list[1] != shared || list[2] != y {
		t.Errorf("found %v times %v, expected x, the shared product and y times 0.125", number, list)
	}
	if x2, scale := unscaled(g.op(tensor.Mul, g.op(tensor.Div, x, g.number(4, host.F32)), half)); x2 != x || scale != 0.125 {
		t.Errorf("found scale %v, expected 0.125 of x", scale)
	}
}
