package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"

	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/host"
)

// alignment of the data behind the header, in bytes.
const alignment = 64

// Described is what the header says of a tensor whose bytes the caller has: Size in bytes, and their CRC-32 (IEEE).
type Described struct {
	Name  string
	Elem  host.Elem
	Shape []int
	Size  int64
	CRC   uint32
}

// Encode writes entries in their order, with metadata and the CRC-32 (IEEE) of each, which it returns. The same entries
// give the same bytes. An entry with neither element type nor shape is written as so many bytes.
func Encode(w io.Writer, entries []Entry, metadata ...Pair) ([]uint32, error) {
	list := make([]Described, len(entries))
	sums := make([]uint32, len(entries))
	for i, e := range entries {
		sums[i] = crc32.ChecksumIEEE(e.Data)
		list[i] = Described{e.Name, e.Elem, e.Shape, int64(len(e.Data)), sums[i]}
	}
	header, err := Header(list, metadata...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(header); err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, err := w.Write(e.Data); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// Header gives the bytes that stand before the tensors' own, which follow in the order of the list without gaps. It is
// filled up so that they begin at a multiple of 64.
func Header(entries []Described, metadata ...Pair) ([]byte, error) {
	h := headerWriter{names: map[string]bool{metadataKey: true}}
	h.raw("{")
	if len(entries)+len(metadata) > 0 {
		h.string(metadataKey)
		h.raw(":{")
		for i, p := range metadata {
			h.comma(i)
			h.string(p.Key)
			h.raw(":")
			h.string(p.Value)
		}
		for i, e := range entries {
			h.comma(len(metadata) + i)
			h.string(crcPrefix + e.Name)
			h.raw(fmt.Sprintf(`:"%08x"`, e.CRC))
		}
		h.raw("}")
	}
	at := int64(0)
	for _, e := range entries {
		if err := h.entry(e, at); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.Name, err)
		}
		at += e.Size
	}
	h.raw("}")
	for (8+h.Len())%alignment != 0 {
		h.raw(" ")
	}
	if h.Len() > MaxHeader {
		return nil, fmt.Errorf("%d tensors need a header of %d bytes, at most %d are allowed", len(entries), h.Len(), MaxHeader)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(h.Len())), h.Bytes()...), nil
}

type headerWriter struct {
	bytes.Buffer
	names map[string]bool
}

func (h *headerWriter) raw(s string) { h.WriteString(s) }

func (h *headerWriter) comma(i int) {
	if i > 0 {
		h.raw(",")
	}
}

func (h *headerWriter) string(s string) {
	text, err := json.Marshal(s)
	if err != nil { // every string has a JSON form
		panic(err)
	}
	h.Write(text)
}

func (h *headerWriter) entry(e Described, at int64) error {
	switch {
	case h.names[e.Name]:
		return errors.New("the name is taken")
	case !utf8.ValidString(e.Name):
		return errors.New("the name is not UTF-8")
	}
	h.names[e.Name] = true
	elem, shape := e.Elem, e.Shape
	if elem == host.Invalid && shape == nil {
		elem, shape = host.U8, []int{int(e.Size)}
	}
	size, err := host.SizeBytes(elem, shape)
	if err != nil {
		return err
	}
	if int64(size) != e.Size {
		return fmt.Errorf("%s of shape %v takes %d bytes, found %d", elem, shape, size, e.Size)
	}
	if elem.Packed() {
		shape = packedShape(elem, shape)
	}
	h.raw(",")
	h.string(e.Name)
	dims := make([]int, len(shape)) // never nil, which is null in JSON
	copy(dims, shape)
	text, err := json.Marshal(dims)
	if err != nil {
		return err
	}
	h.raw(fmt.Sprintf(`:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, elem.Safetensors(), text, at, at+e.Size))
	return nil
}

// packedShape counts bytes instead of elements on the last axis.
func packedShape(e host.Elem, shape []int) []int {
	if len(shape) == 0 {
		return []int{1}
	}
	out := append([]int(nil), shape...)
	last := &out[len(out)-1]
	*last = (*last*e.Bits() + 7) / 8
	return out
}

// Write writes a file, which appears under its name only when it is complete; see Encode.
func Write(path string, entries []Entry, metadata ...Pair) ([]uint32, error) {
	f, sums, err := Prepare(path, entries, metadata...)
	if err != nil {
		return nil, err
	}
	defer f.Discard()
	return sums, f.Place()
}

// Prepare writes a file that the caller gives its name, by Place, or discards.
func Prepare(path string, entries []Entry, metadata ...Pair) (*atomicfile.File, []uint32, error) {
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, nil, err
	}
	sums, err := Encode(f, entries, metadata...)
	if err != nil {
		err = f.Located(err)
	} else {
		err = f.Finish()
	}
	if err != nil {
		f.Discard()
		return nil, nil, err
	}
	return f, sums, nil
}
