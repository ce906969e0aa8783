package host

import (
	"fmt"
	"math"
	"slices"
)

// decompose runs a decomposition of real matrices [..., m, n] and gives its parts, each with its own sizes.
func decompose(what string, p Parallel, x *Tensor, sizes [][]int, fn func(a []float64, m, n int, out [][]float64)) ([]*Tensor, error) {
	if x.Rank() < 2 || !x.Elem.IsFloat() {
		return nil, fmt.Errorf("%s of %s is not supported", what, x)
	}
	r := x.Rank() - 2
	m, n, batch := x.Shape[r], x.Shape[r+1], product(x.Shape[:r])
	a := copied[float64](x)
	for _, v := range a {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s of a matrix with infinite or undefined elements", what)
		}
	}
	parts := make([][]float64, len(sizes))
	for i, s := range sizes {
		parts[i] = make([]float64, batch*product(s))
	}
	err := matrices(p, batch, 8*m*n*min(m, n), func(i int) error {
		out := make([][]float64, len(sizes))
		for k, s := range sizes {
			out[k] = parts[k][i*product(s) : (i+1)*product(s)]
		}
		fn(a[i*m*n:(i+1)*m*n], m, n, out)
		return nil
	})
	if err != nil {
		return nil, err
	}
	result := make([]*Tensor, len(sizes))
	for i, s := range sizes {
		if result[i], err = rounded(p, x.Elem, append(slices.Clone(x.Shape[:r]), s...), parts[i]); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// QR factors real matrices [..., m, n] by Householder reflections, with LAPACK's signs: q [..., m, k] and r [..., k, n],
// where k is m if complete is set and min(m, n) otherwise.
func QR(p Parallel, x *Tensor, complete bool) (q, r *Tensor, err error) {
	if x.Rank() < 2 {
		return nil, nil, fmt.Errorf("QR factorization needs matrices, found %s", x)
	}
	m, n := x.Shape[x.Rank()-2], x.Shape[x.Rank()-1]
	k := min(m, n)
	if complete {
		k = m
	}
	parts, err := decompose("QR factorization", p, x, [][]int{{m, k}, {k, n}}, func(a []float64, m, n int, out [][]float64) { householder(a, m, n, k, out[0], out[1]) })
	if err != nil {
		return nil, nil, err
	}
	return parts[0], parts[1], nil
}

func householder(a []float64, m, n, k int, q, r []float64) {
	taus := make([]float64, min(m, n))
	for c := range taus {
		norm := 0.0
		for i := c + 1; i < m; i++ {
			norm = math.Hypot(norm, a[i*n+c])
		}
		if norm == 0 {
			continue // LAPACK reflects nothing where the column is zero below the diagonal
		}
		alpha := a[c*n+c]
		beta := -math.Copysign(math.Hypot(alpha, norm), alpha)
		taus[c] = (beta - alpha) / beta
		for i := c + 1; i < m; i++ {
			a[i*n+c] /= alpha - beta
		}
		a[c*n+c] = beta
		for j := c + 1; j < n; j++ {
			reflect(a, n, c, a[j:], n, m, taus[c])
		}
	}
	for i := range k {
		for j := i; j < n && i < m; j++ {
			r[i*n+j] = a[i*n+j]
		}
	}
	for i := range min(m, k) {
		q[i*k+i] = 1
	}
	for c := len(taus) - 1; c >= 0; c-- {
		for j := range k {
			reflect(a, n, c, q[j:], k, m, taus[c])
		}
	}
}

// reflect applies the reflection that stands below the diagonal in column c of a (rows of n) to a column, whose elements
// are step apart.
func reflect(a []float64, n, c int, column []float64, step, m int, tau float64) {
	sum := column[c*step]
	for i := c + 1; i < m; i++ {
		sum += a[i*n+c] * column[i*step]
	}
	sum *= tau
	column[c*step] -= sum
	for i := c + 1; i < m; i++ {
		column[i*step] -= sum * a[i*n+c]
	}
}

// SVD gives u [..., m, k], the singular values s [..., k] in descending order and vh [..., k, n] of real matrices, where
// k = min(m, n) and x = u * diag(s) * vh. The signs of the vectors are not those of LAPACK.
func SVD(p Parallel, x *Tensor) (u, s, vh *Tensor, err error) {
	if x.Rank() < 2 {
		return nil, nil, nil, fmt.Errorf("singular values need matrices, found %s", x)
	}
	m, n := x.Shape[x.Rank()-2], x.Shape[x.Rank()-1]
	k := min(m, n)
	parts, err := decompose("singular value decomposition", p, x, [][]int{{m, k}, {k}, {k, n}}, func(a []float64, m, n int, out [][]float64) {
		if m >= n { // rows of the work matrix are the columns that are made orthogonal
			cols := make([]float64, m*n)
			for i, v := range a {
				cols[i%n*m+i/n] = v
			}
			left := make([]float64, n*m)
			jacobiSVD(cols, n, m, left, out[1], out[2])
			for i, v := range left {
				out[0][i%m*n+i/m] = v
			}
			return
		}
		right := make([]float64, m*m)
		jacobiSVD(a, m, n, out[2], out[1], right)
		for i, v := range right {
			out[0][i%m*m+i/m] = v
		}
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return parts[0], parts[1], parts[2], nil
}

// jacobiSVD rotates pairs of the k rows of a, each of n >= k elements, until all are orthogonal (Hestenes). Row i of units
// becomes the i-th unit vector, lengths the singular values, and row i of turns the combination of a's rows that gives it.
func jacobiSVD(a []float64, k, n int, units, lengths, turns []float64) {
	v := make([]float64, k*k)
	for i := range k {
		v[i*k+i] = 1
	}
	for range 60 {
		turned := false
		for i := range k {
			for j := i + 1; j < k; j++ {
				x, y := a[i*n:(i+1)*n], a[j*n:(j+1)*n]
				xx, yy, xy := dot(x, x), dot(y, y), dot(x, y)
				if math.Abs(xy) <= 1e-16*math.Sqrt(xx*yy) {
					continue
				}
				turned = true
				zeta := (yy - xx) / (2 * xy)
				t := math.Copysign(1, zeta) / (math.Abs(zeta) + math.Hypot(1, zeta))
				rotate(x, y, t)
				rotate(v[i*k:(i+1)*k], v[j*k:(j+1)*k], t)
			}
		}
		if !turned {
			break
		}
	}
	order := make([]int, k)
	norms := make([]float64, k)
	for i := range k {
		order[i], norms[i] = i, math.Sqrt(dot(a[i*n:(i+1)*n], a[i*n:(i+1)*n]))
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case norms[i] > norms[j]:
			return -1
		case norms[i] < norms[j]:
			return 1
		}
		return 0
	})
	for to, from := range order {
		lengths[to] = norms[from]
		copy(turns[to*k:(to+1)*k], v[from*k:(from+1)*k])
		unit := units[to*n : (to+1)*n]
		if norms[from] > 0 && norms[from] > 1e-300 {
			for i, x := range a[from*n : (from+1)*n] {
				unit[i] = x / norms[from]
			}
		} else {
			complete(units, to, n)
		}
	}
}

// rotate turns x and y by the angle with the given tangent.
func rotate(x, y []float64, tangent float64) {
	c := 1 / math.Hypot(1, tangent)
	s := c * tangent
	for i, v := range x {
		x[i], y[i] = c*v-s*y[i], s*v+c*y[i]
	}
}

// complete makes row number to of units, rows of n, a unit vector orthogonal to the rows before it.
func complete(units []float64, to, n int) {
	row := units[to*n : (to+1)*n]
	for axis := range n {
		clear(row)
		row[axis] = 1
		for range 2 { // once more, because the first time rounds
			for r := range to {
				other := units[r*n : (r+1)*n]
				subtractScaled(row, other, dot(row, other))
			}
		}
		if norm := math.Sqrt(dot(row, row)); norm > 0.1/math.Sqrt(float64(n)) {
			for i := range row {
				row[i] /= norm
			}
			return
		}
	}
}

// Eigh gives the eigenvalues w [..., n] in ascending order of real symmetric matrices, of which only the lower triangle is
// read (or the upper one), and the eigenvectors as columns of v. The signs of the vectors are not those of LAPACK.
func Eigh(p Parallel, x *Tensor, upper bool) (w, v *Tensor, err error) {
	if !isSquare(x) {
		return nil, nil, fmt.Errorf("eigenvalues need square matrices, found %s", x)
	}
	n := x.Shape[x.Rank()-1]
	parts, err := decompose("eigenvalue decomposition", p, x, [][]int{{n}, {n, n}}, func(a []float64, n, _ int, out [][]float64) {
		for r := range n {
			for c := range r {
				if upper {
					a[r*n+c] = a[c*n+r]
				} else {
					a[c*n+r] = a[r*n+c]
				}
			}
		}
		jacobiEigen(a, n, out[0], out[1])
	})
	if err != nil {
		return nil, nil, err
	}
	return parts[0], parts[1], nil
}

// jacobiEigen rotates away the elements off the diagonal of the symmetric a.
func jacobiEigen(a []float64, n int, values, vectors []float64) {
	v := make([]float64, n*n) // rows are the vectors
	for i := range n {
		v[i*n+i] = 1
	}
	for range 60 {
		off, all := 0.0, 0.0
		for i, x := range a {
			all += x * x
			if i%n != i/n {
				off += x * x
			}
		}
		if off <= 1e-32*all {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				if a[p*n+q] == 0 {
					continue
				}
				theta := (a[q*n+q] - a[p*n+p]) / (2 * a[p*n+q])
				t := math.Copysign(1, theta) / (math.Abs(theta) + math.Hypot(1, theta))
				rotate(a[p*n:(p+1)*n], a[q*n:(q+1)*n], t)
				c := 1 / math.Hypot(1, t)
				for r := range n {
					x, y := a[r*n+p], a[r*n+q]
					a[r*n+p], a[r*n+q] = c*x-c*t*y, c*t*x+c*y
				}
				rotate(v[p*n:(p+1)*n], v[q*n:(q+1)*n], t)
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case a[i*n+i] < a[j*n+j]:
			return -1
		case a[i*n+i] > a[j*n+j]:
			return 1
		}
		return 0
	})
	for to, from := range order {
		values[to] = a[from*n+from]
		for i, x := range v[from*n : (from+1)*n] {
			vectors[i*n+to] = x
		}
	}
}
