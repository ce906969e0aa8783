package ir

// Effort bounds the work of many questions about sizes together: once it is spent, environments that take from it leave
// every question open. It is counted in terms of sums that were looked at, so that equal questions end alike everywhere. A nil
// Effort is without bounds. It is for one goroutine.
type Effort struct {
	left int64
	ask  int64       // what is left when stop is asked again
	stop func() bool // see NewEffort
}

// effortBetween is how many terms are looked at between two questions to stop: about a millisecond.
const effortBetween = 1 << 10

// NewEffort is an effort of so many terms. It ends early where stop, which is asked now and then, gives true; nil never does.
func NewEffort(terms int64, stop func() bool) *Effort {
	return &Effort{left: terms, ask: terms, stop: stop}
}

// Spent reports that nothing is left.
func (f *Effort) Spent() bool { return f != nil && f.left <= 0 }

func (f *Effort) take(terms int) {
	if f == nil || f.left <= 0 {
		return
	}
	f.left -= int64(terms)
	if f.stop != nil && f.left < f.ask {
		f.ask = f.left - effortBetween
		if f.stop() {
			f.left = 0
		}
	}
}

// Within has all questions to the environment take from an effort. The environment is then for one goroutine, too.
func (e *DimEnv) Within(f *Effort) { e.effort = f }
