package host

import (
	"fmt"
	"math"
)

// Cholesky factors positive definite matrices as L times its conjugate transpose, and gives L, or that transpose if upper
// is set. Only the lower triangle (or the upper one) of x is read. info [...] of type i32 is 0, or the order of the first
// leading minor that is not positive definite, where the factorization stopped; with check that is an error.
func Cholesky(p Parallel, x *Tensor, upper, check bool) (y, info *Tensor, err error) {
	n, err := squareSize("a Cholesky factorization", x)
	if err != nil {
		return nil, nil, err
	}
	pieces := []piece{{x.Elem, []int{n, n}}, {I32, nil}}
	out, err := factorize("Cholesky factorization", p, x, pieces, choleskyInto[float64](upper, check), choleskyInto[complex128](upper, check))
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

func choleskyInto[T exact](upper, check bool) factorizer[T] {
	return func(a []T, n, _ int, out [][]T) error {
		l := out[0]
		for r := range n {
			for c := range r + 1 {
				l[r*n+c] = a[r*n+c]
				if upper {
					l[r*n+c] = conjugate(a[c*n+r])
				}
			}
		}
		minor := factorCholesky(l, n)
		if check && minor > 0 {
			return fmt.Errorf("it is not positive definite: the leading minor of order %d is not", minor)
		}
		out[1][0] = lift[T](float64(minor))
		if upper {
			for r := range n {
				for c := range r {
					l[c*n+r], l[r*n+c] = conjugate(l[r*n+c]), 0
				}
			}
		}
		return nil
	}
}

// factorCholesky replaces the lower triangle of a by L, column by column, up to the first leading minor that is not
// positive definite, whose order it gives; 0 where all are.
func factorCholesky[T exact](a []T, n int) int {
	for c := range n {
		row := a[c*n : c*n+c]
		rest := realPart(a[c*n+c]) - realPart(inner(row, row))
		a[c*n+c] = lift[T](rest)
		if !(rest > 0) {
			return c + 1
		}
		root := lift[T](math.Sqrt(rest))
		a[c*n+c] = root
		for r := c + 1; r < n; r++ {
			a[r*n+c] = (a[r*n+c] - inner(row, a[r*n:r*n+c])) / root
		}
	}
	return 0
}
