package compare

import (
	"context"
	"sync"

	"github.com/aiopt/aiopt/ir/host"
)

// meeting is where two runs show each other their values. A run that is ahead waits, so that the tensors of a pair need no copies;
// where both would wait, as their orders differ, one leaves a copy and goes on.
type meeting struct {
	mu      sync.Mutex
	changed sync.Cond
	sides   [2]attendee
	parked  map[occurrence]parking // left by the side that came first
	hidden  map[*Pair]bool         // pairs that one side does not show
	store   store
	err     error       // of a side, of the store, or the end of the context
	abort   func(error) // ends both runs
	// compare is called with each pair of tensors, the tested one first; it may take long, and both runs wait meanwhile.
	compare func(p *Pair, turn int, tensors [2]*host.Tensor, by [2]Candidate) error
}

// occurrence is the n-th value of a pair; a loop computes several.
type occurrence struct {
	pair *Pair
	turn int
}

// parking is a copy that a side left.
type parking struct {
	*kept
	by int
}

// attendee is what is known of a side's run.
type attendee struct {
	Side
	stable bool
	done   bool
	at     int // the place of the newest value in the side's order
	waits  *offer
	taken  map[*Pair]Candidate // of the values that claim a tensor, the one that stands for it
	turns  map[*Pair]int
	last   map[*Pair]int // the last place in the side's order where one of those values may still come
	sure   map[*Pair]bool
	most   map[*Pair]int // how often it shows the pair, where that is known before; otherwise 0
}

// offer is what a side that waits has.
type offer struct {
	occurrence
	tensor *host.Tensor
	taken  bool
}

func newMeeting(pairs []*Pair, sides [2]Side, budget int64) *meeting {
	m := &meeting{parked: map[occurrence]parking{}, hidden: map[*Pair]bool{}, store: newStore(budget)}
	m.changed.L = &m.mu
	for at := range m.sides {
		s := attendee{Side: sides[at], stable: sides[at].Info().Stable, at: -1, taken: map[*Pair]Candidate{}, turns: map[*Pair]int{}, last: map[*Pair]int{}, sure: map[*Pair]bool{}, most: map[*Pair]int{}}
		for _, p := range pairs {
			for _, c := range [2][]Candidate{p.Tested, p.Reference}[at] {
				s.last[p] = max(s.last[p], c.Until)
				s.sure[p] = s.sure[p] || c.Sure
				s.most[p] = max(s.most[p], c.Turns)
			}
		}
		m.sides[at] = s
	}
	return m
}

// watch ends the meeting with the context.
func (m *meeting) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.fail(context.Cause(ctx))
	})
}

func (m *meeting) fail(err error) {
	if m.err == nil {
		m.err = err
		m.abort(err)
	}
	m.changed.Broadcast()
}

// failure is what ended the meeting before its time; the context may still do so.
func (m *meeting) failure() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// close drops what has found no counterpart.
func (m *meeting) close() {
	for _, k := range m.parked {
		k.drop()
	}
	_ = m.store.close() // a temporary file
}

// show takes a value that a side has computed, for one pair that it belongs to, and returns when its tensor is not needed any more.
func (m *meeting) show(at int, p *Pair, c Candidate, t *host.Tensor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	me, other := &m.sides[at], &m.sides[1-at]
	if rep, ok := me.taken[p]; !ok {
		me.taken[p] = c
	} else if rep.Value != c.Value {
		return
	}
	o := occurrence{p, me.turns[p]}
	me.turns[p]++
	me.at = c.Order
	m.giveUp(at)
	if m.err != nil {
		return
	}
	if k, ok := m.parked[o]; ok {
		delete(m.parked, o)
		there, err := k.tensor()
		if err == nil {
			err = m.measure(at, o, t, there)
		}
		k.drop()
		if err != nil {
			m.fail(err)
		}
		return
	}
	if w := other.waits; w != nil && w.occurrence == o {
		if err := m.measure(at, o, t, w.tensor); err != nil {
			m.fail(err)
		}
		m.release(1 - at)
		return
	}
	m.wait(at, &offer{occurrence: o, tensor: t})
}

// wait holds a side until its tensor is not needed any more.
func (m *meeting) wait(at int, mine *offer) {
	me, other := &m.sides[at], &m.sides[1-at]
	if n := other.most[mine.pair]; n > 0 && mine.turn >= n {
		return
	}
	for !mine.taken && m.err == nil && !other.done && !m.gone(1-at, mine.pair) {
		if other.waits == nil {
			me.waits = mine
			m.changed.Wait()
			continue
		}
		leaves, by := mine, at // both would wait for ever
		if other.stable && !me.stable {
			leaves, by = other.waits, 1-at // which costs no copy
		}
		k, err := m.store.keep(leaves.tensor, m.sides[by].release(leaves.occurrence))
		if err != nil {
			m.fail(err)
			break
		}
		m.parked[leaves.occurrence] = parking{k, by}
		if by == at {
			return
		}
		m.release(by)
	}
	if me.waits == mine {
		me.waits = nil
	}
}

// release gives back a tensor that stays valid until then; nil where none does.
func (s *attendee) release(o occurrence) func() {
	if !s.stable {
		return nil
	}
	return func() { s.Release(s.taken[o.pair].Value, o.turn) }
}

// release lets a side that waits go on.
func (m *meeting) release(at int) {
	m.sides[at].waits.taken = true
	m.sides[at].waits = nil
	m.changed.Broadcast()
}

// gone reports a pair that a side does not show: it has come beyond all places where one may come, and no value of the pair is sure to come.
func (m *meeting) gone(at int, p *Pair) bool {
	s := &m.sides[at]
	if _, shown := s.taken[p]; !shown && !s.sure[p] && s.at > s.last[p] {
		m.hidden[p] = true
	}
	return m.hidden[p]
}

// giveUp gives up what waits for a side that has come to a later place.
func (m *meeting) giveUp(at int) {
	if w := m.sides[1-at].waits; w != nil && m.gone(at, w.pair) {
		m.release(1 - at)
	}
	for o, k := range m.parked {
		if k.by != at && m.gone(at, o.pair) {
			k.drop()
			delete(m.parked, o)
		}
	}
}

// end notes that a side has run.
func (m *meeting) end(at int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sides[at].done = true
	if err != nil {
		m.fail(err)
	}
	m.changed.Broadcast()
}

// measure compares two tensors of an occurrence, the first of which is of the side at.
func (m *meeting) measure(at int, o occurrence, mine, there *host.Tensor) error {
	tensors := [2]*host.Tensor{mine, there}
	if at == 1 {
		tensors = [2]*host.Tensor{there, mine}
	}
	return m.compare(o.pair, o.turn, tensors, [2]Candidate{m.sides[0].taken[o.pair], m.sides[1].taken[o.pair]})
}
