package walk

import (
	"cmp"
	"slices"
	"time"

	"github.com/aiopt/aiopt/ir"
)

// work runs the steps of a segment, and waits for them.
func (r *running) work() error {
	ctx := r.c.Eval.Context
	if err := r.pack(r.seg.once); err != nil {
		return err
	}
	if r.c.Opt.Timing != nil || r.c.Opt.Observe != nil {
		return r.watched()
	}
	for _, i := range r.order() {
		if _, err := r.Step(ctx, i, 0); err != nil {
			return err
		}
	}
	_, err := r.wait()
	return err
}

// wait waits for what was queued. After an error of the device nobody knows what its memory holds.
func (r *running) wait() (time.Duration, error) {
	took, err := r.queue.Wait(r.c.Eval.Context)
	if err != nil {
		r.lost, r.undo = err, nil
	}
	r.since = r.since[:0]
	return took, err
}

// pack binds what the segment has of constants in another order. Steps that put them there run once for all sessions, and are over when it
// returns.
func (r *running) pack(once []int) error {
	p := r.program
	p.mu.Lock()
	defer p.mu.Unlock()
	filled := map[pack]Span{}
	err := p.packing(r.c.Eval.Context, r.Frame, once, filled)
	if len(filled) > 0 {
		_, gone := r.wait()
		err = cmp.Or(err, gone)
	}
	for to, s := range filled {
		if err == nil {
			p.packs[to] = s
		} else {
			s.Block.Free()
		}
	}
	return err
}

// order lists the segment's steps in an order that hazards allow.
func (r *running) order() []int {
	if r.Order == nil {
		return r.seg.steps
	}
	next := r.Order(len(r.seg.steps))
	left := slices.Clone(r.seg.steps)
	var list []int
	for len(left) > 0 {
		var ready []int // places in left
		for i, s := range left {
			if !slices.ContainsFunc(r.seg.fn.Steps[s].Waits, func(w int) bool { return slices.Contains(left, w) }) {
				ready = append(ready, i)
			}
		}
		at := ready[next(len(ready))]
		list = append(list, left[at])
		left = slices.Delete(left, at, at+1)
	}
	return list
}

// watched runs one operation after the other, says how long each took, and shows what it gave.
func (r *running) watched() error {
	next := 0
	for i, op := range r.seg.f.Ops[r.seg.from:r.seg.to] {
		begin, dispatched := time.Now(), false
		for ; next < len(r.seg.steps) && r.seg.fn.Steps[r.seg.steps[next]].Op == r.seg.from+i; next++ {
			if _, err := r.Step(r.c.Eval.Context, r.seg.steps[next], 0); err != nil {
				return err
			}
			dispatched = true
		}
		if dispatched {
			took, err := r.wait()
			if err != nil {
				return err
			}
			if took == 0 {
				took = time.Since(begin)
			}
			if timing := r.c.Opt.Timing; timing != nil {
				timing(op, r.device.Name(), took.Nanoseconds())
			}
		}
		if err := r.show(op); err != nil {
			return err
		}
	}
	return nil
}

// show gives an operation's results to who observes them.
func (r *running) show(op *ir.Op) error {
	opt := r.c.Opt
	for _, v := range op.Results {
		if opt.Observe == nil || opt.Select != nil && !opt.Select(v) {
			continue
		}
		t, err := r.tensor(v)
		if err != nil {
			return err
		}
		opt.Observe(v, t)
	}
	return nil
}
