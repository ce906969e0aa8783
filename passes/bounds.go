package passes

import (
	"math"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// isFinite reports a value whose elements are known to be finite numbers, whatever the inputs are: masks made of numbers,
// tables of the model, comparisons and arithmetic on those.
func isFinite(m *ir.Module, v *ir.Value) bool {
	_, ok := (&bounds{m: m, steps: 256}).of(v)
	return ok
}

// interval holds numbers from low to high.
type interval struct{ low, high float64 }

func (a interval) join(b interval) interval {
	return interval{min(a.low, b.low), max(a.high, b.high)}
}

// bounds finds intervals for values; it looks at no more than a number of operations.
type bounds struct {
	m     *ir.Module
	steps int
}

// of gives an interval of finite numbers that holds all elements of a value.
func (b *bounds) of(v *ir.Value) (interval, bool) {
	if b.steps--; b.steps < 0 {
		return interval{}, false
	}
	r, ok := b.compute(v)
	if _, most := v.Type.Elem.Range(); ok && v.Type.Elem.IsFloat() { // a sum beyond it by less than half a step is rounded to it
		const slack = 1 + 1e-9 // far less than half a step of f32
		if v.Type.Elem == host.F64 {
			return r, r.low >= -most && r.high <= most
		}
		return interval{max(r.low, -most), min(r.high, most)}, r.low >= -most*slack && r.high <= most*slack
	}
	return r, ok
}

func (b *bounds) compute(v *ir.Value) (interval, bool) {
	if x, ok := floatOf(v); ok {
		return interval{x, x}, !math.IsInf(x, 0) && !math.IsNaN(x)
	}
	switch e := v.Type.Elem; {
	case e == host.Bool:
		return interval{0, 1}, true
	case e.IsInt():
		return interval{-0x1p64, 0x1p64}, true
	case v.Def == nil:
		return interval{}, false
	}
	op := v.Def
	switch {
	case op.Is(core.Constant):
		return b.data(op)
	case op.Def.Traits.Has(ir.View), op.Is(tensor.Expand), op.Is(tensor.Cast), op.Is(tensor.Index), op.Is(tensor.Gather), op.Is(nn.Embedding):
		return b.of(op.Operands[0])
	case op.Is(tensor.Concat):
		return b.all(op.Operands)
	case op.Is(tensor.Where):
		return b.all(op.Operands[1:])
	case op.Is(tensor.Neg):
		x, ok := b.of(op.Operands[0])
		return interval{-x.high, -x.low}, ok
	case op.Is(tensor.Add), op.Is(tensor.Sub), op.Is(tensor.Mul), op.Is(tensor.Max), op.Is(tensor.Min):
		x, okX := b.of(op.Operands[0])
		y, okY := b.of(op.Operands[1])
		return arithmetic(op, x, y), okX && okY
	}
	return interval{}, false
}

func arithmetic(op *ir.Op, x, y interval) interval {
	switch {
	case op.Is(tensor.Add):
		return interval{x.low + y.low, x.high + y.high}
	case op.Is(tensor.Sub):
		return interval{x.low - y.high, x.high - y.low}
	case op.Is(tensor.Max):
		return interval{max(x.low, y.low), max(x.high, y.high)}
	case op.Is(tensor.Min):
		return interval{min(x.low, y.low), min(x.high, y.high)}
	}
	products := [4]float64{x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high}
	r := interval{products[0], products[0]}
	for _, p := range products {
		r = r.join(interval{p, p})
	}
	return r
}

func (b *bounds) all(vs []*ir.Value) (interval, bool) {
	r, ok := b.of(vs[0])
	for _, v := range vs[1:] {
		x, okX := b.of(v)
		r, ok = r.join(x), ok && okX
	}
	return r, ok
}

// maxData is how many elements of constant data are looked at.
const maxData = 1 << 16

func (b *bounds) data(op *ir.Op) (interval, bool) {
	n, static := op.Result().Type.NumElements().IsConst()
	name, named := op.Attr("value").(ir.Symbol)
	if !static || n == 0 || n > maxData || !named || op.Result().Type.Elem.Packed() {
		return interval{}, false
	}
	t, err := b.m.Resource(string(name)).Tensor()
	if err != nil {
		return interval{}, false
	}
	r := interval{math.Inf(1), math.Inf(-1)}
	for i := range t.Len() {
		x := host.FloatAt(t, i)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return r, false
		}
		r = r.join(interval{x, x})
	}
	return r, true
}
