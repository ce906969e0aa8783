package memory

import (
	"errors"
	"slices"
	"unsafe"

	"github.com/aiopt/aiopt/ir/host"
)

// Arena hands out blocks and takes them back in any order. A call that needs more than is mapped gets another region; when
// the call has ended, one region of the size that was needed takes their place. It is for one goroutine at a time.
type Arena struct {
	regions []*Region
	blocks  [][]block // of each region, by address
	used    int       // bytes handed out
	peak    int       // the most of them since the last Reset
	before  int       // bytes that were mapped at the last Reset
}

// block is memory that is handed out. refs counts who has it, beside who took it.
type block struct{ from, to, refs int }

// Take gives n bytes, whose content is left over from others: the lowest or the highest that are free.
func (a *Arena) Take(n int, high bool) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	size := Aligned(n)
	for i := range a.regions {
		if at, k := a.gap(i, size, high); k >= 0 {
			return a.take(i, k, at, n), nil
		}
	}
	r, err := NewRegion(pages(size))
	if err != nil {
		return nil, err
	}
	a.regions, a.blocks = append(a.regions, r), append(a.blocks, nil)
	return a.take(len(a.regions)-1, 0, 0, n), nil
}

// gap finds a place of a region where size bytes are free, and which block of the list it becomes; -1 for none.
func (a *Arena) gap(i, size int, high bool) (at, k int) {
	blocks, end := a.blocks[i], len(a.regions[i].Data)
	if high {
		for k := len(blocks) - 1; k >= 0; k-- {
			if end-blocks[k].to >= size {
				return end - size, k + 1
			}
			end = blocks[k].from
		}
		if end >= size {
			return end - size, 0
		}
		return 0, -1
	}
	for k, b := range blocks {
		if b.from-at >= size {
			return at, k
		}
		at = b.to
	}
	if end-at >= size {
		return at, len(blocks)
	}
	return 0, -1
}

func (a *Arena) take(i, k, at, n int) []byte {
	a.blocks[i] = slices.Insert(a.blocks[i], k, block{from: at, to: at + Aligned(n)})
	a.used += Aligned(n)
	a.peak = max(a.peak, a.used)
	return a.regions[i].Data[at : at+n : at+n]
}

// Give takes a block back from who took it.
func (a *Arena) Give(data []byte) {
	if i, k, ok := a.find(data); ok {
		a.remove(i, k)
	}
}

// Span is a part of a block, in bytes from its start.
type Span struct{ From, To int }

// Split takes a block back save for some spans, in order of their places, each of which is a block of its own from now on.
func (a *Arena) Split(data []byte, spans []Span) {
	i, k, ok := a.find(data)
	if !ok {
		return
	}
	start := a.blocks[i][k].from
	a.remove(i, k)
	for _, s := range spans {
		b := block{from: start + s.From, to: start + Aligned(s.To)}
		a.blocks[i] = slices.Insert(a.blocks[i], k, b)
		a.used += b.to - b.from
		k++
	}
}

// Holds reports a tensor that lies in the arena.
func (a *Arena) Holds(t *host.Tensor) bool {
	_, _, ok := a.find(t.Data)
	return ok
}

// Keep notes that one more has a tensor. What lies elsewhere is no matter of the arena.
func (a *Arena) Keep(t *host.Tensor) {
	if i, k, ok := a.find(t.Data); ok {
		a.blocks[i][k].refs++
	}
}

// Unkeep notes that one fewer has a tensor, whose block stays.
func (a *Arena) Unkeep(t *host.Tensor) {
	if i, k, ok := a.find(t.Data); ok {
		a.blocks[i][k].refs--
	}
}

// Drop notes that one fewer has a tensor, and frees its block after the last one.
func (a *Arena) Drop(t *host.Tensor) {
	i, k, ok := a.find(t.Data)
	if !ok {
		return
	}
	if a.blocks[i][k].refs--; a.blocks[i][k].refs <= 0 {
		a.remove(i, k)
	}
}

// Kept reports a tensor in the arena that somebody has.
func (a *Arena) Kept(t *host.Tensor) bool {
	i, k, ok := a.find(t.Data)
	return ok && a.blocks[i][k].refs > 0
}

func (a *Arena) remove(i, k int) {
	b := a.blocks[i][k]
	a.used -= b.to - b.from
	a.blocks[i] = slices.Delete(a.blocks[i], k, k+1)
}

// find gives the block that data starts in.
func (a *Arena) find(data []byte) (i, k int, ok bool) {
	if len(data) == 0 {
		return 0, 0, false
	}
	addr := uintptr(unsafe.Pointer(&data[0]))
	for i, r := range a.regions {
		start := r.Addr()
		if addr < start || addr-start >= uintptr(len(r.Data)) {
			continue
		}
		at := int(addr - start)
		k, found := slices.BinarySearchFunc(a.blocks[i], at, func(b block, at int) int {
			switch {
			case b.to <= at:
				return -1
			case b.from > at:
				return 1
			}
			return 0
		})
		return i, k, found
	}
	return 0, 0, false
}

// Reset takes every block back. After a call that needed several regions it maps one that is large enough, with some room
// where sizes grow from call to call.
func (a *Arena) Reset() error {
	need := 0
	if len(a.regions) > 1 {
		need = a.peak
		if a.before > 0 { // sizes grow
			need += need / 8
		}
		if a.peak <= a.before { // it was there, in pieces
			need = a.Bytes()
		}
	}
	for i := range a.blocks {
		a.blocks[i] = a.blocks[i][:0]
	}
	a.used, a.peak = 0, 0
	if need == 0 {
		a.before = a.Bytes()
		return nil
	}
	if err := a.Free(); err != nil {
		return err
	}
	r, err := NewRegion(pages(need))
	if err != nil {
		return err
	}
	a.regions, a.blocks, a.before = []*Region{r}, [][]block{nil}, len(r.Data)
	return nil
}

// Bytes is how much is mapped.
func (a *Arena) Bytes() int {
	n := 0
	for _, r := range a.regions {
		n += len(r.Data)
	}
	return n
}

// Free unmaps all.
func (a *Arena) Free() error {
	var errs []error
	for _, r := range a.regions {
		errs = append(errs, r.Free())
	}
	a.regions, a.blocks = nil, nil
	return errors.Join(errs...)
}

// page is the granularity of mappings; a machine with larger ones rounds further.
const page = 4096

func pages(n int) int { return (n + page - 1) / page * page }
