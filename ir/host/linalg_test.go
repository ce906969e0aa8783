package host

import (
	"fmt"
	"math/cmplx"
	"slices"
	"testing"
)

func mul(t *testing.T, a, b *Tensor) *Tensor {
	t.Helper()
	out, err := MatMul(Serial, a, b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// adjoint transposes and conjugates the matrices.
func adjoint(x *Tensor) *Tensor {
	perm := make([]int, x.Rank())
	for i := range perm {
		perm[i] = i
	}
	r := len(perm) - 2
	perm[r], perm[r+1] = r+1, r
	t := x.Transpose(perm).Clone()
	switch t.Elem {
	case C64:
		for i, v := range Values[complex64](t) {
			Values[complex64](t)[i] = complex(real(v), -imag(v))
		}
	case C128:
		for i, v := range Values[complex128](t) {
			Values[complex128](t)[i] = cmplx.Conj(v)
		}
	}
	return t
}

func unitMatrices(batch, n int) []complex128 {
	out := make([]complex128, batch*n*n)
	for i := range out {
		if i%(n*n)%(n+1) == 0 {
			out[i] = 1
		}
	}
	return out
}

var linalgElems = []Elem{F32, F64, C64, C128}

func TestSolveAndInverse(t *testing.T) {
	for _, e := range linalgElems {
		for _, n := range []int{0, 1, 2, 3, 6} {
			a, b := transposed(e, uint64(n)+5, 2, n, n), noise(e, 2, 3, 1, n, 4)
			x, err := Solve(goParallel, a, b, true)
			if err != nil {
				t.Fatal(err)
			}
			wide, _ := b.Expand([]int{3, 2, n, 4})
			loosely(t, fmt.Sprint("solve", e, n), mul(t, a, x), []int{3, 2, n, 4}, Values[complex128](wide))
			inv, err := Inverse(goParallel, a, true)
			if err != nil {
				t.Fatal(err)
			}
			loosely(t, fmt.Sprint("inverse", e, n), mul(t, a, inv), []int{2, n, n}, unitMatrices(2, n))
		}
	}
	singular, _ := FromValues(F32, []int{2, 2}, []float32{1, 2, 2, 4})
	if x, err := Inverse(Serial, singular, true); err == nil {
		t.Errorf("a singular matrix has no inverse, found %v", Values[float32](x))
	}
	if _, err := Solve(Serial, New(F32, 2, 3), New(F32, 2, 1), true); err == nil {
		t.Error("solve needs square matrices")
	}
	if _, err := Inverse(Serial, New(I32, 2, 2), true); err == nil {
		t.Error("integers have no inverse")
	}
}

// loosely allows for what an ill-conditioned matrix adds to the rounding of its element type.
func loosely(t *testing.T, what string, got *Tensor, shape []int, want []complex128) {
	t.Helper()
	if !slices.Equal(got.Shape, shape) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape, shape)
	}
	for i, g := range Values[complex128](got) {
		if diff := cmplx.Abs(g - want[i]); !(diff <= 300*tolerance(got.Elem)) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, g, want[i])
		}
	}
}

func TestDet(t *testing.T) {
	x, _ := FromValues(F64, []int{2, 3, 3}, []float64{0, 2, 0, 1, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	got, err := Det(Serial, x)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "det", got, []int{2}, []complex128{-6, 0})
	z, _ := FromValues(C64, []int{2, 2}, []complex64{1i, 2, 3, 1 - 1i})
	got, err = Det(Serial, z)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "complex det", got, []int{}, []complex128{1i*(1-1i) - 6})
	if got, err = Det(Serial, New(F32, 0, 0)); err != nil || Values[float32](got)[0] != 1 {
		t.Errorf("the empty determinant is %v, %v, want 1", got, err)
	}
}

func TestLU(t *testing.T) {
	for _, e := range linalgElems {
		for _, s := range [][2]int{{3, 3}, {4, 2}, {2, 5}, {1, 1}} {
			m, n := s[0], s[1]
			x := noise(e, 3, 2, m, n)
			lu, pivots, _, err := LU(goParallel, x, true)
			if err != nil {
				t.Fatal(err)
			}
			k := min(m, n)
			for b := range 2 {
				v, p := Values[complex128](lu.Select(0, b)), Values[int64](pivots.Select(0, b))
				// L times U, and the exchanges undone from the last one on
				rows := make([][]complex128, m)
				for i := range m {
					rows[i] = make([]complex128, n)
					for j := range n {
						for l := range min(i+1, j+1, k) {
							f := v[i*n+l]
							if l == i {
								f = 1
							}
							rows[i][j] += f * v[l*n+j]
						}
					}
				}
				for i := k - 1; i >= 0; i-- {
					rows[i], rows[p[i]-1] = rows[p[i]-1], rows[i]
				}
				near(t, fmt.Sprint(e, s), x.Select(0, b), []int{m, n}, slices.Concat(rows...))
			}
		}
	}
}

func TestSolveTriangular(t *testing.T) {
	a, _ := FromValues(F64, []int{2, 2}, []float64{2, 3, 5, 4})
	b, _ := FromValues(F64, []int{2, 1}, []float64{8, 12})
	for _, c := range []struct {
		upper, unit bool
		want        []complex128
	}{{true, false, []complex128{-0.5, 3}}, {false, false, []complex128{4, -2}}, {true, true, []complex128{-28, 12}}, {false, true, []complex128{8, -28}}} {
		got, err := SolveTriangular(Serial, a, b, c.upper, c.unit)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprint(c), got, []int{2, 1}, c.want)
	}
}
