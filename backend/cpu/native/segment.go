package native

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// segment is a run of operations that native code computes.
type segment struct {
	interp.Segment
	f       *ir.Func
	in, out []*ir.Value
	steps   []segmentStep
	consts  []*ir.Op // constants among the operations

	symbols []string // that its sizes depend on

	// index numbers the values that lie outside of the segment's block: what comes in, constants, what the function returns.
	index  map[*ir.Value]int
	lies   map[*ir.Value]view // values that lie in the memory of others
	ids    map[*ir.Value]int
	values []segmentValue // by those
	outs   []outValue
	count  int

	overwritten []int // what comes in and is written over, by index

	touched map[*ir.Value]bool // values whose memory the kernels touch, or that leave the segment
}

// high reports a segment whose block lies at the upper end of the arena, and what stays of it at the block's upper end. Segments
// take turns: the next one finds the memory of this one in one piece.
func (s *segment) high() bool { return s.ID%2 == 1 }

// outValue is a value that leaves a segment.
type outValue struct {
	value  *ir.Value
	id     int // among the segment's values
	index  int // of what lies outside of the block
	kind   outKind
	result int // as which result of the function first, where it is returned
}

// outKind says where a value that leaves a segment lies.
type outKind uint8

const (
	blockOut    outKind = iota
	constantOut         // it is a constant
	returnedOut         // the function gives it to its caller
	updatedOut          // it came in, and was written over
)

// segmentStep is one operation of a segment.
type segmentStep struct {
	op        *ir.Op
	operands  []*ir.Value
	plan      *calls.Plan
	functions []*function // of the plan's kernels
	packers   []*function // of its packs
	packed    [][]byte    // what they have filled
	in        []int       // the operands, among the segment's values
	out       int         // the result
	reuses    []int       // the operands in whose memory the result may lie, as nobody needs them any more
}

// program is a module's native part.
type program struct {
	code     *code
	pool     *pool
	segments []*segment
	of       map[*ir.Func][]interp.Segment
	reasons  map[*ir.Op]error // why operations are left to the interpreter
	packed   []*memory.Region // packed constants
}

// newProgram plans every operation of a module and compiles the kernels.
func newProgram(ctx context.Context, c *compiler, m *ir.Module, threads int) (*program, error) {
	p := &program{of: map[*ir.Func][]interp.Segment{}, reasons: map[*ir.Op]error{}}
	held := newConstants(m)
	plans, err := p.plans(ctx, c, m, held)
	if err != nil {
		return nil, err
	}
	m.AllFuncs(func(f *ir.Func) {
		if owner := f.Owner(); owner == nil || !owner.Is(core.Kernel) {
			p.split(f, plans)
		}
	})
	p.pool = newPool(threads)
	if err := p.pack(ctx, held, c.packed, c.ahead, threads, c.codeOf()); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// mostIdle is how many bytes of Go's heap may be left idle by compiling.
const mostIdle = 16 << 20

// giveBack returns memory to the system that only compiling took, where that is much: a model runs without it.
func giveBack() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapIdle-m.HeapReleased > mostIdle {
		debug.FreeOSMemory()
	}
}

// candidates lists the operations that kernels may compute.
func candidates(m *ir.Module) []*ir.Op {
	var ops []*ir.Op
	m.AllFuncs(func(f *ir.Func) {
		if owner := f.Owner(); owner != nil && owner.Is(core.Kernel) {
			return // it is planned as a whole
		}
		for _, op := range f.Ops {
			if !op.Def.Traits.Has(ir.Terminator) && !op.Is(core.Constant) && schedule.OneResult(op) && len(op.Binds()) == 0 {
				ops = append(ops, op)
			}
		}
	})
	return ops
}

// split finds the segments of a function: the longest runs of operations with kernels, and constants before and between them.
func (p *program) split(f *ir.Func, plans map[*ir.Op]*segmentStep) {
	last := 0 // where the one before ends
	for at := 0; at < len(f.Ops); at++ {
		if plans[f.Ops[at]] == nil {
			continue
		}
		end, from := at+1, at
		for from > last && f.Ops[from-1].Is(core.Constant) {
			from--
		}
		for next := end; next < len(f.Ops) && (plans[f.Ops[next]] != nil || f.Ops[next].Is(core.Constant)); next++ {
			if plans[f.Ops[next]] != nil {
				end = next + 1
			}
		}
		s := &segment{Segment: interp.Segment{ID: len(p.segments), From: from, To: end}, f: f}
		s.in, s.out = interp.Boundary(f, from, end)
		for _, op := range f.Ops[from:end] {
			if step := plans[op]; step != nil {
				s.steps = append(s.steps, *step)
			} else {
				s.consts = append(s.consts, op)
			}
		}
		s.describe()
		p.segments = append(p.segments, s)
		p.of[f] = append(p.of[f], s.Segment)
		at, last = end, end
	}
}

// describe fills in what is looked up at each call.
func (s *segment) describe() {
	names := map[string]bool{}
	note := func(dims ...ir.Dim) {
		for _, d := range dims {
			for _, name := range d.Symbols() {
				names[name] = true
			}
		}
	}
	for _, st := range s.steps {
		note(st.op.Results[0].Type.Shape...)
		for _, v := range st.operands {
			note(v.Type.Shape...)
		}
		for _, f := range st.functions {
			for _, d := range f.kernel.Sizes {
				names[d.Name] = true
			}
		}
	}
	s.symbols = slices.Sorted(maps.Keys(names))
	s.views()
	s.list()
	s.touch()
}

// touch finds the values that are not only packed: of the others, no memory is needed.
func (s *segment) touch() {
	s.touched = map[*ir.Value]bool{}
	mark := func(v *ir.Value) {
		root, _ := s.root(v)
		s.touched[root] = true
	}
	for _, v := range s.out {
		mark(v)
	}
	for _, st := range s.steps {
		mark(st.op.Results[0]) // what a view lies in, which observers are shown
		for k, f := range st.functions {
			for i, a := range st.plan.Args[k] {
				if a.Kind == kernel.Operand && f.Touched[i] {
					mark(st.operands[a.Index])
				}
			}
		}
	}
}

// number gives the values with tensors their indices.
func (s *segment) number() {
	s.index = map[*ir.Value]int{}
	for _, v := range s.in {
		s.index[v] = len(s.index)
	}
	for _, op := range s.consts {
		s.index[op.Results[0]] = len(s.index)
	}
	for _, v := range s.out {
		o := outValue{value: v, result: slices.Index(s.f.Returns(), v)}
		root, _ := s.root(v)
		i, outside := s.index[root]
		switch {
		case outside && root == v:
			o.index, o.kind = i, constantOut
		case outside:
			o.index, o.kind = i, updatedOut
		case o.result >= 0:
			o.index, o.kind = len(s.index), returnedOut
			s.index[v] = o.index
		}
		s.outs = append(s.outs, o)
	}
	s.count = len(s.index)
}

func (p *program) close() error {
	p.pool.close()
	var errs []error
	for _, a := range p.packed {
		errs = append(errs, a.Free())
	}
	return errors.Join(append(errs, p.code.close())...)
}
