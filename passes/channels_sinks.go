package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// whole builds an elementwise operation, none of whose operands is broadcast but those of one element, in the shape of a border's source,
// whatever the border cuts it into.
func (c *fronted) whole(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	source, o, t := b.source, b.order, op.Result().Type
	if !op.Def.Traits.Has(ir.Elementwise) || op.Is(quant.Quantize) {
		return false
	}
	back := make([]int, len(o.factors)) // the place of each factor in the value
	for at, factor := range o.flat() {
		back[factor] = at
	}
	var cut []ir.Dim
	for _, factor := range o.flat() {
		cut = append(cut, o.factors[factor])
	}
	operands := slices.Clone(op.Operands)
	for i, v := range operands {
		if v == nil || oneElement(v.Type) && v.Type.Rank() <= source.Type.Rank() {
			continue
		}
		if !sameDims(v.Type.Shape, t.Shape) {
			return false
		}
		from, p, _ := arranged(v)
		p, ok := p.reshaped(cut)
		if !ok {
			return false
		}
		if p, ok = p.transposed(back).reshaped(source.Type.Shape); !ok {
			return false
		}
		operands[i] = c.moved(rw, op, v, from, p, source.Type.Shape)
	}
	var y *ir.Value
	if op.Def.Traits.Has(ir.Typed) {
		y = rw.Typed(op.Def, op.Attrs, t.WithShape(source.Type.Shape...), operands...)
	} else {
		y = rw.Build(op.Def, op.Attrs, operands...)
	}
	return c.leave(rw, op, y, o)
}

// together builds an operation all of whose operands have the result's axes, or broadcast to them, in a form.
func (c *fronted) together(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	attrs, t := op.Attrs, op.Result().Type
	if op.Is(tensor.Concat) {
		b = b.joined(rw, op.Int("axis"))
	}
	f := b.form
	shape := f.shape
	if op.Is(tensor.Concat) {
		axis, ok := b.form.axis(op.Int("axis"))
		if !ok {
			return false
		}
		attrs = attrs.With("axis", ir.Int(axis))
		shape = slices.Clone(shape)
		shape[axis] = t.Shape[op.Int("axis")]
	}
	operands := make([]*ir.Value, len(op.Operands))
	for i, v := range op.Operands {
		if v == nil || oneElement(v.Type) && v.Type.Rank() <= len(shape) && op.Def.Traits.Has(ir.Elementwise) && !op.Is(quant.Quantize) {
			operands[i] = v
			continue
		}
		if operands[i] = c.bring(rw, op, v, f); operands[i] == nil {
			return false
		}
	}
	var y *ir.Value
	if op.Def.Traits.Has(ir.Typed) {
		if !provable(op.Parent(), op.Def, attrs, t.WithShape(shape...), operands...) {
			return false
		}
		y = rw.Typed(op.Def, attrs, t.WithShape(shape...), operands...)
	} else {
		y = rw.Build(op.Def, attrs, operands...)
	}
	return c.leave(rw, op, y, orderOf(y.Type.Shape, b.form.axes))
}

// frontedSink says how an operation that works along axes of its first operand is computed in a form.
type frontedSink struct {
	def  *ir.OpDef
	sink func(*fronted, *rewrite.Rewriter, *ir.Op, border) bool
}

func frontedSinks() []frontedSink {
	return []frontedSink{
		{nn.Softmax, (*fronted).sinkAxis}, {nn.LogSoftmax, (*fronted).sinkAxis}, {nn.BatchNorm, (*fronted).sinkAxis}, {tensor.Slice, (*fronted).sinkSlice},
		{nn.GroupNorm, (*fronted).sinkGroups}, {nn.LayerNorm, (*fronted).sinkNorm}, {nn.RMSNorm, (*fronted).sinkNorm},
		{tensor.Flip, (*fronted).sinkAxes}, {tensor.Pad, (*fronted).sinkPad},
		{tensor.Sum, (*fronted).sinkReduction}, {tensor.Prod, (*fronted).sinkReduction}, {tensor.Mean, (*fronted).sinkReduction},
		{tensor.ReduceMax, (*fronted).sinkReduction}, {tensor.ReduceMin, (*fronted).sinkReduction},
		{tensor.Any, (*fronted).sinkReduction}, {tensor.All, (*fronted).sinkReduction},
	}
}

func isFrontedSink(def *ir.OpDef) bool {
	return slices.ContainsFunc(frontedSinks(), func(s frontedSink) bool { return s.def == def })
}

// sinkWith computes an operation on its first operand in a form, with other attributes.
func (c *fronted) sinkWith(rw *rewrite.Rewriter, op *ir.Op, b border, attrs ...ir.Named) bool {
	operands := slices.Clone(op.Operands)
	operands[0] = reshaped(rw, b.source, b.form.shape)
	y := rw.Build(op.Def, withAttrs(op.Attrs, attrs...), operands...)
	return c.leave(rw, op, y, orderOf(y.Type.Shape, b.form.axes))
}

// sinkSlice cuts whole blocks out of an axis of the source, such as heads out of the channels, without cutting the axis.
func (c *fronted) sinkSlice(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	cut, source, o := b.axes[op.Int("axis")], b.source, b.order
	if len(cut) != 1 || op.Int("step") != 1 {
		return c.sinkAxis(rw, op, b)
	}
	at, first, inner := 0, 0, ir.Const(1) // the axis of the source, its first factor, and what is within one of that
	for factor := 0; at < source.Type.Rank(); at++ {
		first, inner = factor, ir.Const(1)
		for have := ir.Const(1); !have.Equal(source.Type.Shape[at]); factor++ {
			if have = have.Mul(o.factors[factor]); factor > first {
				inner = inner.Mul(o.factors[factor])
			}
		}
		if factor > cut[0] {
			break
		}
	}
	if first != cut[0] {
		return c.sinkAxis(rw, op, b)
	}
	y := rw.Build(op.Def, sliceAttrs(at, op.Dim("start").Mul(inner), op.Dim("stop").Mul(inner), 1), source)
	return c.leave(rw, op, y, o.replaced(first, 1, op.Result().Type.Shape[op.Int("axis")]))
}

func (c *fronted) sinkAxis(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	b = b.joined(rw, op.Int("axis"))
	axis, ok := b.form.axis(op.Int("axis"))
	return ok && c.sinkWith(rw, op, b, ir.Set("axis", ir.Int(axis)))
}

// sinkGroups keeps the batch in front of all: what else there is is normalized over.
func (c *fronted) sinkGroups(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	batch, ok := b.form.axis(0)
	return (ok && batch == 0 || isOne(op.In(0).Shape[0]) && isOne(b.form.shape[0])) && c.sinkAxis(rw, op, b)
}

func (c *fronted) sinkAxes(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	for _, a := range op.Ints("axes") {
		if _, ok := b.form.axis(a); !ok {
			return false
		}
	}
	return c.sinkWith(rw, op, b, ir.Set("axes", ir.OfInts(b.form.all(op.Ints("axes"))...)))
}

// sinkNorm keeps weights as they are, which have the shape of the axes: so these must be the same ones in the same order.
func (c *fronted) sinkNorm(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	var axes []int
	for _, a := range op.Ints("axes") {
		axis, ok := b.form.axis(a)
		if !ok || len(axes) > 0 && axis < axes[len(axes)-1] {
			return false
		}
		axes = append(axes, axis)
	}
	return c.sinkWith(rw, op, b, ir.Set("axes", ir.OfInts(axes...)))
}

func (c *fronted) sinkPad(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	zero := ir.Const(0)
	ends := map[string][]ir.Dim{}
	for _, end := range []string{"low", "high"} {
		ends[end] = slices.Repeat([]ir.Dim{zero}, len(b.form.shape))
		for a, n := range op.Dims(end) {
			axis, ok := b.form.axis(a)
			if !ok && !n.Equal(zero) {
				return false
			}
			if ok {
				ends[end][axis] = n
			}
		}
	}
	return c.sinkWith(rw, op, b, ir.Set("low", ir.OfDims(ends["low"]...)), ir.Set("high", ir.OfDims(ends["high"]...)))
}

// sinkReduction keeps the axes, with size 1; the old value, rearranged, need not have them.
func (c *fronted) sinkReduction(rw *rewrite.Rewriter, op *ir.Op, b border) bool {
	reduced := b.form.all(op.Ints("axes"))
	if len(reduced) == 0 {
		return false
	}
	var axes [][]int
	for a, list := range b.form.axes {
		switch {
		case !slices.Contains(op.Ints("axes"), a):
			axes = append(axes, list)
		case op.Bool("keep_dims"):
			axes = append(axes, nil)
		}
	}
	x := reshaped(rw, b.source, b.form.shape)
	y := rw.Build(op.Def, withAttrs(op.Attrs, ir.Set("axes", ir.OfInts(reduced...)), ir.Set("keep_dims", ir.Bool(true))), x)
	return c.leave(rw, op, y, orderOf(y.Type.Shape, axes))
}
