package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// Pattern rewrites one kind of operation.
type Pattern struct {
	Name string
	Root *ir.OpDef // the operation to try it on; nil for every operation
	// Apply tries to rewrite op and reports whether it did. It builds with rw, then calls rw.Replace.
	Apply func(rw *Rewriter, op *ir.Op) bool
}

// Rewriter builds what a pattern puts in place of an operation.
type Rewriter struct {
	Module *ir.Module
	Pass   string // the name that new operations carry in their location

	root    *ir.Op
	queue   []*ir.Op
	queued  map[*ir.Op]bool
	into    map[*ir.Op]*ir.Value // for an operation that died: what was put in place of its user
	changes map[string]int
}

// failure carries an error of the builder through a pattern.
type failure struct{ err error }

// Build makes an operation before the one being rewritten, at its location, and gives its first result.
func (rw *Rewriter) Build(def *ir.OpDef, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	return rw.built(rw.builder().Build(def, attrs, operands...))
}

// Typed is Build for an operation whose result type is stated.
func (rw *Rewriter) Typed(def *ir.OpDef, attrs ir.Attrs, t ir.Type, operands ...*ir.Value) *ir.Value {
	return rw.built(rw.builder().BuildTyped(def, attrs, []ir.Type{t}, operands...))
}

func (rw *Rewriter) builder() *ir.Builder {
	b := ir.Before(rw.root)
	b.Loc = rw.root.Loc.By(rw.Pass)
	return b
}

func (rw *Rewriter) built(op *ir.Op, err error) *ir.Value {
	if err != nil {
		panic(failure{err})
	}
	rw.enqueue(op)
	return op.Results[0]
}

// Replace puts values in place of an operation's results and removes it. A value without a name takes the old one's, and
// every value takes over its claims.
func (rw *Rewriter) Replace(op *ir.Op, values ...*ir.Value) {
	for i, r := range op.Results {
		v := values[i]
		if v == r {
			continue
		}
		for _, u := range r.Uses() {
			rw.enqueue(u.Op)
		}
		if v.Name == "" {
			v.Name = r.Name
		}
		v.AddClaims(r.Claims...)
		r.Claims = nil
		r.ReplaceAllUses(v)
	}
	for _, o := range op.Operands {
		if o != nil && o.Def != nil {
			rw.into[o.Def] = values[0]
			rw.enqueue(o.Def)
		}
	}
	op.Parent().Erase(op)
}

func (rw *Rewriter) enqueue(op *ir.Op) {
	if !rw.queued[op] {
		rw.queued[op] = true
		rw.queue = append(rw.queue, op)
	}
}

// maxPerOp bounds how often patterns may rewrite, for each operation that there was.
const maxPerOp = 20

// Run applies patterns to every function and body until none matches, and removes operations that nobody uses.
func Run(m *ir.Module, pass string, patterns []Pattern) (changed bool, err error) {
	byRoot := map[*ir.OpDef][]Pattern{}
	var general []Pattern
	for _, p := range patterns {
		if p.Root == nil {
			general = append(general, p)
		} else {
			byRoot[p.Root] = append(byRoot[p.Root], p)
		}
	}
	rw := &Rewriter{Module: m, Pass: pass, queued: map[*ir.Op]bool{}, into: map[*ir.Op]*ir.Value{}, changes: map[string]int{}}
	m.Walk(rw.enqueue)
	limit := maxPerOp*len(rw.queue) + 1000
	for at := 0; at < len(rw.queue); at++ {
		op := rw.queue[at]
		rw.queued[op] = false
		if op.Parent() == nil {
			continue // erased meanwhile
		}
		if Dead(op) {
			rw.erase(op)
			changed = true
			continue
		}
		for _, p := range append(slices.Clip(byRoot[op.Def]), general...) {
			done, err := rw.try(p, op)
			if err != nil {
				return changed, fmt.Errorf("pattern %s on %s (%s): %w", p.Name, op.Name(), op.Loc, err)
			}
			if done {
				changed = true
				if rw.changes[p.Name]++; rw.total() > limit {
					return changed, fmt.Errorf("the patterns do not come to an end; they rewrote: %s", rw.counts(patterns))
				}
				break
			}
		}
	}
	return changed, nil
}

func (rw *Rewriter) try(p Pattern, op *ir.Op) (done bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			f, ok := v.(failure)
			if !ok {
				panic(v)
			}
			err = f.err
		}
	}()
	rw.root = op
	return p.Apply(rw, op), nil
}

func (rw *Rewriter) total() int {
	n := 0
	for _, c := range rw.changes {
		n += c
	}
	return n
}

func (rw *Rewriter) counts(patterns []Pattern) string {
	var list []string
	for _, p := range patterns {
		if n := rw.changes[p.Name]; n > 0 {
			list = append(list, fmt.Sprintf("%s %d times", p.Name, n))
		}
	}
	return strings.Join(list, ", ")
}

// Dead reports an operation that can be removed: nobody uses its results, and it neither returns nor binds a symbol.
func Dead(op *ir.Op) bool {
	if op.Def.Traits.Has(ir.Terminator) || len(op.Binds()) > 0 {
		return false
	}
	return !slices.ContainsFunc(op.Results, (*ir.Value).Used)
}

func (rw *Rewriter) erase(op *ir.Op) {
	into := rw.into[op]
	for range farthest { // what it went into may have gone on since
		if into == nil || into.Used() || rw.into[into.Def] == nil {
			break
		}
		into = rw.into[into.Def]
	}
	for _, o := range op.Operands {
		if o != nil && o.Def != nil {
			rw.into[o.Def] = into
			rw.enqueue(o.Def)
		}
	}
	Lose(rw.Module, op, rw.Pass, into)
	op.Parent().Erase(op)
}

// farthest is how many operations away the place is looked for that a value went into.
const farthest = 64

// place is the name of a value, or of the next one with a name that is computed from it.
func place(v *ir.Value) string {
	for range farthest {
		if v.Name != "" || !v.Used() {
			break
		}
		op := v.Uses()[0].Op
		if len(op.Results) == 0 {
			break
		}
		v = op.Results[0]
	}
	return v.Name
}

// Lose records that the claims of an operation's results, and of what is in its bodies, are gone, because a pass removed the operation. into is the
// value that the computation went into, or nil. Claims that other values still make are sorted out by
// ir.Module.SettleLost.
func Lose(m *ir.Module, op *ir.Op, pass string, into *ir.Value) {
	lose := func(v *ir.Value) {
		for _, c := range v.Claims {
			l := ir.Lost{Tensor: c.Tensor, Pass: pass, Func: op.Parent().Root().Name}
			if into != nil {
				l.Into = place(into)
			}
			m.Lost = append(m.Lost, l)
		}
	}
	for _, r := range op.Results {
		lose(r)
	}
	for _, b := range op.Bodies {
		b.WithBodies(func(f *ir.Func) {
			for _, p := range f.Params {
				lose(p.Value)
			}
			for _, o := range f.Ops {
				for _, r := range o.Results {
					lose(r)
				}
			}
		})
	}
}
