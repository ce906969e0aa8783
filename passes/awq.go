package passes

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// AWQ is the pass `awq`, such as awq{group=32}, w4{group=32}.
func AWQ() *pass.Pass {
	p := &pass.Pass{
		Name: "awq",
		Doc: "Make the weights of linear layers lose less when they are stored in few bits: before `w4` or the like, and with the same " +
			"options. Those that meet large inputs become larger, and the norm before the layers takes the inverse factors. They come from " +
			"calibration data (--inputs=FOLDER): a power of each input's mean magnitude, the one that loses least. By itself it changes no " +
			"more than the rounding of weights. (Lin et al. 2023, AWQ.)",
		Lossy:        &pass.Lossy{MinSNR: 30},
		NeedsLowered: true,
	}
	s := compress.Codes(host.I4)
	edit := quantOptions(&p.Options, s.Quant, codeElems)
	exact := p.Options.Bool("exact", false, "only powers of two as factors, so that the model computes the same numbers")
	only := p.Options.Names("norms and layers", "the paths of their modules")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if err := edit(); err != nil {
			return err
		}
		if err := s.Check(); err != nil {
			return err
		}
		filter, err := only()
		if err != nil {
			return err
		}
		a := &awq{smoothing: smoothing{ctx: ctx, m: m, filter: filter}, scheme: s, octave: 8, rounding: 0x1p-7}
		if *exact {
			a.octave, a.rounding = 1, 0
		}
		return a.run()
	}
	return p
}

// awq scales the same groups as smoothquant does, by other factors.
type awq struct {
	smoothing
	scheme compress.Scheme // that the weights will be stored by
	octave float64         // how many factors lie between a number and its double: 1 where they must be powers of two
	// rounding is how much of a number may get lost when it is scaled; otherwise its channel stays as it is.
	rounding float64
	changed  []*ir.Value // constants
	gains    []float64   // of each group, dB of the outputs' error
}

// awqMemory is how much is gathered of the inputs at once, in bytes.
const awqMemory = 512e6

func (a *awq) run() error {
	a.find()
	a.group()
	data, of := a.inputs()
	if err := a.anything(); err != nil {
		return err
	}
	done, scaled := 0, 0
	for _, batch := range batches(data, awqMemory) {
		if err := gather(a.ctx, a.m, batch); err != nil {
			return err
		}
		for _, d := range batch {
			a.ctx.Step(a.ctx.Pass.Name, done, len(data))
			n, err := a.scale(of[d], d.inputs)
			if err != nil {
				return err
			}
			d.inputs = nil
			done++
			scaled += n
		}
	}
	a.ctx.Step(a.ctx.Pass.Name, done, len(data))
	a.m.DropUnusedResources()
	if a.rounding > 0 {
		rewrite.MarkApprox(a.m, a.changed)
	}
	a.m.SettleLost()
	a.report(scaled)
	if len(a.gains) > 0 {
		a.ctx.Reportf("awq: on the calibration data the outputs of these layers, stored by the scheme, are off by %.1f dB less, on average",
			sumOf(a.gains)/float64(len(a.gains)))
	}
	return nil
}

// inputs are those of the groups' layers.
func (a *awq) inputs() (data []*layerInput, of map[*layerInput]*smoothGroup) {
	of = map[*layerInput]*smoothGroup{}
	for _, g := range a.groups {
		n, known := g.norms[0].op.Result().Type.Shape[g.norms[0].op.In(0).Rank()-1].IsConst()
		switch {
		case g.refused != "":
			continue
		case !known || n > compress.MaxInputs:
			g.refused = fmt.Sprintf("it has %s inputs, and data is gathered for at most %d", g.norms[0].op.Result().Type, compress.MaxInputs)
			continue
		}
		d := &layerInput{n: int(n)}
		for _, norm := range g.norms {
			d.sources = append(d.sources, inputSource{value: norm.op.Result()})
		}
		data, of[d] = append(data, d), g
	}
	return data, of
}

// scale changes one group, and counts the norms that it scaled.
func (a *awq) scale(g *smoothGroup, in *compress.Inputs) (int, error) {
	squares, err := in.Squares(a.ctx)
	if err != nil {
		return 0, err
	}
	switch total := sumOf(squares); {
	case in.Rows == 0:
		g.refused = "no calibration sample reaches it"
	case math.IsNaN(total) || math.IsInf(total, 0):
		g.refused = "its numbers in the calibration data are not all finite"
	case total == 0:
		g.refused = "its numbers in the calibration data are all zero"
	}
	if g.refused != "" {
		return 0, nil
	}
	factors, err := a.best(g, in)
	if err != nil || g.refused != "" {
		return 0, err
	}
	if allOnes(factors) {
		g.refused = "no factors make its weights lose less"
		return 0, nil
	}
	for _, n := range g.norms {
		for _, u := range n.uses() {
			a.changed = append(a.changed, u.Op.Operands[u.Index])
		}
	}
	return len(g.norms), a.apply(g, factors)
}

// awqSteps is how many powers are tried: k/awqSteps.
const awqSteps = 10

// best finds the factors with the least error of the outputs on the calibration data.
func (a *awq) best(g *smoothGroup, in *compress.Inputs) ([]float64, error) {
	var best []float64
	least, plain := math.Inf(1), 0.0
	for step := range awqSteps + 1 {
		factors := a.factors(in, float64(step)/awqSteps)
		if err := a.keep(g, factors, a.rounding); err != nil {
			return nil, err
		}
		if step > 0 && allOnes(factors) {
			continue
		}
		cost, err := a.cost(g, factors, in)
		if reason, ok := compress.ReasonOf(err); ok {
			g.refused = reason
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if step == 0 {
			plain = cost
		}
		if cost < least {
			best, least = factors, cost
		}
	}
	if least < plain {
		a.gains = append(a.gains, compress.OutputError{Plain: plain, Noise: least}.Gain())
	}
	return best, nil
}

// factors are powers of the inputs' mean magnitudes, around 1.
func (a *awq) factors(in *compress.Inputs, power float64) []float64 {
	low, high := math.Inf(1), 0.0
	for _, v := range in.Abs {
		if v > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	middle := (math.Log2(low) + math.Log2(high)) / 2
	factors := make([]float64, in.N)
	for i, v := range in.Abs {
		factors[i] = 1
		if v > 0 {
			factors[i] = math.Exp2(math.Round(a.octave*power*(math.Log2(v)-middle)) / a.octave)
		}
	}
	return factors
}

// cost is the error of the outputs of a group's layers if their weights, times factors, are stored by the scheme.
func (a *awq) cost(g *smoothGroup, factors []float64, in *compress.Inputs) (float64, error) {
	sum := 0.0
	for _, name := range g.weights {
		t, err := a.m.Resource(name).Tensor()
		if err != nil {
			return 0, err
		}
		scaled, err := scaleChannels(t, factors, 1)
		if err != nil {
			return 0, err
		}
		stored, err := a.stored(scaled)
		if err != nil {
			return 0, err
		}
		off := host.New(host.F32, t.Shape...)
		was, is := host.Values[float32](scaled), host.Values[float32](stored)
		for i := range was {
			host.Raw[float32](off)[i] = (was[i] - is[i]) / float32(factors[i%len(factors)])
		}
		power, err := in.OutputPower(a.ctx, off)
		if err != nil {
			return 0, err
		}
		sum += power
	}
	return sum, nil
}

// stored gives the numbers that the scheme keeps of a weight [out, in].
func (a *awq) stored(t *host.Tensor) (*host.Tensor, error) {
	opt := compress.Options{Out: []int{0}, In: []int{1}}
	var err error
	if opt.Block, err = a.scheme.Granularity().Blocks(t.Shape, opt.Out, opt.In); err != nil {
		return nil, err
	}
	packed, err := compress.Apply(a.ctx, t, a.scheme, opt)
	if err != nil {
		return nil, err
	}
	out, err := host.Alloc(t.Elem, packed.Stored)
	if err != nil {
		return nil, err
	}
	return out, host.Dequantize(host.Serial, out, packed.Codes, packed.Scale, packed.Zero, packed.Min)
}

func allOnes(list []float64) bool {
	for _, v := range list {
		if v != 1 {
			return false
		}
	}
	return true
}

func sumOf(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum
}
