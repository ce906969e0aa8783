package cli

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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

// TestProgress has a step that takes long be shown though none has ended, and nothing where there is no terminal.
func TestProgress(t *testing.T) {
	for _, tty := range []bool{true, false} {
		var shown bytes.Buffer
		p := (&tool{tty: tty, stderr: &shown}).newProgress()
		late := func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.show()
		}
		late()
		if shown.Len() > 0 {
			t.Errorf("before any step %q is shown", &shown)
		}
		p.step("compiling", 0, 20)
		if shown.Len() > 0 {
			t.Errorf("after a moment %q is shown", &shown)
		}
		late()
		if text := shown.String(); strings.Contains(text, "compiling") != tty || strings.Contains(text, "0/20") != tty {
			t.Errorf("with a terminal %t, %q is shown", tty, text)
		}
		p.finish()
		before := shown.Len()
		late()
		if shown.Len() > before {
			t.Error("something is shown behind the end")
		}
	}
}

// TestLate prints the line of what takes long, once and only there.
func TestLate(t *testing.T) {
	for _, c := range []struct {
		tty  bool
		took time.Duration
		want string
	}{{false, slow - time.Millisecond, ""}, {false, 2 * slow, "checking\n"}, {true, 2 * slow, ""}} {
		synctest.Test(t, func(t *testing.T) {
			var shown bytes.Buffer
			stop := (&tool{tty: c.tty, stderr: &shown}).late("checking")
			time.Sleep(c.took)
			stop()
			if shown.String() != c.want {
				t.Errorf("after %v, terminal %v: found %q, expected %q", c.took, c.tty, shown.String(), c.want)
			}
		})
	}
}
