package compress

import (
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// packed puts the parts together.
func (j *paletteJob) packed() (*Packed, error) {
	l := j.layout
	entries := 1 << j.palette.Bits
	shape, block := l.indices(), slices.Clone(l.block)
	block[l.axis] /= l.length
	if j.magnitudes != nil {
		for _, a := range j.out {
			block[a] = 1
		}
	}
	stored := l.stored(block)
	rank := len(stored)
	out := &Packed{Axis: l.axis, Stored: slices.Clone(stored)}
	out.Stored[l.axis] *= l.length
	for g := range j.books { // in order, so that the sum is always the same
		out.Signal += j.signal[g]
		out.Noise += j.noise[g]
	}
	var err error
	if out.Codes, err = packBits(indexElems[j.palette.Bits], stored, j.indices.Data); err != nil {
		return nil, err
	}
	if out.Table, err = j.table(entries); err != nil {
		return nil, err
	}
	if out.Table, err = ranked(out.Table, len(shape), rank, 2); err != nil {
		return nil, err
	}
	scale, zero, err := j.parameters()
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		to   **host.Tensor
		from *host.Tensor
	}{{&out.Scale, scale}, {&out.Zero, zero}} {
		if part.from == nil {
			continue
		}
		if *part.to, err = ranked(part.from, len(shape), rank, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// indexElems are the element types of indices of each width.
var indexElems = [9]host.Elem{1: host.U1, host.U2, host.U3, host.U4, host.U5, host.U6, host.U7, host.U8}

// table stacks the tables. Those of an empty weight are zeros.
func (j *paletteJob) table(entries int) (*host.Tensor, error) {
	shape := append(slices.Clone(j.layout.count), entries, j.layout.length)
	size := entries * j.layout.length
	if j.fitter != nil {
		out, err := host.Alloc(j.palette.Table, shape)
		if err != nil {
			return nil, err
		}
		for g, b := range j.books {
			copy(out.Data[g*size:], b.codes)
		}
		return out, nil
	}
	out, err := host.Alloc(j.elem, shape)
	if err != nil {
		return nil, err
	}
	for g, b := range j.books {
		host.Store(out, g*size, 1, b.numbers)
	}
	return out, nil
}

// parameters are the scales and zero points, in the weight's rank. The scale of a table and that of a channel are one
// number; there is a zero point for each scale, since blocks of both must agree.
func (j *paletteJob) parameters() (scale, zero *host.Tensor, err error) {
	if j.fitter == nil {
		return j.magnitudes, nil, nil
	}
	blocks := slices.Clone(j.layout.count)
	if j.magnitudes != nil {
		for _, a := range j.out {
			blocks[a] = j.layout.shape[a]
		}
	}
	if scale, err = host.Alloc(j.elem, blocks); err != nil {
		return nil, nil, err
	}
	zeros := make([]uint8, scale.Len())
	if len(j.books) > 0 {
		for i := range zeros {
			b, magnitude := j.at(blocks, i)
			host.SetFloat(scale, i, float64(j.combined(b.scale, magnitude)))
			zeros[i] = uint8(b.zero)
		}
	}
	switch {
	case !constant(zeros):
		zero, err = host.FromBytes(j.palette.Table, blocks, zeros)
	case len(zeros) > 0 && zeros[0] != 0:
		zero, err = host.FromBytes(j.palette.Table, slices.Repeat([]int{1}, len(blocks)), zeros[:1])
	}
	return scale, zero, err
}

// at is the table, and the magnitude of the channel, of one of the blocks that have a scale.
func (j *paletteJob) at(blocks []int, i int) (codebook, float32) {
	g, gs, m, ms := 0, 1, 0, 1
	for a := len(blocks) - 1; a >= 0; a-- {
		c := i % blocks[a]
		i /= blocks[a]
		g += c * j.layout.count[a] / blocks[a] * gs
		gs *= j.layout.count[a]
		if j.magnitudes != nil {
			m += c * j.magnitudes.Shape[a] / blocks[a] * ms
			ms *= j.magnitudes.Shape[a]
		}
	}
	if j.magnitudes == nil {
		return j.books[g], 1
	}
	return j.books[g], float32(host.FloatAt(j.magnitudes, m))
}

// combined is the stored scale of a table's codes in a channel of some magnitude.
func (j *paletteJob) combined(scale, magnitude float32) float32 {
	return roundScale(scale*magnitude, j.elem)
}
