package toolchain

import (
	"fmt"
	"sync"

	"github.com/ebitengine/purego"
)

// Library is a loaded object. It stays loaded until it is closed.
type Library struct {
	handle uintptr
	close  sync.Once
}

// Load maps an object that this package made, with every symbol resolved at once.
func Load(path string) (*Library, error) {
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("loading compiled kernels: %w", err)
	}
	return &Library{handle: h}, nil
}

// Symbol gives the address of a function.
func (l *Library) Symbol(name string) (uintptr, error) { return purego.Dlsym(l.handle, name) }

// Close unmaps the object. None of its code may be running.
func (l *Library) Close() (err error) {
	l.close.Do(func() { err = purego.Dlclose(l.handle) })
	return err
}
