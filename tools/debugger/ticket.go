package debugger

import (
	"crypto/subtle"
	"sync"
	"time"
)

// ticket stands for the token where others may see it, such as among the arguments of a program that opens a browser: it is good for
// one request, and not for long.
type ticket struct {
	mu    sync.Mutex
	value string // empty for none
	until time.Time
}

// ticketLasts is enough for a browser to start.
const ticketLasts = 2 * time.Minute

// issue makes a new one, and ends the one before.
func (t *ticket) issue() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value, t.until = newToken(), time.Now().Add(ticketLasts)
	return t.value
}

// take reports the ticket that was issued last, once.
func (t *ticket) take(given string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	good := t.value != "" && subtle.ConstantTimeCompare([]byte(given), []byte(t.value)) == 1
	if good {
		t.value = ""
	}
	return good && time.Now().Before(t.until)
}
