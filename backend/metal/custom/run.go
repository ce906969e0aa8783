package custom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Checker is what kernels are run with.
type Checker struct {
	Tools  *check.Tools
	Limits check.Limits
	Engine backend.Backend // that runs the bodies
	// Inputs makes inputs for a function without symbols.
	Inputs func(f *ir.Func) ([]*host.Tensor, error)
	// Elsewhere runs a text that nothing was found in once more, such as on a GPU; nil where that is not asked for.
	Elsewhere func(ctx context.Context, p *check.Program, d check.Dispatch) error
}

// Outcome is what a run of a kernel gave and should have given.
type Outcome struct {
	Sizes     map[string]int64 // that it ran with
	Findings  []check.Diagnostic
	Got, Want []*host.Tensor // for each result; nil where the kernel did not come to its end
	Elsewhere bool           // Got is what the kernel gave there, which is no nearer than what it gave here
}

// Compile compiles a kernel's text for the checker. The error is ir.Problems where the text is to blame.
func (k *Kernel) Compile(ctx context.Context, tools *check.Tools) (*check.Program, error) {
	p, err := check.Compile(ctx, tools, check.Source{Name: k.Launch.Text, Text: k.Text})
	var bad *check.SourceError
	if errors.As(err, &bad) {
		return nil, k.problems(bad.Diagnostics)
	}
	return p, err
}

// Run compiles a kernel's text and runs it on the sizes of its author's example in three orders of threads.
func (c *Checker) Run(ctx context.Context, m *ir.Module, k *Kernel) (*Outcome, error) {
	p, err := k.Compile(ctx, c.Tools)
	if err != nil {
		return nil, err
	}
	sizes := k.sizes()
	f, err := k.reference(sizes)
	if err != nil {
		return nil, err
	}
	in, err := c.Inputs(f)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Sizes: sizes}
	if out.Want, err = c.compute(ctx, m, f, in); err != nil {
		return nil, fmt.Errorf("kernel %s: its definition: %w", k.Launch.Name, err)
	}
	for _, order := range []check.Order{check.Forward, check.Reversed, check.Shuffled} {
		got, report, err := c.dispatch(ctx, p, k, sizes, in, out.Want, order)
		if err != nil {
			return nil, err
		}
		for _, d := range report.Diagnostics {
			if !slices.ContainsFunc(out.Findings, func(have check.Diagnostic) bool {
				return have.Line == d.Line && have.Kind == d.Kind && have.Variable == d.Variable
			}) {
				out.Findings = append(out.Findings, d)
			}
		}
		if !report.Finished {
			out.Got = nil
			return out, nil
		}
		if out.Got == nil || differ(got, out.Want) > differ(out.Got, out.Want) {
			out.Got = got
		}
	}
	if c.Elsewhere == nil || len(out.Findings) > 0 {
		return out, nil
	}
	d, got, err := k.bind(sizes, in, out.Want)
	if err != nil {
		return nil, err
	}
	if err := c.Elsewhere(ctx, p, d); err != nil {
		return nil, err
	}
	if differ(got, out.Want) >= differ(out.Got, out.Want) {
		out.Got, out.Elsewhere = got, true
	}
	return out, nil
}

// differ is the largest distance of results from those expected.
func differ(got, want []*host.Tensor) float64 {
	worst := 0.0
	for i := range got {
		if gap, err := host.Measure(got[i], want[i], host.Tolerance{}); err == nil {
			worst = max(worst, gap.MaxAbs)
		}
	}
	return worst
}

// otherSize is what a size is of which the author's example says nothing.
const otherSize = 5

// sizes gives each symbol of a kernel's types and grid a value.
func (k *Kernel) sizes() map[string]int64 {
	known := map[string]int64{}
	example := k.Op.Ints("example")
	for i, d := range k.Op.Dims("sizes") {
		if s, ok := d.IsSym(); ok {
			known[s] = int64(example[i])
		}
	}
	sizes := map[string]int64{}
	for _, s := range k.Launch.Sizes {
		n, ok := known[s]
		if !ok {
			n = otherSize
			if d := k.Op.Parent().Dim(s); d != nil {
				n = max(d.Min, min(d.Max, n))
			}
		}
		sizes[s] = n
	}
	return sizes
}

// reference makes a function of the body with the symbols fixed.
func (k *Kernel) reference(sizes map[string]int64) (*ir.Func, error) {
	f := k.Op.Bodies[0].Clone()
	f.Name = "reference"
	fixed := map[string]ir.Dim{}
	for s, n := range sizes {
		fixed[s] = ir.Const(n)
	}
	f.WithBodies(func(b *ir.Func) { b.MapSizes(func(d ir.Dim) ir.Dim { return d.Subst(fixed) }) })
	for i, v := range f.Returns() {
		t := k.Op.Results[i].Type
		shape := make([]ir.Dim, t.Rank())
		for j, d := range t.Shape {
			shape[j] = d.Subst(fixed)
		}
		f.Results = append(f.Results, &ir.Result{Name: k.Op.Strings("gives")[i], Type: v.Type.WithShape(shape...), Role: ir.Output})
	}
	return f, nil
}

func (c *Checker) compute(ctx context.Context, m *ir.Module, f *ir.Func, in []*host.Tensor) ([]*host.Tensor, error) {
	alone := &ir.Module{Name: m.Name, Funcs: []*ir.Func{f}, Resources: m.Resources, File: m.File}
	if err := ir.Verify(alone); err != nil {
		return nil, err
	}
	p, err := c.Engine.Compile(ctx, alone, backend.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.NewSession().Call(ctx, f.Name, in, nil)
}

// dispatch runs the text once.
func (c *Checker) dispatch(ctx context.Context, p *check.Program, k *Kernel, sizes map[string]int64, in, want []*host.Tensor, order check.Order) ([]*host.Tensor, *check.Report, error) {
	d, got, err := k.bind(sizes, in, want)
	if err != nil {
		return nil, nil, err
	}
	report, err := p.Run(ctx, d, check.Options{Order: order, Seed: 1, Checked: true, Limits: c.Limits})
	return got, report, err
}

// bind gives a dispatch with buffers of its own, and the tensors that its results are written to.
func (k *Kernel) bind(sizes map[string]int64, in, want []*host.Tensor) (check.Dispatch, []*host.Tensor, error) {
	d := check.Dispatch{Launch: k.Launch.Kernel}
	size := func(s string) (int64, bool) { n, ok := sizes[s]; return n, ok }
	for i, dim := range k.Op.Dims("threads") {
		n, err := dim.Eval(size)
		if err != nil {
			return d, nil, err
		}
		d.Threads[i] = int(min(n, math.MaxInt32))
	}
	for _, t := range in {
		d.Args = append(d.Args, check.Arg{Bytes: slices.Clone(t.Bytes()), Extents: t.Shape})
	}
	var got []*host.Tensor
	for _, w := range want {
		t, err := host.Alloc(w.Elem, w.Shape)
		if err != nil {
			return d, nil, err
		}
		for i := range t.Data {
			t.Data[i] = 0xff // a NaN, where the kernel writes nothing
		}
		got = append(got, t)
		d.Args = append(d.Args, check.Arg{Bytes: t.Data, Extents: t.Shape})
	}
	return d, got, nil
}
