package host

import (
	"fmt"
	"slices"
)

// tile is a run of elements in a tensor's data that lie in rows: element j of row r is at + r*rowStride + j*stride.
// pos is the place of the first one in a dense buffer, where the elements follow each other.
type tile struct{ at, pos, rows, rowStride, n, stride int }

// gatherTile copies the elements of a tile to dst, size bytes each.
func gatherTile(dst, src []byte, size int, t tile) {
	switch size {
	case 1:
		gatherWords(words[[1]byte](dst), words[[1]byte](src), t)
	case 2:
		gatherWords(words[[2]byte](dst), words[[2]byte](src), t)
	case 4:
		gatherWords(words[[4]byte](dst), words[[4]byte](src), t)
	case 8:
		gatherWords(words[[8]byte](dst), words[[8]byte](src), t)
	case 16:
		gatherWords(words[[16]byte](dst), words[[16]byte](src), t)
	}
}

// Arrays of bytes, unlike integers, may lie anywhere in a mapped file; the compiler moves them in one instruction.
type word interface {
	[1]byte | [2]byte | [4]byte | [8]byte | [16]byte
}

func gatherWords[W word](dst, src []W, t tile) {
	at, pos := t.at, t.pos
	if t.n < 8 && t.rows > t.n { // short rows: go down the columns instead
		for j := range t.n {
			from, to := at+j*t.stride, pos+j
			for range t.rows {
				dst[to] = src[from]
				from, to = from+t.rowStride, to+t.n
			}
		}
		return
	}
	for range t.rows {
		row := dst[pos : pos+t.n]
		switch t.stride {
		case 1:
			copy(row, src[at:])
		case 0:
			x := src[at]
			for i := range row {
				row[i] = x
			}
		default:
			from := at
			for i := range row {
				row[i] = src[from]
				from += t.stride
			}
		}
		at, pos = at+t.rowStride, pos+t.n
	}
}

// scatterTile copies elements from a dense buffer to their places.
func scatterTile(dst, src []byte, size int, t tile) {
	switch size {
	case 1:
		scatterWords(words[[1]byte](dst), words[[1]byte](src), t)
	case 2:
		scatterWords(words[[2]byte](dst), words[[2]byte](src), t)
	case 4:
		scatterWords(words[[4]byte](dst), words[[4]byte](src), t)
	case 8:
		scatterWords(words[[8]byte](dst), words[[8]byte](src), t)
	case 16:
		scatterWords(words[[16]byte](dst), words[[16]byte](src), t)
	}
}

func scatterWords[W word](dst, src []W, t tile) {
	at, pos := t.at, t.pos
	for range t.rows {
		row := src[pos : pos+t.n]
		if t.stride == 1 {
			copy(dst[at:], row)
		} else {
			to := at
			for i := range row {
				dst[to] = row[i]
				to += t.stride
			}
		}
		at, pos = at+t.rowStride, pos+t.n
	}
}

// mapNest is the loop nest of an elementwise operation: a shape, and for each tensor its strides over that shape. Axes that
// follow each other in memory in every tensor are one axis, and there is always at least one.
type mapNest struct {
	shape   []int
	strides [][]int
	n       int // elements in all
}

// newMapNest makes the nest over shape for tensors that broadcast to it; none is packed.
func newMapNest(shape []int, tensors ...*Tensor) (*mapNest, error) {
	n := &mapNest{n: 1, strides: make([][]int, len(tensors))}
	for _, d := range shape {
		n.n *= d
	}
	full := make([][]int, len(tensors))
	for k, t := range tensors {
		if slices.Equal(t.Shape, shape) {
			full[k] = t.Strides
			continue
		}
		wide, err := t.Expand(shape)
		if err != nil {
			return nil, err
		}
		full[k] = wide.Strides
	}
	for axis, d := range shape {
		if d == 1 {
			continue
		}
		last := len(n.shape) - 1
		joins := last >= 0
		for k := range tensors {
			joins = joins && n.strides[k][last] == full[k][axis]*d
		}
		if joins {
			n.shape[last] *= d
		} else {
			n.shape = append(n.shape, d)
		}
		for k := range tensors {
			if joins {
				n.strides[k][last] = full[k][axis]
			} else {
				n.strides[k] = append(n.strides[k], full[k][axis])
			}
		}
	}
	if len(n.shape) == 0 {
		n.shape = []int{1}
		for k := range tensors {
			n.strides[k] = []int{1}
		}
	}
	return n, nil
}

// dense reports that tensor k has the elements one after the other.
func (n *mapNest) dense(k int) bool { return len(n.shape) == 1 && n.strides[k][0] == 1 }

// single reports that tensor k repeats one element everywhere.
func (n *mapNest) single(k int) bool {
	for _, s := range n.strides[k] {
		if s != 0 {
			return false
		}
	}
	return true
}

// tiles calls fn for the tiles that make up the count elements from lo on, as tensor k with the given offset sees them.
func (n *mapNest) tiles(k, offset, lo, count int, fn func(tile)) {
	last := len(n.shape) - 1
	strides := n.strides[k]
	var small [8]int
	index := small[:]
	if last >= len(small) {
		index = make([]int, last+1)
	}
	at := offset
	for axis, rest := last, lo; axis >= 0; axis-- {
		index[axis] = rest % n.shape[axis]
		rest /= n.shape[axis]
		at += index[axis] * strides[axis]
	}
	inner, stride := n.shape[last], strides[last]
	for pos := 0; pos < count; {
		t := tile{at: at, pos: pos, rows: 1, n: min(inner-index[last], count-pos), stride: stride}
		done := t.n // what is done along the axis that moves on
		axis := last
		if index[last] == 0 && t.n == inner && last > 0 {
			axis = last - 1
			t.rows = min(n.shape[axis]-index[axis], (count-pos)/inner)
			t.rowStride = strides[axis]
			done = t.rows
		}
		fn(t)
		pos += t.rows * t.n
		index[axis] += done
		at += done * strides[axis]
		for index[axis] == n.shape[axis] && axis > 0 {
			at -= index[axis] * strides[axis]
			index[axis] = 0
			axis--
			index[axis]++
			at += strides[axis]
		}
	}
}

// Copy copies src, broadcast, into dst; both have the same element type, and the bytes do not overlap.
func Copy(p Parallel, dst, src *Tensor) error {
	if dst.Elem != src.Elem {
		return fmt.Errorf("cannot copy %s into %s: the element types differ", src, dst)
	}
	if dst.Elem.Packed() {
		if !slices.Equal(dst.Shape, src.Shape) {
			return fmt.Errorf("cannot copy packed %s into %s", src, dst)
		}
		copy(dst.Data, src.Data)
		return nil
	}
	n, err := newMapNest(dst.Shape, dst, src)
	if err != nil {
		return err
	}
	size := dst.Elem.Bytes()
	p(n.n, copyGrain, func(lo, hi int) {
		if n.dense(0) {
			to := dst.Data[(dst.Offset+lo)*size : (dst.Offset+hi)*size]
			n.tiles(1, src.Offset, lo, hi-lo, func(t tile) { gatherTile(to, src.Data, size, t) })
			return
		}
		buf := make([]byte, min(blockLen, hi-lo)*size)
		for ; lo < hi; lo += blockLen {
			m := min(blockLen, hi-lo)
			n.tiles(1, src.Offset, lo, m, func(t tile) { gatherTile(buf, src.Data, size, t) })
			n.tiles(0, dst.Offset, lo, m, func(t tile) { scatterTile(dst.Data, buf, size, t) })
		}
	})
	return nil
}
