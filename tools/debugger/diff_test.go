package debugger

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestDiff: following the edits through a gives b, and few lines are called changed.
func TestDiff(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		changed int
	}{
		{"", "", 0}, {"a b c", "a b c", 0}, {"", "a b", 2}, {"a b", "", 2}, {"a b c", "a x c", 2}, {"a b c d", "b c d e", 2},
		{"a b c a b b a", "c b a b a c", 5}, {"a b", "c d", 4}, {"x a b c", "a b c y", 2},
	} {
		a, b := strings.Fields(c.a), strings.Fields(c.b)
		if n := follow(t, a, b); n != c.changed {
			t.Errorf("%q to %q: %d lines changed, want %d", c.a, c.b, n, c.changed)
		}
	}
	from := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		a, b := make([]string, from.IntN(30)), make([]string, from.IntN(30))
		for _, list := range [][]string{a, b} {
			for i := range list {
				list[i] = string(rune('a' + from.IntN(4)))
			}
		}
		follow(t, a, b)
	}
}

// follow makes b of a by the edits, and counts the lines that are not kept.
func follow(t *testing.T, a, b []string) int {
	t.Helper()
	var made []string
	changed, atA := 0, 0
	for _, e := range diff(a, b) {
		if e.a != atA || e.b != len(made) {
			t.Fatalf("%q to %q: an edit begins at %d and %d, not at %d and %d", a, b, e.a, e.b, atA, len(made))
		}
		made = append(made, a[e.a:e.a+e.keep]...)
		made = append(made, b[e.b+e.keep:e.b+e.keep+e.added]...)
		atA += e.keep + e.removed
		changed += e.removed + e.added
	}
	if !slices.Equal(made, b) || atA != len(a) {
		t.Fatalf("%q to %q: the edits give %q", a, b, made)
	}
	return changed
}
