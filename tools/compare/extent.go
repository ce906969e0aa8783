package compare

import (
	"math"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// extents finds until which place of a call's order values may still be shown: a value in a loop until the loop ends, as a branch in it may
// be taken in a later turn, and one of a function that is called at several places until the last of these.
type extents struct{ sites []site }

// site is a place where a function is called.
type site struct {
	callee, in string
	at         int // in the order of values
	until      int // the end of the loops around it; 0 where there are none
}

// repeats reports an operation whose bodies may run more than once.
func repeats(op *ir.Op) bool {
	return len(op.Bodies) > 0 && !op.Is(core.Cond) && !op.Is(core.Kernel) && !op.Is(core.MetalKernel)
}

// call notes a call.
func (e *extents) call(callee string, f *ir.Func, at int) {
	e.sites = append(e.sites, site{callee: callee, in: f.Root().Name, at: at})
}

// loop extends values and calls of a loop to its end.
func (e *extents) loop(values []*Value, sites []site, end int) {
	for _, v := range values {
		v.Until = max(v.Until, end)
	}
	for i := range sites {
		sites[i].until = max(sites[i].until, end)
	}
}

// functions extends the values of functions to where those are called; root names the function of a value.
func (e *extents) functions(values []*Value, root func(*Value) string) {
	calls := map[string][]site{}
	for _, s := range e.sites {
		calls[s.callee] = append(calls[s.callee], s)
	}
	known := map[string]int{}
	var until func(fn string) int
	until = func(fn string) int {
		if n, ok := known[fn]; ok {
			return n
		}
		known[fn] = math.MaxInt // of one that calls itself, which the verifier refuses
		last := 0
		for i, s := range calls[fn] {
			last = max(last, s.until, until(s.in))
			if i > 0 {
				last = max(last, s.at)
			}
		}
		known[fn] = last
		return last
	}
	for _, v := range values {
		v.Until = max(v.Until, until(root(v)))
	}
}
