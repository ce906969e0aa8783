package host

import (
	"math"
	"testing"
)

// asElem is x as an element type has it.
func asElem(t *testing.T, x float64, e Elem) float64 {
	t.Helper()
	from, err := FromValues(F64, []int{1}, []float64{x})
	if err != nil {
		t.Fatal(err)
	}
	to := New(e, 1)
	if err := Cast(Serial, to, from); err != nil {
		t.Fatal(err)
	}
	return FloatAt(to, 0)
}

// The limits are held against the conversions: the greatest number is kept and twice as much is not, and between 1 and
// 1 + epsilon there is no number.
func TestLimits(t *testing.T) {
	for _, e := range Elems() {
		least, most := e.Range()
		eps, isFloat := e.Epsilon()
		if isFloat != e.IsFloat() {
			t.Errorf("%s has an epsilon: %v", e, isFloat)
		}
		if !e.IsFloat() && !e.IsInt() {
			if least != 0 || most != 0 {
				t.Errorf("the range of %s is %v to %v, expected none", e, least, most)
			}
			continue
		}
		if e.Bits() < 64 || isFloat {
			for _, x := range []float64{least, most} {
				if got := asElem(t, x, e); got != x {
					t.Errorf("%v as %s is %v", x, e, got)
				}
			}
		}
		if !isFloat {
			continue
		}
		if got := asElem(t, 2*most, e); got == 2*most && !math.IsInf(got, 0) {
			t.Errorf("%s holds %v, beyond its greatest number %v", e, got, most)
		}
		if got := asElem(t, 1+eps, e); got != 1+eps {
			t.Errorf("1 + %v as %s is %v", eps, e, got)
		}
		if got := asElem(t, 1+eps*0.375, e); got != 1 {
			t.Errorf("1 + %v as %s is %v, expected 1", eps*0.375, e, got)
		}
	}
	for e, want := range map[Elem][2]float64{I1: {-1, 0}, I4: {-8, 7}, U4: {0, 15}, U8: {0, 255}, I32: {math.MinInt32, math.MaxInt32}, U64: {0, 0x1p64}} {
		if least, most := e.Range(); least != want[0] || most != want[1] {
			t.Errorf("the range of %s is %v to %v, expected %v", e, least, most, want)
		}
	}
}
