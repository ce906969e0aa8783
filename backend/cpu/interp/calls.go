package interp

import (
	"errors"
	"sync"
)

// calls counts the calls that are going on in a program, so that what they use is there until they have ended.
type calls struct {
	mu     sync.Mutex
	closed bool
	going  sync.WaitGroup
}

var errClosed = errors.New("the program is closed: compile the module again, or close it after the last call")

// begin lets a call start unless the program is closed.
func (c *calls) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	c.going.Add(1)
	return nil
}

func (c *calls) end() { c.going.Done() }

// close lets no further call start, waits for those that are going on, and reports whether the program was open.
func (c *calls) close() bool {
	c.mu.Lock()
	open := !c.closed
	c.closed = true
	c.mu.Unlock()
	c.going.Wait()
	return open
}
