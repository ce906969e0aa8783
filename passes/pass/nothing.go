package pass

// NothingCompressed is the error of a pass that found no weight that it could compress.
type NothingCompressed struct{ Reason string }

// Error is the reason.
func (e *NothingCompressed) Error() string { return e.Reason }
