package walk

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Frame is the memory of a function while steps of its plan run.
type Frame struct {
	plan   *plan.Plan
	fn     *launch.Function
	queue  Queue
	rooms  *rooms
	shared *shared // what stays from call to call; nil for a frame that has nothing to do with calls
	size   func(string) (int64, bool)
	known  *known

	bound  map[int]Span // buffers that do not lie where the plan says
	status Span
	undo   []*launch.Undo // of what has been queued
	since  []int          // steps that were queued since the last barrier
}

// NewFrame gives a frame for trying steps, in which each buffer has memory of its own. size gives the sizes of the function.
func NewFrame(d Device, q Queue, planned *plan.Plan, fn *launch.Function, size func(string) (int64, bool)) *Frame {
	return &Frame{plan: planned, fn: fn, queue: q, rooms: &rooms{device: d}, size: size, known: newKnown(), bound: map[int]Span{}}
}

// Free gives up the memory of a frame of [NewFrame].
func (f *Frame) Free() { f.rooms.free() }

// Give has a buffer hold data.
func (f *Frame) Give(buffer int, data []byte) error {
	s, err := f.rooms.take(len(data))
	if err == nil {
		err = s.Block.Write(0, data)
	}
	f.bound[buffer] = s
	return err
}

// Own gives a buffer memory of its own, filled with bytes of 0xff, where it and what it is a part of have none.
func (f *Frame) Own(buffer int) error {
	b := f.fn.Buffers[buffer]
	if _, ok := f.bound[buffer]; ok || b.Kind == launch.Status {
		return nil
	}
	if _, ok := f.bound[b.Of]; ok && b.Kind == launch.Part {
		return nil
	}
	n, err := f.bytes(buffer)
	if err != nil {
		return err
	}
	return f.fresh(buffer, n)
}

// fresh binds a buffer to memory that nobody has written.
func (f *Frame) fresh(buffer, n int) (err error) {
	s, err := f.rooms.take(n)
	if err == nil {
		err = f.poison(s)
	}
	f.bound[buffer] = s
	return err
}

// poison fills memory that nobody has written with what shows in results, on devices that look for mistakes.
func (f *Frame) poison(s Span) error {
	if s.Len == 0 || f.shared != nil && !f.shared.Poison {
		return nil
	}
	return f.fill(s, 0xff)
}

// fill sets bytes after all that is queued.
func (f *Frame) fill(s Span, value byte) error {
	f.since = f.since[:0]
	return f.queue.Fill(s, value)
}

// Take gives what a buffer holds. All that was queued must be over.
func (f *Frame) Take(buffer int) ([]byte, error) {
	s, err := f.place(buffer)
	if err != nil {
		return nil, err
	}
	data := make([]byte, s.Len)
	return data, s.Block.Read(s.At, data)
}

// shape gives the sizes of expressions.
func (f *Frame) shape(list []string) ([]int, error) {
	shape := make([]int, len(list))
	for i, text := range list {
		n, err := f.eval(text)
		if err != nil {
			return nil, err
		}
		shape[i] = int(n)
	}
	return shape, nil
}

func (f *Frame) eval(text string) (int64, error) {
	d, err := ir.ParseDim(text)
	if err != nil {
		return 0, err
	}
	return d.Eval(f.size)
}

// bytes is what a buffer takes.
func (f *Frame) bytes(buffer int) (int, error) {
	return once(f.known.bytes, buffer, func() (int, error) {
		b := f.fn.Buffers[buffer]
		elem, _ := host.ParseElem(b.DType)
		shape, err := f.shape(b.Shape)
		if err != nil {
			return 0, err
		}
		return host.SizeBytes(elem, shape)
	})
}

// start is where a part begins in what it is a part of, in bytes.
func (f *Frame) start(buffer int) (int, error) {
	return once(f.known.starts, buffer, func() (int, error) {
		b := f.fn.Buffers[buffer]
		elem, _ := host.ParseElem(b.DType)
		from, err := f.eval(b.At)
		return int(from) * elem.Bytes(), err
	})
}

// place is where a buffer lies.
func (f *Frame) place(buffer int) (Span, error) {
	if s, ok := f.bound[buffer]; ok {
		return s, nil
	}
	b := f.fn.Buffers[buffer]
	n, err := f.bytes(buffer)
	if err != nil {
		return Span{}, err
	}
	switch b.Kind {
	case launch.Status:
		return f.statusPlace()
	case launch.Part:
		return f.part(buffer, n)
	case launch.Arena, launch.Slot, launch.Packed:
		if f.shared != nil {
			return f.shared.place(f, buffer, n)
		}
	}
	return Span{}, fmt.Errorf("internal error: buffer %d, which is %s %s, is not there", buffer, b.Kind, b.Name)
}

// statusPlace is where the status lies, which begins as 0.
func (f *Frame) statusPlace() (s Span, err error) {
	if f.status.Block != nil {
		return f.status, nil
	}
	if s, err = f.rooms.take(statusBytes); err == nil {
		f.status, err = s, f.fill(s, 0)
	}
	return s, err
}

const statusBytes = 4

// wrong reports that a kernel has told of a mistake in the data. All that was queued must be over.
func (f *Frame) wrong() (bool, error) {
	if f.status.Block == nil {
		return false, nil
	}
	var b [statusBytes]byte
	err := f.status.Block.Read(f.status.At, b[:])
	return binary.LittleEndian.Uint32(b[:]) != 0, err
}

// part is a run of elements of another buffer.
func (f *Frame) part(buffer, n int) (Span, error) {
	b := f.fn.Buffers[buffer]
	of, err := f.place(b.Of)
	if err != nil {
		return Span{}, err
	}
	start, err := f.start(buffer)
	if err != nil {
		return Span{}, err
	}
	if start < 0 || start > of.Len-n {
		return Span{}, fmt.Errorf("buffer %d is %d bytes from %d on of %d", buffer, n, start, of.Len)
	}
	return Span{of.Block, of.At + start, n}, nil
}

// Step queues a dispatch of the plan. Of a grid of more than most threadgroups only some run, those at its start, which partial tells; 0 is all.
func (f *Frame) Step(ctx context.Context, number, most int) (partial bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	step := &f.fn.Steps[number]
	k := &f.plan.File.Kernels[step.Dispatch.Kernel]
	bound, err := once(f.known.bounds, step.Dispatch.Kernel, func() (*launch.Bound, error) { return f.bind(step.Dispatch.Kernel) })
	if err != nil {
		return false, err
	}
	d := &Dispatch{Kernel: k}
	d.Threads, partial = fewer(bound.Threads, k.Threadgroup, most)
	if d.Args, err = f.args(k, bound, step.Dispatch); err != nil {
		return false, fmt.Errorf("kernel %s: %w", k.Function, err)
	}
	if u := step.Dispatch.Undo; u != nil {
		places, err := f.place(u.Places)
		if err != nil {
			return false, err
		}
		if places.Len > 0 {
			if err := f.fill(places, 0xff); err != nil { // nothing is saved yet
				return false, err
			}
			f.undo = append(f.undo, u)
		}
	}
	if bound.Empty() {
		return partial, nil
	}
	if d.Barrier = f.waits(step); d.Barrier {
		f.since = f.since[:0]
	}
	f.since = append(f.since, number)
	return partial, f.queue.Dispatch(ctx, d)
}

// waits reports that a step has to wait for one that was queued since the last barrier.
func (f *Frame) waits(step *launch.Step) bool {
	return slices.ContainsFunc(step.Waits, func(w int) bool { return slices.Contains(f.since, w) })
}

// bind computes the launch of a kernel for the sizes of the function.
func (f *Frame) bind(kernel int) (*launch.Bound, error) {
	k := &f.plan.File.Kernels[kernel]
	if own := f.plan.Kernels[kernel]; own != nil { // one of a user has no guards
		if err := own.Takes(f.size); err != nil {
			return nil, fmt.Errorf("internal error: kernel %s: %w", k.Function, err)
		}
	}
	sizes := map[string]int64{}
	for _, name := range k.Sizes {
		n, ok := f.size(name)
		if !ok {
			return nil, fmt.Errorf("the size %s of kernel %s is not known", name, k.Function)
		}
		sizes[name] = n
	}
	return k.Bind(sizes)
}

// args finds what the parameters of a kernel are bound to.
func (f *Frame) args(k *launch.Entry, bound *launch.Bound, d *launch.Dispatch) ([]Arg, error) {
	args := make([]Arg, len(k.Params))
	next := 0
	for i, p := range k.Params {
		if p.Kind == launch.Bytes {
			args[i].Value = binary.LittleEndian.AppendUint32(nil, uint32(bound.Values[i]))
			continue
		}
		buffer := d.Buffers[next]
		next++
		s, err := f.place(buffer)
		if err == nil {
			args[i].Span, err = f.aligned(s, p.Access)
		}
		if err == nil && k.ABI == launch.Tensors {
			args[i].Extents, err = f.shape(f.fn.Buffers[buffer].Shape)
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

// aligned gives a copy of a part that starts where kernels with vectors cannot read it. Only what is read is a part.
func (f *Frame) aligned(s Span, access string) (Span, error) {
	if s.At%Alignment == 0 || s.Len == 0 {
		return s, nil
	}
	if access != launch.Read {
		return s, fmt.Errorf("internal error: it writes to a part from byte %d on", s.At)
	}
	to, err := f.rooms.take(s.Len)
	if err != nil {
		return s, err
	}
	f.since = f.since[:0] // a copy waits for all that is queued
	return to, f.queue.Copy(to, s)
}

// fewer cuts a grid down to the threadgroups that are to run, those at its start.
func fewer(threads, group [3]int, most int) ([3]int, bool) {
	if most == 0 {
		return threads, false
	}
	partial := false
	left := most
	for i, n := range threads {
		groups := (n + group[i] - 1) / group[i]
		if groups > left {
			threads[i] = left * group[i]
			partial = true
		}
		left = max(1, left/max(groups, 1))
	}
	return threads, partial
}
