package asset

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// weights is the plan of weights.safetensors. Only sizes and sums are kept; the bytes are taken from their sources twice,
// to plan and to write.
type weights struct {
	tensors []*tensor
	header  []byte
	size    int64 // header and data
}

// tensor is an entry, which one or several resources have as their data.
type tensor struct {
	safetensors.Described
	from *ir.Resource // the first of them
	wide int          // the width of the widest element that any of them has, in bytes
}

// chunk is how many bytes are written between looks at the context.
const chunk = 4 << 20

// planWeights finds equal data, orders it, and gives the entry of each resource.
func planWeights(ctx context.Context, m *ir.Module, note func(bytes int64)) (*weights, map[*ir.Resource]*tensor, error) {
	w := &weights{}
	of := map[*ir.Resource]*tensor{}
	type key struct {
		size int64
		crc  uint32
	}
	same := map[key][]*tensor{}
	for _, r := range m.Resources {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		t, data, err := describe(r)
		if err != nil {
			return nil, nil, err
		}
		k := key{t.Size, t.CRC}
		for _, other := range same[k] {
			_, held, err := describe(other.from)
			if err != nil {
				return nil, nil, err
			}
			if bytes.Equal(held, data) {
				of[r] = other
				other.wide = max(other.wide, t.wide)
				break
			}
		}
		if of[r] == nil {
			of[r] = t
			same[k] = append(same[k], t)
			w.tensors = append(w.tensors, t)
		}
		note(t.Size)
	}
	// The format allows no gaps: behind wide elements, whose bytes are a multiple of their width, narrower ones are aligned.
	slices.SortStableFunc(w.tensors, func(a, b *tensor) int { return cmp.Compare(b.wide, a.wide) })
	list := make([]safetensors.Described, len(w.tensors))
	for i, t := range w.tensors {
		list[i] = t.Described
		w.size += t.Size
	}
	header, err := safetensors.Header(list)
	if err == nil && len(header) > maxHeader {
		err = fmt.Errorf("%d tensors need a header of %d bytes, at most %d are allowed", len(list), len(header), maxHeader)
	}
	w.header = header
	w.size += int64(len(header))
	return w, of, err
}

// describe gives a resource's entry and its bytes in row-major order, a copy only where they lie otherwise.
func describe(r *ir.Resource) (*tensor, []byte, error) {
	x, err := r.Tensor()
	if err != nil {
		return nil, nil, err
	}
	data := x.Bytes()
	t := &tensor{from: r, wide: max(r.Type.Elem.Bytes(), 1)}
	t.Described = safetensors.Described{Name: r.Name, Elem: x.Elem, Shape: x.Shape, Size: int64(len(data)), CRC: r.Source.CRC}
	if r.Source.File == "" || r.Source.CRC == 0 || !whole(r) { // else its source has just been held against that sum
		t.CRC = crc32.ChecksumIEEE(data)
	}
	return t, data, nil
}

// write writes the file.
func (w *weights) write(ctx context.Context, to io.Writer, note func(bytes int64)) error {
	if _, err := to.Write(w.header); err != nil {
		return err
	}
	for _, t := range w.tensors {
		found, data, err := describe(t.from)
		if err != nil {
			return err
		}
		if found.Size != t.Size || found.CRC != t.CRC {
			return fmt.Errorf("the data of @%s changed while it was written", t.Name)
		}
		for part := range slices.Chunk(data, chunk) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := to.Write(part); err != nil {
				return err
			}
			note(int64(len(part)))
		}
	}
	return nil
}

// whole reports that a resource is all of its source, in row-major order.
func whole(r *ir.Resource) bool {
	shape, ok := r.Type.Static()
	if !ok || r.Offset != 0 || r.Strides != nil {
		return false
	}
	n, err := host.SizeBytes(r.Type.Elem, shape)
	return err == nil && int64(n) == r.Source.Size
}
