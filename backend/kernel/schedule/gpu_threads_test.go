package schedule_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
)

// TestGPUPairs holds kernels that are large enough for threads to take two vectors each, and those beside them that are not, against the interpreter.
func TestGPUPairs(t *testing.T) {
	code := metally{step: 1}
	for i, tt := range []struct {
		params, result, op string
		stores             int // of a thread
	}{
		{"%x: tensor<64x4096xf16>", "tensor<64x4096xf16>", "nn.silu(%x)", 2},
		{"%x: tensor<64x4096xbf16>, %w: tensor<4096xbf16>", "tensor<64x4096xbf16>", "tensor.mul(%x, %w)", 2},
		{"%x: tensor<64x4096xf16>", "tensor<64x4096xf32>", "tensor.cast(%x)", 1},
		{"%x: tensor<63x4096xf16>", "tensor<63x4096xf16>", "tensor.neg(%x)", 1},
	} {
		if skipped(i, 4) {
			continue
		}
		t.Run(tt.op+" "+tt.result, func(t *testing.T) {
			m, op := parse(t, module(tt.params, tt.result, "%y = "+tt.op+" : "+tt.result))
			in := randomInputs(rand.New(rand.NewPCG(uint64(i), 9)), m.Funcs[0].Params, nil)
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			code.hold(t, gpus[:1], op, in, nil, want[0])
			g, err := schedule.NewGroup(op)
			if err != nil {
				t.Fatal(err)
			}
			made, why := schedule.Plan(g, gpus[0])
			if why != "" {
				t.Fatal(why)
			}
			if text := kernel.Print(made.Kernels[0]); strings.Count(text, "store ") != tt.stores {
				t.Errorf("expected %d stores:\n%s", tt.stores, text)
			}
		})
	}
	metaltest.Hold(t, code.jobs)
}
