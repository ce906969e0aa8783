package interp

import (
	"slices"
	"unsafe"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// separate copies each result whose bytes belong to someone else: the caller's inputs, constant data (which may be a
// mapped file that must not be written to), a state that stays, the arena, or another result. Operations give views where they can,
// so a function that returns what it was given, a slice of it or a weight would share it.
func (s *session) separate(pl *plan, in, results, offered []*host.Tensor) {
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
			switch {
			case s.arena != nil && s.arena.Holds(results[i]):
				results[i] = copied(results[i], offered[i])
			case states && sharesAny(results[i], offered): // the caller keeps that memory
				results[i] = results[i].Clone()
			}
			for _, t := range taken {
				if share(results[i], t) {
					results[i] = copied(results[i], offered[i])
					break
				}
			}
			taken = append(taken, results[i])
		}
	}
}

// copied is a copy of a tensor, in memory that the caller offers if there is some that fits.
func copied(t, offered *host.Tensor) *host.Tensor {
	if t == offered || !fits(offered, t.Elem, t.Shape) {
		return t.Clone()
	}
	host.Assign(host.Serial, offered, t)
	return offered
}

// fits reports offered memory for a result of a type and shape.
func fits(offered *host.Tensor, elem host.Elem, shape []int) bool {
	return offered != nil && offered.Elem == elem && slices.Equal(offered.Shape, shape) && offered.Contiguous()
}

// offered notes the memory that the caller offers for each result of a function, save what shares bytes with its inputs or
// with another offer.
func (r *run) offered(f *ir.Func, in []*host.Tensor) {
	at := 0
	for _, res := range f.Results {
		var t *host.Tensor
		if !res.State {
			if at < len(r.opt.Outputs) {
				t = r.opt.Outputs[at]
			}
			at++
		}
		if t != nil && (sharesAny(t, in) || sharesAny(t, r.outputs)) {
			t = nil
		}
		r.outputs = append(r.outputs, t)
	}
}

func sharesAny(t *host.Tensor, others []*host.Tensor) bool {
	for _, o := range others {
		if o != nil && share(t, o) {
			return true
		}
	}
	return false
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
