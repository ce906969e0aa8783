package tests

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

// checkKernels compares how @cpu groups a model with testdata/kernels/<model>.txt: how many kernels there are, which
// anchors they hold, what is left outside, and the body of the kernel that shows most. -update writes the file.
func (m *model) checkKernels(t *testing.T) {
	holdText(t, filepath.Join("testdata", "kernels", m.name+".txt"), m.kernels(t))
}

func (m *model) kernels(t *testing.T) string {
	built := m.build(t, "@cpu")
	kernels, plain := 0, 0
	anchors, outside := map[string]int{}, map[string]int{}
	var telling *ir.Op
	built.AllFuncs(func(f *ir.Func) {
		inside := f.Owner() != nil && f.Owner().Is(core.Kernel)
		for _, op := range f.Ops {
			switch {
			case op.Is(core.Kernel):
				kernels++
				if !slices.ContainsFunc(op.Bodies[0].Ops, isAnchor) {
					plain++
				}
				if claims(op.Results[0], m.kernel) && telling == nil {
					telling = op
				}
			case !inside && !op.Def.Traits.Has(ir.Terminator):
				outside[op.Name()]++
			case isAnchor(op):
				anchors[op.Name()]++
			}
		}
	})
	if telling == nil {
		t.Fatalf("no kernel gives the tensor %s", m.kernel)
	}
	return fmt.Sprintf("%d core.kernel, %d of them without an anchor\nanchors:%s\noutside kernels:%s\n%s\n",
		kernels, plain, counted(anchors), counted(outside), text.PrintOp(telling, nil))
}

func isAnchor(op *ir.Op) bool { return op.Def.Traits.Has(ir.Anchor) }

func claims(v *ir.Value, tensor string) bool {
	return slices.ContainsFunc(v.Claims, func(c ir.Claim) bool { return c.Tensor == tensor })
}

func counted(names map[string]int) string {
	var list []string
	for n, count := range names {
		list = append(list, fmt.Sprintf("\n%6d %s", count, n))
	}
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(a[7:], b[7:]) })
	return strings.Join(list, "")
}
