package passes

import (
	"errors"
	"fmt"

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
	only := p.Options.Names("activations", "the paths of the modules that use them, or for the names of values")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if !(*percent > 0 && *percent <= 100) {
			return fmt.Errorf("percentile=%v: expected a number above 0, at most 100", *percent)
		}
		if *dynamic && *granularity == "channel" {
			return errors.New("dynamic=true has a scale for each row, so granularity=channel cannot be, too")
		}
		filter, err := only()
		if err != nil {
			return err
		}
		scheme := &activationScheme{codes: a8Codes[*dtype], observer: calibrate.Find(*observer), percentile: *percent, scale: host.F32, shares: "per_tensor"}
		switch {
		case *dynamic:
			scheme.observer, scheme.shares = nil, "per_row"
		case *granularity == "channel":
			scheme.shares = "per_channel"
		}
		a := newActivationQuantizer(ctx, m, &oneActivation{scheme: scheme, perChannel: *granularity == "channel", outputs: *outputs, filter: filter})
		return a.run()
	}
	return p
}
