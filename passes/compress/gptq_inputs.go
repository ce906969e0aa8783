package compress

import (
	"context"
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// MaxInputs is the most inputs that [Inputs] are gathered for: their products take 128 MiB, and solving for them grows with
// the third power.
const MaxInputs = 4096

// Inputs is what calibration data says of the inputs that an operation multiplies its weight with: a row of N numbers for
// each product. An error d of a weight's row costs d H d^T, the mean squared error of the output, where H is the mean of
// x^T x over the rows.
type Inputs struct {
	N    int
	Rows int
	Abs  []float64 // the sums of magnitudes of each input

	fourth   float64      // the sum over the rows of their squared lengths' squares
	products []float64    // [N, N] sums of x_i x_j, of which the lower triangle is kept
	means    *host.Tensor // H as f32, when OutputPower has been called
	buffer   *host.Tensor
	filled   int // rows of the buffer
}

// inputRows is how many rows are multiplied at once, in f32; the sums are f64.
const inputRows = 256

// NewInputs makes room for n inputs. The error is a *Refusal.
func NewInputs(n int) (*Inputs, error) {
	if n < 1 || n > MaxInputs {
		return nil, &Refusal{fmt.Sprintf("it has %d inputs; calibration data is gathered for 1 to %d", n, MaxInputs)}
	}
	return &Inputs{N: n, Abs: make([]float64, n), products: make([]float64, n*n), buffer: host.New(host.F32, inputRows, n)}, nil
}

// InputBytes is the memory that NewInputs(n) takes.
func InputBytes(n int) int64 { return 8*int64(n)*int64(n) + 4*inputRows*int64(n) + 8*int64(n) }

// Add counts the rows of x [..., N]; numbers that are no f32 are rounded.
func (in *Inputs) Add(ctx context.Context, x *host.Tensor) error {
	rows, err := x.Reshape([]int{x.Len() / in.N, in.N})
	if err != nil {
		return fmt.Errorf("inputs %s are no rows of %d: %w", x, in.N, err)
	}
	for lo := 0; lo < rows.Shape[0]; {
		hi := min(rows.Shape[0], lo+inputRows-in.filled)
		to := in.buffer.Slice(0, in.filled, in.filled+hi-lo, 1)
		if err := host.Cast(host.Serial, to, rows.Slice(0, lo, hi, 1)); err != nil {
			return err
		}
		in.filled += hi - lo
		in.Rows += hi - lo
		lo = hi
		if in.filled == inputRows {
			if err := in.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush adds the products of the rows in the buffer.
func (in *Inputs) flush(ctx context.Context) error {
	x := in.buffer.Slice(0, 0, in.filled, 1)
	for rows := host.Raw[float32](x); len(rows) > 0; rows = rows[in.N:] {
		length := 0.0
		for i, v := range rows[:in.N] {
			in.Abs[i] += math.Abs(float64(v))
			length += float64(float64(v) * float64(v))
		}
		in.fourth += float64(length * length)
	}
	in.filled, in.means = 0, nil
	across := x.Transpose([]int{1, 0})
	return inTiles(ctx, in.N, func(lo, hi int) error {
		p, err := host.MatMul(host.Serial, across.Slice(0, lo, hi, 1), x.Slice(1, 0, hi, 1))
		if err != nil {
			return err
		}
		sums := host.Raw[float32](p)
		for i := lo; i < hi; i++ {
			row := in.products[i*in.N : i*in.N+i+1]
			for j, v := range sums[(i-lo)*hi:][:i+1] {
				row[j] += float64(v)
			}
		}
		return nil
	})
}

// moments are the means of products, [N, N] of which only the lower triangle is filled, in an order of the inputs.
func (in *Inputs) moments(ctx context.Context, order []int) ([]float64, error) {
	if in.filled > 0 {
		if err := in.flush(ctx); err != nil {
			return nil, err
		}
	}
	h := make([]float64, in.N*in.N)
	scale := 1 / float64(max(in.Rows, 1))
	for i, from := range order {
		row := h[i*in.N:]
		for j, with := range order[:i+1] {
			row[j] = in.products[max(from, with)*in.N+min(from, with)] * scale
		}
	}
	return h, nil
}

// Squares are the means of each input's square.
func (in *Inputs) Squares(ctx context.Context) ([]float64, error) {
	if in.filled > 0 {
		if err := in.flush(ctx); err != nil {
			return nil, err
		}
	}
	d := make([]float64, in.N)
	for i := range d {
		d[i] = in.products[i*in.N+i] / float64(max(in.Rows, 1))
	}
	return d, nil
}

// OutputPower gives the mean square of the outputs, summed over all of them, of a matrix d [outputs, N] of f32: d H d^T.
func (in *Inputs) OutputPower(ctx context.Context, d *host.Tensor) (float64, error) {
	if in.filled > 0 {
		if err := in.flush(ctx); err != nil {
			return 0, err
		}
	}
	if in.means == nil {
		in.means = host.New(host.F32, in.N, in.N)
		means := host.Raw[float32](in.means)
		for i := range in.N {
			for j := range i + 1 {
				v := float32(in.products[i*in.N+j] / float64(max(in.Rows, 1)))
				means[i*in.N+j], means[j*in.N+i] = v, v
			}
		}
	}
	rows := host.Raw[float32](d)
	sums := make([]float64, d.Shape[0])
	err := inTiles(ctx, d.Shape[0], func(lo, hi int) error {
		p, err := host.MatMul(host.Serial, d.Slice(0, lo, hi, 1), in.means)
		if err != nil {
			return err
		}
		for i, v := range host.Raw[float32](p) {
			sums[lo+i/in.N] += float64(float64(v) * float64(rows[lo*in.N+i]))
		}
		return nil
	})
	power := 0.0
	for _, v := range sums {
		power += v
	}
	return power, err
}

// shrinkage is how much of the mean square belongs on the diagonal of the moments h so that they are nearest to those of
// all data, of which the rows are a sample, as a share of what stays of h (Ledoit and Wolf, A well-conditioned estimator
// for large-dimensional covariance matrices, 2004). Few rows seem to say more of how inputs depend on each other than is so.
func (in *Inputs) shrinkage(h []float64, mean float64) float64 {
	squares := 0.0
	for i := range in.N {
		for _, v := range h[i*in.N : i*in.N+i] {
			squares += float64(2 * v * v)
		}
		squares += float64(h[i*in.N+i] * h[i*in.N+i])
	}
	rows := float64(in.Rows)
	spread := squares - float64(in.N)*mean*mean // of the sample around a multiple of the identity
	wrong := (in.fourth/rows - squares) / rows  // of the sample around the truth
	if share := wrong / spread; wrong <= 0 || !(spread > 0) || share < 1 {
		return max(0, share/(1-share))
	}
	return mostDamping
}
