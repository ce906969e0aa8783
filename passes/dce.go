package passes

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// DCE is the pass `dce`.
func DCE() *pass.Pass {
	return &pass.Pass{
		Name: "dce",
		Doc: "Remove operations, symbols and constant data that nothing uses. What a function returns is used, and so are " +
			"the updates of states.",
		Run: func(_ *pass.Context, m *ir.Module) error {
			removeDead(m, "dce")
			return nil
		},
	}
}

// removeDead removes, from the ends of the lists, what nobody uses; an operation that binds a symbol goes when nothing
// mentions the symbol.
func removeDead(m *ir.Module, by string) {
	for _, root := range m.Funcs {
		for removeDeadIn(m, root, by) { // what is gone from a body may have held an operation around it
		}
	}
	m.DropUnusedResources()
	m.SettleLost()
}

// removeDeadIn is one turn over a function and its bodies; it reports whether another one may find more.
func removeDeadIn(m *ir.Module, root *ir.Func, by string) (again bool) {
	var count mentions
	mentioned := func(symbol string) int { // few models need it
		if count == nil {
			count = mentions{}
			count.addFunc(root, 1)
		}
		return count[symbol]
	}
	root.WithBodies(func(f *ir.Func) {
		kept := f.Ops[:0:0]
		var dead []*ir.Op
		for i := len(f.Ops) - 1; i >= 0; i-- {
			op := f.Ops[i]
			if !unused(op, mentioned) {
				kept = append(kept, op)
				continue
			}
			rewrite.Lose(m, op, by, nil)
			if count != nil {
				count.addOp(op, -1)
			}
			op.Detach()
			dead = append(dead, op)
		}
		if len(dead) == 0 {
			return
		}
		for i, j := 0, len(kept)-1; i < j; i, j = i+1, j-1 {
			kept[i], kept[j] = kept[j], kept[i]
		}
		f.SetOps(kept)
		dropSymbols(f, dead)
		again = again || count != nil
	})
	return again
}

func unused(op *ir.Op, mentioned func(string) int) bool {
	if op.Def.Traits.Has(ir.Terminator) {
		return false
	}
	for _, r := range op.Results {
		if r.Used() {
			return false
		}
	}
	for _, s := range op.Binds() {
		own := 0
		op.DimsOf(func(d ir.Dim) { own += countSymbol(d, s) })
		if mentioned(s) > own {
			return false
		}
	}
	return true
}

// mentions counts how often symbols stand in the types, attributes, guards and parameters of a function.
type mentions map[string]int

func (c mentions) add(d ir.Dim, n int) {
	for _, s := range d.Symbols() {
		c[s] += n
	}
}

func (c mentions) addFunc(f *ir.Func, n int) {
	for _, p := range f.Params {
		for _, d := range p.Value.Type.Shape {
			c.add(d, n)
		}
	}
	for _, g := range f.Guards {
		for _, cond := range g.Any {
			c.add(cond.Left, n)
			c.add(cond.Right, n)
		}
	}
	for _, op := range f.Ops {
		c.addOp(op, n)
	}
}

func (c mentions) addOp(op *ir.Op, n int) {
	op.DimsOf(func(d ir.Dim) { c.add(d, n) })
	for _, b := range op.Bodies {
		c.addFunc(b, n)
	}
}

func countSymbol(d ir.Dim, name string) int {
	for _, s := range d.Symbols() {
		if s == name {
			return 1
		}
	}
	return 0
}

// dropSymbols removes the declarations of the symbols that removed operations bound.
func dropSymbols(f *ir.Func, dead []*ir.Op) {
	gone := map[string]bool{}
	for _, op := range dead {
		for _, s := range op.Binds() {
			gone[s] = true
		}
	}
	if len(gone) == 0 {
		return
	}
	var dims []*ir.DimDecl
	for _, d := range f.Dims {
		if !gone[d.Name] {
			dims = append(dims, d)
		}
	}
	f.SetDims(dims, f.Guards)
}
