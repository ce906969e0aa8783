package checked

import (
	"context"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Trial is what became of running the kernels of an operation on values that the interpreter has computed.
type Trial struct {
	Op       *ir.Op
	Kernels  []*launch.Entry // of the operation that no trial before has run
	Partial  bool            // of the last kernel only some threadgroups have run, as there are very many
	Findings []check.Diagnostic
	Got      *host.Tensor // what the kernels gave, in the order of threads that was worst; nil where one did not come to its end
	Want     *host.Tensor
}

// Trials runs each generated kernel of a function's plan in three orders of threads: with the operation that it is first used by, on what a
// call of the function by the interpreter computes. texts are the compiled ones. A kernel is known by seen, so that other functions do not try it
// again. show takes the trials, in the order of the program; its error ends all.
func (b Backend) Trials(ctx context.Context, m *ir.Module, p *plan.Plan, texts map[string]*check.Program, function int, in []*host.Tensor, seen map[int]bool, show func(*Trial) error) error {
	f, fn := m.Funcs[function], &p.File.Functions[function]
	t := &trials{Backend: b, ctx: ctx, p: p, texts: texts, f: f, fn: fn, values: map[*ir.Value]*host.Tensor{}}
	for _, s := range fn.Steps {
		if d := s.Dispatch; d != nil && !seen[d.Kernel] && p.File.Kernels[d.Kernel].Origin == launch.Generated {
			seen[d.Kernel] = true
			if n := len(t.list); n == 0 || t.list[n-1].Op != f.Ops[s.Op] {
				t.list = append(t.list, &Trial{Op: f.Ops[s.Op]})
			}
			last := t.list[len(t.list)-1]
			last.Kernels = append(last.Kernels, &p.File.Kernels[d.Kernel])
		}
	}
	if err := t.observe(m, in); err != nil {
		return err
	}
	for _, one := range t.list {
		if err := t.run(one); err != nil {
			return err
		}
		if err := show(one); err != nil {
			return err
		}
	}
	return nil
}

// trials are those of one function.
type trials struct {
	Backend
	ctx    context.Context
	p      *plan.Plan
	texts  map[string]*check.Program
	f      *ir.Func
	fn     *launch.Function
	list   []*Trial
	values map[*ir.Value]*host.Tensor
	size   func(string) (int64, bool)
}

// observe calls the function by the interpreter, and keeps what the operations of the trials take and give.
func (t *trials) observe(m *ir.Module, in []*host.Tensor) error {
	needed := map[*ir.Value]bool{}
	for _, one := range t.list {
		for _, v := range append(slices.Clone(one.Op.Operands), one.Op.Results...) {
			needed[v] = true
		}
	}
	for _, op := range t.f.Ops {
		if len(op.Binds()) > 0 {
			for _, v := range op.Results {
				needed[v] = true
			}
		}
	}
	program, err := interp.Backend{}.Compile(t.ctx, m, backend.Options{})
	if err != nil {
		return err
	}
	defer program.Close()
	s := program.NewSession()
	sizes, err := sizesOf(s, t.f, in)
	if err != nil {
		return err
	}
	t.size = sizes.Get
	_, err = s.Call(t.ctx, t.f.Name, in, &backend.CallOptions{
		Select:  func(v *ir.Value) bool { return needed[v] },
		Observe: func(v *ir.Value, x *host.Tensor) { t.values[v] = x.Clone() },
	})
	for _, op := range t.f.Ops {
		if err == nil && len(op.Binds()) > 0 {
			var results []*host.Tensor
			for _, v := range op.Results {
				results = append(results, t.values[v])
			}
			err = sizes.BindResults(op, results)
		}
	}
	return err
}

// sizesOf binds the sizes of a function for a call's inputs.
func sizesOf(s backend.Session, f *ir.Func, in []*host.Tensor) (sizes *backend.Sizes, err error) {
	var args []*host.Tensor
	next := 0
	for _, p := range f.Params {
		var a *host.Tensor
		switch p.Role {
		case ir.Input:
			a = in[next]
			next++
		case ir.StateIn:
			if _, fixed := p.Value.Type.Static(); fixed && p.Binds == "" {
				break // it says nothing of sizes
			}
			if a, err = s.State(p.State); err != nil {
				return nil, err
			}
		}
		args = append(args, a)
	}
	return backend.BindInputs(f, args)
}

// SizesOf gives the sizes of a function that the inputs of a first call decide.
func SizesOf(m *ir.Module, function int, in []*host.Tensor) (map[string]int64, error) {
	program, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer program.Close()
	f := m.Funcs[function]
	bound, err := sizesOf(program.NewSession(), f, in)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, d := range f.Dims {
		if n, ok := bound.Get(d.Name); ok {
			sizes[d.Name] = n
		}
	}
	return sizes, nil
}

// run tries the kernels of an operation in all orders.
func (t *trials) run(one *Trial) error {
	want := t.values[one.Op.Results[0]]
	if want == nil {
		return fmt.Errorf("internal error: the interpreter does not show what %s gives", one.Op.Name())
	}
	one.Want = want
	for _, order := range []check.Order{check.Forward, check.Reversed, check.Shuffled} {
		got, err := t.dispatches(one, order)
		if err != nil {
			return err
		}
		if got == nil {
			one.Got = nil
			return nil
		}
		if one.Got == nil || apart(got, want) > apart(one.Got, want) {
			one.Got = got
		}
	}
	return nil
}

func apart(got, want *host.Tensor) float64 {
	gap, err := host.Measure(got, want, host.Tolerance{})
	if err != nil {
		return 0
	}
	return gap.MaxAbs
}

// dispatches runs the steps of an operation in an order of threads; nil where one did not come to its end.
func (t *trials) dispatches(one *Trial, order check.Order) (*host.Tensor, error) {
	b := t.Backend
	b.Order = order
	ended := true
	b.Found = func(d check.Diagnostic) {
		ended = ended && d.Kind != check.Time
		if !slices.ContainsFunc(one.Findings, func(have check.Diagnostic) bool {
			return have.Kernel == d.Kernel && have.Line == d.Line && have.Kind == d.Kind && have.Variable == d.Variable
		}) {
			one.Findings = append(one.Findings, d)
		}
	}
	d := &device{b, t.texts}
	q, err := d.NewQueue()
	if err != nil {
		return nil, err
	}
	f := walk.NewFrame(d, q, t.p, t.fn, t.size)
	defer f.Free()
	for _, v := range one.Op.Operands {
		if v == nil {
			continue
		}
		if err := f.Give(t.p.Values[v], t.values[v].Clone().Bytes()); err != nil {
			return nil, err
		}
	}
	var steps []int
	for i := range t.fn.Steps {
		if t.f.Ops[t.fn.Steps[i].Op] == one.Op {
			steps = append(steps, i)
		}
	}
	for i, step := range steps {
		for _, at := range t.fn.Steps[step].Dispatch.Buffers {
			if err := f.Own(at); err != nil {
				return nil, err
			}
		}
		most := 0
		if i == len(steps)-1 {
			most = mostGroups
		}
		if one.Partial, err = f.Step(t.ctx, step, most); err != nil {
			return nil, err
		}
		if !ended {
			return nil, nil
		}
	}
	data, err := f.Take(t.p.Values[one.Op.Results[0]])
	if err != nil {
		return nil, err
	}
	return t.result(data, one)
}

// mostGroups is how many threadgroups of a kernel run where there are more.
const mostGroups = 8

// result is the tensor of a result. What no thread has written because its group did not run counts as right.
func (t *trials) result(data []byte, one *Trial) (*host.Tensor, error) {
	want := one.Want.Clone()
	if n := want.Elem.Bytes(); one.Partial && !want.Elem.Packed() {
		for i := 0; i+n <= len(data); i += n {
			if !slices.ContainsFunc(data[i:i+n], func(b byte) bool { return b != 0xff }) {
				copy(data[i:i+n], want.Bytes()[i:i+n])
			}
		}
	}
	return host.FromBytes(want.Elem, want.Shape, data)
}
