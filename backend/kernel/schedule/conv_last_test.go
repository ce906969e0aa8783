package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// lastConvs are convolutions with channels last: sizes of x [n, h, w, c] or [n, w, c], of the weight, and attributes.
var lastConvs = []struct{ x, w, y, attrs, elem string }{
	{"2x5x6x3", "4x3x1x1", "2x5x6x4", "", "f32"},
	{"1x14x14x6", "70x6x3x3", "1x14x14x70", "low = [1, 1], high = [1, 1]", "f32"},
	{"1x7x7x9", "40x9x3x3", "1x7x7x40", "low = [1, 1], high = [1, 1]", "f32"},
	{"2x9x31x5", "33x5x3x3", "2x5x16x33", "low = [1, 1], high = [1, 1], stride = [2, 2]", "f32"},
	{"1x23x19x3", "17x3x7x7", "1x12x10x17", "low = [3, 3], high = [3, 3], stride = [2, 2]", "f32"},
	{"1x16x24x3", "20x3x8x8", "1x2x3x20", "stride = [8, 8]", "f32"},
	{"1x11x13x6", "12x3x3x2", "1x9x9x12", "low = [1, 0], high = [1, 1], dilation = [2, 5], groups = 2", "f32"},
	{"1x1x1x5", "3x5x3x3", "1x1x1x3", "low = [1, 1], high = [1, 1]", "f32"},
	{"1x3x4x8", "9x8x5x5", "1x3x4x9", "low = [2, 2], high = [2, 2]", "f32"},
	{"1x6x9x16", "32x16x1x1", "1x3x5x32", "stride = [2, 2]", "f32"},
	{"1x2x7x1024", "17x1024x1x1", "1x2x7x17", "", "f32"},
	{"1x100x7", "40x7x3", "1x100x40", "low = [1], high = [1]", "f32"},
	{"2x301x9", "33x9x3", "2x151x33", "low = [1], high = [1], stride = [2]", "f32"},
	{"1x9x20x37", "37x1x3x3", "1x9x20x37", "low = [1, 1], high = [1, 1], groups = 37", "f32"},
	{"2x9x20x32", "32x1x3x3", "2x4x9x32", "stride = [2, 2], groups = 32", "f32"},
	{"1x50x4", "6x4x4", "1x47x6", "", "f32"},
	{"1x5x5x8", "8x8x3x3", "1x3x3x8", "", "bf16"},
	{"1x5x20x8", "8x8x3x3", "1x5x20x8", "low = [1, 1], high = [1, 1]", "f16"},
	{"1x5x5x3", "8x3x3x3", "1x5x5x8", "low = [1, 1], high = [1, 1]", "i32"},
	{"1x5x9x3", "8x3x3x3", "1x5x9x8", "low = [1, 1], high = [1, 1]", "f64"},
}

// TestLastConvs holds convolutions with channels last against the interpreter: alone, and between other operations.
func TestLastConvs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 5))
	n := &natively{step: 3} // alone and fused ones by turns
	for i, tt := range lastConvs {
		if skipped(i, 16) {
			continue
		}
		for _, fused := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,%s,%s,%v", tt.x, tt.w, tt.elem, fused), func(t *testing.T) {
				m, op := parse(t, lastConv(tt.x, tt.w, tt.y, tt.attrs, tt.elem, fused))
				in := randomInputs(rng, m.Funcs[0].Params, nil)
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				for _, constants := range []int{0b10, 0b11110} {
					for _, to := range targets {
						g, err := schedule.NewGroup(op)
						if err != nil {
							t.Fatal(err)
						}
						for k := range g.Constants {
							g.Constants[k] = constants>>k&1 == 1
						}
						made, why := schedule.Plan(g, to)
						if why != "" {
							t.Fatalf("%s: %s", to.Name, why)
						}
						got, err := n.compute(t.Name(), to, made, in, nil, want[0])
						if err == nil {
							err = differ(got, want[0])
						}
						if err != nil {
							t.Fatalf("%s, constants %b: %v", to.Name, constants, err)
						}
					}
				}
			})
		}
	}
	n.run(t)
}

// TestPairedConvs rounds to bf16, in which multiples of 1/8 are exact, where there is an instruction for pairs.
func TestPairedConvs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 6))
	for i, tt := range lastConvs {
		if skipped(i, 8) || tt.elem != "f32" {
			continue
		}
		t.Run(fmt.Sprintf("%s,%s", tt.x, tt.w), func(t *testing.T) {
			m, op := parse(t, lastConv(tt.x, tt.w, tt.y, tt.attrs, tt.elem, false))
			in := randomInputs(rng, m.Funcs[0].Params, nil)
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range targets {
				to.Halves, to.Features = true, []string{"avx512bf16"}
				g, err := schedule.NewGroup(op)
				if err != nil {
					t.Fatal(err)
				}
				g.Constants[1] = true
				made, why := schedule.Plan(g, to)
				if why != "" {
					t.Fatalf("%s: %s", to.Name, why)
				}
				packed := host.BF16
				if in[1].Shape[1] == 1 || to.Lanes == 1 { // there are no pairs
					packed = host.F32
				}
				if found := made.Packs[0].Elem; found != packed {
					t.Errorf("%s: the weight is packed as %s, expected %s", to.Name, found, packed)
				}
				got, err := compute(made, in, nil, want[0])
				if err == nil {
					err = differ(got, want[0])
				}
				if err != nil {
					t.Fatalf("%s: %v", to.Name, err)
				}
			}
		})
	}
}

// lastConv is the text of a convolution; a fused one takes an x that is computed, and is followed by what norms and residual
// connections are made of.
func lastConv(x, w, y, attrs, elem string, fused bool) string {
	var out int
	for i, n := 0, 0; i < len(w); i++ {
		if w[i] == 'x' {
			out = n
			break
		}
		n = n*10 + int(w[i]-'0')
	}
	if attrs != "" {
		attrs = ", " + attrs
	}
	attrs = "channels_last = true" + attrs
	typ := func(shape string) string { return "tensor<" + shape + "x" + elem + ">" }
	c := typ(fmt.Sprint(out))
	params := fmt.Sprintf("%%x: %s, %%w: %s, %%b: %s", typ(x), typ(w), c)
	if !fused {
		return module(params, typ(y), fmt.Sprintf("%%y = nn.conv(%%x, %%w, %%b) {%s} : %s", attrs, typ(y)))
	}
	params += fmt.Sprintf(", %%s: %s, %%m: %s, %%r: %s", c, c, typ(y))
	return module(params, typ(y), fmt.Sprintf(`%%y = core.kernel(%%x, %%w, %%b, %%s, %%m, %%r) : %[1]s
      kernel(%[2]s) {
        %%h = tensor.mul(%%x, %%x) : %[4]s
        %%l = nn.conv(%%h, %%w, %%b) {%[3]s} : %[1]s
        %%c = tensor.sub(%%l, %%m) : %[1]s
        %%d = tensor.mul(%%c, %%s) : %[1]s
        %%e = tensor.sub(%%s, %%d) : %[1]s
        %%f = tensor.add(%%e, %%r) : %[1]s
        %%g = nn.relu(%%f) : %[1]s
        core.return(%%g)
      }`, typ(y), params, attrs, typ(x)))
}
