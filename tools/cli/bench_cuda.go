package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/checked"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/cuda/engine"
	"github.com/aiopt/aiopt/backend/metal/cuda/timed"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// onGPU measures the kernels of a function's plan, or packs them for a machine that does.
func (c *bench) onGPU(ctx context.Context, args []string) error {
	switch {
	case len(args) != 1:
		return usagef("expected one model or packed folder, found %d; `--help` shows how it goes", len(args))
	case c.iters < 0:
		return usagef("--iters=%d: expected 0 or more", c.iters)
	case c.rounds || c.ref != "" || c.trace != "":
		return usagef("--backend=%s measures kernels one by one: leave --rounds-from-stdin, --ref and --trace out", engine.Name)
	}
	if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
		if c.pack != "" {
			return usagef("--pack=%s: %s is packed already", c.pack, args[0])
		}
		set, err := timed.Read(args[0])
		if err != nil {
			return fmt.Errorf("expected a folder that --pack has written: %w", err)
		}
		return c.onDevice(ctx, func(string) (*timed.Set, error) { return set, nil })
	}
	if err := c.flags.check(args); err != nil {
		return err
	}
	if c.pack == "" {
		return c.onDevice(ctx, func(arch string) (*timed.Set, error) { return c.kernelSet(ctx, args[0], arch) })
	}
	set, err := c.kernelSet(ctx, args[0], cuda.Hopper)
	if err != nil {
		return err
	}
	if err := set.Write(c.pack); err != nil {
		return err
	}
	c.printLeftOut(set)
	_, err = fmt.Fprintf(c.stdout, "%s of @%s for GPUs of %s and later are in %s: measure them by `%s bench --backend=%s %s`\n",
		host.Counted(len(set.Kernels), "kernel"), set.Function, cuda.Hopper, c.pack, c.name, engine.Name, c.pack)
	return err
}

// onDevice measures a set of kernels for the architecture of the GPU that is there.
func (c *bench) onDevice(ctx context.Context, find func(arch string) (*timed.Set, error)) error {
	device, err := cuda.Open()
	if err != nil {
		return fmt.Errorf("--backend=%s: %w", engine.Name, err)
	}
	defer device.Close()
	set, err := find(device.Architecture)
	if err != nil {
		return err
	}
	return c.measureSet(ctx, device, set)
}

// kernelSet compiles the kernels of a model's function for an architecture.
func (c *bench) kernelSet(ctx context.Context, path, arch string) (*timed.Set, error) {
	m, err := c.read(ctx, path, newTrace(""))
	if err != nil {
		return nil, err
	}
	number, sizes, err := c.sizesOf(m)
	if err != nil {
		return nil, err
	}
	bar := c.newProgress()
	defer bar.finish()
	p, err := plan.Make(ctx, m, plan.Options{Threads: c.threads, Progress: func(done, total int) { bar.step("planning", done, total) }})
	if err != nil {
		return nil, err
	}
	g := &gathered{set: &timed.Set{Model: path, Function: m.Funcs[number].Name}, f: m.Funcs[number], fn: &p.File.Functions[number], file: p.File, sizes: sizes}
	if err := g.kernels(); err != nil {
		return nil, err
	}
	if len(g.set.Kernels) == 0 {
		return nil, fmt.Errorf("no kernel of @%s is generated, so there is nothing to measure; left out: %s; `%s metal %s --check` says why, and with --check=cuda --trust-kernels runs kernels of the model's author",
			g.set.Function, cmp.Or(strings.Join(g.set.Host, ", "), "it runs nothing"), c.name, path)
	}
	return g.set, c.modules(ctx, g, p, arch, func(done, total int) { bar.step("compiling for "+arch, done, total) })
}

// sizesOf finds the function that is measured, and its sizes with the inputs.
func (c *bench) sizesOf(m *ir.Module) (int, map[string]int64, error) {
	given, err := readInputs(c.inputs, c.input)
	if err != nil {
		return 0, nil, err
	}
	list, err := c.plan(m, given)
	if err != nil {
		return 0, nil, err
	}
	if len(list) != 1 {
		return 0, nil, usagef("--backend=%s measures one call of one function, found %d: name one by --function", engine.Name, len(list))
	}
	number := slices.IndexFunc(m.Funcs, func(f *ir.Func) bool { return f.Name == list[0].sig.Name })
	if given.Empty() {
		sizes, err := madeSizes(m, number)
		return number, sizes, err
	}
	if err := list[0].take(given); err != nil {
		return 0, nil, err
	}
	sizes, err := checked.SizesOf(m, number, list[0].in)
	return number, sizes, errors.Join(err, given.Unused())
}

// madeSizes are those of the largest inputs that are made for a function, or of others where those do not go together.
func madeSizes(m *ir.Module, number int) (map[string]int64, error) {
	all, err := numeric.MakeCases(m)
	if err != nil {
		return nil, err
	}
	var last numeric.Case
	for _, k := range all {
		if k.Func == m.Funcs[number].Name {
			last = k
		}
	}
	for {
		sizes, err := checked.SizesOf(m, number, last.In)
		if err == nil || last.Next == nil {
			return sizes, err
		}
		if last, err = last.Next(); err != nil {
			return nil, err
		}
	}
}

// gathered is what is measured of a function, on the way.
type gathered struct {
	set   *timed.Set
	f     *ir.Func
	fn    *launch.Function
	file  *launch.File
	sizes map[string]int64
	of    []string    // the texts of the kernels
	at    map[int]int // kernels of the set by their number in the file
}

// kernels lists what the function's steps run, each kernel once.
func (g *gathered) kernels() error {
	g.at = map[int]int{}
	most := g.heaviest()
	for i := range g.fn.Steps {
		s := &g.fn.Steps[i]
		if s.Host != nil || g.file.Kernels[s.Dispatch.Kernel].Origin == launch.Custom {
			name := leftOut(g.f.Ops[s.Op])
			if !slices.Contains(g.set.Host, name) {
				g.set.Host = append(g.set.Host, name)
			}
			continue
		}
		if s.Dispatch.Once {
			continue
		}
		if err := g.dispatch(s, most[s.Op] == i); err != nil {
			return err
		}
	}
	return nil
}

// leftOut names an operation that no generated kernel computes.
func leftOut(op *ir.Op) string {
	if op.Is(core.MetalKernel) {
		return "the author's own kernel " + op.Str("name")
	}
	return op.Name()
}

// heaviest finds for each operation the step with the most threads, which its multiply-adds count for.
func (g *gathered) heaviest() map[int]int {
	most, threads := map[int]int{}, map[int]int{}
	for i, s := range g.fn.Steps {
		if s.Dispatch == nil {
			continue
		}
		bound, err := g.file.Kernels[s.Dispatch.Kernel].Bind(g.sizes)
		if err != nil {
			continue
		}
		if n := bound.Threads[0] * bound.Threads[1] * bound.Threads[2]; n > threads[s.Op] {
			most[s.Op], threads[s.Op] = i, n
		}
	}
	return most
}

// dispatch adds what a step runs.
func (g *gathered) dispatch(s *launch.Step, works bool) error {
	entry := &g.file.Kernels[s.Dispatch.Kernel]
	at, known := g.at[s.Dispatch.Kernel]
	if known {
		g.set.Kernels[at].Calls++
		return nil
	}
	k, err := timed.New(entry.Kernel, g.sizes)
	if err != nil {
		return fmt.Errorf("%w: give inputs whose sizes say all", err)
	}
	if k == nil {
		return nil
	}
	k.Name, k.Size = kernelName(g.f.Ops[s.Op]), g.f.Ops[s.Op].Results[0].Type.String()
	if u := s.Dispatch.Undo; u != nil { // of a state only a part is written
		k.Work.Bytes -= g.bytesOf(entry, k, s.Dispatch, u.Base)
	}
	op, size := g.f.Ops[s.Op], func(name string) (int64, bool) { n, ok := g.sizes[name]; return n, ok }
	if t := (&traffic{size: size}); looksUp(op) { // its buffers have all of the table
		if n := t.of(op); !t.failed {
			k.Work.Bytes = min(k.Work.Bytes, n)
		}
	}
	if works {
		for _, d := range workOf(op) {
			if n, err := d.Eval(size); err == nil {
				k.Work.Flops += 2 * float64(n)
			}
		}
	}
	g.at[s.Dispatch.Kernel] = len(g.set.Kernels)
	g.set.Kernels, g.of = append(g.set.Kernels, *k), append(g.of, entry.Text)
	return nil
}

// bytesOf is what the parameters take that are bound to a buffer.
func (g *gathered) bytesOf(entry *launch.Entry, k *timed.Kernel, d *launch.Dispatch, buffer int) float64 {
	total, next := 0, 0
	for i, p := range entry.Params {
		if p.Kind == launch.Bytes {
			continue
		}
		if d.Buffers[next] == buffer {
			total += k.Bytes[i]
		}
		next++
	}
	return float64(total)
}

// modules compiles the texts of the kernels, and all that there are where they are packed.
func (c *bench) modules(ctx context.Context, g *gathered, p *plan.Plan, arch string, progress func(done, total int)) error {
	tools, err := check.Find()
	if err != nil {
		return err
	}
	at := map[string]int{}
	for i, t := range p.Texts {
		progress(i, len(p.Texts))
		wanted := func(k launch.Entry) bool { return k.Text == t.Name && k.Origin == launch.Generated }
		if c.pack == "" && !slices.Contains(g.of, t.Name) || !slices.ContainsFunc(p.File.Kernels, wanted) {
			continue // of other functions, which only run needs
		}
		scanned, err := check.Scan(tools, check.Source{Name: t.Name, Text: string(t.Data)})
		if err != nil {
			return err
		}
		m, err := cuda.Compile(ctx, tools, scanned, arch)
		if err != nil {
			return err
		}
		at[t.Name] = len(g.set.Modules)
		g.set.Modules = append(g.set.Modules, m)
	}
	for i := range g.set.Kernels {
		g.set.Kernels[i].Module = at[g.of[i]]
	}
	return nil
}

// measureSet measures kernels and prints a table of them, those first that a call of the function spends most on.
func (c *bench) measureSet(ctx context.Context, device *cuda.Device, set *timed.Set) error {
	peaks, err := device.Peaks(ctx)
	if err != nil {
		return err
	}
	bar := c.newProgress()
	r := &gpuResult{Device: device.Name, Copy: peaks.Bandwidth / 1e9, Flops: peaks.Flops / 1e9, Kernels: []gpuKernel{}}
	for i := range set.Kernels {
		bar.step("measuring", i, len(set.Kernels))
		k := &set.Kernels[i]
		t, err := k.Measure(ctx, device, set.Modules, cuda.Rounds{Rounds: c.iters})
		if err != nil {
			bar.finish()
			return err
		}
		r.add(k, t)
	}
	bar.finish()
	slices.SortStableFunc(r.Kernels, func(x, y gpuKernel) int { return cmp.Compare(y.MS*float64(y.Calls), x.MS*float64(x.Calls)) })
	return c.printGPU(device, set, r)
}
