package compress

import (
	"context"

	"github.com/aiopt/aiopt/ir/host"
)

func sparsify(ctx context.Context, t *host.Tensor, s Scheme, opt Options) (*Packed, error) {
	return nil, &Refusal{"not written yet"}
}
