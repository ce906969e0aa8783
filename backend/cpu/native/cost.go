package native

import (
	"github.com/aiopt/aiopt/backend/kernel"
)

// The costs below are rough: they only decide what is worth sharing between threads. Nanoseconds a vector instruction.
const (
	simpleCost = 0.3
	mathCost   = 4
	serialWork = 20_000.0 // ns; below this, waking a thread costs more than it saves
)

// costOf estimates the nanoseconds that a kernel takes on one thread, for sizes of a call.
func costOf(k *kernel.Kernel, size func(string) (int64, bool)) float64 {
	return blockCost(k.Body, size, map[string]int64{})
}

func blockCost(b *kernel.Block, size func(string) (int64, bool), vars map[string]int64) float64 {
	sum := 0.0
	for _, in := range b.Instrs {
		switch {
		case in.Op == kernel.LoopInstr:
			sum += loopCost(in.Loop, size, vars)
		case in.Op == kernel.IfInstr:
			sum += blockCost(in.If.Then, size, vars)
		case in.Op == kernel.Bind: // what a symbol can be at most stands for it
			if n, err := in.Most.Eval(within(size, vars)); err == nil {
				vars[in.Symbol] = n
			}
		case in.Op >= kernel.Sqrt && in.Op <= kernel.Erf:
			sum += mathCost
		case in.Op != kernel.Const:
			sum += simpleCost
		}
	}
	return sum
}

// loopCost takes the first round for all of them.
func loopCost(l *kernel.Loop, size func(string) (int64, bool), vars map[string]int64) float64 {
	n, err := l.Extent.Eval(within(size, vars))
	if err != nil {
		n = l.Step // an extent that depends on loaded numbers
	}
	if n <= 0 {
		return 0
	}
	vars[l.Var] = 0
	return blockCost(l.Body, size, vars) * float64((n+l.Step-1)/l.Step)
}

// within gives the values of index symbols besides the sizes of the call.
func within(size func(string) (int64, bool), vars map[string]int64) func(string) (int64, bool) {
	return func(name string) (int64, bool) {
		if at, ok := vars[name]; ok {
			return at, true
		}
		return size(name)
	}
}
