package nn

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// Dialect is the table of neural network layers. Each family's list stands in the file of the family.
var Dialect = ir.NewDialect("nn", "layers of neural networks",
	slices.Concat(linearOps, convOps, attentionOps, normOps, activationOps, poolOps, resampleOps, recurrentOps, visionOps)...)
