//go:build !linux

package check

import "errors"

// limit is an error: processes are limited on Linux only, where the checker is.
func limit(int, Limits, int64) error { return errors.ErrUnsupported }
