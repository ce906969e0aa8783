package host

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// allIndices lists the indices of a shape row-major.
func allIndices(shape ...int) [][]int {
	list := [][]int{{}}
	for _, size := range shape {
		var next [][]int
		for _, index := range list {
			for i := range size {
				next = append(next, append(slices.Clone(index), i))
			}
		}
		list = next
	}
	return list
}

// element reads one element the slow way.
func element(t *Tensor, index []int) any {
	for _, i := range index {
		t = t.Select(0, i)
	}
	return At(t, 0)
}

// elements lists all elements row-major.
func elements(t *Tensor) []any {
	out := []any{}
	for i := range t.Len() {
		out = append(out, At(t, i))
	}
	return out
}

// sameElements holds a result to the elements that a function names.
func sameElements(t *testing.T, what string, got *Tensor, shape []int, want func(index []int) any) {
	t.Helper()
	if !slices.Equal(got.Shape, shape) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape, shape)
	}
	list := []any{}
	for _, index := range allIndices(shape...) {
		list = append(list, want(index))
	}
	if diff := cmp.Diff(list, elements(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// movable is an element type of each width.
var movable = []Elem{Bool, I8, BF16, F32, I64, C64, C128}

func fromInts(e Elem, shape []int, values ...int64) *Tensor {
	t := New(e, shape...)
	for i, v := range values {
		SetInt(t, i, v)
	}
	return t
}

func TestConcat(t *testing.T) {
	for _, e := range movable {
		for axis := range 3 {
			shapes := [][]int{{2, 3, 2}, {2, 3, 2}, {2, 3, 2}}
			shapes[1][axis], shapes[2][axis] = 0, 4
			in := []*Tensor{transposed(e, 1, shapes[0]...), noise(e, 2, shapes[1]...), noise(e, 3, shapes[2]...)}
			got, err := Concat(goParallel, axis, in...)
			if err != nil {
				t.Fatal(err)
			}
			first := shapes[0][axis]
			sameElements(t, fmt.Sprint(e, axis), got, withAxis(shapes[0], axis, first+4), func(index []int) any {
				if index[axis] < first {
					return element(in[0], index)
				}
				return element(in[2], withAxis(index, axis, index[axis]-first))
			})
		}
	}
	if _, err := Concat(Serial, 0, New(F32, 2, 3), New(F32, 2, 4)); err == nil {
		t.Error("no error for rows of 3 and 4")
	}
}

func TestFlip(t *testing.T) {
	for _, e := range movable {
		x := transposed(e, 1, 2, 3, 4)
		got, err := Flip(goParallel, x, []int{0, 2})
		if err != nil {
			t.Fatal(err)
		}
		sameElements(t, e.String(), got, x.Shape, func(i []int) any { return element(x, []int{1 - i[0], i[1], 3 - i[2]}) })
	}
	if got, err := Flip(Serial, New(F32, 2, 0), []int{1}); err != nil || got.Len() != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
}

func TestPad(t *testing.T) {
	for _, c := range []struct {
		mode      PadMode
		size      int
		low, high int
		want      []int64 // -1: the value
	}{
		{PadConstant, 3, 2, 1, []int64{-1, -1, 0, 1, 2, -1}},
		{PadConstant, 3, -1, 2, []int64{1, 2, -1, -1}},
		{PadConstant, 3, 4, -4, []int64{-1, -1, -1}},
		{PadConstant, 3, -2, -1, []int64{}},
		{PadConstant, 0, 1, 1, []int64{-1, -1}},
		{PadReflect, 4, 3, 2, []int64{3, 2, 1, 0, 1, 2, 3, 2, 1}},
		{PadReflect, 5, 2, -1, []int64{2, 1, 0, 1, 2, 3}},
		{PadReplicate, 3, 2, 4, []int64{0, 0, 0, 1, 2, 2, 2, 2, 2}},
		{PadReplicate, 5, -2, 3, []int64{2, 3, 4, 4, 4, 4}},
		{PadCircular, 3, 2, 3, []int64{1, 2, 0, 1, 2, 0, 1, 2}},
		{PadCircular, 5, -1, 3, []int64{1, 2, 3, 4, 0, 1, 2}},
	} {
		x := New(I32, c.size)
		for i := range c.size {
			SetInt(x, i, int64(i))
		}
		got, err := Pad(Serial, x, []int{c.low}, []int{c.high}, c.mode, fromInts(I32, nil, -1))
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if diff := cmp.Diff(c.want, Values[int64](got)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c, diff)
		}
	}
	for _, c := range []struct {
		mode            PadMode
		size, low, high int
	}{{PadReflect, 3, 3, 0}, {PadCircular, 3, 0, 4}, {PadReplicate, 0, 1, 0}, {PadConstant, 3, -2, -2}} {
		if got, err := Pad(Serial, New(F32, c.size), []int{c.low}, []int{c.high}, c.mode, New(F32)); err == nil {
			t.Errorf("%v: no error but %v", c, got)
		}
	}
	x := transposed(F16, 3, 2, 3)
	got, err := Pad(goParallel, x, []int{1, 2}, []int{0, 1}, PadReflect, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, columns := []int{1, 0, 1}, []int{2, 1, 0, 1, 2, 1}
	sameElements(t, "two axes", got, []int{3, 6}, func(i []int) any { return element(x, []int{rows[i[0]], columns[i[1]]}) })
}

func TestNonZero(t *testing.T) {
	x := New(F32, 2, 3)
	SetFloat(x, 1, 2)
	SetInt(x, 3, -1)
	x.Data[23] = 0x80 // -0
	got, err := NonZero(x.Transpose([]int{1, 0}))
	if err != nil {
		t.Fatal(err)
	}
	sameElements(t, "rank 2", got, []int{2, 2}, func(i []int) any { return [][]any{{int64(0), int64(1)}, {int64(1), int64(0)}}[i[0]][i[1]] })
	if got, err := NonZero(fromInts(I8, nil, 3)); err != nil || !slices.Equal(got.Shape, []int{1, 0}) {
		t.Errorf("scalar: %v, %v", got, err)
	}
}

// randomIndex makes indices for an axis, some of them negative.
func randomIndex(r *rand.Rand, e Elem, size int, shape ...int) *Tensor {
	t := New(e, shape...)
	for i := range t.Len() {
		SetInt(t, i, int64(r.IntN(2*size)-size))
	}
	return t
}

func place(index *Tensor, at []int, size int) int {
	lead := len(at) - len(index.Shape)
	own := []int{}
	for i, n := range index.Shape {
		own = append(own, min(at[lead+i], n-1))
	}
	v := int(element(index, own).(int64))
	if v < 0 {
		v += size
	}
	return v
}

var indexCases = []struct {
	axes   []int
	shapes [][]int
	joined []int
	first  int // where the joined dims stand in the result
}{
	{[]int{0}, [][]int{{4}}, []int{4}, 0},
	{[]int{1}, [][]int{{2, 3}}, []int{2, 3}, 1},
	{[]int{3}, [][]int{{}}, nil, 3},
	{[]int{1, 2}, [][]int{{2, 1}, {3}}, []int{2, 3}, 1},
	{[]int{2, 3}, [][]int{{5}, {5}}, []int{5}, 2},
	{[]int{0, 2}, [][]int{{3}, {2, 1}}, []int{2, 3}, 0},
	{[]int{1, 3}, [][]int{{2}, {}}, []int{2}, 0},
	{[]int{0, 1, 2, 3}, [][]int{{2, 2}, {2}, {2, 1}, {1}}, []int{2, 2}, 0},
	{[]int{2}, [][]int{{0}}, []int{0}, 2},
}

func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shape := []int{3, 4, 2, 5}
	for k, c := range indexCases {
		for _, e := range movable {
			for _, x := range []*Tensor{noise(e, 1, shape...), transposed(e, 1, shape...)} {
				var index []*Tensor
				for i, axis := range c.axes {
					index = append(index, randomIndex(r, []Elem{I32, I64}[i%2], shape[axis], c.shapes[i]...))
				}
				got, err := Index(goParallel, x, c.axes, index)
				if err != nil {
					t.Fatal(err)
				}
				rest := dropAxes(shape, c.axes...)
				want := slices.Concat(rest[:c.first], c.joined, rest[c.first:])
				source := indexSource(c.axes, index, c.first, len(c.joined), shape)
				sameElements(t, fmt.Sprint("case ", k, " ", e), got, want, func(i []int) any { return element(x, source(i)) })
			}
		}
	}
	if _, err := Index(Serial, New(F32, 3), []int{0}, []*Tensor{fromInts(I64, []int{1}, 3)}); err == nil {
		t.Error("no error for index 3 of 3")
	}
	if _, err := Index(Serial, New(F32, 3), []int{0}, []*Tensor{fromInts(I64, []int{1}, -4)}); err == nil {
		t.Error("no error for index -4 of 3")
	}
}

// indexSource tells which element of x a result index of advanced indexing stands for.
func indexSource(axes []int, index []*Tensor, first, joined int, shape []int) func([]int) []int {
	return func(i []int) []int {
		rest := slices.Concat(i[:first], i[first+joined:])
		at := []int{}
		for axis := range shape {
			if k := slices.Index(axes, axis); k >= 0 {
				at = append(at, place(index[k], i[first:first+joined], shape[axis]))
			} else {
				at, rest = append(at, rest[0]), rest[1:]
			}
		}
		return at
	}
}

func TestIndexPut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	shape := []int{3, 4, 2, 5}
	for k, c := range indexCases {
		for _, e := range []Elem{Bool, I16, F32, BF16, C128} {
			for _, how := range []Combine{CombineNone, CombineAdd} {
				if e == Bool && how == CombineAdd {
					continue
				}
				x := transposed(e, 1, shape...)
				var index []*Tensor
				for i, axis := range c.axes {
					index = append(index, randomIndex(r, I64, shape[axis], c.shapes[i]...))
				}
				rest := dropAxes(shape, c.axes...)
				full := slices.Concat(rest[:c.first], c.joined, rest[c.first:])
				values := noise(e, 2, full[min(1, len(full)):]...)
				got, err := IndexPut(goParallel, x, c.axes, index, values, how)
				if err != nil {
					t.Fatal(err)
				}
				want := Values[complex128](x.Clone())
				source := indexSource(c.axes, index, c.first, len(c.joined), shape)
				wide, err := values.Expand(full)
				if err != nil {
					t.Fatal(err)
				}
				strides := rowMajor(F32, shape)
				want = slices.Clone(want)
				from := Values[complex128](wide)
				for n, i := range allIndices(full...) {
					at := 0
					for axis, s := range source(i) {
						at += s * strides[axis]
					}
					if how == CombineAdd {
						want[at] += from[n]
					} else {
						want[at] = from[n]
					}
				}
				near(t, fmt.Sprint("case ", k, " ", e, " ", how), got, shape, want)
			}
		}
	}
}

func TestGatherScatter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	shape := []int{3, 4, 2}
	for axis := range shape {
		small := []int{2, 3, 2}
		small[axis] = 5
		for _, e := range movable {
			x, index := transposed(e, 1, shape...), randomIndex(r, I64, shape[axis], small...)
			got, err := Gather(goParallel, x, axis, index)
			if err != nil {
				t.Fatal(err)
			}
			to := func(i []int) []int { return withAxis(i, axis, place(index, i, shape[axis])) }
			sameElements(t, fmt.Sprint("gather ", e, axis), got, small, func(i []int) any { return element(x, to(i)) })
			src := noise(e, 2, 3, 6, 5)
			src = src.Slice(axis, 0, min(src.Shape[axis], 5), 1)
			if src.Shape[axis] < 5 {
				src = noise(e, 2, 5, 6, 5)
			}
			for _, how := range []Combine{CombineNone, CombineAdd, CombineMul, CombineMin, CombineMax} {
				if e == Bool && how != CombineNone || e.IsComplex() && (how == CombineMin || how == CombineMax) {
					continue
				}
				got, err := Scatter(goParallel, x, axis, index, src, how)
				if err != nil {
					t.Fatal(err)
				}
				want := slices.Clone(Values[complex128](x.Clone()))
				strides := rowMajor(F32, shape)
				for _, i := range allIndices(small...) {
					at := 0
					for a, s := range to(i) {
						at += s * strides[a]
					}
					var v [1]complex128
					part := src
					for _, n := range i {
						part = part.Select(0, n)
					}
					Load(v[:], part, part.Offset, 1)
					switch how {
					case CombineNone:
						want[at] = v[0]
					case CombineAdd:
						want[at] += v[0]
					case CombineMul:
						want[at] *= v[0]
					case CombineMin:
						want[at] = complex(min(real(want[at]), real(v[0])), 0)
					case CombineMax:
						want[at] = complex(max(real(want[at]), real(v[0])), 0)
					}
				}
				if e == I8 {
					for i, w := range want {
						want[i] = complex(float64(int8(int64(real(w)))), 0)
					}
				}
				near(t, fmt.Sprint("scatter ", how, " ", e, axis), got, shape, want)
			}
		}
	}
	if _, err := Scatter(Serial, New(F32, 2), 0, fromInts(I64, []int{1}, 2), New(F32, 1), CombineNone); err == nil {
		t.Error("no error for index 2 of 2")
	}
	if _, err := Gather(Serial, New(F32, 2, 2), 0, New(I64, 1, 3)); err == nil {
		t.Error("no error for an index wider than the tensor")
	}
	if _, err := Scatter(Serial, New(Bool, 2), 0, New(I64, 1), New(Bool, 1), CombineAdd); err == nil {
		t.Error("no error for a sum of bools")
	}
}
