package pass

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"w4", "decompose", "aten.copy", "aten.softmax", "aten.softmax.int", "nn.sdpa"}
	for name, want := range map[string]string{
		"w5":          "w4",
		"decompse":    "decompose",
		"aten.sofmax": "aten.softmax",
		"aten.nope":   "", // half of its own letters would be wrong
		"nope":        "",
		"aten.":       "",
		"":            "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, expected %q", name, got, want)
		}
	}
}
