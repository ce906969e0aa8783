package passes

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
	"github.com/aiopt/aiopt/passes/pass"
)

// a8Codes are the types that activations are stored as.
var a8Codes = map[string]calibrate.Codes{
	"i8":     {Elem: host.I8},
	"u8":     {Elem: host.U8, Asymmetric: true},
	"f8e4m3": {Elem: host.F8E4M3},
}

// A8 is the pass `a8`, such as a8{dtype=u8, observer=mse, ignore="head*"}.
func A8() *pass.Pass {
	p := &pass.Pass{
		Name: "a8",
		Doc: "Store the inputs of linear layers, convolutions and matrix products as 8 bits: each goes through quant.quantize and " +
			"quant.dequantize. Scales come from calibration data (--inputs=FOLDER), or with dynamic=true from the numbers " +
			"of each row when the model runs. Inputs that stay as they are are reported, with the reason.",
		Lossy:        &pass.Lossy{MinSNR: 10},
		NeedsLowered: true,
	}
	var observers []string
	doc := "how calibration finds the range of a value"
	for _, o := range calibrate.Observers() {
		observers = append(observers, o.Name)
		doc += "; " + o.Name + ": " + o.Doc
	}
	dtype := p.Options.String("dtype", "i8", "what numbers are stored as; i8 and f8e4m3 are symmetric around 0, u8 has a zero point", "i8", "u8", "f8e4m3")
	observer := p.Options.String("observer", "minmax", doc, observers...)
	percent := p.Options.Float("percentile", 99.9, "of the numbers, those that observer=percentile keeps")
	granularity := p.Options.String("granularity", "tensor", "what shares a scale: all of a tensor, or each channel", "tensor", "channel")
	dynamic := p.Options.Bool("dynamic", false, "compute a scale for each row (for a convolution, each image) when the model runs; needs no calibration data")
	outputs := p.Options.Bool("outputs", false, "also the results of these operations, behind the activation function if there is one")
	include := p.Options.Strings("include", "change nothing but these: patterns for the paths of modules, such as \"encoder.*\", or for the "+
		"names of values; * stands for any letters")
	ignore := p.Options.Strings("ignore", "leave these alone, also of those that include names")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if !(*percent > 0 && *percent <= 100) {
			return fmt.Errorf("percentile=%v: expected a number above 0, at most 100", *percent)
		}
		if *dynamic && *granularity == "channel" {
			return errors.New("dynamic=true has a scale for each row, so granularity=channel cannot be, too")
		}
		filter, err := newPathFilter(*include, *ignore)
		if err != nil {
			return err
		}
		a := &a8{ctx: ctx, m: m, filter: filter, codes: a8Codes[*dtype], observer: calibrate.Find(*observer), percentile: *percent,
			perChannel: *granularity == "channel", dynamic: *dynamic, outputs: *outputs, sites: map[siteKey]*site{}}
		return a.run()
	}
	return p
}

type a8 struct {
	ctx        *pass.Context
	m          *ir.Module
	filter     *pathFilter
	codes      calibrate.Codes
	observer   *calibrate.Observer
	percentile float64
	perChannel bool
	dynamic    bool
	outputs    bool

	sites map[siteKey]*site
	order []*site
}

func (a *a8) run() error {
	a.find()
	if a.count() > 0 && !a.dynamic {
		if err := a.calibrate(); err != nil {
			return err
		}
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
	if err := a.report(); err != nil {
		return err
	}
	markApprox(a.m, changed)
	canonKernels(a.m)
	return nil
}

// calibrate observes the values on the calibration data, and refuses those of which it says nothing.
func (a *a8) calibrate() error {
	var failed error
	watched := map[*ir.Value][]*site{}
	for _, s := range a.order {
		if s.refused == "" {
			s.stats = a.observer.Start(s.axis)
			watched[s.value] = append(watched[s.value], s)
		}
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

func (a *a8) count() int {
	n := 0
	for _, s := range a.order {
		if s.refused == "" {
			n++
		}
	}
	return n
}

// loss is what the calibration data says that a site loses.
func (a *a8) loss(s *site) (signal, noise float64) {
	if s.stats == nil {
		return 0, 0
	}
	return s.stats.Loss(a.options())
}

func (a *a8) options() calibrate.Options {
	return calibrate.Options{Codes: a.codes, Percentile: a.percentile}
}

// scheme describes how values are stored.
func (a *a8) scheme() string {
	switch {
	case a.dynamic:
		return a.codes.String() + " dynamic per_row"
	case a.perChannel:
		return fmt.Sprintf("%s static per_channel, %s", a.codes, a.observer.Name)
	}
	return fmt.Sprintf("%s static per_tensor, %s", a.codes, a.observer.Name)
}

// report says what became of each candidate. That nothing was done is an error, and with Strict every refusal is one.
func (a *a8) report() error {
	var skipped []string
	unwanted, worst, least := 0, "", math.Inf(1)
	for _, s := range a.order {
		entry := pass.Compressed{Kind: pass.Activation, Pass: a.ctx.Pass.String(), Tensor: s.name(), Modules: modulePaths(s.users...), Op: s.users[0].Name(),
			Elem: s.elem, Refused: s.refused, Ignored: s.ignored}
		entry.Shape, _ = s.value.Type.Static()
		if s.refused == "" {
			entry.Scheme = a.scheme()
			entry.Signal, entry.Noise = a.loss(s)
			if db := 10 * math.Log10(entry.Signal/entry.Noise); entry.Noise > 0 && db < least {
				least, worst = db, fmt.Sprintf(": %.1f dB at least, of %s", db, s.name())
			}
		} else {
			skipped = append(skipped, fmt.Sprintf("%s: %s", s.name(), s.refused))
		}
		if s.refused != "" && !s.ignored {
			unwanted++
		}
		if a.ctx.Compressed != nil {
			a.ctx.Compressed(entry)
		}
	}
	done := a.count()
	switch {
	case len(a.order) == 0:
		return errors.New("found no activations to quantize; they are the inputs of nn.linear, nn.conv, nn.conv_transpose and tensor.matmul")
	case done == 0:
		return errors.New("quantized nothing; these were skipped:\n  " + strings.Join(skipped, "\n  "))
	case a.ctx.Strict && unwanted > 0:
		return errors.New("these cannot be quantized; leave them out with ignore:\n  " + strings.Join(skipped, "\n  "))
	}
	a.ctx.Reportf("a8: quantized %d of %d activations (%s)%s", done, len(a.order), a.scheme(), worst)
	for _, s := range skipped {
		a.ctx.Reportf("a8: skipped %s", s)
	}
	for _, g := range a.filter.missed() {
		a.ctx.Reportf("a8: %s matches nothing", g)
	}
	return nil
}
