//go:build !unix

package toolchain

// load maps an object. On this system nobody has written how.
func load(string) (*Library, error) {
	return nil, &Missing{What: "compiled kernels are loaded on Unix systems only"}
}

// Symbol gives the address of a function.
func (l *Library) Symbol(string) (uintptr, error) {
	return 0, &Missing{What: "compiled kernels are loaded on Unix systems only"}
}

func unload(uintptr) error { return nil }
