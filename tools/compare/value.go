package compare

import (
	"cmp"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/pass"
)

// Kind says what there is to compare in a value.
type Kind uint8

// The kinds.
const (
	Computed Kind = iota
	Given         // an input, a state before a call, or a parameter of a body: it is compared where it comes from
	View          // elements of a value that is compared, in another shape or order
	Constant      // weights, and what follows from them alone
)

// Value is one that a side may show.
type Value struct {
	Order  int    // among the side's values; they are shown in this order, but for what loops and calls repeat
	Until  int    // the last place in that order at which it may still be shown: in loops the end of the loop
	Call   int    // which call of the run, counted from 0
	Func   string // the function that it belongs to; empty for the one that was called
	Claims []ir.Claim
	Origin string // the node of the exported graph that the claimed node was decomposed from; empty where it was not
	Name   string // the first tensor that it claims, otherwise its name in the text, such as %17
	Text   string // its name in the text; empty for saved values
	Op     string // the operation that computes it, such as nn.linear
	Output string // the name of the output of the call that it is; empty for none
	Sure   bool   // it is shown whenever the side runs to its end: it is in no body
	Kernel string // the name of the kernel in whose body it is; empty for none
	Loc    *ir.Loc
	Shape  string // such as 2x[S]x64, of the tensor that the first claim names
	Elem   host.Elem
	Kind   Kind
	Float  bool
	Turns  int // how often it is shown, where that is known before; otherwise 0

	value *ir.Value // of a program
}

// Module is the path of the PyTorch module that the value was computed in.
func (v *Value) Module() string {
	if v.Loc == nil {
		return ""
	}
	return v.Loc.Leaves()[0].Path
}

// Lost is a tensor of the PyTorch graph that no value of a side equals any more.
type Lost struct {
	Call                     int
	Func, Tensor, Pass, Into string
}

// lister lists the values of a module in the order in which calls compute them.
type lister struct {
	m      *ir.Module
	list   []*Value
	byCall []map[*ir.Value]*Value
	lost   []Lost

	entry   *ir.Func
	now     map[*ir.Value]*Value
	fixed   map[*ir.Value]bool // computed from constants alone
	entered map[string]bool    // functions of this call
	extents extents            // of this call
}

func listValues(m *ir.Module, calls []pass.Call) *lister {
	l := &lister{m: m, fixed: map[*ir.Value]bool{}}
	for _, c := range calls {
		l.entry, l.now, l.entered, l.extents = m.Func(c.Func), map[*ir.Value]*Value{}, map[string]bool{}, extents{}
		l.byCall = append(l.byCall, l.now)
		begin := len(l.list)
		l.function(l.entry)
		l.extents.functions(l.list[begin:], func(v *Value) string { return cmp.Or(v.Func, l.entry.Name) })
		l.outputs()
		for _, lost := range m.Lost {
			if l.entered[lost.Func] {
				l.lost = append(l.lost, Lost{len(l.byCall) - 1, l.functionName(lost.Func), lost.Tensor, lost.Pass, lost.Into})
			}
		}
	}
	return l
}

func (l *lister) functionName(name string) string {
	if name == l.entry.Name {
		return ""
	}
	return name
}

func (l *lister) function(f *ir.Func) {
	if !l.entered[f.Name] {
		l.entered[f.Name] = true
		l.body(f, "")
	}
}

// body lists a function, or a body of an operation; kernel is the name of the kernel that it is inside of.
func (l *lister) body(f *ir.Func, kernel string) {
	names := text.NamesOf(f)
	for _, p := range f.Params {
		v := l.add(f, p.Value, names.Of(p.Value), kernel)
		v.Kind, v.Op = Given, "parameter"
		l.fixed[p.Value] = l.fixed[outer(p.Value, f)]
	}
	for _, op := range f.Ops {
		inner := kernel
		if op.Is(core.Kernel) {
			inner = names.Of(op.Results[0])
		}
		values, sites := len(l.list), len(l.extents.sites)
		for _, b := range op.Bodies {
			l.body(b, inner)
		}
		if repeats(op) {
			l.extents.loop(l.list[values:], l.extents.sites[sites:], len(l.list)-1)
		}
		if op.Is(core.Call) {
			op.Symbols(func(name string) {
				if callee := l.m.Func(name); callee != nil {
					l.function(callee)
					l.extents.call(name, f, len(l.list))
				}
			})
		}
		for _, r := range op.Results {
			v := l.add(f, r, names.Of(r), kernel)
			v.Kind = l.kind(r)
		}
	}
}

func (l *lister) add(f *ir.Func, r *ir.Value, name, kernel string) *Value {
	v := &Value{
		Order: len(l.list), Until: len(l.list), Call: len(l.byCall) - 1, Func: l.functionName(f.Root().Name), Claims: r.Claims, Name: name, Text: name,
		Sure: f == l.entry, Kernel: kernel, Shape: shapeText(r), Elem: r.Type.Elem, Float: r.Type.Elem.IsFloat() || r.Type.Elem.IsComplex(), value: r,
	}
	if len(r.Claims) > 0 {
		v.Name = r.Claims[0].Tensor
	}
	if op := root(r).Def; op != nil {
		v.Op, v.Loc = op.Name(), op.Loc
	}
	l.list = append(l.list, v)
	l.now[r] = v
	return v
}

// outputs names what the call returns.
func (l *lister) outputs() {
	for i, r := range l.entry.Returns() {
		if res := l.entry.Results[i]; !res.State && res.Role == ir.Output && l.now[r].Output == "" {
			l.now[r].Output = res.Name
		}
	}
}

// root is the value in the body of a kernel that a kernel's result is.
func root(v *ir.Value) *ir.Value {
	for v.Def != nil && v.Def.Is(core.Kernel) {
		v = v.Def.Bodies[0].Returns()[v.Index]
	}
	return v
}

// outer is what a parameter of a kernel's body stands for.
func outer(v *ir.Value, f *ir.Func) *ir.Value {
	if v.Def == nil && f != nil && f.Owner() != nil && f.Owner().Is(core.Kernel) {
		return f.Owner().Operands[v.Index]
	}
	return v
}

// kind says what there is to compare in the result of an operation.
func (l *lister) kind(v *ir.Value) Kind {
	switch {
	case l.constant(v):
		return Constant
	case l.shows(v):
		return View
	}
	return Computed
}

// constant reports a value that follows from constants alone; of operations with bodies none does.
func (l *lister) constant(v *ir.Value) bool {
	op := v.Def
	is := op.Is(core.Constant)
	if !is && len(op.Operands) > 0 && len(op.Bodies) == 0 && op.Def.Dialect() != "torch" {
		is = true
		for _, o := range op.Operands {
			is = is && (o == nil || l.fixed[o])
		}
	}
	l.fixed[v] = is
	return is
}

// shows reports a view of a value that is compared itself, or that the caller gave. A view of one that claims nothing is the only
// one that does: the reshape at the end of a lowered operator.
func (l *lister) shows(v *ir.Value) bool {
	f := v.Def.Parent()
	for v.Def != nil && v.Def.Def.Traits.Has(ir.View) && len(v.Def.Operands) > 0 {
		v = v.Def.Operands[0]
		if o := outer(v, f); o != v {
			v, f = o, f.Outer()
		}
		if len(v.Claims) > 0 || v.Def == nil {
			return true
		}
	}
	return false
}

// shapeText shows the shape of the tensor that a value claims first.
func shapeText(v *ir.Value) string {
	shape := v.Type.Shape
	if len(v.Claims) > 0 && len(v.Claims[0].Transform.Perm) == len(shape) {
		perm := v.Claims[0].Transform.Perm
		undone := make([]ir.Dim, len(shape))
		for i, axis := range perm {
			if axis >= 0 && axis < len(undone) { // a text may say anything
				undone[axis] = shape[i]
			}
		}
		shape = undone
	}
	s := ""
	for i, d := range shape {
		if i > 0 {
			s += "x"
		}
		if _, known := d.IsConst(); known {
			s += d.String()
		} else {
			s += "[" + d.String() + "]"
		}
	}
	return s
}
