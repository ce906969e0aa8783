package cli

import (
	"strings"
	"testing"
)

func TestReadable(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"plain\n\tand indented", "plain\n\tand indented"},
		{"a name \x1b[31mred", "a name \ufffd[31mred"},
		{"cut \xff", "cut "},
		{"x\n" + strings.Repeat("a", 3000) + "\ny", "x\n" + strings.Repeat("a", 1000) + " ... " + strings.Repeat("a", 999) + "\ny"},
	} {
		if got := readable(test.text); got != test.want {
			t.Errorf("readable(%.40q) = %q, expected %q", test.text, got, test.want)
		}
	}
}
