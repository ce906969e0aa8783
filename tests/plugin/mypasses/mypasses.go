// Package mypasses holds a pass of one pattern.
package mypasses

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"

	"example.com/myopt/mydialect"
)

// MulToSquare is the pass `mul-to-square`.
func MulToSquare() *pass.Pass {
	return &pass.Pass{
		Name: "mul-to-square",
		Doc:  "Replace x*x by my.square(x).",
		Run: func(_ *pass.Context, m *ir.Module) error {
			_, err := rewrite.Run(m, "mul-to-square", []rewrite.Pattern{mulToSquare})
			return err
		},
	}
}

var mulToSquare = rewrite.Pattern{
	Name: "mul-to-square",
	Root: tensor.Mul,
	Apply: func(rw *rewrite.Rewriter, mul *ir.Op) bool {
		if mul.Operands[0] != mul.Operands[1] {
			return false
		}
		rw.Replace(mul, rw.Build(mydialect.Square, nil, mul.Operands[0]))
		return true
	},
}
