package host

import (
	"fmt"
	"math"
)

// LDL factors symmetric matrices, or Hermitian ones, as L*D*L' with blocks of 1 or 2 rows in D and rows exchanged (Bunch
// and Kaufman), as LAPACK's sytrf does. Only the lower triangle of x is read. ld holds D and, below its blocks, L. A pivot
// p > 0 is the row, counted from 1, that the row was exchanged with; two rows of one block both have -p, and the second was
// exchanged with p. info is the place of the first zero block, counted from 1, or 0; with check it is an error.
func LDL(p Parallel, x *Tensor, hermitian, check bool) (ld, pivots, info *Tensor, err error) {
	n, err := squareSize("LDL factorization", x)
	if err != nil {
		return nil, nil, nil, err
	}
	pieces := []piece{{x.Elem, []int{n, n}}, {I32, []int{n}}, {I32, nil}}
	out, err := factorize("LDL factorization", p, x, pieces, ldlInto[float64](hermitian, check), ldlInto[complex128](hermitian, check))
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

// mirror is the conjugate for Hermitian matrices, the number itself for symmetric ones.
func mirror[T exact](hermitian bool) func(T) T {
	if hermitian {
		return conjugate[T]
	}
	return func(v T) T { return v }
}

func ldlInto[T exact](hermitian, check bool) factorizer[T] {
	return func(a []T, n, _ int, out [][]T) error {
		for i := range n {
			if clear(a[i*n+i+1 : (i+1)*n]); hermitian {
				a[i*n+i] = lift[T](realPart(a[i*n+i]))
			}
		}
		pivots := make([]int, n)
		zero := factorLDL(a, n, pivots, mirror[T](hermitian))
		if check && zero > 0 {
			return singular(zero)
		}
		copy(out[0], a)
		for i, v := range pivots {
			out[1][i] = lift[T](float64(v))
		}
		out[2][0] = lift[T](float64(zero))
		return nil
	}
}

func factorLDL[T exact](a []T, n int, pivots []int, mirrored func(T) T) (zero int) {
	alpha := (1 + math.Sqrt(17)) / 8 // bounds the growth of the elements
	for k := 0; k < n; {
		at, size := choosePivot(a, n, k, alpha)
		if at < 0 {
			if zero == 0 {
				zero = k + 1
			}
			pivots[k] = k + 1
			k++
			continue
		}
		if last := k + size - 1; at != last {
			exchangeSymmetric(a, n, last, at, mirrored)
			if size == 2 {
				a[(k+1)*n+k], a[at*n+k] = a[at*n+k], a[(k+1)*n+k]
			}
		}
		eliminate(a, n, k, size, mirrored)
		if pivots[k] = at + 1; size == 2 {
			pivots[k], pivots[k+1] = -(at + 1), -(at + 1)
		}
		k += size
	}
	return zero
}

// choosePivot gives the row to exchange with the last of the size rows from k on; -1 where column k is zero.
func choosePivot[T exact](a []T, n, k int, alpha float64) (at, size int) {
	here := taxicab(a[k*n+k])
	colMax, top := 0.0, k
	for i := k + 1; i < n; i++ {
		if v := taxicab(a[i*n+k]); v > colMax {
			colMax, top = v, i
		}
	}
	if max(here, colMax) == 0 || math.IsNaN(here) {
		return -1, 1
	}
	if here >= alpha*colMax {
		return k, 1
	}
	rowMax := 0.0
	for j := k; j < top; j++ {
		rowMax = max(rowMax, taxicab(a[top*n+j]))
	}
	for i := top + 1; i < n; i++ {
		rowMax = max(rowMax, taxicab(a[i*n+top]))
	}
	switch {
	case here >= alpha*colMax*(colMax/rowMax):
		return k, 1
	case taxicab(a[top*n+top]) >= alpha*rowMax:
		return top, 1
	}
	return top, 2
}

// exchangeSymmetric exchanges rows and columns r < s in the lower triangle from column r on.
func exchangeSymmetric[T exact](a []T, n, r, s int, mirrored func(T) T) {
	for i := s + 1; i < n; i++ {
		a[i*n+r], a[i*n+s] = a[i*n+s], a[i*n+r]
	}
	for j := r + 1; j < s; j++ {
		a[j*n+r], a[s*n+j] = mirrored(a[s*n+j]), mirrored(a[j*n+r])
	}
	a[s*n+r] = mirrored(a[s*n+r])
	a[r*n+r], a[s*n+s] = a[s*n+s], a[r*n+r]
}

// eliminate divides the columns below the block of size rows at k by it and subtracts their product from the rest.
func eliminate[T exact](a []T, n, k, size int, mirrored func(T) T) {
	next := k + size
	rest := make([]T, (n-next)*size) // the columns before the division
	for i := next; i < n; i++ {
		copy(rest[(i-next)*size:], a[i*n+k:i*n+next])
		divideByBlock(a[i*n+k:i*n+next], a, n, k, mirrored)
	}
	for i := next; i < n; i++ {
		for j := next; j <= i; j++ {
			for c := range size {
				a[i*n+j] -= a[i*n+k+c] * mirrored(rest[(j-next)*size+c])
			}
		}
		a[i*n+i] = (a[i*n+i] + mirrored(a[i*n+i])) / lift[T](2) // real, where the matrix is Hermitian
	}
}

// divideByBlock multiplies a row of one or two elements by the inverse of the block at k.
func divideByBlock[T exact](row, a []T, n, k int, mirrored func(T) T) {
	d := a[k*n+k]
	if len(row) == 1 {
		row[0] /= d
		return
	}
	// In units of the element off the diagonal, which is the largest, nothing overflows.
	below := a[(k+1)*n+k]
	above := mirrored(below)
	d, e := d/below, a[(k+1)*n+k+1]/above
	x, y, det := row[0]/below, row[1]/above, d*e-1
	row[0], row[1] = (x*e-y)/det, (y*d-x)/det
}

// SolveLDL gives x with a*x = b, where ld and pivots are the factors of a that [LDL] gives; b is [..., n, k]. The leading
// axes agree. A zero block gives infinities.
func SolveLDL(p Parallel, ld, pivots, b *Tensor, hermitian bool) (out *Tensor, err error) {
	n, err := squareSize("a solution by LDL factors", ld)
	if err != nil {
		return nil, err
	}
	if !batchAgrees(ld, 2, b, 2) || !batchAgrees(ld, 2, pivots, 1) || b.Shape[b.Rank()-2] != n || pivots.Shape[pivots.Rank()-1] != n || ld.Elem != b.Elem {
		return nil, fmt.Errorf("cannot solve for %s with factors %s and pivots %s", b, ld, pivots)
	}
	err = realOrComplex("solution by LDL factors", ld, func() error { out, err = solveLDL[float64](p, ld, pivots, b, hermitian); return err },
		func() error { out, err = solveLDL[complex128](p, ld, pivots, b, hermitian); return err })
	return out, err
}

func solveLDL[T exact](p Parallel, ld, pivots, b *Tensor, hermitian bool) (*Tensor, error) {
	r := ld.Rank() - 2
	n, k := ld.Shape[r], b.Shape[r+1]
	va, vp, vb := Values[T](ld), Values[int64](pivots), copied[T](b)
	err := matrices(p, product(ld.Shape[:r]), n*n*k, func(i int) error {
		blocks, err := ldlBlocks(vp[i*n : (i+1)*n])
		if err == nil {
			substituteLDL(va[i*n*n:(i+1)*n*n], n, blocks, vb[i*n*k:(i+1)*n*k], k, mirror[T](hermitian))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return rounded(p, b.Elem, b.Shape, vb)
}

// ldlBlock is a block on the diagonal of D: its first row, its rows, and the row that its last one was exchanged with.
type ldlBlock struct{ at, size, with int }

// ldlBlocks reads pivots, which may come from anywhere.
func ldlBlocks(pivots []int64) ([]ldlBlock, error) {
	n := len(pivots)
	var blocks []ldlBlock
	for k := 0; k < n; {
		b := ldlBlock{k, 1, int(pivots[k]) - 1}
		if pivots[k] < 0 {
			b = ldlBlock{k, 2, int(-pivots[k]) - 1}
		}
		if b.with < 0 || b.with >= n || b.at+b.size > n {
			return nil, fmt.Errorf("pivot %d is %d, expected 1 to %d, or the negative of one in pairs", k+1, pivots[k], n)
		}
		blocks = append(blocks, b)
		k += b.size
	}
	return blocks, nil
}

func substituteLDL[T exact](a []T, n int, blocks []ldlBlock, b []T, k int, mirrored func(T) T) {
	for _, d := range blocks {
		next := d.at + d.size
		swapRows(b, k, next-1, d.with)
		for c := d.at; c < next; c++ {
			for i := next; i < n; i++ {
				subtractScaled(b[i*k:(i+1)*k], b[c*k:(c+1)*k], a[i*n+c])
			}
		}
		// Columns are divided by the block as rows are, mirrored.
		pair := make([]T, d.size)
		for j := range k {
			for c := range pair {
				pair[c] = mirrored(b[(d.at+c)*k+j])
			}
			divideByBlock(pair, a, n, d.at, mirrored)
			for c := range pair {
				b[(d.at+c)*k+j] = mirrored(pair[c])
			}
		}
	}
	for at := len(blocks) - 1; at >= 0; at-- {
		d := blocks[at]
		next := d.at + d.size
		for c := d.at; c < next; c++ {
			for i := next; i < n; i++ {
				subtractScaled(b[c*k:(c+1)*k], b[i*k:(i+1)*k], mirrored(a[i*n+c]))
			}
		}
		swapRows(b, k, next-1, d.with)
	}
}
