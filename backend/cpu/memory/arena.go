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
	sized   bool      // the first call has shown how much is needed
}

// block is memory that is handed out. refs counts who has it, beside who took it.
type block struct{ from, to, refs int }

// Take gives n bytes, whose content is left over from others.
func (a *Arena) Take(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	size := Aligned(n)
	for i := range a.regions {
		if at, k := a.gap(i, size); k >= 0 {
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

// gap finds the first place of a region where size bytes are free, and which block of the list it becomes; -1 for none.
func (a *Arena) gap(i, size int) (at, k int) {
	for k, b := range a.blocks[i] {
		if b.from-at >= size {
			return at, k
		}
		at = b.to
	}
	if len(a.regions[i].Data)-at >= size {
		return at, len(a.blocks[i])
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
		if need <= len(a.regions[0].Data) || need < a.largest() { // it is there, in pieces
			need = a.Bytes()
		}
		if a.sized {
			need += need / 8
		}
	}
	a.sized = a.sized || len(a.regions) > 0
	for i := range a.blocks {
		a.blocks[i] = a.blocks[i][:0]
	}
	a.used, a.peak = 0, 0
	if need == 0 {
		return nil
	}
	if err := a.Free(); err != nil {
		return err
	}
	r, err := NewRegion(pages(need))
	if err != nil {
		return err
	}
	a.regions, a.blocks = []*Region{r}, [][]block{nil}
	return nil
}

func (a *Arena) largest() int {
	n := 0
	for _, r := range a.regions {
		n = max(n, len(r.Data))
	}
	return n
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
