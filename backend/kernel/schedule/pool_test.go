package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
)

// pools are operations on images: the sizes of x and of the result, and attributes.
var pools = []struct{ op, x, y, attrs string }{
	{"max", "2x9x9x10", "2x5x5x10", "kernel = [3, 3], stride = [2, 2], low = [1, 1], high = [1, 1], channels_last = true"},
	{"max", "2x3x9x21", "2x3x5x11", "kernel = [3, 3], stride = [2, 2], low = [1, 1], high = [1, 1]"},
	{"max", "1x3x9x20", "1x3x4x10", "kernel = [2, 2]"},
	{"max", "3x17", "3x7", "kernel = [3], stride = [2], dilation = [2]"},
	{"max", "1x2x5x6x7", "1x2x3x3x4", "kernel = [2, 2, 2], ceil_mode = true"},
	{"max", "1x20x20x3", "1x3x3x3", "kernel = [6, 6], channels_last = true"},
	{"avg", "2x9x9x10", "2x5x5x10", "kernel = [3, 3], stride = [2, 2], padding = [1, 1], channels_last = true"},
	{"avg", "2x3x9x9", "2x3x5x5", "kernel = [3, 3], stride = [2, 2], padding = [1, 1], count_include_pad = false"},
	{"avg", "2x3x8x21", "2x3x4x11", "kernel = [2, 3], stride = [2, 2], padding = [0, 1], ceil_mode = true"},
	{"avg", "2x3x8", "2x3x4", "kernel = [2], ceil_mode = true, divisor = 3"},
	{"adaptive_avg", "2x7x5x10", "2x3x2x10", "output = [3, 2], channels_last = true"},
	{"adaptive_avg", "2x3x8x12", "2x3x4x6", "output = [4, 6]"},
	{"adaptive_avg", "2x3x7x5", "2x3x3x2", "output = [3, 2]"},
	{"adaptive_avg", "2x3x7x5", "2x3x1x1", "output = [1, 1]"},
	{"adaptive_max", "2x7x5x10", "2x3x2x10", "output = [3, 2], channels_last = true"},
}

// TestPools holds pools of which only the numbers are used against the interpreter.
func TestPools(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 5))
	for _, tt := range pools {
		t.Run(fmt.Sprint(tt.op, tt.x, tt.attrs), func(t *testing.T) {
			typ := func(shape, elem string) string { return "tensor<" + shape + "x" + elem + ">" }
			body := fmt.Sprintf("%%y = nn.%s_pool(%%x) {%s} : %s", tt.op, tt.attrs, typ(tt.y, "f32"))
			if tt.op == "max" || tt.op == "adaptive_max" {
				body = fmt.Sprintf("%%y, %%i = nn.%s_pool(%%x) {%s} : %s, %s", tt.op, tt.attrs, typ(tt.y, "f32"), typ(tt.y, "i64"))
			}
			m, op := parse(t, module("%x: "+typ(tt.x, "f32"), typ(tt.y, "f32"), body))
			in := randomInputs(rng, m.Funcs[0].Params, nil)
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range targets {
				g, err := schedule.NewGroup(op)
				if err != nil {
					t.Fatal(err)
				}
				made, why := schedule.Plan(g, to)
				if why != "" {
					t.Fatalf("%s: %s", to.Name, why)
				}
				got, err := compute(made, in, nil, want[0])
				if err == nil {
					err = differ(got, want[0])
				}
				if err != nil {
					t.Errorf("%s: %v", to.Name, err)
				}
			}
		})
	}
}
