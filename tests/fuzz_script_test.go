package tests

// script drives a mutation: every choice takes some of its bytes, so that a fuzzer which changes a byte changes one choice
// and what follows. A script that has ended chooses the first of everything.
type script struct{ rest []byte }

// pick chooses a number below n, which is at least 1.
func (s *script) pick(n int) int {
	width := 1
	for limit := 256; limit < n; limit *= 256 {
		width++
	}
	x := 0
	for range min(width, len(s.rest)) {
		x = x<<8 | int(s.rest[0])
		s.rest = s.rest[1:]
	}
	return x % n
}

// one chooses from a list that is not empty.
func one[T any](s *script, list []T) T { return list[s.pick(len(list))] }
