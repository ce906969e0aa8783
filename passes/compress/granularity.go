package compress

import (
	"fmt"
	"slices"
	"strings"
)

// Blocks are the sizes of the blocks that share parameters, one for each axis of a weight whose output and input axes are
// given. These may count from the end, and may name axes that only weights of higher rank have. Every size divides its
// axis; an empty axis has blocks of 1. The error is a *Refusal.
func (g Granularity) Blocks(shape, out, in []int) ([]int, error) {
	if len(shape) == 0 {
		return nil, &Refusal{"it is a single number"}
	}
	w := weightAxes{shape: shape, out: axesOf(shape, out), in: axesOf(shape, in)}
	var block []int
	var err error
	switch g.Kind {
	case PerTensor, "":
		block = slices.Clone(shape)
	case PerChannel:
		block, err = w.perChannel(g)
	case PerBlock:
		block, err = w.perBlock(g)
	case PerGroupedChannel:
		block, err = w.perGroupedChannel(g)
	default:
		return nil, &Refusal{fmt.Sprintf("there is no granularity %q: it is %s, %s, %s or %s", g.Kind, PerTensor, PerChannel, PerBlock, PerGroupedChannel)}
	}
	if err != nil {
		return nil, err
	}
	for i := range block {
		block[i] = max(block[i], 1)
	}
	return block, nil
}

// axesOf leaves those axes that a shape has, counted from the front.
func axesOf(shape, axes []int) []int {
	var own []int
	for _, a := range axes {
		if a < 0 {
			a += len(shape)
		}
		if a >= 0 && a < len(shape) && !slices.Contains(own, a) {
			own = append(own, a)
		}
	}
	return own
}

// weightAxes is a weight's shape and what its axes mean.
type weightAxes struct{ shape, out, in []int }

// name is what users call an axis.
func (w weightAxes) name(axis int) string {
	switch {
	case slices.Contains(w.in, axis):
		return "input axis"
	case slices.Contains(w.out, axis):
		return "output axis"
	}
	return fmt.Sprintf("axis %d", axis)
}

// axis is the one that the granularity names.
func (w weightAxes) axis(g Granularity) (int, error) {
	own := axesOf(w.shape, []int{g.Axis})
	if len(own) == 0 {
		return 0, &Refusal{fmt.Sprintf("it has no axis %d, only 0 to %d", g.Axis, len(w.shape)-1)}
	}
	return own[0], nil
}

func (w weightAxes) perChannel(g Granularity) ([]int, error) {
	block := slices.Clone(w.shape)
	if g.Auto {
		if len(w.out) == 0 {
			return nil, &Refusal{"it has no output axis; name an axis, or try per_tensor"}
		}
		for _, a := range w.out {
			block[a] = 1
		}
		return block, nil
	}
	axis, err := w.axis(g)
	if err != nil {
		return nil, err
	}
	block[axis] = 1
	return block, nil
}

// perBlock follows coreai-opt where an axis is named: of the first two axes the other has blocks of 1, and those behind, a
// convolution's window, are whole. An output axis has blocks of 1 wherever it is.
func (w weightAxes) perBlock(g Granularity) ([]int, error) {
	if len(g.Sizes) != 1 {
		return w.sizes(g)
	}
	block := slices.Clone(w.shape)
	for _, a := range w.out {
		block[a] = 1
	}
	var axis int
	if g.Auto {
		if len(w.in) == 0 {
			return nil, &Refusal{"it has no input axis; name an axis, or try per_channel"}
		}
		axis = w.in[0]
	} else {
		var err error
		if axis, err = w.axis(g); err != nil {
			return nil, err
		}
		for a := range min(2, len(block)) {
			block[a] = 1
		}
	}
	block[axis] = g.Sizes[0]
	return block, w.fits(axis, g.Sizes[0])
}

// sizes are stated for all axes.
func (w weightAxes) sizes(g Granularity) ([]int, error) {
	if len(g.Sizes) != len(w.shape) {
		return nil, &Refusal{fmt.Sprintf("%d block sizes are for a weight of as many axes, it has %d; state one size, or one for each axis", len(g.Sizes), len(w.shape))}
	}
	block := slices.Clone(g.Sizes)
	for axis, size := range block {
		if size == -1 {
			block[axis] = w.shape[axis]
			continue
		}
		if err := w.fits(axis, size); err != nil {
			return nil, err
		}
	}
	return block, nil
}

func (w weightAxes) perGroupedChannel(g Granularity) ([]int, error) {
	if len(g.Sizes) != 1 {
		return nil, &Refusal{fmt.Sprintf("per_grouped_channel has one group size, not %d", len(g.Sizes))}
	}
	block := slices.Clone(w.shape)
	var axis int
	if g.Auto {
		if len(w.out) == 0 {
			return nil, &Refusal{"it has no output axis; name an axis, or try per_tensor"}
		}
		for _, a := range w.out { // of experts, say, each has its own; neighbours along the last axis share
			block[a], axis = 1, a
		}
	} else {
		var err error
		if axis, err = w.axis(g); err != nil {
			return nil, err
		}
	}
	block[axis] = g.Sizes[0]
	return block, w.fits(axis, g.Sizes[0])
}

// fits refuses a block size that does not divide its axis, and names ones that would.
func (w weightAxes) fits(axis, size int) error {
	n := w.shape[axis]
	switch {
	case size < 1:
		return &Refusal{fmt.Sprintf("a block size of %d along axis %d; it is positive, or in a list of sizes -1 for the whole axis", size, axis)}
	case n%size == 0:
		return nil
	}
	var would []string
	for d := min(size, n); d > 1 && len(would) < 2; d-- {
		if n%d == 0 {
			would = append(would, fmt.Sprint(d))
		}
	}
	slices.Reverse(would)
	if len(would) == 0 {
		would = []string{fmt.Sprint(n)}
	}
	return &Refusal{fmt.Sprintf("its %s of %d is no multiple of %d; %s would fit", w.name(axis), n, size, strings.Join(would, " or "))}
}
