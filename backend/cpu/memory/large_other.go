//go:build !linux

package memory

// Large does nothing where the system chooses the size of pages itself.
func Large([]byte) {}
