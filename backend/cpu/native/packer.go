package native

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// packer packs the constants that the cache does not have, one after the other. What the cache takes is mapped from there: its
// bytes lie in a file then, and not in memory of the process's own.
type packer struct {
	program   *program
	constants *constants
	cache     *packed.Cache
	offered   int64          // bytes that the program has in the cache
	most      int64          // of those: further ones would push each other out
	room      *memory.Region // where the next one is packed that the cache may take
	scratch   *memory.Region // the kernels' own memory
}

// all packs what has not been found.
func (p *packer) all(ctx context.Context, list []*packing) (err error) {
	defer func() { err = errors.Join(err, p.room.Free(), p.scratch.Free()) }()
	var small, large []*packing
	bytes := 0
	for _, j := range list {
		switch {
		case j.memory != nil:
			p.offered += int64(j.pack.Bytes)
		case j.cacheable:
			large = append(large, j)
		default:
			small = append(small, j)
			bytes += memory.Aligned(j.pack.Bytes)
		}
	}
	if bytes > 0 {
		r, err := memory.NewRegion(bytes)
		if err != nil {
			return err
		}
		rest := p.program.adopt(r)
		for _, j := range small {
			n := memory.Aligned(j.pack.Bytes)
			if err := p.packInto(ctx, j, rest[:n:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
	if len(large) > 0 && p.cache.Limit > 0 && p.cache.Ready() == nil { // its disk is known then
		p.most = p.cache.Most()
	}
	for _, j := range large {
		if err := p.large(ctx, j); err != nil {
			return err
		}
	}
	if len(large) > 0 {
		_ = p.cache.Shrink()
	}
	return ctx.Err()
}

// packInto packs a constant into zeros.
func (p *packer) packInto(ctx context.Context, j *packing, into []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.fill(j, into); err != nil {
		return fmt.Errorf("packing constants for %s: %w", j.users[0].op.Name(), err)
	}
	j.memory = into
	return nil
}

// large packs a constant and offers it to the cache, as long as all that the program has there fits. A cache that cannot be written to is as good as none.
func (p *packer) large(ctx context.Context, j *packing) error {
	r, err := p.take(j.pack.Bytes)
	if err != nil {
		return err
	}
	if err := p.packInto(ctx, j, r.Data); err != nil {
		return err
	}
	if n := p.offered + int64(j.pack.Bytes); n <= p.most && p.cache.Put(ctx, j.key, r.Data[:j.pack.Bytes]) == nil {
		p.offered = n
		if found, err := p.cache.Open(j.key, j.pack.Bytes); err == nil {
			j.memory = p.program.adopt(found)
			return nil
		}
	}
	p.room = nil
	j.memory = p.program.adopt(r)
	return nil
}

// take gives zeros for so many bytes.
func (p *packer) take(n int) (*memory.Region, error) {
	if p.room != nil && len(p.room.Data) >= n {
		clear(p.room.Data[:n])
		return p.room, nil
	}
	if err := p.room.Free(); err != nil {
		return nil, err
	}
	var err error
	p.room, err = memory.NewRegion(n)
	return p.room, err
}

// scratchOf is memory for a kernel's own, of so many bytes; what it holds is not known.
func (p *packer) scratchOf(n int) (uintptr, error) {
	if p.scratch == nil || len(p.scratch.Data) < n {
		if err := p.scratch.Free(); err != nil {
			return 0, err
		}
		var err error
		if p.scratch, err = memory.NewRegion(n); err != nil {
			return 0, err
		}
	}
	return p.scratch.Addr(), nil
}

// fill runs the kernel of a pack.
func (p *packer) fill(j *packing, into []byte) error {
	if err := j.f.kernel.Takes(func(string) (int64, bool) { return 0, false }); err != nil {
		return fmt.Errorf("internal error: kernel %s: %w", j.f.kernel.Name, err)
	}
	b := &packBlock{words: make([]uint64, 0, j.f.layout.Words)}
	if err := b.fill(p.constants, j, into); err != nil {
		return err
	}
	if j.f.Rounds == nil || len(b.words) != j.f.layout.Words {
		return fmt.Errorf("internal error: the kernel takes %d words, %d are given", j.f.layout.Words, len(b.words))
	}
	rounds, ok := j.f.Rounds.IsConst()
	if !ok {
		return fmt.Errorf("internal error: the kernel has %s rounds", j.f.Rounds)
	}
	parts := min(int64(p.program.pool.size()), rounds)
	if j.pack.Bytes < leastCached {
		parts = min(parts, 1)
	}
	scratch, err := p.scratchOf(int(parts) * b.scratch)
	if err != nil {
		return err
	}
	block := uintptr(unsafe.Pointer(unsafe.SliceData(b.words)))
	p.program.pool.each(int(parts), func(i int) {
		n := int64(i)
		j.f.call(block, scratch+uintptr(i*b.scratch), rounds*n/parts, rounds*(n+1)/parts)
	})
	runtime.KeepAlive(b)
	for _, told := range b.status {
		if told != 0 {
			return fmt.Errorf("the constants are damaged: a stored index lies outside of its table")
		}
	}
	p.constants.release(j)
	return nil
}

// packBlock is the context block of a pack.
type packBlock struct {
	words   []uint64
	in      []*host.Tensor
	status  []uint64
	scratch int // bytes for each thread
}

// fill writes the words: the constants, what is filled, the status where there is one, and the kernel's own memory.
func (b *packBlock) fill(c *constants, j *packing, into []byte) error {
	at := 0
	for _, buf := range j.f.kernel.Buffers {
		n, ok := buf.Len.IsConst()
		if !ok {
			return fmt.Errorf("internal error: buffer %s of a pack has %s elements", buf.Name, buf.Len)
		}
		bytes := int(n) * buf.Elem.Bytes()
		switch {
		case buf.Space != kernel.Global: // behind the others
			continue
		case at < len(j.pack.Operands):
			t, err := c.get(j.operands[j.pack.Operands[at]].Def)
			if err != nil {
				return err
			}
			from := t.Offset * t.Elem.Bytes()
			if bytes > len(t.Data)-from {
				return fmt.Errorf("internal error: buffer %s takes %s elements, the constant has %d", buf.Name, buf.Len, t.Len())
			}
			b.in = append(b.in, t)
			b.words = append(b.words, uint64(uintptr(unsafe.Pointer(unsafe.SliceData(t.Data[from:])))))
		case buf.Role == kernel.Status:
			b.status = make([]uint64, (bytes+7)/8)
			b.words = append(b.words, uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b.status)))))
		case bytes > len(into):
			return fmt.Errorf("internal error: a pack of %d bytes fills %d", j.pack.Bytes, bytes)
		default:
			b.words = append(b.words, uint64(uintptr(unsafe.Pointer(unsafe.SliceData(into)))))
		}
		at++
	}
	for _, buf := range j.f.layout.Scratch {
		n, _ := buf.Len.IsConst()
		b.words = append(b.words, uint64(b.scratch))
		b.scratch += memory.Aligned(int(n) * buf.Elem.Bytes())
	}
	return nil
}
