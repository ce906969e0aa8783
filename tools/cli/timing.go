package cli

import (
	"fmt"
	"sort"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
)

// timing adds up how long each kind of operation took.
type timing struct {
	on    bool
	start time.Time
	total map[string]time.Duration
	count map[string]int
}

func newTiming(on bool, opt *backend.CallOptions) *timing {
	t := &timing{on: on, start: time.Now(), total: map[string]time.Duration{}, count: map[string]int{}}
	if on {
		opt.Timing = func(op *ir.Op, by string, ns int64) {
			what := by + "  " + op.Name()
			t.total[what] += time.Duration(ns)
			t.count[what]++
		}
	}
	return t
}

func (t *timing) print(w interface{ Write([]byte) (int, error) }) {
	if !t.on {
		return
	}
	var names []string
	for n := range t.total {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		if t.total[names[i]] != t.total[names[j]] {
			return t.total[names[i]] > t.total[names[j]]
		}
		return names[i] < names[j]
	})
	for _, n := range names {
		fmt.Fprintf(w, "%10.1f ms  %s (%d times)\n", float64(t.total[n].Microseconds())/1000, n, t.count[n])
	}
	fmt.Fprintf(w, "%10.1f ms  in all\n", float64(time.Since(t.start).Microseconds())/1000)
}
