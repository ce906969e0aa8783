package toolchain

import "sync"

// Library is a loaded object. It stays loaded until it is closed.
type Library struct {
	handle uintptr
	close  sync.Once
}

// Close unmaps the object. None of its code may be running.
func (l *Library) Close() (err error) {
	l.close.Do(func() { err = unload(l.handle) })
	return err
}
