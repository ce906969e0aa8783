package compress

import (
	"context"

	"github.com/aiopt/aiopt/ir/host"
)

func quantize(ctx context.Context, t *host.Tensor, q Quant, opt Options) (*Packed, error) {
	return nil, &Refusal{"not written yet"}
}
