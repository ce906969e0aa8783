package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/checked"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// checkPlan runs the kernels of a plan, the plan of each small function, and the kernels of the model's author.
func (c *metal) checkPlan(ctx context.Context, m *ir.Module, p *plan.Plan, r *metalReport) error {
	tools, err := check.Find()
	if err != nil {
		return err
	}
	k := &planCheck{metal: c, m: m, p: p, r: r, backend: checked.Backend{Tools: tools}, seen: map[int]bool{}}
	bar := c.newProgress()
	k.bar = bar
	defer bar.finish()
	own, err := custom.Of(m)
	of := &metalReport{}
	if len(own) > 0 {
		err = errors.Join(err, c.checkCustom(ctx, m, own, of))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	k.backend.Trust = c.trust && err == nil && len(of.errs) == 0 // a plan with kernels that are wrong would only show that again
	err = errors.Join(k.generated(ctx), err)
	r.add(of)
	return errors.Join(append(slices.Clone(r.errs), err)...)
}

// planCheck is a check under way.
type planCheck struct {
	*metal
	m       *ir.Module
	p       *plan.Plan
	r       *metalReport
	backend checked.Backend
	texts   map[string]*check.Program
	seen    map[int]bool
	bar     *progress
}

// generated checks what aiopt has printed.
func (k *planCheck) generated(ctx context.Context) (err error) {
	k.bar.step("compiling kernels", 0, 1)
	if k.texts, err = checked.Texts(ctx, k.backend.Tools, k.p, k.backend.Trust); err != nil {
		return err
	}
	cases, err := numeric.MakeCases(k.m)
	if err != nil {
		return err
	}
	for i, f := range k.m.Funcs {
		for _, one := range slices.Backward(cases) { // the last one of a function has sizes of more than 1, and small ones behind them
			if one.Func != f.Name {
				continue
			}
			if err := k.function(ctx, i, one); err != nil {
				return within("@"+f.Name+": ", err)
			}
			break
		}
	}
	return nil
}

// function checks the kernels of a function at the first sizes of a case that it runs with, and then all of it.
func (k *planCheck) function(ctx context.Context, i int, one numeric.Case) error {
	before := len(k.r.errs)
	tried, partial, worst := 0, 0, 0.0
	show := func(t *checked.Trial) error {
		tried += len(t.Kernels)
		k.bar.step("checking kernels", len(k.seen), len(k.p.File.Kernels))
		if t.Partial {
			partial += len(t.Kernels)
		}
		gap, err := k.trial(t)
		worst = max(worst, gap)
		return err
	}
	for {
		err := k.backend.Trials(ctx, k.m, k.p, k.texts, i, one.In, k.seen, show)
		if err == nil {
			break
		}
		if one.Next == nil || tried > 0 || ctx.Err() != nil {
			return err
		}
		if one, err = one.Next(); err != nil {
			return err
		}
		k.seen = map[int]bool{}
	}
	if len(k.r.errs) > before {
		return nil
	}
	name := k.m.Funcs[i].Name
	if tried > 0 {
		line := fmt.Sprintf("@%s: %s right in three orders of threads, within %.3g", name, areOf(tried), worst)
		if partial > 0 {
			line += fmt.Sprintf("; of %d with very many threads, the first groups were run", partial)
		}
		k.r.Checked = append(k.r.Checked, line)
	}
	return k.whole(ctx, i, one)
}

func areOf(n int) string {
	if n == 1 {
		return "1 kernel is"
	}
	return fmt.Sprintf("%d kernels are", n)
}

// trial holds what kernels gave against what they should.
func (k *planCheck) trial(t *checked.Trial) (float64, error) {
	for _, d := range t.Findings {
		k.r.wrong(errors.New(d.String()))
	}
	if t.Got == nil {
		return 0, nil
	}
	if err := numeric.Differ(t.Got, t.Want); err != nil {
		k.r.wrong(fmt.Errorf("%skernel %s: what it gives for %s is wrong: %w", at(t.Op), t.Kernels[len(t.Kernels)-1].Function, t.Op.Name(), said(err)))
	}
	gap, err := host.Measure(t.Got, t.Want, host.Tolerance{})
	return gap.MaxAbs, err
}

// mostThreads is how many threads a function may take to be run as a whole: half a minute's work.
const mostThreads = 1 << 19

// whole runs a function by its plan in three orders, where that is not too much.
func (k *planCheck) whole(ctx context.Context, i int, one numeric.Case) error {
	before := len(k.r.errs)
	name := k.m.Funcs[i].Name
	threads, err := k.threads(i, one.In)
	if err != nil {
		return err
	}
	if threads > mostThreads {
		k.r.Checked = append(k.r.Checked, fmt.Sprintf("@%s: not run as a whole, which takes %d threads", name, threads))
		return nil
	}
	want, err := computed(ctx, interp.Backend{}, k.m, name, one.In)
	if err != nil {
		return err
	}
	faults := make([]fault, len(want))
	for n, order := range orders {
		k.bar.step("running @"+name, n, len(orders))
		b := k.backend
		b.Order = order.Order
		got, err := computed(ctx, planned{b, k.p}, k.m, name, one.In)
		if err != nil {
			return err
		}
		for j := range want {
			if err := numeric.Differ(got[j], want[j]); err != nil {
				faults[j].add(order.name, said(err))
			}
		}
	}
	for j, f := range faults {
		if f.first != nil {
			k.r.wrong(fmt.Errorf("@%s: output %d of its plan is wrong with steps and threads %s: %w", name, j, strings.Join(f.orders, ", "), f.first))
		}
	}
	if len(k.r.errs) == before {
		k.r.Checked = append(k.r.Checked, fmt.Sprintf("@%s: its plan gives what the interpreter gives, in three orders of steps and threads", name))
	}
	return nil
}

// orders are those in which functions are run, with what they are called.
var orders = [...]struct {
	check.Order
	name string
}{{check.Forward, "in order"}, {check.Reversed, "reversed"}, {check.Shuffled, "shuffled"}}

// fault is what is wrong with an output, and in which orders.
type fault struct {
	orders []string
	first  error
}

func (f *fault) add(order string, err error) {
	f.orders = append(f.orders, order)
	if f.first == nil {
		f.first = err
	}
}

// within puts a place before an error that does not begin with it.
func within(place string, err error) error {
	if strings.HasPrefix(err.Error(), place) {
		return err
	}
	return fmt.Errorf("%s%w", place, err)
}

// threads counts those of all dispatches of a call.
func (k *planCheck) threads(i int, in []*host.Tensor) (int, error) {
	sizes, err := checked.SizesOf(k.m, i, in)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, s := range k.p.File.Functions[i].Steps {
		if s.Dispatch == nil || k.p.File.Kernels[s.Dispatch.Kernel].Origin != launch.Generated {
			continue
		}
		b, err := k.p.File.Kernels[s.Dispatch.Kernel].Bind(sizes)
		if err != nil {
			continue // of sizes that a step before decides
		}
		total += b.Threads[0] * b.Threads[1] * b.Threads[2]
	}
	return total, nil
}

// planned is the engine of a plan that is there already.
type planned struct {
	checked.Backend
	p *plan.Plan
}

// Compile takes the module of the plan.
func (b planned) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	return b.With(ctx, m, b.p, opt)
}

// computed makes a call in a session of its own.
func computed(ctx context.Context, b backend.Backend, m *ir.Module, fn string, in []*host.Tensor) ([]*host.Tensor, error) {
	p, err := b.Compile(ctx, m, backend.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.NewSession().Call(ctx, fn, in, nil)
}
