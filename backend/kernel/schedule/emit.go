package schedule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// emitter builds the values of a group.
type emitter struct {
	*kernel.Builder
	g      *Group
	target Target
	lanes  int
	tables tables

	buffers []*kernel.Buffer // of the parameters
	status  *kernel.Buffer   // where kernels tell of indices out of range and divisions by zero; nil until it is needed

	conds  []cond                                             // what holds for the lanes that count
	vars   []string                                           // variables of the loops around
	scope  *ir.DimScope                                       // what is known in the loops and branches around
	beside int                                                // how many vectors lie side by side from the one that is emitted on; at most 1: it alone
	bound  map[*ir.Value]func(p point) (*kernel.Value, error) // values that a schedule makes itself
	cache  []map[string]*kernel.Value                         // what has been emitted, a map for each block around
	ids    map[*ir.Value]int                                  // numbers for the keys of cache
	tile   *tile                                              // the square whose first row is emitted
	outer  int                                                // while looking for what can be hoisted: the number of variables that it may depend on
	hoists *[]request                                         // and what was found; nil otherwise
	loops  []string                                           // variables of loops of more than one round: what is heavy depends on all of them, or is hoisted
	trial  bool                                               // what is built is taken back
	checks bool                                               // every access is masked by its own bounds, where no proof is found
	crew   *crew                                              // threads of a GPU that share a row; nil otherwise
	kept   []keptRow                                          // values that a reduction has stored in passing
}

// cond says that for a lane that counts, at + step*lane lies in least..most.
type cond struct{ at, step, least, most ir.Dim }

func (c cond) String() string {
	return fmt.Sprintf("%s+%s in %s..%s;", c.at, c.step, c.least, c.most)
}

// request is a value at a place under conditions.
type request struct {
	v      *ir.Value
	p      point
	conds  []cond
	beside int
}

// valueFunc computes an elementwise operation from its operands' lanes, which are in the types of computeElem.
type valueFunc func(e *emitter, op *ir.Op, args []*kernel.Value) (*kernel.Value, error)

// pointFunc computes any operation at a place.
type pointFunc func(e *emitter, op *ir.Op, p point) (*kernel.Value, error)

// tables say how each operation is emitted.
type tables struct {
	values map[*ir.OpDef]valueFunc
	points map[*ir.OpDef]pointFunc
	exact  map[*ir.OpDef]bool // what they give is among the numbers of their operands, or of their type anyhow
}

func newEmitter(g *Group, t Target, lanes int) *emitter {
	e := &emitter{Builder: kernel.NewBuilder(g.Name), g: g, target: t, lanes: lanes, tables: allTables(t),
		bound: map[*ir.Value]func(point) (*kernel.Value, error){}, ids: map[*ir.Value]int{}, scope: g.sizes()}
	e.VerifyBy(func(k *kernel.Kernel) error { return t.verify(k, g.effort) })
	e.Know(g.decls, g.guards)
	e.cache = []map[string]*kernel.Value{{}}
	for i, p := range g.Params {
		e.buffers = append(e.buffers, e.Input(fmt.Sprintf("x%d", i), storageElem(p.Type.Elem), storageLen(p.Type)).As(kernel.Operand, i))
		e.ids[p] = len(e.ids)
	}
	for _, op := range g.Body {
		for _, r := range op.Results {
			e.ids[r] = len(e.ids)
		}
	}
	return e
}

// reason is an error that says why something cannot be emitted.
func reason(op *ir.Op, format string, args ...any) error {
	return fmt.Errorf("%s: %s", op.Name(), fmt.Sprintf(format, args...))
}

// value emits a value of the body at a place: a vector, or one number where all lanes are at one place.
func (e *emitter) value(v *ir.Value, p point) (*kernel.Value, error) {
	p = e.simplified(p)
	conds := e.relevant(p)
	key := e.key(v, p, conds)
	for i := len(e.cache) - 1; i >= 0; i-- {
		if have := e.cache[i][key]; have != nil {
			return have, nil
		}
	}
	record := e.hoists
	if record != nil && e.independent(p, conds) {
		*record = append(*record, request{v, p, conds, e.beside})
		e.hoists = nil
	}
	made, err := e.make(v, p, conds)
	e.hoists = record
	if err != nil {
		return nil, err
	}
	e.cache[len(e.cache)-1][key] = made
	return made, nil
}

// simplified uses the ranges of loop variables on places that are quotients: i//8 is 0 where i is below 8.
func (e *emitter) simplified(p point) point {
	q := p
	for i := range p {
		if !strings.Contains(p[i].at.String(), "//") {
			continue
		}
		q = slices.Clone(q)
		q[i].at = e.scope.Simplify(p[i].at)
	}
	return q
}

// env says what is known of sizes and of the loops and branches around.
func (e *emitter) env() *ir.DimEnv { return e.scope.Env() }

// relevant are the conditions that can matter at a place: where all lanes are at one, those that are the same for all.
func (e *emitter) relevant(p point) []cond {
	if !p.uniform() {
		return e.conds
	}
	var same []cond
	for _, c := range e.conds {
		if isZero(c.step) {
			same = append(same, c)
		}
	}
	return same
}

func (e *emitter) key(v *ir.Value, p point, conds []cond) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d|%s|", e.ids[v], p)
	for _, c := range conds {
		b.WriteString(c.String())
	}
	return b.String()
}

// independent reports that a value can be computed outside the loops that are looked into.
func (e *emitter) independent(p point, conds []cond) bool {
	inner := e.vars[e.outer:]
	if p.mentions(inner) {
		return false
	}
	for _, c := range conds {
		if mentions(inner, c.at, c.step, c.least, c.most) {
			return false
		}
	}
	return true
}

func (e *emitter) make(v *ir.Value, p point, conds []cond) (*kernel.Value, error) {
	outer := e.conds
	e.conds = conds
	defer func() { e.conds = outer }()
	if f := e.bound[v]; f != nil {
		return f(p)
	}
	if v.Def == nil {
		return e.loadParam(v, p)
	}
	if have := e.fromRow(v, p); have != nil {
		return have, nil
	}
	made, err := e.compute(v, p)
	if err != nil || e.tables.exact[v.Def.Def] {
		return made, err
	}
	return e.rounded(made, v.Type.Elem), nil
}

// compute emits what the operation of a value gives, not yet rounded.
func (e *emitter) compute(v *ir.Value, p point) (*kernel.Value, error) {
	if f := e.tables.points[v.Def.Def]; f != nil {
		return f(e, v.Def, p)
	}
	f := e.tables.values[v.Def.Def]
	if f == nil {
		return nil, reason(v.Def, "has no emitter")
	}
	args, err := e.operands(v.Def, p)
	if err != nil {
		return nil, err
	}
	for _, t := range append([]*ir.Value{v}, v.Def.Operands...) {
		if err := computable(v.Def, t.Type.Elem); err != nil {
			return nil, err
		}
	}
	return f(e, v.Def, args)
}

// operands emits the operands of an elementwise operation, broadcast, all with as many lanes as the widest.
func (e *emitter) operands(op *ir.Op, p point) ([]*kernel.Value, error) {
	var args []*kernel.Value
	for _, v := range op.Operands {
		q, err := p.broadcast(e.g.env, op.Results[0].Type.Shape, v.Type.Shape)
		if err != nil {
			return nil, err
		}
		a, err := e.value(v, q)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
	}
	e.level(args)
	return args, nil
}

// under emits with one more condition.
func (e *emitter) under(c cond, body func() error) error {
	outer := e.conds
	e.conds = append(outer[:len(outer):len(outer)], c)
	defer func() { e.conds = outer }()
	return body()
}

// scoped runs body, whose values and index symbols are not seen after it.
func (e *emitter) scoped(body func() error) error {
	cache, vars, loops, kept := len(e.cache), len(e.vars), len(e.loops), len(e.kept)
	scope := e.scope
	e.cache = append(e.cache, map[string]*kernel.Value{})
	err := body()
	e.cache, e.vars, e.loops = e.cache[:cache], e.vars[:vars], e.loops[:loops]
	e.kept = e.kept[:kept]
	e.scope = scope
	return err
}

// loop builds a loop over 0 ... extent-1 whose body may fail.
func (e *emitter) loop(kind kernel.LoopKind, name string, extent ir.Dim, init []*kernel.Value, body func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	switch {
	case kind == kernel.Serial && isOne(extent):
		return body(zero, init)
	case kind == kernel.Parallel && e.target.gpu():
		return nil, e.spreadOver([]axis{{name: name, extent: extent}}, func(at []ir.Dim) error {
			_, err := body(at[0], nil)
			return err
		})
	}
	var err error
	got := e.Loop(kind, name, extent, 1, init, func(i ir.Dim, acc []*kernel.Value) []*kernel.Value {
		next := acc
		err = e.scoped(func() error {
			e.vars = append(e.vars, i.Symbols()...)
			e.ranging(i, extent)
			if !isOne(extent) {
				e.loops = append(e.loops, i.Symbols()...)
			}
			made, err := body(i, acc)
			if err == nil {
				next = made
			}
			return err
		})
		return next
	})
	return got, err
}

// branch builds an if whose body may fail.
func (e *emitter) branch(holds ir.Cond, body func() error) error {
	var err error
	e.If(holds, func() {
		err = e.scoped(func() error {
			e.scope = e.scope.With(nil, ir.Guard{Any: []ir.Cond{holds}})
			return body()
		})
	})
	return err
}

// ranging tells of a variable in 0 ... extent-1.
func (e *emitter) ranging(i, extent ir.Dim) {
	below := ir.Cond{Left: i, Rel: ir.RelLT, Right: extent}
	e.scope = e.scope.With(&ir.DimDecl{Name: i.String(), Max: ir.Unbounded}, ir.Guard{Any: []ir.Cond{below}})
}

// try runs body and takes back what it built.
func (e *emitter) try(body func() error) error {
	status, trial := e.status, e.trial
	e.trial = true
	err := e.Try(func() error { return e.scoped(body) })
	e.status, e.trial = status, trial
	return err
}

// hoist emits here what body, which builds loops, would compute again in every round of them.
func (e *emitter) hoist(body func() error) error {
	if e.trial {
		return nil // what is tried is built later
	}
	var found []request
	outer := e.outer
	err := e.try(func() error {
		e.hoists, e.outer = &found, len(e.vars)
		return body()
	})
	e.hoists, e.outer = nil, outer
	conds, beside := e.conds, e.beside
	for _, r := range found {
		if err != nil {
			break
		}
		e.conds, e.beside = r.conds, r.beside
		_, err = e.value(r.v, r.p)
	}
	e.conds, e.beside = conds, beside
	return err
}

// tell sets the status where the number is not 0.
func (e *emitter) tell(found *kernel.Value) {
	e.Bind(found, "fault", zero, zero, e.statusBuffer())
}

func (e *emitter) statusBuffer() *kernel.Buffer {
	if e.status == nil {
		e.status = e.Buffer("status", host.I32, one, kernel.Global, kernel.Write).As(kernel.Status, 0)
	}
	return e.status
}
