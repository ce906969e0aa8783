package host

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReduce(t *testing.T) {
	shape := []int{3, 4, 9}
	for _, e := range []Elem{Bool, I8, I64, U4, U16, F16, F32, F64, C64, C128} {
		for _, r := range []Reduction{ReduceSum, ReduceProd, ReduceMax, ReduceMin, ReduceMean, ReduceAny, ReduceAll} {
			x := noise(unpackedElem(e), 1, shape...)
			if e.Packed() {
				packed, err := Pack(x, e)
				if err != nil {
					t.Fatal(err)
				}
				x = packed
			}
			if _, err := Reduce(Serial, r, x, []int{0}, false); (err == nil) != hasReduction(r, e) {
				t.Errorf("%s of %s: error %v", r, e, err)
			}
			if !hasReduction(r, e) {
				continue
			}
			for _, axes := range [][]int{{}, {0}, {1}, {2}, {0, 1}, {2, 0}, {1, 2}, {0, 1, 2}} {
				if r == ReduceProd && len(axes) > 1 && e != F64 && e != C128 {
					continue // the tolerance is for small results
				}
				for _, keep := range []bool{false, true} {
					views := []*Tensor{x}
					if !e.Packed() {
						views = append(views, x.Transpose([]int{2, 1, 0}).Clone().Transpose([]int{2, 1, 0}))
					}
					for _, v := range views {
						got, err := Reduce(goParallel, r, v, axes, keep)
						if err != nil {
							t.Fatal(err)
						}
						want, wantShape := naiveReduce(r, Unpack(x), axes, keep)
						if e.IsInt() {
							for i, w := range want { // integers wrap
								n := New(e, 1)
								if e.Packed() {
									n = New(U8, 1)
									SetInt(n, 0, int64(real(w))&15)
								} else {
									SetInt(n, 0, int64(real(w)))
								}
								want[i] = complex(FloatAt(n, 0), 0)
							}
						}
						near(t, fmt.Sprint(r, e, axes, keep), Unpack(got), wantShape, want)
					}
				}
			}
		}
	}
}

func hasReduction(r Reduction, e Elem) bool {
	switch r {
	case ReduceSum, ReduceProd:
		return e != Bool
	case ReduceMean:
		return e.IsFloat() || e.IsComplex()
	case ReduceAny, ReduceAll:
		return e == Bool
	}
	return !e.IsComplex()
}

func naiveReduce(r Reduction, x *Tensor, axes []int, keep bool) ([]complex128, []int) {
	shape := []int{}
	for axis, size := range x.Shape {
		if !slices.Contains(axes, axis) {
			shape = append(shape, size)
		} else if keep {
			shape = append(shape, 1)
		}
	}
	groups := map[string][]complex128{}
	var order []string
	values := Values[complex128](x)
	for n, index := range allIndices(x.Shape...) {
		key := fmt.Sprint(dropAxes(index, axes...))
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], values[n])
	}
	var out []complex128
	for _, key := range order {
		group := groups[key]
		acc := group[0]
		for _, v := range group[1:] {
			switch r {
			case ReduceSum, ReduceMean:
				acc += v
			case ReduceProd:
				acc *= v
			case ReduceMax, ReduceAny:
				acc = complex(max(real(acc), real(v)), 0)
			default:
				acc = complex(min(real(acc), real(v)), 0)
			}
		}
		if r == ReduceMean {
			acc /= complex(float64(len(group)), 0)
		}
		out = append(out, acc)
	}
	return out, shape
}

// Tensors large enough for several pieces, in each of the three ways that the loops go.
func TestReduceLarge(t *testing.T) {
	for _, c := range []struct {
		shape []int
		axes  []int
	}{{[]int{300_000}, []int{0}}, {[]int{2, 150_000}, []int{1}}, {[]int{3000, 100}, []int{0}}, {[]int{90_000, 3}, []int{1}}, {[]int{600, 5, 100}, []int{0, 2}}} {
		x := noise(F32, 9, c.shape...)
		got, err := Reduce(Serial, ReduceSum, x, c.axes, false)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Reduce(goParallel, ReduceSum, x, c.axes, false)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), again.Bytes()) {
			t.Errorf("%v: the result depends on the cuts", c)
		}
		want := make([]float64, got.Len())
		strides := rowMajor(F32, got.Shape)
		kept := dropAxes(rowMajor(F32, c.shape), c.axes...)
		values := Values[float32](x)
		for i, v := range values {
			at := 0
			for k, s := range kept {
				at += i / s % got.Shape[k] * strides[k]
			}
			want[at] += float64(v)
		}
		for i, w := range want {
			if g := FloatAt(got, i); g != float64(float32(w)) && math.Abs(g-w) > 1e-6*math.Abs(w) {
				t.Fatalf("%v: element %d is %v, want %v", c, i, g, w)
			}
		}
	}
}

func TestReduceExact(t *testing.T) {
	x := noise(F64, 3, 5000)
	exact := new(big.Float).SetPrec(200)
	for _, v := range Values[float64](x) {
		exact.Add(exact, big.NewFloat(v))
	}
	want, _ := exact.Float64()
	got, err := Reduce(Serial, ReduceSum, x, []int{0}, false)
	if err != nil {
		t.Fatal(err)
	}
	if g := FloatAt(got, 0); math.Abs(g-want) > 1e-13*5000 {
		t.Errorf("sum is %v, want %v", g, want)
	}
}

func TestReduceSpecial(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		r    Reduction
		x    []float32
		want float64
	}{
		{ReduceMax, []float32{1, float32(nan), 3}, nan},
		{ReduceMin, []float32{1, float32(nan), -3}, nan},
		{ReduceMax, []float32{float32(-inf), float32(-inf)}, -inf},
		{ReduceMin, []float32{float32(inf)}, inf},
		{ReduceSum, nil, 0},
		{ReduceProd, nil, 1},
		{ReduceMean, nil, nan},
		{ReduceSum, []float32{float32(inf), float32(-inf)}, nan},
	} {
		x, err := FromValues(F32, []int{len(c.x)}, c.x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Reduce(Serial, c.r, x, []int{0}, false)
		if err != nil {
			t.Fatal(err)
		}
		if g := FloatAt(got, 0); !sameNumber(g, c.want) {
			t.Errorf("%s of %v is %v, want %v", c.r, c.x, g, c.want)
		}
	}
	if _, err := Reduce(Serial, ReduceMax, New(F32, 0, 2), []int{0}, false); err == nil {
		t.Error("no error for the maximum of nothing")
	}
	if got, err := Reduce(Serial, ReduceMax, New(F32, 0, 2), []int{1}, false); err != nil || got.Len() != 0 {
		t.Errorf("no results: %v, %v", got, err)
	}
	if got, err := Reduce(Serial, ReduceAll, New(Bool, 0), []int{0}, false); err != nil || IntAt(got, 0) != 1 {
		t.Errorf("all of nothing: %v, %v", got, err)
	}
}

func TestScan(t *testing.T) {
	shape := []int{2, 1300, 3}
	for _, e := range []Elem{I8, U32, BF16, F32, F64, C64, C128} {
		x := transposed(e, 1, shape...)
		if e.IsInt() { // small, so that products stay in range
			x = x.Slice(1, 0, 9, 1)
		}
		for axis, n := range x.Shape {
			if n > 100 && e == BF16 {
				continue
			}
			sum, err := CumSum(goParallel, x, axis)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(Values[complex128](x))
			step := rowMajor(F32, x.Shape)[axis]
			for i := range want {
				if i/step%n > 0 {
					want[i] += want[i-step]
				}
			}
			near(t, fmt.Sprint("cumsum", e, axis), sum, x.Shape, want)
			if n > 100 {
				continue
			}
			prod, err := CumProd(goParallel, x, axis)
			if err != nil {
				t.Fatal(err)
			}
			want = slices.Clone(Values[complex128](x))
			for i := range want {
				if i/step%n > 0 {
					want[i] *= want[i-step]
				}
			}
			if e == I8 {
				for i, w := range want {
					want[i] = complex(float64(int8(int64(real(w)))), 0)
				}
			}
			near(t, fmt.Sprint("cumprod", e, axis), prod, x.Shape, want)
		}
	}
	if _, err := CumSum(Serial, New(Bool, 2), 0); err == nil {
		t.Error("no error for bools")
	}
	if got, err := CumSum(Serial, New(F32, 2, 0), 1); err != nil || got.Len() != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
}

func TestLogCumSumExp(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x, err := FromValues(F32, []int{3, 4}, []float32{0, 0, 1000, 1000, -inf, -inf, 1, inf, 1, nan, 2, inf})
	if err != nil {
		t.Fatal(err)
	}
	got, err := LogCumSumExp(Serial, x, 1)
	if err != nil {
		t.Fatal(err)
	}
	ln2 := math.Ln2
	want := []float64{0, ln2, 1000, 1000 + ln2, math.Inf(-1), math.Inf(-1), 1, math.Inf(1), 1, math.NaN(), math.NaN(), math.NaN()}
	for i, w := range want {
		if g := FloatAt(got, i); !sameNumber(g, w) && !(math.Abs(g-w) < 1e-4) {
			t.Errorf("element %d is %v, want %v", i, g, w)
		}
	}
}

func TestExtremes(t *testing.T) {
	nan := float32(math.NaN())
	x, err := FromValues(F32, []int{2, 5}, []float32{1, nan, 2, nan, 3, 1, 2, 2, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	turned := x.Transpose([]int{1, 0}).Clone() // the same lanes along axis 0
	for _, c := range []struct {
		largest bool
		arg     []int64
		cum     []int64
	}{{true, []int64{1, 1}, []int64{0, 1, 1, 3, 3, 0, 1, 2, 2, 4}}, {false, []int64{1, 0}, []int64{0, 1, 1, 3, 3, 0, 0, 0, 3, 3}}} {
		arg, err := ArgReduce(goParallel, x, 1, c.largest, false)
		if err != nil {
			t.Fatal(err)
		}
		sameInts(t, "arg", arg, []int{2}, c.arg)
		if arg, err = ArgReduce(Serial, turned, 0, c.largest, true); err != nil {
			t.Fatal(err)
		}
		sameInts(t, "arg keep", arg, []int{1, 2}, c.arg)
		values, index, err := CumExtreme(goParallel, x, 1, c.largest)
		if err != nil {
			t.Fatal(err)
		}
		sameInts(t, "cum", index, x.Shape, c.cum)
		for i, at := range c.cum {
			if g, w := FloatAt(values, i), FloatAt(x, i/5*5+int(at)); !sameNumber(g, w) {
				t.Errorf("value %d is %v, want %v", i, g, w)
			}
		}
	}
	if _, err := ArgReduce(Serial, New(F32, 2, 0), 1, true, false); err == nil {
		t.Error("no error for an empty axis")
	}
	big := fromInts(I64, []int{3000}, make([]int64, 3000)...) // several blocks
	SetInt(big, 2500, 7)
	SetInt(big, 2700, 7)
	arg, err := ArgReduce(Serial, big, 0, true, false)
	if err != nil {
		t.Fatal(err)
	}
	sameInts(t, "blocks", arg, []int{}, []int64{2500})
	arg, err = ArgReduce(Serial, fromInts(Bool, []int{3}, 0, 1, 1), 0, true, false)
	if err != nil {
		t.Fatal(err)
	}
	sameInts(t, "bool", arg, []int{}, []int64{1})
}

func sameInts(t *testing.T, what string, got *Tensor, shape []int, want []int64) {
	t.Helper()
	if !slices.Equal(got.Shape, shape) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape, shape)
	}
	if diff := cmp.Diff(want, Values[int64](got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
