package memory

import (
	"runtime"
	"testing"
)

func TestHeld(t *testing.T) {
	for _, c := range []struct {
		status string
		bytes  int64
		ok     bool
	}{
		{"Name:\tx\nRssAnon:\t     120 kB\nRssFile:\t  999 kB\nRssShmem:\t       4 kB\n", 124 << 10, true},
		{"Name:\tx\nState:\tZ (zombie)\n", 0, false},
		{"RssAnon:\tmany kB\n", 0, false},
	} {
		if n, ok := held([]byte(c.status)); n != c.bytes || ok != c.ok {
			t.Errorf("held(%q) = %d, %v, want %d, %v", c.status, n, ok, c.bytes, c.ok)
		}
	}
}

// TestWatch holds 64 MiB for a moment, which the peak must have.
func TestWatch(t *testing.T) {
	if _, known := Own(1); runtime.GOOS != "linux" || !known {
		t.Log("memory cannot be known here")
		return
	}
	w := Start()
	const size = 64 << 20
	block := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		block[i] = 1
	}
	w.Pause(true)
	w.Look()
	runtime.KeepAlive(block)
	if peak, ok := w.Stop(); !ok || peak < size {
		t.Errorf("the peak is %d, expected %d or more", peak, size)
	}
}
