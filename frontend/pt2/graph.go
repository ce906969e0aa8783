package pt2

import (
	"strings"
	"unsafe"
)

func (d *decoder) graph() *Graph {
	d.charge(int(unsafe.Sizeof(Graph{})))
	g := &Graph{}
	for key := range d.object() {
		switch key {
		case "inputs":
			g.Inputs = list(d, d.argument)
		case "outputs":
			g.Outputs = list(d, d.argument)
		case "nodes":
			g.Nodes = list(d, d.node)
		case "tensor_values":
			g.Tensors = table(d, d.tensorMeta)
		case "sym_int_values":
			g.SymInts = table(d, d.symInt)
		case "sym_float_values":
			g.SymFloats = table(d, d.symFloat)
		case "sym_bool_values":
			g.SymBools = table(d, d.symBool)
		case "is_single_tensor_return":
			g.SingleTensorReturn = d.bool()
		default:
			d.skip()
		}
	}
	return g
}

// table reads an object whose keys are names.
func table[T any](d *decoder, value func() T) map[string]T {
	out := map[string]T{}
	for name := range d.object() {
		if _, ok := out[name]; ok {
			d.fail("the name %q is listed twice", name)
		}
		d.charge(mapEntry + int(unsafe.Sizeof(*new(T))))
		out[name] = value()
	}
	return out
}

func (d *decoder) node(to **Node) {
	d.charge(int(unsafe.Sizeof(Node{})))
	start := d.pos
	n := &Node{}
	*to = n
	for key := range d.object() {
		switch key {
		case "target":
			n.Target = d.text()
		case "name":
			if !d.null() {
				n.Name = d.text()
			}
		case "inputs":
			n.Inputs = list(d, d.namedArgument)
		case "outputs":
			n.Outputs = list(d, d.argument)
		case "metadata":
			d.metadata(&n.Meta)
		default:
			d.skip()
		}
	}
	if n.Name == "" && len(n.Outputs) > 0 { // older schemas name only the results
		n.Name = n.Outputs[0].Name
	}
	if n.Target == "" && d.err == nil {
		d.failAt(start, tryCopy, "the node %q has no target", n.Name)
	}
}

func (d *decoder) metadata(m *Metadata) {
	for key := range d.object() {
		switch key {
		case "stack_trace":
			m.StackTrace = d.text()
		case "nn_module_stack":
			m.ModuleStack = d.text()
		case "torch_fn":
			m.TorchFn = d.text()
		case "custom":
			m.Custom = d.text()
		case "from_node":
			raw, _ := d.rawString()
			m.Origin = d.origin(raw)
		default:
			d.skip()
		}
	}
}

// origin reads a from_node chain: JSON inside a string, each link naming the node that the one before was made from.
// The origin is the oldest node of an exported program, or the oldest of all. A chain that cannot be read has no
// origin: it is a note, not a part of the program.
func (d *decoder) origin(raw []byte) string {
	text, ok := d.unescape(raw)
	if !ok {
		return ""
	}
	chain := d.inner(text)
	name, _ := chain.link()
	if chain.err != nil {
		return ""
	}
	return name
}

// link reads a list of sources and follows the first; exported says that the name is one of an exported program.
func (d *decoder) link() (name string, exported bool) {
	var older string
	var olderExported bool
	for i := range d.array() {
		if i > 0 {
			d.skip()
			continue
		}
		for key := range d.object() {
			switch key {
			case "name":
				name = d.text()
			case "pass_name":
				exported = strings.HasPrefix(d.text(), "ExportedProgram.module()")
			case "from_node":
				older, olderExported = d.link()
			default:
				d.skip()
			}
		}
	}
	if older != "" && (olderExported || !exported) {
		return older, olderExported
	}
	return name, exported
}

func (d *decoder) namedArgument(a *NamedArgument) {
	const keyword = 2
	for key := range d.object() {
		switch key {
		case "name":
			a.Name = d.text()
		case "arg":
			d.argument(&a.Arg)
		case "kind":
			a.Keyword = !d.null() && d.int() == keyword
		default:
			d.skip()
		}
	}
}

// enum reads a number that must be one of the schema's.
func enum[T interface {
	~int
	known() bool
	String() string
}](d *decoder) T {
	d.next()
	start := d.pos
	value := T(d.int())
	if !value.known() && d.err == nil {
		d.failAt(start, tryNewer, "found %s, which the schema up to 8.20 does not have", value)
	}
	return value
}

func (d *decoder) device() Device {
	device := Device{Index: -1}
	for key := range d.object() {
		switch key {
		case "type":
			device.Type = d.text()
		case "index":
			if !d.null() {
				device.Index = int(d.int())
			}
		default:
			d.skip()
		}
	}
	return device
}

func (d *decoder) tensorMeta() *TensorMeta {
	d.charge(int(unsafe.Sizeof(TensorMeta{})))
	d.next()
	start := d.pos
	m := &TensorMeta{StorageOffset: Sym[int64]{Known: true}}
	for key := range d.object() {
		switch key {
		case "dtype":
			m.DType = enum[ScalarType](d)
		case "layout":
			m.Layout = enum[Layout](d)
		case "requires_grad":
			m.RequiresGrad = d.bool()
		case "device":
			m.Device = d.device()
		case "sizes":
			m.Sizes = list(d, func(s *Sym[int64]) { *s = d.symInt() })
		case "strides":
			m.Strides = list(d, func(s *Sym[int64]) { *s = d.symInt() })
		case "storage_offset":
			m.StorageOffset = d.symInt()
		default:
			d.skip()
		}
	}
	if m.DType == 0 && d.err == nil {
		d.failAt(start, tryCopy, "the tensor has no dtype")
	}
	if len(m.Sizes) != len(m.Strides) && d.err == nil {
		d.failAt(start, tryCopy, "the tensor has %d sizes and %d strides, expected as many of each", len(m.Sizes), len(m.Strides))
	}
	return m
}

func (d *decoder) symInt() Sym[int64] {
	return sym(d, "integer", "as_int", d.int)
}

func (d *decoder) symFloat() Sym[float64] {
	return sym(d, "float", "as_float", d.float)
}

func (d *decoder) symBool() Sym[bool] {
	return sym(d, "bool", "as_bool", d.bool)
}

// sym reads a number of a graph: a constant under the given key, or an expression.
func sym[T int64 | float64 | bool](d *decoder, what, constant string, value func() T) Sym[T] {
	var s Sym[T]
	for key := range d.union() {
		switch key {
		case constant:
			s.Value, s.Known = value(), true
		case "as_expr":
			s = expr(d, constant, value)
		default:
			d.unknown("symbolic "+what, key, constant+" or as_expr")
		}
	}
	return s
}

// expr reads an expression and, where it has the right type, its hint.
func expr[T int64 | float64 | bool](d *decoder, constant string, value func() T) Sym[T] {
	var s Sym[T]
	start := d.pos
	for key := range d.object() {
		switch {
		case key == "expr_str":
			s.Expr = d.text()
		case key == "hint" && !d.null():
			for kind := range d.union() {
				if kind == constant {
					s.Value, s.Known = value(), true
				} else {
					d.skip()
				}
			}
		case key == "hint":
		default:
			d.skip()
		}
	}
	if s.Expr == "" && d.err == nil {
		d.failAt(start, tryCopy, "the expression has no text")
	}
	return s
}
