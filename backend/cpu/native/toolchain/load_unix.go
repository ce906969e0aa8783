//go:build unix

package toolchain

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// load maps an object that this package made, with every symbol resolved at once.
func load(path string) (*Library, error) {
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("loading compiled kernels: %w", err)
	}
	return &Library{handle: h}, nil
}

// Symbol gives the address of a function.
func (l *Library) Symbol(name string) (uintptr, error) { return purego.Dlsym(l.handle, name) }

func unload(handle uintptr) error { return purego.Dlclose(handle) }
