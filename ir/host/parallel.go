package host

// Parallel runs fn over the ranges [lo, hi) that cut 0..n, each of at least grain indices, perhaps at the same time.
// Results must not depend on where the cuts lie: each index writes its own part of the output.
type Parallel func(n, grain int, fn func(lo, hi int))

// Serial is the Parallel that runs everything in one piece.
func Serial(n, _ int, fn func(lo, hi int)) {
	if n > 0 {
		fn(0, n)
	}
}
