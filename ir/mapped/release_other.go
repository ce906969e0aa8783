//go:build !unix

package mapped

// Release does nothing here.
func Release([]byte) {}
