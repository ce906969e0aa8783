package compare

import (
	"context"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestTensors: the values of a point come from its worst turn, and sides are stopped when they have shown them.
func TestTensors(t *testing.T) {
	a, b := newScript("x", "loop", "y"), newScript("x", "loop", "y")
	a.shown, b.shown = []int{0, 1, 1, 1, 2}, []int{0, 1, 1, 1, 2}
	a.number = func(name string, turn int) float64 {
		if name == "loop" && turn == 1 {
			return 40
		}
		return b.number(name, turn)
	}
	r := compared(t, a, b, Options{})
	a.blocks, b.blocks = true, true
	within(t, func(ctx context.Context) {
		got, err := Tensors(ctx, a, b, &r.Points[1])
		if err != nil {
			t.Error(err)
			return
		}
		if x, y := host.FloatAt(got[0], 0), host.FloatAt(got[1], 0); x != 40 || y != 5 {
			t.Errorf("found %v and %v, expected those of the second turn, 40 and 5", x, y)
		}
	})
	a.blocks, a.shown = false, []int{0, 1, 2}
	if _, err := Tensors(t.Context(), a, b, &r.Points[1]); err == nil || !strings.Contains(err.Error(), "the tested side does not show loop again") {
		t.Errorf("a value that does not come again: %v", err)
	}
}
