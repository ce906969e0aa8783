package weights

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// Weight is constant data that operations take as a weight (see [ir.Arg]).
type Weight struct {
	Resource *ir.Resource
	Reason   string // why it stays as it is, whatever the scheme; empty where it can be compressed
	Uses     []*Use // at least one

	constants []*ir.Op // the operations that give it
}

// Use is an operand that is a weight.
type Use struct {
	Op    *ir.Op
	Index int
	Axes  *ir.Weight // which of the operand's are output and input axes
	Shape []int      // of the operand; nil where it has symbols
	Views []*ir.Op   // that lead from the operand to the data, in this order
}

// NotStored is a weight that is no constant data of the module, though it never changes.
type NotStored struct {
	Name, Reason string
	Op           *ir.Op // that takes it
}

// Find finds the weights of a module in the order of its resources. An operand is followed to its data through
// views, casts and the parameters of kernels.
func Find(m *ir.Module) ([]*Weight, []NotStored) {
	found := map[string]*Weight{}
	var others []NotStored
	refuse := func(op *ir.Op, name, reason string) {
		if !slices.ContainsFunc(others, func(n NotStored) bool { return n.Name == name && n.Reason == reason }) {
			others = append(others, NotStored{name, reason, op})
		}
	}
	m.WalkOwn(func(op *ir.Op) {
		for i, v := range op.Operands {
			def := op.Def.OperandDef(i)
			if def == nil || def.Weight == nil || v == nil || !v.Type.Elem.IsFloat() {
				continue
			}
			use := &Use{Op: op, Index: i, Axes: def.Weight}
			use.Shape, _ = v.Type.Static()
			at := use.follow(v)
			switch {
			case at.Def == nil:
			case !at.DefinedBy(core.Constant):
				if ComputedFromConstants(at.Def.Parent(), at) {
					from := producer(at.Def)
					refuse(op, cmp.Or(packedName(from), weightName(op, v)), computedReason(from))
				}
			default:
				name, isResource := at.Def.Attr("value").(ir.Symbol)
				switch w := found[string(name)]; {
				case !isResource && at.Type.Rank() > 1:
					refuse(op, weightName(op, at), "it is written in the text, not stored as a resource")
				case !isResource:
				case w == nil:
					found[string(name)] = &Weight{Resource: m.Resource(string(name)), Uses: []*Use{use}}
				default:
					w.Uses = append(w.Uses, use)
				}
			}
		}
	})
	constants := ConstantsOf(m)
	var list []*Weight
	for _, r := range m.Resources {
		if w := found[r.Name]; w != nil {
			w.constants = constants[r.Name]
			w.Reason = w.judge(m)
			list = append(list, w)
		}
	}
	return list, others
}

// ConstantsOf lists the operations that give each resource.
func ConstantsOf(m *ir.Module) map[string][]*ir.Op {
	constants := map[string][]*ir.Op{}
	m.Walk(func(op *ir.Op) {
		if s, ok := op.Attr("value").(ir.Symbol); ok && op.Is(core.Constant) {
			constants[string(s)] = append(constants[string(s)], op)
		}
	})
	return constants
}

// follow goes from the operand to where its data comes from.
func (u *Use) follow(v *ir.Value) *ir.Value {
	f := u.Op.Parent()
	for {
		switch {
		case v.Def == nil && f.Owner().Is(core.Kernel):
			v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
		case v.Def != nil && isWeightView(v.Def):
			u.Views = append(u.Views, v.Def)
			v = v.Def.Operands[0]
		default:
			return v
		}
	}
}

// isWeightView reports an operation through which a weight is followed.
func isWeightView(op *ir.Op) bool {
	return op.Is(tensor.Transpose) || op.Is(tensor.Reshape) || op.Is(tensor.Slice) ||
		op.Is(tensor.Cast) && op.In(0).Elem.IsFloat() && op.Result().Type.Elem.IsFloat()
}

// ComputedFromConstants reports a value in f that is the same in every call, and is computed from data.
func ComputedFromConstants(f *ir.Func, v *ir.Value) bool {
	seen := map[*ir.Value]bool{}
	data := false
	var same func(f *ir.Func, v *ir.Value) bool
	same = func(f *ir.Func, v *ir.Value) bool {
		switch {
		case v == nil || seen[v]:
			return true
		case len(seen) > 1000: // it is only for a message
			return false
		}
		seen[v] = true
		switch {
		case v.Def == nil:
			return f.Owner().Is(core.Kernel) && same(f.Owner().Parent(), f.Owner().Operands[v.Index])
		case v.Def.Is(core.Kernel):
			return same(v.Def.Bodies[0], v.Def.Bodies[0].Returns()[0])
		case len(v.Def.Bodies) > 0:
			return false
		}
		data = data || v.DefinedBy(core.Constant) && v.Type.Rank() > 1
		return !slices.ContainsFunc(v.Def.Operands, func(o *ir.Value) bool { return !same(f, o) })
	}
	return same(f, v) && data
}

// producer is the operation that computes a value, inside a kernel if that does.
func producer(op *ir.Op) *ir.Op {
	for op.Is(core.Kernel) && op.Bodies[0].Returns()[0].Def != nil {
		op = op.Bodies[0].Returns()[0].Def
	}
	return op
}

func computedReason(op *ir.Op) string {
	if quant.Compressed(op) {
		return pass.CompressedAlready
	}
	return fmt.Sprintf("%s computes it from constants; run `fold` before", op.Name())
}

// packedName is the name that a weight had before it was compressed, by those of the parts that op decodes it from; empty
// where that cannot be told.
func packedName(op *ir.Op) string {
	if !quant.Compressed(op) {
		return ""
	}
	f, v := op.Parent(), op.Operands[0]
	for {
		switch {
		case v.Def == nil && f.Owner().Is(core.Kernel):
			v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
		case v.Def != nil && (quant.Compressed(v.Def) || isWeightView(v.Def)):
			v = v.Def.Operands[0]
		case v.DefinedBy(core.Constant):
			name, _ := v.Def.Attr("value").(ir.Symbol)
			return strings.TrimSuffix(string(name), path.Ext(string(name)))
		default:
			return ""
		}
	}
}

// weightName names a weight of an operation that is no resource.
func weightName(op *ir.Op, v *ir.Value) string {
	if v.Name == "" {
		return "the weight of " + op.Describe()
	}
	return "%" + v.Name
}

// judge says why a weight cannot be compressed, whatever the scheme is; empty where it can.
func (w *Weight) judge(m *ir.Module) string {
	switch {
	case !w.Resource.Type.Elem.IsFloat() || w.Resource.Type.Elem.Bits() < 16:
		return fmt.Sprintf("it is %s", w.Resource.Type)
	case w.Resource.Type.Rank() < 2:
		return fmt.Sprintf("it is %s, which has no input axis", w.Resource.Type)
	case w.Resource.Type.NumElements().Equal(ir.Const(0)):
		return "it is empty"
	}
	for _, s := range m.States {
		if s.Init == w.Resource.Name {
			return fmt.Sprintf("it is also the initial value of the state @%s", s.Name)
		}
	}
	for _, c := range w.constants {
		if reason := w.usedOtherwise(c.Result()); reason != "" {
			return reason
		}
	}
	return ""
}

// usedOtherwise says what uses a value, or a view of it, other than as this weight; empty where nothing does.
func (w *Weight) usedOtherwise(v *ir.Value) string {
	for _, u := range v.Uses() {
		reason := ""
		switch {
		case slices.ContainsFunc(w.Uses, func(x *Use) bool { return x.Op == u.Op && x.Index == u.Index }):
		case u.Op.Is(core.Kernel):
			reason = w.usedOtherwise(u.Op.Bodies[0].Params[u.Index].Value)
		case isWeightView(u.Op):
			reason = w.usedOtherwise(u.Op.Result())
		case u.Op.Def.Traits.Has(ir.Terminator):
			reason = "it is also returned"
		default:
			reason = fmt.Sprintf("it is also used by %s", u.Op.Describe())
		}
		if reason != "" {
			return reason
		}
	}
	return ""
}

// Modules lists the paths of the modules whose operations use a weight, each once.
func (w *Weight) Modules() []string {
	var users []*ir.Op
	for _, u := range w.Uses {
		users = append(users, u.Op)
	}
	return ir.ModulePaths(users...)
}
