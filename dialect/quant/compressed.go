package quant

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Lookup gives the table entries that indices name.
var Lookup = &ir.OpDef{
	Name: "quant.lookup",
	Doc: "The entries of lut that indices name: a palettized weight. lut is [tables..., entries, length]; its leading axes " +
		"split those of indices into equal blocks, each with a table of its own. An entry longer than 1 lies along axis, which is longer " +
		"by that factor in the result.",
	Operands: []ir.Arg{
		ir.In("indices", ir.Integers),
		ir.In("lut", ir.AnyElem).WithDoc("the rank of indices and two axes more"),
	},
	Results: []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:   []ir.AttrDef{ir.Default("axis", ir.KindInt, ir.Int(0), "along which the elements of an entry lie")},
	Traits:  ir.Fusable | ir.Cheap,
	Infer:   inferLookup,
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		out, err := host.Lookup(c.Par(), in[0], in[1], op.Int("axis"))
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		return []*host.Tensor{out}, nil
	},
	Example: `%y = quant.lookup(%indices: tensor<2x4xu1> = [0, 1, 1, 0, 0, 1, 1, 0], %lut: tensor<2x1x2x1xf32> = [-1, 1, 5, 7]) : tensor<2x4xf32> // [-1, 1, 1, -1, 5, 7, 7, 5]
%y = quant.lookup(%indices: tensor<2x1xu8> = [2, 0], %lut: tensor<1x1x3x2xi8> = [1, 2, 3, 4, 5, 6]) {axis = 1} : tensor<2x2xi8> // [5, 6, 1, 2]`,
}

func inferLookup(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	indices, lut, axis := op.In(0), op.In(1), op.Int("axis")
	rank := indices.Rank()
	if lut.Rank() != rank+2 {
		return nil, op.Errorf("lut is %s, expected two axes more than %s", lut, indices)
	}
	if axis < 0 || axis >= rank {
		return nil, op.Errorf("axis %d is outside %s", axis, indices)
	}
	for i, n := range lut.Shape[:rank] {
		if n.Equal(ir.Const(1)) || n.Equal(indices.Shape[i]) {
			continue
		}
		if err := divides(c, n, indices.Shape[i]); err != nil {
			return nil, op.Errorf("dimension %d of lut, %s, must divide that of %s: %v", i, lut, indices, err)
		}
	}
	shape := slices.Clone(indices.Shape)
	shape[axis] = shape[axis].Mul(lut.Shape[rank+1])
	return []ir.Type{ir.TensorOf(lut.Elem, shape...)}, nil
}

// SparseToDense gives a tensor of which only the elements that are not zero are stored.
var SparseToDense = &ir.OpDef{
	Name: "quant.sparse_to_dense",
	Doc: "The values, in row-major order, where mask is not zero, and 0 elsewhere: a pruned weight. There are as many values " +
		"as the mask keeps.",
	Operands: []ir.Arg{
		ir.In("values", ir.AnyElem).WithDoc("rank 1"),
		ir.In("mask", ir.AnyElem).WithDoc("bool or integers of any width"),
	},
	Results: []ir.Arg{ir.Out("y", ir.AnyElem)},
	Traits:  ir.Fusable | ir.Cheap,
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		values, mask := op.In(0), op.In(1)
		if values.Rank() != 1 {
			return nil, op.Errorf("values is %s, expected rank 1", values)
		}
		if mask.Elem != host.Bool && !mask.Elem.IsInt() {
			return nil, op.Errorf("mask is %s, expected bool or integers", mask)
		}
		return []ir.Type{mask.WithElem(values.Elem)}, nil
	},
	Eval: func(_ *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		out, err := host.Densify(in[0], in[1])
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		return []*host.Tensor{out}, nil
	},
	Example: `%y = quant.sparse_to_dense(%values: tensor<3xf32> = [1, 2, 3], %mask: tensor<2x3xu1> = [0, 1, 0, 1, 0, 1]) : tensor<2x3xf32> // [0, 1, 0, 2, 0, 3]`,
}

// Compressed reports an operation whose operands are compressed data: to compute it ahead would undo the compression.
func Compressed(op *ir.Op) bool {
	return op.Is(Dequantize) || op.Is(Lookup) || op.Is(SparseToDense)
}
