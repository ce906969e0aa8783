package compare

import (
	"fmt"
	"os"

	"github.com/aiopt/aiopt/ir/host"
)

// store keeps tensors for later: in memory up to a budget, beyond it in a temporary file.
type store struct {
	budget, used int64
	file         *os.File
	end          int64 // of what the file holds
	inFile       int   // tensors there
	spilled      int64 // bytes that were written to the file
}

// kept is a tensor of a store.
type kept struct {
	store  *store
	memory *host.Tensor // nil where the file has it
	elem   host.Elem
	shape  []int
	at     int64 // in the file
	bytes  int64 // of the budget
}

// keep copies a tensor; a stable one stays valid by itself.
func (s *store) keep(t *host.Tensor, stable bool) (*kept, error) {
	if stable {
		return &kept{store: s, memory: t}, nil
	}
	size, err := host.SizeBytes(t.Elem, t.Shape)
	if err != nil {
		return nil, err
	}
	n := int64(size)
	if s.used+n <= s.budget {
		s.used += n
		return &kept{store: s, memory: t.Clone(), bytes: n}, nil
	}
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "aiopt-compare-*"); err != nil {
			return nil, err
		}
	}
	k := &kept{store: s, elem: t.Elem, shape: append([]int(nil), t.Shape...), at: s.end}
	if _, err := s.file.WriteAt(t.Bytes(), s.end); err != nil {
		return nil, fmt.Errorf("values that wait for their counterparts take more than memory allows, and the temporary file for them could not be written: %w", err)
	}
	s.end += n
	s.spilled += n
	s.inFile++
	return k, nil
}

// tensor gives what was kept.
func (k *kept) tensor() (*host.Tensor, error) {
	if k.memory != nil {
		return k.memory, nil
	}
	t, err := host.Alloc(k.elem, k.shape)
	if err != nil {
		return nil, err
	}
	_, err = k.store.file.ReadAt(t.Data, k.at)
	return t, err
}

// drop gives the place of a tensor back.
func (k *kept) drop() {
	s := k.store
	s.used -= k.bytes
	if k.memory != nil {
		return
	}
	if s.inFile--; s.inFile == 0 {
		s.end = 0
		_ = s.file.Truncate(0) // what is written next goes there in any case
	}
}

// close removes the file.
func (s *store) close() error {
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	s.file.Close()
	s.file = nil
	return os.Remove(name)
}
