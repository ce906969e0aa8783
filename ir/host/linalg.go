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

func parts[T exact](v T) (re, im float64) {
	switch v := any(v).(type) {
	case float64:
		return v, 0
	case complex128:
		return real(v), imag(v)
	}
	return 0, 0
}

func realPart[T exact](v T) float64 {
	re, _ := parts(v)
	return re
}

// lift gives a real number as T.
func lift[T exact](v float64) T {
	var out T
	switch p := any(&out).(type) {
	case *float64:
		*p = v
	case *complex128:
		*p = complex(v, 0)
	}
	return out
}

// taxicab is the size that LAPACK chooses pivots by.
func taxicab[T exact](v T) float64 {
	re, im := parts(v)
	return math.Abs(re) + math.Abs(im)
}

// inner is the inner product of two vectors, conjugating the first.
func inner[T exact](x, y []T) T {
	var sum T
	y = y[:len(x)]
	for i, v := range x {
		sum += conjugate(v) * y[i]
	}
	return sum
}

// unitMatrix is the unit matrix of n rows.
func unitMatrix[T exact](n int) []T {
	out := make([]T, n*n)
	for i := range n {
		out[i*n+i] = lift[T](1)
	}
	return out
}

var errUndefined = errors.New("it has infinite or undefined elements")

// finite gives an error where an element is not.
func finite[T exact](a []T) error {
	for _, v := range a {
		if m := taxicab(v); math.IsInf(m, 0) || math.IsNaN(m) {
			return errUndefined
		}
	}
	return nil
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

// matrixSize gives the sizes m and n of a batch of matrices.
func matrixSize(what string, x *Tensor) (m, n int, err error) {
	r := x.Rank() - 2
	if r < 0 {
		return 0, 0, fmt.Errorf("%s needs matrices, found %s", what, x)
	}
	return x.Shape[r], x.Shape[r+1], nil
}

func squareSize(what string, x *Tensor) (n int, err error) {
	if !isSquare(x) {
		return 0, fmt.Errorf("%s needs square matrices, found %s", what, x)
	}
	return x.Shape[x.Rank()-1], nil
}

// batchAgrees reports whether two tensors have the same axes before the last few of each.
func batchAgrees(a *Tensor, lastA int, b *Tensor, lastB int) bool {
	return a.Rank() >= lastA && b.Rank() >= lastB && slices.Equal(a.Shape[:a.Rank()-lastA], b.Shape[:b.Rank()-lastB])
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
	if err != nil {
		return nil, err
	}
	return out, storeRounded(p, out, values)
}

// storeRounded rounds values into out; of complex values a real tensor takes the real part.
func storeRounded[T exact](p Parallel, out *Tensor, values []T) error {
	if len(values) == 0 {
		return nil
	}
	wide := F64
	if _, ok := any(values).([]complex128); ok {
		wide = C128
	}
	t, err := FromValues(wide, out.Shape, values)
	if err != nil {
		return err
	}
	return Cast(p, out, t)
}

// piece is one result of a factorization: its element type and the sizes of its axes after the batch.
type piece struct {
	elem  Elem
	sizes []int
}

// factorizer factors one matrix a [m, n], which it may overwrite, into zeroed slices, one for each piece.
type factorizer[T exact] func(a []T, m, n int, out [][]T) error

// factorize factors matrices [..., m, n] into pieces.
func factorize(what string, p Parallel, x *Tensor, pieces []piece, real factorizer[float64], complex factorizer[complex128]) (out []*Tensor, err error) {
	err = realOrComplex(what, x, func() error { out, err = factorizeAs(p, x, pieces, real); return err },
		func() error { out, err = factorizeAs(p, x, pieces, complex); return err })
	return out, err
}

func factorizeAs[T exact](p Parallel, x *Tensor, pieces []piece, fn factorizer[T]) ([]*Tensor, error) {
	r := x.Rank() - 2
	m, n, batch := x.Shape[r], x.Shape[r+1], product(x.Shape[:r])
	out := make([]*Tensor, len(pieces))
	for i, s := range pieces { // before the work memory, since this holds the sizes against the machine's
		var err error
		if out[i], err = Alloc(s.elem, slices.Concat(x.Shape[:r], s.sizes)); err != nil {
			return nil, err
		}
	}
	a, values := copied[T](x), make([][]T, len(pieces))
	for i := range values {
		values[i] = make([]T, out[i].Len())
	}
	err := matrices(p, batch, 8*m*n*min(m, n), func(i int) error {
		mine := make([][]T, len(pieces))
		for k, s := range pieces {
			size := product(s.sizes)
			mine[k] = values[k][i*size : (i+1)*size]
		}
		return fn(a[i*m*n:(i+1)*m*n], m, n, mine)
	})
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if err := storeRounded(p, out[i], v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// copied gives the elements of a tensor as values that may be overwritten.
func copied[T exact](t *Tensor) []T { return slices.Clone(Values[T](t)) }
