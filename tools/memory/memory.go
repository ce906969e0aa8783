// Package memory says how much memory processes hold of their own, which mapped files are not. It reads /proc, on Linux only.
package memory

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Interval is how often memory is read; a peak that is shorter may be missed.
const Interval = 2 * time.Millisecond

// Own gives the bytes of RssAnon + RssShmem of a process, and false where it cannot be known.
func Own(pid int) (int64, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false // the process has ended, or this is no Linux
	}
	return held(status)
}

// held adds up what a status file counts as the process's own. One that has just ended has no such lines.
func held(status []byte) (bytesHeld int64, ok bool) {
	for s := bufio.NewScanner(bytes.NewReader(status)); s.Scan(); {
		name, rest, _ := strings.Cut(s.Text(), ":")
		if name != "RssAnon" && name != "RssShmem" {
			continue
		}
		var kib int64
		if _, err := fmt.Sscan(rest, &kib); err == nil {
			bytesHeld, ok = bytesHeld+kib<<10, true
		}
	}
	return bytesHeld, ok
}

// Watch keeps the peak of this process.
type Watch struct {
	mu     sync.Mutex
	peak   int64
	paused bool
	stop   chan struct{}
	ended  chan struct{}
}

// Start begins to look at this process at every [Interval].
func Start() *Watch {
	w := &Watch{stop: make(chan struct{}), ended: make(chan struct{})}
	w.Look()
	go w.loop()
	return w
}

func (w *Watch) loop() {
	defer close(w.ended)
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
			w.mu.Lock()
			paused := w.paused
			w.mu.Unlock()
			if !paused {
				w.Look()
			}
		}
	}
}

// Look reads the memory now.
func (w *Watch) Look() {
	n, _ := Own(os.Getpid())
	w.mu.Lock()
	w.peak = max(w.peak, n)
	w.mu.Unlock()
}

// Pause looks no more until further notice, as looking takes time from what is measured.
func (w *Watch) Pause(paused bool) {
	w.mu.Lock()
	w.paused = paused
	w.mu.Unlock()
}

// Stop ends the watch and gives the peak in bytes, and false where it cannot be known.
func (w *Watch) Stop() (int64, bool) {
	close(w.stop)
	<-w.ended
	w.Look()
	return w.peak, w.peak > 0
}
