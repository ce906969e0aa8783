package passes

import (
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/weights"
)

// GPTQ is the pass `gptq`, such as gptq{dtype=i4, group=32}.
func GPTQ() *pass.Pass {
	p := &pass.Pass{
		Name: "gptq",
		Doc: "Store weights as `quantize` does, with codes chosen for the least error of the outputs on calibration data (--inputs=FOLDER). " +
			"What an element is off by is made up for by elements of the same row whose inputs are correlated. (Frantar et al. 2022, GPTQ.) " +
			"This is for nn.linear, nn.conv and tensor.matmul; other weights, and rows for which it is no better, have the nearest codes. " +
			"The work grows with the rows of the calibration data times the square of a layer's inputs, so that some ten thousand rows are a good measure.",
		NeedsLowered: true,
	}
	s := compress.Codes(host.I4)
	p.Lossy = &pass.Lossy{MinSNR: s.MinSNR()}
	edit := quantOptions(&p.Options, s.Quant, codeElems)
	bits := p.Options.Int("palette", 0, "bits of an index: store indices into tables as `palettize` does, with choices by calibration data; group is then "+
		"how many output channels share a table")
	order := p.Options.Bool("act-order", true, "choose the codes of inputs with large numbers first")
	damping := p.Options.Float("damping", 0.01, "what is at least added to each input's mean square, as a share of their mean: less trust in the data; "+
		"for few rows it is more")
	sequential := p.Options.Bool("sequential", false, "calibrate each layer on what the layers before, compressed already, give it; "+
		"the data is then run through the model once for each input that layers share")
	memory := p.Options.Int("memory", 512, "MB for what is gathered of the inputs; where that is not enough the data is run several times")
	only := weights.DeclareFilter(&p.Options)
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if err := edit(); err != nil {
			return err
		}
		if !(*damping > 0 && *damping <= 1) {
			return fmt.Errorf("damping=%v: expected a number above 0, at most 1", *damping)
		}
		if *memory < 1 {
			return fmt.Errorf("memory=%d: expected a number of megabytes", *memory)
		}
		scheme := s
		if *bits != 0 {
			scheme = compress.Tables(*bits)
			if g := s.Quant.Granularity; g.Kind == compress.PerBlock {
				scheme.Palette.Granularity.Sizes = g.Sizes
			}
		}
		p.Lossy.MinSNR = scheme.MinSNR()
		filter, err := only()
		if err != nil {
			return err
		}
		choose, err := weights.ForAll(scheme, filter)
		if err != nil {
			return err
		}
		g := &gptq{ctx: ctx, m: m, how: compress.GPTQ{Damping: *damping, ActOrder: *order, Shrink: true}, sequential: *sequential, memory: int64(*memory) * 1e6}
		return g.run(choose)
	}
	return p
}

// gptq compresses weights, those first that calibration data says something of.
type gptq struct {
	ctx        *pass.Context
	m          *ir.Module
	how        compress.GPTQ
	sequential bool
	memory     int64

	data  *layerInputs
	gains []float64 // dB below plain rounding's error
	plain []string  // weights with the nearest codes, and why
}

func (g *gptq) run(choose weights.Chooser) error {
	c := weights.NewCompressor(g.ctx, g.m, choose)
	c.Apply, c.Hold = g.apply, !g.sequential
	var wanted []*weights.Weight
	for _, w := range c.Weights {
		if w.Reason == "" && choose.Choose(w).Keep == "" {
			wanted = append(wanted, w)
		}
	}
	g.data = findLayerInputs(g.m, wanted)
	memory := g.memory
	if g.sequential {
		memory = 0
	}
	for _, batch := range batches(g.data.list, memory) {
		if err := gather(g.ctx, g.m, batch); err != nil {
			return err
		}
		for _, d := range batch {
			if err := c.Each(d.weights...); err != nil {
				return err
			}
			d.inputs = nil
		}
	}
	for _, w := range c.Weights {
		if g.data.of[w] == nil {
			if err := c.Each(w); err != nil {
				return err
			}
		}
	}
	if err := c.Finish(); err != nil {
		return err
	}
	g.report()
	return nil
}

// apply compresses one weight.
func (g *gptq) apply(w *weights.Weight, t *host.Tensor, s compress.Scheme, opt compress.Options) (weights.Stored, error) {
	d := g.data.of[w]
	if d == nil {
		g.plain = append(g.plain, fmt.Sprintf("@%s has the nearest codes: %s", w.Resource.Name, g.data.reasons[w]))
		packed, err := compress.Apply(g.ctx, t, s, opt)
		return weights.Stored{Packed: packed}, err
	}
	packed, out, err := compress.Calibrated(g.ctx, t, s, opt, d.inputs, g.how)
	if reason, ok := compress.ReasonOf(err); ok && packed != nil {
		g.plain = append(g.plain, fmt.Sprintf("@%s has the nearest codes: %s", w.Resource.Name, reason))
		return weights.Stored{Packed: packed}, nil
	}
	if err != nil {
		return weights.Stored{}, err
	}
	g.gains = append(g.gains, out.Gain())
	return weights.Stored{Packed: packed, Outputs: &pass.OutputError{Nearest: out.Plain, Stored: out.Noise, Gain: out.Gain()}}, nil
}

func (g *gptq) report() {
	if len(g.gains) > 0 {
		g.ctx.Reportf("gptq: on the calibration data the outputs of %s are off by %.1f dB less than with the nearest codes, on average",
			host.Counted(len(g.gains), "weight"), sumOf(g.gains)/float64(len(g.gains)))
	}
	for _, line := range g.plain {
		g.ctx.Reportf("gptq: %s", line)
	}
}
