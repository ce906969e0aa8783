package interp

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Backend is the reference engine.
type Backend struct{}

// Name is interp.
func (Backend) Name() string { return "interp" }

// Compile plans every function. Constant data is read when it is first used.
func (Backend) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	return compile(ctx, m, opt, nil)
}

func compile(_ context.Context, m *ir.Module, opt backend.Options, segments *Segments) (backend.Program, error) {
	p := &program{module: m, segments: segments, named: map[string]*ir.Resource{}, resources: map[string]*host.Tensor{}, parallel: workers(opt.Threads)}
	for _, r := range m.Resources {
		p.named[r.Name] = r
	}
	pl := planner{plans: map[*ir.Func]*plan{}, segments: segments}
	if err := pl.module(m); err != nil {
		return nil, err
	}
	p.plans, p.literals = pl.plans, pl.literals
	return p, nil
}

// Check gives the errors of Compile, for an engine that has more to do before it calls CompileWith.
func Check(m *ir.Module) error {
	pl := planner{plans: map[*ir.Func]*plan{}}
	return pl.module(m)
}

type program struct {
	module   *ir.Module
	plans    map[*ir.Func]*plan
	literals []*host.Tensor // tensors written out in attributes
	named    map[string]*ir.Resource
	parallel host.Parallel
	segments *Segments // nil where the interpreter computes all
	calls    calls

	mu        sync.Mutex
	resources map[string]*host.Tensor // those in use
}

// Functions lists the functions in the module's order.
func (p *program) Functions() []backend.Signature {
	var list []backend.Signature
	for _, f := range p.module.Funcs {
		list = append(list, backend.SignatureOf(f))
	}
	return list
}

// Close waits for the calls that are going on and gives back what the program holds. A second one does nothing.
func (p *program) Close() error {
	if p.calls.close() && p.segments != nil {
		return p.segments.Close()
	}
	return nil
}

// NewSession starts with the initial state.
func (p *program) NewSession() backend.Session {
	s := &session{program: p, states: map[string]*host.Tensor{}}
	if p.segments != nil {
		s.runner, s.arena, s.saved = p.segments.NewRunner(), &memory.Arena{}, &memory.Arena{}
		for _, a := range []*memory.Arena{s.arena, s.saved} {
			runtime.SetFinalizer(a, func(a *memory.Arena) { _ = a.Free() }) // a backend.Session has no Close
		}
	}
	return s
}

func (p *program) resource(name string) (*host.Tensor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.resources[name]; t != nil {
		return t, nil
	}
	r := p.named[name]
	if r == nil {
		return nil, fmt.Errorf("the module has no resource @%s", name)
	}
	t, err := r.Tensor()
	if err != nil {
		return nil, err
	}
	p.resources[name] = t
	return t, nil
}

// Call runs a function.
func (s *session) Call(ctx context.Context, name string, in []*host.Tensor, opt *backend.CallOptions) (out []*host.Tensor, err error) {
	if err := s.program.calls.begin(); err != nil {
		return nil, err
	}
	defer s.program.calls.end()
	if !s.busy.CompareAndSwap(false, true) {
		return nil, errBusy
	}
	defer s.busy.Store(false)
	f := s.program.module.Func(name)
	if f == nil {
		return nil, fmt.Errorf("the module has no function %q", name)
	}
	if opt == nil {
		opt = &backend.CallOptions{}
	}
	pl := s.program.plans[f]
	if len(in) != pl.inputs {
		return nil, fmt.Errorf("@%s takes %d inputs, found %d", name, pl.inputs, len(in))
	}
	r := s.begin(ctx, opt)
	defer func() { err = errors.Join(err, s.end()) }()
	given := in
	for _, p := range f.Params {
		var t *host.Tensor
		switch p.Role {
		case ir.StateIn:
			if t, err = s.argument(pl, p.State); err != nil {
				return nil, err
			}
			if pl.writes && f.Updates(p) {
				r.states = append(r.states, t)
			}
		case ir.Input:
			if t, given = given[0], given[1:]; t == nil {
				return nil, fmt.Errorf("@%s: input %q is missing, expected %s", name, p.Value.Name, p.Value.Type)
			}
		}
		r.args = append(r.args, t)
	}
	r.offered(f, in)
	if err := r.sizes.BindInputs(f, r.args); err != nil {
		return nil, fmt.Errorf("@%s: %w", name, err)
	}
	results, err := r.guarded(pl)
	if err != nil {
		r.undo.restore()
		return nil, fmt.Errorf("@%s: %w", name, err)
	}
	s.separate(pl, in, results, r.outputs)
	out = make([]*host.Tensor, 0, len(f.Results))
	for i, res := range f.Results {
		if res.State {
			s.states[res.Target] = results[i]
		} else {
			out = append(out, results[i])
		}
	}
	runtime.KeepAlive(s) // until nothing lies in its runner's memory any more
	return out, nil
}

// run is one call of a function.
type run struct {
	program *program
	session *session
	ctx     context.Context
	opt     *backend.CallOptions
	current *ir.Op
	entered int // how many functions and bodies have begun to run

	states  []*host.Tensor // that this call may write over
	outputs []*host.Tensor // for each result of the called function, memory that the caller offers for it, or nil
	undo    undo

	// Of the called function, used again by the session's next call:
	args, slots, results, taken []*host.Tensor
	sizes                       backend.Sizes
	eval                        *ir.EvalCtx
}

// guarded turns a panic inside an operation into an error that names it.
func (r *run) guarded(pl *plan) (out []*host.Tensor, err error) {
	defer func() {
		if p := recover(); p != nil {
			where := "@" + pl.fn.Name
			if r.current != nil {
				where = r.current.Name() + at(r.current.Loc)
			}
			var large *host.TooLarge
			if e, ok := p.(error); ok && errors.As(e, &large) { // of a size that only this call's data made
				err = fmt.Errorf("%s: %w", where, large)
				return
			}
			err = fmt.Errorf("internal error in %s: %v\n%s", where, p, debug.Stack())
		}
	}()
	r.slots = append(r.slots, make([]*host.Tensor, pl.slots)...)
	r.results = append(r.results, make([]*host.Tensor, len(pl.ret))...)
	return r.results, r.steps(pl, r.args, r.slots, r.results, r.eval, &r.sizes, true)
}

// body runs a body with sizes of its own.
func (r *run) body(pl *plan, args []*host.Tensor, outer *backend.Sizes) ([]*host.Tensor, error) {
	sizes, err := outer.Nested(pl.fn)
	if err != nil {
		return nil, err
	}
	return r.function(pl, args, sizes)
}

// function runs a function or body within the called one.
func (r *run) function(pl *plan, args []*host.Tensor, sizes *backend.Sizes) ([]*host.Tensor, error) {
	slots, out := make([]*host.Tensor, pl.slots), make([]*host.Tensor, len(pl.ret))
	if err := r.steps(pl, args, slots, out, r.evalCtx(sizes), sizes, false); err != nil {
		return nil, err
	}
	r.leave(slots, out)
	return out, nil
}

// steps runs a plan in slots that are empty.
func (r *run) steps(pl *plan, args, slots, out []*host.Tensor, ctx *ir.EvalCtx, sizes *backend.Sizes, outermost bool) error {
	for k, t := range args {
		r.fill(slots, k, t)
	}
	r.entered++
	for i, p := range pl.fn.Params {
		if args[i] != nil {
			r.observe(p.Value, args[i])
		}
	}
	for i := range pl.steps {
		st := &pl.steps[i]
		if err := r.ctx.Err(); err != nil {
			return err
		}
		var err error
		if st.segment != nil {
			err = r.segment(st, slots, ctx, sizes, outermost)
		} else {
			err = r.one(st, slots, ctx, sizes, outermost)
		}
		if err != nil {
			return err
		}
		for _, k := range st.free {
			r.empty(slots, k)
		}
		if outermost && r.opt.Progress != nil {
			r.opt.Progress(i+1, len(pl.steps))
		}
	}
	for i, k := range pl.ret {
		out[i] = slots[k]
	}
	return sizes.Finish()
}

// one computes the operation of a step.
func (r *run) one(st *step, slots []*host.Tensor, ctx *ir.EvalCtx, sizes *backend.Sizes, outermost bool) error {
	if outermost && st.overwrites && r.mayOverwrite(st, slots) {
		over := *ctx
		over.Overwrite = r.undo.note
		ctx = &over
	}
	var few [8]*host.Tensor
	in := few[:0]
	for _, k := range st.in {
		if k < 0 {
			in = append(in, nil)
		} else {
			in = append(in, slots[k])
		}
	}
	results, err := r.step(st, in, ctx, sizes)
	if err != nil {
		return err
	}
	for k, t := range results {
		r.fill(slots, st.out[k], t)
		r.observe(st.op.Results[k], t)
	}
	return nil
}

func (r *run) observe(v *ir.Value, t *host.Tensor) {
	if r.opt.Observe != nil && (r.opt.Select == nil || r.opt.Select(v)) {
		r.opt.Observe(v, t)
	}
}

func (r *run) step(st *step, in []*host.Tensor, ctx *ir.EvalCtx, sizes *backend.Sizes) ([]*host.Tensor, error) {
	r.current = st.op
	start, entered := time.Now(), r.entered
	var out []*host.Tensor
	var err error
	if st.body != nil {
		out, err = r.body(st.body, present(st.op, in), sizes)
	} else {
		out, err = st.op.Def.Eval(ctx, st.op, in)
	}
	if err == nil {
		err = checkResults(st.op, out)
	}
	if err == nil {
		err = sizes.BindResults(st.op, out)
	}
	if err == nil {
		err = checkSizes(ctx, st.op, out)
	}
	if err != nil {
		if st.op.Bodies != nil { // the error names the operation inside
			return nil, err
		}
		return nil, fmt.Errorf("%w%s", err, at(st.op.Loc))
	}
	if r.opt.Timing != nil && r.entered == entered {
		r.opt.Timing(st.op, "interp", time.Since(start).Nanoseconds())
	}
	return out, nil
}

// present drops absent and repeated operands, as ir.Expanded does.
func present(op *ir.Op, in []*host.Tensor) []*host.Tensor {
	var args []*host.Tensor
	for i, v := range op.Operands {
		if v != nil && !seenBefore(op.Operands[:i], v) {
			args = append(args, in[i])
		}
	}
	return args
}

// checkResults holds the engine's contract: the results are what the operation's types say.
func checkResults(op *ir.Op, out []*host.Tensor) error {
	if len(out) != len(op.Results) {
		return fmt.Errorf("%s gave %d results, expected %d", op.Name(), len(out), len(op.Results))
	}
	for i, t := range out {
		want := op.Results[i].Type
		if t == nil || t.Elem != want.Elem || t.Rank() != want.Rank() {
			return fmt.Errorf("%s gave %v for result %d, expected %s", op.Name(), t, i, want)
		}
	}
	return nil
}

func checkSizes(ctx *ir.EvalCtx, op *ir.Op, out []*host.Tensor) error {
	for i, t := range out {
		for k, d := range op.Results[i].Type.Shape {
			n, err := ctx.Dim(d)
			if err != nil {
				return fmt.Errorf("%s: %w", op.Name(), err)
			}
			if n != t.Shape[k] {
				return fmt.Errorf("%s gave %s for result %d, expected %s with %s = %d", op.Name(), t, i, op.Results[i].Type, d, n)
			}
		}
	}
	return nil
}

func (r *run) evalCtx(sizes *backend.Sizes) *ir.EvalCtx {
	return &ir.EvalCtx{
		Context:  r.ctx,
		Size:     sizes.Get,
		Resource: r.program.resource,
		Parallel: r.program.parallel,
		Call: func(body *ir.Func, args []*host.Tensor) ([]*host.Tensor, error) {
			return r.body(r.program.plans[body], args, sizes)
		},
		Function: func(name string, args []*host.Tensor) ([]*host.Tensor, error) {
			f := r.program.module.Func(name)
			inner, err := backend.BindInputs(f, args)
			if err != nil {
				return nil, fmt.Errorf("@%s: %w", name, err)
			}
			return r.function(r.program.plans[f], args, inner)
		},
	}
}
