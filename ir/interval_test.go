package ir

import (
	"math"
	"testing"
)

// TestIntervals holds intervals against all numbers in them, and those without an end against some large ones.
func TestIntervals(t *testing.T) {
	var all []Interval
	for lo := int64(-6); lo <= 6; lo += 2 {
		all = append(all, Interval{lo, lo}, Interval{lo, lo + 3}, Interval{lo, math.MaxInt64}, Interval{math.MinInt64, lo})
	}
	all = append(all, Anything())
	numbers := func(i Interval) (list []int64) {
		for n := max(i.Lo, -90); n <= min(i.Hi, 90); n++ {
			if n == i.Lo || n == i.Hi || n%7 == 0 || n > -9 && n < 9 {
				list = append(list, n)
			}
		}
		return list
	}
	for _, op := range []struct {
		name string
		of   func(a, b Interval) Interval
		one  func(a, b int64) int64
	}{
		{"+", Interval.Add, func(a, b int64) int64 { return a + b }},
		{"*", Interval.Mul, func(a, b int64) int64 { return a * b }},
		{"//", Interval.FloorDiv, dimFloor},
		{"min", Interval.Min, func(a, b int64) int64 { return min(a, b) }},
		{"max", Interval.Max, func(a, b int64) int64 { return max(a, b) }},
	} {
		for _, a := range all {
			for _, b := range all {
				if op.name == "//" && b.Lo < 1 {
					continue
				}
				got := op.of(a, b)
				for _, x := range numbers(a) {
					for _, y := range numbers(b) {
						if n := op.one(x, y); n < got.Lo || n > got.Hi {
							t.Errorf("%v %s %v is %v, which %d %s %d = %d is not in", a, op.name, b, got, x, op.name, y, n)
						}
					}
				}
			}
		}
	}
}
