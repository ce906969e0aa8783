package ir

import (
	"fmt"
	"slices"
)

func (v *verifier) dims(f *Func) {
	bound := map[string]bool{}
	for _, p := range f.Params {
		if f.owner == nil {
			for _, s := range p.binds() {
				bound[s] = true
			}
		}
	}
	for _, op := range f.Ops {
		for _, s := range op.Binds() {
			if bound[s] {
				v.op(op, "binds %s, which is bound already", s)
			}
			if !slices.ContainsFunc(f.Dims, func(d *DimDecl) bool { return d.Name == s }) {
				v.op(op, "binds %s, which its function does not declare; add `dim %s in 0..`", s, s)
			}
			bound[s] = true
		}
	}
	seen := map[string]bool{}
	for _, d := range f.Dims {
		switch {
		case seen[d.Name] || f.Outer().Dim(d.Name) != nil:
			v.report(Problem{Op: "dim " + d.Name, Msg: "is declared twice"})
		case d.Min > d.Max:
			v.report(Problem{Op: "dim " + d.Name, Msg: fmt.Sprintf("has the empty range %d..%d", d.Min, d.Max)})
		case !bound[d.Name]:
			v.report(Problem{Op: "dim " + d.Name, Msg: "is bound by no parameter's shape and no operation; name it as a dimension of a parameter or in `binds`"})
		}
		seen[d.Name] = true
	}
	for _, g := range f.Guards {
		for _, c := range g.Any {
			v.symbols(f, c.Left, Problem{Op: "guard " + g.String()})
			v.symbols(f, c.Right, Problem{Op: "guard " + g.String()})
		}
	}
}

// BindableSymbol finds the one symbol that a dimension of a parameter binds: d is S, or a*S+b with constants a and b.
func BindableSymbol(d Dim) (string, bool) {
	syms := d.Symbols()
	if len(syms) != 1 {
		return "", false
	}
	s := syms[0]
	at := func(n int64) (int64, bool) {
		x, err := d.Eval(func(string) (int64, bool) { return n, true })
		return x, err == nil
	}
	x0, ok0 := at(0)
	x1, ok1 := at(1)
	if !ok0 || !ok1 || x1 == x0 {
		return "", false
	}
	linear := Sym(s).Mul(Const(x1 - x0)).Add(Const(x0))
	return s, linear.Equal(d)
}

// binds lists the symbols that the argument for a parameter of the module's function decides.
func (p *Param) binds() []string {
	var names []string
	if p.Role != ConstArg {
		for _, d := range p.Value.Type.Shape {
			if s, ok := BindableSymbol(d); ok {
				names = append(names, s)
			}
		}
	}
	if p.Binds != "" {
		names = append(names, p.Binds)
	}
	return names
}

// bindParams enters the symbols that the arguments of a function bind, and gives what takes out all that the function
// bound. The parameters of a body bind none.
func (v *verifier) bindParams(f *Func) (leave func()) {
	if f.owner == nil {
		for _, p := range f.Params {
			for _, s := range p.binds() {
				v.bound[s] = true
			}
		}
	}
	return func() {
		for _, d := range f.Dims {
			delete(v.bound, d.Name)
		}
	}
}

func (v *verifier) symbols(f *Func, d Dim, p Problem) bool {
	if err := d.Err(); err != nil {
		p.Msg = err.Error()
		v.report(p)
		return false
	}
	if _, ok := d.IsConst(); ok {
		return true
	}
	for _, s := range d.Symbols() {
		if f.Dim(s) == nil {
			p.Msg = fmt.Sprintf("uses the symbol %s, which the function does not declare; add `dim %s in 1..`", s, s)
			v.report(p)
			return false
		}
	}
	return true
}

// sized checks that the symbols of a size have values where it is used.
func (v *verifier) sized(f *Func, d Dim, p Problem) bool {
	if !v.symbols(f, d, p) {
		return false
	}
	if _, ok := d.IsConst(); ok {
		return true
	}
	for _, s := range d.Symbols() {
		if !v.bound[s] {
			p.Msg = fmt.Sprintf("uses the symbol %s before it has a value; it must come after the operation that binds it", s)
			v.report(p)
			return false
		}
	}
	return true
}

// shaped checks the sizes of a type.
func (v *verifier) shaped(f *Func, t Type, p Problem) bool {
	for _, d := range t.Shape {
		if !v.sized(f, d, p) {
			return false
		}
	}
	if err := t.Check(); err != nil {
		p.Msg = err.Error()
		v.report(p)
		return false
	}
	return true
}
