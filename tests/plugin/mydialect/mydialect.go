// Package mydialect is a dialect with one operation of its own.
package mydialect

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Dialect is the table of operations.
var Dialect = ir.NewDialect("my", "operations of this example", Square)

// Square is x*x, for every numeric type. This one entry is all there is to an elementwise operation: the parser, the
// verifier, the documentation, constant folding and the interpreter read it.
var Square = tensor.Elementwise("my.square", "x*x.", 1, ir.Numbers, 0,
	host.Kernel{
		F32: square[float32], F64: square[float64], I64: square[int64], U64: square[uint64],
		C64: square[complex64], C128: square[complex128],
	},
	`%y = my.square(%x: tensor<3xf32> = [1, -2, 3]) : tensor<3xf32> // [1, 4, 9]`)

func square[T host.Number](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = x * x
	}
}
