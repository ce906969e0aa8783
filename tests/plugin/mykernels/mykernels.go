// Package mykernels has the Metal kernels of this example.
package mykernels

import (
	"github.com/aiopt/aiopt/dialect/core/metaltext"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/kernels"
)

// Square computes my.square of vectors. Templates stand for element types, so that one text serves all of them.
var Square = &kernels.Kernel{
	Kernel: metaltext.Kernel{
		Name:      "square",
		Inputs:    []metaltext.Input{{Name: "x", Kind: metaltext.Tensor}},
		Results:   []string{"y"},
		Builtins:  []metaltext.Builtin{{Type: "uint", Name: "i", Attr: "thread_position_in_grid"}},
		Templates: []metaltext.Template{{Input: "x", Name: "TYPE"}},
		Source:    metaltext.Part{Text: "TYPE v = x[i];\ny[i] = v * v;"},
	},
	Threads:     func(op *ir.Op) [3]ir.Dim { return [3]ir.Dim{op.In(0).Shape[0], ir.Const(1), ir.Const(1)} },
	Threadgroup: [3]int{64, 1, 1},
	Fits: func(op *ir.Op) string {
		if op.In(0).Rank() != 1 {
			return "it is written for vectors"
		}
		return ""
	},
}
