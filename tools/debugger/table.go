package debugger

import "sync"

// table keeps things by the names of the jobs that made them.
type table[T any] struct {
	mu   sync.Mutex
	byID map[string]*T
}

func (t *table[T]) put(id string, v *T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = map[string]*T{}
	}
	t.byID[id] = v
}

func (t *table[T]) get(id string) *T {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}
