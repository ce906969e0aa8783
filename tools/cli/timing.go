package cli

import (
	"fmt"
	"io"
	"sort"
	"strings"
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
	calls []string // a line for each numbered call
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

// call begins a call of a function, and gives what ends it. Those with a number get a line of their own.
func (t *timing) call(prefix string, m *ir.Module, f *ir.Func) (end func()) {
	start := time.Now()
	return func() {
		if t.on && prefix != "" {
			t.calls = append(t.calls, fmt.Sprintf("%10.1f ms  %s @%s: %s multiply-adds", milliseconds(time.Since(start)),
				strings.TrimSuffix(prefix, "."), f.Name, workText(m.MultiplyAdds(f).String())))
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func (t *timing) print(w io.Writer) {
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
		fmt.Fprintf(w, "%10.1f ms  %s (%d times)\n", milliseconds(t.total[n]), n, t.count[n])
	}
	for _, line := range t.calls {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, "%10.1f ms  in all\n", milliseconds(time.Since(t.start)))
}
