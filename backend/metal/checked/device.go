package checked

import (
	"context"
	"fmt"
	"time"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/walk"
)

// Finding is the error of a kernel in which the checker has found something.
type Finding struct{ check.Diagnostic }

// Error says it in one line.
func (f *Finding) Error() string { return f.String() }

// device is the checker: memory of this process, and dispatches that are over when they return.
type device struct {
	Backend
	texts map[string]*check.Program
}

// Alloc gives memory of this process.
func (*device) Alloc(bytes int) (walk.Block, error) { return &block{make([]byte, bytes)}, nil }

// Constant gives the very memory: kernels that write to it are found.
func (*device) Constant(data []byte) (walk.Block, error) { return &block{data}, nil }

// NewQueue gives the device: nothing waits in it.
func (d *device) NewQueue() (walk.Queue, error) { return queue{d}, nil }

// Close does nothing.
func (*device) Close() error { return nil }

type block struct{ data []byte }

func (b *block) Bytes() []byte                   { return b.data }
func (b *block) Read(at int, to []byte) error    { copy(to, b.data[at:][:len(to)]); return nil }
func (b *block) Write(at int, from []byte) error { copy(b.data[at:][:len(from)], from); return nil }
func (b *block) Free()                           {}

func bytesOf(s walk.Span) []byte { return s.Block.Bytes()[s.At:][:s.Len:s.Len] }

type queue struct{ d *device }

// Dispatch runs a kernel of a text.
func (q queue) Dispatch(ctx context.Context, d *walk.Dispatch) error {
	run := check.Dispatch{Launch: d.Kernel.Kernel, Threads: d.Threads}
	for _, a := range d.Args {
		if a.Block == nil {
			run.Args = append(run.Args, check.Arg{Bytes: a.Value})
			continue
		}
		run.Args = append(run.Args, check.Arg{Bytes: bytesOf(a.Span), Extents: a.Extents})
	}
	b := q.d.Backend
	report, err := q.d.texts[d.Kernel.Text].Run(ctx, run, check.Options{Order: b.Order, Seed: 1, Checked: true, Limits: b.Limits})
	if err != nil {
		return err
	}
	for _, found := range report.Diagnostics {
		if b.Found == nil {
			return &Finding{found}
		}
		b.Found(found)
	}
	if !report.Finished {
		return fmt.Errorf("kernel %s did not come to its end", d.Kernel.Function)
	}
	return nil
}

func (queue) Fill(to walk.Span, value byte) error {
	data := bytesOf(to)
	for i := range data {
		data[i] = value
	}
	return nil
}

func (queue) Copy(to, from walk.Span) error {
	copy(bytesOf(to), bytesOf(from))
	return nil
}

func (queue) Wait(context.Context) (time.Duration, error) { return 0, nil }

func (queue) Close() {}
