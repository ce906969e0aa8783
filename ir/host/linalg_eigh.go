package host

import (
	"cmp"
	"errors"
	"math"
	"slices"
)

var errNoConvergence = errors.New("the iteration for its eigenvalues does not converge")

// Eigh gives the eigenvalues w [..., n] in ascending order of symmetric or Hermitian matrices, of which only the lower
// triangle is read (or the upper one), and the eigenvectors as columns of v; w is real.
func Eigh(p Parallel, x *Tensor, upper bool) (w, v *Tensor, err error) {
	n, err := squareSize("an eigenvalue decomposition", x)
	if err != nil {
		return nil, nil, err
	}
	pieces := []piece{{partElem(x.Elem), []int{n}}, {x.Elem, []int{n, n}}}
	out, err := factorize("eigenvalue decomposition", p, x, pieces, eighInto[float64](upper), eighInto[complex128](upper))
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// partElem is the element type of a complex type's parts; a real type is its own part.
func partElem(e Elem) Elem {
	switch e {
	case C64:
		return F32
	case C128:
		return F64
	}
	return e
}

func eighInto[T exact](upper bool) factorizer[T] {
	return func(a []T, n, _ int, out [][]T) error {
		for r := range n {
			a[r*n+r] = lift[T](realPart(a[r*n+r]))
			for c := range r {
				if upper {
					a[r*n+c] = conjugate(a[c*n+r])
				} else {
					a[c*n+r] = conjugate(a[r*n+c])
				}
			}
		}
		if err := finite(a); err != nil || n == 0 {
			return err
		}
		d, e, tau := tridiagonal(a, n)
		split := n/2 - 1
		side := math.Copysign(1, e[max(split, 0)])
		z := unitMatrix[float64](n) // its rows are the vectors
		if !diagonalize(d, e, z) {
			return errNoConvergence
		}
		order := sortedBy(d, cmp.Compare[float64])
		for to, from := range order {
			vector := z[from*n : (from+1)*n]
			sign := 1.0
			// LAPACK halves the matrix from 26 rows on, and that gives this sum of two elements a negative sign. For smaller
			// matrices its signs depend on the steps it takes; this is as good as any.
			if n > 1 && vector[split]+side*vector[split+1] > 0 {
				sign = -1
			}
			out[0][to] = lift[T](d[from])
			for i, v := range vector {
				out[1][i*n+to] = lift[T](sign * v)
			}
		}
		if n > 1 {
			multiplyQ(a[n:], n, n-1, tau, out[1][n:], n, false)
		}
		return nil
	}
}

// sortedBy lists the places of the values in order; equal ones keep theirs.
func sortedBy(values []float64, compare func(a, b float64) int) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compare(values[i], values[j]) })
	return order
}

// tridiagonal reduces the Hermitian a to the real diagonal d and subdiagonal e, in place, as LAPACK's sytrd does for the
// lower triangle. The reflections stay below the subdiagonal: they act on the rows from the second on.
func tridiagonal[T exact](a []T, n int) (d, e []float64, tau []T) {
	d, e, tau = make([]float64, n), make([]float64, n), make([]T, max(n-1, 0))
	v, w := make([]T, n), make([]T, n)
	for c := range tau {
		size := n - c - 1
		t := reflection(a[(c+1)*n+c:], n, size)
		tau[c], e[c] = t, realPart(a[(c+1)*n+c])
		if t == 0 {
			continue
		}
		v, w := v[:size], w[:size]
		v[0] = lift[T](1)
		for i := 1; i < size; i++ {
			v[i] = a[(c+1+i)*n+c]
		}
		for i := range size { // a*v; the rows hold both triangles
			w[i] = 0
			for j, x := range a[(c+1+i)*n+c+1 : (c+2+i)*n] {
				w[i] += x * v[j]
			}
			w[i] *= t
		}
		subtractScaled(w, v, t*inner(w, v)/lift[T](2))
		for i := range size {
			row := a[(c+1+i)*n+c+1 : (c+2+i)*n]
			for j := range row {
				row[j] -= v[i]*conjugate(w[j]) + w[i]*conjugate(v[j])
			}
		}
	}
	for i := range d {
		d[i] = realPart(a[i*n+i])
	}
	return d, e, tau
}

// diagonalize turns the symmetric matrix with diagonal d and subdiagonal e into its eigenvalues d by the QL algorithm with
// implicit shifts, and applies the rotations to the rows of z.
func diagonalize(d, e, z []float64) bool {
	n := len(d)
	e[n-1] = 0
	for l := range n {
		for round := 0; ; round++ {
			m := l
			for m < n-1 && math.Abs(e[m]) > 0x1p-53*(math.Abs(d[m])+math.Abs(d[m+1])) {
				m++
			}
			if m == l {
				break
			}
			if round == 100 {
				return false
			}
			g := (d[l+1] - d[l]) / (2 * e[l])
			g = d[m] - d[l] + e[l]/(g+math.Copysign(math.Hypot(g, 1), g))
			s, c, p, i := 1.0, 1.0, 0.0, m-1
			for ; i >= l; i-- {
				f, b := s*e[i], c*e[i]
				r := math.Hypot(f, g)
				e[i+1] = r
				if r == 0 { // the matrix falls apart here
					d[i+1] -= p
					break
				}
				s, c = f/r, g/r
				g = d[i+1] - p
				r = (d[i]-g)*s + 2*c*b
				p = s * r
				d[i+1] = g + p
				g = c*r - b
				x, y := z[i*n:(i+1)*n], z[(i+1)*n:(i+2)*n]
				for k, v := range x {
					x[k], y[k] = c*v-s*y[k], s*v+c*y[k]
				}
			}
			if i < l {
				d[l] -= p
				e[l] = g
			}
			e[m] = 0
		}
	}
	return true
}
