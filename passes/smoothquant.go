package passes

import (
	"errors"
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
	"github.com/aiopt/aiopt/passes/pass"
)

// SmoothQuant is the pass `smoothquant`, such as smoothquant{alpha=0.6}.
func SmoothQuant() *pass.Pass {
	p := &pass.Pass{
		Name: "smoothquant",
		Doc: "Make the inputs of linear layers easier to store as 8 bits, before a8: channels of large numbers become smaller, and " +
			"the weights that they meet larger. The factors go into the norm before the layers, and come from calibration data " +
			"(--inputs=FOLDER). They are powers of two, so that the model computes the same numbers. (Xiao et al. 2022, SmoothQuant.)",
		NeedsLowered: true,
	}
	alpha := p.Options.Float("alpha", 0.5, "how much of the difficulty goes from the activations to the weights, 0 to 1")
	only := p.Options.Names("norms and layers", "the paths of their modules")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if !(*alpha >= 0 && *alpha <= 1) {
			return fmt.Errorf("alpha=%v: expected a number from 0 to 1", *alpha)
		}
		filter, err := only()
		if err != nil {
			return err
		}
		return (&smoothing{ctx: ctx, m: m, alpha: *alpha, filter: filter}).run()
	}
	return p
}

type smoothing struct {
	ctx    *pass.Context
	m      *ir.Module
	alpha  float64
	filter *pass.Names

	norms  []*smoothNorm
	groups []*smoothGroup
	others []string // linear layers that follow no norm

	inKernels int // linear layers whose norm cannot be seen
}

func (s *smoothing) run() error {
	s.find()
	s.group()
	if err := s.anything(); err != nil {
		return err
	}
	stats := map[*ir.Value]*calibrate.Stats{}
	for _, g := range s.groups {
		for _, n := range g.norms {
			if g.refused == "" {
				stats[n.op.Result()] = calibrate.Find("minmax").Start(n.op.In(0).Rank() - 1)
			}
		}
	}
	done := 0
	if len(stats) > 0 {
		if err := s.calibrate(stats); err != nil {
			return err
		}
	}
	for _, g := range s.groups {
		if g.refused != "" {
			continue
		}
		factors, err := s.factors(g, stats)
		if err == nil && factors != nil {
			err = s.apply(g, factors)
		}
		if err != nil {
			return err
		}
		if g.refused == "" {
			done += len(g.norms)
		}
	}
	s.m.DropUnusedResources()
	s.m.SettleLost()
	s.report(done)
	return nil
}

func (s *smoothing) calibrate(stats map[*ir.Value]*calibrate.Stats) error {
	var failed error
	err := s.ctx.Calibrate(s.m, &pass.Watch{
		Select: func(v *ir.Value) bool { return stats[v] != nil },
		Observe: func(v *ir.Value, t *host.Tensor) {
			if err := stats[v].Add(t); err != nil && failed == nil {
				failed = err
			}
		},
	})
	return errors.Join(err, failed)
}

// factors are what the channels of a group are divided by: max|x|^alpha / max|w|^(1-alpha), as a power of two. Channels whose
// numbers would leave the range of their type stay as they are; nil where all do, and the group is refused.
func (s *smoothing) factors(g *smoothGroup, stats map[*ir.Value]*calibrate.Stats) ([]float64, error) {
	var x []float64
	for _, n := range g.norms {
		st := stats[n.op.Result()]
		if st.NotFinite() > 0 {
			g.refused = "its numbers in the calibration data are not all finite"
			return nil, nil
		}
		for i, r := range st.Ranges(calibrate.Options{}) {
			if i == len(x) {
				x = append(x, 0)
			}
			x[i] = max(x[i], r.Most())
		}
	}
	if len(x) == 0 {
		g.refused = "no calibration sample reaches it"
		return nil, nil
	}
	w := make([]float64, len(x))
	for _, name := range g.weights {
		t, err := s.m.Resource(name).Tensor()
		if err != nil {
			return nil, err
		}
		for i, v := range host.Values[float64](t) {
			w[i%len(w)] = max(w[i%len(w)], math.Abs(v))
		}
	}
	factors := make([]float64, len(x))
	changed := false
	for i := range factors {
		factors[i] = 1
		if f := math.Pow(x[i], s.alpha) / math.Pow(w[i], 1-s.alpha); f > 0 && !math.IsInf(f, 0) {
			factors[i] = math.Ldexp(1, int(math.Round(math.Log2(f))))
		}
	}
	if err := s.keep(g, factors, 0); err != nil {
		return nil, err
	}
	for _, f := range factors {
		changed = changed || f != 1
	}
	if !changed {
		g.refused = "no channel gains by a factor"
		return nil, nil
	}
	return factors, nil
}

// keep takes back the factors that some number would not survive: of which scaling loses more than a share.
func (s *smoothing) keep(g *smoothGroup, factors []float64, share float64) error {
	check := func(names []string, power float64) error {
		for _, name := range names {
			t, err := s.m.Resource(name).Tensor()
			if err != nil {
				return err
			}
			scaled, err := scaleChannels(t, factors, power)
			if err != nil {
				return err
			}
			back := powers(factors, -power)
			was, is := host.Values[float64](t), host.Values[float64](scaled)
			for i := range was {
				k := i % len(factors)
				if lost := math.Abs(is[i]*back[k] - was[i]); !(lost <= share*math.Abs(was[i])) {
					factors[k] = 1
				}
			}
		}
		return nil
	}
	return errors.Join(check(g.weights, 1), check(g.params, -1))
}

// scaleChannels multiplies the channels of the last axis by powers of factors.
func scaleChannels(t *host.Tensor, factors []float64, power float64) (*host.Tensor, error) {
	by := powers(factors, power)
	values := append([]float64(nil), host.Values[float64](t)...)
	for i := range values {
		values[i] *= by[i%len(by)]
	}
	return host.FromValues(t.Elem, t.Shape, values)
}

func powers(list []float64, power float64) []float64 {
	out := make([]float64, len(list))
	for i, v := range list {
		out[i] = math.Pow(v, power)
	}
	return out
}

func (s *smoothing) report(done int) {
	total, layers := 0, 0
	for _, g := range s.groups {
		total += len(g.norms)
		if g.refused == "" {
			layers += g.layers()
		}
	}
	s.ctx.Reportf("%s: scaled %d of %d norms, and the %d linear layers that they feed", s.ctx.Pass.Name, done, total, layers)
	for _, g := range s.groups {
		if g.refused == "" {
			continue
		}
		for _, line := range s.skipped(g) {
			s.ctx.Reportf("%s: skipped %s", s.ctx.Pass.Name, line)
		}
	}
	for _, o := range s.others {
		s.ctx.Reportf("%s: skipped %s", s.ctx.Pass.Name, o)
	}
	for _, p := range s.filter.Missed() {
		s.ctx.Reportf("%s: %s matches nothing", s.ctx.Pass.Name, p)
	}
}
