package debugger

import (
	"container/list"
	"sync"

	"github.com/aiopt/aiopt/ir/host"
)

// mostKept is how many bytes the server keeps in all of what can be computed again: values of runs and of comparisons, and the texts
// between passes.
const mostKept = 1 << 30

// budget bounds what shelves hold together. Beyond it, what was looked at longest ago goes.
type budget struct {
	mu    sync.Mutex
	most  int64
	used  int64
	order list.List // of *holding, in the order in which they were looked at
}

type holding struct {
	bytes  int64
	forget func() // takes it off its shelf
}

func (b *budget) release(e *list.Element) {
	h := b.order.Remove(e).(*holding)
	b.used -= h.bytes
	h.forget()
}

// shelf holds things of one sort under a budget.
type shelf[V any] struct {
	budget *budget
	items  map[place]item[V]
	bytes  map[string]int64 // that each job holds
}

type item[V any] struct {
	value V
	at    *list.Element // in the order of the budget
}

func newShelf[V any](b *budget) *shelf[V] {
	return &shelf[V]{budget: b, items: map[place]item[V]{}, bytes: map[string]int64{}}
}

// put takes a thing of so many bytes, instead of what was at its place.
func (s *shelf[V]) put(at place, v V, bytes int64) {
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if have, ok := s.items[at]; ok {
		b.release(have.at)
	}
	if bytes > b.most {
		return
	}
	b.used += bytes
	s.bytes[at.of] += bytes
	s.items[at] = item[V]{v, b.order.PushBack(&holding{bytes, func() { s.forget(at, bytes) }})}
	for b.used > b.most {
		b.release(b.order.Front())
	}
}

// forget takes off what was released; the lock is held.
func (s *shelf[V]) forget(at place, bytes int64) {
	delete(s.items, at)
	if s.bytes[at.of] -= bytes; s.bytes[at.of] == 0 {
		delete(s.bytes, at.of)
	}
}

// held is how many bytes a job holds on the shelf.
func (s *shelf[V]) held(of string) int64 {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	return s.bytes[of]
}

// get gives what is at a place, if it still is.
func (s *shelf[V]) get(at place) (V, bool) {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	have, ok := s.items[at]
	if ok {
		s.budget.order.MoveToBack(have.at)
	}
	return have.value, ok
}

// remove gives back what is at a place.
func (s *shelf[V]) remove(at place) {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	if have, ok := s.items[at]; ok {
		s.budget.release(have.at)
	}
}

// drop gives back all that is of a job.
func (s *shelf[V]) drop(of string) {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	for at, have := range s.items {
		if at.of == of {
			s.budget.release(have.at)
		}
	}
}

// sizeOf is how many bytes a tensor takes.
func sizeOf(t *host.Tensor) int64 {
	n, err := host.SizeBytes(t.Elem, t.Shape)
	if err != nil {
		n = len(t.Data)
	}
	return int64(n)
}
