package ir

import (
	"fmt"
	"math"
	"math/big"
	"sort"
)

// dimRounding is how a float becomes a size.
type dimRounding uint8

const (
	dimTrunc dimRounding = iota
	dimFloorOf
	dimCeil
	dimRound // to the nearest, halves to the even one
)

// dimRoundings has, for each rounding, its name, its function, the rounding of -x that gives -result, and by how much
// the result may be below and above x.
var dimRoundings = [...]struct {
	name         string
	apply        func(float64) float64
	mirror       dimRounding
	below, above float64
}{
	dimTrunc:   {"trunc", math.Trunc, dimTrunc, 1, 1},
	dimFloorOf: {"floor", math.Floor, dimCeil, 1, 0},
	dimCeil:    {"ceil", math.Ceil, dimFloorOf, 0, 1},
	dimRound:   {"round", math.RoundToEven, dimRound, 1, 1},
}

func (r dimRounding) String() string { return dimRoundings[r].name }

// dimRoundingNamed finds a rounding by its name.
func dimRoundingNamed(name string) (dimRounding, bool) {
	for i, r := range dimRoundings {
		if r.name == name {
			return dimRounding(i), true
		}
	}
	return 0, false
}

// dimRoundFloat is the canonical rounding of a float expression. One that has an integer form is that: a size stays
// itself, and the floor of 0.5*S is S//2.
func dimRoundFloat(r dimRounding, f *dimFloat) Dim {
	if f.err != nil {
		return dimInvalid(f.err)
	}
	if f.op == dimFloatConst {
		v := dimRoundings[r].apply(f.value)
		if math.Abs(v) >= math.MaxInt64 {
			return dimOverflow("%v(%s)", r, f.text)
		}
		return Const(int64(v))
	}
	if f.negative() {
		return dimRoundFloat(dimRoundings[r].mirror, f.neg()).Neg()
	}
	if d, ok := f.integral(); ok {
		return d
	}
	if num, den, ok := f.fraction(); ok && r == dimFloorOf {
		return num.FloorDiv(den)
	} else if ok && r == dimCeil {
		return num.Neg().FloorDiv(den).Neg()
	}
	return dimNewAtom(&dimAtom{kind: dimRounded, args: f.leaves(nil), rounding: r, float: f, text: r.String() + "(" + f.text + ")"})
}

// dimTruncPositive is trunc of a float of at least 0: the integer form of its floor, or trunc where that has none.
func dimTruncPositive(f *dimFloat) Dim {
	floor := dimRoundFloat(dimFloorOf, f)
	if a := floor.atom(); floor.Err() != nil || a != nil && a.kind == dimRounded {
		return dimRoundFloat(dimTrunc, f)
	}
	return floor
}

// fraction gives f as num/den with an integer den > 0, where f lies on the same side of every integer as that: f is
// exact, or one quotient of integers, which is rounded once.
func (f *dimFloat) fraction() (num, den Dim, ok bool) {
	const limit = 1 << 10
	switch {
	case f.op == dimFloatDiv && f.left.op == dimFloatLeaf && f.right.op == dimFloatConst:
		den, ok = f.right.integral()
		return f.left.arg, den, ok
	case f.op == dimFloatMul && f.left.op == dimFloatConst && f.right.op == dimFloatLeaf:
		r := new(big.Rat).SetFloat64(f.left.value)
		if r.Num().IsInt64() && dimAbs(r.Num().Int64()) <= limit && r.Denom().IsInt64() && r.Denom().Int64() <= limit*limit {
			return f.right.arg.scale(r.Num().Int64()), Const(r.Denom().Int64()), true
		}
	}
	return Dim{}, Dim{}, false
}

// mapRounded rebuilds the atom with f applied to its sizes.
func (a *dimAtom) mapRounded(f func(Dim) Dim) Dim {
	changed := false
	float := a.float.mapLeaves(func(d Dim) Dim {
		by := f(d)
		changed = changed || by.x != d.x || by.c != d.c
		return by
	})
	if !changed {
		return Dim{x: a.alone}
	}
	return dimRoundFloat(a.rounding, float)
}

// evalRounded rounds the float that the values of its sizes give.
func (a *dimAtom) evalRounded(value func(Dim) (float64, error)) (int64, error) {
	leaves := make([]float64, len(a.args))
	for i, arg := range a.args {
		var err error
		if leaves[i], err = value(arg); err != nil {
			return 0, err
		}
	}
	v := dimRoundings[a.rounding].apply(a.float.eval(&leaves))
	if math.IsNaN(v) || math.Abs(v) >= math.MaxInt64 {
		return 0, fmt.Errorf("dimension %s is %v, which does not fit into 64 bits", a.text, v)
	}
	return int64(v), nil
}

// roundedInterval bounds a rounding by the intervals of its sizes.
func (a *dimAtom) roundedInterval(of func(Dim) Interval) Interval {
	x := a.float.interval(of)
	lo, hi := dimRoundings[a.rounding].apply(x.lo), dimRoundings[a.rounding].apply(x.hi)
	out := Anything()
	switch {
	case lo >= math.MaxInt64:
		out.Lo = math.MaxInt64
	case lo > math.MinInt64:
		out.Lo = int64(lo)
	}
	switch {
	case hi <= -math.MaxInt64:
		out.Hi = -math.MaxInt64
	case hi < math.MaxInt64:
		out.Hi = int64(hi)
	}
	return out
}

// roundingFacts are what a rounding p of slope*x + offset gives for x >= 0, as linear sums with the slope widened to a
// fraction of few digits, which also covers the roundings on the way.
func (s *dimSearch) roundingFacts(p *dimAtom) []Dim {
	const scale, slack, limit = 1 << 12, 1.0 / (1 << 40), 1 << 30
	slope, offset, x, ok := p.float.linear()
	if !ok || slope < 1.0/limit || slope > limit || math.Abs(offset) > limit || s.interval(x).Lo < 0 {
		return nil
	}
	below, above := dimRoundings[p.rounding].below, dimRoundings[p.rounding].above
	if p.rounding == dimTrunc && p.float.interval(s.interval).lo >= 0 {
		above = 0
	}
	wide := math.Abs(offset) * slack
	up := x.scale(int64(math.Ceil(slope * (1 + slack) * scale))).Add(Const(int64(math.Ceil((offset + wide + above) * scale))))
	down := x.scale(int64(math.Floor(slope * (1 - slack) * scale))).Add(Const(int64(math.Floor((offset - wide - below) * scale))))
	times := Dim{x: p.alone}.scale(scale)
	return []Dim{up.Sub(times), times.Sub(down)}
}

// roundedLimit finds the least (or greatest) value of the one symbol in a rounding that makes it at least (at most) bound,
// where it is from 0 to 2^53 and the rounding grows with it. The greatest is -1 where even 0 gives too much.
func (a *dimAtom) roundedLimit(bound int64, least bool) (symbol string, at int64, ok bool) {
	_, _, size, linear := a.float.linear()
	symbol, single := size.IsSym()
	if !linear || !single || dimAbs(bound) > dimExactFloat {
		return "", 0, false
	}
	beyond := sort.Search(dimExactFloat, func(n int) bool {
		v := dimRoundings[a.rounding].apply(a.float.eval(&[]float64{float64(n)}))
		return v > float64(bound) || least && v == float64(bound)
	})
	if least {
		return symbol, int64(beyond), beyond > 0 // a negative value may do where 0 does
	}
	return symbol, int64(beyond) - 1, beyond < dimExactFloat
}
