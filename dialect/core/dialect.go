package core

import "github.com/aiopt/aiopt/ir"

// Dialect is the table of core operations.
var Dialect = ir.NewDialect("core", "structure: constants, calls, control flow, kernels",
	Constant, DimOp, Bind, Return, Call, Cond, While, Scan, Map, Kernel, MetalKernel)
