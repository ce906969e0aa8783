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

// take removes those of which something holds, and gives their names.
func (t *table[T]) take(holds func(*T) bool) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var taken []string
	t.ids = slices.DeleteFunc(t.ids, func(id string) bool {
		if !holds(t.byID[id]) {
			return false
		}
		delete(t.byID, id)
		taken = append(taken, id)
		return true
	})
	return taken
}
