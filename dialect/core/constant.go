package core

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Constant is a value known before the program runs.
var Constant = &ir.OpDef{
	Name: "core.constant",
	Doc: "A value known before the program runs: a resource of the module, a tensor written out, or one number that fills " +
		"the stated type.",
	Results: []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs: []ir.AttrDef{
		ir.Require("value", ir.KindAny, "@resource, dense<...>[...], a number, or elided"),
	},
	Traits:  ir.Typed | ir.Fusable | ir.Cheap,
	Infer:   inferConstant,
	Eval:    evalConstant,
	Example: `%y = core.constant() {value = dense<2x2xi64>[1, 2, 3, 4]} : tensor<2x2xi64> // [1, 2, 3, 4]`,
}

func inferConstant(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	if len(op.Results) != 1 {
		return nil, op.Errorf("found %d results, expected 1", len(op.Results))
	}
	stated := op.Results[0].Type
	switch v := op.Attr("value").(type) {
	case ir.Symbol:
		if c.Module == nil {
			break
		}
		r := c.Resource(string(v))
		if r == nil {
			return nil, op.Errorf("value @%s is no resource of the module", string(v))
		}
		return []ir.Type{r.Type}, nil
	case ir.Dense:
		return []ir.Type{ir.TypeOf(v.T)}, nil
	case ir.Bool, ir.Int, ir.Float, ir.Complex, ir.Elided:
	default:
		return nil, op.Errorf("value is none of @resource, dense<...>[...], a number, elided")
	}
	return []ir.Type{stated}, nil
}

func evalConstant(c *ir.EvalCtx, op *ir.Op, _ []*host.Tensor) ([]*host.Tensor, error) {
	switch v := op.Attr("value").(type) {
	case ir.Symbol:
		if c == nil || c.Resource == nil {
			return nil, op.Errorf("resource @%s is not at hand", string(v))
		}
		t, err := c.Resource(string(v))
		return []*host.Tensor{t}, err
	case ir.Dense:
		return []*host.Tensor{v.T}, nil
	case ir.Elided:
		return nil, op.Errorf("the value was left out of the text: write the model with -o to keep it")
	default:
		shape, err := c.Shape(op.Results[0].Type)
		if err != nil {
			return nil, err
		}
		one, err := ScalarTensor(v, op.Results[0].Type.Elem)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		t, err := one.Expand(shape)
		return []*host.Tensor{t}, err
	}
}

// ScalarTensor makes a tensor of rank 0 from a number.
func ScalarTensor(v ir.Attr, e host.Elem) (*host.Tensor, error) {
	switch v := v.(type) {
	case ir.Bool:
		return host.Scalar(e, bool(v))
	case ir.Int:
		return host.Scalar(e, int64(v))
	case ir.Float:
		return host.Scalar(e, float64(v))
	case ir.Complex:
		return host.Scalar(e, complex128(v))
	}
	return nil, fmt.Errorf("found no number")
}

// OneElement reports a constant of a single element that is written in the text, the only kind a kernel may hold.
func OneElement(op *ir.Op) bool {
	if !op.Is(Constant) {
		return false
	}
	if _, isSymbol := op.Attr("value").(ir.Symbol); isSymbol {
		return false
	}
	return !slices.ContainsFunc(op.Results[0].Type.Shape, func(d ir.Dim) bool { return !d.Equal(ir.Const(1)) })
}

// DimOp makes a size a value.
var DimOp = &ir.OpDef{
	Name:    "core.dim",
	Doc:     "The value of a size, as a number of rank 0.",
	Results: []ir.Arg{ir.Out("y", ir.Integers)},
	Attrs:   []ir.AttrDef{ir.Require("value", ir.KindDim, "the size, an expression over the function's dims")},
	Infer: func(*ir.InferCtx, *ir.Op) ([]ir.Type, error) {
		return []ir.Type{ir.TensorOf(host.I64)}, nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, _ []*host.Tensor) ([]*host.Tensor, error) {
		n, err := c.Dim(op.Dim("value"))
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		t, err := host.Scalar(host.I64, n)
		return []*host.Tensor{t}, err
	},
	Example: `%y = core.dim() {value = 7} : tensor<i64> // [7]`,
}

// Bind makes a value a size.
var Bind = &ir.OpDef{
	Name: "core.bind",
	Doc: "The operand, whose value becomes a symbol that later types and attributes may use. The engine checks the " +
		"symbol's range and guards when the operation has run.",
	Operands: []ir.Arg{ir.In("x", ir.Integers)},
	Results:  []ir.Arg{ir.Out("y", ir.Integers)},
	Attrs:    []ir.AttrDef{ir.Require("binds", ir.KindNames, "the one symbol bound")},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if t := op.In(0); t.Rank() != 0 || t.Elem != host.I64 {
			return nil, op.Errorf("x is %s, expected tensor<i64>", t)
		}
		if n := len(op.Binds()); n != 1 {
			return nil, op.Errorf("binds %d symbols, expected 1", n)
		}
		return []ir.Type{op.In(0)}, nil
	},
	Eval: func(_ *ir.EvalCtx, _ *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) { return in, nil },
}

// Return ends a function.
var Return = &ir.OpDef{
	Name:     "core.return",
	Doc:      "End the function and give its results.",
	Operands: []ir.Arg{ir.Many("values", ir.AnyElem)},
	Traits:   ir.Terminator,
	Infer:    func(*ir.InferCtx, *ir.Op) ([]ir.Type, error) { return nil, nil },
	Eval:     func(_ *ir.EvalCtx, _ *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) { return in, nil },
}
