package mypasses

import (
	"errors"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
	"github.com/aiopt/aiopt/passes/pass"
)

// LinearRanges is the pass `linear-ranges`.
func LinearRanges() *pass.Pass {
	return &pass.Pass{
		Name:         "linear-ranges",
		Doc:          "Report the range of what each linear layer is given on calibration data.",
		NeedsLowered: true,
		Run: func(ctx *pass.Context, m *ir.Module) error {
			stats := map[*ir.Value]*calibrate.Stats{}
			var layers []*ir.Op
			m.Walk(func(op *ir.Op) {
				if op.Is(nn.Linear) {
					layers = append(layers, op)
					stats[op.Operands[0]] = calibrate.Find("minmax").Start(calibrate.PerTensor)
				}
			})
			var failed error
			err := ctx.Calibrate(m, &pass.Watch{
				Select: func(v *ir.Value) bool { return stats[v] != nil },
				Observe: func(v *ir.Value, t *host.Tensor) {
					if err := stats[v].Add(t); err != nil {
						failed = err
					}
				},
			})
			if err != nil || failed != nil {
				return errors.Join(err, failed)
			}
			for _, op := range layers {
				r := stats[op.Operands[0]].Ranges(calibrate.Options{})[0]
				ctx.Reportf("%s: %g to %g", op.Loc, r.Low, r.High)
			}
			return nil
		},
	}
}
