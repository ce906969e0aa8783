// Command myopt is aiopt with passes, a lowering, an operation and a Metal kernel of its own.
package main

import (
	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/cli"

	"example.com/myopt/mydialect"
	"example.com/myopt/mykernels"
	"example.com/myopt/mylowerings"
	"example.com/myopt/mypasses"
)

func main() { cli.Main(toolkit()) }

// toolkit is apart from main so that the tests use the same one.
func toolkit() *aiopt.Toolkit {
	return aiopt.Standard().
		AddDialect(mydialect.Dialect).
		AddPass(mypasses.MulToSquare).
		AddPass(mypasses.LinearRanges).
		AddPass(mypasses.Mixed).
		AddLowering("mylib.swiglu", mylowerings.SwiGLU).
		AddKernel("my.square", mykernels.Square)
}
