package weights

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/compress"
)

// A weight is cut into blocks that share a scale: per axis, block[i] neighbours are in one block. 1 gives each index its
// own scale, the axis's whole size one for all. The functions below find the blocks of a constant from those that an
// operation wants, against the direction of the views between them. A reason instead of blocks is for the user.

// Blocks cuts a weight's data into the blocks that share parameters. Where the granularity names no axis of the data, the
// operations that use the weight say which axes are channels.
func (w *Weight) Blocks(g compress.Granularity) (block []int, reason string) {
	stored, _ := w.Resource.Type.Static()
	if g.Kind == compress.PerTensor || !g.Auto || len(g.Sizes) > 1 {
		return reasonOf(g.Blocks(stored, nil, nil))
	}
	for i, u := range w.Uses {
		found, reason := u.blocks(g)
		if reason != "" {
			return nil, reason
		}
		if i > 0 && !slices.Equal(found, block) {
			return nil, fmt.Sprintf("%s and %s want scales along different axes", w.Uses[0].Op.Describe(), u.Op.Describe())
		}
		block = found
	}
	return block, ""
}

// Channels are the output and the input axes of a weight's data, as its uses see them.
func (w *Weight) Channels() (out, in []int, reason string) {
	block, reason := w.Blocks(compress.Granularity{Kind: compress.PerChannel, Auto: true})
	if reason != "" {
		return nil, nil, reason
	}
	for axis, d := range w.Resource.Type.Shape {
		size, _ := d.IsConst()
		switch {
		case block[axis] == int(size) && (size > 1 || len(out) > 0):
			in = append(in, axis)
		case block[axis] == 1:
			out = append(out, axis)
		default:
			return nil, nil, fmt.Sprintf("axis %d of its data holds both output and input channels", axis)
		}
	}
	return out, in, ""
}

// blocks cuts the data that an operand leads to.
func (u *Use) blocks(g compress.Granularity) (block []int, reason string) {
	if u.Shape == nil {
		return nil, fmt.Sprintf("its shape where it is used, %s, has symbols", u.Op.In(u.Index))
	}
	block, reason = reasonOf(g.Blocks(u.Shape, u.Axes.Out, u.Axes.In))
	for _, view := range u.Views {
		if reason != "" {
			return nil, reason
		}
		block, reason = blocksThrough(view, block)
	}
	return block, reason
}

func reasonOf(block []int, err error) ([]int, string) {
	if err != nil {
		return nil, err.Error()
	}
	return block, ""
}

// blocksThrough gives the blocks of a view's operand from those of its result.
func blocksThrough(view *ir.Op, block []int) (before []int, reason string) {
	to, ok := view.Result().Type.Static()
	from, ok2 := view.In(0).Static()
	if !ok || !ok2 {
		return nil, fmt.Sprintf("%s gives it a shape with symbols", view.Name())
	}
	switch {
	case view.Is(tensor.Cast):
		return block, ""
	case view.Is(tensor.Transpose):
		before = make([]int, len(block))
		for i, p := range view.Ints("perm") {
			before[p] = block[i]
		}
		return before, ""
	case view.Is(tensor.Reshape):
		if before = reshapeBlocks(from, to, block); before == nil {
			return nil, fmt.Sprintf("the reshape from %v to %v tears its blocks apart", from, to)
		}
		return before, ""
	}
	return sliceBlocks(view, from, block)
}

// sliceBlocks keeps the blocks where the slice cuts between them.
func sliceBlocks(slice *ir.Op, from, block []int) (before []int, reason string) {
	axis := slice.Int("axis")
	start, ok := slice.Dim("start").IsConst()
	if b := block[axis]; b > 1 && (!ok || slice.Int("step") != 1 || int(start)%b != 0 || from[axis]%b != 0) {
		return nil, fmt.Sprintf("a slice cuts through blocks of %d along axis %d", b, axis)
	}
	return block, ""
}

// reshapeBlocks matches runs of axes with equal numbers of elements. In each run the blocks must be neighbours in memory,
// and may then be any axes of the operand; nil where they are not.
func reshapeBlocks(from, to, block []int) []int {
	out := make([]int, len(from))
	i, j := 0, 0
	for i < len(from) || j < len(to) {
		i0, j0 := i, j
		have, want := 1, 1
		for i < len(from) && (i == i0 || from[i] == 1) {
			have *= from[i]
			i++
		}
		for j < len(to) && (j == j0 || to[j] == 1) {
			want *= to[j]
			j++
		}
		for have != want {
			switch {
			case have < want && i < len(from):
				have *= from[i]
				i++
			case want < have && j < len(to):
				want *= to[j]
				j++
			default:
				return nil // no elements
			}
		}
		run, ok := blockRun(to[j0:j], block[j0:j])
		if !ok || !spreadRun(out[i0:i], from[i0:i], run) {
			return nil
		}
	}
	return out
}

// blockRun is the number of neighbours in memory that one block holds, if it holds neighbours.
func blockRun(shape, block []int) (run int, ok bool) {
	run = 1
	whole := true // so far every axis, from the last one on, is whole
	for k := len(shape) - 1; k >= 0; k-- {
		if !whole && block[k] != 1 {
			return 0, false
		}
		run *= block[k]
		whole = whole && block[k] == shape[k]
	}
	return run, true
}

// spreadRun cuts axes into blocks of run neighbours.
func spreadRun(block, shape []int, run int) bool {
	for k := len(shape) - 1; k >= 0; k-- {
		switch n := shape[k]; {
		case n > 0 && run%n == 0:
			block[k] = n
			run /= n
		case run > 0 && n%run == 0:
			block[k] = run
			run = 1
		default:
			return false
		}
	}
	return run == 1
}
