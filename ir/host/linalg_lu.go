package host

import (
	"fmt"
	"slices"
)

// factorLU replaces a by its factors L (below the diagonal, which is 1) and U, with rows exchanged: pivots[i] is the row
// that was exchanged with row i. A zero pivot stays; zero is the place of the first one, counted from 1, or 0. sign is
// that of the exchanges.
func factorLU[T exact](a []T, rows, cols int, pivots []int) (sign float64, zero int) {
	sign = 1
	for c := range min(rows, cols) {
		best := c
		for r := c + 1; r < rows; r++ {
			if taxicab(a[r*cols+c]) > taxicab(a[best*cols+c]) {
				best = r
			}
		}
		pivots[c] = best
		if best != c {
			sign = -sign
			swapRows(a, cols, c, best)
		}
		pivot := a[c*cols+c]
		if pivot == 0 {
			if zero == 0 {
				zero = c + 1
			}
			continue
		}
		for r := c + 1; r < rows; r++ {
			f := a[r*cols+c] / pivot
			a[r*cols+c] = f
			subtractScaled(a[r*cols+c+1:(r+1)*cols], a[c*cols+c+1:(c+1)*cols], f)
		}
	}
	return sign, zero
}

func subtractScaled[T exact](to, from []T, f T) {
	from = from[:len(to)]
	for i, v := range from {
		to[i] -= f * v
	}
}

// swapRows exchanges two rows of a matrix.
func swapRows[T any](a []T, cols, r, s int) {
	x, y := a[r*cols:(r+1)*cols], a[s*cols:(s+1)*cols]
	for i, v := range x {
		x[i], y[i] = y[i], v
	}
}

func singular(pivot int) error { return fmt.Errorf("it is singular: pivot %d is zero", pivot) }

// LU factors matrices [..., m, n] as LAPACK does: L and U in one matrix, min(m, n) pivots of type i32, counted from 1, and
// in info [...] of type i32 the place of the first zero on the diagonal of U, counted from 1, or 0. With check such a zero
// is an error.
func LU(p Parallel, x *Tensor, check bool) (lu, pivots, info *Tensor, err error) {
	m, n, err := matrixSize("LU factorization", x)
	if err != nil {
		return nil, nil, nil, err
	}
	pieces := []piece{{x.Elem, []int{m, n}}, {I32, []int{min(m, n)}}, {I32, nil}}
	out, err := factorize("LU factorization", p, x, pieces, luInto[float64](check), luInto[complex128](check))
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

func luInto[T exact](check bool) factorizer[T] {
	return func(a []T, m, n int, out [][]T) error {
		pivots := make([]int, min(m, n))
		_, zero := factorLU(a, m, n, pivots)
		if check && zero > 0 {
			return singular(zero)
		}
		copy(out[0], a)
		for i, row := range pivots {
			out[1][i] = lift[T](float64(row + 1))
		}
		out[2][0] = lift[T](float64(zero))
		return nil
	}
}

// Permutation gives for pivots [..., k] of an LU factorization, counted from 1, the order of n rows that their exchanges
// make: row i of L*U is row perm[i] of the matrix.
func Permutation(p Parallel, pivots *Tensor, n int) (*Tensor, error) {
	r := pivots.Rank() - 1
	if r < 0 || pivots.Shape[r] > n {
		return nil, fmt.Errorf("a permutation of %d rows needs at most so many pivots, found %s", n, pivots)
	}
	k, shape := pivots.Shape[r], append(slices.Clone(pivots.Shape[:r]), n)
	out, err := Alloc(I64, shape)
	if err != nil {
		return nil, err
	}
	swaps, order := Values[int64](pivots), make([]int64, out.Len())
	err = matrices(p, product(shape[:r]), n, func(i int) error {
		perm := order[i*n : (i+1)*n]
		for row := range perm {
			perm[row] = int64(row)
		}
		for row, with := range swaps[i*k : (i+1)*k] {
			if with < 1 || with > int64(n) {
				return fmt.Errorf("pivot %d is %d, expected 1 to %d", row+1, with, n)
			}
			perm[row], perm[with-1] = perm[with-1], perm[row]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return FromValues(I64, shape, order)
}

// Det gives the determinants of square matrices.
func Det(p Parallel, x *Tensor) (*Tensor, error) {
	if _, err := squareSize("a determinant", x); err != nil {
		return nil, err
	}
	out, err := factorize("determinant", p, x, []piece{{x.Elem, nil}}, detInto[float64], detInto[complex128])
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func detInto[T exact](a []T, n, _ int, out [][]T) error {
	sign, _ := factorLU(a, n, n, make([]int, n))
	det := lift[T](sign)
	for k := range n {
		det *= a[k*n+k]
	}
	out[0][0] = det
	return nil
}

// Solve gives x with a*x = b: a is [..., n, n], b [..., n, k]; leading axes broadcast. A singular matrix is an error, or
// without check gives infinities.
func Solve(p Parallel, a, b *Tensor, check bool) (out *Tensor, err error) {
	return solveBatches("solve", p, a, b, luSolver[float64](check), luSolver[complex128](check))
}

// solver prepares a matrix of n rows and gives what replaces the right-hand side b [n, k] by the solution.
type solver[T exact] func(m []T, n int) (func(b []T, k int), error)

func luSolver[T exact](check bool) solver[T] {
	return func(m []T, n int) (func(b []T, k int), error) {
		pivots := make([]int, n)
		if _, zero := factorLU(m, n, n, pivots); check && zero > 0 {
			return nil, singular(zero)
		}
		return func(b []T, k int) {
			for i, p := range pivots {
				if p != i {
					swapRows(b, k, i, p)
				}
			}
			substitute(m, n, b, k, false, true)
			substitute(m, n, b, k, true, false)
		}, nil
	}
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

// Inverse inverts square matrices; a singular one is an error, or without check gives infinities.
func Inverse(p Parallel, x *Tensor, check bool) (*Tensor, error) {
	n, err := squareSize("an inverse", x)
	if err != nil {
		return nil, err
	}
	unit, err := rounded(p, x.Elem, []int{n, n}, unitMatrix[float64](n))
	if err != nil {
		return nil, err
	}
	return Solve(p, x, unit, check)
}
