package interp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

type session struct {
	program *program
	states  map[string]*host.Tensor

	busy atomic.Bool // a call is going on
	run  run

	// Where another engine computes segments:
	runner  Runner
	arena   *memory.Arena
	saved   *memory.Arena // what they have written over
	segment SegmentCall
}

var errBusy = errors.New("the session is in another call, and is for one at a time: give each goroutine a session of its own")

// State gives a copy of the current value of a state.
func (s *session) State(name string) (*host.Tensor, error) {
	t, err := s.state(name)
	if err != nil {
		return nil, err
	}
	return t.Clone(), nil
}

// state may give the bytes of a resource, which must not be written to.
func (s *session) state(name string) (*host.Tensor, error) {
	if t := s.states[name]; t != nil {
		return t, nil
	}
	st := s.program.module.State(name)
	if st == nil {
		return nil, fmt.Errorf("the module has no state %q%s", name, stateNames(s.program.module))
	}
	if st.Init != "" {
		return s.program.resource(st.Init)
	}
	shape, ok := st.Type.Static()
	if !ok {
		return nil, fmt.Errorf("state %q is %s: set it before the first call, its sizes are not fixed", name, st.Type)
	}
	return host.Alloc(st.Type.Elem, shape)
}

func stateNames(m *ir.Module) string {
	if len(m.States) == 0 {
		return "; it has none"
	}
	text := "; it has "
	for i, s := range m.States {
		if i > 0 {
			text += ", "
		}
		text += s.Name
	}
	return text
}

// SetState gives a state a value of its type, which is copied.
func (s *session) SetState(name string, t *host.Tensor) error {
	st := s.program.module.State(name)
	if st == nil {
		return fmt.Errorf("the module has no state %q%s", name, stateNames(s.program.module))
	}
	if t == nil {
		return fmt.Errorf("state %q is %s, found no tensor", name, st.Type)
	}
	if t.Elem != st.Type.Elem || t.Rank() != st.Type.Rank() {
		return fmt.Errorf("state %q is %s, found %s", name, st.Type, t)
	}
	for i, d := range st.Type.Shape {
		if n, ok := d.IsConst(); ok && int(n) != t.Shape[i] {
			return fmt.Errorf("state %q is %s, found %s", name, st.Type, t)
		}
	}
	if !assigned(s.states[name], t) {
		s.states[name] = t.Clone()
	}
	return nil
}

// Reset gives every state its initial value again, in the memory that it has.
func (s *session) Reset() {
	for name, t := range s.states {
		if !s.restart(name, t) {
			delete(s.states, name)
		}
	}
}

// restart writes a state's initial value into its tensor, and reports whether that has place for it.
func (s *session) restart(name string, t *host.Tensor) bool {
	st := s.program.module.State(name)
	if st.Init != "" {
		init, err := s.program.resource(st.Init)
		return err == nil && assigned(t, init)
	}
	shape, fixed := st.Type.Static()
	if !fixed || !t.Contiguous() || !slices.Equal(shape, t.Shape) {
		return false
	}
	clear(t.Bytes())
	return true
}

// assigned copies a tensor into the memory of a state where that has its type and shape.
func assigned(state, t *host.Tensor) bool {
	if state == nil || state.Elem != t.Elem || !state.Contiguous() || !slices.Equal(state.Shape, t.Shape) {
		return false
	}
	host.Assign(host.Serial, state, t)
	return true
}

// begin starts a call in what the last one left.
func (s *session) begin(ctx context.Context, opt *backend.CallOptions) *run {
	r := &s.run
	r.program, r.session, r.ctx, r.opt, r.current, r.entered = s.program, s, ctx, opt, nil, 0
	if r.eval == nil {
		r.eval = r.evalCtx(&r.sizes)
	}
	r.eval.Context = ctx
	return r
}

// end lets go of all that the call held.
func (s *session) end() error {
	r := &s.run
	for _, list := range []*[]*host.Tensor{&r.args, &r.outputs, &r.slots, &r.results, &r.taken, &r.states} {
		clear(*list)
		*list = (*list)[:0]
	}
	clear(r.undo)
	r.undo = r.undo[:0]
	r.ctx, r.opt, r.eval.Context = nil, nil, nil
	if s.arena == nil {
		return nil
	}
	return errors.Join(s.arena.Reset(), s.saved.Reset())
}
