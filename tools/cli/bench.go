package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/metal/cuda/engine"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/tools/inputs"
	"github.com/aiopt/aiopt/tools/memory"
)

func benchCommand() command {
	return command{
		name:  "bench",
		usage: "[flags] MODEL.{pt2,air,airpkg}",
		doc:   "Measure how fast a model runs, what memory it takes, and where the time goes.",
		long: `Inputs are given as for run; without any, legal ones are made. After warming up, the function is called again and again;
where the inputs describe several calls that keep state, all of them are one iteration, and states start anew in each.
Outputs are written into the memory of the iteration before.

The table of kernels is of further calls that are timed operation by operation. Its GFLOP/s count a multiply-add as two and
come from the operations' own counts; GB/s are of operands and results, each once; "of peak" is the larger share of what
this machine reaches in multiply-adds in registers and in reading memory, measured beside it; what lies in a cache is read
faster.

Memory is the peak of what the process holds of its own; mapped files do not count. The relative RMS error is the norm of
the differences over the norm of the expected outputs, the largest of all outputs.

With --rounds-from-stdin the model is loaded once and measured in rounds, so that other programs can be measured in between.
When it is ready, one line {"ready_ms"} is printed. For each line of standard input with a number of seconds it runs for
about as long and prints {"latency_ms": [...]}, of very many every second, fourth, and so on; for the line peaks it measures the machine and prints {"gflops",
"read_gb_per_s"}. Where standard input ends, the results of all rounds are printed as usual.

--backend=metal-cuda takes the Metal kernels of a function's plan, as compiled by clang for NVIDIA GPUs, and measures each alone on
such a GPU, on made numbers at the sizes of the inputs: a test vehicle, which says nothing about Metal's speed. GB/s are of
all buffers, each once, beside a copy's; GFLOP/s beside what the processors of the GPU come to without its matrix units. With --pack=DIR the kernels are
compiled and kept; MODEL may then be that folder, where there is a GPU and neither clang nor the model.

The last line with --json is one object: {"latency_ms": [one per iteration], "load_ms", "compile_ms" (passes and engine),
"memory_mb", "max_abs_err", "rel_rms_err", "constants_mb" (as they are stored), "live_mb" (the most that results of operations
take at a time), "given_mb" (inputs, outputs and states)}; what is not known, such as errors without --ref, is null.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &bench{calls: newCalls(t)}
			c.declare(fs)
			fs.IntVar(&c.iters, "iters", 0, "how many iterations to measure; 0: as many as three seconds hold, 5 to 1000")
			fs.BoolVar(&c.rounds, "rounds-from-stdin", false, "measure when standard input asks for it")
			fs.BoolVar(&c.json, "json", false, "print the results as JSON in the last line")
			fs.StringVar(&c.pack, "pack", "", "with --backend=metal-cuda: write the compiled kernels to this folder, for a machine with a GPU and no clang, and measure nothing")
			return c.run
		},
	}
}

type bench struct {
	calls
	iters  int
	rounds bool
	json   bool
	pack   string
}

// How often is measured where the user does not say.
const (
	fewestIters = 5
	mostIters   = 1000
	benchTime   = 3 * time.Second
	warmTime    = 300 * time.Millisecond
	watchedRuns = 3 // the calls that are timed operation by operation
)

// benchResult is what the benchmark finds; JSON has these fields in this order.
type benchResult struct {
	Latency []float64 `json:"latency_ms"`
	Load    float64   `json:"load_ms"`
	Compile float64   `json:"compile_ms"`
	Memory  *float64  `json:"memory_mb"`
	MaxAbs  *float64  `json:"max_abs_err"`
	RelRMS  *float64  `json:"rel_rms_err"`
	*needs
}

func (c *bench) run(ctx context.Context, args []string) error {
	if c.backend == engine.Name {
		return c.onGPU(ctx, args)
	}
	if c.pack != "" {
		return usagef("--pack: it is for --backend=%s", engine.Name)
	}
	if err := c.check(args); err != nil {
		return err
	}
	if c.iters < 0 {
		return usagef("--iters=%d: expected 0 or more", c.iters)
	}
	if c.rounds && c.iters > 0 {
		return usagef("--rounds-from-stdin: standard input says how long to measure; leave --iters out")
	}
	events := newTrace(c.trace)
	watch := memory.Start()
	start := time.Now()
	defer c.close()
	m, err := c.open(args[0], events)
	if err != nil {
		return err
	}
	var r benchResult
	r.Load = milliseconds(time.Since(start))
	start = time.Now()
	if err := c.passes(ctx, args[0], m, events); err != nil {
		return err
	}
	program, err := c.compile(ctx, m, events)
	if err != nil {
		return err
	}
	defer program.Close()
	r.Compile = milliseconds(time.Since(start))
	b := &benchRun{bench: c, m: m, session: program.NewSession(), watch: watch, events: events}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if err := b.measure(ctx, &r); err != nil {
		return err
	}
	if peak, ok := watch.Stop(); ok {
		mb := float64(peak) / 1e6
		r.Memory = &mb
	}
	if err := b.errors(&r); err != nil {
		return err
	}
	if r.needs, err = b.needs(); err != nil {
		return err
	}
	kernels, err := b.kernels(ctx)
	if err != nil {
		return err
	}
	if err := events.write(); err != nil {
		return err
	}
	return b.print(ctx, args[0], &r, kernels)
}

// benchRun is the calls of one benchmark.
type benchRun struct {
	*bench
	m       *ir.Module
	session backend.Session
	given   *inputs.Given
	made    bool // the inputs are
	calls   []call
	first   time.Duration
	results outputs // of the first run
	watch   *memory.Watch
	events  *trace
}

// prepare finds the inputs and runs the model the first time.
func (b *benchRun) prepare(ctx context.Context) (err error) {
	if b.given, err = readInputs(b.inputs, b.input); err != nil {
		return err
	}
	if b.calls, err = b.plan(b.m, b.given); err != nil {
		return err
	}
	if b.given.Empty() && !slices.ContainsFunc(b.calls, func(c call) bool { return len(c.sig.Inputs) == 0 }) {
		return b.makeInputs(ctx)
	}
	for k := range b.calls {
		if err := b.calls[k].take(b.given); err != nil {
			return err
		}
	}
	if err := b.begin(); err != nil {
		return err
	}
	if err := b.given.Unused(); err != nil {
		return err
	}
	return b.firstRun(ctx)
}

// firstRun runs the model once and keeps the outputs.
func (b *benchRun) firstRun(ctx context.Context) error {
	if err := b.begin(); err != nil {
		return err
	}
	b.results = outputs{}
	end := b.events.begin("first run", "phase")
	begin := time.Now()
	for _, one := range b.calls {
		out, err := b.session.Call(ctx, one.sig.Name, one.in, nil)
		if err != nil {
			return err
		}
		b.results.add(one.sig, one.outputs, out)
	}
	b.first = time.Since(begin)
	end()
	return nil
}

// makeInputs takes the larger of the inputs that are made for each function, and others where the model does not run with
// those: guards do not say everything.
func (b *benchRun) makeInputs(ctx context.Context) error {
	all, err := numeric.MakeCases(b.m)
	if err != nil {
		return err
	}
	b.made = true
	var cases []numeric.Case
	for _, c := range b.calls {
		var last numeric.Case
		for _, k := range all {
			if k.Func == c.sig.Name {
				last = k
			}
		}
		cases = append(cases, last)
	}
	for {
		for i, k := range cases {
			b.calls[i].in = k.In
		}
		failed := b.firstRun(ctx)
		if failed == nil || ctx.Err() != nil {
			return failed
		}
		at := slices.IndexFunc(cases, func(k numeric.Case) bool { return k.Next != nil })
		if at < 0 {
			return fmt.Errorf("the model does not run with made inputs: %w; give some with --inputs=FILE.safetensors", failed)
		}
		if cases[at], err = cases[at].Next(); err != nil {
			return err
		}
	}
}

// begin gives the states their values from before the first call.
func (b *benchRun) begin() error {
	if len(b.m.States) > 0 {
		b.session.Reset()
	}
	return b.given.SetStates(b.m, b.session)
}

// once runs one iteration and gives the time that the calls took. Outputs are written over those of the iteration before, as
// a program would have it that runs a model again and again.
func (b *benchRun) once(ctx context.Context) (time.Duration, error) {
	if err := b.begin(); err != nil {
		return 0, err
	}
	begin := time.Now()
	for i := range b.calls {
		one := &b.calls[i]
		out, err := b.session.Call(ctx, one.sig.Name, one.in, &one.again)
		if err != nil {
			return 0, err
		}
		one.again.Outputs = out
	}
	return time.Since(begin), nil
}

// measure finds the latencies.
func (b *benchRun) measure(ctx context.Context, r *benchResult) error {
	if b.rounds {
		return b.serve(ctx, r)
	}
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	return b.iterate(ctx, r)
}

// warmUp runs the model for a while, once at least.
func (b *benchRun) warmUp(ctx context.Context) error {
	for begin := time.Now(); ; {
		took, err := b.once(ctx)
		if err != nil {
			return err
		}
		if time.Since(begin)+took > warmTime {
			return nil
		}
	}
}

// iterate runs as many iterations as are asked for, or as a few seconds hold.
func (b *benchRun) iterate(ctx context.Context, r *benchResult) error {
	b.watch.Pause(true)
	defer b.watch.Pause(false)
	bar := b.newProgress()
	defer bar.finish()
	for begin := time.Now(); ; {
		took, err := b.once(ctx)
		if err != nil {
			return err
		}
		r.Latency = append(r.Latency, milliseconds(took))
		b.watch.Look()
		n := len(r.Latency)
		if b.iters > 0 {
			bar.step("measuring", n, b.iters)
		}
		if n == b.iters || b.iters == 0 && (n == mostIters || n >= fewestIters && time.Since(begin) > benchTime) {
			return nil
		}
	}
}

// errors compares the outputs of the first run with the reference.
func (b *benchRun) errors(r *benchResult) error {
	ref, err := openReference(b.ref)
	if ref == nil {
		return err
	}
	most, rms := 0.0, 0.0
	err = b.results.eachGap(ref, 0, func(_ *host.Tensor, _ string, gap host.Gap) error {
		most, rms = max(most, gap.MaxAbs), max(rms, gap.RelL2)
		if gap.Lost > 0 {
			rms = math.Inf(1)
		}
		return nil
	})
	finite := func(x float64) *float64 { // JSON has no infinity
		if math.IsNaN(x) {
			x = math.MaxFloat64
		}
		x = min(x, math.MaxFloat64)
		return &x
	}
	r.MaxAbs, r.RelRMS = finite(most), finite(rms)
	return err
}

// shapes lists the inputs for people.
func (b *benchRun) shapes() string {
	var list []string
	for _, one := range b.calls {
		for i, p := range one.sig.Inputs {
			list = append(list, fmt.Sprintf("%s: %s", p.Value.Name, one.in[i]))
		}
	}
	const most = 6
	if more := len(list) - most; more > 0 {
		list = append(list[:most], fmt.Sprintf("%d more", more))
	}
	text := strings.Join(list, ", ")
	if b.made {
		text += " (made)"
	}
	return text
}
