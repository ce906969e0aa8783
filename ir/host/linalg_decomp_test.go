package host

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// timesDiagonal multiplies the columns of v [..., m, n] by w [..., n].
func timesDiagonal(t *testing.T, v, w *Tensor) *Tensor {
	t.Helper()
	values, by := slices.Clone(Values[complex128](v)), Values[complex128](w)
	m, n := v.Shape[v.Rank()-2], v.Shape[v.Rank()-1]
	for i := range values {
		values[i] *= by[i/(m*n)*n+i%n]
	}
	return must(FromValues(v.Elem, v.Shape, values))
}

// mirroredTriangle fills in the upper triangle of the lower one, or the other way round.
func mirroredTriangle(x *Tensor, upper, hermitian bool) *Tensor {
	values := slices.Clone(Values[complex128](x))
	n := x.Shape[x.Rank()-1]
	for i := range values {
		b, r, c := i/(n*n)*n*n, i%(n*n)/n, i%n
		switch {
		case c == r && hermitian:
			values[i] = complex(real(values[i]), 0)
		case c > r != upper && c != r:
			if values[i] = values[b+c*n+r]; hermitian {
				values[i] = cmplx.Conj(values[i])
			}
		}
	}
	return must(FromValues(x.Elem, x.Shape, values))
}

func unit(t *testing.T, what string, v *Tensor, n int) {
	t.Helper()
	near(t, what, mul(t, adjoint(v), v), []int{2, n, n}, unitMatrices(2, n))
}

func TestCholesky(t *testing.T) {
	for _, e := range linalgElems {
		a := noise(e, 8, 2, 4, 4)
		x := mul(t, a, adjoint(a))
		lower, info, err := Cholesky(goParallel, x, false, true)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "lower", mul(t, lower, adjoint(lower)), x.Shape, Values[complex128](x))
		near(t, "info", info, []int{2}, []complex128{0, 0})
		upper, _, err := Cholesky(Serial, x, true, true)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "upper", upper, x.Shape, Values[complex128](adjoint(lower)))
		if v := Values[complex128](lower); v[1] != 0 || imag(v[5]) != 0 || real(v[5]) <= 0 {
			t.Errorf("%s: %v is no lower triangle with a positive diagonal", e, v)
		}
	}
	bad := must(FromValues(F32, []int{2, 2, 2}, []float32{1, 0, 0, 1, 1, 2, 2, 1}))
	if _, _, err := Cholesky(Serial, bad, false, true); err == nil || !strings.Contains(err.Error(), "matrix 1: it is not positive definite: the leading minor of order 2") {
		t.Errorf("found the error %v, want one that names matrix and minor", err)
	}
	y, info, err := Cholesky(Serial, bad, false, false)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "info of a failure", info, []int{2}, []complex128{0, 2})
	near(t, "what a failure leaves", y, []int{2, 2, 2}, []complex128{1, 0, 0, 1, 1, 0, 2, -3})
}

func TestQR(t *testing.T) {
	for _, s := range [][2]int{{3, 3}, {5, 3}, {3, 5}, {1, 4}, {4, 1}, {0, 3}, {3, 0}} {
		for _, e := range linalgElems {
			m, n, what := s[0], s[1], fmt.Sprint(s, e)
			x := noise(e, uint64(m), 2, m, n)
			for _, all := range []bool{false, true} {
				q, r, err := QR(goParallel, x, all)
				if err != nil {
					t.Fatal(err)
				}
				k := min(m, n)
				if all {
					k = m
				}
				near(t, "q*r"+what, mul(t, q, r), x.Shape, Values[complex128](x))
				unit(t, "q"+what, q, k)
				for i, v := range Values[complex128](r) {
					if row, col := i/max(n, 1)%max(k, 1), i%max(n, 1); col < row && v != 0 || col == row && imag(v) != 0 {
						t.Errorf("%v: r has %v at %d, %d", what, v, row, col)
					}
				}
			}
			// The packed form holds the same q and r.
			a, tau, err := Reflectors(goParallel, x)
			if err != nil {
				t.Fatal(err)
			}
			q, _, _ := QR(Serial, x, true)
			same, _ := must(FromValues(e, []int{m, m}, unitMatrix[complex128](m))).Expand([]int{2, m, m})
			product, err := MultiplyQ(goParallel, a, tau, same, false)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "reflections"+what, product, q.Shape, Values[complex128](q))
			r, err := MultiplyQ(Serial, a, tau, x, true)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "adjoint"+what, r, x.Shape, Values[complex128](mul(t, adjoint(q), x)))
		}
	}
	// LAPACK's signs: the diagonal of r is opposite to the leading element's.
	x := must(FromValues(F64, []int{2, 2}, []float64{3, 1, 4, 2}))
	_, r, err := QR(Serial, x, false)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "signs", r, []int{2, 2}, []complex128{-5, -2.2, 0, 0.4})
	if _, err := MultiplyQ(Serial, New(F32, 3, 2), New(F32, 3), New(F32, 3, 1), false); err == nil {
		t.Error("more factors than columns must be an error")
	}
}

func TestSVD(t *testing.T) {
	for _, s := range [][2]int{{3, 3}, {5, 3}, {3, 5}, {1, 4}, {4, 1}, {6, 6}, {0, 2}, {2, 0}} {
		for i := range 12 {
			e, rank1, full := linalgElems[i%4], i/4 == 1, i/4 == 2
			x := transposed(e, uint64(s[1]), 2, s[0], s[1])
			if rank1 {
				x = mul(t, noise(e, 1, 2, s[0], 1), noise(e, 2, 2, 1, s[1]))
			}
			u, sv, vh, err := SVD(goParallel, x, full)
			if err != nil {
				t.Fatal(err)
			}
			k, what := min(s[0], s[1]), fmt.Sprint(s, e, rank1, full)
			if full {
				unit(t, "u"+what, u, s[0])
				unit(t, "v"+what, adjoint(vh), s[1])
				u = u.Slice(2, 0, k, 1)
				vh = vh.Slice(1, 0, k, 1)
			}
			unit(t, "u"+what, u, k)
			unit(t, "v"+what, adjoint(vh), k)
			near(t, "u*s*v"+what, mul(t, timesDiagonal(t, u, sv), vh), x.Shape, Values[complex128](x))
			for i, v := range Values[float64](sv) {
				if v < 0 || i%k > 0 && v > Values[float64](sv)[i-1] {
					t.Errorf("%v: singular values %v", s, Values[float64](sv))
				}
			}
		}
	}
	for _, scale := range []float64{1e-300, 1e300} {
		_, sv, _, err := SVD(Serial, must(FromValues(F64, []int{2, 2}, []float64{3 * scale, 0, 4 * scale, 0})), false)
		if got := Values[float64](sv); err != nil || !(math.Abs(got[0]/scale-5) < 1e-14) || got[1] != 0 {
			t.Errorf("singular values at scale %g are %v, %v", scale, got, err)
		}
	}
	nan := must(FromValues(F32, []int{1, 1}, []float32{float32(math.NaN())}))
	if _, _, _, err := SVD(Serial, nan, false); err == nil {
		t.Error("an undefined element must be an error")
	}
}

func TestEigh(t *testing.T) {
	for _, n := range []int{0, 1, 2, 5, 8, 30} {
		for _, e := range linalgElems {
			a := noise(e, uint64(n), 2, n, n)
			for _, upper := range []bool{false, true} {
				w, v, err := Eigh(goParallel, a, upper)
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprint(n, e, upper)
				near(t, "vectors"+what, mul(t, mirroredTriangle(a, upper, true), v), v.Shape, Values[complex128](timesDiagonal(t, v, w)))
				unit(t, what, v, n)
				for b := range 2 {
					if !slices.IsSorted(Values[float64](w)[b*n : (b+1)*n]) {
						t.Errorf("eigenvalues %v are not ascending", Values[float64](w))
					}
				}
			}
		}
	}
	w, _, err := Eigh(Serial, New(F32, 3, 3), false)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "zeros", w, []int{3}, make([]complex128, 3))
}

func TestEig(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 6, 15, 40} {
		for _, e := range linalgElems {
			a := noise(e, uint64(n)+3, 2, n, n)
			w, v, err := Eig(goParallel, a)
			if err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprint(n, e)
			wide := must(Alloc(v.Elem, a.Shape))
			if err := Cast(Serial, wide, a); err != nil {
				t.Fatal(err)
			}
			near(t, "vectors"+what, mul(t, wide, v), v.Shape, Values[complex128](timesDiagonal(t, v, w)))
			near(t, "length"+what, must(FromValues(v.Elem, []int{2, n}, lengths(v))), []int{2, n}, slices.Repeat([]complex128{1}, 2*n))
			if e.IsComplex() {
				continue
			}
			for i, z := range Values[complex128](w) {
				if pair := Values[complex128](w); imag(z) > 0 && (i+1 == len(pair) || pair[i+1] != cmplx.Conj(z)) {
					t.Errorf("%s: %v is not followed by its conjugate in %v", what, z, pair)
				}
			}
		}
	}
	for name, rows := range map[string][]float64{
		"nilpotent": {0, 1, 0, 0, 0, 1, 0, 0, 0}, "turn": {0, 0, 1, 1, 0, 0, 0, 1, 0}, "repeated": {2, 1, 0, 0, 2, 0, 0, 0, 2}, "zero": make([]float64, 9)} {
		for _, e := range []Elem{F64, C128} {
			a := must(FromValues(e, []int{3, 3}, rows))
			w, v, err := Eig(Serial, a)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wide := must(FromValues(C128, []int{3, 3}, Values[complex128](a)))
			near(t, name, mul(t, wide, v), v.Shape, Values[complex128](timesDiagonal(t, v, w)))
		}
	}
}

// lengths are the norms of the columns of v.
func lengths(v *Tensor) []complex128 {
	n := v.Shape[v.Rank()-1]
	out := make([]complex128, v.Len()/max(n, 1))
	for i, z := range Values[complex128](v) {
		j := i/(n*n)*n + i%n
		out[j] += complex(real(z)*real(z)+imag(z)*imag(z), 0)
	}
	return out
}

func TestLDL(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 20} {
		for i := range 8 {
			e, hermitian := linalgElems[i%4], i/4 == 1
			a, b := noise(e, uint64(n)+1, 2, n, n), noise(e, 5, 2, n, 3)
			ld, pivots, info, err := LDL(goParallel, a, hermitian, true)
			if err != nil {
				t.Fatal(err)
			}
			x, err := SolveLDL(goParallel, ld, pivots, b, hermitian)
			if err != nil {
				t.Fatal(err)
			}
			loosely(t, fmt.Sprint("solution", n, e, hermitian), mul(t, mirroredTriangle(a, false, hermitian), x), b.Shape, Values[complex128](b))
			near(t, "info", info, []int{2}, []complex128{0, 0})
		}
	}
	// LAPACK exchanges the second row of a block of two with the largest element's: 1 and 3 here.
	a := must(FromValues(F64, []int{3, 3}, []float64{0, 9, 9, 1, 2, 9, 4, 3, 1}))
	ld, pivots, _, err := LDL(Serial, a, false, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{-3, -3, 3}, Values[int64](pivots)); diff != "" {
		t.Errorf("pivots (-want +got):\n%s", diff)
	}
	near(t, "factors", ld, []int{3, 3}, []complex128{0, 0, 0, 4, 1, 0, 0.6875, 0.25, 0.5625})
	_, _, info, err := LDL(Serial, New(F64, 2, 2), false, false)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "info of zeros", info, nil, []complex128{1})
	for _, p := range [][]int64{{0, 1}, {3, 1}, {1, -2}} {
		if _, err := SolveLDL(Serial, New(F64, 2, 2), must(FromValues(I32, []int{2}, p)), New(F64, 2, 1), false); err == nil {
			t.Errorf("pivots %v must be an error", p)
		}
	}
}

func TestPermutation(t *testing.T) {
	got, err := Permutation(goParallel, must(FromValues(I32, []int{2, 2}, []int64{3, 3, 1, 2})), 3)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "order", got, []int{2, 3}, []complex128{2, 0, 1, 0, 1, 2})
	for _, p := range []int64{0, 4, -1} {
		if _, err := Permutation(Serial, must(FromValues(I32, []int{1}, []int64{p})), 3); err == nil {
			t.Errorf("pivot %d of 3 rows must be an error", p)
		}
	}
}

func TestMatrixExp(t *testing.T) {
	for _, e := range linalgElems {
		for _, scale := range []float64{0.01, 1, 10} {
			// exp of v*diag(w)*v' is v*diag(exp(w))*v'
			_, v, err := Eigh(Serial, noise(e, 4, 2, 5, 5), false)
			if err != nil {
				t.Fatal(err)
			}
			w, exps := make([]float64, 10), make([]float64, 10)
			for i := range w {
				w[i] = scale * math.Sin(float64(i))
				exps[i] = math.Exp(w[i])
			}
			from := func(d []float64) *Tensor {
				return mul(t, timesDiagonal(t, v, must(FromValues(F64, []int{2, 5}, d))), adjoint(v))
			}
			got, err := MatrixExp(goParallel, from(w))
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprint(e, scale), got, []int{2, 5, 5}, Values[complex128](from(exps)))
		}
	}
	nan := math.NaN()
	got, err := MatrixExp(Serial, must(FromValues(F64, []int{2, 2}, []float64{1, nan, 0, 1})))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "undefined", got, []int{2, 2}, slices.Repeat([]complex128{complex(nan, 0)}, 4))
	if got, err := MatrixExp(Serial, New(F32, 2, 0, 0)); err != nil || got.Len() != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
}
