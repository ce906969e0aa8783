package kernel

import "fmt"

// touch is who used an element last, and when: of shared memory between which barriers, of global memory in which round of the
// grid. Threads number from 1; several means that more than one has read it.
type touch struct {
	writer, reader int64
	written, read  int64
}

const several = -1

// race reports a thread of a group that uses an element which another one uses without a barrier between, one of them writing.
// Barriers order shared memory only.
func (t *thread) race(mem *memory, at int64, store bool) error {
	if t.meet == nil || at < 0 || at >= mem.n || mem.buf.Space == Private || mem.buf.Space == Global && mem.buf.Access&Write == 0 {
		return nil
	}
	if mem.touched == nil {
		mem.touched = make([]touch, mem.n)
	}
	when, order := t.m.epoch, "a barrier between"
	if mem.buf.Space == Global {
		when, order = t.round+1, "its being shared memory, which barriers order"
	}
	own, x := t.number+1, &mem.touched[at]
	other := int64(0)
	switch {
	case x.written == when && x.writer != own:
		other = x.writer
	case store && x.read == when && x.reader != own:
		other = x.reader
	}
	if other != 0 {
		what := fmt.Sprintf("thread %d", other-1)
		if other == several {
			what = "several threads"
		}
		return fmt.Errorf("element %d of %s buffer %s is touched by thread %d and by %s without %s", at, mem.buf.Space, mem.buf.Name, t.number, what, order)
	}
	switch {
	case store:
		x.writer, x.written = own, when
	case x.read == when && x.reader != own:
		x.reader = several
	default:
		x.reader, x.read = own, when
	}
	return nil
}
