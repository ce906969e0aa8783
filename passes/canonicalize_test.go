package passes

import (
	"math"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// special are numbers that expose arithmetic which changes them.
var special = []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 2.5, -3.75, 127, -128, 255, 300, 65504, 1e-45, 1e38, -1e300, math.MaxInt32, math.MinInt32, 0x1p53 + 2,
	math.Inf(1), math.Inf(-1), math.NaN()}

func tensorOf(t *testing.T, e host.Elem, xs ...float64) *host.Tensor {
	t.Helper()
	wide := host.New(host.F64, len(xs))
	for i, x := range xs {
		host.SetFloat(wide, i, x)
	}
	return castTo(t, wide, e)
}

func castTo(t *testing.T, x *host.Tensor, e host.Elem) *host.Tensor {
	t.Helper()
	y := host.New(e, x.Shape...)
	if err := host.Cast(host.Serial, y, x); err != nil {
		t.Fatal(err)
	}
	return y
}

// sameNumbers compares bit by bit, save that a NaN is as good as another.
func sameNumbers(t *testing.T, what string, got, want *host.Tensor) {
	t.Helper()
	for i := range want.Len() {
		x, y := host.FloatAt(got, i), host.FloatAt(want, i)
		if math.IsNaN(x) && math.IsNaN(y) {
			continue
		}
		if host.Format(got, i) != host.Format(want, i) || math.Signbit(x) != math.Signbit(y) {
			t.Errorf("%s: found %s, expected %s", what, host.Format(got, i), host.Format(want, i))
		}
	}
}

// plainElems are the element types that arithmetic is tried on.
func plainElems() []host.Elem {
	var list []host.Elem
	for _, e := range host.Elems() {
		if !e.Packed() && !e.IsComplex() && e.Bits() >= 8 && e != host.F8E8M0 {
			list = append(list, e)
		}
	}
	return list
}

func TestIdentitiesAreExact(t *testing.T) {
	for _, id := range identities {
		tried := 0
		for _, e := range plainElems() {
			if !id.kind(e) || e.IsInt() && e.Kind() == host.KindUint && id.number < 0 {
				continue
			}
			x, n := tensorOf(t, e, special...), tensorOf(t, e, id.number)
			out, err := id.def.Eval(&ir.EvalCtx{}, ir.NewOp(id.def, nil, []ir.Type{ir.TypeOf(x)}, nil, nil, nil), []*host.Tensor{x, n})
			if err != nil {
				continue // not defined for the type
			}
			tried++
			sameNumbers(t, id.def.Name+" of "+e.String(), out[0], x)
		}
		if tried == 0 {
			t.Errorf("%s with %v was tried on no type", id.def.Name, id.number)
		}
	}
}

func TestSkippedCastsAreExact(t *testing.T) {
	skipped := 0
	for _, from := range plainElems() {
		x := tensorOf(t, from, special...)
		for _, via := range plainElems() {
			if !exactCast(from, via) {
				continue
			}
			for _, to := range plainElems() {
				if to != from && !sameThrough(from, via, to) {
					continue
				}
				skipped++
				want := castTo(t, castTo(t, x, via), to)
				sameNumbers(t, from.String()+" to "+via.String()+" to "+to.String(), castTo(t, x, to), want)
			}
		}
	}
	if skipped < 200 {
		t.Errorf("only %d pairs of casts are merged", skipped)
	}
}
