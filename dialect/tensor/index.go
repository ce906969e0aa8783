package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var indexOps = []*ir.OpDef{Index, IndexPut, Gather, Scatter, Nonzero}

var indexAxes = ir.Require("axes", ir.KindInts, "the axis that each index counts along, ascending")

// Index takes elements by index tensors.
var Index = &ir.OpDef{
	Name: "tensor.index",
	Doc: "The elements of x at the places that index tensors name, one for each of the axes. The indices broadcast " +
		"together; their shape replaces the axes where those are adjacent, and comes first where they are not (numpy's " +
		"advanced indexing). Negative indices count from the end; one outside is an error.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem).AsPicked(), ir.Many("indices", ir.Index)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{indexAxes},
	Traits:   ir.Anchor,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := indexed(c, op, 1)
		return []ir.Type{t}, err
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Index(c.Par(), in[0], op.Ints("axes"), in[1:])
		return results(op, err, y)
	}),
	Example: `%y = tensor.index(%x: tensor<3x2xf32> = [0, 1, 2, 3, 4, 5], %i: tensor<2xi64> = [2, -3]) {axes = [0]} : tensor<2x2xf32> // [4, 5, 0, 1]`,
}

// indexed is the type that x has at the places that the operands from first on name.
func indexed(c *ir.InferCtx, op *ir.Op, first int) (ir.Type, error) {
	x := op.In(0)
	axes, err := checkAxes(op, x)
	if err != nil {
		return x, err
	}
	if n := len(op.Operands) - first; n == 0 || n != len(axes) {
		return x, op.Errorf("found %d index tensors for axes %v, expected one for each axis and at least one", n, axes)
	}
	if !slices.IsSorted(axes) {
		return x, op.Errorf("axes %v do not ascend", axes)
	}
	shapes := make([][]ir.Dim, len(axes))
	for i := range axes {
		shapes[i] = op.In(first + i).Shape
	}
	joined, err := c.Broadcast(shapes...)
	if err != nil {
		return x, op.Errorf("the indices: %v", err)
	}
	rest, before := withoutAxes(x, axes, false).Shape, 0
	if axes[len(axes)-1]-axes[0] == len(axes)-1 {
		before = axes[0]
	}
	return x.WithShape(slices.Concat(rest[:before], joined, rest[before:])...), nil
}

// IndexPut writes elements at the places of index tensors.
var IndexPut = &ir.OpDef{
	Name: "tensor.index_put",
	Doc: "x with values, broadcast, written to the elements that tensor.index would take. Where several go to one place, " +
		"the last in row-major order wins; with accumulate all are added to what stands there.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem), ir.In("values", ir.AnyElem), ir.Many("indices", ir.Index)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{indexAxes, ir.Default("accumulate", ir.KindBool, ir.Bool(false), "add, do not replace")},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		x, values := op.In(0), op.In(1)
		if err := sameElems(op, x, values, "values"); err != nil {
			return nil, err
		}
		if op.Bool("accumulate") && x.Elem == host.Bool {
			return nil, op.Errorf("x is %s: bools are not added", x)
		}
		t, err := indexed(c, op, 2)
		if err != nil {
			return nil, err
		}
		return []ir.Type{x}, stretches(c, op, "values", values.Shape, t.Shape)
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		how := host.CombineNone
		if op.Bool("accumulate") {
			how = host.CombineAdd
		}
		y, err := host.IndexPut(c.Par(), in[0], op.Ints("axes"), in[2:], in[1], how)
		return results(op, err, y)
	}),
	Example: `%y = tensor.index_put(%x: tensor<4xi64> = [0, 1, 2, 3], %v: tensor<3xi64> = [7, 8, 9], %i: tensor<3xi64> = [3, 0, 3]) {axes = [0]} : tensor<4xi64> // [8, 1, 2, 9]`,
}

// sameElems holds an operand to the element type of x.
func sameElems(op *ir.Op, x, t ir.Type, what string) error {
	if x.Elem != t.Elem {
		return op.Errorf("x is %s, %s is %s: cast one of them", x, what, t)
	}
	return nil
}

// Gather takes elements along an axis.
var Gather = &ir.OpDef{
	Name: "tensor.gather",
	Doc: "y[.., i, ..] = x[.., index[.., i, ..], ..] along an axis, in the shape of index, which is at most as large as x in " +
		"the other axes. Negative indices count from the end; one outside is an error. (torch.gather.)",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem).AsPicked(), ir.In("index", ir.Index)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{axisAttr},
	Traits:   ir.Anchor,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if err := checkIndex(c, op); err != nil {
			return nil, err
		}
		return []ir.Type{op.In(0).WithShape(op.In(1).Shape...)}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Gather(c.Par(), in[0], op.Int("axis"), in[1])
		return results(op, err, y)
	}),
	Example: `%y = tensor.gather(%x: tensor<2x3xf32> = [0, 1, 2, 3, 4, 5], %i: tensor<2x2xi64> = [2, 0, -2, 1]) {axis = 1} : tensor<2x2xf32> // [2, 0, 4, 4]`,
}

// checkIndex holds operand 1, an index along the axis, to the rank of x and to its size in the other axes.
func checkIndex(c *ir.InferCtx, op *ir.Op) error {
	x, index := op.In(0), op.In(1)
	axis, err := checkAxis(op, x)
	if err != nil {
		return err
	}
	if index.Rank() != x.Rank() {
		return op.Errorf("index is %s, x is %s: expected one rank", index, x)
	}
	for i, d := range index.Shape {
		if i == axis {
			continue
		}
		if err := c.Require(d, ir.RelLE, x.Shape[i]); err != nil {
			return op.Errorf("index %s is larger than x %s in axis %d: %v", index, x, i, err)
		}
	}
	return nil
}

// Scatter writes elements along an axis.
var Scatter = &ir.OpDef{
	Name: "tensor.scatter",
	Doc: "x with src[.., i, ..] written to place index[.., i, ..] along an axis, for every element of index, which is at most " +
		"as large as src, and as x in the other axes. What is written replaces what stands there (of several the last in " +
		"row-major order), or is combined with it: add, mul, min, max; NaN wins. (torch.scatter, torch.scatter_reduce with " +
		"include_self.)",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem), ir.In("index", ir.Index), ir.In("src", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs: []ir.AttrDef{
		axisAttr,
		ir.Choice("reduce", "how what is written is combined with what stands there", string(host.CombineNone), string(host.CombineAdd),
			string(host.CombineMul), string(host.CombineMin), string(host.CombineMax)),
	},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if err := checkIndex(c, op); err != nil {
			return nil, err
		}
		x, index, src := op.In(0), op.In(1), op.In(2)
		if err := sameElems(op, x, src, "src"); err != nil {
			return nil, err
		}
		if src.Rank() != x.Rank() {
			return nil, op.Errorf("src is %s, x is %s: expected one rank", src, x)
		}
		for i, d := range index.Shape {
			if err := c.Require(d, ir.RelLE, src.Shape[i]); err != nil {
				return nil, op.Errorf("index %s is larger than src %s in axis %d: %v", index, src, i, err)
			}
		}
		how := host.Combine(op.Str("reduce"))
		if how != host.CombineNone && x.Elem == host.Bool || (how == host.CombineMin || how == host.CombineMax) && x.Elem.IsComplex() {
			return nil, op.Errorf("x is %s: reduce %q is not defined for it", x, how)
		}
		return []ir.Type{x}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Scatter(c.Par(), in[0], op.Int("axis"), in[1], in[2], host.Combine(op.Str("reduce")))
		return results(op, err, y)
	}),
	Example: `%y = tensor.scatter(%x: tensor<2x3xi64> = [0, 0, 0, 0, 0, 0], %i: tensor<2x2xi64> = [2, 0, 1, 1], %s: tensor<2x2xi64> = [1, 2, 3, 4]) {axis = 1} : tensor<2x3xi64> // [2, 0, 1, 0, 4, 0]`,
}

// Nonzero finds the elements that are not zero.
var Nonzero = &ir.OpDef{
	Name:     "tensor.nonzero",
	Doc:      "The indices of the elements that are not zero, in row-major order: a row with one index for each axis of x.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("indices", ir.Integers)},
	Attrs:    []ir.AttrDef{bindCount},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		n, err := boundCount(op)
		return []ir.Type{ir.TensorOf(host.I64, n, ir.Const(int64(op.In(0).Rank())))}, err
	},
	Eval: func(_ *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.NonZero(in[0])
		return results(op, err, y)
	},
	Example: `%y = tensor.nonzero(%x: tensor<2x2xf32> = [0, 5, 0, nan]) {binds = [u0]} : tensor<[u0]x2xi64> // [0, 1, 1, 1]`,
}

var bindCount = ir.Require("binds", ir.KindNames, "the symbol that gets the number of rows found")

// boundCount is the symbol of an operation whose result has as many rows as the data decides.
func boundCount(op *ir.Op) (ir.Dim, error) {
	names := op.Binds()
	if len(names) != 1 {
		return ir.Dim{}, op.Errorf("binds %d symbols, expected 1", len(names))
	}
	return ir.Sym(names[0]), nil
}
