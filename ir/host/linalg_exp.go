package host

import "math"

// MatrixExp gives the exponentials of square matrices [..., n, n]. One with infinite or undefined elements gives NaN.
func MatrixExp(p Parallel, x *Tensor) (*Tensor, error) {
	n, err := squareSize("a matrix exponential", x)
	if err != nil {
		return nil, err
	}
	out, err := factorize("matrix exponential", p, x, []piece{{x.Elem, []int{n, n}}}, expInto[float64], expInto[complex128])
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// pade are the coefficients of the approximation of exp by a quotient of polynomials of degree 13.
var pade = [14]float64{64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
	670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1}

// expInto halves a until the approximation holds to the last bit, and squares the result as often (Higham).
func expInto[T exact](a []T, n, _ int, out [][]T) error {
	norm := 0.0
	for c := range n {
		sum := 0.0
		for r := range n {
			sum += magnitude(a[r*n+c])
		}
		if !(sum <= norm) {
			norm = sum
		}
	}
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		for i := range out[0] {
			out[0][i] = lift[T](math.NaN())
		}
		return nil
	}
	halvings := 0
	if norm > 5.37 {
		halvings = int(math.Ceil(math.Log2(norm / 5.37)))
	}
	for i := range a {
		a[i] *= lift[T](math.Ldexp(1, -halvings))
	}
	a2 := squareProduct(a, a, n)
	a4 := squareProduct(a2, a2, n)
	powers := [4][]T{unitMatrix[T](n), a2, a4, squareProduct(a4, a2, n)}
	// The odd and the even terms up to degree 13: each is a6 times the sum for the high degrees, plus that for the low ones.
	terms := func(first int) []T {
		high := make([]T, n*n)
		low := make([]T, n*n)
		for i, m := range powers {
			subtractScaled(low, m, lift[T](-pade[first+2*i]))
			if i > 0 {
				subtractScaled(high, m, lift[T](-pade[first+2*i+6]))
			}
		}
		subtractScaled(low, squareProduct(powers[3], high, n), lift[T](-1))
		return low
	}
	odd, even := squareProduct(a, terms(1), n), terms(0)
	y, below := make([]T, n*n), make([]T, n*n)
	for i := range y {
		y[i], below[i] = even[i]+odd[i], even[i]-odd[i]
	}
	solve, err := luSolver[T](true)(below, n)
	if err != nil {
		return err
	}
	solve(y, n)
	for range halvings {
		y = squareProduct(y, y, n)
	}
	copy(out[0], y)
	return nil
}

// squareProduct is the product of square matrices.
func squareProduct[T exact](a, b []T, n int) []T {
	out := make([]T, n*n)
	for i := range n {
		for k := range n {
			subtractScaled(out[i*n:(i+1)*n], b[k*n:(k+1)*n], -a[i*n+k])
		}
	}
	return out
}
