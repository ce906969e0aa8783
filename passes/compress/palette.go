package compress

import (
	"context"

	"github.com/aiopt/aiopt/ir/host"
)

func palettize(ctx context.Context, t *host.Tensor, p Palette, opt Options) (*Packed, error) {
	return nil, &Refusal{"not written yet"}
}
