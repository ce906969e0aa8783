package lower

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// passName stands in the locations of what Decompose builds and in Lost records.
const passName = "decompose"

// Decompose replaces every torch.call of a module, bodies included, by the operations its lowering builds. Calls of the
// targets in keep (ns.op or ns.op.overload) stay. All targets without a lowering are reported in one error, and the
// module is then unchanged; where lowerings fail, all that failed are reported and those calls stay.
//
// A value takes over name and claims of the result it replaces; what is built is located at the call, by decompose.
func (t *Table) Decompose(m *ir.Module, keep []string) error {
	if err := t.Err(); err != nil {
		return err
	}
	kept := func(target string) bool { return slices.Contains(keep, target) || slices.Contains(keep, base(target)) }
	if err := t.checkTargets(m, keep, kept); err != nil {
		return err
	}
	var errs []error
	locs := map[*ir.Loc]*ir.Loc{}
	m.AllFuncs(func(f *ir.Func) {
		errs = append(errs, t.decompose(m, f, kept, locs)...)
	})
	const most = 20
	if n := len(errs); n > most {
		errs = append(errs[:most], fmt.Errorf("and %d more", n-most))
	}
	return errors.Join(errs...)
}

// decompose rebuilds the list of one function.
func (t *Table) decompose(m *ir.Module, f *ir.Func, kept func(string) bool, locs map[*ir.Loc]*ir.Loc) []error {
	var errs []error
	ops := make([]*ir.Op, 0, 2*len(f.Ops))
	fresh := map[*ir.Op]bool{}
	for _, op := range f.Ops {
		if !op.Is(torch.Call) || kept(callee(op)) {
			ops = append(ops, op)
			continue
		}
		loc := locs[op.Loc]
		if loc == nil {
			loc = op.Loc.By(passName)
			locs[op.Loc] = loc
		}
		var built []*ir.Op
		values, err := t.Lower(m, op, ir.Collect(f, loc, func(o *ir.Op) { built = append(built, o) }))
		if err == nil {
			err = keepsBinds(op, built)
		}
		if err != nil {
			errs = append(errs, err)
			for _, o := range slices.Backward(built) {
				o.Detach()
			}
			ops = append(ops, op)
			continue
		}
		for _, o := range built {
			fresh[o] = true
		}
		ops = append(ops, built...)
		for i, r := range op.Results {
			if values[i] == nil {
				m.Lost = append(m.Lost, lostBy(f, r, values)...)
				continue
			}
			takeOver(r, values[i])
		}
		op.Detach()
	}
	f.SetOps(sweep(ops, fresh))
	return errs
}

// keepsBinds holds what a call becomes to give a value to each symbol that the call does.
func keepsBinds(call *ir.Op, built []*ir.Op) error {
	for _, s := range call.Binds() {
		if !slices.ContainsFunc(built, func(o *ir.Op) bool { return slices.Contains(o.Binds(), s) }) {
			return fmt.Errorf("%s: the file states that its result has the size %s, which nothing before it has; an operator whose result depends on data "+
				"is needed for a new size%s", callee(call), s, where(call.Loc))
		}
	}
	return nil
}

// lostBy lists the claims of a call's result that is not computed, because nothing uses it; the call went into its other results.
func lostBy(f *ir.Func, r *ir.Value, values []*ir.Value) (list []ir.Lost) {
	into := ""
	if at := slices.IndexFunc(values, func(v *ir.Value) bool { return v != nil }); at >= 0 {
		into = values[at].Name
	}
	for _, c := range r.Claims {
		list = append(list, ir.Lost{Tensor: c.Tensor, Pass: passName, Func: f.Root().Name, Into: into})
	}
	return list
}

// takeOver puts v in the place of a call's result.
func takeOver(r, v *ir.Value) {
	r.ReplaceAllUses(v)
	if v.Name == "" {
		v.Name = r.Name
	}
	v.AddClaims(r.Claims...)
}

// sweep leaves out fresh operations that nothing came to use; those with a claim equal a tensor of the model and stay.
func sweep(ops []*ir.Op, fresh map[*ir.Op]bool) []*ir.Op {
	dead := func(op *ir.Op) bool {
		return fresh[op] && op.Binds() == nil && !slices.ContainsFunc(op.Results, func(v *ir.Value) bool { return v.Used() || len(v.Claims) > 0 })
	}
	kept := make([]*ir.Op, 0, len(ops))
	for _, op := range slices.Backward(ops) {
		if dead(op) {
			op.Detach()
			continue
		}
		kept = append(kept, op)
	}
	slices.Reverse(kept)
	return kept
}

// Lower builds the operations for one torch.call with b and gives the values to use instead of its results; nil for one
// that nothing uses. The call itself stays where it is. Small constants of the module m, which may be nil, are looked at.
func (t *Table) Lower(m *ir.Module, op *ir.Op, b *ir.Builder) (values []*ir.Value, err error) {
	target := callee(op)
	defer func() {
		if r := recover(); r != nil {
			switch r := r.(type) {
			case abort:
				err = r.err
			case runtime.Error: // arguments that no exporter writes, or a mistake in the lowering
				err = fmt.Errorf("the lowering failed on these arguments: %s", strings.TrimPrefix(r.Error(), "runtime error: "))
			default:
				panic(r)
			}
		}
		if err != nil {
			err = fmt.Errorf("%s: %w%s", target, err, where(op.Loc))
		}
	}()
	fn := t.Lookup(target)
	if fn == nil {
		return nil, fmt.Errorf("has no lowering%s", t.whyNot(target))
	}
	c := &Call{Op: op, module: m, b: b}
	values, err = fn(c)
	if err != nil {
		return nil, err
	}
	if len(values) != len(op.Results) {
		return nil, fmt.Errorf("the lowering gave %d values, the call has %d results", len(values), len(op.Results))
	}
	for i, v := range values {
		if err := c.accept(i, v); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func where(l *ir.Loc) string {
	if l.IsUnknown() {
		return ""
	}
	return " (" + l.String() + ")"
}

// accept holds a value against the type that the file states for result i. Sizes that are not known to be equal become
// a guard; a value that the lowering made then has the file's type.
func (c *Call) accept(i int, v *ir.Value) error {
	stated := c.Result(i)
	if v == nil {
		if c.Used(i) {
			return fmt.Errorf("the lowering gave no value for result %d", i)
		}
		return nil
	}
	if v.Type.Elem != stated.Elem {
		return fmt.Errorf("the lowering gave %s for result %d, the file states %s", v.Type.Elem, i, stated.Elem)
	}
	if v.Type.Rank() != stated.Rank() {
		return fmt.Errorf("the lowering gave %s for result %d, the file states %s", v.Type, i, stated)
	}
	f := c.b.Func
	for k, d := range v.Type.Shape {
		s := stated.Shape[k]
		switch f.Env().Compare(d, s) {
		case ir.CompareDifferent:
			return fmt.Errorf("the lowering gave %s for result %d, the file states %s: dimension %d differs", v.Type, i, stated, k)
		case ir.CompareUnknown:
			if err := f.Home(d, s).AddGuard(ir.Guard{Any: []ir.Cond{{Left: d, Rel: ir.RelEQ, Right: s}}}); err != nil {
				return err
			}
		}
	}
	if v.Def != nil && v.Name == "" {
		v.Type = stated
	}
	return nil
}

// restate corrects the type of result i where PyTorch is known to save another one than it computes; results of the
// function that are this value follow.
func (c *Call) restate(i int, t ir.Type) ir.Type {
	r, f := c.Op.Results[i], c.b.Func
	r.Type = t
	for k, v := range f.Returns() {
		if v == r {
			f.Results[k].Type = t
		}
	}
	return t
}

// missing is a target without a lowering and the calls of it.
type missing struct {
	target string
	calls  []*ir.Op
}

// checkTargets reports all targets that cannot be lowered, and names in keep that mean nothing.
func (t *Table) checkTargets(m *ir.Module, keep []string, kept func(string) bool) error {
	var found []*missing
	index := map[string]*missing{}
	met := map[string]bool{}
	m.Walk(func(op *ir.Op) {
		if !op.Is(torch.Call) {
			return
		}
		target := callee(op)
		met[target], met[base(target)] = true, true
		if kept(target) || t.Lookup(target) != nil {
			return
		}
		x := index[target]
		if x == nil {
			x = &missing{target: target}
			index[target] = x
			found = append(found, x)
		}
		x.calls = append(x.calls, op)
	})
	var errs []error
	for _, name := range keep {
		if _, ok := t.entries[name]; !ok && !met[name] {
			errs = append(errs, fmt.Errorf("keep: %s is no target of the module and has no lowering%s", name, t.didYouMean(name)))
		}
	}
	if len(found) > 0 {
		errs = append(errs, errors.New(t.report(found)))
	}
	return errors.Join(errs...)
}

// report lists targets, those called most first, with the first calls of each.
func (t *Table) report(found []*missing) string {
	const mostTargets, mostCalls = 20, 3
	slices.SortStableFunc(found, func(a, b *missing) int { return cmp.Compare(len(b.calls), len(a.calls)) })
	var b strings.Builder
	fmt.Fprintf(&b, "no lowering for %s:", host.Counted(len(found), "target"))
	for i, x := range found {
		if i == mostTargets {
			fmt.Fprintf(&b, "\n  and %s more", host.Counted(len(found)-i, "target"))
			break
		}
		fmt.Fprintf(&b, "\n  %s, %s%s", x.target, host.Counted(len(x.calls), "call"), t.whyNot(x.target))
		for k, op := range x.calls {
			if k == mostCalls {
				fmt.Fprintf(&b, "\n    and %d more", len(x.calls)-k)
				break
			}
			fmt.Fprintf(&b, "\n    %s takes %s", cmp.Or(op.Loc.String(), "(no location)"), operandTypes(op))
		}
	}
	b.WriteByte('\n')
	if i := slices.IndexFunc(found, func(x *missing) bool { return t.Status(x.target).Kind != Refused }); i >= 0 { // else the reasons say all
		target := found[i].target
		fmt.Fprintf(&b, "Add a lowering (AddLowering(%q, fn) in Go), or save a program that has the operator's Python implementation instead:"+
			"\nprogram.run_decompositions({torch.ops.%s: fn}). ", base(target), target)
	}
	fmt.Fprintf(&b, "decompose{keep=[%q]} leaves the calls in a text that prints but does not run", base(found[0].target))
	return b.String()
}

// whyNot is what there is to say about a target without a lowering: why it is refused, or what may have been meant.
func (t *Table) whyNot(target string) string {
	if s := t.Status(target); s.Kind == Refused {
		return ": " + s.Reason
	}
	return t.didYouMean(target)
}

func operandTypes(op *ir.Op) string {
	if len(op.Operands) == 0 {
		return "no tensors"
	}
	const most = 6
	var types []string
	for i, v := range op.Operands {
		if i == most {
			types = append(types, fmt.Sprintf("and %d more", len(op.Operands)-most))
			break
		}
		if v != nil {
			types = append(types, v.Type.String())
		}
	}
	return strings.Join(types, ", ")
}
