package host

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// number is the value of any element as a complex number.
func number(v any) complex128 {
	one, err := widest(v)
	if err != nil {
		panic(err)
	}
	return Values[complex128](one)[0]
}

// chopped runs loops in many small pieces, to show that results do not depend on the cuts.
func chopped(n, _ int, fn func(lo, hi int)) {
	for lo := 0; lo < n; {
		hi := min(n, lo+1+lo%7)
		fn(lo, hi)
		lo = hi
	}
}

func addLoop[T int64 | uint64 | float32 | float64 | complex64 | complex128](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func orLoop(dst []bool, src [][]bool) {
	for i := range dst {
		dst[i] = src[0][i] || src[1][i]
	}
}

var addKernel = Kernel{Bool: orLoop, I64: addLoop[int64], U64: addLoop[uint64], F32: addLoop[float32], F64: addLoop[float64],
	C64: addLoop[complex64], C128: addLoop[complex128]}

func lessLoop[T int64 | uint64 | float32 | float64](dst []bool, src [][]T) {
	for i := range dst {
		dst[i] = src[0][i] < src[1][i]
	}
}

// views are the layouts that loops must not care about; all have the given shape.
func views(t *testing.T, e Elem, shape []int) map[string]*Tensor {
	t.Helper()
	n := 1
	for _, d := range shape {
		n *= d
	}
	dense, err := ramp(e, n).Reshape(shape)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*Tensor{"dense": dense}
	if rank := len(shape); rank > 0 {
		perm := make([]int, rank)
		back := make([]int, rank)
		turned := make([]int, rank)
		for i := range perm {
			perm[i] = (i + 1) % rank
			back[perm[i]] = i
			turned[i] = shape[perm[i]]
		}
		x, err := ramp(e, n).Reshape(turned)
		if err != nil {
			t.Fatal(err)
		}
		out["transposed"] = x.Transpose(back)
		wide := slices.Clone(shape)
		wide[rank-1] = 2*wide[rank-1] + 1
		size := 1
		for _, d := range wide {
			size *= d
		}
		if x, err = ramp(e, size).Reshape(wide); err != nil {
			t.Fatal(err)
		}
		out["sliced"] = x.Slice(rank-1, 1, wide[rank-1], 2)
		one := slices.Clone(shape)
		one[0] = 1
		size = 1
		for _, d := range one {
			size *= d
		}
		if x, err = ramp(e, size).Reshape(one); err != nil {
			t.Fatal(err)
		}
		if out["expanded"], err = x.Expand(shape); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestMapLayouts(t *testing.T) {
	shapes := [][]int{{}, {1}, {0}, {5}, {3, 0, 2}, {3, 4}, {1500, 2}, {2, 1, 3, 1}, {2, 3, 2, 2, 3}, {2, 2, 2, 2, 2, 2, 2, 2, 3, 2}}
	for _, e := range []Elem{Bool, I8, I64, U16, F16, F32, F64, C64, C128} {
		for _, shape := range shapes {
			if len(shape) > 6 && e != F32 {
				continue
			}
			va, vb := views(t, e, shape), views(t, e, shape)
			for _, la := range []string{"dense", "transposed", "sliced", "expanded"} {
				for _, lb := range []string{"dense", "sliced"} {
					a, b := va[la], vb[lb]
					if a == nil || b == nil {
						continue
					}
					want := make([]complex128, a.Len())
					for i := range want {
						want[i] = number(At(a, i)) + number(At(b, i))
						if e == Bool && want[i] != 0 {
							want[i] = 1
						}
					}
					for name, p := range map[string]Parallel{"whole": Serial, "cut": chopped} {
						for lo, out := range views(t, e, shape) {
							if lo == "expanded" {
								continue
							}
							if err := Map(p, &addKernel, out, a, b); err != nil {
								t.Fatal(err)
							}
							for i := range want {
								if got := number(At(out, i)); got != want[i] {
									t.Fatalf("%s %v, %s + %s into %s, %s: element %d is %v, want %v", e, shape, la, lb, lo, name, i, got, want[i])
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestMapBroadcast(t *testing.T) {
	tests := []struct{ a, b, out []int }{
		{[]int{2, 3}, []int{3}, []int{2, 3}},
		{[]int{2, 3}, []int{}, []int{2, 3}},
		{[]int{2, 1}, []int{1, 3}, []int{2, 3}},
		{[]int{4, 1, 3}, []int{2, 1}, []int{4, 2, 3}},
		{[]int{1}, []int{2000}, []int{2000}},
		{[]int{1, 0}, []int{2, 1}, []int{2, 0}},
	}
	for _, tt := range tests {
		a, b, out := views(t, F32, tt.a)["dense"], views(t, F32, tt.b)["dense"], New(F32, tt.out...)
		if err := Map(chopped, &addKernel, out, a, b); err != nil {
			t.Fatal(err)
		}
		wa, _ := a.Expand(tt.out)
		wb, _ := b.Expand(tt.out)
		for i := range out.Len() {
			if got, want := At(out, i), number(At(wa, i))+number(At(wb, i)); number(got) != want {
				t.Errorf("%v + %v: element %d is %v, want %v", tt.a, tt.b, i, got, want)
			}
		}
	}
	if err := Map(Serial, &addKernel, New(F32, 2, 3), New(F32, 2), New(F32, 3)); err == nil {
		t.Error("2 was broadcast to 3")
	}
}

func TestMapRejects(t *testing.T) {
	if err := Map(Serial, &Kernel{F32: addLoop[float32]}, New(I64, 1), New(I64, 1), New(I64, 1)); err == nil || err.Error() != "not defined for i64" {
		t.Errorf("a missing loop: %v", err)
	}
	if err := Map(Serial, &addKernel, New(F32, 1), New(I64, 1), New(F32, 1)); err == nil {
		t.Error("mixed classes were accepted")
	}
}

func TestMapPacked(t *testing.T) {
	a, _ := Pack(ramp(I8, 10), I4)
	out := New(I4, 10)
	if err := Map(Serial, &addKernel, out, a, a); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		want := number(At(a, i)) * 2
		for real(want) > 7 {
			want -= 16
		}
		for real(want) < -8 {
			want += 16
		}
		if got := number(At(out, i)); got != want {
			t.Errorf("element %d: got %v, want %v", i, got, want)
		}
	}
}

func TestTest(t *testing.T) {
	less := Predicate{I64: lessLoop[int64], U64: lessLoop[uint64], F32: lessLoop[float32], F64: lessLoop[float64]}
	for _, e := range []Elem{I32, U8, BF16, F64, U3, F4E2M1} {
		a, b := New(e, 3), New(e)
		Cast(Serial, a, must(FromValues(F64, []int{3}, []float64{1, 2, 3})))
		Cast(Serial, b, must(Scalar(F64, 2.0)))
		out := New(Bool, 3)
		if err := Test(Serial, &less, out, a, b); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(Values[bool](out)); got != "[true false false]" {
			t.Errorf("%s: %s", e, got)
		}
	}
}

func must(t *Tensor, err error) *Tensor {
	if err != nil {
		panic(err)
	}
	return t
}

func TestWhere(t *testing.T) {
	cond := must(FromValues(Bool, []int{2, 1}, []bool{true, false}))
	cond.Data[0] = 2 // what a foreign file may hold for true
	for _, e := range Elems() {
		a, b := New(e, 3), New(e)
		Cast(Serial, a, must(FromValues(I64, []int{3}, []int64{0, 1, 1})))
		Cast(Serial, b, must(Scalar(I64, 1)))
		if e == F8E8M0 {
			continue // has no zero
		}
		one := number(At(b, 0))
		out := New(e, 2, 3)
		var err error
		if e.Packed() {
			wa := must(Unpack(a).Expand([]int{2, 3}))
			wb := must(Unpack(b).Expand([]int{2, 3}))
			err = Where(chopped, out, cond, must(Pack(wa.Clone(), e)), must(Pack(wb.Clone(), e)))
		} else {
			err = Where(chopped, out, cond, a, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []complex128{0, one, one, one, one, one} {
			if got := number(At(out, i)); got != want {
				t.Errorf("%s: element %d is %v, want %v", e, i, got, want)
			}
		}
	}
	if err := Where(Serial, New(F32, 1), cond, New(F32, 1), New(F64, 1)); err == nil {
		t.Error("mixed types were accepted")
	}
}

func TestWhereKeepsBits(t *testing.T) {
	bits := uint32(0x7fa00001) // a signalling NaN
	a := &Tensor{Elem: F32, Shape: []int{1}, Strides: []int{1}, Data: bytesOf([]float32{math.Float32frombits(bits)})}
	out := New(F32, 1)
	if err := Where(Serial, out, must(Scalar(Bool, true)), a, New(F32, 1)); err != nil {
		t.Fatal(err)
	}
	if got := words[uint32](out.Data)[0]; got != bits {
		t.Errorf("got %#x, want %#x", got, bits)
	}
}

// TestCastPairs casts small numbers that every pair of types can hold.
func TestCastPairs(t *testing.T) {
	for _, from := range Elems() {
		for _, to := range Elems() {
			if from == F8E8M0 || to == F8E8M0 {
				continue
			}
			in, out := New(from, 2), New(to, 2)
			small := must(FromValues(I8, []int{2}, []int64{0, 1}))
			if err := Cast(Serial, in, small); err != nil {
				t.Fatal(err)
			}
			if err := Cast(Serial, out, in); err != nil {
				t.Fatal(err)
			}
			want := number(At(in, 1))
			if real(want) < 0 && to.Kind() == KindUint { // -1 is the only value but 0 that i1 has
				want = complex(math.Pow(2, float64(to.Bits()))-1, 0)
			}
			if to == Bool {
				want = 1
			}
			if to == I1 {
				want = -1
			}
			if g0, g1 := number(At(out, 0)), number(At(out, 1)); g0 != 0 || g1 != want {
				t.Errorf("%s to %s: got %v, %v, want 0, %v", from, to, g0, g1, want)
			}
		}
	}
}

// The values are those of torch 2.11 on x86.
func TestCastRules(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	tests := []struct {
		from, to Elem
		in, want float64
	}{
		{F32, I32, 2.9, 2}, {F32, I32, -2.9, -2}, {F64, I64, 1e30, math.MinInt64}, {F32, I64, nan, math.MinInt64},
		{F32, I32, 3e9, math.MinInt32}, {F64, I32, -inf, math.MinInt32}, {F64, I32, -2147483648.5, math.MinInt32}, {F32, I8, 300, 44}, {F32, U8, -1, 255}, {F32, I16, inf, 0},
		{F32, U32, 4e9, 4e9}, {F64, U64, 0x1p63, 0x1p63}, {F32, Bool, nan, 1}, {F32, Bool, math.Copysign(0, -1), 0}, {I64, U8, -1, 255}, {I64, I8, 200, -56},
		{I64, F16, 65519, 65504}, {I64, F16, 65520, inf}, {F64, F16, 1e-8, 0}, {F32, BF16, 1.00390625, 1}, {F32, F8E4M3, 448, 448}, {F32, F8E4M3, 500, nan}, {F32, F8E5M2, 1e6, inf},
		{C64, F32, 2.5, 2.5}, {C128, I32, -7.5, -7}, {U64, F32, 16777217, 16777216}, {Bool, F16, 1, 1}, {F32, F4E2M1, 2.5, 2}, {F32, F4E2M1, -100, -6},
	}
	for _, tt := range tests {
		in := must(Full(tt.from, []int{3}, tt.in))
		out := New(tt.to, 3)
		if err := Cast(chopped, out, in); err != nil {
			t.Fatal(err)
		}
		if got := real(number(At(out, 2))); got != tt.want && !(got != got && tt.want != tt.want) {
			t.Errorf("%s %v to %s: got %v, want %v", tt.from, tt.in, tt.to, got, tt.want)
		}
	}
}

func TestCopy(t *testing.T) {
	for _, e := range []Elem{Bool, F16, F32, F64, C128} {
		for _, shape := range [][]int{{}, {0}, {3, 4}, {700, 3, 2}} {
			for name, src := range views(t, e, shape) {
				for to, dst := range views(t, e, shape) {
					if to == "expanded" {
						continue
					}
					if err := Copy(chopped, dst, src); err != nil {
						t.Fatal(err)
					}
					for i := range src.Len() {
						if At(dst, i) != At(src, i) {
							t.Fatalf("%s %v %s to %s: element %d is %v, want %v", e, shape, name, to, i, At(dst, i), At(src, i))
						}
					}
				}
			}
		}
	}
	if err := Copy(Serial, New(F32, 1), New(F64, 1)); err == nil {
		t.Error("types were mixed")
	}
}

func TestValues(t *testing.T) {
	x := views(t, F32, []int{3, 4})["transposed"]
	got := Values[float64](x)
	for i, v := range got {
		if v != At(x, i).(float64) {
			t.Fatalf("element %d: %v, want %v", i, v, At(x, i))
		}
	}
	if _, err := FromValues(F32, []int{3}, []float32{1}); err == nil {
		t.Error("one value for three elements")
	}
	if c, err := FromValues(C64, []int{2}, []int64{1, -2}); err != nil || At(c, 1) != -2+0i {
		t.Errorf("integers for c64: %v, %v", c, err)
	}
}

func TestAtPacked(t *testing.T) {
	for _, e := range Elems() {
		if !e.Packed() {
			continue
		}
		x := must(Pack(must(ramp(unpackedElem(e), 22).Reshape([]int{2, 11})), e))
		wide := Unpack(x)
		for i := range 22 {
			if At(x, i) != At(wide, i) {
				t.Fatalf("%s element %d: %v, want %v", e, i, At(x, i), At(wide, i))
			}
		}
	}
}

func TestHasZero(t *testing.T) {
	x := must(FromValues(I16, []int{3, 2}, []int64{1, 2, 3, 0, 4, 5}))
	tests := []struct {
		name string
		t    *Tensor
		want bool
	}{
		{"dense", x, true},
		{"column", x.Slice(1, 0, 1, 1), false},
		{"transposed", x.Transpose([]int{1, 0}), true},
		{"empty", New(F32, 0, 3), false},
		{"repeated", must(must(Scalar(C64, 0)).Expand([]int{5000})), true},
		{"packed", must(Pack(x, U4)), true},
		{"long", must(Full(F16, []int{5000}, 1)), false},
		{"bool", New(Bool), true},
	}
	for _, tt := range tests {
		if got := HasZero(tt.t); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

func TestBroadcastShapes(t *testing.T) {
	got, err := BroadcastShapes([]int{3, 1}, []int{}, []int{2, 1, 4}, []int{1})
	if err != nil || !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := BroadcastShapes([]int{0}, []int{1}); err != nil || got[0] != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := BroadcastShapes([]int{2}, []int{3}); err == nil {
		t.Error("2 and 3 broadcast")
	}
}
