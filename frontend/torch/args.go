package torch

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// call collects the attributes and operands of a torch.call.
type call struct {
	g        *graph
	attrs    ir.Attrs
	operands []*ir.Value
}

func (g *graph) newCall(callee string) *call {
	return &call{g: g, attrs: ir.Attrs{ir.Set("callee", ir.String(callee))}}
}

// set adds an attribute.
func (c *call) set(name string, v ir.Attr) *call {
	c.attrs = append(c.attrs, ir.Set(name, v))
	return c
}

// value adds an operand.
func (c *call) value(name string, v *ir.Value) *call { return c.set(name, c.ref(v)) }

func (c *call) ref(v *ir.Value) ir.Attr {
	c.operands = append(c.operands, v)
	return ir.Ref(len(c.operands) - 1)
}

// maxArguments bounds what a call takes under names of their own; the tensors of a list are one argument.
const maxArguments = 1 << 12

// arguments adds all of a node's arguments in the schema's order, absent ones with their default. An operator without a
// schema keeps the file's names and order; so does an argument that a newer PyTorch added.
func (c *call) arguments(n *pt2.Node, s *Schema) error {
	if len(n.Inputs) > maxArguments {
		return fmt.Errorf("the call has %d arguments, expected at most %d", len(n.Inputs), maxArguments)
	}
	given := make([]bool, len(n.Inputs))
	if s != nil {
		for i := range s.Args {
			a := &s.Args[i]
			at := argument(n, a.Name)
			if at >= 0 {
				given[at] = true
				v, err := c.attr(&n.Inputs[at].Arg, a)
				if err != nil {
					return fmt.Errorf("argument %s: %w", a.Name, err)
				}
				c.set(a.Name, v)
				continue
			}
			v, err := a.absent()
			if err != nil {
				return err
			}
			c.set(a.Name, v)
		}
	}
	for i := range n.Inputs {
		if given[i] {
			continue
		}
		in := &n.Inputs[i]
		name := in.Name
		if name == "" {
			name = fmt.Sprintf("arg%d", i)
		}
		if _, twice := c.attrs.Get(name); twice {
			return fmt.Errorf("argument %s is given twice", name)
		}
		v, err := c.attr(&in.Arg, nil)
		if err != nil {
			return fmt.Errorf("argument %s: %w", name, err)
		}
		c.set(name, v)
	}
	return nil
}

// absent is what an argument that is not given is.
func (a *SchemaArg) absent() (ir.Attr, error) {
	switch {
	case a.Default != nil:
		return a.Default, nil
	case a.Optional:
		return ir.None{}, nil
	}
	return nil, fmt.Errorf("argument %s (%s) is missing, and the operator has no default for it", a.Name, a.Type)
}

// argument is the place of a node's argument by name, or -1.
func argument(n *pt2.Node, name string) int {
	for i := range n.Inputs {
		if n.Inputs[i].Name == name {
			return i
		}
	}
	return -1
}

// attr gives an argument as an attribute. The declaration may be nil.
func (c *call) attr(a *pt2.Argument, decl *SchemaArg) (ir.Attr, error) {
	switch a.Kind {
	case pt2.ArgNone:
		return ir.None{}, nil
	case pt2.ArgTensor:
		v, err := c.g.read(a.Name)
		if err != nil {
			return nil, err
		}
		return c.ref(v), nil
	case pt2.ArgInt:
		if decl != nil && decl.Type == "float" {
			return ir.Float(a.Int), nil
		}
		if decl != nil {
			return decl.widen(ir.Int(a.Int)), nil
		}
		return ir.Int(a.Int), nil
	case pt2.ArgFloat:
		return ir.Float(a.Float), nil
	case pt2.ArgBool:
		return ir.Bool(a.Bool), nil
	case pt2.ArgString:
		return ir.String(a.Text), nil
	case pt2.ArgComplex:
		return ir.Complex(complex(a.List[0].Float, a.List[1].Float)), nil
	case pt2.ArgSymInt:
		d, err := c.g.symInt(a.Name)
		if err != nil {
			return nil, err
		}
		return ir.OfDim(d), c.g.defined(d)
	case pt2.ArgSymFloat, pt2.ArgSymBool:
		v, err := c.g.scalar(a.Name)
		if err != nil {
			return nil, err
		}
		return c.ref(v), nil
	case pt2.ArgScalarType:
		elem, ok := a.ScalarType().Elem()
		if !ok {
			return nil, fmt.Errorf("the dtype %s is not supported", a.ScalarType())
		}
		return ir.AsElem(elem), nil
	case pt2.ArgLayout:
		return ir.String(a.Layout().String()), nil
	case pt2.ArgMemoryFormat:
		return ir.String(a.MemoryFormat().String()), nil
	case pt2.ArgDevice:
		return ir.String(deviceName(a.Device())), nil
	case pt2.ArgTensors, pt2.ArgInts, pt2.ArgFloats, pt2.ArgBools, pt2.ArgStrings, pt2.ArgSymInts, pt2.ArgSymFloats,
		pt2.ArgSymBools, pt2.ArgNestedTensors, pt2.ArgIntLists, pt2.ArgFloatLists:
		return c.list(a.List)
	case pt2.ArgGraph:
		return nil, fmt.Errorf("a body (%s) is given to an operator that is not known to take one", a.Name)
	case pt2.ArgCustomObj:
		return nil, fmt.Errorf("a Python object of class %s cannot be imported; pass tensors and numbers", a.Text)
	}
	return nil, fmt.Errorf("a value of kind %s is not supported", a.Kind)
}

func (c *call) list(items []pt2.Argument) (ir.Attr, error) {
	out := make([]ir.Attr, len(items))
	for i := range items {
		var err error
		if out[i], err = c.attr(&items[i], nil); err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
	}
	list := ir.NormalList(out)
	if dims, ok := list.(ir.Dims); ok {
		for _, d := range dims {
			if err := d.Err(); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

func deviceName(d pt2.Device) string {
	if d.Index < 0 {
		return d.Type
	}
	return fmt.Sprintf("%s:%d", d.Type, d.Index)
}

// callee is the name of an operator as calls have it: torch.ops.aten.add.Tensor is aten.add.Tensor.
func callee(target string) string { return strings.TrimPrefix(target, "torch.ops.") }

// emit makes the call with results of the given types. A symbol that a result brings is bound by the call.
func (c *call) emit(types ...ir.Type) ([]*ir.Value, error) {
	fn := c.g.fn
	if fn.calls++; fn.calls > fn.maxCalls() {
		fn.refuse(c.g.build.Loc, fmt.Errorf("it has %d nodes, and writes through views make more than %d calls of them; write to whole tensors", fn.nodes, fn.maxCalls()))
		return nil, errSkipped
	}
	if binds := c.g.bind(types); len(binds) > 0 {
		c.set("binds", ir.Dims(binds))
	}
	op, err := c.g.build.BuildTyped(callDef, c.attrs, types, c.operands...)
	if err != nil {
		return nil, err
	}
	return op.Results, nil
}

// one makes a call with one result.
func (c *call) one(t ir.Type) (*ir.Value, error) {
	vs, err := c.emit(t)
	if err != nil {
		return nil, err
	}
	return vs[0], nil
}

// cast converts a value to an element type.
func (g *graph) cast(v *ir.Value, elem host.Elem) (*ir.Value, error) {
	if v.Type.Elem == elem {
		return v, nil
	}
	return g.newCall("aten.to.dtype").value("self", v).set("dtype", ir.AsElem(elem)).set("non_blocking", ir.Bool(false)).
		set("copy", ir.Bool(false)).set("memory_format", ir.None{}).one(v.Type.WithElem(elem))
}

// reshape gives a value another shape.
func (g *graph) reshape(v *ir.Value, shape []ir.Dim) (*ir.Value, error) {
	t := v.Type.WithShape(shape...)
	if v.Type.Equal(t) {
		return v, nil
	}
	return g.newCall("aten.reshape.default").value("self", v).set("shape", ir.OfDims(shape...)).one(t)
}
