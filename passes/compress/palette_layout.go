package compress

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// paletteLayout cuts a weight into groups, each with a table of its own. Entries of several numbers lie along an axis.
type paletteLayout struct {
	shape, block, count []int // of the weight, of a group, and groups along each axis
	axis, length        int   // of entries
}

func newPaletteLayout(t *host.Tensor, p Palette, opt Options) (*paletteLayout, error) {
	rank := len(t.Shape)
	if rank == 0 || len(opt.Block) != rank {
		return nil, &Refusal{fmt.Sprintf("its shape %v and groups of %v do not fit: a palette needs a size for each of one or more axes", host.ShapeText(t.Shape), opt.Block)}
	}
	l := &paletteLayout{shape: t.Shape, block: opt.Block, length: max(p.Length, 1)}
	for i, b := range l.block {
		if b < 1 || l.shape[i]%b != 0 {
			return nil, &Refusal{fmt.Sprintf("its axis %d of %d is no multiple of %d; try another group size, or per_tensor", i, l.shape[i], b)}
		}
		l.count = append(l.count, l.shape[i]/b)
	}
	if l.length == 1 {
		return l, nil
	}
	out := axesOf(t.Shape, opt.Out)
	if len(out) == 0 {
		return nil, &Refusal{fmt.Sprintf("entries of %d numbers lie along the output axis, and it has none; try a length of 1", l.length)}
	}
	l.axis = out[len(out)-1]
	if l.block[l.axis]%l.length != 0 {
		return nil, &Refusal{fmt.Sprintf("groups of %d along its output axis are no multiple of entries of %d numbers; try another length or group size", l.block[l.axis], l.length)}
	}
	return l, nil
}

// groups is how many there are, and none of an empty weight.
func (l *paletteLayout) groups() int {
	n := 1
	for i, c := range l.count {
		if l.shape[i] == 0 {
			return 0
		}
		n *= c
	}
	return n
}

// indices is the shape of the indices before axes at its end are merged.
func (l *paletteLayout) indices() []int {
	out := slices.Clone(l.shape)
	out[l.axis] /= l.length
	return out
}

// split shows a tensor with length numbers for each index, in the order of the weight, as [groups along each axis...,
// indices of a group along each axis..., length].
func (l *paletteLayout) split(t *host.Tensor, length int) (*host.Tensor, error) {
	rank := len(l.shape)
	shape, perm := []int{}, make([]int, 2*rank+1)
	at := 0
	for i := range l.shape {
		b := l.block[i]
		if i == l.axis {
			b /= l.length
		}
		shape = append(shape, l.count[i], b)
		perm[i], perm[rank+i] = at, at+1
		at += 2
		if i == l.axis {
			shape = append(shape, length)
			perm[2*rank] = at
			at++
		}
	}
	view, err := t.Reshape(shape)
	if err != nil {
		return nil, err
	}
	return view.Transpose(perm), nil
}

// group is one group's part of a tensor that was split.
func (l *paletteLayout) group(t *host.Tensor, g int) *host.Tensor {
	for i := len(l.count) - 1; i >= 0; i-- {
		t = t.Select(i, g%l.count[i])
		g /= l.count[i]
	}
	return t
}

// stored merges axes at the end of the indices, rows of which are padded to a byte; the blocks are those of all parts.
func (l *paletteLayout) stored(block []int) []int {
	shape := l.indices()
	if l.length == 1 {
		out, _ := StoredShape(shape, block)
		return out
	}
	out, _ := StoredShape(shape[l.axis+1:], block[l.axis+1:])
	return append(slices.Clone(shape[:l.axis+1]), out...)
}

// ranked shows a tensor of parameters, with 1 or a number of blocks on each axis, in a rank that is lower by merged axes;
// of the last axes behind it keeps those that a table has.
func ranked(t *host.Tensor, before, after, behind int) (*host.Tensor, error) {
	shape := slices.Clone(t.Shape[:after])
	for _, n := range t.Shape[after:before] {
		shape[after-1] *= n
	}
	return t.Reshape(append(shape, t.Shape[len(t.Shape)-behind:]...))
}
