package core

import (
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Call runs another function of the module.
var Call = &ir.OpDef{
	Name:     "core.call",
	Doc:      "Run another function of the module. A function that holds state cannot be called.",
	Operands: []ir.Arg{ir.Many("args", ir.AnyElem)},
	Results:  []ir.Arg{ir.Many("results", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Require("callee", ir.KindSymbol, "the function")},
	Traits:   ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		types := statedTypes(op)
		if c.Module == nil {
			return types, nil
		}
		return types, checkCall(c, op, types)
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		return c.Function(op.Sym("callee"), in)
	},
}

// checkCall holds a call against the function's signature, with the sizes that the arguments give to its symbols.
func checkCall(c *ir.InferCtx, op *ir.Op, types []ir.Type) error {
	f := c.Module.Func(op.Sym("callee"))
	switch {
	case f == nil:
		return op.Errorf("@%s is no function of the module", op.Sym("callee"))
	case len(f.Params) != len(op.Operands) || len(f.Results) != len(types):
		return op.Errorf("@%s takes %d values and gives %d, found %d and %d", f.Name, len(f.Params), len(f.Results), len(op.Operands), len(types))
	}
	sizes := map[string]ir.Dim{}
	for i, p := range f.Params {
		t := p.Value.Type
		switch {
		case p.Role == ir.StateIn:
			return op.Errorf("@%s holds the state @%s; a function with state cannot be called", f.Name, p.State)
		case p.Role != ir.Input:
			return op.Errorf("parameter %%%s of @%s is a constant, which only the model's own caller gives", p.Value.Name, f.Name)
		case t.Elem != op.In(i).Elem || t.Rank() != op.In(i).Rank():
			return op.Errorf("argument %d is %s, @%s takes %s", i, op.In(i), f.Name, t)
		}
		bindSizes(sizes, p, op.Operands[i])
	}
	for i, p := range f.Params {
		if err := sameSizes(c, p.Value.Type, op.In(i), sizes); err != nil {
			return op.Errorf("argument %d is %s, @%s takes %s: %v", i, op.In(i), f.Name, p.Value.Type, err)
		}
	}
	for i, r := range f.Results {
		if r.Role != ir.Output {
			return op.Errorf("@%s updates %s; a function with updates cannot be called", f.Name, r.Target)
		}
		if r.Type.Elem != types[i].Elem || r.Type.Rank() != types[i].Rank() {
			return op.Errorf("result %d is %s, @%s gives %s", i, types[i], f.Name, r.Type)
		}
		if err := sameSizes(c, r.Type, types[i], sizes); err != nil {
			return op.Errorf("result %d is %s, @%s gives %s: %v", i, types[i], f.Name, r.Type, err)
		}
	}
	return nil
}

// bindSizes enters what an argument makes of the symbols that a parameter binds: S of a size a*S+b, or the argument's
// value.
func bindSizes(sizes map[string]ir.Dim, p *ir.Param, arg *ir.Value) {
	enter := func(symbol string, d ir.Dim) {
		if _, have := sizes[symbol]; !have {
			sizes[symbol] = d
		}
	}
	if p.Binds != "" && arg.DefinedBy(DimOp) {
		enter(p.Binds, arg.Def.Dim("value"))
	}
	for k, d := range p.Value.Type.Shape {
		s, ok := ir.BindableSymbol(d)
		if !ok {
			continue
		}
		b := d.Subst(map[string]ir.Dim{s: ir.Const(0)})
		a := d.Subst(map[string]ir.Dim{s: ir.Const(1)}).Sub(b)
		enter(s, arg.Type.Shape[k].Sub(b).FloorDiv(a))
	}
}

// sameSizes demands that a type of the callee, with the sizes of this call, is one of the caller. A size that the callee
// only finds while it runs is checked then.
func sameSizes(c *ir.InferCtx, callee, caller ir.Type, sizes map[string]ir.Dim) error {
	for k, d := range callee.Shape {
		known := true
		for _, s := range d.Symbols() {
			_, have := sizes[s]
			known = known && have
		}
		if !known {
			continue
		}
		if err := c.Require(d.Subst(sizes), ir.RelEQ, caller.Shape[k]); err != nil {
			return fmt.Errorf("dimension %d: %w", k, err)
		}
	}
	return nil
}

// Cond runs one of two bodies.
var Cond = &ir.OpDef{
	Name:     "core.cond",
	Doc:      "Run the body `then` if the predicate holds, otherwise `else`, with the same arguments.",
	Operands: []ir.Arg{ir.In("pred", ir.Booleans), ir.Many("args", ir.AnyElem)},
	Results:  []ir.Arg{ir.Many("results", ir.AnyElem)},
	Bodies:   []ir.BodyDef{{Name: "then", Doc: "takes args, gives the results"}, {Name: "else", Doc: "takes args, gives the results"}},
	Traits:   ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if !op.In(0).NumElements().Equal(ir.Const(1)) {
			return nil, op.Errorf("pred is %s, expected one element", op.In(0))
		}
		types := statedTypes(op)
		for _, b := range op.Bodies {
			if err := checkBody(c, op, b, typesOf(op.Operands[1:]), types); err != nil {
				return nil, err
			}
		}
		return types, nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		body := op.Bodies[1]
		if in[0].Bytes()[0] != 0 {
			body = op.Bodies[0]
		}
		return c.Call(body, in[1:])
	},
}

// While repeats a body.
var While = &ir.OpDef{
	Name: "core.while",
	Doc: "Repeat the body `do` as long as the body `cond` gives true. Both take the carried values and the extra ones; " +
		"`do` gives the next carried values, and the last ones are the results.",
	Operands: []ir.Arg{ir.Many("carried_and_extra", ir.AnyElem)},
	Results:  []ir.Arg{ir.Many("carried", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Require("carried", ir.KindInt, "how many operands are carried from turn to turn")},
	Bodies:   []ir.BodyDef{{Name: "cond", Doc: "gives tensor<bool>"}, {Name: "do", Doc: "gives the next carried values"}},
	Traits:   ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		n := op.Int("carried")
		if n < 0 || n > len(op.Operands) || len(op.Results) != n {
			return nil, op.Errorf("carries %d of %d operands into %d results", n, len(op.Operands), len(op.Results))
		}
		types := statedTypes(op)
		args := append(append([]ir.Type(nil), types...), typesOf(op.Operands[n:])...)
		for i, t := range types {
			if err := sameType(c, op.In(i), t); err != nil {
				return nil, op.Errorf("carried value %d starts as %s and is %s: %v", i, op.In(i), t, err)
			}
		}
		if err := checkBody(c, op, op.Bodies[0], args, []ir.Type{ir.TensorOf(host.Bool)}); err != nil {
			return nil, err
		}
		return types, checkBody(c, op, op.Bodies[1], args, types)
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		n := op.Int("carried")
		args := append([]*host.Tensor(nil), in...)
		for {
			if c.Context != nil && c.Context.Err() != nil {
				return nil, c.Context.Err()
			}
			more, err := c.Call(op.Bodies[0], args)
			if err != nil {
				return nil, err
			}
			if more[0].Bytes()[0] == 0 {
				return args[:n], nil
			}
			next, err := c.Call(op.Bodies[1], args)
			if err != nil {
				return nil, err
			}
			copy(args, next)
		}
	},
}

// Scan runs a body along the first axis of tensors with carried values.
var Scan = &ir.OpDef{
	Name: "core.scan",
	Doc: "Run the body once for each index of the first axis of the scanned operands. It takes the carried values, one " +
		"slice of each scanned operand, and the extra ones; it gives the next carried values and slices that are stacked " +
		"along a new first axis. (torch.ops.higher_order.scan along dimension 0.)",
	Operands: []ir.Arg{ir.Many("carried_scanned_extra", ir.AnyElem)},
	Results:  []ir.Arg{ir.Many("carried_and_stacked", ir.AnyElem)},
	Attrs: []ir.AttrDef{
		ir.Require("carried", ir.KindInt, "how many operands are carried from turn to turn"),
		ir.Require("scanned", ir.KindInt, "how many operands are cut into slices"),
	},
	Bodies: []ir.BodyDef{{Name: "do", Doc: "one turn"}},
	Traits: ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		return inferScan(c, op, op.Int("carried"), op.Int("scanned"))
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		return evalScan(c, op, in, op.Int("carried"), op.Int("scanned"))
	},
}

// Map runs a body along the first axis of tensors.
var Map = &ir.OpDef{
	Name:     "core.map",
	Doc:      "Run the body once for each index of the first axis of the mapped operands and stack what it gives. (torch.ops.higher_order.map_impl.)",
	Operands: []ir.Arg{ir.Many("mapped_and_extra", ir.AnyElem)},
	Results:  []ir.Arg{ir.Many("stacked", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Require("mapped", ir.KindInt, "how many operands are cut into slices")},
	Bodies:   []ir.BodyDef{{Name: "do", Doc: "one turn"}},
	Traits:   ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		return inferScan(c, op, 0, op.Int("mapped"))
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		return evalScan(c, op, in, 0, op.Int("mapped"))
	},
}

func inferScan(c *ir.InferCtx, op *ir.Op, carried, scanned int) ([]ir.Type, error) {
	if carried < 0 || scanned < 1 || carried+scanned > len(op.Operands) || carried > len(op.Results) {
		return nil, op.Errorf("carries %d and cuts %d of %d operands", carried, scanned, len(op.Operands))
	}
	types := statedTypes(op)
	args := append([]ir.Type(nil), types[:carried]...)
	for i, t := range types[:carried] {
		if err := sameType(c, op.In(i), t); err != nil {
			return nil, op.Errorf("carried value %d starts as %s and is %s: %v", i, op.In(i), t, err)
		}
	}
	var length ir.Dim
	for i, v := range op.Operands[carried:] {
		t := v.Type
		if i >= scanned {
			args = append(args, t)
			continue
		}
		if t.Rank() == 0 {
			return nil, op.Errorf("operand %d has rank 0 and no axis to cut", carried+i)
		}
		if i == 0 {
			length = t.Shape[0]
		} else if err := c.Require(length, ir.RelEQ, t.Shape[0]); err != nil {
			return nil, op.Errorf("operands are cut into different numbers of slices: %v", err)
		}
		args = append(args, t.WithShape(t.Shape[1:]...))
	}
	gives := append([]ir.Type(nil), types[:carried]...)
	for i, t := range types[carried:] {
		if t.Rank() == 0 {
			return nil, op.Errorf("result %d has rank 0; stacked results have an axis more than the body's", carried+i)
		}
		if err := c.Require(length, ir.RelEQ, t.Shape[0]); err != nil {
			return nil, op.Errorf("result %d stacks %s slices: %v", carried+i, t.Shape[0], err)
		}
		gives = append(gives, t.WithShape(t.Shape[1:]...))
	}
	return types, checkBody(c, op, op.Bodies[0], args, gives)
}

func evalScan(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor, carried, scanned int) ([]*host.Tensor, error) {
	args := append([]*host.Tensor(nil), in...)
	length := in[carried].Shape[0]
	stacked := make([]*host.Tensor, len(op.Results)-carried)
	for i := range stacked {
		var err error
		if stacked[i], err = c.Alloc(op, carried+i); err != nil {
			return nil, err
		}
	}
	for turn := range length {
		for i := carried; i < carried+scanned; i++ {
			args[i] = in[i].Select(0, turn)
		}
		out, err := c.Call(op.Bodies[0], args)
		if err != nil {
			return nil, err
		}
		copy(args, out[:carried])
		for i, t := range stacked {
			slice := out[carried+i].Bytes()
			copy(t.Data[turn*len(slice):], slice)
		}
	}
	return append(append([]*host.Tensor(nil), args[:carried]...), stacked...), nil
}

func statedTypes(op *ir.Op) []ir.Type { return typesOf(op.Results) }

func typesOf(vs []*ir.Value) []ir.Type {
	types := make([]ir.Type, len(vs))
	for i, v := range vs {
		types[i] = v.Type
	}
	return types
}

// checkBody holds a body against the types it must take and give.
func checkBody(c *ir.InferCtx, op *ir.Op, body *ir.Func, takes, gives []ir.Type) error {
	if len(body.Params) != len(takes) {
		return op.Errorf("body %s takes %d values, it is given %d", body.Name, len(body.Params), len(takes))
	}
	for i, p := range body.Params {
		if err := sameType(c, p.Value.Type, takes[i]); err != nil {
			return op.Errorf("body %s: parameter %%%s is %s, it is given %s: %v", body.Name, p.Value.Name, p.Value.Type, takes[i], err)
		}
	}
	returns := body.Returns()
	if len(returns) != len(gives) {
		return op.Errorf("body %s gives %d values, expected %d", body.Name, len(returns), len(gives))
	}
	for i, v := range returns {
		if err := sameType(c, v.Type, gives[i]); err != nil {
			return op.Errorf("body %s: value %d is %s, expected %s: %v", body.Name, i, v.Type, gives[i], err)
		}
	}
	return nil
}

func sameType(c *ir.InferCtx, a, b ir.Type) error {
	if a.Elem != b.Elem {
		return fmt.Errorf("element types differ")
	}
	return c.SameShape(a, b)
}
