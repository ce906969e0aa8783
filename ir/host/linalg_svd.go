package host

import (
	"cmp"
	"math"
)

// SVD gives u [..., m, k], the singular values s [..., k] in descending order and vh [..., k, n] of matrices, where
// k = min(m, n) and x = u * diag(s) * vh. With full u is [..., m, m] and vh [..., n, n], with further orthogonal vectors.
// The signs of the vectors, or their phases, are not those of LAPACK.
func SVD(p Parallel, x *Tensor, full bool) (u, s, vh *Tensor, err error) {
	m, n, err := matrixSize("singular value decomposition", x)
	if err != nil {
		return nil, nil, nil, err
	}
	k := min(m, n)
	rows, cols := k, k
	if full {
		rows, cols = m, n
	}
	pieces := []piece{{x.Elem, []int{m, rows}}, {partElem(x.Elem), []int{k}}, {x.Elem, []int{cols, n}}}
	out, err := factorize("singular value decomposition", p, x, pieces, svdInto[float64](rows, cols), svdInto[complex128](rows, cols))
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

func svdInto[T exact](rows, cols int) factorizer[T] {
	return func(a []T, m, n int, out [][]T) error {
		if err := finite(a); err != nil {
			return err
		}
		u, s, vh := out[0], out[1], out[2]
		if m < n { // the rows are made orthogonal: turns*a = diag(s)*vh
			turns := make([]T, m*m)
			jacobi(a, m, n, vh, s, turns)
			adjointInto(u, turns, m, m)
		} else { // the columns, as the rows of the adjoint: turns*a' = diag(s)*u'
			work, left := make([]T, n*m), make([]T, rows*m)
			adjointInto(work, a, m, n)
			jacobi(work, n, m, left, s, vh)
			completeRows(left, n, m)
			adjointInto(u, left, rows, m)
		}
		completeRows(vh, min(m, cols), n)
		return nil
	}
}

// adjointInto writes the conjugate transpose of a [m, n] to out.
func adjointInto[T exact](out, a []T, m, n int) {
	for i := range m {
		for j := range n {
			out[j*m+i] = conjugate(a[i*n+j])
		}
	}
}

// jacobi rotates pairs of the k rows of a, each of n >= k elements, until all are orthogonal (Hestenes). Row i of units
// becomes the i-th unit vector, lengths the singular values, and row i of turns the combination of a's rows that gives it.
func jacobi[T exact](a []T, k, n int, units, lengths, turns []T) {
	scale := 0.0 // so that no square overflows
	for _, x := range a {
		scale = max(scale, taxicab(x))
	}
	if scale > 0 {
		for i := range a {
			a[i] /= lift[T](scale)
		}
	}
	v := unitMatrix[T](k)
	small := 0x1p-53 * math.Sqrt(float64(n))
	for range 60 {
		turned := false
		for i := range k {
			for j := i + 1; j < k; j++ {
				x, y := a[i*n:(i+1)*n], a[j*n:(j+1)*n]
				xx, yy, xy := realPart(inner(x, x)), realPart(inner(y, y)), inner(x, y)
				size := magnitude(xy)
				if size <= small*math.Sqrt(xx)*math.Sqrt(yy) {
					continue
				}
				turned = true
				zeta := (yy - xx) / (2 * size)
				tangent := math.Copysign(1, zeta) / (math.Abs(zeta) + math.Hypot(1, zeta))
				phase := conjugate(xy) / lift[T](size)
				rotate(x, y, tangent, phase)
				rotate(v[i*k:(i+1)*k], v[j*k:(j+1)*k], tangent, phase)
			}
		}
		if !turned {
			break
		}
	}
	norms := make([]float64, k)
	for i := range k {
		for _, x := range a[i*n : (i+1)*n] {
			norms[i] = math.Hypot(norms[i], magnitude(x))
		}
	}
	for to, from := range sortedBy(norms, func(x, y float64) int { return cmp.Compare(y, x) }) {
		lengths[to] = lift[T](norms[from] * scale)
		copy(turns[to*k:(to+1)*k], v[from*k:(from+1)*k])
		if norms[from] <= 1e-290 {
			completeRows(units[:(to+1)*n], to, n)
			continue
		}
		for i, x := range a[from*n : (from+1)*n] {
			units[to*n+i] = x / lift[T](norms[from])
		}
	}
}

// rotate turns x and phase*y by the angle with the given tangent.
func rotate[T exact](x, y []T, tangent float64, phase T) {
	cosine := 1 / math.Hypot(1, tangent)
	c, s := lift[T](cosine), lift[T](cosine*tangent)
	for i, v := range x {
		w := phase * y[i]
		x[i], y[i] = c*v-s*w, s*v+c*w
	}
}

// completeRows makes the rows of units, of n elements, from number have on unit vectors orthogonal to those before.
func completeRows[T exact](units []T, have, n int) {
	axis := 0
	for to := have; to*n < len(units); to++ {
		row := units[to*n : (to+1)*n]
		for ; axis < n; axis++ {
			clear(row)
			row[axis] = lift[T](1)
			for range 2 { // once more, because the first time rounds
				for r := range to {
					other := units[r*n : (r+1)*n]
					subtractScaled(row, other, inner(other, row))
				}
			}
			// Some axis leaves at least 1/sqrt(n), and one that left less before leaves no more now.
			if norm := math.Sqrt(realPart(inner(row, row))); norm > 0.1/math.Sqrt(float64(n)) {
				for i := range row {
					row[i] /= lift[T](norm)
				}
				break
			}
		}
	}
}
