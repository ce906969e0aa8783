package passes

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/sensitivity"
)

// autoSchemes are what auto chooses from unless it is told.
const autoSchemes = "w8, w6, w4{group=32, scale-type=f16}, w4, w3{group=32, scale-type=f16}"

// Auto is the pass `auto`, such as auto{bpw=4.5} or auto{psnr=40}.
func Auto() *pass.Pass {
	p := &pass.Pass{
		Name: "auto",
		Doc: "Choose how to store each weight, so that a number of bits a weight or a quality of the outputs is reached at the least " +
			"loss. With --inputs, the model is run with one weight compressed at a time to see how much the outputs suffer, and " +
			"again with all choices; without, the error of the weights themselves decides.",
		Lossy:        &pass.Lossy{},
		NeedsLowered: true,
	}
	bpw := p.Options.Float("bpw", 0, "bits a weight to stay within, on average, scales and tables included")
	psnr := p.Options.Float("psnr", 0, "the least PSNR of the outputs, in dB: the square of the greatest exact number by the mean square of the errors; needs --inputs")
	snr := p.Options.Float("snr", 0, "the least SNR of the outputs, in dB: the mean square of the exact numbers by that of the errors; needs --inputs")
	schemes := p.Options.Strings("schemes", "what to choose from: passes that store weights, such as [w8, \"w4{group=32}\", pal4]; "+
		"without: "+autoSchemes)
	ignore := p.Options.Strings("ignore", "weights to leave alone, which do not count: patterns such as \"detector.*\" for their names, or for the "+
		"paths of the modules that use them; * stands for any letters")
	by := p.Options.String("by", "tensor", "tensor: each weight gets a scheme of its own; module: those of a module get one", "tensor", "module")
	write := p.Options.File("write", "write what was chosen to this .yaml file, as a configuration of coreai-opt")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if ext := filepath.Ext(*write); *write != "" && ext != ".yaml" && ext != ".yml" {
			return fmt.Errorf("write=%q: expected a name that ends in .yaml", *write)
		}
		if *write != "" {
			if err := atomicfile.Check(*write); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		goal, metric, err := autoGoal(*bpw, *psnr, *snr)
		if err != nil {
			return err
		}
		text := autoSchemes
		if len(*schemes) > 0 {
			text = strings.Join(*schemes, ", ")
		}
		list, err := weightSchemes(text)
		if err != nil {
			return fmt.Errorf("schemes: %w", err)
		}
		for i := range list {
			list[i].Ignore = *ignore
		}
		chosen, err := applyBudget(ctx, m, goal, sensitivity.Options{Schemes: list, Metric: metric, ByModule: *by == "module"})
		if err != nil || *write == "" {
			return err
		}
		return writeChosen(*write, chosen)
	}
	return p
}

// weightSchemes reads a list of the passes that store weights.
func weightSchemes(text string) ([]sensitivity.Scheme, error) {
	set := &pass.Set{}
	for _, p := range WeightPasses() {
		if err := set.Add(p); err != nil {
			return nil, err
		}
	}
	return sensitivity.Schemes(set, text)
}

func autoGoal(bpw, psnr, snr float64) (sensitivity.Goal, sensitivity.Metric, error) {
	given := 0
	for _, g := range []struct {
		name  string
		value float64
	}{{"bpw", bpw}, {"psnr", psnr}, {"snr", snr}} {
		if g.value < 0 || math.IsNaN(g.value) || math.IsInf(g.value, 0) {
			return sensitivity.Goal{}, "", fmt.Errorf("%s=%g: expected a positive number", g.name, g.value)
		}
		if g.value > 0 {
			given++
		}
	}
	switch {
	case given != 1:
		return sensitivity.Goal{}, "", errors.New("expected one goal: bpw=4.5 (bits a weight), psnr=40 or snr=30 (dB of the outputs)")
	case snr > 0:
		return sensitivity.Goal{DB: snr}, sensitivity.SNR, nil
	}
	return sensitivity.Goal{Bits: bpw, DB: psnr}, sensitivity.PSNR, nil
}

// applyBudget compresses a module so that a goal is reached, and gives what became of each weight.
func applyBudget(ctx *pass.Context, m *ir.Module, goal sensitivity.Goal, opt sensitivity.Options) ([]pass.Compressed, error) {
	table, err := sensitivity.Measure(ctx, m, opt)
	if err != nil {
		return nil, err
	}
	if reason := table.Nothing(); reason != "" {
		return nil, &pass.NothingCompressed{Reason: reason}
	}
	if table.Samples == 0 {
		ctx.Reportf("auto: there are no --inputs to run the model on, so schemes are chosen by the error of each weight alone")
	}
	plan, err := table.Choose(ctx, m, goal)
	if err != nil {
		return nil, err
	}
	list, err := table.Apply(ctx, m, plan)
	if err != nil {
		return nil, err
	}
	var refused []string
	for _, c := range list {
		if c.Refused != "" && !c.Ignored {
			refused = append(refused, c.Tensor+": "+c.Refused)
		}
		if c.Pass = ctx.Pass.String() + ": " + c.Pass; ctx.Compressed != nil {
			ctx.Compressed(c)
		}
	}
	if plan.DB != nil && ctx.Outputs != nil {
		ctx.Outputs(pass.OutputQuality{Pass: ctx.Pass.String(), Samples: table.Samples, PSNR: plan.PSNR, SNR: plan.SNR})
	}
	for _, line := range table.Lines(plan) {
		ctx.Reportf("auto: %s", line)
	}
	return list, ctx.CheckStrict(refused)
}
