package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/metric"
)

func compareCommand() command {
	return command{
		name:  "compare",
		usage: "[flags] TESTED REFERENCE",
		doc:   "Run two builds of a model side by side and show where the first parts from the second.",
		long: `Each side is a model (.pt2, .air, .airpkg) or a file of saved intermediates. Both run on the same inputs, in step; values that
claim the same tensor of the PyTorch model are compared, and every tensor that has no counterpart is listed with the reason.

-passes, --config and --backend are of the tested side. A reference that is a .pt2 is decomposed only, so that every tensor of
the model is there to compare with; --reference-passes says otherwise. --function names a function of an asset of several; the only
function of the other side is its counterpart, whatever its name. A tested .pt2 is compiled with @cpu as by run.

Without inputs, those that a saved side holds are taken, or random ones, the same each time.

--local runs the operations of the tested side that are further from the reference than what they are computed from once more, each
alone, on the values of the reference: the column "alone" tells which of them make the error and which inherit it.

With t the tested and r the reference elements, the metrics are
` + metricTexts() + `
docs/debugging.md explains verdicts and presets.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &comparer{tool: t, tested: newCalls(t), reference: newCalls(t)}
			c.declare(fs)
			return c.run
		},
	}
}

func metricTexts() string {
	var b strings.Builder
	for _, m := range metric.Metrics() {
		fmt.Fprintf(&b, "  %-10s  %s\n", m.Name, m.Doc)
	}
	return b.String()
}

// comparer is one run of the command.
type comparer struct {
	*tool
	tested, reference calls

	metric, preset, sort string
	pins                 []string
	local                string
	top                  int
	json                 bool
	html                 string
	failBelow            string

	opt   compare.Options
	limit float64
	worst int // operations to run alone; -1: all
}

func (c *comparer) declare(fs *pflag.FlagSet) {
	t := &c.tested
	t.flags.declare(fs)
	fs.StringVar(&c.reference.flags.pipeline, "reference-passes", "", "the passes to run over the reference; without them a .pt2 is decomposed, anything else runs as it stands")
	fs.StringVar(&t.functions, "function", "", "the function to run, or one for each call: prefill,decode,decode")
	fs.StringVar(&t.backend, "backend", "", "the engine of the tested side: "+strings.Join(backendNames(c.tool), ", ")+"; by default as for run")
	fs.StringVar(&c.reference.backend, "reference-backend", "", "the engine of the reference; by default as for run")
	fs.IntVar(&t.threads, "threads", 0, "how many threads each side uses; 0: one for each core")
	fs.StringVar(&t.precision, "precision", "f32", "of which numbers the tested side's matrix products of f32 are: "+strings.Join(backend.Precisions(), ", ")+"; the reference has f32")
	fs.StringVar(&t.inputs, "inputs", "", "a .safetensors file with the inputs")
	fs.StringArrayVar(&t.input, "input", nil, "one input, NAME=FILE or NAME=VALUE; may be repeated")
	fs.StringVar(&c.metric, "metric", metric.Names()[0], "what the verdicts and the order follow: "+strings.Join(metric.Names(), ", "))
	fs.StringVar(&c.preset, "preset", "", "the limits of the verdicts: "+strings.Join(presetNames(), ", ")+"; by default those of what was done to the tested side alone")
	fs.StringVar(&c.sort, "sort", string(compare.Orders()[0]), "the order of the table: worst (first), order (of the program), module")
	fs.IntVar(&c.top, "top", 40, "show only so many points, and tensors without one; 0: all")
	fs.StringArrayVar(&c.pins, "pin", nil, "compare these two values, TESTED=REFERENCE: names of tensors of PyTorch, or %NAME as the text has it; may be repeated")
	fs.StringVar(&c.local, "local", "", "run N operations alone, those that lose most, or all; 10 without a value")
	fs.Lookup("local").NoOptDefVal = "10"
	fs.StringVar(&c.failBelow, "fail-below", "", "fail, with exit code 1, where a point's metric is worse than this or cannot be told, or an output of the reference is not compared")
	fs.BoolVar(&c.json, "json", false, "print JSON")
	fs.StringVar(&c.html, "html", "", "write the comparison to this .html file, which loads nothing else")
}

func presetNames() []string {
	var names []string
	for _, p := range metric.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// check refuses a command line that makes no sense, and reads what flags say.
func (c *comparer) check(args []string) (err error) {
	if len(args) != 2 {
		return usagef("expected two sides, the tested one and its reference, found %d; `%s compare --help` shows how it goes", len(args), c.name)
	}
	c.tested.io, c.reference.io, c.reference.threads, c.reference.precision = "name", "name", c.tested.threads, backend.Precisions()[backend.F32]
	for at, side := range []*calls{&c.tested, &c.reference} {
		if err := side.check(args[at : at+1]); err != nil {
			return err
		}
	}
	return cmp.Or(c.checkMetric(), c.checkPoints(), c.checkPage())
}

// checkMetric reads the flags that say what is measured and judged.
func (c *comparer) checkMetric() (err error) {
	if c.opt.Metric, err = metric.Find(c.metric); err != nil {
		return usagef("--metric: %w", err)
	}
	if c.preset != "" {
		if _, err := metric.FindPreset(c.preset); err != nil {
			return usagef("--preset: %w", err)
		}
	}
	c.opt.Preset = c.preset
	if c.failBelow != "" {
		if c.limit, err = strconv.ParseFloat(c.failBelow, 64); err != nil || c.limit != c.limit {
			return usagef("--fail-below=%s: expected a number", c.failBelow)
		}
	}
	return nil
}

// checkPoints reads the flags that say which values are compared, run alone and shown.
func (c *comparer) checkPoints() (err error) {
	if !slices.Contains(compare.Orders(), compare.Order(c.sort)) {
		return usagef("--sort=%s: expected worst, order or module", c.sort)
	}
	if c.top < 0 {
		return usagef("--top=%d: expected 0 or more", c.top)
	}
	for _, p := range c.pins {
		a, b, ok := strings.Cut(p, "=")
		if !ok || a == "" || b == "" {
			return usagef("--pin %s: expected TESTED=REFERENCE", p)
		}
		c.opt.Pins = append(c.opt.Pins, compare.Pin{Tested: a, Reference: b})
	}
	switch {
	case c.local == "all":
		c.worst = -1
	case c.local != "":
		if c.worst, err = strconv.Atoi(c.local); err != nil || c.worst < 1 {
			return usagef("--local=%s: expected a number of operations, or all", c.local)
		}
	}
	return nil
}

// checkPage refuses a page that could not be written, before anything runs.
func (c *comparer) checkPage() error {
	if c.html == "" {
		return nil
	}
	if filepath.Ext(c.html) != ".html" {
		return usagef("--html=%s: expected a name that ends in .html", c.html)
	}
	return atomicfile.Check(c.html)
}

func (c *comparer) run(ctx context.Context, args []string) error {
	if err := c.check(args); err != nil {
		return err
	}
	pair, release, err := c.open(ctx, args)
	defer release()
	if err != nil {
		return err
	}
	bar := c.newProgress()
	defer bar.finish()
	defer startCollector().stop()
	c.opt.Progress = func(done, total int) { bar.step("comparing", done, total) }
	r, err := compare.Run(ctx, pair[0], pair[1], c.opt)
	if err != nil {
		return err
	}
	if c.worst != 0 {
		c.opt.Progress = func(done, total int) { bar.step("running operations alone", done, total) }
		chosen, err := compare.Suspects(pair[0], r, c.worst)
		if err != nil {
			return err
		}
		if err := compare.LocalErrors(ctx, pair[0], pair[1], r, chosen, c.opt); err != nil {
			return err
		}
	}
	bar.finish()
	return c.show(r)
}

// show gives the report to the user, and fails where the user said so.
func (c *comparer) show(r *compare.Report) error {
	if c.failBelow != "" {
		r.Hold(c.limit)
	}
	if c.html != "" {
		err := atomicfile.Write(c.html, func(f *os.File) error { return r.WriteHTML(f) })
		if err != nil {
			return err
		}
	}
	write := func() error { return r.WriteJSON(c.stdout) }
	if !c.json {
		opt := compare.TableOptions{Order: compare.Order(c.sort), Top: c.top}
		if c.bright {
			opt.Paint = func(v metric.Verdict, text string) string { return verdictColour(v) + text + plain }
		}
		write = func() error { return r.WriteTable(c.stdout, opt) }
	}
	if err := write(); err != nil {
		return err
	}
	if len(r.Points) == 0 {
		return errors.New("nothing could be compared: no value of one side claims a tensor that the other side has; " +
			"are both builds of one model? --pin TESTED=REFERENCE says which values belong together")
	}
	return failure(r)
}

// failure is the error of a gate that was not passed.
func failure(r *compare.Report) error {
	const most = 20
	g := r.Gate
	if g == nil || g.Passed() {
		return nil
	}
	limit := "--fail-below=" + r.Metric.Format(float64(g.Limit))
	n := len(g.Failures)
	if n == 0 {
		return fmt.Errorf("%s: nothing was judged, as no point has the metric %s; choose another with --metric", limit, r.Metric.Name)
	}
	lines := []string{fmt.Sprintf("%s: %s of %d judged; in the order of the program:", limit, host.Counted(n, "failure"), g.Judged)}
	for _, f := range g.Failures[:min(most, n)] {
		lines = append(lines, "  "+f.String())
	}
	if n > most {
		lines = append(lines, fmt.Sprintf("  and %d more", n-most))
	}
	return errors.New(strings.Join(lines, "\n"))
}

func verdictColour(v metric.Verdict) string {
	switch v {
	case metric.Green:
		return green
	case metric.Yellow:
		return yellow
	case metric.Red, metric.Destroyed, metric.NotComparable:
		return red
	}
	return ""
}
