package passes

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// KVCache is the pass `kv-cache`.
func KVCache() *pass.Pass {
	p := &pass.Pass{
		Name: "kv-cache",
		Doc: "Mark the updates of states that may be written in place, such as those of key-value caches. An update of a part " +
			"that is taken out of a cache and written back becomes an update of the cache itself; so do the forms that PyTorch " +
			"gives them at its lower level. An update is marked where nobody reads the old value afterwards; the others are " +
			"reported, with the reason. Run it before fuse, which hides the patterns. Every mark is proven again after each later pass.",
	}
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		w := &cacheWrites{m: m, pass: p.Name}
		marked, all := 0, 0
		var err error
		m.AllFuncs(func(f *ir.Func) {
			if err == nil {
				err = w.simplify(f)
			}
			n, of := markInPlace(ctx, f)
			marked, all = marked+n, all+of
		})
		if err != nil {
			return err
		}
		m.DropUnusedResources()
		m.SettleLost()
		if all > 0 {
			ctx.Reportf("kv-cache: %d of %d updates happen in place", marked, all)
		}
		return nil
	}
	return p
}

// markInPlace marks the updates that are proven, in program order: an update may rest on the marks before it.
func markInPlace(ctx *pass.Context, f *ir.Func) (marked, all int) {
	var updates []*ir.Op
	for _, op := range f.Ops {
		if op.Def.Traits.Has(ir.InPlace) {
			op.MarkInPlace(false)
			updates = append(updates, op)
		}
	}
	if len(updates) == 0 {
		return 0, 0
	}
	memory := ir.NewMemory(f)
	for _, op := range updates {
		if err := memory.ProveInPlace(op); err != nil {
			ctx.Reportf("kv-cache: @%s: %s stays a copy: %v", f.Root().Name, updateText(op), err)
			continue
		}
		op.MarkInPlace(true)
		marked++
	}
	return marked, len(updates)
}

func updateText(op *ir.Op) string {
	text := op.Name()
	if name := op.Results[0].Name; name != "" {
		text += " %" + name
	}
	if !op.Loc.IsUnknown() {
		text += " (" + op.Loc.String() + ")"
	}
	return text
}

// cacheWrites rewrites updates so that they work on whole caches.
type cacheWrites struct {
	m    *ir.Module
	pass string
}

// cacheForms are tried on each operation in order; each gives the update that took its place, or nil.
var cacheForms = []func(*cacheWrites, *ir.Op) (*ir.Op, error){
	(*cacheWrites).indexPut,
	(*cacheWrites).selectScatter,
	(*cacheWrites).wholeUpdate,
	(*cacheWrites).writeBack,
}

func (w *cacheWrites) simplify(f *ir.Func) error {
	for _, op := range slices.Clone(f.Ops) {
		for _, form := range cacheForms {
			if op == nil || op.Parent() == nil {
				break // it was replaced by a value, or is dead
			}
			next, err := form(w, op)
			if err != nil {
				return err
			}
			if next != nil {
				op = next
			}
		}
	}
	return nil
}

// ofCache reports a value that is, by views and updates, one version of a state or of an input that the function updates.
func ofCache(f *ir.Func, v *ir.Value) bool {
	for v.Def != nil {
		if v.Def.Def.Traits&(ir.View|ir.InPlace) == 0 {
			return false
		}
		v = v.Def.Operands[0]
	}
	return f.Owner() == nil && f.Updates(f.Params[v.Index])
}

// replace puts a value in place of an operation's only result, hands its name and claims on, and removes what became dead.
func (w *cacheWrites) replace(op *ir.Op, v *ir.Value) {
	old := op.Results[0]
	if v.Name == "" {
		v.Name = old.Name
	}
	v.AddClaims(old.Claims...)
	old.Claims = nil
	old.ReplaceAllUses(v)
	w.eraseDead(old, v)
}

// eraseDead removes the operation that gives a value, if nobody uses it, and those that only it used.
func (w *cacheWrites) eraseDead(v, into *ir.Value) {
	work := []*ir.Value{v}
	for len(work) > 0 {
		v, work = work[len(work)-1], work[:len(work)-1]
		if v == nil || v.Def == nil || v.Def.Parent() == nil || !rewrite.Dead(v.Def) {
			continue
		}
		op := v.Def
		work = append(work, op.Operands...)
		rewrite.Lose(w.m, op, w.pass, into)
		op.Parent().Erase(op)
	}
}

// before makes a builder that puts operations before one, with the location of what they replace.
func (w *cacheWrites) before(at *ir.Op, from ...*ir.Op) *ir.Builder {
	b := ir.Before(at)
	locs := make([]*ir.Loc, len(from))
	for i, op := range from {
		locs[i] = op.Loc
	}
	b.Loc = ir.FuseLocs(locs...).By(w.pass)
	return b
}
