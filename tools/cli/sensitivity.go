package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/sensitivity"
)

func sensitivityCommand() command {
	return command{
		name:  "sensitivity",
		usage: "[flags] MODEL.{pt2,air}",
		doc:   "Show how much a model's outputs suffer when one weight is compressed, for each weight and scheme.",
		long: `Each weight is compressed alone, by each scheme, and the model is run on --inputs; the table shows how near the outputs stay
to the exact ones, those that suffer most first. Without --inputs only the weights themselves are compared. The pass auto
chooses schemes by the same numbers.

With r the exact outputs and e the differences, over all samples, in dB and for the worst output:
  psnr  10 log10((max r² + 1e-5) / (mean e² + 1e-10))
  snr   10 log10((mean r² + 1e-5) / (mean e² + 1e-10))

A .pt2 is compiled with @cpu before, unless -passes says otherwise; a .air is taken as it stands.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &sensitive{tool: t}
			fs.StringVar(&c.pipeline, "passes", "", "the passes to run before, such as decompose,fold,fuse")
			fs.StringVar(&c.inputs, "inputs", "", "a .safetensors file, or a folder of samples; 'help inputs' explains")
			fs.StringVar(&c.functions, "function", "", "the function that the samples are for, where neither folders nor names say it")
			fs.StringVar(&c.schemes, "schemes", "w8,w4,w4{group=32}", "the passes that store weights to try, such as w8,w4{group=32},pal4")
			fs.StringVar(&c.metric, "metric", string(sensitivity.PSNR), "how outputs are compared: psnr or snr")
			fs.StringVar(&c.by, "by", "tensor", "what is compressed together: tensor or module")
			fs.IntVar(&c.top, "top", 0, "show only so many lines, those that suffer most; 0: all")
			fs.BoolVar(&c.json, "json", false, "print JSON")
			return c.run
		},
	}
}

type sensitive struct {
	*tool
	pipeline, inputs, functions, schemes, metric, by string
	json                                             bool
	top                                              int
}

func (c *sensitive) run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usagef("expected one model, found %d; `%s sensitivity --help` shows how it goes", len(args), c.name)
	}
	opt := sensitivity.Options{Metric: sensitivity.Metric(c.metric), ByModule: c.by == "module"}
	if opt.Metric != sensitivity.PSNR && opt.Metric != sensitivity.SNR {
		return usagef("--metric=%s: expected psnr or snr", c.metric)
	}
	if c.by != "tensor" && c.by != "module" {
		return usagef("--by=%s: expected tensor or module", c.by)
	}
	if c.top < 0 {
		return usagef("--top=%d: expected 0 or more", c.top)
	}
	if c.inputs != "" {
		if _, err := statInputs(c.inputs); err != nil {
			return err
		}
	}
	var err error
	if opt.Schemes, err = sensitivity.Schemes(c.Passes, c.schemes); err != nil {
		return usagef("--schemes: %w", err)
	}
	table, err := c.measure(ctx, args[0], opt)
	if err != nil {
		return err
	}
	if len(table.Units) == 0 {
		return errors.New(table.Nothing())
	}
	if c.json {
		e := json.NewEncoder(c.stdout)
		e.SetIndent("", " ")
		return e.Encode(table)
	}
	if table.Samples == 0 {
		c.warn("without --inputs only the weights are compared; give inputs like those the model will see to know how its outputs suffer")
	}
	return c.print(c.stdout, table)
}

func (c *sensitive) measure(ctx context.Context, path string, opt sensitivity.Options) (*sensitivity.Table, error) {
	m, err := c.load([]aiopt.File{{Path: path}}, nil)
	if err != nil {
		return nil, err
	}
	if c.pipeline == "" && filepath.Ext(path) == ".pt2" {
		c.pipeline = "@cpu"
	}
	bar := c.newProgress()
	defer bar.finish()
	engine := backend.Executor{Backend: c.Backend("interp")}
	if err := c.Build(ctx, m, c.pipeline, aiopt.BuildOptions{Executor: engine, Progress: bar.step}); err != nil {
		return nil, err
	}
	pc := &pass.Context{Context: ctx, Executor: engine, Progress: bar.step}
	if c.inputs != "" {
		if pc.Calibration, err = openSamples(m, c.inputs, c.functions); err != nil {
			return nil, err
		}
	}
	return sensitivity.Measure(pc, m, opt)
}

// line is a unit with one of its scores.
type line struct {
	unit  *sensitivity.Unit
	score *sensitivity.Score
}

// print shows the scores of what is compressed, those that suffer most first, and then what is not.
func (c *sensitive) print(w io.Writer, t *sensitivity.Table) error {
	var lines []line
	for i := range t.Units {
		for k := range t.Units[i].Scores {
			lines = append(lines, line{&t.Units[i], &t.Units[i].Scores[k]})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.quality(), b.quality()) })
	more := 0
	if c.top > 0 && c.top < len(lines) {
		more = len(lines) - c.top
		lines = lines[:c.top]
	}
	width := len("scheme")
	for _, l := range lines {
		width = max(width, len(l.score.Scheme))
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(columns, "output %s\tweight SNR\tbefore\tafter\tsaved\t  %-*s  %s\n", t.Metric, width, "scheme", c.by)
	for _, l := range lines {
		u, s := l.unit, l.score
		name := u.Name
		if s.Refused != "" {
			name += "  (not compressed: " + s.Refused + ")"
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t  %-*s  %s\n", decibels(s.DB), decibels(s.WeightSNR()),
			host.SizeText(u.Before), host.SizeText(s.After), host.SizeText(u.Before-s.After),
			width, s.Scheme, readable(name))
	}
	if err := columns.Flush(); err != nil || more == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "and %s more\n", host.Counted(more, "line"))
	return err
}

// quality is what lines are sorted by; what is not compressed suffers least.
func (l line) quality() float64 {
	switch db := l.score.WeightSNR(); {
	case l.score.DB != nil:
		return *l.score.DB
	case db != nil:
		return *db
	}
	return math.Inf(1)
}

func decibels(db *float64) string {
	if db == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f dB", *db)
}
