package passes

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/kernels"
	"github.com/aiopt/aiopt/passes/pass"
)

// MetalKernels is the pass `metal-kernels`.
func MetalKernels(table *kernels.Table) *pass.Pass {
	return &pass.Pass{
		Name: "metal-kernels",
		Doc: "Call the Metal kernels that this program has for operations (Toolkit.AddKernel): the operation becomes the definition " +
			"of the kernel, which engines without Metal run. Run it before `fuse`, whose kernels it does not open.",
		NeedsLowered: true,
		Run: func(ctx *pass.Context, m *ir.Module) error {
			var ops []*ir.Op
			m.WalkOwn(func(op *ir.Op) {
				if len(table.Of(op.Name())) > 0 {
					ops = append(ops, op)
				}
			})
			made := 0
			for _, op := range ops {
				why := callKernel(table, op)
				if why == "" {
					made++
					continue
				}
				ctx.Reportf("metal-kernels: kept %s: %s", op.Describe(), why)
			}
			ctx.Reportf("metal-kernels: %d operations are calls of kernels", made)
			return nil
		},
	}
}

// callKernel puts a call of the first kernel that fits in the place of an operation. It says why where none does.
func callKernel(table *kernels.Table, op *ir.Op) string {
	if insideKernel(op.Parent()) {
		return fmt.Sprintf("it is inside a %s; run metal-kernels before fuse", core.Kernel.Name)
	}
	var reasons []string
	for _, k := range table.Of(op.Name()) {
		_, why := k.Call(op, "metal-kernels")
		if why == "" {
			return ""
		}
		reasons = append(reasons, fmt.Sprintf("the kernel %s does not fit: %s", k.Name, why))
	}
	return strings.Join(reasons, "; ")
}
