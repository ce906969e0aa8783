//go:build !unix

package nativetest

import "testing"

// own is empty: code is not loaded on this system.
func own(testing.TB) []Runner { return nil }
