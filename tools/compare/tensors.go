package compare

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Tensors gives the values of a point as they were compared, the tested one first. Each side runs again, as far as its value.
func Tensors(ctx context.Context, testedSide, referenceSide Side, p *Point) ([2]*host.Tensor, error) {
	var values [2]*host.Tensor
	for at, s := range [2]Side{testedSide, referenceSide} {
		var err error
		if values[at], err = shownAgain(ctx, s, p.by[at].Value, p.Turn); err != nil {
			return values, err
		}
		if values[at] == nil {
			return values, fmt.Errorf("the %s side does not show %s again", sideNames[at], p.Name)
		}
	}
	return align(values, [2]ir.Claim{p.by[0].Claim, p.by[1].Claim})
}

// shownAgain runs a side until it has shown a value for the turn that is asked for; nil where it never does.
func shownAgain(ctx context.Context, s Side, value *Value, turn int) (*host.Tensor, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var found *host.Tensor
	turns := 0
	err := s.Show(ctx, func(v *Value) bool { return v == value }, func(_ *Value, t *host.Tensor) {
		if turns == turn {
			found = t.Clone()
			stop()
		}
		turns++
	})
	if found != nil { // that a side was stopped is no error
		return found, nil
	}
	return nil, err
}
