// Command myopt is aiopt with a pass, a lowering and an operation of its own.
package main

import (
	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/cli"

	"example.com/myopt/mydialect"
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
		AddLowering("mylib.swiglu", mylowerings.SwiGLU)
}
