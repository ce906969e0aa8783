package compress

import (
	"errors"

	"github.com/aiopt/aiopt/ir/host"
)

// Packed is a weight as it is stored. Its numbers are, step by step, for the parts that are not nil:
//
//	x = Codes
//	x = quant.sparse_to_dense(x, Mask)
//	x = quant.lookup(x, Table)            along Axis
//	x = quant.dequantize(x, Scale, Zero, Min)
//
// The result has the weight's elements in the weight's order; trailing axes may be merged into one (see Stored), since
// rows of packed elements are padded to a byte.
type Packed struct {
	Codes *host.Tensor // integers, small floats or numbers; with Mask of rank 1
	Mask  *host.Tensor // u1: 1 where an element is kept
	Table *host.Tensor // [tables along each axis..., entries, entry length]
	Axis  int          // along which the numbers of a table's entry lie
	Scale *host.Tensor // the rank of the weight; 1 or a number of blocks on each axis
	Zero  *host.Tensor // of the codes' type; nil where all are zero, and one element where all are the same
	Min   *host.Tensor

	Stored []int // the shape that decoding gives

	Signal, Noise float64 // sums of squares: of the numbers, and of what the decoded ones, rounded to the weight's type, differ by
}

// Part is a tensor that a file holds for a packed weight.
type Part struct {
	Name string // what it is: codes, indices, values, mask, lut, scale, zero_point or min_value
	Data *host.Tensor
}

// Parts lists what a packed weight is made of, in the order in which it is decoded.
func (p *Packed) Parts() []Part {
	codes := "codes"
	switch {
	case p.Table != nil:
		codes = "indices"
	case p.Scale == nil:
		codes = "values"
	}
	var parts []Part
	for _, part := range []Part{{codes, p.Codes}, {"mask", p.Mask}, {"lut", p.Table}, {"scale", p.Scale}, {"zero_point", p.Zero}, {"min_value", p.Min}} {
		if part.Data != nil {
			parts = append(parts, part)
		}
	}
	return parts
}

// Bytes is how much a file holds for it.
func (p *Packed) Bytes() int64 {
	n := int64(0)
	for _, part := range p.Parts() {
		n += int64(len(part.Data.Bytes()))
	}
	return n
}

// ErrNotFinite refuses numbers that no scale can hold.
var ErrNotFinite = errors.New("it holds NaN or infinity")

// Refusal is why a weight cannot be stored by a scheme.
type Refusal struct{ Reason string }

// Error is the reason.
func (r *Refusal) Error() string { return r.Reason }

// ReasonOf is why a weight cannot be stored by a scheme, if that is what the error says.
func ReasonOf(err error) (reason string, ok bool) {
	var r *Refusal
	if errors.As(err, &r) || errors.Is(err, ErrNotFinite) {
		return err.Error(), true
	}
	return "", false
}
