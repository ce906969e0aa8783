package host

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"slices"
)

// Linear algebra on batches of matrices, the last two axes. It computes in float64, or complex128, whatever is stored, and
// rounds once; the matrices are small, so the plain algorithms do.

// exact is what linear algebra computes in.
type exact interface{ float64 | complex128 }

func magnitude[T exact](v T) float64 {
	switch v := any(v).(type) {
	case float64:
		return math.Abs(v)
	case complex128:
		return cmplx.Abs(v)
	}
	return 0
}

func conjugate[T exact](v T) T {
	if z, ok := any(v).(complex128); ok {
		return any(cmplx.Conj(z)).(T)
	}
	return v
}

// realOrComplex runs the loop for x's element type.
func realOrComplex(what string, x *Tensor, real, complex func() error) error {
	switch {
	case x.Rank() < 2:
		return fmt.Errorf("%s needs matrices, found %s", what, x)
	case x.Elem.IsFloat():
		return real()
	case x.Elem.IsComplex():
		return complex()
	}
	return unsupported(what, x.Elem)
}

func isSquare(x *Tensor) bool {
	r := x.Rank()
	return r >= 2 && x.Shape[r-1] == x.Shape[r-2]
}

// matrices calls fn for each matrix of a batch, in parallel, and gives the error of the first one that has one.
func matrices(p Parallel, count, work int, fn func(i int) error) error {
	errs := make([]error, count)
	p(count, 1+gemmWork/max(work, 1), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if err := fn(i); err != nil {
				errs[i] = fmt.Errorf("matrix %d: %w", i, err)
			}
		}
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rounded makes a tensor of an element type from exact values.
func rounded[T exact](p Parallel, e Elem, shape []int, values []T) (*Tensor, error) {
	out, err := Alloc(e, shape)
	if err != nil || len(values) == 0 {
		return out, err
	}
	wide := F64
	if e.IsComplex() {
		wide = C128
	}
	t, err := FromValues(wide, shape, values)
	if err != nil {
		return nil, err
	}
	return out, Cast(p, out, t)
}

// copied gives the elements of a tensor as values that may be overwritten.
func copied[T exact](t *Tensor) []T { return slices.Clone(Values[T](t)) }

var errSingular = errors.New("it is singular")

// factorLU replaces a by its factors L (below the diagonal, which is 1) and U, with rows exchanged: pivots[i] is the row
// that was exchanged with row i. A zero pivot stays; sign is that of the exchanges.
func factorLU[T exact](a []T, rows, cols int, pivots []int64) (sign float64, singular bool) {
	sign = 1
	for c := range min(rows, cols) {
		best := c
		for r := c + 1; r < rows; r++ {
			if magnitude(a[r*cols+c]) > magnitude(a[best*cols+c]) {
				best = r
			}
		}
		pivots[c] = int64(best)
		if best != c {
			sign = -sign
			for k := range cols {
				a[c*cols+k], a[best*cols+k] = a[best*cols+k], a[c*cols+k]
			}
		}
		pivot := a[c*cols+c]
		if pivot == 0 {
			singular = true
			continue
		}
		for r := c + 1; r < rows; r++ {
			f := a[r*cols+c] / pivot
			a[r*cols+c] = f
			subtractScaled(a[r*cols+c+1:(r+1)*cols], a[c*cols+c+1:(c+1)*cols], f)
		}
	}
	return sign, singular
}

func subtractScaled[T exact](to, from []T, f T) {
	from = from[:len(to)]
	for i, v := range from {
		to[i] -= f * v
	}
}

// LU factors matrices [..., m, n] as LAPACK does: L and U in one matrix, and min(m, n) pivots of type i32, counted from 1.
func LU(p Parallel, x *Tensor) (lu, pivots *Tensor, err error) {
	err = realOrComplex("LU factorization", x, func() error { lu, pivots, err = luOf[float64](p, x); return err },
		func() error { lu, pivots, err = luOf[complex128](p, x); return err })
	return lu, pivots, err
}

func luOf[T exact](p Parallel, x *Tensor) (*Tensor, *Tensor, error) {
	r := x.Rank() - 2
	rows, cols := x.Shape[r], x.Shape[r+1]
	n := min(rows, cols)
	a, batch := copied[T](x), product(x.Shape[:r])
	swaps := make([]int64, batch*n)
	err := matrices(p, batch, rows*cols*n, func(i int) error {
		factorLU(a[i*rows*cols:(i+1)*rows*cols], rows, cols, swaps[i*n:(i+1)*n])
		for k := range n {
			swaps[i*n+k]++
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	lu, err := rounded(p, x.Elem, x.Shape, a)
	if err != nil {
		return nil, nil, err
	}
	pivots, err := FromValues(I32, append(slices.Clone(x.Shape[:r]), n), swaps)
	return lu, pivots, err
}

// Det gives the determinants of square matrices.
func Det(p Parallel, x *Tensor) (out *Tensor, err error) {
	if !isSquare(x) {
		return nil, fmt.Errorf("a determinant needs square matrices, found %s", x)
	}
	err = realOrComplex("determinant", x, func() error { out, err = detOf[float64](p, x); return err },
		func() error { out, err = detOf[complex128](p, x); return err })
	return out, err
}

func detOf[T exact](p Parallel, x *Tensor) (*Tensor, error) {
	r := x.Rank() - 2
	n, batch := x.Shape[r], product(x.Shape[:r])
	a, dets := copied[T](x), make([]T, batch)
	err := matrices(p, batch, n*n*n, func(i int) error {
		m := a[i*n*n : (i+1)*n*n]
		sign, _ := factorLU(m, n, n, make([]int64, n))
		dets[i] = 1
		for k := range n {
			dets[i] *= m[k*n+k]
		}
		if sign < 0 {
			dets[i] = -dets[i]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rounded(p, x.Elem, x.Shape[:r], dets)
}

// Solve gives x with a*x = b: a is [..., n, n], b [..., n, k]; leading axes broadcast. A singular matrix is an error.
func Solve(p Parallel, a, b *Tensor) (out *Tensor, err error) {
	return solveBatches("solve", p, a, b, luSolver[float64], luSolver[complex128])
}

// solver prepares a matrix of n rows and gives what replaces the right-hand side b [n, k] by the solution.
type solver[T exact] func(m []T, n int) (func(b []T, k int), error)

func luSolver[T exact](m []T, n int) (func(b []T, k int), error) {
	pivots := make([]int64, n)
	if _, singular := factorLU(m, n, n, pivots); singular {
		return nil, errSingular
	}
	return func(b []T, k int) {
		for i, p := range pivots {
			if int(p) != i {
				for c := range k {
					b[i*k+c], b[int(p)*k+c] = b[int(p)*k+c], b[i*k+c]
				}
			}
		}
		substitute(m, n, b, k, false, true)
		substitute(m, n, b, k, true, false)
	}, nil
}

// substitute replaces b [n, k] by the solution for the upper or lower triangle of a; with unit its diagonal counts as 1.
func substitute[T exact](a []T, n int, b []T, k int, upper, unit bool) {
	for step := range n {
		i := step
		if upper {
			i = n - 1 - step
		}
		row := b[i*k : (i+1)*k]
		lo, hi := 0, i
		if upper {
			lo, hi = i+1, n
		}
		for j := lo; j < hi; j++ {
			if f := a[i*n+j]; f != 0 {
				subtractScaled(row, b[j*k:(j+1)*k], f)
			}
		}
		if !unit {
			for c := range row {
				row[c] /= a[i*n+i]
			}
		}
	}
}

// SolveTriangular gives x with a*x = b, using only the upper or lower triangle of a; with unit its diagonal counts as 1.
func SolveTriangular(p Parallel, a, b *Tensor, upper, unit bool) (*Tensor, error) {
	return solveBatches("triangular solve", p, a, b, triangularSolver[float64](upper, unit), triangularSolver[complex128](upper, unit))
}

func triangularSolver[T exact](upper, unit bool) solver[T] {
	return func(m []T, n int) (func(b []T, k int), error) {
		return func(b []T, k int) { substitute(m, n, b, k, upper, unit) }, nil
	}
}

func solveBatches(what string, p Parallel, a, b *Tensor, real solver[float64], complex solver[complex128]) (out *Tensor, err error) {
	ra, rb := a.Rank()-2, b.Rank()-2
	if !isSquare(a) || rb < 0 || b.Shape[rb] != a.Shape[ra] || a.Elem != b.Elem {
		return nil, fmt.Errorf("cannot solve %s for %s", a, b)
	}
	batch, err := BroadcastShapes(a.Shape[:ra], b.Shape[:rb])
	if err != nil {
		return nil, err
	}
	if a, err = a.Expand(append(slices.Clone(batch), a.Shape[ra:]...)); err != nil {
		return nil, err
	}
	if b, err = b.Expand(append(slices.Clone(batch), b.Shape[rb:]...)); err != nil {
		return nil, err
	}
	err = realOrComplex(what, a, func() error { out, err = solveOf(p, a, b, real); return err }, func() error { out, err = solveOf(p, a, b, complex); return err })
	return out, err
}

func solveOf[T exact](p Parallel, a, b *Tensor, prepare solver[T]) (*Tensor, error) {
	r := a.Rank() - 2
	n, k := a.Shape[r], b.Shape[r+1]
	va, vb := copied[T](a), copied[T](b)
	err := matrices(p, product(a.Shape[:r]), n*n*(n+k), func(i int) error {
		solve, err := prepare(va[i*n*n:(i+1)*n*n], n)
		if err == nil {
			solve(vb[i*n*k:(i+1)*n*k], k)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return rounded(p, a.Elem, b.Shape, vb)
}

// Inverse inverts square matrices; a singular one is an error.
func Inverse(p Parallel, x *Tensor) (*Tensor, error) {
	if !isSquare(x) {
		return nil, fmt.Errorf("an inverse needs square matrices, found %s", x)
	}
	n := x.Shape[x.Rank()-1]
	ones := make([]float64, n*n)
	for i := range n {
		ones[i*n+i] = 1
	}
	unit, err := rounded(p, F64, []int{n, n}, ones)
	if err != nil {
		return nil, err
	}
	same := New(x.Elem, n, n)
	if err := Cast(p, same, unit); err != nil {
		return nil, err
	}
	return Solve(p, x, same)
}

// Cholesky factors positive definite matrices as L times its conjugate transpose, and gives L, or that transpose if upper
// is set. Only the lower triangle (or the upper one) of x is read.
func Cholesky(p Parallel, x *Tensor, upper bool) (out *Tensor, err error) {
	if !isSquare(x) {
		return nil, fmt.Errorf("a Cholesky factorization needs square matrices, found %s", x)
	}
	err = realOrComplex("Cholesky factorization", x, func() error { out, err = choleskyOf[float64](p, x, upper); return err },
		func() error { out, err = choleskyOf[complex128](p, x, upper); return err })
	return out, err
}

func choleskyOf[T exact](p Parallel, x *Tensor, upper bool) (*Tensor, error) {
	n, batch := x.Shape[x.Rank()-1], product(x.Shape[:x.Rank()-2])
	in, out := Values[T](x), make([]T, x.Len())
	err := matrices(p, batch, n*n*n, func(i int) error {
		a, l := in[i*n*n:(i+1)*n*n], out[i*n*n:(i+1)*n*n]
		for r := range n {
			for c := range r + 1 {
				sum := a[r*n+c]
				if upper {
					sum = conjugate(a[c*n+r])
				}
				for k := range c {
					sum -= l[r*n+k] * conjugate(l[c*n+k])
				}
				if c < r {
					l[r*n+c] = sum / l[c*n+c]
					continue
				}
				root := realSqrt(sum)
				if root == 0 {
					return fmt.Errorf("it is not positive definite: minor %d", r+1)
				}
				l[r*n+r] = root
			}
		}
		if upper {
			for r := range n {
				for c := range r {
					l[c*n+r], l[r*n+c] = conjugate(l[r*n+c]), 0
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rounded(p, x.Elem, x.Shape, out)
}

// realSqrt is the square root of the real part where that is positive, and 0 otherwise.
func realSqrt[T exact](v T) T {
	var out T
	switch v := any(v).(type) {
	case float64:
		if v > 0 {
			out = any(math.Sqrt(v)).(T)
		}
	case complex128:
		if real(v) > 0 {
			out = any(complex(math.Sqrt(real(v)), 0)).(T)
		}
	}
	return out
}
