package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Bounds of what garbage may be.
const (
	mostGarbage   = 16 << 20 // bytes
	mostPercent   = 400      // of what is held: small models need no more collections than others
	fewestPercent = 4
)

// collector bounds the garbage of runs in bytes. Go's own setting is a share of what is held: tensors that an interpreter has done with
// would take several times the memory of those that it needs.
type collector struct {
	mu      sync.Mutex
	stopped bool
	before  int // per cent
}

// sign of a collection is an object that is not held: each collection finds it, and a new one takes its place.
type sign struct{ *collector }

// startCollector gives back what reading models has left, and begins.
func startCollector() *collector {
	runtime.GC()
	c := &collector{before: debug.SetGCPercent(mostPercent)}
	c.follow()
	return c
}

// follow sets the share by what the last collection has left, and does so again after the next one.
func (c *collector) follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	held := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(held)
	share := 100 * mostGarbage / max(held[0].Value.Uint64(), 1)
	debug.SetGCPercent(int(max(fewestPercent, min(mostPercent, share))))
	runtime.SetFinalizer(&sign{c}, func(s *sign) { s.follow() })
}

// stop sets the collector as it was.
func (c *collector) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	debug.SetGCPercent(c.before)
}
