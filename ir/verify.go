package ir

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// Problem is one thing that is wrong with a module.
type Problem struct {
	Func string // the function, without @; empty for the module's own parts
	Pos  Pos    // in the text the module was read from, if it was
	Loc  *Loc   // in the PyTorch model
	Op   string // the operation's name, or what else is meant, such as state @k
	Msg  string // what was found and what was expected
}

// String puts the places before the message.
func (p Problem) String() string {
	var b strings.Builder
	if p.Func != "" {
		b.WriteString("@" + p.Func + ": ")
	}
	if p.Op != "" && !strings.HasPrefix(p.Msg, p.Op) {
		b.WriteString(p.Op + ": ")
	}
	b.WriteString(p.Msg)
	if !p.Loc.IsUnknown() {
		b.WriteString(" (" + p.Loc.String() + ")")
	}
	return b.String()
}

// Problems is the error that the verifier gives.
type Problems []Problem

// Error lists the first problems, one a line.
func (ps Problems) Error() string {
	const most = 10
	var b strings.Builder
	for i, p := range ps {
		if i == most {
			fmt.Fprintf(&b, "\nand %d more", len(ps)-most)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// Verify checks a whole module: names, symbols, the order of definitions, uses, every operation against its definition
// and every type against inference. The error is Problems.
func Verify(m *Module) error {
	v := &verifier{m: m, names: map[string]bool{}, resources: map[string]*Resource{}}
	v.module()
	for _, f := range m.Funcs {
		v.fn, v.bound = f, map[string]bool{}
		v.function(f)
	}
	v.calls()
	if len(v.problems) == 0 { // the proof walks along operands, which must be sound for that
		v.marks()
	}
	if len(v.problems) == 0 {
		return nil
	}
	return v.problems
}

type verifier struct {
	m         *Module
	fn        *Func           // the function of the module being checked
	names     map[string]bool // of everything a symbol can name
	bound     map[string]bool // the symbols that have a value at the operation being checked
	resources map[string]*Resource
	problems  Problems
}

func (v *verifier) report(p Problem) {
	if v.fn != nil {
		p.Func = v.fn.Name
	}
	v.problems = append(v.problems, p)
}

func (v *verifier) op(op *Op, format string, args ...any) {
	v.report(Problem{Pos: op.Pos, Loc: op.Loc, Op: op.Def.Name, Msg: fmt.Sprintf(format, args...)})
}

func (v *verifier) function(f *Func) {
	v.dims(f)
	defer v.bindParams(f)()
	states := map[string]*Param{}
	defined := make(map[*Value]bool, len(f.Ops)+len(f.Params))
	for i, p := range f.Params {
		v.param(f, i, p, states)
		defined[p.Value] = true
	}
	uses := make(map[Use]bool, 2*len(f.Ops))
	for i, op := range f.Ops {
		if op.parent != f {
			v.op(op, "belongs to another function's list")
		}
		for k, o := range op.Operands {
			if o == nil {
				continue
			}
			uses[Use{op, k}] = true
			if !defined[o] {
				v.op(op, "operand %d (%%%s) is not defined before its use", k, o.Name)
			}
		}
		if op.Def.Traits.Has(Terminator) != (i == len(f.Ops)-1) {
			if i == len(f.Ops)-1 {
				v.op(op, "is the last operation; a function ends with core.return")
			} else {
				v.op(op, "stands before the end of the function")
			}
		}
		v.operation(op)
		for k, r := range op.Results {
			if r.Def != op || r.Index != k {
				v.op(op, "result %d does not know its operation", k)
			}
			defined[r] = true
		}
	}
	if len(f.Ops) == 0 {
		v.report(Problem{Op: "function", Msg: "is empty; it ends with core.return"})
	}
	v.recount(f, uses, defined)
	if f.owner == nil {
		v.results(f, states)
	}
}

// recount holds the recorded uses of every value against those found, which it uses up.
func (v *verifier) recount(f *Func, found map[Use]bool, defined map[*Value]bool) {
	check := func(val *Value) {
		for _, u := range val.uses {
			if !found[u] || u.Op.Operands[u.Index] != val {
				v.report(Problem{Op: "function", Msg: fmt.Sprintf("value %%%s records a use that is not there, or one twice", val.Name)})
				continue
			}
			delete(found, u)
		}
	}
	defer func() {
		for _, op := range f.Ops {
			for k, o := range op.Operands {
				if found[Use{op, k}] && defined[o] {
					v.op(op, "operand %d (%%%s) is no recorded use of its value", k, o.Name)
				}
			}
		}
	}()
	for _, p := range f.Params {
		check(p.Value)
	}
	for _, op := range f.Ops {
		for _, r := range op.Results {
			check(r)
		}
	}
}

func (v *verifier) param(f *Func, i int, p *Param, states map[string]*Param) {
	what := Problem{Op: "parameter %" + p.Value.Name}
	if p.Value.Def != nil || p.Value.Index != i {
		v.report(Problem{Op: what.Op, Msg: "does not know its place"})
	}
	if p.Role == ConstArg {
		return
	}
	if !v.shaped(f, p.Value.Type, what) {
		return
	}
	switch {
	case p.Role == StateIn:
		s := v.m.State(p.State)
		switch {
		case s == nil:
			what.Msg = fmt.Sprintf("is the state @%s, which the module does not declare", p.State)
			v.report(what)
		case !holdsState(p.Value.Type, s.Type):
			what.Msg = fmt.Sprintf("is %s, the state @%s is %s", p.Value.Type, p.State, s.Type)
			v.report(what)
		case states[p.State] != nil:
			what.Msg = fmt.Sprintf("is the state @%s, and so is %%%s; a state is one parameter", p.State, states[p.State].Value.Name)
			v.report(what)
		}
		states[p.State] = p
	case p.Binds != "" && !p.Value.Type.Equal(StaticType(host.I64)):
		what.Msg = fmt.Sprintf("binds %s and is %s; expected tensor<i64>", p.Binds, p.Value.Type)
		v.report(what)
	}
}

// holdsState reports whether a parameter can be a state. The sizes that are symbols in the state's type are decided when
// a session is made; a fixed one is fixed in every function.
func holdsState(param, state Type) bool {
	if param.Elem != state.Elem || param.Rank() != state.Rank() {
		return false
	}
	for i, d := range state.Shape {
		if _, fixed := d.IsConst(); fixed && !d.Equal(param.Shape[i]) {
			return false
		}
	}
	return true
}

func (v *verifier) results(f *Func, states map[string]*Param) {
	t := f.Terminator()
	if t == nil {
		return
	}
	if len(t.Operands) != len(f.Results) {
		v.op(t, "returns %d values, the function declares %d results", len(t.Operands), len(f.Results))
		return
	}
	ctx := &InferCtx{Func: f, Module: v.m, resources: v.resources}
	for i, r := range f.Results {
		what := Problem{Op: "result %" + r.Name, Pos: t.Pos}
		if r.Role == Update {
			v.update(f, i, states, ctx, what)
		}
		if t.Operands[i] == nil {
			v.op(t, "operand %d is absent", i)
			continue
		}
		if err := ctx.sameType(t.Operands[i].Type, r.Type); err != nil {
			what.Msg = fmt.Sprintf("is declared %s, core.return gives %s", r.Type, t.Operands[i].Type)
			v.report(what)
		}
	}
}

// update checks that a result has the type of the state or the input that it updates, and that no other result updates it.
func (v *verifier) update(f *Func, i int, states map[string]*Param, ctx *InferCtx, what Problem) {
	r := f.Results[i]
	target, p := "the input %"+r.Target, f.input(r.Target)
	if r.State {
		target, p = "the state @"+r.Target, states[r.Target]
	}
	switch {
	case p == nil:
		what.Msg = fmt.Sprintf("updates %s, which is no parameter of the function", target)
		v.report(what)
		return
	case slices.ContainsFunc(f.Results[:i], func(s *Result) bool { return s.Role == Update && s.State == r.State && s.Target == r.Target }):
		what.Msg = fmt.Sprintf("updates %s, which another result updates", target)
		v.report(what)
	}
	if ctx.sameType(r.Type, p.Value.Type) != nil {
		what.Msg = fmt.Sprintf("is %s and updates %s, which is %s", r.Type, target, p.Value.Type)
		v.report(what)
	}
}

// input finds a parameter that the caller gives.
func (f *Func) input(name string) *Param {
	for _, p := range f.Params {
		if p.Role == Input && p.Value.Name == name {
			return p
		}
	}
	return nil
}

// sameType compares a type with a stated one; sizes that are not known to be equal need a guard.
func (c *InferCtx) sameType(got, stated Type) error {
	if got.Elem != stated.Elem {
		return fmt.Errorf("is %s, inference gives %s", stated, got)
	}
	if got.Rank() != stated.Rank() {
		return fmt.Errorf("is %s, inference gives %s", stated, got)
	}
	for i := range got.Shape {
		if got.Shape[i].Equal(stated.Shape[i]) {
			continue
		}
		if err := c.Require(got.Shape[i], RelEQ, stated.Shape[i]); err != nil {
			return fmt.Errorf("is %s, inference gives %s: dimension %d: %w", stated, got, i, err)
		}
	}
	return nil
}

func (v *verifier) operation(op *Op) {
	def := op.Def
	norm, err := NormalAttrs(def, op.Attrs)
	if err != nil {
		v.op(op, "%s", trimName(def, err))
		return
	}
	if len(norm) != len(op.Attrs) {
		v.op(op, "attributes are not in normal form: those equal to their default are left out")
	}
	if err := checkOperands(op); err != nil {
		v.op(op, "%s", trimName(def, err))
		return
	}
	if !def.Traits.Has(Open) && !variadicArgs(def.Results) && len(op.Results) != len(def.Results) {
		v.op(op, "has %d results, expected %d", len(op.Results), len(def.Results))
		return
	}
	if len(op.Bodies) != len(def.Bodies) {
		v.op(op, "has %d bodies, expected %d", len(op.Bodies), len(def.Bodies))
		return
	}
	what := Problem{Pos: op.Pos, Loc: op.Loc, Op: def.Name}
	ok := true
	sized := func(d Dim) { ok = ok && v.sized(op.parent, d, what) }
	for _, a := range op.Attrs {
		if a.Name != "binds" {
			dimsOf(a.Value, sized)
		}
	}
	op.Symbols(func(name string) {
		if !v.names[name] {
			v.op(op, "names @%s, which the module does not have", name)
			ok = false
		}
	})
	for _, b := range op.Bodies {
		if b.owner != op {
			v.op(op, "body %s does not know its operation", b.Name)
			return
		}
		v.function(b)
	}
	for _, s := range op.Binds() {
		v.bound[s] = true
	}
	for _, r := range op.Results {
		ok = ok && v.shaped(op.parent, r.Type, what)
	}
	if ok {
		v.infer(op)
	}
}

func (v *verifier) infer(op *Op) {
	ctx := &InferCtx{Func: op.parent, Module: v.m, resources: v.resources}
	types, err := op.InferTypes(ctx)
	if err != nil {
		v.op(op, "%s", trimName(op.Def, err))
		return
	}
	if len(types) != len(op.Results) {
		v.op(op, "has %d results, inference gives %d", len(op.Results), len(types))
		return
	}
	for i, t := range types {
		if err := ctx.sameType(t, op.Results[i].Type); err != nil {
			v.op(op, "result %d %s", i, err)
		}
	}
}

func variadicArgs(args []Arg) bool { return len(args) > 0 && args[len(args)-1].Variadic }

// trimName drops the operation's name that Errorf put first; the problem names it already.
func trimName(def *OpDef, err error) string {
	return strings.TrimPrefix(err.Error(), def.Name+": ")
}

// AsProblems gives the problems inside an error, if it has any.
func AsProblems(err error) (Problems, bool) {
	var ps Problems
	ok := errors.As(err, &ps)
	return ps, ok
}
