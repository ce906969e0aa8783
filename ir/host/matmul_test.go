package host

import (
	"bytes"
	"fmt"
	"testing"
)

// naiveMatMul multiplies matrices of one batch, both dense.
func naiveMatMul(a, b []complex128, m, n, k int) []complex128 {
	out := make([]complex128, m*n)
	for i := range m {
		for j := range n {
			for l := range k {
				out[i*n+j] += a[i*k+l] * b[l*n+j]
			}
		}
	}
	return out
}

var matmulElems = []Elem{I8, I64, U8, U64, F16, BF16, F32, F64, C64, C128}

func TestMatMul(t *testing.T) {
	sizes := []struct{ m, n, k int }{{1, 1, 1}, {2, 3, 5}, {5, 4, 3}, {1, 70, 9}, {4, 9, 17}, {7, 6, 300}, {33, 150, 5}, {0, 3, 2}, {2, 0, 2}, {2, 3, 0}, {6, 7, 0}}
	for _, e := range matmulElems {
		for i, s := range sizes {
			for layout := range 4 {
				a, b := noise(e, 1, s.m, s.k), noise(e, 2, s.k, s.n)
				if layout&1 != 0 {
					a = transposed(e, uint64(i), s.m, s.k)
				}
				if layout&2 != 0 {
					b = transposed(e, uint64(i)+9, s.k, s.n)
				}
				got, err := MatMul(Serial, a, b)
				if err != nil {
					t.Fatal(err)
				}
				want := naiveMatMul(Values[complex128](a), Values[complex128](b), s.m, s.n, s.k)
				near(t, fmt.Sprint(e, s, layout), got, []int{s.m, s.n}, want)
			}
		}
	}
}

func TestMatMulBatches(t *testing.T) {
	cases := []struct{ a, b, want []int }{
		{[]int{3, 5, 2}, []int{3, 2, 4}, []int{3, 5, 4}},
		{[]int{3, 5, 2}, []int{2, 4}, []int{3, 5, 4}},
		{[]int{5, 2}, []int{3, 2, 4}, []int{3, 5, 4}},
		{[]int{2, 1, 5, 2}, []int{3, 2, 4}, []int{2, 3, 5, 4}},
		{[]int{2, 1, 1, 6}, []int{1, 3, 6, 4}, []int{2, 3, 1, 4}},
		{[]int{0, 5, 2}, []int{2, 4}, []int{0, 5, 4}},
		{[]int{6, 1, 2}, []int{2, 4}, []int{6, 1, 4}},
	}
	for _, c := range cases {
		for _, strided := range []bool{false, true} {
			a, b := noise(F32, 1, c.a...), noise(F32, 2, c.b...)
			if strided {
				a, b = transposed(F32, 3, c.a...), transposed(F32, 4, c.b...)
			}
			got, err := MatMul(goParallel, a, b)
			if err != nil {
				t.Fatal(err)
			}
			r := len(c.want) - 2
			m, n, k := c.want[r], c.want[r+1], c.a[len(c.a)-1]
			wideA, _ := a.Expand(append(append([]int{}, c.want[:r]...), m, k))
			wideB, _ := b.Expand(append(append([]int{}, c.want[:r]...), k, n))
			va, vb := Values[complex128](wideA), Values[complex128](wideB)
			var want []complex128
			for i := range product(c.want[:r]) {
				want = append(want, naiveMatMul(va[i*m*k:(i+1)*m*k], vb[i*k*n:(i+1)*k*n], m, n, k)...)
			}
			near(t, fmt.Sprint(c.a, c.b), got, c.want, want)
		}
	}
}

func TestMatMulErrors(t *testing.T) {
	for _, c := range []struct{ a, b *Tensor }{
		{New(F32, 2, 3), New(F32, 2, 3)},
		{New(F32, 3), New(F32, 3, 2)},
		{New(F32, 2, 3), New(F64, 3, 2)},
		{New(F32, 2, 4, 3), New(F32, 5, 3, 2)},
		{New(Bool, 2, 3), New(Bool, 3, 2)},
	} {
		if out, err := MatMul(Serial, c.a, c.b); err == nil {
			t.Errorf("%s times %s gave %s, want an error", c.a, c.b, out)
		}
	}
}

// TestMatMulCuts holds that the result does not depend, in any bit, on how the work is shared.
func TestMatMulCuts(t *testing.T) {
	a, b := noise(F32, 1, 150, 600), noise(F32, 2, 600, 140)
	one, _ := MatMul(Serial, a, b)
	many, _ := MatMul(goParallel, a, b)
	if !bytes.Equal(one.Data, many.Data) {
		t.Error("the result depends on the cuts")
	}
}

func TestLinear(t *testing.T) {
	for _, e := range matmulElems {
		for _, shape := range [][]int{{5}, {1, 5}, {2, 5, 5}, {3, 2, 300}, {0, 5}} {
			for _, strided := range []bool{false, true} {
				k := shape[len(shape)-1]
				x, w, bias := noise(e, 1, shape...), noise(e, 2, 9, k), noise(e, 3, 9)
				if strided {
					x, w = transposed(e, 1, shape...), transposed(e, 2, 9, k)
				}
				got, err := Linear(Serial, x, w, bias)
				if err != nil {
					t.Fatal(err)
				}
				m := product(shape[:len(shape)-1])
				want := naiveMatMul(Values[complex128](x), Values[complex128](w.Transpose([]int{1, 0})), m, 9, k)
				for i := range want {
					want[i] += Values[complex128](bias)[i%9]
				}
				near(t, fmt.Sprint(e, shape), got, append(append([]int{}, shape[:len(shape)-1]...), 9), want)
			}
		}
	}
}

func TestGroupedMatMul(t *testing.T) {
	x, w := noise(F32, 1, 7, 3), noise(F32, 2, 4, 3, 2)
	ends, _ := FromValues(I32, []int{4}, []int64{2, 2, 5, 6})
	got, err := GroupedMatMul(Serial, x, w, ends)
	if err != nil {
		t.Fatal(err)
	}
	vx, vw := Values[complex128](x), Values[complex128](w)
	var want []complex128
	for _, run := range []struct{ lo, hi, e int }{{0, 2, 0}, {2, 5, 2}, {5, 6, 3}} {
		want = append(want, naiveMatMul(vx[run.lo*3:run.hi*3], vw[run.e*6:run.e*6+6], run.hi-run.lo, 2, 3)...)
	}
	near(t, "grouped", got, []int{7, 2}, append(want, 0, 0))
	bad, _ := FromValues(I32, []int{4}, []int64{2, 1, 5, 6})
	if _, err := GroupedMatMul(Serial, x, w, bad); err == nil {
		t.Error("descending offsets must be an error")
	}
}

func BenchmarkMatMul(b *testing.B) {
	for _, e := range []Elem{F32, F16, F64} {
		for _, s := range [][3]int{{512, 512, 512}, {1, 4096, 1024}, {64, 12544, 147}} {
			b.Run(fmt.Sprint(e, s), func(b *testing.B) {
				x, w := noise(e, 1, s[0], s[2]), noise(e, 2, s[1], s[2])
				for b.Loop() {
					if _, err := Linear(Serial, x, w, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(s[0]*s[1]*s[2])*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
