package passes

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// activationQuantizer puts quant.quantize and quant.dequantize around the values that a chooser names.
type activationQuantizer struct {
	*pass.Outcomes
	ctx    *pass.Context
	m      *ir.Module
	choose activationChooser
	sites  map[siteKey]*site
	order  []*site
}

func newActivationQuantizer(ctx *pass.Context, m *ir.Module, choose activationChooser) *activationQuantizer {
	return &activationQuantizer{Outcomes: pass.NewOutcomes(ctx, pass.Activation), ctx: ctx, m: m, choose: choose, sites: map[siteKey]*site{}}
}

// run quantizes all that can be.
func (a *activationQuantizer) run() error {
	a.find()
	if err := a.quantize(); err != nil {
		return err
	}
	if err := a.Check("activations are the inputs of nn.linear, nn.conv, nn.conv_transpose, tensor.matmul and the like"); err != nil {
		return err
	}
	a.report()
	return nil
}

// quantize changes the module at the sites that were found.
func (a *activationQuantizer) quantize() error {
	if err := a.calibrate(); err != nil {
		return err
	}
	var changed []*ir.Value
	for _, s := range a.order {
		if s.refused != "" {
			continue
		}
		v, err := a.build(s)
		if err != nil {
			return s.users[0].Errorf("%v", err)
		}
		changed = append(changed, v)
	}
	a.record()
	rewrite.MarkApprox(a.m, changed)
	canonKernels(a.m)
	return nil
}

// calibrate observes the values on the calibration data, and refuses those of which it says nothing.
func (a *activationQuantizer) calibrate() error {
	var failed error
	watched := map[*ir.Value][]*site{}
	for _, s := range a.order {
		if s.refused != "" || s.scheme.dynamic() {
			continue
		}
		if _, known := s.scheme.known(); known {
			continue
		}
		if a.ctx.Calibration == nil && s.by != "" {
			return a.noData(s)
		}
		s.stats = s.scheme.observer.Start(s.axis)
		watched[s.value] = append(watched[s.value], s)
	}
	if len(watched) == 0 {
		return nil
	}
	err := a.ctx.Calibrate(a.m, &pass.Watch{
		Select: func(v *ir.Value) bool { return watched[v] != nil },
		Observe: func(v *ir.Value, t *host.Tensor) {
			for _, s := range watched[v] {
				if err := s.stats.Add(t); err != nil && failed == nil {
					failed = fmt.Errorf("%s: %w", s.name(), err)
				}
			}
		},
	})
	if err != nil {
		return err
	}
	for _, s := range a.order {
		switch {
		case s.stats == nil:
		case s.stats.Batches() == 0:
			s.refused = "no calibration sample reaches it"
		case s.stats.NotFinite() > 0:
			s.refused = fmt.Sprintf("%d of its numbers in the calibration data are NaN or infinite", s.stats.NotFinite())
		}
	}
	return failed
}

// noData is the error where something other than the pass asks for ranges, and there is no data to find them in.
func (a *activationQuantizer) noData(s *site) error {
	return fmt.Errorf("%s\n  asks for activations as %s, whose range comes from calibration data, and there is none;\n"+
		"  the first such activation is %s\n"+
		"  give inputs like those that the model will see, with --inputs=FOLDER, a .safetensors file for each sample,\n"+
		"  or compress weights alone: write `op_input_spec: null` and `op_output_spec: null` in every entry", s.by, s.scheme, s.name())
}

// loss is what the calibration data says that a site loses.
func (s *site) loss() (signal, noise float64) {
	if s.stats == nil {
		return 0, 0
	}
	return s.stats.Loss(s.scheme.options())
}

// record notes what became of each candidate.
func (a *activationQuantizer) record() {
	for _, s := range a.order {
		entry := pass.Compressed{Tensor: s.name(), Modules: ir.ModulePaths(s.users...), Op: s.users[0].Name(), Elem: s.elem, Refused: s.refused, Ignored: s.ignored}
		entry.Shape, _ = s.value.Type.Static()
		if s.refused == "" {
			entry.Scheme, entry.Unmeasured = s.scheme, s.stats == nil
			entry.Signal, entry.Noise = s.loss()
		}
		a.Outcomes.Add(entry)
	}
}

// report prints a line for each scheme, and what else there is to tell.
func (a *activationQuantizer) report() {
	name := a.ctx.Pass.Name
	var schemes []string
	done, worst, least := map[string]int{}, map[string]string{}, map[string]float64{}
	for _, s := range a.order {
		if s.refused != "" {
			continue
		}
		scheme := s.scheme.String()
		if done[scheme]++; done[scheme] == 1 {
			schemes, least[scheme] = append(schemes, scheme), math.Inf(1)
		}
		signal, noise := s.loss()
		if db := 10 * math.Log10(signal/noise); noise > 0 && db < least[scheme] {
			least[scheme], worst[scheme] = db, fmt.Sprintf("; the lowest SNR is %.1f dB, that of %s", db, s.name())
		}
	}
	for _, scheme := range schemes {
		a.ctx.Reportf("%s: quantized %d of %d activations (%s)%s", name, done[scheme], len(a.order), scheme, worst[scheme])
	}
	a.Tell(a.choose.unused())
}
