package native

import "testing"

// TestScratchGrows has a session find segments that it has made ready before: their kernels have the memory that they take, or there is
// an error, after which the session goes on with what it had.
func TestScratchGrows(t *testing.T) {
	sizes := func(string) (int64, bool) { return 0, false }
	segments := []*segment{{}, {}, {}}
	s := (&program{pool: newPool(1), segments: segments}).newSession()
	for i, scratch := range []int{100, 1 << 20, 1 << 60} { // no system has the last
		segments[i].ID = i
		s.ready[i] = []*prepared{{scratch: scratch}}
	}
	for _, c := range []struct {
		segment, least int
		fails          bool
	}{{0, 100, false}, {2, 100, true}, {0, 100, false}, {1, 1 << 20, false}, {2, 1 << 20, true}, {0, 1 << 20, false}} {
		_, err := s.prepared(segments[c.segment], sizes)
		if (err != nil) != c.fails {
			t.Errorf("segment %d: found the error %v, expected one: %v", c.segment, err, c.fails)
		}
		if s.scratch == nil || s.stride < c.least || len(s.scratch.Data) < s.stride {
			t.Fatalf("segment %d: kernels have %d bytes, expected %d or more", c.segment, s.stride, c.least)
		}
	}
}
