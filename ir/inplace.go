package ir

import (
	"fmt"
	"slices"
)

// MarkedInPlace reports an update that is marked to be written over its first operand's memory.
func (op *Op) MarkedInPlace() bool {
	if !op.Def.Traits.Has(InPlace) {
		return false
	}
	mark, _ := op.Attrs.Get("in_place")
	return mark == Bool(true)
}

// MarkInPlace sets or removes the mark of an operation with the trait InPlace.
func (op *Op) MarkInPlace(mark bool) {
	norm, err := NormalAttrs(op.Def, op.Attrs.With("in_place", Bool(mark)))
	if err != nil {
		panic(fmt.Sprintf("ir: %s cannot be marked: %v", op.Name(), err)) // its definition lacks the attribute
	}
	op.Attrs = norm
}

// Memory says which values of one function or body may share memory, at each place of its list. It sweeps over the list
// once, so questions must come in program order; a mark may be set or removed when it is asked about, and not later.
//
// What shares memory follows from traits alone: a view with its operand, a cheap operation with its operands, a marked
// update with its base, and control flow and calls with everything they are given. Any other result is memory of its
// own: an engine that hands out an operand's memory for it has to copy before it writes in place.
type Memory struct {
	f    *Func
	at   map[*Op]int // places in the list
	next int         // how many operations were swept over

	origins map[*Value][]*Value // whose memory a value may be, where that is not only its own
	roots   map[*Value]*Value   // whose memory all of a value is, through whole views and marked updates
	last    map[*Value]lastRead // by origin: the last read of what may share its memory
	refused map[*Value]error    // why a root must not be written to, nil if it may
	updates map[*Value]bool     // values that become the new value of the parameter they started as
	assumed map[*Op]bool        // updates that are taken for marked
	any     *Value              // an origin that stands for all
}

type lastRead struct {
	at   int
	what *Value
	by   *Op
}

// maxOrigins is how many origins of a value are told apart.
const maxOrigins = 64

// NewMemory looks at a function or a body.
func NewMemory(f *Func) *Memory {
	m := &Memory{
		f: f, at: make(map[*Op]int, len(f.Ops)), any: &Value{},
		origins: map[*Value][]*Value{}, roots: map[*Value]*Value{}, last: map[*Value]lastRead{}, refused: map[*Value]error{},
	}
	for i, op := range f.Ops {
		m.at[op] = i
	}
	for _, p := range f.Params {
		m.define(p.Value)
	}
	return m
}

// Assume takes an update that was just proven for marked, for an engine that writes in place without changing the module.
func (m *Memory) Assume(op *Op) {
	if m.assumed == nil {
		m.assumed = map[*Op]bool{}
	}
	m.assumed[op] = true
}

func (m *Memory) marked(op *Op) bool { return op.MarkedInPlace() || m.assumed[op] }

// ProveInPlace gives nil where an update may be written over its base, and otherwise says why it may not. It may when
//   - its base is, seen through whole views and marked updates, a state, an input that the function updates, or the
//     result of an operation, which is memory of its own; never constant data;
//   - no value that may share the base's memory is read after the update, nor by the update beside its base;
//   - the result of an update of a state, or of an input, becomes its new value.
func (m *Memory) ProveInPlace(op *Op) error {
	if !op.Def.Traits.Has(InPlace) {
		return fmt.Errorf("%s updates nothing", op.Name())
	}
	if at := m.at[op]; at < m.next {
		return fmt.Errorf("internal error: the sweep has passed %s", op.Name())
	}
	for m.next < m.at[op] {
		m.sweep(m.f.Ops[m.next])
		m.next++
	}
	root := m.root(op.Operands[0])
	err, known := m.refused[root]
	if !known {
		err = m.writable(root)
		m.refused[root] = err
	}
	if err != nil {
		return err
	}
	if err := m.readAfter(op, root); err != nil {
		return err
	}
	if root.Def == nil && !m.becomesUpdate(op.Results[0]) {
		return fmt.Errorf("the result does not become the new value of %s", m.f.Params[root.Index].what())
	}
	return nil
}

// sweep notes whose memory the results of an operation may be.
func (m *Memory) sweep(op *Op) {
	var from []*Value
	for _, s := range m.sources(op) {
		for _, o := range m.originsOf(s) {
			if !slices.Contains(from, o) {
				from = append(from, o)
			}
		}
		if len(from) > maxOrigins || slices.Contains(from, m.any) {
			from = []*Value{m.any}
			break
		}
	}
	whole := op.Def.Traits.Has(Whole) || m.marked(op)
	for _, r := range op.Results {
		if len(from) > 0 {
			m.origins[r] = from
		}
		if whole {
			m.roots[r] = m.root(op.Operands[0])
		}
		m.define(r)
	}
}

// define notes the last read of a value with those of what it may share memory with.
func (m *Memory) define(v *Value) {
	read := lastRead{at: -1, what: v}
	for _, u := range v.uses {
		if at := m.at[u.Op]; at > read.at {
			read.at, read.by = at, u.Op
		}
	}
	for _, o := range m.originsOf(v) {
		if have, ok := m.last[o]; !ok || read.at > have.at {
			m.last[o] = read
		}
	}
}

func (m *Memory) originsOf(v *Value) []*Value {
	if o := m.origins[v]; o != nil {
		return o
	}
	return []*Value{v}
}

func (m *Memory) root(v *Value) *Value {
	if r := m.roots[v]; r != nil {
		return r
	}
	return v
}

// writable says why a root must not be written to.
func (m *Memory) writable(v *Value) error {
	if v.Def == nil {
		return m.writableParam(m.f.Params[v.Index])
	}
	by := v.Def
	switch {
	case by.Def.Traits.Has(View):
		return fmt.Errorf("its base is %s, which shows a part of a tensor or another order of it", v.source())
	case by.Def.Traits.Has(Cheap):
		return fmt.Errorf("its base is %s, which is constant or repeats elements and has no memory of its own", v.source())
	case by.Def.Traits.Has(Inline) && v.Index < len(by.Bodies[0].Returns()):
		inner := sweptBody(by.Bodies[0])
		if err := inner.writable(inner.root(by.Bodies[0].Returns()[v.Index])); err != nil {
			return fmt.Errorf("its base is %s, in whose body %w", v.source(), err)
		}
	case by.mayPassOn():
		return fmt.Errorf("its base is %s, which may share memory with what %s is given", v.what(), by.what())
	}
	return nil
}

func (m *Memory) writableParam(p *Param) error {
	if by := m.f.Owner(); by != nil {
		return fmt.Errorf("its base is %%%s, which %s gives to its body", p.Value.Name, by.Name())
	}
	if !m.f.Updates(p) {
		return fmt.Errorf("its base is %s, which the function does not update", p.what())
	}
	return nil
}

// Updates reports whether a result of the function is the new value of a state's or an input's parameter.
func (f *Func) Updates(p *Param) bool { return slices.ContainsFunc(f.Results, p.updatedBy) }

// updatedBy reports a result that is the parameter's new value.
func (p *Param) updatedBy(r *Result) bool {
	if r.Role != Update {
		return false
	}
	if r.State {
		return p.Role == StateIn && p.State == r.Target
	}
	return p.Role == Input && p.Value.Name == r.Target
}

// readAfter looks for a read of memory that an update would have overwritten.
func (m *Memory) readAfter(op *Op, root *Value) error {
	for _, v := range op.Operands[1:] {
		if v == nil {
			continue
		}
		if from := m.originsOf(v); slices.Contains(from, root) || slices.Contains(from, m.any) {
			return fmt.Errorf("it reads %s, which may share its base's memory, while it writes there", v.what())
		}
	}
	for _, o := range []*Value{root, m.any} {
		switch read := m.last[o]; {
		case read.by == nil || read.at <= m.at[op]:
		case read.by.Def.Traits.Has(Terminator):
			return fmt.Errorf("%s is returned after the update", read.what.what())
		default:
			return fmt.Errorf("%s is read again by %s after the update", read.what.what(), read.by.what())
		}
	}
	return nil
}

// becomesUpdate reports a value that, through whole views and further updates, becomes the new value of the parameter
// that it started as.
func (m *Memory) becomesUpdate(v *Value) bool {
	if m.updates == nil {
		m.updates = map[*Value]bool{}
		starts := map[*Value]*Value{} // the start of each value's chain of views and updates
		for i, r := range m.f.Returns() {
			if i >= len(m.f.Results) || r == nil || m.f.Results[i].Role != Update {
				continue
			}
			start := chainStart(r, starts)
			if start.Def != nil || !m.f.Params[start.Index].updatedBy(m.f.Results[i]) {
				continue
			}
			for w := r; w != start && !m.updates[w]; w = w.Def.Operands[0] {
				m.updates[w] = true
			}
		}
	}
	return m.updates[v]
}

func chainStart(v *Value, known map[*Value]*Value) *Value {
	start := v
	var chain []*Value
	for known[start] == nil && start.Def != nil && start.Def.Def.Traits&(Whole|InPlace) != 0 {
		chain = append(chain, start)
		start = start.Def.Operands[0]
	}
	if s := known[start]; s != nil {
		start = s
	}
	for _, w := range chain {
		known[w] = start
	}
	return start
}

// sources lists the operands whose memory an operation's results may be.
func (m *Memory) sources(op *Op) []*Value {
	switch t := op.Def.Traits; {
	case t.Has(Terminator):
		return nil
	case t.Has(InPlace):
		if !m.marked(op) {
			return nil
		}
		return op.Operands[:1]
	case t.Has(View):
		return op.Operands[:1]
	case t.Has(Inline) && len(op.Bodies) == 1:
		return bodySources(op)
	case t.Has(Cheap), op.mayPassOn():
		return slices.DeleteFunc(slices.Clone(op.Operands), func(v *Value) bool { return v == nil })
	}
	return nil
}

// mayPassOn reports an operation whose results may be what it is given, or constant data: control flow, a call, one that
// binds its operand's value, and one of which nothing is known.
func (op *Op) mayPassOn() bool {
	found := op.Def.Traits.Has(Open) || len(op.Bodies) > 0 || len(op.Binds()) > 0
	op.Symbols(func(string) { found = true })
	return found
}

// bodySources lists the operands that the results of an Inline operation's body may be.
func bodySources(op *Op) []*Value {
	inner := sweptBody(op.Bodies[0])
	var list []*Value
	for _, r := range op.Bodies[0].Returns() {
		for _, o := range inner.originsOf(r) {
			switch {
			case o == inner.any:
				return op.Operands
			case o.Def == nil && o.Index < len(op.Operands):
				list = append(list, op.Operands[o.Index])
			}
		}
	}
	return list
}

func sweptBody(f *Func) *Memory {
	m := NewMemory(f)
	for _, op := range f.Ops {
		m.sweep(op)
	}
	return m
}

// what names a value for messages.
func (v *Value) what() string {
	switch {
	case v.Name != "":
		return "%" + v.Name
	case v.Def != nil:
		return "the result of " + v.Def.Name()
	}
	return "a parameter"
}

// source names a result for messages, with the operation that gives it.
func (v *Value) source() string {
	if v.Name == "" {
		return "the result of " + v.Def.what()
	}
	return "%" + v.Name + " of " + v.Def.what()
}

// what names a parameter for messages.
func (p *Param) what() string {
	if p.Role == StateIn {
		return "the state @" + p.State
	}
	return "the input %" + p.Value.Name
}

// what names an operation for messages, with its place in the model.
func (op *Op) what() string {
	switch {
	case op.Loc.IsUnknown():
		return op.Name()
	case len(op.Loc.Leaves()[0].Stack) > 0:
		return op.Name() + " at " + op.Loc.String()
	}
	return op.Name() + " " + op.Loc.String()
}

// marks proves every in-place mark anew.
func (v *verifier) marks() {
	for _, f := range v.m.Funcs {
		v.fn = f
		f.WithBodies(func(g *Func) {
			var memory *Memory
			for _, op := range g.Ops {
				if !op.MarkedInPlace() {
					continue
				}
				if memory == nil {
					memory = NewMemory(g)
				}
				if err := memory.ProveInPlace(op); err != nil {
					v.op(op, "is marked in_place, which is not proven: %v", err)
				}
			}
		})
	}
	v.fn = nil
}
