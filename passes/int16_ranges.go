package passes

import (
	"math"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// integers finds intervals that hold all elements of integer values: from constants, counting, sizes and their ranges.
type integers struct {
	m     *ir.Module
	known map[*ir.Value]interval
}

// of gives the interval of a value in f.
func (n *integers) of(f *ir.Func, v *ir.Value) interval {
	if r, ok := n.known[v]; ok {
		return r
	}
	least, most := v.Type.Elem.Range()
	if v.Type.Elem == host.Bool {
		least, most = 0, 1
	}
	all := interval{least, most}
	r := all
	if v.Def != nil || !insideKernel(f) {
		r = n.compute(f, v, all)
	} else {
		r = n.of(f.Owner().Parent(), f.Owner().Operands[v.Index])
	}
	if !(r.low >= least && r.high <= most) { // it may wrap around
		r = all
	}
	n.known[v] = r
	return r
}

func (n *integers) compute(f *ir.Func, v *ir.Value, all interval) interval {
	op := v.Def
	if op == nil || op.Parent() == nil {
		return all
	}
	of := func(i int) interval { return n.of(f, op.Operands[i]) }
	switch {
	case op.Is(core.Constant), op.Is(tensor.Fill):
		return n.constant(op, all)
	case op.Is(tensor.Iota):
		return iotaRange(f, op, all)
	case op.Is(core.DimOp):
		return sizeRange(f, op.Dim("value"))
	case op.Is(tensor.Cast):
		if from := op.In(0).Elem; !from.IsInt() && from != host.Bool {
			return all
		}
		return of(0)
	case op.Def.Traits.Has(ir.View), op.Is(tensor.Expand), op.Is(tensor.Index), op.Is(tensor.Gather), op.Is(tensor.Flip),
		op.Is(tensor.ReduceMax), op.Is(tensor.ReduceMin):
		return of(0)
	case op.Is(tensor.Concat):
		r := of(0)
		for i := range op.Operands {
			r = r.join(of(i))
		}
		return r
	case op.Is(tensor.Where):
		return of(1).join(of(2))
	case op.Is(tensor.Add), op.Is(tensor.Sub), op.Is(tensor.Mul):
		return arithmetic(op, of(0), of(1))
	case op.Is(tensor.Neg):
		return interval{-of(0).high, -of(0).low}
	case op.Is(tensor.Abs):
		r := of(0)
		return interval{max(0, r.low, -r.high), max(-r.low, r.high)}
	case op.Is(tensor.Min):
		return interval{min(of(0).low, of(1).low), min(of(0).high, of(1).high)}
	case op.Is(tensor.Max):
		return interval{max(of(0).low, of(1).low), max(of(0).high, of(1).high)}
	case op.Is(tensor.FloorDiv):
		if x, y := of(0), of(1); y.low >= 1 {
			return interval{math.Floor(min(x.low/y.low, x.low/y.high)), math.Floor(max(x.high/y.low, x.high/y.high))}
		}
	case op.Is(tensor.Remainder):
		if y := of(1); y.low >= 1 {
			return interval{0, y.high - 1}
		}
	}
	return all
}

// constant looks at the numbers of a constant, if they are not too many.
func (n *integers) constant(op *ir.Op, all interval) interval {
	var t *host.Tensor
	switch a := op.Attr("value").(type) {
	case ir.Int:
		return interval{float64(a), float64(a)}
	case ir.Bool:
		return interval{0, 1}
	case ir.Dense:
		t = a.T
	case ir.Symbol:
		r := n.m.Resource(string(a))
		if size, ok := r.Type.NumElements().IsConst(); !ok || size > maxData || r.Type.Elem.Packed() {
			return all
		}
		var err error
		if t, err = r.Tensor(); err != nil {
			return all
		}
	}
	if t == nil || t.Len() == 0 || !t.Elem.IsInt() {
		return all
	}
	r := interval{math.Inf(1), math.Inf(-1)}
	for i := range t.Len() {
		x := host.FloatAt(t, i)
		r = r.join(interval{x, x})
	}
	return r
}

func iotaRange(f *ir.Func, op *ir.Op, all interval) interval {
	step, ok := op.Attr("step").(ir.Int)
	if !ok {
		return all
	}
	var start interval
	switch a := op.Attr("start").(type) {
	case ir.Int:
		start = interval{float64(a), float64(a)}
	case ir.DimAttr:
		start = sizeRange(f, a.Dim)
	default:
		return all
	}
	last := max(sizeRange(f, op.Result().Type.Shape[op.Int("axis")]).high-1, 0) * float64(step)
	return interval{start.low + min(last, 0), start.high + max(last, 0)}
}

// sizeRange is what is known of a size.
func sizeRange(f *ir.Func, d ir.Dim) interval {
	low, high := f.Env().Range(d)
	r := interval{float64(low), float64(high)}
	if low == math.MinInt64 {
		r.low = math.Inf(-1)
	}
	if high == ir.Unbounded {
		r.high = math.Inf(1)
	}
	return r
}
