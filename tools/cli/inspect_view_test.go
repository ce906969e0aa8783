package cli

import "testing"

func TestWorkText(t *testing.T) {
	for work, want := range map[string]string{
		"0": "0", "12": "12", "999": "999", "1000": "1 k", "30940": "30.9 k", "999600": "1 M", "3158000000": "3.16 G",
		"12345000000000000": "12345 T", "768*s77": "768*s77",
	} {
		if got := workText(work); got != want {
			t.Errorf("%s: got %q, want %q", work, got, want)
		}
	}
}
