package checked

import (
	"context"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir"
)

// Backend runs modules by their plans.
type Backend struct {
	Tools *check.Tools
	// Order is that of threads, and of steps as far as they do not wait for each other.
	Order  check.Order
	Limits check.Limits
	Trust  bool // compile and run kernels that came with the module; without, their definitions are interpreted
	// Found takes what the checker finds in a kernel; nil makes an error of the first.
	Found func(check.Diagnostic)
}

// Name is metal-checked.
func (Backend) Name() string { return "metal-checked" }

// Compile plans a module and compiles its texts for the checker.
func (b Backend) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	if err := interp.Check(m); err != nil {
		return nil, err
	}
	made, err := plan.Make(ctx, m, plan.Options{Threads: opt.Threads, Progress: opt.Progress})
	if err != nil {
		return nil, err
	}
	return b.With(ctx, m, made, opt)
}

// With is Compile for a module that is planned already.
func (b Backend) With(ctx context.Context, m *ir.Module, made *plan.Plan, opt backend.Options) (backend.Program, error) {
	texts, err := Texts(ctx, b.Tools, made, b.Trust)
	if err != nil {
		return nil, err
	}
	p := &program{Backend: b, plan: made, file: made.File, texts: texts, of: map[*ir.Func][]interp.Segment{}}
	for i := range made.File.Functions {
		p.split(m.Funcs[i], &made.File.Functions[i])
	}
	return interp.CompileWith(ctx, m, opt, &interp.Segments{
		Of:        func(f *ir.Func) []interp.Segment { return p.of[f] },
		NewRunner: func() interp.Runner { return (&session{p: p, constants: map[*ir.Op][]byte{}}).run },
		Close:     func() error { return nil },
	})
}

// Texts compiles the texts of a plan for the checker, by name. Those of users are left out unless they are trusted.
func Texts(ctx context.Context, tools *check.Tools, p *plan.Plan, trust bool) (map[string]*check.Program, error) {
	texts := map[string]*check.Program{}
	for _, t := range p.Texts {
		if !trust && isCustom(p.File, t) {
			continue
		}
		c, err := check.Compile(ctx, tools, check.Source{Name: t.Name, Text: string(t.Data)})
		if err != nil {
			return nil, err
		}
		texts[t.Name] = c
	}
	return texts, nil
}

func isCustom(f *launch.File, t custom.File) bool {
	for _, k := range f.Kernels {
		if k.Text == t.Name {
			return k.Origin == launch.Custom
		}
	}
	return false
}

// program is a module's plan, cut into segments.
type program struct {
	Backend
	plan     *plan.Plan
	file     *launch.File
	texts    map[string]*check.Program
	segments []*segment
	of       map[*ir.Func][]interp.Segment
}

// segment is a run of operations of a function that kernels compute.
type segment struct {
	f        *ir.Func
	fn       *launch.Function
	first    bool // of the function
	from, to int
	in, out  []*ir.Value
	steps    []int
}

// split finds the segments of a function.
func (p *program) split(f *ir.Func, fn *launch.Function) {
	steps := make([][]int, len(f.Ops))
	hosted := make([]bool, len(f.Ops))
	for i, s := range fn.Steps {
		steps[s.Op] = append(steps[s.Op], i)
		hosted[s.Op] = s.Host != nil || s.Dispatch != nil && p.file.Kernels[s.Dispatch.Kernel].Origin == launch.Custom && !p.Trust
	}
	for from := 0; from < len(f.Ops)-1; {
		end := from
		var list []int
		for end < len(f.Ops)-1 && !hosted[end] {
			list = append(list, steps[end]...)
			end++
		}
		if len(list) > 0 {
			s := &segment{f: f, fn: fn, first: len(p.of[f]) == 0, from: from, to: end, steps: list}
			s.in, s.out = interp.Boundary(f, from, end)
			p.of[f] = append(p.of[f], interp.Segment{ID: len(p.segments), From: from, To: end})
			p.segments = append(p.segments, s)
		}
		from = end + 1
	}
}
