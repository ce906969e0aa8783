package kernel

import (
	"errors"
	"fmt"
	"iter"
)

// SIMDThreads is how many threads of a group compute in step and may exchange values: the nth SIMD group has those from n*32 on.
const SIMDThreads = 32

const maxThreads = 1024 // of a group

// errStopped ends a thread whose group has failed elsewhere.
var errStopped = errors.New("stopped")

// meeting is where threads of a group wait for each other: at a barrier, or to exchange values.
type meeting struct {
	in    *Instr
	value []uint64 // what the thread brings
	from  int64    // of a shuffle: the thread whose value it wants
	got   []uint64 // what it takes
}

// together brings the thread to a meeting.
func (t *thread) together(in *Instr) error {
	m := &meeting{in: in}
	if len(in.Args) > 0 {
		m.value = t.value(in.Args[0])
	}
	if len(in.Args) > 1 {
		m.from = int64(t.value(in.Args[1])[0])
	}
	if t.meet == nil {
		return fmt.Errorf("stands outside a thread loop")
	}
	if !t.meet(m) {
		return errStopped
	}
	if in.Result != nil {
		t.values[in.Result] = m.got
	}
	return nil
}

// threads runs the rounds of a thread loop in turn, each up to its next meeting.
func (t *thread) threads(l *Loop, extent int64) error {
	if extent > maxThreads*l.Step {
		return fmt.Errorf("`%s`: %d threads, expected at most %d", t.m.text.loopHead(l), extent/l.Step, maxThreads)
	}
	var nexts []func() (*meeting, bool)
	var failed error
	for at := int64(0); at < extent; at += l.Step {
		next, stop := iter.Pull(t.member(l, at, &failed))
		defer stop()
		nexts = append(nexts, next)
	}
	for {
		meetings := make([]*meeting, len(nexts))
		arrived := 0
		for i, next := range nexts {
			m, ok := next()
			if failed != nil {
				return failed
			}
			if meetings[i] = m; ok {
				arrived++
			}
		}
		if arrived == 0 {
			return nil
		}
		if err := t.m.settle(meetings); err != nil {
			return err
		}
	}
}

// member is one thread of the loop as a sequence of its meetings.
func (t *thread) member(l *Loop, at int64, failed *error) iter.Seq[*meeting] {
	return func(yield func(*meeting) bool) {
		own := &thread{m: t.m, outer: t, round: t.round, number: at / l.Step, meet: yield,
			symbols: map[string]int64{l.Var: at}, values: map[*Value][]uint64{}, memory: map[*Buffer]*memory{}}
		for _, b := range t.m.kernel.Buffers {
			if b.Space == Private {
				own.memory[b] = newLocal(b, t.find(b).n)
			}
		}
		if err := own.block(l.Body); err != nil && *failed == nil && err != errStopped {
			*failed = err
		}
	}
}

// settle gives every thread what it takes from the meeting, at which all of the group must be.
func (m *machine) settle(meetings []*meeting) error {
	in := meetings[0]
	for i, other := range meetings {
		if in == nil || other == nil || other.in != in.in {
			return fmt.Errorf("thread 0 %s, thread %d %s", m.whereabouts(in), i, m.whereabouts(other))
		}
	}
	for first := 0; first < len(meetings); first += m.simd {
		group := meetings[first:min(first+m.simd, len(meetings))]
		for i, own := range group {
			var err error
			if own.got, err = exchange(own, group); err != nil {
				return fmt.Errorf("thread %d: `%s`: %w", first+i, m.text.instr(own.in), err)
			}
		}
	}
	return nil
}

func (m *machine) whereabouts(at *meeting) string {
	if at == nil {
		return "has ended"
	}
	return "waits at `" + m.text.instr(at.in) + "`"
}

func exchange(own *meeting, group []*meeting) ([]uint64, error) {
	op := Add
	switch own.in.Op {
	case Barrier:
		return nil, nil
	case GroupShuffle:
		if own.from < 0 || own.from >= int64(len(group)) {
			return nil, fmt.Errorf("thread %d is outside the SIMD group of %d", own.from, len(group))
		}
		return group[own.from].value, nil
	case GroupMax:
		op = Max
	case GroupMin:
		op = Min
	}
	e := own.in.Result.Type.Elem
	sum := append([]uint64(nil), group[0].value...)
	for _, other := range group[1:] {
		for i := range sum {
			sum[i] = lanewise[op](e, e, []uint64{sum[i], other.value[i]})
		}
	}
	return sum, nil
}
