package debugger

import (
	"slices"
	"sync"
)

// table keeps things by the names of the jobs that made them.
type table[T any] struct {
	mu   sync.Mutex
	byID map[string]*T
	ids  []string // in the order in which they came
}

func (t *table[T]) put(id string, v *T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = map[string]*T{}
	}
	t.byID[id] = v
	t.ids = append(t.ids, id)
}

func (t *table[T]) get(id string) *T {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}

// all lists them in the order in which they came.
func (t *table[T]) all() []*T {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*T, len(t.ids))
	for i, id := range t.ids {
		list[i] = t.byID[id]
	}
	return list
}

// drop removes those of some names.
func (t *table[T]) drop(ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids = slices.DeleteFunc(t.ids, func(id string) bool { return slices.Contains(ids, id) })
	for _, id := range ids {
		delete(t.byID, id)
	}
}
