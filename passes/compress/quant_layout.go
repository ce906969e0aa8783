package compress

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// blockLayout cuts a weight into blocks, and these into pieces that are worked on at once: ranges of blocks along one axis.
type blockLayout struct {
	shape, block []int // as the codes are stored
	count        []int // blocks along each axis
	axis         int   // the one that is cut into pieces
	step         int   // blocks along it in a piece
}

// pieceLen is about how many elements are worked on at once, and enoughPieces from where on an axis can keep all cores busy.
const (
	pieceLen     = 1 << 18
	enoughPieces = 16
)

// newBlockLayout checks a weight's blocks. Pieces share no byte of codes of the element type.
func newBlockLayout(shape, block []int, codes host.Elem) (*blockLayout, error) {
	if len(block) != len(shape) || len(shape) == 0 {
		return nil, fmt.Errorf("blocks of %v for a weight of shape %v: expected a size for each of one or more axes", block, host.ShapeText(shape))
	}
	for i, n := range block {
		if n < 1 || shape[i]%n != 0 {
			return nil, fmt.Errorf("blocks of %v for a weight of shape %v: %d does not divide %d", block, host.ShapeText(shape), n, shape[i])
		}
	}
	l := &blockLayout{}
	l.shape, l.block = StoredShape(shape, block)
	elements := 1
	for i, n := range l.shape {
		l.count = append(l.count, n/l.block[i])
		elements *= n
	}
	for i, n := range l.count {
		if l.count[l.axis] >= enoughPieces {
			break
		}
		if n > l.count[l.axis] {
			l.axis = i
		}
	}
	l.step = max(1, pieceLen/max(elements/max(l.count[l.axis], 1), 1))
	if l.axis == len(shape)-1 && codes.Packed() {
		l.step = (l.step + 7) &^ 7 // eight codes end with a byte, whatever their width is
	}
	return l, nil
}

// StoredShape is the shape in which a weight's codes are stored. Rows are padded to a byte, so axes at the end that share
// their scales, such as a convolution's window, become one.
func StoredShape(shape, block []int) (stored, blocks []int) {
	stored, blocks = slices.Clone(shape), slices.Clone(block)
	for n := len(stored); n > 2; n-- {
		size, before := stored[n-1], stored[n-2]
		if blocks[n-1] != size || size > 1 && before > 1 && blocks[n-2] == 1 {
			break
		}
		stored, blocks = stored[:n-1], blocks[:n-1]
		stored[n-2], blocks[n-2] = before*size, blocks[n-2]*size
	}
	return stored, blocks
}

func (l *blockLayout) pieces() int { return (l.count[l.axis] + l.step - 1) / l.step }

// piece is the part of a tensor, with an element for each block or more behind, that belongs to a piece.
func (l *blockLayout) piece(t *host.Tensor, i int) *host.Tensor {
	return t.Slice(l.axis, i*l.step, min((i+1)*l.step, l.count[l.axis]), 1)
}

// split shows a tensor of the weight's elements as [blocks along each axis..., a block's elements along each axis...].
func (l *blockLayout) split(t *host.Tensor) (*host.Tensor, error) {
	rank := len(l.shape)
	split, perm := make([]int, 0, 2*rank), make([]int, 2*rank)
	for i := range l.shape {
		split = append(split, l.count[i], l.block[i])
		perm[i], perm[rank+i] = 2*i, 2*i+1
	}
	view, err := t.Reshape(split)
	if err != nil {
		return nil, err
	}
	return view.Transpose(perm), nil
}

// join is the opposite of split, for a piece.
func (l *blockLayout) join(t *host.Tensor) (*host.Tensor, error) {
	rank := len(l.shape)
	perm, shape := make([]int, 2*rank), make([]int, rank)
	for i := range rank {
		perm[2*i], perm[2*i+1] = i, rank+i
		shape[i] = t.Shape[i] * t.Shape[rank+i]
	}
	return t.Transpose(perm).Reshape(shape)
}

// packing is a tensor of codes that is filled piece by piece.
type packing struct {
	out    *host.Tensor
	rows   *host.Tensor // its bytes, with the packed rows as last axis
	layout *blockLayout
}

func newPacking(e host.Elem, l *blockLayout) (*packing, error) {
	out, err := host.Alloc(e, l.shape)
	if err != nil {
		return nil, err
	}
	rows, err := bytesOfRows(out)
	return &packing{out, rows, l}, err
}

// bytesOfRows shows a tensor as bytes.
func bytesOfRows(t *host.Tensor) (*host.Tensor, error) {
	shape := slices.Clone(t.Shape)
	last := len(shape) - 1
	shape[last] = (shape[last]*t.Elem.Bits() + 7) / 8
	return host.FromBytes(host.U8, shape, t.Data)
}

// store packs the codes of a piece, one in a byte and in blocks, into their place.
func (p *packing) store(i int, codes *host.Tensor) error {
	l := p.layout
	flat, err := l.join(codes)
	if err != nil {
		return err
	}
	packed, err := packBits(p.out.Elem, flat.Shape, flat.Bytes())
	if err != nil {
		return err
	}
	rows, err := bytesOfRows(packed)
	if err != nil {
		return err
	}
	from := i * l.step * l.block[l.axis]
	if l.axis == len(l.shape)-1 {
		from = from * p.out.Elem.Bits() / 8
	}
	host.Assign(host.Serial, p.rows.Slice(l.axis, from, from+rows.Shape[l.axis], 1), rows)
	return nil
}

// packBits makes a tensor of codes from their bits, one in a byte.
func packBits(e host.Elem, shape []int, bits []uint8) (*host.Tensor, error) {
	wide, err := host.FromBytes(host.U8, shape, bits)
	if err != nil || !e.Packed() {
		return relabel(e, wide, err)
	}
	packed, err := host.Pack(wide, unsigned[e.Bits()])
	return relabel(e, packed, err)
}

// unsigned are the integers of each width; their low bits are stored as those of any other type are.
var unsigned = [8]host.Elem{1: host.U1, host.U2, host.U3, host.U4, host.U5, host.U6, host.U7}

func relabel(e host.Elem, t *host.Tensor, err error) (*host.Tensor, error) {
	if err != nil {
		return nil, err
	}
	return host.FromBytes(e, t.Shape, t.Data)
}
