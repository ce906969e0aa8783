package backend

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// LargestLiveSet is the most bytes that results of a function's operations take at a time: from the operation that gives them
// to the last one that reads them. Constants, states and what the function returns take none of it. An engine needs that much
// memory at least; size gives the bytes of a value.
func LargestLiveSet(f *ir.Func, size func(*ir.Value) int64) int64 {
	last := map[*ir.Value]int{}
	for i, op := range f.Ops {
		for _, v := range op.Operands {
			last[v] = i
		}
	}
	for i := len(f.Ops) - 1; i >= 0; i-- {
		if op := f.Ops[i]; op.Def.Traits&(ir.View|ir.Cheap) != 0 && len(op.Operands) > 0 { // what it shows lives as long
			last[op.Operands[0]] = max(last[op.Operands[0]], last[op.Results[0]])
		}
	}
	var live, most int64
	ends := make([]int64, len(f.Ops)+1)
	for i, op := range f.Ops {
		for _, r := range op.Results {
			if op.Is(core.Constant) || op.Def.Traits.Has(ir.InPlace) || slices.Contains(f.Returns(), r) {
				continue
			}
			n := size(r)
			live += n
			ends[max(last[r], i)] += n
		}
		most = max(most, live)
		live -= ends[i]
	}
	return most
}
