package host

import "testing"

func TestShapeText(t *testing.T) {
	for want, shape := range map[string][]int{"[]": nil, "[256]": {256}, "3x256": {3, 256}, "1x0x2": {1, 0, 2}} {
		if got := ShapeText(shape); got != want {
			t.Errorf("ShapeText(%v) = %s, expected %s", shape, got, want)
		}
	}
}
