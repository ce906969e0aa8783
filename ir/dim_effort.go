package ir

// Effort bounds the work of many questions about sizes together: once it is spent, environments that take from it leave
// every question open. It is counted in terms of sums that were looked at, so that equal questions end alike everywhere. A nil
// Effort is without bounds. It is for one goroutine.
type Effort struct{ left int64 }

// NewEffort is an effort of so many terms.
func NewEffort(terms int64) *Effort { return &Effort{left: terms} }

// Spent reports that nothing is left.
func (f *Effort) Spent() bool { return f != nil && f.left <= 0 }

func (f *Effort) take(terms int) {
	if f != nil {
		f.left -= int64(terms)
	}
}

// Within has all questions to the environment take from an effort. The environment is then for one goroutine, too.
func (e *DimEnv) Within(f *Effort) { e.effort = f }
