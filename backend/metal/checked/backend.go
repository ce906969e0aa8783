package checked

import (
	"context"
	"math/rand/v2"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk"
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
	return walk.Compile(ctx, m, made, &device{b, texts}, opt, walk.Options{Custom: b.Trust, Poison: true, Order: orders[b.Order]})
}

// orders are those of steps: as they are listed, the last one that may run, or any.
var orders = map[check.Order]func(steps int) func(ready int) int{
	check.Reversed: func(int) func(int) int { return func(ready int) int { return ready - 1 } },
	check.Shuffled: func(steps int) func(int) int { return rand.New(rand.NewPCG(1, uint64(steps))).IntN },
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
