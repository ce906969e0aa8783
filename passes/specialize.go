package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// Specialize is the pass `specialize`.
func Specialize() *pass.Pass {
	p := &pass.Pass{
		Name: "specialize",
		Doc: "Add a copy of a function for fixed sizes beside the function itself: `specialize{B=1, S=128}` makes @main_B1_S128 " +
			"of @main, and a size whose name ends in a digit is set off, as in @main_s31_2. Sizes that are not named stay open, save those that guards then decide. What the sizes make of types, " +
			"attributes and guards is worked out; a guard that they break is an error. The arguments stay the same ones: an " +
			"integer that gives a fixed size must have its value.",
	}
	function := p.Options.String("function", "", "the function to copy; without it, each one that has all of the sizes")
	sizes := p.Options.AnyInt("SIZE", "the value of a symbol, such as B=1")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if len(*sizes) == 0 {
			return fmt.Errorf("no size is given; write specialize{B=1}, with the name of a size that a function declares by `dim`")
		}
		from, err := functionsWith(m, *function, *sizes)
		if err != nil {
			return err
		}
		for _, f := range from {
			g, err := specialized(f, *sizes)
			if err != nil {
				return fmt.Errorf("@%s: %w", f.Name, err)
			}
			if m.Func(g.Name) != nil {
				return fmt.Errorf("the module has a function @%s already", g.Name)
			}
			m.Funcs = append(m.Funcs, g)
			for _, l := range m.Lost {
				if l.Func == f.Name {
					l.Func = g.Name
					m.Lost = append(m.Lost, l)
				}
			}
			var open []string
			for _, d := range g.Dims {
				if d.Min < d.Max {
					open = append(open, d.Name)
				}
			}
			ctx.Reportf("specialize: added @%s, open sizes: %s", g.Name, orNone(open))
		}
		return nil
	}
	return p
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// functionsWith finds the functions to specialise.
func functionsWith(m *ir.Module, name string, sizes []pass.NamedInt) ([]*ir.Func, error) {
	candidates := m.Funcs
	if name != "" {
		f := m.Func(name)
		if f == nil {
			names := make([]string, len(m.Funcs))
			for i, f := range m.Funcs {
				names[i] = f.Name
			}
			return nil, fmt.Errorf("the module has no function @%s; it has %s", name, strings.Join(names, ", "))
		}
		candidates = []*ir.Func{f}
	}
	var from []*ir.Func
	var known []string
	for _, f := range candidates {
		missing := false
		for _, s := range sizes {
			missing = missing || ownDim(f, s.Name) == nil
		}
		if !missing {
			from = append(from, f)
		}
		for _, d := range f.Dims {
			if !slices.Contains(known, d.Name) {
				known = append(known, d.Name)
			}
		}
	}
	if len(from) > 0 {
		return from, nil
	}
	for _, s := range sizes {
		if slices.Contains(known, s.Name) {
			continue
		}
		hint := "sizes to choose from: " + orNone(known)
		if near := pass.Nearest(s.Name, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		if name != "" {
			return nil, fmt.Errorf("@%s has no size %s; %s", name, s.Name, hint)
		}
		return nil, fmt.Errorf("no function has a size %s; %s", s.Name, hint)
	}
	return nil, fmt.Errorf("no function has all of these sizes; write specialize once for each function")
}

func ownDim(f *ir.Func, name string) *ir.DimDecl {
	for _, d := range f.Dims {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// specialized copies a function and fixes sizes in the copy.
func specialized(f *ir.Func, sizes []pass.NamedInt) (*ir.Func, error) {
	g := f.Clone()
	fixed := map[string]ir.Dim{}
	for _, s := range sizes {
		d := ownDim(f, s.Name)
		if n := int64(s.Value); n < d.Min || n > d.Max {
			return nil, fmt.Errorf("%s=%d is outside its range, `dim %s in %s`", s.Name, n, s.Name, declaredRange(d))
		}
		if by := boundBy(f, s.Name); by != nil {
			place := ""
			if !by.Loc.IsUnknown() {
				place = " (" + by.Loc.String() + ")"
			}
			return nil, fmt.Errorf("%s is decided by %s%s while the function runs; only sizes of the arguments can be fixed", s.Name, by.Name(), place)
		}
		fixed[s.Name] = ir.Const(int64(s.Value))
		g.Name = ir.VariantName(g.Name, s.Name, int64(s.Value))
	}
	guards, err := fixDecided(g, fixed)
	if err != nil {
		return nil, err
	}
	g.SetDims(openDims(g, fixed), nil)
	g.SetDims(g.Dims, neededGuards(g.Dims, guards))
	g.WithBodies(func(b *ir.Func) {
		if b != g {
			b.SetDims(b.Dims, slices.DeleteFunc(substGuards(b.Guards, fixed), holdsAlways))
		}
		fixSizes(b, fixed)
	})
	return g, sizesFit(g, sizes)
}

// sizesFit makes it an error that a tensor becomes larger than any may be, or a size no number: the user's sizes did that.
func sizesFit(g *ir.Func, sizes []pass.NamedInt) error {
	var given []string
	for _, s := range sizes {
		given = append(given, fmt.Sprintf("%s=%d", s.Name, s.Value))
	}
	var failed error
	check := func(v *ir.Value, what string) {
		if err := v.Type.Check(); err != nil && failed == nil {
			failed = fmt.Errorf("%s: %s becomes impossible: %w", strings.Join(given, ", "), what, err)
		}
	}
	g.WithBodies(func(b *ir.Func) {
		for _, p := range b.Params {
			check(p.Value, "the parameter %"+p.Value.Name)
		}
		for _, op := range b.Ops {
			for _, r := range op.Results {
				check(r, "a result of "+op.Describe())
			}
		}
	})
	return failed
}

func declaredRange(d *ir.DimDecl) string {
	if d.Max == ir.Unbounded {
		return fmt.Sprintf("%d..", d.Min)
	}
	return fmt.Sprintf("%d..%d", d.Min, d.Max)
}

// boundBy is the operation that decides a symbol of a function; nil for one that the arguments decide.
func boundBy(f *ir.Func, symbol string) *ir.Op {
	for _, op := range f.Ops {
		if slices.Contains(op.Binds(), symbol) {
			return op
		}
	}
	return nil
}

// fixDecided adds to the fixed sizes those that ranges and guards leave only one value, until there are no more, and
// gives the guards that are left. A guard that does not hold is an error.
func fixDecided(f *ir.Func, fixed map[string]ir.Dim) ([]ir.Guard, error) {
	for {
		guards := substGuards(f.Guards, fixed)
		for i, g := range guards {
			holds, known, err := g.Holds(func(string) (int64, bool) { return 0, false })
			if err != nil {
				return nil, fmt.Errorf("the guard `%s`: %w", f.Guards[i], err)
			}
			if known && !holds || !known && ir.NewDimEnv(f.Dims, nil).ProveGuard(g) == ir.False {
				return nil, fmt.Errorf("these sizes break the guard `%s`, which becomes `%s`", f.Guards[i], g)
			}
		}
		env := ir.NewDimEnv(f.Dims, guards)
		more := false
		for _, d := range f.Dims {
			if _, done := fixed[d.Name]; done || boundBy(f, d.Name) != nil {
				continue
			}
			lo, hi := env.Range(ir.Sym(d.Name))
			if lo > hi {
				return nil, fmt.Errorf("these sizes leave no value for %s", d.Name)
			}
			if lo == hi {
				fixed[d.Name] = ir.Const(lo)
				more = true
			}
		}
		if !more {
			return guards, nil
		}
	}
}

func substGuards(guards []ir.Guard, by map[string]ir.Dim) []ir.Guard {
	out := make([]ir.Guard, len(guards))
	for i, g := range guards {
		for _, c := range g.Any {
			out[i].Any = append(out[i].Any, ir.Cond{Left: c.Left.Subst(by), Rel: c.Rel, Right: c.Right.Subst(by)})
		}
	}
	return out
}

func holdsAlways(g ir.Guard) bool {
	holds, known, err := g.Holds(func(string) (int64, bool) { return 0, false })
	return err == nil && known && holds
}

// openDims lists the symbols that stay declared: those that are open, and those that an integer argument binds, whose
// range shrinks to the one value, so that the engine checks the argument.
func openDims(f *ir.Func, fixed map[string]ir.Dim) []*ir.DimDecl {
	var dims []*ir.DimDecl
	for _, d := range f.Dims {
		by, isFixed := fixed[d.Name]
		if isFixed {
			if !slices.ContainsFunc(f.Params, func(p *ir.Param) bool { return p.Binds == d.Name }) {
				continue
			}
			n, _ := by.IsConst()
			d.Min, d.Max = n, n
		}
		dims = append(dims, d)
	}
	return dims
}

// neededGuards drops the guards that the ranges and the other guards imply.
func neededGuards(dims []*ir.DimDecl, guards []ir.Guard) []ir.Guard {
	kept := slices.Clone(guards)
	for i := 0; i < len(kept); {
		others := slices.Delete(slices.Clone(kept), i, i+1)
		if ir.NewDimEnv(dims, others).ProveGuard(kept[i]) == ir.True {
			kept = others
		} else {
			i++
		}
	}
	return kept
}

// fixSizes works out the types and attributes of a function or body.
func fixSizes(f *ir.Func, fixed map[string]ir.Dim) {
	env := f.Env()
	simple := func(d ir.Dim) ir.Dim {
		if _, static := d.IsConst(); static {
			return d
		}
		if e := d.Subst(fixed); !e.Equal(d) {
			return env.Simplify(e)
		}
		return d
	}
	f.MapSizes(simple)
}
