//go:build !unix

package toolchain

// Load maps an object. On this system nobody has written how.
func Load(string) (*Library, error) {
	return nil, &Missing{"compiled kernels are loaded on Unix systems only"}
}

// Symbol gives the address of a function.
func (l *Library) Symbol(string) (uintptr, error) {
	return 0, &Missing{"compiled kernels are loaded on Unix systems only"}
}

func unload(uintptr) error { return nil }
