package compare

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Tensors gives the values of a point as they were compared, the tested one first. Both sides run again up to their ends.
func Tensors(ctx context.Context, testedSide, referenceSide Side, p *Point) ([2]*host.Tensor, error) {
	var values [2]*host.Tensor
	for at, s := range [2]Side{testedSide, referenceSide} {
		turn := 0
		err := s.Show(ctx, func(v *Value) bool { return v == p.by[at].Value }, func(_ *Value, t *host.Tensor) {
			if turn == p.Turn {
				values[at] = t.Clone()
			}
			turn++
		})
		if err != nil {
			return values, err
		}
		if values[at] == nil {
			return values, fmt.Errorf("the %s side does not show %s again", sideNames[at], p.Name)
		}
	}
	return align(values, [2]ir.Claim{p.by[0].Claim, p.by[1].Claim})
}
