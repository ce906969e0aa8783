package interp

import (
	"unsafe"

	"github.com/aiopt/aiopt/ir/host"
)

// separate copies each result whose bytes belong to someone else: the caller's inputs, constant data (which may be a
// mapped file that must not be written to), a state that stays, the arena, or another result. Operations give views where they can,
// so a function that returns what it was given, a slice of it or a weight would share it.
func (s *session) separate(pl *plan, in, results []*host.Tensor) {
	f, taken := pl.fn, s.program.constants(append(s.run.taken, in...))
	for name, t := range s.states {
		if !pl.updates[name] { // the bytes of a state that is updated have no owner any more
			taken = append(taken, t)
		}
	}
	defer func() { s.run.taken = taken }()
	for _, states := range [...]bool{true, false} { // an output is a copy of the state rather than the other way round
		for i, r := range f.Results {
			if r.State != states {
				continue
			}
			if s.arena != nil && s.arena.Holds(results[i]) {
				results[i] = results[i].Clone()
			}
			for _, t := range taken {
				if share(results[i], t) {
					results[i] = results[i].Clone()
					break
				}
			}
			taken = append(taken, results[i])
		}
	}
}

// constants appends the tensors that the program reads and owns.
func (p *program) constants(list []*host.Tensor) []*host.Tensor {
	p.mu.Lock()
	defer p.mu.Unlock()
	list = append(list, p.literals...)
	for _, t := range p.resources {
		list = append(list, t)
	}
	return list
}

// share reports whether two tensors lie in memory that overlaps.
func share(a, b *host.Tensor) bool {
	if len(a.Data) == 0 || len(b.Data) == 0 {
		return false
	}
	x, y := uintptr(unsafe.Pointer(&a.Data[0])), uintptr(unsafe.Pointer(&b.Data[0]))
	return x < y+uintptr(len(b.Data)) && y < x+uintptr(len(a.Data))
}
