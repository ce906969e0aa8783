package host

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSort(t *testing.T) {
	for _, e := range []Elem{Bool, I8, I64, U8, U64, U3, F8E4M3, F16, F32, F64} {
		for _, n := range []int{0, 1, 7, 700} { // two algorithms
			for _, descending := range []bool{false, true} {
				x := noise(unpackedElem(e), 4, n, 2)
				if e.Packed() {
					packed, err := Pack(x, e)
					if err != nil {
						t.Fatal(err)
					}
					x = packed
				}
				values, index, err := Sort(goParallel, x, 0, descending)
				if err != nil {
					t.Fatal(err)
				}
				from := Values[float64](x)
				for lane := range 2 {
					order := make([]int, n)
					for i := range order {
						order[i] = i
					}
					slices.SortStableFunc(order, func(a, b int) int {
						d := from[a*2+lane] - from[b*2+lane]
						if descending {
							d = -d
						}
						return int(math.Copysign(math.Ceil(math.Abs(d)), d))
					})
					for i, at := range order {
						if got := Values[int64](index)[i*2+lane]; got != int64(at) {
							t.Fatalf("%s, %d elements, descending %v: place %d has element %d, want %d", e, n, descending, i, got, at)
						}
						if got := Values[float64](values)[i*2+lane]; got != from[at*2+lane] {
							t.Fatalf("%s: value %d is %v, want %v", e, i, got, from[at*2+lane])
						}
					}
				}
			}
		}
	}
}

func TestSortSpecial(t *testing.T) {
	nan, inf, zero := math.NaN(), math.Inf(1), 0.0
	list := []float64{1, nan, -zero, math.Copysign(0, -1), 0, -inf, nan, inf, -2, 5e-324, -5e-324}
	for _, e := range []Elem{F32, F64} {
		x := New(e, len(list))
		for i, v := range list {
			SetFloat(x, i, v)
		}
		_, index, err := Sort(Serial, x, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		want := []int64{5, 8, 2, 3, 4, 9, 10, 0, 7, 1, 6} // in f32 the smallest numbers are zeros
		if e == F64 {
			want = []int64{5, 8, 10, 2, 3, 4, 9, 0, 7, 1, 6}
		}
		sameInts(t, e.String(), index, []int{len(list)}, want)
	}
	x := fromInts(I64, []int{4}, math.MaxInt64, -1, math.MinInt64, 0)
	_, index, err := Sort(Serial, x, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	sameInts(t, "i64", index, []int{4}, []int64{0, 3, 1, 2})
	if _, _, err := Sort(Serial, New(C64, 2), 0, false); err == nil {
		t.Error("no error for complex numbers")
	}
}

// The wanted indices are those of torch.topk 2.11 on a CPU, for element i of n being (7i^2 + 3i) mod m.
func TestTopKTies(t *testing.T) {
	for _, c := range []struct {
		n, m, k         int
		largest, sorted bool
		want            []int64
	}{
		{10, 3, 4, true, true, []int64{7, 5, 1, 8}},
		{10, 3, 4, false, true, []int64{3, 6, 0, 9}},
		{10, 3, 4, true, false, []int64{7, 5, 1, 8}},
		{40, 5, 7, true, true, []int64{32, 12, 14, 34, 17, 19, 24}},
		{100, 6, 20, true, true, []int64{56, 70, 52, 53, 50, 46, 44, 43, 41, 47, 55, 58, 59, 61, 62, 64, 65, 67, 68, 49}},
		{100, 6, 20, false, false, []int64{42, 84, 24, 27, 81, 78, 33, 36, 75, 39, 72, 51, 60, 57, 63, 54, 66, 48, 45, 69}},
		{130, 4, 2, true, true, []int64{2, 1}},
		{130, 4, 2, false, false, []int64{3, 0}},
		{700, 9, 10, true, true, []int64{11, 4, 13, 20, 22, 31, 38, 40, 29, 2}},
		{17, 17, 17, true, true, []int64{10, 9, 13, 6, 11, 8, 1, 7, 12, 4, 15, 16, 3, 14, 5, 2, 0}},
		{5, 2, 5, false, true, []int64{2, 4, 3, 0, 1}},
		{200, 3, 64, false, true, []int64{30, 156, 63, 159, 57, 162, 54, 165, 51, 48, 168, 45, 18, 27, 12, 180, 66, 192, 15, 9, 183, 33,
			24, 177, 195, 6, 174, 186, 198, 3, 36, 39, 93, 120, 117, 123, 114, 126, 111, 108, 129, 105, 132, 102, 0, 99, 135, 96, 60, 138,
			90, 141, 87, 84, 144, 81, 147, 78, 75, 150, 72, 153, 69, 21}},
	} {
		x := New(F32, c.n)
		for i := range c.n {
			SetInt(x, i, int64((i*i*7+3*i)%c.m))
		}
		_, index, err := TopK(Serial, x, 0, c.k, c.largest, c.sorted)
		if err != nil {
			t.Fatal(err)
		}
		sameInts(t, fmt.Sprint(c.n, c.k, c.largest, c.sorted), index, []int{c.k}, c.want)
	}
}

// Whatever the ties: the k best keys, in order. Orders that make quicksort slow reach the heap.
func TestTopK(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for round := range 300 {
		n := 1 + r.IntN(400)
		k := r.IntN(n + 1)
		x := New(I32, n)
		for i := range n {
			switch round % 3 {
			case 0:
				SetInt(x, i, int64(r.IntN(n)))
			case 1:
				SetInt(x, i, int64(i%7*i))
			case 2:
				SetInt(x, i, int64(min(i, n-i)))
			}
		}
		values, index, err := TopK(Serial, x, 0, k, true, true)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(slices.Values(Values[int64](x)))
		slices.Reverse(want)
		sameInts(t, "values", values, []int{k}, want[:k])
		taken := map[int64]bool{}
		for i, at := range Values[int64](index) {
			if IntAt(x, int(at)) != IntAt(values, i) || taken[at] {
				t.Fatalf("index %d is %d, which has another value or was taken before", i, at)
			}
			taken[at] = true
		}
	}
	if _, _, err := TopK(Serial, New(F32, 3), 0, 4, true, true); err == nil {
		t.Error("no error for 4 of 3")
	}
}

// The fallback of introsort, which ordinary lists do not reach.
func TestPartialSort(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for n := range 60 {
		list := make([]ranked, n)
		for i := range list {
			list[i] = ranked{uint64(r.IntN(20)), i}
		}
		sorted := slices.Clone(list)
		introLoop(sorted, 0)
		insertionSort(sorted)
		part := slices.Clone(list)
		partialSort(part, n/2)
		for i := range n {
			if i > 0 && sorted[i-1].key > sorted[i].key || i < n/2 && part[i].key != sorted[i].key {
				t.Fatalf("%v is sorted as %v and partly as %v", list, sorted, part)
			}
		}
	}
}

func TestSearchSorted(t *testing.T) {
	nan := math.NaN()
	row := New(F32, 4)
	for i, v := range []float64{1, 2, 2, nan} {
		SetFloat(row, i, v)
	}
	values := New(F32, 2, 3)
	for i, v := range []float64{nan, 2, 3, 0, 1, 1.5} {
		SetFloat(values, i, v)
	}
	for right, want := range map[bool][]int64{false: {4, 1, 4, 0, 0, 1}, true: {4, 4, 4, 0, 1, 1}} {
		got, err := SearchSorted(goParallel, row, values, right)
		if err != nil {
			t.Fatal(err)
		}
		sameInts(t, fmt.Sprint("right ", right), got, []int{2, 3}, want)
	}
	rows := fromInts(I32, []int{2, 3}, 1, 3, 5, 2, 4, 6)
	got, err := SearchSorted(goParallel, rows, fromInts(I32, []int{2, 2}, 3, 9, 3, 0), false)
	if err != nil {
		t.Fatal(err)
	}
	sameInts(t, "rows", got, []int{2, 2}, []int64{1, 3, 1, 0})
	got, err = SearchSorted(Serial, New(I32, 0), fromInts(I32, nil, 5), false)
	if err != nil {
		t.Fatal(err)
	}
	sameInts(t, "empty row, scalar value", got, []int{}, []int64{0})
	if _, err := SearchSorted(Serial, New(I32, 2, 3), New(I32, 3, 3), false); err == nil {
		t.Error("no error for 2 and 3 rows")
	}
}

func TestUnique(t *testing.T) {
	x := New(F32, 2, 4)
	for i, v := range []float64{math.NaN(), 1, math.NaN(), math.Copysign(0, -1), 0, 2, 1, 1} {
		SetFloat(x, i, v)
	}
	values, inverse, counts, err := Unique(x)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, 1, 2, math.NaN(), math.NaN()} {
		if got := FloatAt(values, i); !sameNumber(got, want) {
			t.Errorf("value %d is %v, want %v", i, got, want)
		}
	}
	sameInts(t, "inverse", inverse, []int{2, 4}, []int64{3, 1, 4, 0, 0, 2, 1, 1})
	sameInts(t, "counts", counts, []int{5}, []int64{2, 3, 1, 1, 1})
	values, inverse, counts, err = Unique(New(I16, 0, 3))
	if err != nil {
		t.Fatal(err)
	}
	sameInts(t, "no values", values, []int{0}, []int64{})
	sameInts(t, "no inverse", inverse, []int{0, 3}, []int64{})
	sameInts(t, "no counts", counts, []int{0}, []int64{})

	rows, inverse, counts, err := UniqueRows(fromInts(I64, []int{3, 4}, 2, 1, 2, 0, 1, 9, 1, 5, 3, 0, 3, 5).Transpose([]int{1, 0}))
	if err != nil {
		t.Fatal(err)
	}
	sameInts(t, "rows", rows, []int{3, 3}, []int64{0, 5, 5, 1, 9, 0, 2, 1, 3})
	sameInts(t, "rows' inverse", inverse, []int{4}, []int64{2, 1, 2, 0})
	sameInts(t, "rows' counts", counts, []int{3}, []int64{1, 1, 2})
	if rows, _, _, err = UniqueRows(New(F32, 3, 0)); err != nil || !slices.Equal(rows.Shape, []int{1, 0}) {
		t.Errorf("empty rows: %v, %v", rows, err)
	}
}
