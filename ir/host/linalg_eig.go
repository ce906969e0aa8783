package host

import (
	"math"
	"math/cmplx"
)

// Eig gives the eigenvalues w [..., n] of square matrices and as columns of v [..., n, n] eigenvectors of length 1, whose
// largest element is real and positive; both are complex. Real matrices have pairs of conjugate eigenvalues, the one with
// the positive imaginary part first. The order of the eigenvalues is that in which the QR algorithm leaves them.
func Eig(p Parallel, x *Tensor) (w, v *Tensor, err error) {
	n, err := squareSize("an eigenvalue decomposition", x)
	if err != nil {
		return nil, nil, err
	}
	what, e := "eigenvalue decomposition", x.Elem
	err = realOrComplex(what, x, func() error { e = complexElem(e); return nil }, func() error { return nil })
	if err != nil {
		return nil, nil, err
	}
	isReal := x.Elem.IsFloat()
	out, err := factorizeAs(p, x, []piece{{e, []int{n}}, {e, []int{n, n}}}, func(a []complex128, n, _ int, out [][]complex128) error {
		return eigInto(a, n, isReal, out[0], out[1])
	})
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// complexElem is the complex type that holds eigenvalues of a float type.
func complexElem(e Elem) Elem {
	if e == F64 {
		return C128
	}
	return C64
}

func eigInto(a []complex128, n int, isReal bool, w, v []complex128) error {
	if err := finite(a); err != nil || n == 0 {
		return err
	}
	z := unitMatrix[complex128](n)
	if isReal {
		h := make([]float64, len(a))
		for i, x := range a {
			h[i] = real(x)
		}
		turns := unitMatrix[float64](n)
		hessenberg(h, n, turns)
		if !realSchur(h, n, turns) {
			return errNoConvergence
		}
		for i := range a {
			a[i], z[i] = complex(h[i], 0), complex(turns[i], 0)
		}
		splitPairs(a, n, z, w)
	} else {
		hessenberg(a, n, z)
		if !schur(a, n, z) {
			return errNoConvergence
		}
		for i := range n {
			w[i] = a[i*n+i]
		}
	}
	x := make([]complex128, n)
	for k := range n {
		if isReal && imag(w[k]) < 0 { // the conjugate of the one before
			for i := range n {
				v[i*n+k] = cmplx.Conj(v[i*n+k-1])
			}
			continue
		}
		triangularVector(a, n, k, x)
		for i := range n {
			sum := 0i
			for j := range k + 1 {
				sum += z[i*n+j] * x[j]
			}
			v[i*n+k] = sum
		}
		normalizeColumn(v, n, k, isReal && imag(w[k]) == 0)
	}
	return nil
}

// triangularVector gives the eigenvector x, of which the first k+1 elements are not 0, for the k-th diagonal element of the
// upper triangular t.
func triangularVector(t []complex128, n, k int, x []complex128) {
	least := 0.0
	for _, v := range t {
		least = max(least, taxicab(v))
	}
	least = max(least*0x1p-53, 0x1p-1000)
	clear(x)
	x[k] = 1
	for i := k - 1; i >= 0; i-- {
		sum := 0i
		for j := i + 1; j <= k; j++ {
			sum += t[i*n+j] * x[j]
		}
		d := t[i*n+i] - t[k*n+k]
		if taxicab(d) < least {
			d = complex(least, 0)
		}
		x[i] = -sum / d
		if big := taxicab(x[i]); big > 1e100 { // repeated eigenvalues grow without end
			for j := i; j <= k; j++ {
				x[j] /= complex(big, 0)
			}
		}
	}
}

// normalizeColumn gives column k of v the length 1 and a largest element that is real and positive.
func normalizeColumn(v []complex128, n, k int, dropImag bool) {
	norm, top := 0.0, 0
	for i := range n {
		norm = math.Hypot(norm, cmplx.Abs(v[i*n+k]))
		if cmplx.Abs(v[i*n+k]) > cmplx.Abs(v[top*n+k]) {
			top = i
		}
	}
	size := cmplx.Abs(v[top*n+k])
	if size == 0 {
		return
	}
	turn := cmplx.Conj(v[top*n+k]) / complex(size, 0) / complex(norm, 0)
	for i := range n {
		v[i*n+k] *= turn
		if dropImag || i == top {
			v[i*n+k] = complex(real(v[i*n+k]), 0)
		}
	}
}

// hessenberg makes a zero below its subdiagonal by reflections from both sides, and multiplies z by them.
func hessenberg[T exact](a []T, n int, z []T) {
	work := make([]T, n)
	for c := range max(n-2, 0) {
		size := n - c - 1
		v := make([]T, size)
		for i := range v {
			v[i] = a[(c+1+i)*n+c]
		}
		tau := reflection(v, 1, size)
		for i, x := range v { // only its first element stays
			a[(c+1+i)*n+c] = 0
			if i == 0 {
				a[(c+1)*n+c] = x
			}
		}
		reflect(v, 1, conjugate(tau), a[(c+1)*n+c+1:], n, size, size, work)
		v[0] = lift[T](1)
		for _, m := range [][]T{a, z} {
			for i := range n { // the row times I - tau*v*v'
				row := m[i*n+c+1 : (i+1)*n]
				var sum T
				for j, x := range row {
					sum += x * v[j]
				}
				sum *= tau
				for j := range row {
					row[j] -= sum * conjugate(v[j])
				}
			}
		}
	}
}

// schur makes the Hessenberg matrix h upper triangular by the QR algorithm with single shifts, and multiplies z by its
// rotations.
func schur(h []complex128, n int, z []complex128) bool {
	at := func(i, j int) *complex128 { return &h[i*n+j] }
	round := 0
	for hi := n - 1; hi > 0; {
		lo := hi
		for lo > 0 && !negligible(taxicab(*at(lo, lo-1)), taxicab(*at(lo-1, lo-1))+taxicab(*at(lo, lo))) {
			lo--
		}
		if lo > 0 {
			*at(lo, lo-1) = 0
		}
		if lo == hi {
			hi, round = hi-1, 0
			continue
		}
		if round++; round > 300 {
			return false
		}
		shift := complex(cmplx.Abs(*at(hi, hi-1)), 0) + *at(hi, hi)
		if round%10 != 0 { // the eigenvalue of the last 2 x 2 matrix that is nearer to its last element
			p := (*at(hi-1, hi-1) - *at(hi, hi)) / 2
			q := *at(hi, hi-1) * *at(hi-1, hi)
			root := cmplx.Sqrt(p*p + q)
			if real(p)*real(root)+imag(p)*imag(root) < 0 {
				root = -root
			}
			shift = *at(hi, hi)
			if p+root != 0 {
				shift -= q / (p + root)
			}
		}
		for k := lo; k < hi; k++ {
			x, y := *at(k, max(k-1, lo)), *at(k+1, max(k-1, lo))
			if k == lo {
				x -= shift
			}
			r := math.Hypot(cmplx.Abs(x), cmplx.Abs(y))
			if r == 0 {
				continue
			}
			c, s := x/complex(r, 0), y/complex(r, 0)
			turnRows(h[k*n:(k+1)*n], h[(k+1)*n:(k+2)*n], max(k-1, lo), c, s)
			turnColumns(h, n, k, min(k+3, hi+1), c, s)
			turnColumns(z, n, k, n, c, s)
		}
	}
	return true
}

// negligible reports whether a subdiagonal element counts as zero beside its neighbours on the diagonal.
func negligible(x, beside float64) bool { return x <= 0x1p-53*beside || x < 0x1p-1000 }

// turnRows applies the rotation that turns (c, s) into (1, 0) to two rows from column first on.
func turnRows(x, y []complex128, first int, c, s complex128) {
	for j := first; j < len(x); j++ {
		x[j], y[j] = cmplx.Conj(c)*x[j]+cmplx.Conj(s)*y[j], c*y[j]-s*x[j]
	}
}

// turnColumns multiplies columns k and k+1 of the first rows of m by the adjoint of the rotation of turnRows.
func turnColumns(m []complex128, n, k, rows int, c, s complex128) {
	for i := range rows {
		x, y := m[i*n+k], m[i*n+k+1]
		m[i*n+k], m[i*n+k+1] = x*c+y*s, y*cmplx.Conj(c)-x*cmplx.Conj(s)
	}
}

// splitPairs makes the real Schur form t upper triangular by a rotation for each 2 x 2 matrix on its diagonal, applies them
// to z, and gives the eigenvalues in pairs that are exactly conjugate.
func splitPairs(t []complex128, n int, z, w []complex128) {
	for k := 0; k < n; k++ {
		if k+1 == n || t[(k+1)*n+k] == 0 {
			w[k] = t[k*n+k]
			continue
		}
		a, b, c, d := real(t[k*n+k]), real(t[k*n+k+1]), real(t[(k+1)*n+k]), real(t[(k+1)*n+k+1])
		p := (a - d) / 2
		root := math.Sqrt(max(-(p*p + b*c), 0))
		w[k], w[k+1] = complex(d+p, root), complex(d+p, -root)
		x, y := complex(p, root), complex(c, 0) // w[k] - d
		r := complex(math.Hypot(cmplx.Abs(x), c), 0)
		turnRows(t[k*n:(k+1)*n], t[(k+1)*n:(k+2)*n], k, x/r, y/r)
		turnColumns(t, n, k, k+2, x/r, y/r)
		turnColumns(z, n, k, n, x/r, y/r)
		t[(k+1)*n+k] = 0
		k++
	}
	for k := range n {
		t[k*n+k] = w[k]
	}
}

// realSchur makes the Hessenberg matrix h upper triangular, but for 2 x 2 matrices on its diagonal that have complex
// eigenvalues, by the QR algorithm with double shifts (Francis), and multiplies z by its rotations.
func realSchur(h []float64, n int, z []float64) bool {
	at := func(i, j int) *float64 { return &h[i*n+j] }
	round := 0
	for hi := n - 1; hi > 0; {
		lo := hi
		for lo > 0 && !negligible(math.Abs(*at(lo, lo-1)), math.Abs(*at(lo-1, lo-1))+math.Abs(*at(lo, lo))) {
			lo--
		}
		if lo > 0 {
			*at(lo, lo-1) = 0
		}
		if lo >= hi-1 {
			if lo == hi-1 {
				splitReal(h, n, lo, z)
			}
			hi, round = lo-1, 0
			continue
		}
		if round++; round > 300 {
			return false
		}
		// The first column of (h-s1)*(h-s2), from the sum and the product of the two shifts.
		trace := *at(hi-1, hi-1) + *at(hi, hi)
		det := *at(hi-1, hi-1)**at(hi, hi) - *at(hi-1, hi)**at(hi, hi-1)
		if round%10 == 0 {
			s := math.Abs(*at(hi, hi-1)) + math.Abs(*at(hi-1, hi-2))
			trace, det = 1.5*s, s*s
		}
		first := *at(lo, lo)
		v := [3]float64{first*(first-trace) + det + *at(lo, lo+1)**at(lo+1, lo), *at(lo+1, lo) * (first + *at(lo+1, lo+1) - trace), *at(lo+1, lo) * *at(lo+2, lo+1)}
		for k := lo; k < hi; k++ {
			size := min(3, hi-k+1)
			if k > lo {
				v[0], v[1] = *at(k, k-1), *at(k+1, k-1)
				if size == 3 {
					v[2] = *at(k+2, k-1)
				}
			}
			tau := reflection(v[:size], 1, size)
			if k > lo {
				*at(k, k-1), *at(k+1, k-1) = v[0], 0
				if size == 3 {
					*at(k+2, k-1) = 0
				}
			}
			v[0] = 1
			for j := k; j < n; j++ {
				turnThree(h[k*n+j:], n, v[:size], tau)
			}
			for i := range min(k+4, hi+1) {
				turnThree(h[i*n+k:], 1, v[:size], tau)
			}
			for i := range n {
				turnThree(z[i*n+k:], 1, v[:size], tau)
			}
		}
	}
	return true
}

// turnThree applies the reflection of v, of two or three elements, to as many elements that are step apart.
func turnThree(x []float64, step int, v []float64, tau float64) {
	sum := 0.0
	for i, f := range v {
		sum += f * x[i*step]
	}
	sum *= tau
	for i, f := range v {
		x[i*step] -= sum * f
	}
}

// splitReal makes the 2 x 2 matrix at k on the diagonal triangular if its eigenvalues are real.
func splitReal(h []float64, n, k int, z []float64) {
	a, b, c, d := h[k*n+k], h[k*n+k+1], h[(k+1)*n+k], h[(k+1)*n+k+1]
	p := (a - d) / 2
	square := p*p + b*c
	if square < 0 {
		return
	}
	x := p + math.Copysign(math.Sqrt(square), p) // the eigenvalue that is farther from d, less d
	r := math.Hypot(x, c)
	if r == 0 {
		return
	}
	cs, sn := x/r, c/r
	for j := k; j < n; j++ {
		x, y := h[k*n+j], h[(k+1)*n+j]
		h[k*n+j], h[(k+1)*n+j] = cs*x+sn*y, cs*y-sn*x
	}
	for _, m := range [][]float64{h, z} {
		rows := n
		if &m[0] == &h[0] {
			rows = k + 2
		}
		for i := range rows {
			x, y := m[i*n+k], m[i*n+k+1]
			m[i*n+k], m[i*n+k+1] = cs*x+sn*y, cs*y-sn*x
		}
	}
	h[(k+1)*n+k] = 0
}
