package cli

import (
	"encoding/json"
	"os"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
)

// trace collects what ran when, in the Trace Event Format of Chrome; nil collects nothing.
type trace struct {
	path   string
	start  time.Time
	events []traceEvent
}

// traceEvent is one complete event ("ph": "X"); times are microseconds.
type traceEvent struct {
	Name     string            `json:"name"`
	Category string            `json:"cat"`
	Phase    string            `json:"ph"`
	Start    float64           `json:"ts"`
	Duration float64           `json:"dur"`
	Process  int               `json:"pid"`
	Thread   int               `json:"tid"`
	Args     map[string]string `json:"args,omitempty"`
}

// The rows of a trace.
const (
	phaseRow = 1
	opRow    = 2
)

// newTrace collects for a file; without one it gives nil.
func newTrace(path string) *trace {
	if path == "" {
		return nil
	}
	return &trace{path: path, start: time.Now()}
}

// begin starts an event that ends when what it gives is called.
func (t *trace) begin(name, category string) (end func()) {
	if t == nil {
		return func() {}
	}
	begin := time.Now()
	return func() { t.add(name, category, phaseRow, begin, time.Since(begin), nil) }
}

func (t *trace) add(name, category string, row int, begin time.Time, took time.Duration, args map[string]string) {
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	t.events = append(t.events, traceEvent{name, category, "X", micros(begin.Sub(t.start)), micros(took), 1, row, args})
}

// watch adds every operation of calls with these options.
func (t *trace) watch(opt *backend.CallOptions) {
	if t == nil {
		return
	}
	other := opt.Timing
	opt.Timing = func(op *ir.Op, by string, ns int64) {
		took := time.Duration(ns)
		args := map[string]string{}
		if path := modulePath(op.Loc); path != "" {
			args["module"] = path
		}
		if len(op.Results) > 0 {
			args["result"] = "%" + op.Results[0].Name + ": " + op.Results[0].Type.String()
		}
		t.add(kernelName(op), by, opRow, time.Now().Add(-took), took, args)
		if other != nil {
			other(op, by, ns)
		}
	}
}

// modulePath is the path of the module that an operation comes from; of a fused one, that of its first part.
func modulePath(l *ir.Loc) string {
	for l != nil && l.Path == "" && len(l.From) > 0 {
		l = l.From[0]
	}
	if l == nil {
		return ""
	}
	return l.Path
}

// write writes the file.
func (t *trace) write() error {
	if t == nil {
		return nil
	}
	data, err := json.Marshal(struct {
		Events []traceEvent `json:"traceEvents"`
	}{t.events})
	if err != nil {
		return err
	}
	return atomicfile.Write(t.path, func(f *os.File) error {
		_, err := f.Write(append(data, '\n'))
		return err
	})
}
