//go:build unix

package native

import (
	"fmt"
	"testing"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
)

// packTests are layers of models, whose packed weights are held against the weights.
var packTests = []heavy{
	linearOf("f32", 1, 4096, 4096), linearOf("f32", 1, 2048, 1000), linearOf("f32", 128, 768, 3072), linearOf("f32", 197, 768, 768),
	linearOf("f16", 1, 1024, 3072), linearOf("f16", 128, 1024, 1024), linearOf("bf16", 128, 3072, 1024),
	convOf("f32", 3, 64, 7, 224, 1), convOf("f32", 64, 64, 3, 56, 1), convOf("f32", 512, 2048, 1, 7, 1), convOf("f32", 96, 96, 3, 56, 96), convOf("f16", 64, 128, 3, 28, 1),
	int4(1, 1024, 3072), int4(128, 1024, 3072), int4(1, 3072, 1024),
}

func linearOf(elem string, rows, in, out int) heavy {
	return heavy{
		[]string{fmt.Sprintf("%dx%dx%s", rows, in, elem)}, []string{fmt.Sprintf("%dx%dx%s", out, in, elem), fmt.Sprintf("%dx%s", out, elem)},
		"nn.linear(%x0, %c0, %c1)", fmt.Sprintf("%dx%dx%s", rows, out, elem), "",
	}
}

// convOf has as many zeros around as keep the image's size.
func convOf(elem string, in, out, window, size, groups int) heavy {
	at := fmt.Sprintf("[%d, %d]", window/2, window/2)
	return heavy{
		[]string{fmt.Sprintf("1x%dx%dx%dx%s", in, size, size, elem)}, []string{fmt.Sprintf("%dx%dx%dx%dx%s", out, in/groups, window, window, elem)},
		fmt.Sprintf("nn.conv(%%x0, %%c0) {low = %s, high = %s, groups = %d}", at, at, groups), fmt.Sprintf("1x%dx%dx%dx%s", out, size, size, elem), "",
	}
}

// TestPackedBytes holds what packed weights take against 1.1 times what they replace, for every target.
func TestPackedBytes(t *testing.T) {
	for _, target := range emit.Targets() {
		m := &emit.Machine{Target: target}
		for _, h := range packTests {
			f := backendtest.Parse(t, h.text()).Funcs[0]
			plan, err := calls.Of(f.Ops[len(f.Ops)-2], TargetOf(m))
			if err != nil {
				t.Fatalf("%s, %s: %v", target.Name, h.constants, err)
			}
			have, replaced := 0, 0
			seen := map[*ir.Value]bool{}
			for _, p := range plan.Packs {
				have += p.Bytes
				for _, at := range p.Operands {
					v := calls.Operands(f.Ops[len(f.Ops)-2])[at]
					if n, ok := v.Type.NumElements().IsConst(); ok && !seen[v] {
						replaced += int(n) * v.Type.Elem.Bits() / 8
						seen[v] = true
					}
				}
			}
			if float64(have) > 1.1*float64(replaced) {
				t.Errorf("%s, %v of %s: the packed weights take %d bytes, those that they replace %d", target.Name, h.constants, h.inputs[0], have, replaced)
			}
		}
	}
}
