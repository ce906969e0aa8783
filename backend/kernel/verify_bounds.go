package kernel

import (
	"errors"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// scope is what is known of the index symbols at a place. It is a value: an inner scope is a changed copy.
type scope struct {
	decls  []*ir.DimDecl
	known  *ir.DimScope
	vars   []boundVar
	steps  map[string]ir.Dim // a variable of a loop with a step > 1: the step times itself
	thread []string          // symbols that differ between threads of a group
	lane   []string          // those of them that differ between threads of a SIMD group
	number string            // the variable that numbers the threads of a group
}

// boundVar is a symbol with its bounds: what it can be replaced by in an expression that grows with it.
type boundVar struct {
	name        string
	least, most []ir.Dim // each holds
}

func (s scope) has(name string) bool {
	return slices.ContainsFunc(s.decls, func(d *ir.DimDecl) bool { return d.Name == name })
}

// with adds a symbol in least..most.
func (s scope) with(name string, least, most ir.Dim) scope {
	sym := ir.Sym(name)
	decl := &ir.DimDecl{Name: name, Min: constOr(least, -ir.Unbounded), Max: constOr(most, ir.Unbounded)}
	s.decls = append(slices.Clip(s.decls), decl)
	s.known = s.known.With(decl, guardOf(s.scaled(least), ir.RelLE, sym), guardOf(sym, ir.RelLE, s.scaled(most)))
	s.vars = append(slices.Clip(s.vars), boundVar{name, []ir.Dim{s.scaled(least)}, []ir.Dim{s.scaled(most)}})
	return s
}

func constOr(d ir.Dim, otherwise int64) int64 {
	if n, ok := d.IsConst(); ok {
		return n
	}
	return otherwise
}

func guardOf(a ir.Dim, rel ir.Relation, b ir.Dim) ir.Guard {
	return ir.Guard{Any: []ir.Cond{{Left: a, Rel: rel, Right: b}}}
}

// looping adds a loop's variable. With a step it is counted in rounds: what is proven is then exact for the last round.
func (s scope) looping(l *Loop) scope {
	last := l.Extent.Sub(ir.Const(1)).FloorDiv(ir.Const(l.Step))
	s = s.with(l.Var, ir.Const(0), last)
	if l.Step > 1 {
		steps := map[string]ir.Dim{l.Var: ir.Sym(l.Var).Mul(ir.Const(l.Step))}
		for name, d := range s.steps {
			steps[name] = d
		}
		s.steps = steps
	}
	switch {
	case l.Kind == Thread:
		s = s.differing(l.Var, true)
		if l.Step == 1 {
			s.number = l.Var
		}
	case s.perThread(l.Extent):
		s = s.differing(l.Var, s.perLane(l.Extent))
	}
	return s
}

// scaled writes an expression in rounds of loops instead of their variables.
func (s scope) scaled(d ir.Dim) ir.Dim {
	if len(s.steps) == 0 {
		return d
	}
	return d.Subst(s.steps)
}

// holding adds a condition, and what it says of single variables as their bounds.
func (s scope) holding(c ir.Cond) scope {
	c.Left, c.Right = s.scaled(c.Left), s.scaled(c.Right)
	s.known = s.known.With(nil, ir.Guard{Any: []ir.Cond{c}})
	s.vars = slices.Clone(s.vars)
	diff := c.Right.Sub(c.Left)
	switch c.Rel {
	case ir.RelLE:
		s.bound(diff)
	case ir.RelLT:
		s.bound(diff.Sub(ir.Const(1)))
	case ir.RelGE:
		s.bound(diff.Neg())
	case ir.RelGT:
		s.bound(diff.Neg().Sub(ir.Const(1)))
	case ir.RelEQ:
		s.bound(diff)
		s.bound(diff.Neg())
	}
	return s
}

// bound takes bounds from a sum of at least 0 that has variables with the factor 1 or -1.
func (s scope) bound(sum ir.Dim) {
	for i := range s.vars {
		x := &s.vars[i]
		factor, ok := linear(sum, x.name)
		switch {
		case ok && factor.Equal(ir.Const(1)):
			x.least = append(slices.Clip(x.least), ir.Sym(x.name).Sub(sum))
		case ok && factor.Equal(ir.Const(-1)):
			x.most = append(slices.Clip(x.most), ir.Sym(x.name).Add(sum))
		}
	}
}

// holds decides conditions.
func (s scope) holds(a ir.Dim, rel ir.Relation, b ir.Dim) bool {
	p := &prover{scope: s, env: s.known.Env()}
	diff := s.scaled(b).Sub(s.scaled(a))
	if rel == ir.RelLT {
		diff = diff.Sub(ir.Const(1))
	}
	return p.soon(diff, make([]bool, len(p.vars))) || p.atLeastZero(diff, len(p.vars))
}

// prover looks for the proof of a condition in a scope. It replaces variables by an end of their range where a sum is least: a sum
// that is linear in a variable is least at one of the ends, by the sign of the variable's factor. This proves row*N + k < M*N, which
// needs a product of two bounds.
type prover struct {
	scope
	env  *ir.DimEnv
	seen map[string]bool // sums that soon has looked at
}

// mostSeen is how many sums soon looks at for one question.
const mostSeen = 256

// notNegative is the condition that a sum is at least 0.
func notNegative(sum ir.Dim) ir.Cond {
	return ir.Cond{Left: ir.Const(0), Rel: ir.RelLE, Right: sum}
}

// soon finds most proofs that a sum is at least 0, and costs little where there is none: it searches nothing among facts. Bounds that
// conditions give go first, as they may hold variables that stand further inside; then the innermost variable is replaced.
func (p *prover) soon(sum ir.Dim, gone []bool) bool {
	if truth, open := p.env.Glance(notNegative(sum)); truth != ir.Undecided || !open {
		return truth == ir.True
	}
	if text := sum.String(); p.seen[text] || len(p.seen) == mostSeen {
		return false
	} else if p.seen == nil {
		p.seen = map[string]bool{text: true}
	} else {
		p.seen[text] = true
	}
	without := func(i int, end ir.Dim) bool {
		left := slices.Clone(gone)
		left[i] = true
		return p.soon(sum.Subst(map[string]ir.Dim{p.vars[i].name: end}), left)
	}
	innermost, first := -1, ir.Dim{}
	for i := len(gone) - 1; i >= 0; i-- {
		if gone[i] {
			continue
		}
		ends := p.ends(sum, i, func(c ir.Cond) bool { truth, _ := p.env.Glance(c); return truth == ir.True })
		if len(ends) > 0 && innermost < 0 {
			innermost, first = i, ends[0]
		}
		for k := len(ends) - 1; k > 0; k-- {
			if without(i, ends[k]) {
				return true
			}
		}
	}
	return innermost >= 0 && without(innermost, first)
}

// atLeastZero searches among facts for the proof that a sum is at least 0, and that of what is left where variables are replaced,
// innermost first.
func (p *prover) atLeastZero(sum ir.Dim, vars int) bool {
	if truth, open := p.env.Glance(notNegative(sum)); truth != ir.Undecided || !open {
		return truth == ir.True
	}
	proven := func(c ir.Cond) bool { return p.env.Prove(c) == ir.True }
	if proven(notNegative(sum)) {
		return true
	}
	for i := vars - 1; i >= 0; i-- {
		if slices.ContainsFunc(p.ends(sum, i, proven), func(end ir.Dim) bool {
			return p.atLeastZero(sum.Subst(map[string]ir.Dim{p.vars[i].name: end}), i)
		}) {
			return true
		}
	}
	return false
}

// ends are those of a variable's range where a sum is least; none where it is not linear in the variable, or that is not proven.
func (p *prover) ends(sum ir.Dim, i int, proven func(ir.Cond) bool) []ir.Dim {
	x := p.vars[i]
	factor, ok := linear(sum, x.name)
	switch {
	case !ok:
		return nil
	case proven(notNegative(factor)):
		return x.least
	case proven(notNegative(factor.Neg())):
		return x.most
	}
	return nil
}

// linear gives the factor of a symbol in a sum that is linear in it and holds it.
func linear(sum ir.Dim, name string) (factor ir.Dim, ok bool) {
	if !slices.Contains(sum.Symbols(), name) {
		return factor, false
	}
	rest := sum.Subst(map[string]ir.Dim{name: ir.Const(0)})
	factor = sum.Subst(map[string]ir.Dim{name: ir.Const(1)}).Sub(rest)
	return factor, rest.Add(factor.Mul(ir.Sym(name))).Equal(sum)
}

// What stands for the number of a lane in proofs, and for that of a tile's row; a kernel that uses the names is refused.
const (
	laneSymbol = "lane__"
	rowSymbol  = "row__"
)

// access checks the buffer and proves that every lane that is not masked out lies inside it.
func (v *verifier) access(in *Instr) {
	b := in.Buffer
	if !v.known(b) {
		return
	}
	need := Read
	if in.Op == Store || in.Op == TileStore {
		need = Write
	}
	if b.Space == Global && b.Access&need == 0 {
		v.failf("buffer %s is declared %s, this needs %s", b.Name, b.Access, need)
	}
	before := len(v.errs)
	v.dim("the index", in.Index)
	v.dim("the stride", in.Stride)
	if len(v.errs) > before {
		return
	}
	at, s := v.lanes(in)
	v.prove("the index", ir.Const(0), ir.RelLE, at, s)
	v.prove("the index", at, ir.RelLT, b.Len, s)
}

// lanes gives the element that lane laneSymbol accesses, in a scope that knows what the mask says of that lane.
func (v *verifier) lanes(in *Instr) (ir.Dim, scope) {
	lane := ir.Sym(laneSymbol)
	if in.Op == TileLoad || in.Op == TileStore {
		s := v.scope.with(laneSymbol, ir.Const(0), ir.Const(7)).with(rowSymbol, ir.Const(0), ir.Const(7))
		return in.Index.Add(in.Stride.Mul(ir.Sym(rowSymbol))).Add(lane), s
	}
	lanes := 1
	switch {
	case in.Op == Load:
		lanes = in.Result.Type.Lanes
	case in.Op == Store:
		lanes = in.Args[0].Type.Lanes
	}
	s := v.scope
	if lanes == 1 {
		lane = ir.Const(0)
	} else {
		s = s.with(laneSymbol, ir.Const(0), ir.Const(int64(lanes-1)))
	}
	for _, w := range v.conjuncts(in.Mask) {
		at := w.Index
		if w.Result.Type.Lanes > 1 { // where one lane was splatted, no other one was tested
			at = at.Add(w.Stride.Mul(lane))
		}
		s = s.holding(ir.Cond{Left: w.Least, Rel: ir.RelLE, Right: at}).holding(ir.Cond{Left: at, Rel: ir.RelLE, Right: w.Most})
	}
	return in.Index.Add(in.Stride.Mul(lane)), s
}

// conjuncts are the Within instructions that all hold where the mask does.
func (v *verifier) conjuncts(mask *Value) []*Instr {
	def := v.defs[mask]
	switch {
	case mask == nil || def == nil:
		return nil
	case def.Op == Within:
		return []*Instr{def}
	case def.Op == And:
		return append(v.conjuncts(def.Args[0]), v.conjuncts(def.Args[1])...)
	case def.Op == Splat && def.Args[0].Type.Elem == host.Bool:
		return v.conjuncts(def.Args[0])
	}
	return nil
}

// ErrUnproven is in the error of Verify where a bound is not proven; it may hold nevertheless.
var ErrUnproven = errors.New("is not proven to keep")

func (v *verifier) prove(what string, a ir.Dim, rel ir.Relation, b ir.Dim, s scope) {
	if v.brief && v.open || s.holds(a, rel, b) {
		return
	}
	v.open = true
	words := map[string]ir.Dim{laneSymbol: ir.Sym("lane"), rowSymbol: ir.Sym("row")}
	v.failf("%s %w %s", what, ErrUnproven, ir.Cond{Left: a.Subst(words), Rel: rel, Right: b.Subst(words)})
}
