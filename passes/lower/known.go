package lower

import (
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// data is the tensor of a constant of at most a million elements; nil for other values. Views are not looked through.
func (c *Call) data(v *ir.Value) *host.Tensor {
	const most = 1 << 20
	if n, ok := v.Type.NumElements().IsConst(); !ok || n > most || !v.DefinedBy(core.Constant) {
		return nil
	}
	e := &ir.EvalCtx{Resource: func(name string) (*host.Tensor, error) {
		if c.module == nil || c.module.Resource(name) == nil {
			return nil, c.Op.Errorf("resource @%s is not at hand", name)
		}
		return c.module.Resource(name).Tensor()
	}}
	out, err := core.Constant.Eval(e, v.Def, nil)
	if err != nil { // what cannot be read is reported where it is needed
		return nil
	}
	return out[0]
}

// allZero reports constant data that is zero everywhere.
func (c *Call) allZero(v *ir.Value) bool {
	for v.DefinedBy(tensor.Reshape) || v.DefinedBy(tensor.Cast) {
		v = v.Def.Operands[0]
	}
	t := c.data(v)
	if t == nil {
		return false
	}
	for i := range t.Len() {
		if host.FloatAt(t, i) != 0 {
			return false
		}
	}
	return true
}

// known gives element i, counted row-major, of an integer tensor as a size, where that can be told before the program runs.
func (c *Call) known(v *ir.Value, i int) (ir.Dim, bool) {
	const steps = 200
	k := &knower{c: c, steps: steps, met: map[place]*ir.Dim{}}
	return k.at(v, i)
}

// knower looks for the values of elements, at each once and at a number of them in all.
type knower struct {
	c     *Call
	steps int
	met   map[place]*ir.Dim // nil for what is not known
}

type place struct {
	v *ir.Value
	i int
}

func (k *knower) at(v *ir.Value, i int) (ir.Dim, bool) {
	p := place{v, i}
	d, met := k.met[p]
	if !met {
		d = k.look(v, i)
		k.met[p] = d
	}
	if d == nil {
		return ir.Dim{}, false
	}
	return *d, true
}

// look gives the element as its element type holds it, since casts and sums of integers wrap around; nil if not known.
func (k *knower) look(v *ir.Value, i int) *ir.Dim {
	if k.steps--; k.steps < 0 || v.Def == nil || !v.Type.Elem.IsInt() || i < 0 {
		return nil
	}
	d, ok := k.element(v.Def, i)
	if ok {
		d, ok = k.c.wrapped(d, v.Type.Elem)
	}
	if !ok {
		return nil
	}
	return &d
}

// arithmetic are the operations on two integers that sizes have as well.
var arithmetic = map[*ir.OpDef]func(a, b ir.Dim) ir.Dim{tensor.Add: ir.Dim.Add, tensor.Sub: ir.Dim.Sub, tensor.Mul: ir.Dim.Mul}

// element is element i of an operation's result, before it wraps around.
func (k *knower) element(op *ir.Op, i int) (d ir.Dim, ok bool) {
	switch {
	case op.Is(core.Constant):
		t := k.c.data(op.Result())
		if t == nil || i >= t.Len() {
			return d, false
		}
		return ir.Const(host.IntAt(t, i)), true
	case op.Is(core.DimOp):
		return op.Dim("value"), true
	case op.Is(tensor.Fill):
		n, isInt := op.Attr("value").(ir.Int)
		return ir.Const(int64(n)), isInt
	case op.Is(tensor.Iota):
		start, isInt := op.Attr("start").(ir.Int)
		step, isStep := op.Attr("step").(ir.Int)
		return ir.Const(int64(start) + int64(step)*int64(i)), isInt && isStep && op.Result().Type.Rank() == 1
	case op.Is(tensor.Reshape), op.Is(tensor.Cast), op.Is(tensor.Expand):
		return k.operand(op, 0, i)
	case op.Is(tensor.Slice) && op.Int("axis") == 0:
		return k.sliced(op, i)
	case op.Is(tensor.Concat) && op.Result().Type.Rank() == 1:
		return k.joined(op, i)
	}
	if compute := arithmetic[op.Def]; compute != nil {
		a, okA := k.operand(op, 0, i)
		b, okB := k.operand(op, 1, i)
		if !okA || !okB {
			return d, false
		}
		d = compute(a, b)
		return d, d.Err() == nil
	}
	return d, false
}

// operand is the element of an operand that element i of an elementwise result comes from.
func (k *knower) operand(op *ir.Op, operand, i int) (ir.Dim, bool) {
	v := op.Operands[operand]
	switch n := v.Type.NumElements(); {
	case n.Equal(ir.Const(1)):
		i = 0
	case !n.Equal(op.Result().Type.NumElements()):
		return ir.Dim{}, false // broadcast
	}
	return k.at(v, i)
}

// sliced is element i of a slice of the first axis.
func (k *knower) sliced(op *ir.Op, i int) (d ir.Dim, ok bool) {
	start, isConst := op.Dim("start").IsConst()
	row, static := product(op.Result().Type.Shape[1:]).IsConst()
	if !isConst || !static || row == 0 {
		return d, false
	}
	at := start + int64(i)/row*int64(op.Int("step"))
	return k.at(op.Operands[0], int(at*row+int64(i)%row))
}

// joined is element i of tensors of rank 1 in a row.
func (k *knower) joined(op *ir.Op, i int) (d ir.Dim, ok bool) {
	for _, part := range op.Operands {
		n, static := part.Type.Shape[0].IsConst()
		if !static {
			return d, false
		}
		if i < int(n) {
			return k.at(part, i)
		}
		i -= int(n)
	}
	return d, false
}

// wrapped is a number as an integer type holds it. A size that the type might not hold is not known.
func (c *Call) wrapped(d ir.Dim, e host.Elem) (ir.Dim, bool) {
	if d.Err() != nil {
		return d, false
	}
	n, isConst := d.IsConst()
	unused := 64 - e.Bits()
	switch signed := e.Kind() == host.KindInt; {
	case isConst && signed:
		return ir.Const(n << unused >> unused), true
	case isConst:
		n = int64(uint64(n) << unused >> unused)
		return ir.Const(n), n >= 0
	case signed && unused == 0:
		return d, true
	}
	least, most := e.Range()
	const exact = 1 << 62 // u64 begins where sizes end
	return d, c.proven(d, ir.RelGE, ir.Const(int64(least))) && c.proven(d, ir.RelLE, ir.Const(int64(min(most, exact))))
}
