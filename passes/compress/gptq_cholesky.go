package compress

import (
	"context"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// choleskyPanel is how many columns are factored before the rest is updated, which is where the work is.
const choleskyPanel = 64

// cholesky replaces the lower triangle of a, [n, n], by L of a = L L^T, panel by panel; what is above the diagonal becomes
// zero. It reports false where a is not positive definite.
func cholesky(ctx context.Context, a *host.Tensor) (bool, error) {
	n, data := a.Shape[0], host.Raw[float64](a)
	for lo := 0; lo < n; lo += choleskyPanel {
		hi := min(n, lo+choleskyPanel)
		if !factorDiagonal(data, n, lo, hi) {
			return false, nil
		}
		if err := inTiles(ctx, n-hi, func(from, to int) error {
			solvePanel(data, n, lo, hi, hi+from, hi+to)
			return nil
		}); err != nil {
			return false, err
		}
		panel := a.Slice(1, lo, hi, 1)
		if err := inTiles(ctx, n-hi, func(from, to int) error {
			p, err := host.MatMul(host.Serial, panel.Slice(0, hi+from, hi+to, 1), panel.Slice(0, hi, hi+to, 1).Transpose([]int{1, 0}))
			if err != nil {
				return err
			}
			products := host.Raw[float64](p)
			for i := from; i < to; i++ {
				row := data[(hi+i)*n+hi:][:i+1]
				for j, v := range products[(i-from)*to:][:i+1] {
					row[j] -= v
				}
			}
			return nil
		}); err != nil {
			return false, err
		}
	}
	return true, nil
}

// factorDiagonal factors the square from lo to hi.
func factorDiagonal(a []float64, n, lo, hi int) bool {
	for c := lo; c < hi; c++ {
		row := a[c*n+lo : c*n+c]
		rest := a[c*n+c] - dot(row, row)
		if !(rest > 0) || math.IsInf(rest, 1) {
			return false
		}
		root := math.Sqrt(rest)
		a[c*n+c] = root
		clear(a[c*n+c+1 : (c+1)*n])
		for r := c + 1; r < hi; r++ {
			a[r*n+c] = (a[r*n+c] - dot(row, a[r*n+lo:r*n+c])) / root
		}
	}
	return true
}

// solvePanel gives the rows from and below their columns lo to hi of L.
func solvePanel(a []float64, n, lo, hi, from, to int) {
	for r := from; r < to; r++ {
		for c := lo; c < hi; c++ {
			a[r*n+c] = (a[r*n+c] - dot(a[c*n+lo:c*n+c], a[r*n+lo:r*n+c])) / a[c*n+c]
		}
	}
}

func dot(a, b []float64) float64 {
	var s0, s1 float64
	for len(a) >= 2 && len(b) >= 2 {
		s0 += float64(a[0] * b[0])
		s1 += float64(a[1] * b[1])
		a, b = a[2:], b[2:]
	}
	if len(a) > 0 {
		s0 += float64(a[0] * b[0])
	}
	return s0 + s1
}

// inTiles runs fn for ranges of 0 to n, on all cores. Where they are cut depends on n alone.
func inTiles(ctx context.Context, n int, fn func(lo, hi int) error) error {
	const tile = 64
	return host.Each(ctx, (n+tile-1)/tile, func(i int) error { return fn(i*tile, min(n, (i+1)*tile)) })
}
