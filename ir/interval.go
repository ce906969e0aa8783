package ir

import (
	"math"
	"slices"
)

// Interval holds every value from Lo to Hi. As Lo, math.MinInt64 is minus infinity and everything else,
// math.MaxInt64 included, a number; as Hi, math.MaxInt64 is plus infinity and everything else a number.
type Interval struct{ Lo, Hi int64 }

// Anything is the interval of what nothing is known of.
func Anything() Interval { return Interval{math.MinInt64, math.MaxInt64} }

// dimAddLow adds lower ends, rounding down where the sum does not fit.
func dimAddLow(a, b int64) int64 {
	if a == math.MinInt64 || b == math.MinInt64 {
		return math.MinInt64
	}
	s, ok := dimAddInt(a, b)
	if !ok && a > 0 {
		return math.MaxInt64
	}
	if !ok {
		return math.MinInt64
	}
	return s
}

// Add is the interval of sums.
func (i Interval) Add(j Interval) Interval {
	return Interval{dimAddLow(i.Lo, j.Lo), dimNegate(dimAddLow(dimNegate(i.Hi), dimNegate(j.Hi)))}
}

// dimNegate turns an upper end into a lower one and back: the infinities swap, other ends change their sign.
func dimNegate(a int64) int64 {
	switch a {
	case math.MinInt64:
		return math.MaxInt64
	case math.MaxInt64:
		return math.MinInt64
	}
	return -a
}

// Mul is the interval of products. Corners saturate to the infinities; that of an upper end, which is then a
// number, to one that every such product is below.
func (i Interval) Mul(j Interval) Interval {
	corner := func(a, b int64) int64 {
		switch p, ok := dimMulInt(max(a, -math.MaxInt64), max(b, -math.MaxInt64)); {
		case a == 0 || b == 0:
			return 0
		case ok && dimAbs(a) < math.MaxInt64 && dimAbs(b) < math.MaxInt64:
			return p
		case (a < 0) == (b < 0):
			return math.MaxInt64
		}
		return math.MinInt64
	}
	corners := []int64{corner(i.Lo, j.Lo), corner(i.Lo, j.Hi), corner(i.Hi, j.Lo), corner(i.Hi, j.Hi)}
	return Interval{slices.Min(corners), max(slices.Max(corners), -math.MaxInt64)}
}

// FloorDiv is the interval of floor(x/y) for y of at least 1.
func (i Interval) FloorDiv(j Interval) Interval {
	j.Lo = max(j.Lo, 1)
	j.Hi = max(j.Hi, j.Lo)
	out := i
	if i.Lo != math.MinInt64 {
		out.Lo = min(dimFloor(i.Lo, j.Lo), dimFloor(i.Lo, j.Hi))
	}
	if i.Hi == math.MinInt64 {
		out.Hi = -1
	} else if i.Hi != math.MaxInt64 {
		out.Hi = max(dimFloor(i.Hi, j.Lo), dimFloor(i.Hi, j.Hi))
	}
	return out
}

// Min is the interval of the lesser of two numbers.
func (i Interval) Min(j Interval) Interval { return Interval{min(i.Lo, j.Lo), min(i.Hi, j.Hi)} }

// Max is the interval of the greater of two numbers.
func (i Interval) Max(j Interval) Interval { return Interval{max(i.Lo, j.Lo), max(i.Hi, j.Hi)} }
