package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// Dialect is the table of tensor operations. Each family's list stands in the file of the family.
var Dialect = ir.NewDialect("tensor", "arithmetic, comparison, conversion, shapes, indexing, reduction, linear algebra",
	slices.Concat(elementwiseOps, shapeOps, indexOps, reduceOps, linalgOps)...)
