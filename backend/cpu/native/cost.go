package native

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// The costs below are rough: they only decide what is worth sharing between threads. Nanoseconds a vector instruction.
const (
	simpleCost = 0.3
	mathCost   = 4
	serialWork = 20_000.0 // ns; below this, waking a thread costs more than it saves
)

// effort is what a block of code takes: nanoseconds, and what depends on the sizes of a call beside them. It is noted with plans.
type effort struct {
	Flat float64
	Rest []effortPart `json:",omitempty"`
}

// effortPart is a symbol that is bound, which stands for the most that it can be, or a loop.
type effortPart struct {
	Symbol string
	Most   ir.Dim  // of a bound symbol; a loop's extent
	Step   int64   `json:",omitempty"` // of a loop
	Body   *effort `json:",omitempty"` // of a loop; nil: a symbol is bound
}

// effortOf sums a kernel up, so that its cost is soon known for any sizes.
func effortOf(b *kernel.Block) *effort {
	e := &effort{}
	for _, in := range b.Instrs {
		switch {
		case in.Op == kernel.LoopInstr:
			e.loop(in.Loop)
		case in.Op == kernel.IfInstr:
			then := effortOf(in.If.Then)
			e.Flat, e.Rest = e.Flat+then.Flat, append(e.Rest, then.Rest...)
		case in.Op == kernel.Bind:
			e.Rest = append(e.Rest, effortPart{Symbol: in.Symbol, Most: in.Most})
		case in.Op >= kernel.Sqrt && in.Op <= kernel.Erf:
			e.Flat += mathCost
		case in.Op != kernel.Const:
			e.Flat += simpleCost
		}
	}
	if !slices.ContainsFunc(e.Rest, func(p effortPart) bool { return p.Body != nil }) {
		e.Rest = nil // nothing depends on the symbols
	}
	return e
}

func (e *effort) loop(l *kernel.Loop) {
	body := effortOf(l.Body)
	if n, ok := l.Extent.IsConst(); ok && len(body.Rest) == 0 {
		e.Flat += body.Flat * rounds(n, l.Step)
		return
	}
	e.Rest = append(e.Rest, effortPart{Symbol: l.Var, Most: l.Extent, Step: l.Step, Body: body})
}

func rounds(extent, step int64) float64 { return float64((max(extent, 0) + step - 1) / step) }

// cost estimates the nanoseconds on one thread, for sizes of a call.
func (e *effort) cost(size func(string) (int64, bool)) float64 {
	if len(e.Rest) == 0 {
		return e.Flat
	}
	c := costing{size: size}
	return c.of(e)
}

// costing is the state of cost: sizes, and the values that stand for symbols of the kernel.
type costing struct {
	size func(string) (int64, bool)
	vars []costVar
}

type costVar struct {
	name string
	at   int64
}

func (c *costing) get(name string) (int64, bool) {
	for i := len(c.vars) - 1; i >= 0; i-- {
		if c.vars[i].name == name {
			return c.vars[i].at, true
		}
	}
	return c.size(name)
}

func (c *costing) of(e *effort) float64 {
	sum, known := e.Flat, len(c.vars)
	for _, p := range e.Rest {
		n, err := p.Most.Eval(c.get)
		switch {
		case p.Body == nil && err == nil:
			c.vars = append(c.vars, costVar{p.Symbol, n})
		case p.Body != nil:
			if err != nil {
				n = p.Step // an extent that depends on loaded numbers
			}
			if n > 0 { // the first round stands for all of them
				c.vars = append(c.vars, costVar{p.Symbol, 0})
				sum += c.of(p.Body) * rounds(n, p.Step)
			}
		}
	}
	c.vars = c.vars[:known]
	return sum
}
