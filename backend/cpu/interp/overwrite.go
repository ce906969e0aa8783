package interp

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Overwriting finds the updates of a function that may be written over their base, marked or not. Only a called function
// has such: a body's states are the caller's.
func Overwriting(f *ir.Func) map[*ir.Op]bool {
	if f.Owner() != nil {
		return nil
	}
	var found map[*ir.Op]bool
	var memory *ir.Memory
	for _, op := range f.Ops {
		if !op.Def.Traits.Has(ir.InPlace) {
			continue
		}
		if memory == nil {
			memory, found = ir.NewMemory(f), map[*ir.Op]bool{}
		}
		if memory.ProveInPlace(op) == nil {
			memory.Assume(op)
			found[op] = true
		}
	}
	return found
}

// undo knows how to take back what a call writes over, so that states are what they were when it fails.
type undo []func()

// note keeps a part of a state that is about to be written over.
func (u *undo) note(part *host.Tensor) {
	before := part.Clone()
	*u = append(*u, func() { host.Assign(host.Serial, part, before) })
}

// restore takes back what was noted, the latest first.
func (u *undo) restore() {
	for i := len(*u) - 1; i >= 0; i-- {
		(*u)[i]()
	}
}

// mayOverwrite reports an update whose base lies in a state of this call, and in nothing that is read later: an operation
// may hand out memory that it was given where the proof expects it to have its own.
func (r *run) mayOverwrite(st *step, slots []*host.Tensor) bool {
	base, update := slots[st.in[0]], slots[st.in[1]]
	return r.owns(base) && !share(base, update) && !st.readsLater(base, slots)
}

// owns reports a tensor that is memory of a state which this call may write over.
func (r *run) owns(t *host.Tensor) bool { return sharesAny(t, r.states) && t.Contiguous() }

// readsLater reports that what is read after the step may lie in a tensor's memory.
func (st *step) readsLater(t *host.Tensor, slots []*host.Tensor) bool {
	for _, k := range st.others {
		if slots[k] != nil && share(slots[k], t) {
			return true
		}
	}
	return false
}

// argument gives a state's tensor to a function; one that may write over it gets a tensor that the session owns, with each
// element once.
func (s *session) argument(pl *plan, name string) (*host.Tensor, error) {
	t, err := s.state(name)
	if err != nil || !pl.writes || t == s.states[name] && t.Contiguous() {
		return t, err
	}
	return t.Clone(), nil
}
