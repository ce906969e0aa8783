package torch

import "github.com/aiopt/aiopt/ir"

// Dialect is the table of the torch operation.
var Dialect = ir.NewDialect("torch", "calls of PyTorch operators, as a saved program has them", Call)

// Call is a call of a PyTorch operator.
var Call = &ir.OpDef{
	Name: "torch.call",
	Doc: "A call of a PyTorch operator. The attribute callee names it, such as aten.add.Tensor; one attribute for each " +
		"of its arguments follows, in the order of the operator's schema, defaults included. A tensor is $i, which stands " +
		"for operand i, also inside lists: indices = [none, $1]. Symbolic floats and bools are tensors of rank 0. The " +
		"results are flat: a list result is as many results as it has items. With binds, each symbol named takes its value " +
		"from the result: a result of rank 0 that holds it, or the dimension it is. The operator is not interpreted here: " +
		"`decompose` replaces the call, and refuses what it does not know.",
	Operands: []ir.Arg{ir.Many("tensors", ir.AnyElem)},
	Results:  []ir.Arg{ir.Many("results", ir.AnyElem)},
	Traits:   ir.Typed | ir.Open,
	Example:  `%y = torch.call(%x: tensor<2xf32>, %w: tensor<2xf32>) {callee = "aten.add.Tensor", self = $0, other = $1, alpha = 1} : tensor<2xf32>`,
}
