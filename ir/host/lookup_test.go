package host

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestLookup compares with the definition, element by element, for tables per block and entries of several elements.
func TestLookup(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		indices, lut []int
		axis         int
	}{
		{[]int{6}, []int{1, 4, 1}, 0},
		{[]int{6, 4}, []int{2, 1, 4, 1}, 0},
		{[]int{6, 4}, []int{6, 2, 4, 3}, 0},
		{[]int{6, 4}, []int{3, 4, 4, 2}, 1},
		{[]int{2, 3, 4}, []int{1, 3, 2, 4, 2}, 1},
		{[]int{0, 4}, []int{1, 1, 4, 2}, 1},
	} {
		for _, e := range []Elem{U2, U8, I8, I64} {
			for _, to := range []Elem{Bool, I4, BF16, F32, F64, C128} {
				most := int64(7)
				if to == Bool {
					most = 1
				}
				indices := randomInts(r, e, 0, int64(tt.lut[len(tt.indices)]-1), tt.indices...)
				lut := randomInts(r, to, 0, most, tt.lut...)
				got, err := Lookup(splitParallel(3), indices, lut, tt.axis)
				if err != nil {
					t.Fatalf("%v from %v: %v", tt.indices, tt.lut, err)
				}
				shape := slices.Clone(tt.indices)
				length := tt.lut[len(tt.lut)-1]
				shape[tt.axis] *= length
				if !slices.Equal(got.Shape, shape) || got.Elem != to {
					t.Fatalf("%v from %v along %d: found %s, expected %v of %s", tt.indices, tt.lut, tt.axis, got, shape, to)
				}
				for i := range got.Len() {
					at := coordinates(i, shape)
					v := at[tt.axis] % length
					at[tt.axis] /= length
					code := int(IntAt(indices, position(at, tt.indices)))
					for k := range at {
						at[k] /= tt.indices[k] / tt.lut[k]
					}
					if want := At(lut, position(append(at, code, v), tt.lut)); At(got, i) != want {
						t.Fatalf("%v from %v along %d: element %d is %v, expected %v", tt.indices, tt.lut, tt.axis, i, At(got, i), want)
					}
				}
			}
		}
	}
}

func coordinates(i int, shape []int) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}

func position(at, shape []int) int {
	i := 0
	for k, n := range shape {
		i = i*n + at[k]
	}
	return i
}

// randomInts is a tensor of numbers low to high.
func randomInts(r *rand.Rand, e Elem, low, high int64, shape ...int) *Tensor {
	numbers := make([]int64, product(shape))
	for i := range numbers {
		numbers[i] = low + r.Int64N(high-low+1)
	}
	t, err := FromValues(e, shape, numbers)
	if err != nil {
		panic(err)
	}
	return t
}

// splitParallel runs parts of n elements at most one after the other, the last one first.
func splitParallel(n int) Parallel {
	return func(total, _ int, fn func(lo, hi int)) {
		for hi := total; hi > 0; hi -= n {
			fn(max(hi-n, 0), hi)
		}
	}
}

func TestLookupErrors(t *testing.T) {
	for _, tt := range []struct {
		code         int64
		indices, lut []int
		axis         int
		want         string
	}{
		{2, []int{4}, []int{1, 2, 1}, 0, "index 2 is outside a table of 2"},
		{-1, []int{4}, []int{1, 2, 1}, 0, "index -1 is outside a table of 2"},
		{0, []int{4}, []int{3, 2, 1}, 0, "dimension 0 of the table is 3, which does not divide 4"},
		{0, []int{4}, []int{0, 2, 1}, 0, "dimension 0 of the table is 0"},
		{0, []int{4}, []int{2, 1}, 0, "do not fit the table"},
		{0, []int{4}, []int{1, 2, 1}, 1, "do not fit the table"},
	} {
		indices := randomInts(rand.New(rand.NewPCG(1, 2)), I8, tt.code, tt.code, tt.indices...)
		_, err := Lookup(Serial, indices, New(F32, tt.lut...), tt.axis)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v from %v: got %v, want %q", tt.indices, tt.lut, err, tt.want)
		}
	}
}

func TestDensify(t *testing.T) {
	for _, e := range []Elem{I4, U8, F16, F32, C128} {
		for _, m := range []Elem{Bool, U1, U8, I32} {
			mask, err := FromValues(m, []int{2, 3}, []int64{0, 1, 0, 1, 0, 1})
			if err != nil {
				t.Fatal(err)
			}
			values, err := FromValues(e, []int{3}, []int64{1, 2, 3})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Densify(values, mask)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []int64{0, 1, 0, 2, 0, 3} {
				if IntAt(got, i) != want {
					t.Errorf("%s by %s: element %d is %s, expected %d", e, m, i, Format(got, i), want)
				}
			}
			if mask, err = FromValues(m, []int{2, 3}, []int64{1, 1, 0, 1, 0, 1}); err != nil {
				t.Fatal(err)
			}
			if _, err := Densify(values, mask); err == nil || err.Error() != "the mask keeps 4 elements, and there are 3 values" {
				t.Errorf("%s by %s: got %v", e, m, err)
			}
		}
	}
}
