package passes

import (
	"fmt"
	"path"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// weight is constant data that operations take as a weight (see ir.Arg).
type weight struct {
	res       *ir.Resource
	block     []int  // how its axes are cut into blocks that share a scale
	reason    string // why it stays as it is; empty where it can be compressed
	users     []*ir.Op
	uses      map[ir.Use]bool // the operands that are this weight
	constants []*ir.Op        // the operations that give it
}

// notStored is a weight that is no constant data of the module, though it never changes.
type notStored struct{ name, reason string }

// findWeights finds the weights of a module in the order of its resources. An operand is followed to its data through
// views, casts and the parameters of kernels. A group is that of weightBlocks.
func findWeights(m *ir.Module, group int) ([]*weight, []notStored) {
	found := map[string]*weight{}
	var others []notStored
	refuse := func(n notStored) {
		if !slices.Contains(others, n) {
			others = append(others, n)
		}
	}
	m.Walk(func(op *ir.Op) {
		for i, v := range op.Operands {
			def := op.Def.OperandDef(i)
			if def == nil || def.Weight == nil || v == nil || !v.Type.Elem.IsFloat() {
				continue
			}
			at, block, reason := followWeight(op.Parent(), v, def.Weight, group)
			switch {
			case at.Def == nil:
			case !at.DefinedBy(core.Constant):
				if computedFromConstants(at.Def.Parent(), at) {
					refuse(notStored{weightName(op, v), computedReason(producer(at.Def))})
				}
			default:
				name, isResource := at.Def.Attr("value").(ir.Symbol)
				if !isResource {
					if at.Type.Rank() > 1 {
						refuse(notStored{weightName(op, at), "it is written in the text, not stored as a resource"})
					}
					continue
				}
				w := found[string(name)]
				if w == nil {
					w = &weight{res: m.Resource(string(name)), block: block, reason: reason, uses: map[ir.Use]bool{}}
					found[string(name)] = w
				}
				w.addUse(op, i, block, reason)
			}
		}
	})
	var list []*weight
	for _, r := range m.Resources {
		if w := found[r.Name]; w != nil {
			w.findConstants(m)
			w.judge(m)
			list = append(list, w)
		}
	}
	return list, others
}

// followWeight goes from an operand of an operation in f to where its data comes from, and gives the blocks there.
func followWeight(f *ir.Func, v *ir.Value, w *ir.Weight, group int) (at *ir.Value, block []int, reason string) {
	shape, ok := v.Type.Static()
	if ok {
		block, reason = weightBlocks(shape, w, group)
	} else {
		reason = fmt.Sprintf("its shape where it is used, %s, has symbols", v.Type)
	}
	for {
		switch {
		case v.Def == nil && f.Owner().Is(core.Kernel):
			v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
		case v.Def != nil && isWeightView(v.Def):
			if reason == "" {
				block, reason = blocksThrough(v.Def, block)
			}
			v = v.Def.Operands[0]
		default:
			return v, block, reason
		}
	}
}

// isWeightView reports an operation through which a weight is followed.
func isWeightView(op *ir.Op) bool {
	return op.Is(tensor.Transpose) || op.Is(tensor.Reshape) || op.Is(tensor.Slice) ||
		op.Is(tensor.Cast) && op.In(0).Elem.IsFloat() && op.Result().Type.Elem.IsFloat()
}

// computedFromConstants reports a value in f that is the same in every call, and is computed from data.
func computedFromConstants(f *ir.Func, v *ir.Value) bool {
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
		return "it is compressed already"
	}
	return fmt.Sprintf("%s computes it from constants; run `fold` before", op.Name())
}

// weightName names a weight of an operation that is no resource.
func weightName(op *ir.Op, v *ir.Value) string {
	if v.Name == "" {
		return "the weight of " + describe(op)
	}
	return "%" + v.Name
}

func (w *weight) addUse(op *ir.Op, i int, block []int, reason string) {
	w.users = append(w.users, op)
	w.uses[ir.Use{Op: op, Index: i}] = true
	switch {
	case w.reason != "":
	case reason != "":
		w.reason = reason
	case !slices.Equal(w.block, block):
		w.reason = fmt.Sprintf("%s and %s want scales along different axes", describe(w.users[0]), describe(op))
	}
}

func (w *weight) findConstants(m *ir.Module) {
	m.Walk(func(op *ir.Op) {
		if s, ok := op.Attr("value").(ir.Symbol); ok && op.Is(core.Constant) && string(s) == w.res.Name {
			w.constants = append(w.constants, op)
		}
	})
}

// judge refuses what cannot be compressed, whatever the codes are.
func (w *weight) judge(m *ir.Module) {
	if w.reason != "" {
		return
	}
	elems := 1
	for _, b := range w.block {
		elems *= b
	}
	switch {
	case !w.res.Type.Elem.IsFloat() || w.res.Type.Elem.Bits() < 16:
		w.reason = fmt.Sprintf("it is %s", w.res.Type)
	case w.res.Type.Rank() < 2:
		w.reason = fmt.Sprintf("it is %s, which has no input axis", w.res.Type)
	case w.res.Type.NumElements().Equal(ir.Const(0)):
		w.reason = "it is empty"
	case elems < 2:
		w.reason = "each of its elements would need a scale of its own"
	}
	for _, s := range m.States {
		if s.Init == w.res.Name {
			w.reason = fmt.Sprintf("it is also the initial value of the state @%s", s.Name)
		}
	}
	for _, c := range w.constants {
		if w.reason == "" {
			w.reason = w.usedOtherwise(c.Result())
		}
	}
}

// usedOtherwise says what uses a value, or a view of it, other than as this weight; empty where nothing does.
func (w *weight) usedOtherwise(v *ir.Value) string {
	for _, u := range v.Uses() {
		reason := ""
		switch {
		case w.uses[u]:
		case u.Op.Is(core.Kernel):
			reason = w.usedOtherwise(u.Op.Bodies[0].Params[u.Index].Value)
		case isWeightView(u.Op):
			reason = w.usedOtherwise(u.Op.Result())
		case u.Op.Def.Traits.Has(ir.Terminator):
			reason = "it is also returned"
		default:
			reason = fmt.Sprintf("it is also used by %s", describe(u.Op))
		}
		if reason != "" {
			return reason
		}
	}
	return ""
}

// describe names an operation and where it comes from.
func describe(op *ir.Op) string {
	if op.Loc.IsUnknown() {
		return op.Name()
	}
	return fmt.Sprintf("%s at %s", op.Name(), op.Loc)
}

// part is a tensor that a compressed weight is made of; the suffix goes behind the weight's name.
type part struct {
	suffix string
	data   *host.Tensor
}

// decoder builds what makes the weight from the values of its parts.
type decoder func(b *ir.Builder, parts []*ir.Value) (*ir.Value, error)

// replace puts parts in the place of a weight, and decodes them right before each operation that uses it: the kernels
// that take it take its parts instead. It gives the values of all parts.
func (w *weight) replace(m *ir.Module, by string, parts []part, decode decoder) ([]*ir.Value, error) {
	var values []*ir.Value
	var made []*ir.Resource
	for _, p := range parts {
		made = append(made, m.AddData(w.res.Name+"."+p.suffix, p.data))
	}
	m.Resources = m.Resources[:len(m.Resources)-len(made)]
	at := slices.Index(m.Resources, w.res)
	m.Resources = slices.Replace(m.Resources, at, at+1, made...)
	for _, c := range w.constants {
		e := weightEdit{old: c.Result(), loc: c.Loc.By(by), decode: decode}
		for i, r := range made {
			op := ir.NewOp(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(r.Name))}, []ir.Type{r.Type}, nil, nil, e.loc)
			if e.old.Name != "" {
				op.Result().Name = e.old.Name + "_" + parts[i].suffix
			}
			c.Parent().InsertBefore(c, op)
			e.parts = append(e.parts, op.Result())
		}
		if err := e.run(); err != nil {
			return nil, err
		}
		c.Parent().Erase(c)
		values = append(values, e.parts...)
	}
	return values, nil
}

// weightEdit replaces the uses of one constant.
type weightEdit struct {
	old    *ir.Value
	parts  []*ir.Value
	loc    *ir.Loc
	decode decoder
}

func (e *weightEdit) run() error {
	var users []*ir.Op
	for _, u := range e.old.Uses() {
		if !slices.Contains(users, u.Op) {
			users = append(users, u.Op)
		}
	}
	for _, op := range users {
		edit := e.outside
		if op.Is(core.Kernel) {
			edit = e.inside
		}
		if err := edit(op); err != nil {
			return op.Errorf("%v", err)
		}
	}
	return nil
}

// build decodes the parts before an operation. The value takes over what is said of the constant.
func (e *weightEdit) build(before *ir.Op, parts []*ir.Value) (*ir.Value, error) {
	b := ir.Before(before)
	b.Loc = e.loc
	v, err := e.decode(b, parts)
	if err != nil {
		return nil, err
	}
	v.Name = e.old.Name
	v.AddClaims(e.old.Claims...)
	return v, nil
}

func (e *weightEdit) outside(op *ir.Op) error {
	v, err := e.build(op, e.parts)
	if err != nil {
		return err
	}
	for i, o := range op.Operands {
		if o == e.old {
			op.SetOperand(i, v)
		}
	}
	return nil
}

func (e *weightEdit) inside(kernel *ir.Op) error {
	body := kernel.Bodies[0]
	args := slices.Clone(kernel.Operands)
	var inner []*ir.Value
	for _, p := range e.parts {
		args = append(args, p)
		inner = append(inner, body.AddParam(p.Name, p.Type, ir.Input).Value)
	}
	kernel.SetOperands(args...)
	v, err := e.build(body.Ops[0], inner)
	if err != nil {
		return err
	}
	for i, o := range args {
		if o == e.old {
			body.Params[i].Value.ReplaceAllUses(v)
		}
	}
	CanonKernel(kernel)
	return nil
}

// globs are patterns for the names of weights and the module paths of what uses them.
type globs struct {
	patterns []string
	hit      map[string]bool
}

func newGlobs(patterns []string) (*globs, error) {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("ignore=%q is no pattern: write * for any letters, ? for one, [ab] for a or b", p)
		}
	}
	return &globs{patterns: patterns, hit: map[string]bool{}}, nil
}

// match finds the first pattern that covers a weight.
func (g *globs) match(w *weight) (pattern string, ok bool) {
	names := []string{w.res.Name}
	for _, op := range w.users {
		for _, l := range op.Loc.Leaves() {
			names = append(names, l.Path)
		}
	}
	for _, p := range g.patterns {
		for _, n := range names {
			if hit, _ := path.Match(p, n); hit {
				g.hit[p] = true
				return p, true
			}
		}
	}
	return "", false
}

// missed lists the patterns that covered nothing.
func (g *globs) missed() []string {
	return slices.DeleteFunc(slices.Clone(g.patterns), func(p string) bool { return g.hit[p] })
}
