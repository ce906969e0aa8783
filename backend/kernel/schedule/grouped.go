package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// needsGrouped says why the group is no product of runs of rows with a matrix each.
func (g *Group) needsGrouped(Target) string {
	switch {
	case g.Anchor == nil || !g.Anchor.Is(nn.GroupedMatMul):
		return "it has no nn.grouped_matmul"
	case g.Anchor.Operand(0).Def != nil:
		return "its rows are computed, which every column would do again"
	}
	return ""
}

// makeGrouped makes each row of the result a sum over the rows of the matrix that the row belongs to.
func makeGrouped(g *Group, t Target) (*Made, error) {
	op := g.Anchor
	if _, ok := op.In(1).Shape[0].IsConst(); !ok {
		return nil, reason(op, "a number of matrices that is open is not emitted")
	}
	if e := op.In(0).Elem; e.IsComplex() || e.Packed() || e == host.Bool {
		return nil, reason(op, "products of %s are not emitted", e)
	}
	at := slices.Index(g.Body, op)
	e := *g
	e.Anchor, e.Body = nil, slices.Clone(g.Body[:at])
	y := e.grouped(op)
	values := map[*ir.Value]*ir.Value{op.Result(): y}
	for _, v := range g.Params {
		values[v] = v
	}
	for _, o := range e.Body {
		values[o.Results[0]] = o.Results[0]
	}
	for _, o := range g.Body[at+1:] {
		if err := e.take(o, values, 0); err != nil {
			return nil, err
		}
	}
	e.Result = values[g.Result]
	return makeNest(&e, t)
}

// grouped appends the product in smaller operations. Offsets that do not ascend make the number of the matrix one that is not there.
func (g *Group) grouped(op *ir.Op) *ir.Value {
	x, w, offsets := op.Operand(0), op.Operand(1), op.Operand(2)
	rows, experts, k, n := x.Type.Shape[0], w.Type.Shape[0], w.Type.Shape[1], w.Type.Shape[2]
	count, _ := experts.IsConst()
	of := func(e host.Elem, shape ...ir.Dim) ir.Type { return ir.TensorOf(e, shape...) }
	add := func(def *ir.OpDef, t ir.Type, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
		return g.append(op.Loc, def, t, attrs, operands...)
	}
	number := func(i int64) *ir.Value { return add(core.Constant, of(host.I64), ir.Attrs{ir.Set("value", ir.Int(i))}) }
	counted := func(from ir.Dim, shape ...ir.Dim) *ir.Value {
		return add(tensor.Iota, of(host.I64, shape...), ir.Attrs{ir.Set("axis", ir.Int(0)), ir.Set("start", ir.DimAttr{Dim: from}), ir.Set("step", ir.Int(1))})
	}
	either := func(v *ir.Value) *ir.Value {
		return add(tensor.Any, of(host.Bool), ir.Attrs{ir.Set("axes", ir.OfInts(0)), ir.Set("keep_dims", ir.Bool(false))}, v)
	}
	ends := add(tensor.Cast, of(host.I64, experts), nil, offsets)
	wrong := either(add(tensor.Or, of(host.Bool, experts), nil,
		add(tensor.Lt, of(host.Bool, experts), nil, ends, number(0)),
		add(tensor.Gt, of(host.Bool, experts), nil, ends, counted(rows, one))))
	if count > 1 {
		slice := func(from int64) *ir.Value {
			return add(tensor.Slice, of(host.I64, num(count-1)), ir.Attrs{ir.Set("axis", ir.Int(0)), ir.Set("start", ir.DimAttr{Dim: num(from)}),
				ir.Set("stop", ir.DimAttr{Dim: num(from + count - 1)}), ir.Set("step", ir.Int(1))}, ends)
		}
		wrong = add(tensor.Or, of(host.Bool), nil, wrong, either(add(tensor.Lt, of(host.Bool, num(count-1)), nil, slice(1), slice(0))))
	}
	row := add(tensor.Reshape, of(host.I64, rows, one), nil, counted(zero, rows))
	before := add(tensor.Le, of(host.Bool, rows, experts), nil, ends, row) // experts whose rows end before this one
	expert := add(tensor.Sum, of(host.I64, rows), ir.Attrs{ir.Set("axes", ir.OfInts(1)), ir.Set("keep_dims", ir.Bool(false))},
		add(tensor.Cast, of(host.I64, rows, experts), nil, before))
	at := add(tensor.Where, of(host.I64, rows), nil, wrong, number(count), add(tensor.Min, of(host.I64, rows), nil, expert, number(count-1)))
	own := add(tensor.Index, of(w.Type.Elem, rows, k, n), ir.Attrs{ir.Set("axes", ir.OfInts(0))}, w, at)
	terms := add(tensor.Mul, of(x.Type.Elem, rows, k, n), nil, add(tensor.Reshape, of(x.Type.Elem, rows, k, one), nil, x), own)
	sum := add(tensor.Sum, of(x.Type.Elem, rows, n), ir.Attrs{ir.Set("axes", ir.OfInts(1)), ir.Set("keep_dims", ir.Bool(false))}, terms)
	some := add(tensor.Reshape, of(host.Bool, rows, one), nil, add(tensor.Lt, of(host.Bool, rows), nil, expert, number(count)))
	none := add(tensor.Cast, of(x.Type.Elem), nil, number(0))
	return add(tensor.Where, of(x.Type.Elem, rows, n), nil, some, sum, none)
}
