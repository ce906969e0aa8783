package compare

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"github.com/edsrzf/mmap-go"

	"github.com/aiopt/aiopt/ir/host"
)

// store keeps tensors for later: in memory up to a budget, beyond it in a temporary file. The memory is not Go's, so that what is dropped
// is given back at once.
type store struct {
	budget, used int64
	file         *os.File
	named        bool  // the file has a name yet
	end          int64 // of what the file holds
	inFile       int   // tensors there
	spilled      int64 // bytes that were written to the file
}

// defaultMemory is the budget of those who give none.
const defaultMemory = 24 << 20

func newStore(budget int64) store { return store{budget: cmp.Or(budget, defaultMemory)} }

// kept is a tensor of a store.
type kept struct {
	store   *store
	elem    host.Elem
	shape   []int
	memory  *host.Tensor // nil where the file has it
	region  mmap.MMap    // what the tensor is in, where that is the store's
	at      int64        // in the file
	bytes   int64        // of the budget
	release func()       // of a tensor that its side keeps valid
}

// fileUnit is what places in the file are multiples of, so that every system can map them.
const fileUnit = 64 << 10

// keep copies a tensor; one that comes with a release stays valid until that is called, and needs no copy.
func (s *store) keep(t *host.Tensor, release func()) (*kept, error) {
	if release != nil {
		return &kept{store: s, memory: t, release: release}, nil
	}
	size, err := host.SizeBytes(t.Elem, t.Shape)
	if err != nil {
		return nil, err
	}
	k := &kept{store: s, elem: t.Elem, shape: slices.Clone(t.Shape)}
	if n := int64(size); s.used+n <= s.budget {
		if k.memory, k.region, err = copied(t, size); err != nil {
			return nil, err
		}
		k.bytes = n
		s.used += n
		return k, nil
	}
	return k, s.spill(k, t, size)
}

// copied copies a tensor into memory of its own; small ones are Go's and have no region.
func copied(t *host.Tensor, size int) (*host.Tensor, mmap.MMap, error) {
	if size < fileUnit {
		return t.Clone(), nil, nil
	}
	region, err := mmap.MapRegion(nil, size, mmap.RDWR, mmap.ANON, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("a value of %s that waits for its counterpart finds no memory: %w", host.SizeText(int64(size)), err)
	}
	out, err := host.FromBytes(t.Elem, t.Shape, region)
	if err == nil {
		err = host.Copy(host.Serial, out, t)
	}
	if err != nil {
		_ = region.Unmap() // the copy is what failed
		return nil, nil, err
	}
	return out, region, nil
}

// spill writes a tensor to the file, which has no name any more where the system allows that.
func (s *store) spill(k *kept, t *host.Tensor, size int) (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "aiopt-compare-*"); err != nil {
			return err
		}
		s.named = os.Remove(s.file.Name()) != nil
	}
	var region mmap.MMap
	if !t.Contiguous() {
		if t, region, err = copied(t, size); err != nil {
			return err
		}
	}
	_, err = s.file.WriteAt(t.Bytes(), s.end)
	if region != nil {
		_ = region.Unmap() // the file has it
	}
	if err != nil {
		return fmt.Errorf("values that wait for their counterparts take more than memory allows, and the temporary file for them could not be written: %w", err)
	}
	k.at = s.end
	s.end += (int64(size) + fileUnit - 1) / fileUnit * fileUnit
	s.spilled += int64(size)
	s.inFile++
	return nil
}

// tensor gives what was kept; it is valid until drop.
func (k *kept) tensor() (*host.Tensor, error) {
	if k.memory != nil {
		return k.memory, nil
	}
	if k.region == nil {
		size, err := host.SizeBytes(k.elem, k.shape)
		if err != nil || size == 0 {
			return host.New(k.elem, k.shape...), err
		}
		if k.region, err = mmap.MapRegion(k.store.file, size, mmap.RDONLY, 0, k.at); err != nil {
			return nil, fmt.Errorf("the temporary file could not be read: %w", err)
		}
	}
	return host.FromBytes(k.elem, k.shape, k.region)
}

// drop gives the place of a tensor back.
func (k *kept) drop() {
	s := k.store
	s.used -= k.bytes
	if k.region != nil {
		_ = k.region.Unmap() // nothing is lost
	}
	switch {
	case k.release != nil:
		k.release()
	case k.memory == nil:
		if s.inFile--; s.inFile == 0 {
			s.end = 0
			_ = s.file.Truncate(0) // what is written next goes there in any case
		}
	}
	k.memory = nil
}

// close removes the file. What is still kept in memory must have been dropped.
func (s *store) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.named {
		err = os.Remove(s.file.Name())
	}
	s.file = nil
	return err
}
