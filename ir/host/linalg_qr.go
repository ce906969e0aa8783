package host

import (
	"fmt"
	"math"
)

// A reflection is H = I - tau*v*v', where v is 1 in its first element. A matrix of reflections keeps the rest of each v
// below the diagonal of its column, as LAPACK does; their product in order is the unitary Q.

// reflection replaces the column whose elements are step apart by v, with the first element of H'*column in the place of
// the 1, and gives tau; 0 means H = I.
func reflection[T exact](column []T, step, n int) (tau T) {
	norm := 0.0
	for i := 1; i < n; i++ {
		norm = math.Hypot(norm, magnitude(column[i*step]))
	}
	alpha := column[0]
	re, im := parts(alpha)
	if norm == 0 && im == 0 {
		return 0
	}
	beta := lift[T](-math.Copysign(math.Hypot(magnitude(alpha), norm), re))
	for i := 1; i < n; i++ {
		column[i*step] /= alpha - beta
	}
	column[0] = beta
	return (beta - alpha) / beta
}

// reflect applies the reflection in a column of v, whose elements are step apart, to n rows of x that are ld apart and
// cols long. work holds cols elements.
func reflect[T exact](v []T, step int, tau T, x []T, ld, n, cols int, work []T) {
	if tau == 0 || cols == 0 {
		return
	}
	work = work[:cols]
	copy(work, x)
	for i := 1; i < n; i++ {
		subtractScaled(work, x[i*ld:], -conjugate(v[i*step]))
	}
	subtractScaled(x[:cols], work, tau)
	for i := 1; i < n; i++ {
		subtractScaled(x[i*ld:i*ld+cols], work, tau*v[i*step])
	}
}

// reflectors replaces a [m, n] by R and, below its diagonal, reflections whose factors become tau (LAPACK's geqrf).
func reflectors[T exact](a []T, m, n int, tau []T) {
	work := make([]T, n)
	for c := range tau {
		at := a[c*n+c:]
		tau[c] = reflection(at, n, m-c)
		if c+1 < n {
			reflect(at, n, conjugate(tau[c]), a[c*n+c+1:], n, m-c, n-c-1, work)
		}
	}
}

// multiplyQ replaces x [m, cols] by Q*x, or by Q'*x, for the reflections in a matrix of m rows that are ld apart.
func multiplyQ[T exact](a []T, ld, m int, tau []T, x []T, cols int, adjoint bool) {
	work := make([]T, cols)
	for step := range tau {
		c := len(tau) - 1 - step
		if adjoint {
			c = step
		}
		f := tau[c]
		if adjoint {
			f = conjugate(f)
		}
		reflect(a[c*ld+c:], ld, f, x[c*cols:], cols, m-c, cols, work)
	}
}

// QR factors matrices [..., m, n] by Householder reflections, with LAPACK's signs: q [..., m, k] and r [..., k, n], where
// k is m if complete is set and min(m, n) otherwise.
func QR(p Parallel, x *Tensor, complete bool) (q, r *Tensor, err error) {
	m, n, err := matrixSize("QR factorization", x)
	if err != nil {
		return nil, nil, err
	}
	k := min(m, n)
	if complete {
		k = m
	}
	pieces := []piece{{x.Elem, []int{m, k}}, {x.Elem, []int{k, n}}}
	out, err := factorize("QR factorization", p, x, pieces, qrInto[float64](k), qrInto[complex128](k))
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

func qrInto[T exact](k int) factorizer[T] {
	return func(a []T, m, n int, out [][]T) error {
		q, r, tau := out[0], out[1], make([]T, min(m, n))
		reflectors(a, m, n, tau)
		for i := range min(m, k) {
			q[i*k+i] = lift[T](1)
			for j := i; j < n; j++ {
				r[i*n+j] = a[i*n+j]
			}
		}
		multiplyQ(a, n, m, tau, q, k, false)
		return nil
	}
}

// Reflectors gives the QR factorization of matrices [..., m, n] as LAPACK's geqrf does: R with the reflections below its
// diagonal, and their min(m, n) factors tau.
func Reflectors(p Parallel, x *Tensor) (a, tau *Tensor, err error) {
	m, n, err := matrixSize("QR factorization", x)
	if err != nil {
		return nil, nil, err
	}
	pieces := []piece{{x.Elem, []int{m, n}}, {x.Elem, []int{min(m, n)}}}
	out, err := factorize("QR factorization", p, x, pieces, reflectorsInto[float64], reflectorsInto[complex128])
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

func reflectorsInto[T exact](a []T, m, n int, out [][]T) error {
	reflectors(a, m, n, out[1])
	copy(out[0], a)
	return nil
}

// MultiplyQ gives Q*x for the reflections in a [..., m, n] with factors tau [..., k], or the conjugate transpose of Q times
// x; x is [..., m, cols]. The leading axes agree.
func MultiplyQ(p Parallel, a, tau, x *Tensor, adjoint bool) (out *Tensor, err error) {
	r := a.Rank() - 2
	if r < 0 || !batchAgrees(a, 2, x, 2) || !batchAgrees(a, 2, tau, 1) || a.Shape[r] != x.Shape[r] ||
		tau.Shape[r] > min(a.Shape[r], a.Shape[r+1]) || a.Elem != x.Elem || a.Elem != tau.Elem {
		return nil, fmt.Errorf("cannot apply the reflections of %s and %s to %s", a, tau, x)
	}
	err = realOrComplex("product of reflections", a, func() error { out, err = multiplyBatches[float64](p, a, tau, x, adjoint); return err },
		func() error { out, err = multiplyBatches[complex128](p, a, tau, x, adjoint); return err })
	return out, err
}

func multiplyBatches[T exact](p Parallel, a, tau, x *Tensor, adjoint bool) (*Tensor, error) {
	r := a.Rank() - 2
	m, n, k, cols := a.Shape[r], a.Shape[r+1], tau.Shape[r], x.Shape[r+1]
	va, vt, vx := Values[T](a), Values[T](tau), copied[T](x)
	err := matrices(p, product(a.Shape[:r]), m*cols*k, func(i int) error {
		multiplyQ(va[i*m*n:(i+1)*m*n], n, m, vt[i*k:(i+1)*k], vx[i*m*cols:(i+1)*m*cols], cols, adjoint)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rounded(p, x.Elem, x.Shape, vx)
}
