package interp

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// overwriting finds the updates of a function that may be written over their base, marked or not. Only a called function
// has such: a body's states are the caller's.
func overwriting(f *ir.Func) map[*ir.Op]bool {
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

// undo keeps what a call writes over, so that states are what they were when it fails.
type undo struct{ parts, before []*host.Tensor }

func (u *undo) note(part *host.Tensor) {
	u.parts = append(u.parts, part)
	u.before = append(u.before, part.Clone())
}

// restore writes back what was noted, the latest first.
func (u *undo) restore() {
	for i := len(u.parts) - 1; i >= 0; i-- {
		host.Assign(host.Serial, u.parts[i], u.before[i])
	}
}

// mayOverwrite reports an update whose base lies in a state of this call, and in nothing that is read later: an operation
// may hand out memory that it was given where the proof expects it to have its own.
func (r *run) mayOverwrite(st *step, slots []*host.Tensor) bool {
	base, update := slots[st.in[0]], slots[st.in[1]]
	owned := false
	for _, t := range r.states {
		owned = owned || share(t, base)
	}
	if !owned || !base.Contiguous() || share(base, update) {
		return false
	}
	for _, k := range st.others {
		if slots[k] != nil && share(slots[k], base) {
			return false
		}
	}
	return true
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
