package compress

import (
	"context"

	"github.com/aiopt/aiopt/ir/host"
)

// Options are what a scheme does not say of a weight.
type Options struct {
	Out, In []int // its output and input axes
	// Importance weighs the squared error of each element; it has the weight's shape. nil: all weigh the same.
	Importance *host.Tensor
	// Block are the sizes of the blocks that share parameters, one for each axis; see Granularity.Blocks.
	Block []int
}

// Apply compresses a weight. The result does not depend on the number of threads. Where the scheme cannot store the weight
// the error is a *Refusal.
func Apply(ctx context.Context, t *host.Tensor, s Scheme, opt Options) (*Packed, error) {
	switch {
	case s.Sparse != nil:
		return sparsify(ctx, t, s, opt)
	case s.Palette != nil:
		return palettize(ctx, t, *s.Palette, opt)
	case s.Quant != nil:
		return quantize(ctx, t, *s.Quant, opt)
	}
	return nil, &Refusal{"the scheme says nothing"}
}

// Clone copies a scheme, so that its parts can be changed.
func (s Scheme) Clone() Scheme {
	if s.Quant != nil {
		q := *s.Quant
		s.Quant = &q
	}
	if s.Palette != nil {
		p := *s.Palette
		s.Palette = &p
	}
	if s.Sparse != nil {
		sp := *s.Sparse
		s.Sparse = &sp
	}
	return s
}
