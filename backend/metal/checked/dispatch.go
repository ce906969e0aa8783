package checked

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/backend/metal/check"
)

// Finding is the error of a kernel in which the checker has found something.
type Finding struct{ check.Diagnostic }

// Error says it in one line.
func (f *Finding) Error() string { return f.String() }

// dispatch runs a kernel of a text.
func (p *program) dispatch(ctx context.Context, d check.Dispatch, text string) error {
	report, err := p.texts[text].Run(ctx, d, check.Options{Order: p.Order, Seed: 1, Checked: true, Limits: p.Limits})
	if err != nil {
		return err
	}
	for _, found := range report.Diagnostics {
		if p.Found == nil {
			return &Finding{found}
		}
		p.Found(found)
	}
	if !report.Finished {
		return fmt.Errorf("kernel %s did not come to its end", d.Launch.Function)
	}
	return nil
}
