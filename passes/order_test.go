package passes

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestOrder makes random chains of reshapes and transposes and holds the one rearrangement of each to give the same elements.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	followed := 0
	for range 3000 {
		from := regrouped(r, []int{2, 3, 2, 1, 5}[:1+r.IntN(5)])
		x := host.New(host.I64, from...)
		for i := range x.Len() {
			host.SetInt(x, i, int64(i))
		}
		o, want, text, ok := sameOrder(dims(from)), x, fmt.Sprint(from), true
		for range 1 + r.IntN(5) {
			if r.IntN(2) == 0 {
				perm := r.Perm(want.Rank())
				o, want = o.transposed(perm), want.Transpose(perm).Clone()
				text += fmt.Sprint(" perm ", perm)
				continue
			}
			shape := regrouped(r, want.Shape)
			if o, ok = o.reshaped(dims(shape)); !ok {
				break
			}
			want = must(want.Reshape(shape))
			text += fmt.Sprint(" to ", shape)
		}
		if !ok { // such as [3, 2] to [2, 3] behind a transpose
			continue
		}
		followed++
		plan := rearrangementOf(dims(from), o)
		got := must(x.Reshape(sizes(plan.cut)))
		if plan.perm != nil {
			got = got.Transpose(plan.perm).Clone()
		}
		got = must(got.Reshape(sizes(o.shape())))
		if !slices.Equal(got.Shape, want.Shape) || !slices.Equal(host.Values[int64](got), host.Values[int64](want)) {
			t.Fatalf("%s: %v with cut %v and perm %v gives %v, expected %v", text, o, plan.cut, plan.perm, host.Values[int64](got), host.Values[int64](want))
		}
	}
	if followed < 1000 {
		t.Errorf("only %d chains could be followed", followed)
	}
}

// regrouped is another shape of as many elements.
func regrouped(r *rand.Rand, shape []int) []int {
	var out []int
	join := false
	for _, n := range shape {
		for k := 2; n > 1; k++ {
			for ; n%k == 0; n /= k {
				if join && len(out) > 0 {
					out[len(out)-1] *= k
				} else {
					out = append(out, k)
				}
				join = r.IntN(2) == 0
			}
		}
		if r.IntN(4) == 0 {
			out, join = append(out, 1), false
		}
	}
	return out
}

func dims(shape []int) []ir.Dim {
	out := make([]ir.Dim, len(shape))
	for i, n := range shape {
		out[i] = ir.Const(int64(n))
	}
	return out
}

func sizes(shape []ir.Dim) []int {
	out := make([]int, len(shape))
	for i, d := range shape {
		out[i] = int(d.Int())
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestOpenOrder follows sizes that are symbols: heads cut out of channels, and rows flattened and restored.
func TestOpenOrder(t *testing.T) {
	b, s, c := ir.Sym("B"), ir.Sym("S"), ir.Const(8)
	heads, e := ir.Const(2), ir.Const(4)
	o, ok := sameOrder([]ir.Dim{b, c, ir.Const(1), s}).transposed([]int{0, 3, 2, 1}).reshaped([]ir.Dim{b.Mul(s), c})
	if !ok {
		t.Fatal("the rows could not be joined")
	}
	if o, ok = o.reshaped([]ir.Dim{b, s, heads, e}); !ok {
		t.Fatal("the rows could not be parted again")
	}
	o = o.transposed([]int{0, 2, 3, 1})
	if !o.sorted() || !sameDims(o.shape(), []ir.Dim{b, heads, e, s}) {
		t.Errorf("found %v, expected the order of the source", o)
	}
	if _, ok := sameOrder([]ir.Dim{s, c}).reshaped([]ir.Dim{ir.Const(3), s.Mul(c).FloorDiv(ir.Const(3))}); ok {
		t.Error("a size that may not be a multiple of 3 was cut by 3")
	}
}
