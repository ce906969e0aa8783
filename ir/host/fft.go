package host

import (
	"fmt"
	"math"
	"math/bits"
	"math/cmplx"
)

// FFT is the discrete Fourier transform of complex elements along the given axes, without normalization: the sum of
// x[j] * exp(-2*pi*i*j*k/n), or with + for the inverse one. It computes in complex128 whatever is stored.
func FFT(p Parallel, x *Tensor, axes []int, inverse bool) (*Tensor, error) {
	if !x.Elem.IsComplex() {
		return nil, unsupported("Fourier transform", x.Elem)
	}
	out := x
	for _, axis := range axes {
		if axis < 0 || axis >= x.Rank() {
			return nil, fmt.Errorf("axis %d is outside %s", axis, x)
		}
		t, perm := lastAxes(out, []int{axis})
		var err error
		if x.Elem == C64 {
			t, err = fftLast[complex64](p, t, inverse)
		} else {
			t, err = fftLast[complex128](p, t, inverse)
		}
		if err != nil {
			return nil, err
		}
		out = unpermute(t, perm)
	}
	return out, nil
}

func fftLast[T complex64 | complex128](p Parallel, x *Tensor, inverse bool) (*Tensor, error) {
	out, buf, err := newResult[T](x.Elem, x.Shape)
	if err != nil || len(buf) == 0 {
		return out, err
	}
	data, n := dense[T](p, x), x.Shape[x.Rank()-1]
	plan := newFFTPlan(n, inverse)
	p(len(buf)/n, 1+(1<<12)/n, func(lo, hi int) {
		in, line, work := make([]complex128, n), make([]complex128, n), plan.work()
		for i := lo; i < hi; i++ {
			for k, v := range data[i*n : (i+1)*n] {
				in[k] = complex128(v)
			}
			plan.run(line, in, work)
			for k, v := range line {
				buf[i*n+k] = T(v)
			}
		}
	})
	finish(p, out, buf)
	return out, nil
}

// fftPlan transforms lines of n elements: by their small prime factors, or where a factor is large by Bluestein's
// convolution with a power of two.
type fftPlan struct {
	n       int
	factors []int
	roots   []complex128 // exp(-+2*pi*i*k/n)

	chirp    []complex128 // Bluestein: exp(-+pi*i*k*k/n)
	spectrum []complex128 // of the inverse chirp, scaled
	forward  *fftPlan
	backward *fftPlan
}

// fftMaxPrime is the largest factor for which the direct sum is used.
const fftMaxPrime = 61

func newFFTPlan(n int, inverse bool) *fftPlan {
	sign := -1.0
	if inverse {
		sign = 1
	}
	f := &fftPlan{n: n}
	rest := n
	for _, radix := range []int{4, 2, 3} {
		for rest%radix == 0 {
			f.factors, rest = append(f.factors, radix), rest/radix
		}
	}
	for radix := 5; rest > 1 && radix <= fftMaxPrime; radix += 2 {
		for rest%radix == 0 {
			f.factors, rest = append(f.factors, radix), rest/radix
		}
	}
	if rest > 1 {
		f.bluestein(sign)
		return f
	}
	f.roots = make([]complex128, n)
	for k := range f.roots {
		f.roots[k] = unitRoot(k, n, sign)
	}
	return f
}

// unitRoot is exp(sign*2*pi*i*k/n), exact on the axes.
func unitRoot(k, n int, sign float64) complex128 {
	switch {
	case k == 0:
		return 1
	case 4*k == n:
		return complex(0, sign)
	case 2*k == n:
		return -1
	case 4*k == 3*n:
		return complex(0, -sign)
	}
	sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
	return complex(cos, sign*sin)
}

func (f *fftPlan) bluestein(sign float64) {
	n := f.n
	size := 1 << bits.Len(uint(2*n-2))
	f.chirp = make([]complex128, n)
	for k := range f.chirp {
		f.chirp[k] = unitRoot(mulMod(k, k, 2*n), 2*n, sign)
	}
	f.forward, f.backward = newFFTPlan(size, false), newFFTPlan(size, true)
	wave := make([]complex128, size)
	for k, v := range f.chirp {
		wave[k] = cmplx.Conj(v)
		wave[(size-k)%size] = cmplx.Conj(v)
	}
	f.spectrum = make([]complex128, size)
	f.forward.run(f.spectrum, wave, nil)
	for k := range f.spectrum {
		f.spectrum[k] /= complex(float64(size), 0)
	}
}

func mulMod(a, b, m int) int {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return int(bits.Rem64(hi, lo, uint64(m)))
}

// work allocates what run needs.
func (f *fftPlan) work() []complex128 {
	if f.chirp != nil {
		return make([]complex128, 2*f.forward.n)
	}
	return nil
}

// run transforms in to out; both have n elements and do not overlap.
func (f *fftPlan) run(out, in, work []complex128) {
	if f.chirp == nil {
		f.step(out, in, 1, f.factors)
		return
	}
	a, b := work[:f.forward.n], work[f.forward.n:]
	clear(a)
	for k, c := range f.chirp {
		a[k] = in[k] * c
	}
	f.forward.run(b, a, nil)
	for k, s := range f.spectrum {
		b[k] *= s
	}
	f.backward.run(a, b, nil)
	for k, c := range f.chirp {
		out[k] = a[k] * c
	}
}

// step transforms every stride-th element of in: it splits them by the first factor, transforms the parts, and joins them.
func (f *fftPlan) step(out, in []complex128, stride int, factors []int) {
	n := len(out)
	if n == 1 {
		out[0] = in[0]
		return
	}
	radix := factors[0]
	m := n / radix
	for r := range radix {
		f.step(out[r*m:(r+1)*m], in[r*stride:], stride*radix, factors[1:])
	}
	var parts [fftMaxPrime]complex128
	turn := f.n / radix // the roots of unity of this radix are this far apart
	for k := range m {
		for r := range radix {
			parts[r] = out[r*m+k] * f.roots[r*k*stride]
		}
		switch radix {
		case 2:
			out[k], out[m+k] = parts[0]+parts[1], parts[0]-parts[1]
		case 4:
			i := f.roots[turn]
			even, odd := parts[0]+parts[2], parts[1]+parts[3]
			evenDiff, oddDiff := parts[0]-parts[2], (parts[1]-parts[3])*i
			out[k], out[m+k], out[2*m+k], out[3*m+k] = even+odd, evenDiff+oddDiff, even-odd, evenDiff-oddDiff
		default:
			for q := range radix {
				sum := parts[0]
				for r := 1; r < radix; r++ {
					sum += parts[r] * f.roots[q*r%radix*turn]
				}
				out[q*m+k] = sum
			}
		}
	}
}
