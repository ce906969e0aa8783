package compress

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// textbook is GPTQ as its paper states it: with the upper Cholesky factor of the inverse.
func textbook(w []float64, n int, h [][]float64, order []int, nearest func(row, input int, x float64) float64) []float64 {
	inverse := invert(h, order)
	u := make([][]float64, n) // inverse = u^T u
	for i := range u {
		u[i] = make([]float64, n)
	}
	for i := range n {
		for j := i; j < n; j++ {
			sum := inverse[i][j]
			for k := range i {
				sum -= u[k][i] * u[k][j]
			}
			if j == i {
				u[i][i] = math.Sqrt(sum)
			} else {
				u[i][j] = sum / u[i][i]
			}
		}
	}
	out := make([]float64, len(w))
	for row := range len(w) / n {
		x := make([]float64, n)
		for i, input := range order {
			x[i] = w[row*n+input]
		}
		for i, input := range order {
			q := nearest(row, input, x[i])
			out[row*n+input] = q
			off := (x[i] - q) / u[i][i]
			for j := i; j < n; j++ {
				x[j] -= off * u[i][j]
			}
		}
	}
	return out
}

// invert gives the inverse of h with its rows and columns in an order, by elimination.
func invert(h [][]float64, order []int) [][]float64 {
	n := len(h)
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, 2*n)
		for j := range n {
			a[i][j] = h[order[i]][order[j]]
		}
		a[i][n+i] = 1
	}
	for c := range n {
		p := a[c][c]
		for j := range a[c] {
			a[c][j] /= p
		}
		for r := range n {
			if f := a[r][c]; r != c {
				for j := range a[r] {
					a[r][j] -= f * a[c][j]
				}
			}
		}
	}
	for i := range a {
		a[i] = a[i][n:]
	}
	return a
}

// dampedMoments is H of the inputs, damped.
func dampedMoments(x *host.Tensor, damping float64) [][]float64 {
	rows, n, data := x.Shape[0], x.Shape[1], host.Values[float64](x)
	h := make([][]float64, n)
	mean := 0.0
	for i := range h {
		h[i] = make([]float64, n)
		for j := range n {
			for r := range rows {
				h[i][j] += data[r*n+i] * data[r*n+j] / float64(rows)
			}
		}
		mean += h[i][i] / float64(n)
	}
	for i := range h {
		h[i][i] += damping * mean
	}
	return h
}

// decode gives the numbers of a packed quantization in the weight's shape.
func decode(t *testing.T, p *Packed, e host.Elem, shape []int) *host.Tensor {
	t.Helper()
	out := host.New(e, p.Stored...)
	if err := host.Dequantize(host.Serial, out, p.Codes, p.Scale, p.Zero, p.Min); err != nil {
		t.Fatal(err)
	}
	y, err := out.Reshape(shape)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// TestGPTQTextbook compares all numbers with those of the paper's method, which uses another factor of another matrix.
func TestGPTQTextbook(t *testing.T) {
	const rows, n = 70, 160 // more than a piece of rows and than a block of inputs
	for i, s := range []Scheme{scheme(host.I4, Symmetric, group32), scheme(host.U3, Asymmetric, channel), scheme(host.F8E5M2, Symmetric, channel)} {
		if skipped(i, 6) {
			continue
		}
		for _, actOrder := range []bool{false, true} {
			r := rand.New(rand.NewPCG(5, 6))
			w := normalWeight(r, host.F32, rows, n)
			x := correlated(r, 500, n, 60, 2)
			plain, err := Apply(t.Context(), w, s, Options{Block: blocksOf(t, s, w), Out: []int{0}, In: []int{1}})
			if err != nil {
				t.Fatal(err)
			}
			round, err := rounderOf(s, plain, w)
			if err != nil {
				t.Fatal(err)
			}
			across := n / plain.Scale.Shape[1]
			h := dampedMoments(x, 0.01)
			order := make([]int, n)
			for i := range order {
				order[i] = i
			}
			if actOrder {
				slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(h[b][b], h[a][a]) })
			}
			want := textbook(host.Values[float64](w), n, h, order, func(row, input int, x float64) float64 {
				_, v := round.nearest(row*plain.Scale.Shape[1]+input/across, float32(x))
				return float64(v)
			})
			p, out := apply(t, w, s, inputsOf(t, x), GPTQ{0.01, actOrder, false})
			got := host.Values[float64](decode(t, p, host.F32, w.Shape))
			differ := 0
			for i := range got {
				if got[i] != want[i] {
					differ++
				}
			}
			// One number near the middle of two codes changes all that follow in its row.
			if differ > rows*n/50 {
				t.Errorf("%s, act-order %v: %d of %d numbers differ from the textbook's", s, actOrder, differ, len(got))
			}
			if e := outputError(x, w, got); math.Abs(e/out.Noise-1) > 1e-3 {
				t.Errorf("%s: the outputs are off by %v, stated as %v", s, e, out.Noise)
			}
			if e := outputError(x, w, make([]float64, rows*n)); math.Abs(e/out.Signal-1) > 1e-3 {
				t.Errorf("%s: the outputs have the power %v, stated as %v", s, e, out.Signal)
			}
			checkNoise(t, p, w, got)
		}
	}
}

func blocksOf(t *testing.T, s Scheme, w *host.Tensor) []int {
	t.Helper()
	block, err := s.Quant.Granularity.Blocks(w.Shape, []int{0}, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// outputError is the mean over the rows of x of the squared outputs of w - other, [out, in], summed over the outputs.
func outputError(x, w *host.Tensor, other []float64) float64 {
	xs, ws := host.Values[float64](x), host.Values[float64](w)
	n, sum := w.Shape[1], 0.0
	for r := range x.Shape[0] {
		for o := range w.Shape[0] {
			y := 0.0
			for i := range n {
				y += xs[r*n+i] * (ws[o*n+i] - other[o*n+i])
			}
			sum += y * y
		}
	}
	return sum / float64(x.Shape[0])
}

func checkNoise(t *testing.T, p *Packed, w *host.Tensor, decoded []float64) {
	t.Helper()
	noise := 0.0
	for i, v := range host.Values[float64](w) {
		noise += (v - decoded[i]) * (v - decoded[i])
	}
	if math.Abs(noise/p.Noise-1) > 1e-4 {
		t.Errorf("the weight is off by %v, stated as %v", noise, p.Noise)
	}
}
