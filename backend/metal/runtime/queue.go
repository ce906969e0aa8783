package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/walk"
)

// mostDispatches is how many a command buffer takes before the GPU gets it, so that it works while others are encoded.
const mostDispatches = 64

// queue encodes work into command buffers.
type queue struct {
	*device
	id        object
	open      object   // the command buffer that is encoded; owned, as all below are
	encoder   object   // of it; 0 for none
	blit      bool     // the encoder is one that fills and copies
	kernels   []string // in the open command buffer
	committed []committed
	took      time.Duration
}

// committed is a command buffer that the GPU has.
type committed struct {
	id      object
	kernels []string
}

// NewQueue makes a command queue.
func (d *device) NewQueue() (walk.Queue, error) {
	q := &queue{device: d}
	return q, d.pooled(func() error {
		if q.id = d.object(d.id, newQueue); q.id == 0 {
			return fmt.Errorf("%s gives no command queue: too many sessions may be in use", d.label)
		}
		return nil
	})
}

// encode has the encoder be one that computes, or one that fills and copies.
func (q *queue) encode(blit bool) error {
	if q.encoder != 0 && q.blit == blit {
		return nil
	}
	q.end()
	if q.open == 0 {
		q.open = q.keep(q.object(q.id, commandBuffer))
	}
	if blit {
		q.encoder = q.keep(q.object(q.open, blitEncoder))
	} else {
		q.encoder = q.keep(q.object(q.open, computeEncoder, num(dispatchConcurrent)))
	}
	if q.blit = blit; q.encoder == 0 {
		return fmt.Errorf("%s gives no command encoder", q.label)
	}
	return nil
}

// end ends the encoder.
func (q *queue) end() {
	q.to(q.encoder, endEncoding)
	q.release(q.encoder)
	q.encoder = 0
}

// Dispatch encodes a kernel.
func (q *queue) Dispatch(_ context.Context, d *walk.Dispatch) error {
	return q.pooled(func() error {
		if err := q.encode(false); err != nil {
			return err
		}
		pipeline := q.pipelines[key(d.Kernel)]
		if pipeline == 0 {
			return fmt.Errorf("internal error: kernel %s was not compiled", d.Kernel.Function)
		}
		if d.Barrier {
			q.to(q.encoder, barrier, num(scopeBuffers))
		}
		q.to(q.encoder, setPipeline, obj(pipeline))
		for i, a := range d.Args {
			q.bind(i, a)
		}
		q.to(q.encoder, dispatch, sizeOf(d.Threads), sizeOf(d.Kernel.Threadgroup))
		q.kernels = append(q.kernels, d.Kernel.Function)
		if len(q.kernels) == mostDispatches {
			q.commit()
		}
		return nil
	})
}

// bind binds a parameter to the index of its place.
func (q *queue) bind(i int, a walk.Arg) {
	if a.Block == nil {
		q.to(q.encoder, setBytes, at(unsafe.Pointer(unsafe.SliceData(a.Value))), num(len(a.Value)), num(i))
		return
	}
	b := a.Block.(*block)
	q.to(q.encoder, setBuffer, obj(b.id), num(b.from+a.At), num(i))
}

// Fill encodes a blit. What blits cannot do the host does, when the work before is over.
func (q *queue) Fill(to walk.Span, value byte) error {
	if to.Len == 0 {
		return nil
	}
	b := to.Block.(*block)
	if (b.from+to.At)%blitAlignment != 0 || to.Len%blitAlignment != 0 {
		return q.byHost(func() {
			part := b.data[to.At:][:to.Len]
			for i := range part {
				part[i] = value
			}
		})
	}
	return q.pooled(func() error {
		if err := q.encode(true); err != nil {
			return err
		}
		q.to(q.encoder, fill, obj(b.id), rangeOf(b.from+to.At, to.Len), num(int(value)))
		return nil
	})
}

// Copy encodes a blit.
func (q *queue) Copy(to, from walk.Span) error {
	x, y := from.Block.(*block), to.Block.(*block)
	if (x.from+from.At)%blitAlignment != 0 || (y.from+to.At)%blitAlignment != 0 || to.Len%blitAlignment != 0 {
		return q.byHost(func() { copy(y.data[to.At:][:to.Len], x.data[from.At:][:to.Len]) })
	}
	return q.pooled(func() error {
		if err := q.encode(true); err != nil {
			return err
		}
		q.to(q.encoder, copyBytes, obj(x.id), num(x.from+from.At), obj(y.id), num(y.from+to.At), num(to.Len))
		return nil
	})
}

func (q *queue) byHost(f func()) error {
	err := q.finish()
	if err == nil {
		f()
	}
	return err
}

// commit gives the GPU what is encoded.
func (q *queue) commit() {
	if q.open == 0 {
		return
	}
	q.end()
	q.to(q.open, commit)
	q.committed = append(q.committed, committed{q.open, q.kernels})
	q.open, q.kernels = 0, nil
}

// Wait gives the GPU the rest and waits for it, whatever becomes of ctx: what it was given cannot be taken back.
func (q *queue) Wait(context.Context) (time.Duration, error) {
	err := q.finish()
	took := q.took
	q.took = 0
	return took, err
}

// finish waits for all command buffers, and adds up how long the GPU worked on each.
func (q *queue) finish() error {
	return q.pooled(func() error {
		q.commit()
		var errs []error
		for _, c := range q.committed {
			q.to(c.id, wait)
			if q.to(c.id, status) != bufferCompleted && len(errs) == 0 { // those behind fail for the first one's sake
				errs = append(errs, fmt.Errorf("%s gave up on %s: %w", q.label, listed(c.kernels), q.failed(q.object(c.id, bufferError))))
			}
			if seconds := q.sendFloat(c.id, ended) - q.sendFloat(c.id, started); seconds > 0 {
				q.took += time.Duration(seconds * float64(time.Second))
			}
			q.release(c.id)
		}
		q.committed = nil
		return errors.Join(errs...)
	})
}

// listed names the kernels of a command buffer: Metal does not tell which one it was.
func listed(kernels []string) string {
	switch n := len(kernels); n {
	case 0:
		return "filling and copying memory"
	case 1:
		return "kernel " + kernels[0]
	default:
		return fmt.Sprintf("one of %d kernels, %s to %s", n, kernels[0], kernels[n-1])
	}
}

// Close gives up the queue. What was encoded and not waited for is dropped.
func (q *queue) Close() {
	_ = q.pooled(func() error {
		q.end()
		q.release(q.open, q.id)
		for _, c := range q.committed {
			q.release(c.id)
		}
		q.open, q.id, q.committed = 0, 0, nil
		return nil
	})
}

// key names the pipeline of a kernel.
func key(k *launch.Entry) string { return k.Text + "\x00" + k.Function }
