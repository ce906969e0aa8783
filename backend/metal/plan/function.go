package plan

import (
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// function is a function on the way.
type function struct {
	*builder
	f      *ir.Func
	out    *launch.Function
	at     map[*ir.Value]int // buffers of values
	places map[*ir.Op]int    // of operations in the list
	over   map[*ir.Op]bool   // updates that may be written over their base
	status int               // its buffer; -1 for none
	types  []ir.Type         // of the buffers
	uses   [][]use           // of the steps
	lives  []life            // of buffers that the plan gives memory; by buffer, unset for others
}

// use is what a step does with a buffer.
type use struct {
	buffer int
	writes bool
}

// life is from which to which step a buffer is needed.
type life struct {
	set      bool
	from, to int
	own      bool // its size is known only when the step has run that gives it
}

// function plans one. It notes the buffers of its values.
func (b *builder) function(f *ir.Func, values map[*ir.Value]int) (*launch.Function, error) {
	p := &function{builder: b, f: f, at: values, places: map[*ir.Op]int{}, over: interp.Overwriting(f), status: -1}
	p.out = &launch.Function{Name: f.Name, Buffers: []launch.Memory{}, Steps: []launch.Step{}}
	for _, d := range f.Dims {
		p.out.Sizes = append(p.out.Sizes, d.Name)
	}
	for _, v := range f.Params {
		m := launch.Memory{Kind: launch.Input, Name: v.Value.Name}
		if v.Role == ir.StateIn {
			m.Kind, m.Name = launch.StateIn, v.State
		}
		p.at[v.Value] = p.buffer(v.Value.Type, m)
	}
	for i, op := range f.Ops {
		p.places[op] = i
		if !op.Is(core.Constant) && !op.Def.Traits.Has(ir.Terminator) {
			p.operation(op)
		}
	}
	for _, v := range f.Returns() {
		at := p.value(v)
		p.until(at, len(p.out.Steps))
		p.out.Results = append(p.out.Results, at)
	}
	p.aliases()
	p.place()
	p.hazards()
	return p.out, nil
}

// buffer adds one.
func (p *function) buffer(t ir.Type, m launch.Memory) int {
	m.DType, m.Shape = t.Elem.String(), []string{}
	for _, d := range t.Shape {
		m.Shape = append(m.Shape, d.String())
	}
	p.out.Buffers = append(p.out.Buffers, m)
	p.types = append(p.types, t)
	p.lives = append(p.lives, life{})
	return len(p.out.Buffers) - 1
}

// temporary adds a buffer that lives within the call. place decides where.
func (p *function) temporary(t ir.Type) int { return p.buffer(t, launch.Memory{}) }

// value is the buffer of a value; a constant gets one when it is first used.
func (p *function) value(v *ir.Value) int {
	if at, ok := p.at[v]; ok {
		return at
	}
	m := launch.Memory{Kind: launch.Constant, Op: p.places[v.Def]}
	if name, ok := v.Def.Attr("value").(ir.Symbol); ok {
		m.Name = string(name)
	}
	p.at[v] = p.buffer(v.Type, m)
	return p.at[v]
}

// result adds the buffer of a value that an operation gives.
func (p *function) result(v *ir.Value) int {
	m := launch.Memory{}
	if i := slices.Index(p.f.Returns(), v); i >= 0 {
		m = launch.Memory{Kind: launch.Output, Name: p.f.Results[i].Name}
		if r := p.f.Results[i]; r.Name == "" {
			m.Name = r.Target
		}
	}
	p.at[v] = p.buffer(v.Type, m)
	return p.at[v]
}

// operation plans one.
func (p *function) operation(op *ir.Op) {
	if op.Is(core.MetalKernel) {
		p.customKernel(op)
		return
	}
	if from, ok := calls.Shows(op); ok && !slices.Contains(p.f.Returns(), op.Results[0]) {
		p.at[op.Results[0]] = p.buffer(op.Results[0].Type, launch.Memory{Kind: launch.Part, Of: p.value(op.Operands[0]), At: from.String()})
		return
	}
	plan, numbers, err := p.kernels(op, p.over)
	if err != nil {
		p.host(op, lastReason(err))
		return
	}
	p.dispatches(op, plan, numbers)
}

// lastReason is what the most general schedule says, which is the last one that was asked.
func lastReason(err error) string {
	why := err.Error()
	if _, last, ok := strings.Cut(why, "; elementwise: "); ok {
		return last
	}
	return why
}

// host plans an operation that the interpreter computes.
func (p *function) host(op *ir.Op, why string) {
	h := &launch.Host{Name: op.Name(), Reason: why}
	var uses []use
	for _, v := range calls.Operands(op) {
		h.Takes = append(h.Takes, p.value(v))
		uses = append(uses, use{p.value(v), false})
	}
	for _, v := range op.Results {
		at := p.result(v)
		h.Gives = append(h.Gives, at)
		uses = append(uses, use{at, true})
		p.lives[at].own = len(op.Binds()) > 0
	}
	p.step(launch.Step{Op: p.places[op], Host: h}, uses)
}

// step adds a step.
func (p *function) step(s launch.Step, uses []use) {
	n := len(p.out.Steps)
	p.out.Steps = append(p.out.Steps, s)
	p.uses = append(p.uses, uses)
	for _, u := range uses {
		if !p.lives[u.buffer].set {
			p.lives[u.buffer] = life{true, n, n, p.lives[u.buffer].own}
		}
		p.until(u.buffer, n)
	}
}

// until notes that a buffer, and what it is a part of, is needed at a step.
func (p *function) until(at, step int) {
	for {
		p.lives[at].to = max(p.lives[at].to, step)
		if p.out.Buffers[at].Kind != launch.Part {
			return
		}
		at = p.out.Buffers[at].Of
	}
}

// customKernel plans the dispatch of a user's kernel.
func (p *function) customKernel(op *ir.Op) {
	d := &launch.Dispatch{Kernel: ^custom.Index(p.custom, op), Function: op.Str("function")}
	var uses []use
	for _, v := range op.Operands {
		d.Buffers = append(d.Buffers, p.value(v))
		uses = append(uses, use{p.value(v), false})
	}
	for _, v := range op.Results {
		at := p.result(v)
		d.Buffers = append(d.Buffers, at)
		uses = append(uses, use{at, true})
	}
	p.step(launch.Step{Op: p.places[op], Dispatch: d}, uses)
}

// dispatches plans an operation that kernels compute; numbers are theirs, and those of what is packed behind them.
func (p *function) dispatches(op *ir.Op, plan *calls.Plan, numbers []int) {
	var operands []int // their buffers
	for i, v := range calls.Operands(op) {
		at := p.value(v)
		if shown, ok := plan.Shown[i]; ok {
			at = p.buffer(shown.Type, launch.Memory{Kind: launch.Part, Of: at, At: shown.At.String()})
		}
		operands = append(operands, at)
	}
	var packed []int
	for i, pack := range plan.Packs {
		at := p.buffer(ir.TensorOf(pack.Elem, ir.Const(int64(pack.Bytes/pack.Elem.Bytes()))), launch.Memory{Kind: launch.Packed})
		d := &launch.Dispatch{Kernel: numbers[len(plan.Kernels)+i], Once: true}
		for _, o := range pack.Operands {
			d.Buffers = append(d.Buffers, operands[o])
		}
		d.Buffers = append(d.Buffers, at)
		packed = append(packed, at)
		p.dispatch(op, d, pack.Kernel)
	}
	var temps []int
	for _, t := range plan.Temps {
		temps = append(temps, p.temporary(ir.TensorOf(t.Elem, t.Len)))
	}
	var undo *launch.Undo
	result := 0
	if plan.InPlace != nil {
		result = p.value(op.Operands[0])
		p.at[op.Results[0]] = result
		undo = &launch.Undo{
			Base:   result,
			Saved:  p.temporary(ir.TensorOf(op.In(0).Elem, plan.InPlace.Runs, plan.InPlace.Length)),
			Places: p.temporary(ir.TensorOf(host.I64, plan.InPlace.Runs)),
		}
	} else {
		result = p.result(op.Results[0])
	}
	for i, k := range plan.Kernels {
		d := &launch.Dispatch{Kernel: numbers[i], Undo: undo}
		for _, a := range plan.Args[i] {
			d.Buffers = append(d.Buffers, p.argument(a, operands, temps, packed, undo, result))
		}
		p.dispatch(op, d, k)
	}
	if undo != nil { // what was saved is needed until the call has ended well
		p.lives[undo.Saved].to, p.lives[undo.Places].to = forever, forever
	}
}

// forever is a step behind the last one.
const forever = 1 << 40

// argument is the buffer that a kernel's argument is.
func (p *function) argument(a calls.Arg, operands, temps, packed []int, undo *launch.Undo, result int) int {
	switch a.Kind {
	case kernel.Operand:
		return operands[a.Index]
	case kernel.Temporary:
		return temps[a.Index]
	case kernel.Packed:
		return packed[a.Index]
	case kernel.Saved:
		return undo.Saved
	case kernel.Places:
		return undo.Places
	case kernel.Status:
		if p.status < 0 {
			p.status = p.buffer(ir.TensorOf(host.I32, ir.Const(1)), launch.Memory{Kind: launch.Status})
		}
		return p.status
	}
	return result
}

// dispatch adds the step that runs a kernel.
func (p *function) dispatch(op *ir.Op, d *launch.Dispatch, k *kernel.Kernel) {
	d.Function = p.texts.entries[d.Kernel].Function
	var uses []use
	at := 0
	for _, b := range k.Buffers {
		if b.Space == kernel.Global {
			uses = append(uses, use{d.Buffers[at], b.Access&kernel.Write != 0})
			at++
		}
	}
	p.step(launch.Step{Op: p.places[op], Dispatch: d}, uses)
}
