package host

import (
	"fmt"
	"slices"
)

// Lookup replaces each index by the entry of a table that it names. lut is [tables..., entries, length]: its first axes
// split those of indices into equal blocks, each with a table of its own, and entries that are longer than 1 lie along axis
// of the result.
func Lookup(p Parallel, indices, lut *Tensor, axis int) (*Tensor, error) {
	rank := len(indices.Shape)
	if len(lut.Shape) != rank+2 || axis < 0 || axis >= rank {
		return nil, fmt.Errorf("the indices %v along axis %d do not fit the table %v", ShapeText(indices.Shape), axis, ShapeText(lut.Shape))
	}
	steps, tables := make([]int, rank), 1 // from one table to the next along each axis
	for i := rank - 1; i >= 0; i-- {
		n, size := lut.Shape[i], indices.Shape[i]
		if n == 0 && size != 0 || n != 0 && size%n != 0 {
			return nil, fmt.Errorf("dimension %d of the table is %d, which does not divide %d", i, n, size)
		}
		steps[i] = tables
		tables *= n
	}
	entries, length := lut.Shape[rank], lut.Shape[rank+1]
	shape := slices.Clone(indices.Shape)
	if shape[axis] *= length; shape[axis] < 0 {
		return nil, fmt.Errorf("the result is too large")
	}
	out, err := Alloc(lut.Elem, shape)
	if err != nil || out.Len() == 0 {
		return out, err
	}
	codes := Unpack(indices)
	table := Unpack(lut).Clone()
	wide := Unpack(out)
	l := &lookup{codes: codes, counts: lut.Shape[:rank], steps: steps, entries: entries, length: length, inner: product(indices.Shape[axis+1:])}
	switch table.Elem.Bytes() {
	case 1:
		err = lookupWords(p, l, words[[1]byte](wide.Data), words[[1]byte](table.Data))
	case 2:
		err = lookupWords(p, l, words[[2]byte](wide.Data), words[[2]byte](table.Data))
	case 4:
		err = lookupWords(p, l, words[[4]byte](wide.Data), words[[4]byte](table.Data))
	case 8:
		err = lookupWords(p, l, words[[8]byte](wide.Data), words[[8]byte](table.Data))
	case 16:
		err = lookupWords(p, l, words[[16]byte](wide.Data), words[[16]byte](table.Data))
	}
	if err != nil || wide == out {
		return out, err
	}
	return Pack(wide, out.Elem)
}

type lookup struct {
	codes           *Tensor
	counts, steps   []int // tables along each axis, and from one to the next
	entries, length int   // of a table, and of an entry
	inner           int   // elements behind the axis that entries lie along
}

// misfit is a code of a row that is outside the table.
type misfit struct {
	code  int64
	found bool
}

func lookupWords[W any](p Parallel, l *lookup, out, table []W) error {
	shape := l.codes.Shape
	last := len(shape) - 1
	row, rows := shape[last], product(shape[:last])
	starts := newOffsets(shape[:last], l.codes.Strides[:last])
	size := l.entries * l.length
	block := row / l.counts[last]
	bad := make([]misfit, rows)
	p(rows, max(1, 1<<14/row), func(lo, hi int) {
		codes := make([]int64, row)
		for r := lo; r < hi; r++ {
			Load(codes, l.codes, l.codes.Offset+starts.at(r), l.codes.Strides[last])
			base := 0
			for i, rest := last-1, r; i >= 0; i-- {
				base += rest % shape[i] / (shape[i] / l.counts[i]) * l.steps[i]
				rest /= shape[i]
			}
			for i, code := range codes {
				if code < 0 || code >= int64(l.entries) {
					bad[r] = misfit{code, true}
					break
				}
				entry := table[(base+i/block)*size+int(code)*l.length:][:l.length]
				at := r*row + i
				at = at/l.inner*l.inner*l.length + at%l.inner
				for v, w := range entry {
					out[at+v*l.inner] = w
				}
			}
		}
	})
	for _, b := range bad {
		if b.found {
			return fmt.Errorf("index %d is outside a table of %d", b.code, l.entries)
		}
	}
	return nil
}

// Densify spreads a list of values over the elements of a mask, bools or integers, that are not zero, in row-major order;
// the others are 0.
func Densify(values, mask *Tensor) (*Tensor, error) {
	out, err := Alloc(values.Elem, mask.Shape)
	if err != nil {
		return nil, err
	}
	wide, from, keep := Unpack(out), Unpack(values), Unpack(mask)
	if !keep.Contiguous() {
		keep = keep.Clone()
	}
	if !from.Contiguous() {
		from = from.Clone()
	}
	data, bits := from.Bytes(), keep.Bytes()
	size, step := wide.Elem.Bytes(), keep.Elem.Bytes()
	found, n := 0, values.Len()
	for i := range keep.Len() {
		if !slices.ContainsFunc(bits[i*step:][:step], func(b byte) bool { return b != 0 }) {
			continue
		}
		if found < n {
			copy(wide.Data[i*size:][:size], data[found*size:])
		}
		found++
	}
	if found != n {
		return nil, fmt.Errorf("the mask keeps %d elements, and there are %d values", found, n)
	}
	if wide == out {
		return out, nil
	}
	return Pack(wide, out.Elem)
}
