package kernel

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// differing says that a symbol differs between threads of a group, or even of a SIMD group.
func (s scope) differing(name string, inLanes bool) scope {
	s.thread = append(slices.Clip(s.thread), name)
	if inLanes {
		s.lane = append(slices.Clip(s.lane), name)
	}
	return s
}

// perThread reports expressions that may differ between threads of a group.
func (s scope) perThread(dims ...ir.Dim) bool {
	return slices.ContainsFunc(dims, func(d ir.Dim) bool {
		return slices.ContainsFunc(d.Symbols(), func(name string) bool { return slices.Contains(s.thread, name) })
	})
}

// perLane reports expressions that may differ between threads of a SIMD group. The number of a thread divided by a multiple of
// the threads of one does not.
func (s scope) perLane(dims ...ir.Dim) bool {
	return slices.ContainsFunc(dims, func(d ir.Dim) bool {
		terms, _ := d.Terms()
		return slices.ContainsFunc(terms, func(t ir.DimTerm) bool { return slices.ContainsFunc(t.Factors, s.factorPerLane) })
	})
}

func (s scope) factorPerLane(f ir.DimFactor) bool {
	switch f.Kind {
	case ir.FactorSymbol:
		return slices.Contains(s.lane, f.Name)
	case ir.FactorFloorDiv:
		name, _ := f.Args[0].IsSym()
		if by, ok := f.Args[1].IsConst(); ok && by > 0 && by%SIMDThreads == 0 && name != "" && name == s.number {
			return false
		}
	case ir.FactorRounded:
		return true
	}
	return s.perLane(f.Args...)
}

// tile checks an operation on a matrix that a SIMD group holds: its threads come together, and mean the same one.
func (v *verifier) tile(in *Instr, p place) {
	switch {
	case !p.inThread:
		v.failf("stands outside a thread loop")
	case p.apart:
		v.failf("threads of a SIMD group may not all come here: it stands in a loop or if that depends on the thread")
	case in.Buffer != nil && v.scope.perLane(in.Index, in.Stride):
		v.failf("the place may differ between threads of a SIMD group: expected an index of floor(thread/%d) at most", SIMDThreads)
	case in.Mask != nil:
		v.failf("a matrix has no mask: expected it inside an `if`")
	}
}

// boundByThread is the scope after a Bind among threads. What is loaded may differ in each of them; an index, or a constant,
// differs as what it is made of does.
func (v *verifier) boundByThread(in *Instr) scope {
	from := []ir.Dim{in.Least, in.Most}
	switch def := v.defs[in.Args[0]]; {
	case def == nil:
	case def.Op == Index:
		from = append(from, def.Index)
	case def.Op != Const:
		return v.scope.differing(in.Symbol, true)
	}
	if !v.scope.perThread(from...) {
		return v.scope
	}
	return v.scope.differing(in.Symbol, v.scope.perLane(from...))
}
