package walk

import (
	"context"
	"sync"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir"
)

// Options say how a plan is walked.
type Options struct {
	// Custom has kernels of users run; without, the interpreter computes what they are defined as.
	Custom bool
	// Poison fills memory that nobody has written with bytes of 0xff, so that reading it shows.
	Poison bool
	// Order gives what chooses the next step of a segment of so many among those that need not wait for others; nil has them run as they are listed.
	Order func(steps int) func(ready int) int
}

// Compile makes a program of a module and its plan. The program closes the device, and so does an error.
func Compile(ctx context.Context, m *ir.Module, planned *plan.Plan, d Device, opt backend.Options, o Options) (backend.Program, error) {
	p := &program{Options: o, device: d, plan: planned, file: planned.File, of: map[*ir.Func][]interp.Segment{}, constants: map[*ir.Op]Span{}, packs: map[pack]Span{}}
	for i := range planned.File.Functions {
		p.split(m.Funcs[i], &planned.File.Functions[i])
	}
	made, err := interp.CompileWith(ctx, m, opt, &interp.Segments{
		Of:        func(f *ir.Func) []interp.Segment { return p.of[f] },
		NewRunner: func() interp.Runner { return newSession(p).run },
		Close:     p.close,
	})
	if err != nil {
		_ = p.close() // the error to tell is the other one
	}
	return made, err
}

// program is a module's plan, cut into segments.
type program struct {
	Options
	device   Device
	plan     *plan.Plan
	file     *launch.File
	segments []*segment
	of       map[*ir.Func][]interp.Segment

	mu        sync.Mutex
	constants map[*ir.Op]Span
	packs     map[pack]Span // that are filled
}

// pack is a buffer of kind packed.
type pack struct {
	fn     *launch.Function
	buffer int
}

// segment is a run of operations of a function that kernels compute.
type segment struct {
	f        *ir.Func
	fn       *launch.Function
	first    bool // of the function
	from, to int
	in, out  []*ir.Value
	once     []int // steps that fill what is packed
	steps    []int // the others
}

// split finds the segments of a function.
func (p *program) split(f *ir.Func, fn *launch.Function) {
	steps := make([][]int, len(f.Ops))
	hosted := make([]bool, len(f.Ops))
	for i, s := range fn.Steps {
		steps[s.Op] = append(steps[s.Op], i)
		hosted[s.Op] = s.Host != nil || s.Dispatch != nil && p.file.Kernels[s.Dispatch.Kernel].Origin == launch.Custom && !p.Custom
	}
	for from := 0; from < len(f.Ops)-1; {
		s := &segment{f: f, fn: fn, first: len(p.of[f]) == 0, from: from}
		end := from
		for ; end < len(f.Ops)-1 && !hosted[end]; end++ {
			for _, i := range steps[end] {
				if fn.Steps[i].Dispatch.Once {
					s.once = append(s.once, i)
				} else {
					s.steps = append(s.steps, i)
				}
			}
		}
		if len(s.steps) > 0 {
			s.to = end
			s.in, s.out = interp.Boundary(f, from, end)
			p.of[f] = append(p.of[f], interp.Segment{ID: len(p.segments), From: from, To: end})
			p.segments = append(p.segments, s)
		}
		from = end + 1
	}
}

// constant gives the memory of a constant, which is brought to the device once.
func (p *program) constant(c *ir.EvalCtx, op *ir.Op) (Span, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.constants[op]; ok {
		return s, nil
	}
	made, err := op.Def.Eval(c, op, nil)
	if err != nil {
		return Span{}, err
	}
	t := made[0]
	if !t.Contiguous() {
		t = t.Clone()
	}
	data := t.Bytes()
	b, err := p.device.Constant(data)
	if err == nil {
		p.constants[op] = Span{b, 0, len(data)}
	}
	return p.constants[op], err
}

// packing queues the steps whose buffers are not there yet.
func (p *program) packing(ctx context.Context, f *Frame, once []int, filled map[pack]Span) error {
	for _, i := range once {
		buffers := f.fn.Steps[i].Dispatch.Buffers
		at := buffers[len(buffers)-1]
		to := pack{f.fn, at}
		if s, ok := p.packs[to]; ok {
			f.bound[at] = s
			continue
		}
		n, err := f.bytes(at)
		if err == nil {
			filled[to], err = p.room(n)
		}
		if err != nil {
			delete(filled, to)
			return err
		}
		f.bound[at] = filled[to]
		if err := f.poison(filled[to]); err != nil {
			return err
		}
		if _, err := f.Step(ctx, i, 0); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) room(n int) (Span, error) {
	b, err := p.device.Alloc(n)
	return Span{b, 0, n}, err
}

// close gives up the device. Memory of sessions goes with them: the interpreter may still read their states.
func (p *program) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.constants {
		s.Block.Free()
	}
	for _, s := range p.packs {
		s.Block.Free()
	}
	clear(p.constants)
	clear(p.packs)
	return p.device.Close()
}
