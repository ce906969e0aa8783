package passes

import (
	"context"
	"math"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Fold is the pass `fold`.
func Fold() *pass.Pass {
	p := &pass.Pass{
		Name: "fold",
		Doc:  "Compute operations whose operands are constants, and replace operations that equal one of their operands.",
	}
	limit := p.Options.Int("max", 1<<16, "elements of the largest constant to make; larger ones are computed when the model runs")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if err := foldConstants(ctx, m, *limit); err != nil {
			return err
		}
		removeDead(m, "fold")
		return nil
	}
	return p
}

func foldConstants(ctx context.Context, m *ir.Module, limit int) error {
	f := &folder{ctx: ctx, m: m, limit: limit}
	_, err := rewrite.Run(m, "fold", []rewrite.Pattern{{Name: "fold", Apply: f.fold}})
	return err
}

type folder struct {
	ctx   context.Context
	m     *ir.Module
	limit int
}

func (f *folder) fold(rw *rewrite.Rewriter, op *ir.Op) bool {
	if op.Def.Fold != nil {
		if v := op.Def.Fold(op); v != nil && v.Type.Equal(op.Results[0].Type) {
			rw.Replace(op, v)
			return true
		}
	}
	values, ok := f.compute(op)
	if !ok {
		return false
	}
	var out []*ir.Value
	for i, t := range values {
		r := op.Results[i]
		out = append(out, rw.Typed(core.Constant, ir.Attrs{ir.Set("value", f.constant(r, t))}, r.Type))
	}
	rw.Replace(op, out...)
	return true
}

// compute evaluates an operation on constants, if it may.
func (f *folder) compute(op *ir.Op) ([]*host.Tensor, bool) {
	// Folding a dequantization would undo what a weight pass saved.
	if op.Def.Eval == nil || op.Is(core.Constant) || quant.Compressed(op) || len(op.Bodies) > 0 || len(op.Binds()) > 0 || op.Def.Traits.Has(ir.Terminator) ||
		inKernel(op) {
		return nil, false
	}
	for _, r := range op.Results {
		n, ok := r.Type.NumElements().IsConst()
		if !ok || n > int64(f.limit) && !op.Is(quant.Quantize) || n > fewCodes && widensCodes(op) {
			return nil, false
		}
	}
	var in []*host.Tensor
	for _, v := range op.Operands {
		if v == nil {
			in = append(in, nil)
			continue
		}
		t, ok := f.value(v, op.Is(quant.Quantize))
		if !ok {
			return nil, false
		}
		in = append(in, t)
	}
	if op.Is(core.DimOp) && !isInt(op.Attr("value")) {
		return nil, false
	}
	out, err := op.Def.Eval(&ir.EvalCtx{Context: f.ctx}, op, in)
	return out, err == nil // what fails here fails when the model runs, with a better message
}

// fewCodes is how many codes may become wider numbers: so many that a whole parameter of a small layer is computed ahead.
const fewCodes = 1 << 8

// widensCodes reports a cast of codes to a type of more bits, which would undo what quantization saved.
func widensCodes(op *ir.Op) bool {
	return op.Is(tensor.Cast) && op.In(0).Elem != host.Bool && op.In(0).Elem.Bits() <= 8 && op.Result().Type.Elem.Bits() > op.In(0).Elem.Bits()
}

func isInt(a ir.Attr) bool {
	_, ok := a.(ir.Int)
	return ok
}

func inKernel(op *ir.Op) bool {
	owner := op.Parent().Owner()
	return owner != nil && owner.Is(core.Kernel)
}

// value gives the tensor of a constant; what is quantized, which makes it smaller, may be of any size.
func (f *folder) value(v *ir.Value, anySize bool) (*host.Tensor, bool) {
	if !v.DefinedBy(core.Constant) {
		return nil, false
	}
	n, ok := v.Type.NumElements().IsConst()
	if !ok || n > int64(f.limit) && !anySize {
		return nil, false
	}
	c := &ir.EvalCtx{Context: f.ctx, Resource: func(name string) (*host.Tensor, error) { return f.m.Resource(name).Tensor() }}
	out, err := core.Constant.Eval(c, v.Def, nil)
	if err != nil {
		return nil, false
	}
	return out[0], true
}

// constant is the attribute for a computed value: a number where all elements are one number, otherwise a resource.
func (f *folder) constant(r *ir.Value, t *host.Tensor) ir.Attr {
	if a, ok := splat(t); ok {
		return a
	}
	name := r.Name
	if name == "" {
		name = "folded"
	}
	return ir.Symbol(f.m.AddData(name, t.Clone()).Name)
}

// splat gives the one number that fills a tensor.
func splat(t *host.Tensor) (ir.Attr, bool) {
	if t.Elem.Packed() || t.Len() == 0 {
		return nil, false
	}
	data, width := t.Bytes(), t.Elem.Bytes()
	for i := width; i < len(data); i++ {
		if data[i] != data[i-width] {
			return nil, false
		}
	}
	switch {
	case t.Elem == host.Bool:
		return ir.Bool(data[0] != 0), true
	case t.Elem.IsInt() && t.Elem != host.U64:
		return ir.Int(host.IntAt(t, 0)), true
	case t.Elem.IsFloat():
		x := host.FloatAt(t, 0)
		return ir.Float(x), !math.IsNaN(x)
	}
	return nil, false
}
