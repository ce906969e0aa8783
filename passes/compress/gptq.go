package compress

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// GPTQ is how codes are chosen for calibration data: one input after another, and what an element is off by is made up for
// by the elements of inputs that follow (Frantar et al., GPTQ, 2022).
type GPTQ struct {
	// Damping is added to each input's mean square, as a share of their mean; ten times as much where that does not
	// suffice.
	Damping float64
	// ActOrder takes the inputs of large mean squares first. Scales are chosen before, so that they stay where they are.
	ActOrder bool
	// Shrink damps more where the rows of data are few, so that their chance correlations count less.
	Shrink bool
}

// OutputError is what a weight's codes do to the outputs of its operation on the calibration data: sums over the output
// channels of mean squares.
type OutputError struct {
	Signal float64 // of the outputs
	Plain  float64 // of the errors, with each element rounded to the nearest code
	Noise  float64 // of the errors, with the codes chosen
}

// Gain is how far Noise is below Plain, in dB; at most 99.
func (e OutputError) Gain() float64 {
	if e.Plain <= 0 {
		return 0
	}
	return min(99, 10*math.Log10(e.Plain/e.Noise))
}

// Calibrated compresses a weight as [Apply] does and then chooses codes anew for the least error of the outputs. It keeps,
// row by row, what Apply chose where that is better. in has the inputs in the order of the weight's input axes.
// Where codes cannot be chosen the result is that of Apply and the error a *Refusal.
func Calibrated(ctx context.Context, t *host.Tensor, s Scheme, opt Options, in *Inputs, g GPTQ) (*Packed, *OutputError, error) {
	packed, err := Apply(ctx, t, s, opt)
	if err != nil {
		return nil, nil, err
	}
	j, err := newGPTQJob(ctx, t, s, opt, in, packed)
	if err == nil {
		err = j.factor(ctx, in, g)
	}
	if err != nil {
		return packed, nil, err
	}
	out, err := j.run(ctx)
	if err != nil {
		return nil, nil, err
	}
	return j.packed, out, nil
}

// gptqJob chooses the codes of one weight, which is looked at as a matrix of rows and inputs.
type gptqJob struct {
	t      *host.Tensor
	packed *Packed
	round  rounder

	weights, codes    []float32 // of all elements, in the weight's order
	rowAt, inputAt    []int     // where rows and inputs are among the elements: at their sum
	rowBlock, inBlock []int     // the same for the blocks that share parameters
	order             []int     // the inputs, those that are chosen first last
	lower             *host.Tensor
	damping           float64
	signal            []float64 // of each piece of rows, as are the next ones
	plain, noise, sq  []float64
}

func newGPTQJob(ctx context.Context, t *host.Tensor, s Scheme, opt Options, in *Inputs, packed *Packed) (*gptqJob, error) {
	rows, inputs := axesOf(t.Shape, opt.Out), axesOf(t.Shape, opt.In)
	slices.Sort(rows)
	slices.Sort(inputs)
	j := &gptqJob{t: t, packed: packed}
	j.rowAt, j.inputAt = offsetsOf(t.Shape, rows, nil), offsetsOf(t.Shape, inputs, nil)
	switch {
	case len(j.rowAt)*len(j.inputAt) != t.Len():
		return nil, &Refusal{"its axes are not all output or input axes"}
	case len(j.inputAt) != in.N:
		return nil, &Refusal{fmt.Sprintf("it has %d inputs, and data was gathered for %d", len(j.inputAt), in.N)}
	}
	var err error
	if j.round, err = rounderOf(s, packed, t); err != nil {
		return nil, err
	}
	j.rowBlock, j.inBlock = offsetsOf(t.Shape, rows, opt.Block), offsetsOf(t.Shape, inputs, opt.Block)
	j.weights = host.Values[float32](t)
	j.codes = host.Values[float32](host.Unpack(packed.Codes))
	return j, nil
}

// offsetsOf lists where the indices along some axes are in a tensor that is stored row by row: of all its elements, or of
// one for each block.
func offsetsOf(shape, axes, block []int) []int {
	strides, n := make([]int, len(shape)), 1
	for a := len(shape) - 1; a >= 0; a-- {
		strides[a] = n
		if block == nil {
			n *= shape[a]
		} else {
			n *= shape[a] / block[a]
		}
	}
	list := []int{0}
	for _, a := range axes {
		var next []int
		for _, base := range list {
			for i := range shape[a] {
				if block != nil {
					i /= block[a]
				}
				next = append(next, base+i*strides[a])
			}
		}
		list = next
	}
	return list
}

// mostDamping is where raising it ends.
const mostDamping = 10

// factor finds L of the damped moments L L^T. The GPTQ paper takes the inverse's factor; with L, the code of an input
// follows from what the ones chosen before are off by: Babai's nearest plane, which is the same (Chen et al., 2025).
func (j *gptqJob) factor(ctx context.Context, in *Inputs, g GPTQ) error {
	squares, err := in.Squares(ctx)
	if err != nil {
		return err
	}
	sum := 0.0
	for _, v := range squares {
		sum += v
	}
	switch {
	case in.Rows == 0:
		return &Refusal{"no calibration data reached it"}
	case sum-sum != 0:
		return &Refusal{"its inputs on the calibration data hold NaN or infinity"}
	case sum == 0:
		return &Refusal{"its inputs on the calibration data are all zero"}
	}
	j.order = make([]int, in.N)
	for i := range j.order {
		j.order[i] = in.N - 1 - i
	}
	if g.ActOrder {
		slices.SortStableFunc(j.order, func(a, b int) int {
			switch {
			case squares[a] < squares[b]:
				return -1
			case squares[a] > squares[b]:
				return 1
			}
			return 0
		})
	}
	mean := sum / float64(in.N)
	least := max(g.Damping, 1e-8)
	for damping := least; damping <= mostDamping; damping *= 10 {
		h, err := in.moments(ctx, j.order)
		if err != nil {
			return err
		}
		if g.Shrink && damping == least {
			damping = min(mostDamping, max(damping, in.shrinkage(h, mean)))
		}
		for i := range in.N {
			h[i*in.N+i] += damping * mean
		}
		a, err := host.FromValues(host.F64, []int{in.N, in.N}, h)
		if err != nil {
			return err
		}
		ok, err := cholesky(ctx, a)
		if err != nil {
			return err
		}
		if ok {
			j.damping = damping * mean
			j.lower = host.New(host.F32, in.N, in.N)
			return host.Cast(host.Serial, j.lower, a)
		}
	}
	return &Refusal{"the products of its inputs on the calibration data are not positive definite"}
}

// run chooses all codes.
func (j *gptqJob) run(ctx context.Context) (*OutputError, error) {
	pieces := (len(j.rowAt) + gptqRows - 1) / gptqRows
	for _, list := range []*[]float64{&j.signal, &j.plain, &j.noise, &j.sq} {
		*list = make([]float64, pieces)
	}
	if err := host.Each(ctx, pieces, j.piece); err != nil {
		return nil, err
	}
	out, noise := &OutputError{}, 0.0
	for i := range pieces { // in order, so that the sums are always the same
		out.Signal += j.signal[i]
		out.Plain += j.plain[i]
		out.Noise += j.noise[i]
		noise += j.sq[i]
	}
	codes, err := host.FromValues(host.F32, j.packed.Codes.Shape, j.codes)
	if err != nil {
		return nil, err
	}
	made := *j.packed
	made.Noise = noise
	if made.Codes, err = codesAs(codes, j.packed.Codes.Elem); err != nil {
		return nil, err
	}
	j.packed = &made
	return out, nil
}

func codesAs(codes *host.Tensor, e host.Elem) (*host.Tensor, error) {
	if e.Packed() {
		return host.Pack(codes, e)
	}
	out, err := host.Alloc(e, codes.Shape)
	if err != nil {
		return nil, err
	}
	return out, host.Cast(host.Serial, out, codes)
}
