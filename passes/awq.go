package passes

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
)

// AWQ is the pass `awq`, such as awq{group=32}, w4{group=32}.
func AWQ() *pass.Pass {
	p := &pass.Pass{
		Name: "awq",
		Doc: "Make the weights of linear layers lose less when they are stored in few bits: before `w4` or the like, and with the same " +
			"options. Those that meet large inputs become larger, and the norm before the layers takes the inverse factors. They come from " +
			"calibration data (--inputs=FOLDER): a power of each input's mean magnitude, the one that loses least. They are rounded to powers of " +
			"two, so that the model computes the same numbers. (Lin et al. 2023, AWQ.)",
		NeedsLowered: true,
	}
	s := ints(host.I4)
	edit := quantOptions(p, s.Quant)
	only := declareFilter(&p.Options, "norms and layers", "the paths of their modules")
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
		return (&awq{smoothing: smoothing{ctx: ctx, m: m, filter: filter}, scheme: s}).run()
	}
	return p
}

// awq scales the same groups as smoothquant does, by other factors.
type awq struct {
	smoothing
	scheme compress.Scheme // that the weights will be stored by
}

// awqMemory is how much is gathered of the inputs at once, in bytes.
const awqMemory = 512e6

func (a *awq) run() error {
	a.find()
	a.group()
	var data []*layerInput
	of := map[*layerInput]*smoothGroup{}
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
	a.m.SettleLost()
	a.report(scaled)
	return nil
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
	factors, err := a.best(g, in, squares)
	if err != nil || g.refused != "" {
		return 0, err
	}
	if allOnes(factors) {
		g.refused = "no factors make its weights lose less"
		return 0, nil
	}
	return len(g.norms), a.apply(g, factors)
}

// awqSteps is how many powers are tried: k/awqSteps.
const awqSteps = 10

// best finds the factors with the least error of the outputs, as far as errors of single inputs tell: the sum over the
// weights' elements of their squared error times the mean square of their input.
func (a *awq) best(g *smoothGroup, in *compress.Inputs, squares []float64) ([]float64, error) {
	var best []float64
	least := math.Inf(1)
	for step := range awqSteps + 1 {
		factors := awqFactors(in, float64(step)/awqSteps)
		if err := a.exact(g, factors); err != nil {
			return nil, err
		}
		if step > 0 && allOnes(factors) {
			continue
		}
		cost, err := a.cost(g, factors, squares)
		if reason, ok := refusal(err); ok {
			g.refused = reason
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if cost < least {
			best, least = factors, cost
		}
	}
	return best, nil
}

// awqFactors are powers of the inputs' mean magnitudes around 1, rounded to powers of two.
func awqFactors(in *compress.Inputs, power float64) []float64 {
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
			factors[i] = math.Ldexp(1, int(math.Round(power*(math.Log2(v)-middle))))
		}
	}
	return factors
}

func (a *awq) cost(g *smoothGroup, factors, squares []float64) (float64, error) {
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
		block, err := granularity(a.scheme).Blocks(t.Shape, []int{0}, []int{1})
		if err != nil {
			return 0, err
		}
		packed, err := compress.Apply(a.ctx, scaled, a.scheme, compress.Options{Block: block, Out: []int{0}, In: []int{1}})
		if err != nil {
			return 0, err
		}
		stored, err := host.Alloc(t.Elem, packed.Stored)
		if err != nil {
			return 0, err
		}
		if err := host.Dequantize(host.Serial, stored, packed.Codes, packed.Scale, packed.Zero, packed.Min); err != nil {
			return 0, err
		}
		was, is := host.Values[float64](scaled), host.Values[float64](stored)
		for i := range was {
			k := i % len(factors)
			d := (was[i] - is[i]) / factors[k]
			sum += float64(d*d) * squares[k]
		}
	}
	return sum, nil
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
