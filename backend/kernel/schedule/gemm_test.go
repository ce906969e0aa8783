package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// productTests are matrix products and convolutions: their parameters, and operations.
var productTests = []struct{ params, result, body string }{
	{"%x: tensor<3x5xf32>, %w: tensor<7x5xf32>, %b: tensor<7xf32>", "tensor<3x7xf32>", "%y = nn.linear(%x, %w, %b) : tensor<3x7xf32>"},
	{"%x: tensor<5xf32>, %w: tensor<70x5xf32>", "tensor<70xf32>", "%y = nn.linear(%x, %w) : tensor<70xf32>"},
	{"%x: tensor<1x1x70xf32>, %w: tensor<130x70xf32>", "tensor<1x1x130xf32>", "%y = nn.linear(%x, %w) : tensor<1x1x130xf32>"},
	{"%x: tensor<2x17x33xf32>, %w: tensor<64x33xf32>, %b: tensor<64xf32>", "tensor<2x17x64xf32>", "%y = nn.linear(%x, %w, %b) : tensor<2x17x64xf32>"},
	{"%x: tensor<29x8xbf16>, %w: tensor<9x8xbf16>, %b: tensor<9xbf16>", "tensor<29x9xbf16>", "%y = nn.linear(%x, %w, %b) : tensor<29x9xbf16>"},
	{"%x: tensor<3x40xf16>, %w: tensor<33x40xf16>", "tensor<3x33xf16>", "%y = nn.linear(%x, %w) : tensor<3x33xf16>"},
	{"%x: tensor<15x9xf64>, %w: tensor<20x9xf64>", "tensor<15x20xf64>", "%y = nn.linear(%x, %w) : tensor<15x20xf64>"},
	{"%x: tensor<4x3xi32>, %w: tensor<5x3xi32>", "tensor<4x5xi32>", "%y = nn.linear(%x, %w) : tensor<4x5xi32>"},
	{"%x: tensor<15x1024xf32>, %w: tensor<5x1024xf32>", "tensor<15x5xf32>", "%y = nn.linear(%x, %w) : tensor<15x5xf32>"},
	{"%x: tensor<15x768xf32>, %w: tensor<35x768xf32>", "tensor<15x35xf32>", "%y = nn.linear(%x, %w) : tensor<15x35xf32>"},
	{"%a: tensor<2x6x768xf32>, %b: tensor<2x768x35xf32>", "tensor<2x6x35xf32>", "%y = tensor.matmul(%a, %b) : tensor<2x6x35xf32>"},
	{"%x: tensor<6x1xf32>, %w: tensor<5x1xf32>", "tensor<6x5xf32>", "%y = nn.linear(%x, %w) : tensor<6x5xf32>"},

	{"%a: tensor<3x5xf32>, %b: tensor<5x7xf32>", "tensor<3x7xf32>", "%y = tensor.matmul(%a, %b) : tensor<3x7xf32>"},
	{"%a: tensor<40x5xf32>, %b: tensor<5x70xf32>", "tensor<40x70xf32>", "%y = tensor.matmul(%a, %b) : tensor<40x70xf32>"},
	{"%a: tensor<2x3x4x5xf32>, %b: tensor<2x3x5x6xf32>", "tensor<2x3x4x6xf32>", "%y = tensor.matmul(%a, %b) : tensor<2x3x4x6xf32>"},
	{"%a: tensor<2x1x4x5xf32>, %b: tensor<3x5x6xf32>", "tensor<2x3x4x6xf32>", "%y = tensor.matmul(%a, %b) : tensor<2x3x4x6xf32>"},
	{"%a: tensor<4x5xf32>, %b: tensor<3x5x6xf32>", "tensor<3x4x6xf32>", "%y = tensor.matmul(%a, %b) : tensor<3x4x6xf32>"},
	{"%a: tensor<3x4x5xf32>, %b: tensor<5x6xf32>", "tensor<3x4x6xf32>", "%y = tensor.matmul(%a, %b) : tensor<3x4x6xf32>"},
	{"%a: tensor<3x4x5xf32>, %b: tensor<1x1x5x6xf32>", "tensor<1x3x4x6xf32>", "%y = tensor.matmul(%a, %b) : tensor<1x3x4x6xf32>"},

	{"%x: tensor<2x3x5x6xf32>, %w: tensor<4x3x1x1xf32>, %b: tensor<4xf32>", "tensor<2x4x5x6xf32>", "%y = nn.conv(%x, %w, %b) : tensor<2x4x5x6xf32>"},
	{"%x: tensor<2x3x5x6xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>", "tensor<2x4x5x6xf32>", "%y = nn.conv(%x, %w, %b) {low = [1, 1], high = [1, 1]} : tensor<2x4x5x6xf32>"},
	{"%x: tensor<1x4x7x20xf32>, %w: tensor<6x2x3x2xf32>", "tensor<1x6x3x11xf32>", "%y = nn.conv(%x, %w) {low = [1, 2], high = [0, 1], stride = [2, 2], groups = 2} : tensor<1x6x3x11xf32>"},
	{"%x: tensor<1x4x9x9xf32>, %w: tensor<4x1x3x3xf32>", "tensor<1x4x5x5xf32>", "%y = nn.conv(%x, %w) {dilation = [2, 2], groups = 4} : tensor<1x4x5x5xf32>"},
	{"%x: tensor<2x4x9x20xf32>, %w: tensor<8x1x3x3xf32>, %b: tensor<8xf32>", "tensor<2x8x5x10xf32>", "%y = nn.conv(%x, %w, %b) {low = [1, 1], high = [1, 1], stride = [2, 2], groups = 4} : tensor<2x8x5x10xf32>"},
	{"%x: tensor<1x3x30xf16>, %w: tensor<3x1x4xf16>", "tensor<1x3x10xf16>", "%y = nn.conv(%x, %w) {low = [2], high = [1], stride = [3], groups = 3} : tensor<1x3x10xf16>"},
	{"%x: tensor<1x3x2x3xf32>, %w: tensor<3x1x5x5xf32>", "tensor<1x3x2x3xf32>", "%y = nn.conv(%x, %w) {low = [2, 2], high = [2, 2], groups = 3} : tensor<1x3x2x3xf32>"},
	{"%x: tensor<2x3x40xf32>, %w: tensor<30x3x5xf32>", "tensor<2x30x12xf32>", "%y = nn.conv(%x, %w) {stride = [3]} : tensor<2x30x12xf32>"},
	{"%x: tensor<1x2x4x5x6xf32>, %w: tensor<3x2x2x3x2xf32>", "tensor<1x3x3x5x5xf32>", "%y = nn.conv(%x, %w) {low = [0, 1, 0], high = [0, 1, 0]} : tensor<1x3x3x5x5xf32>"},
	{"%x: tensor<1x2x3x600xf32>, %w: tensor<3x2x2x2xf32>", "tensor<1x3x2x599xf32>", "%y = nn.conv(%x, %w) : tensor<1x3x2x599xf32>"},
	{"%x: tensor<2x5x6x3xf32>, %w: tensor<4x3x1x1xf32>, %b: tensor<4xf32>", "tensor<2x5x6x4xf32>", "%y = nn.conv(%x, %w, %b) {channels_last = true} : tensor<2x5x6x4xf32>"},
	{"%x: tensor<2x5x16x3xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>", "tensor<2x5x8x4xf32>", "%y = nn.conv(%x, %w, %b) {low = [1, 1], high = [1, 1], stride = [1, 2], channels_last = true} : tensor<2x5x8x4xf32>"},
	{"%x: tensor<1x3x9x9xbf16>, %w: tensor<4x3x3x3xbf16>", "tensor<1x4x7x7xbf16>", "%y = nn.conv(%x, %w) : tensor<1x4x7x7xbf16>"},
	{"%x: tensor<2x3x5x6xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>, %r: tensor<2x4x5x6xf32>", "tensor<2x4x5x6xf32>", `%y = core.kernel(%x, %w, %b, %r) : tensor<2x4x5x6xf32>
      kernel(%x: tensor<2x3x5x6xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>, %r: tensor<2x4x5x6xf32>) {
        %h = tensor.exp(%x) : tensor<2x3x5x6xf32>
        %l = nn.conv(%h, %w, %b) {low = [1, 1], high = [1, 1]} : tensor<2x4x5x6xf32>
        %s = tensor.add(%l, %r) : tensor<2x4x5x6xf32>
        %g = nn.relu(%s) : tensor<2x4x5x6xf32>
        core.return(%g)
      }`},
	{"%x: tensor<9x5xf32>, %w: tensor<7x5xf32>, %b: tensor<7xf32>, %r: tensor<9x7xf32>", "tensor<9x7xf32>", `%y = core.kernel(%x, %w, %b, %r) : tensor<9x7xf32>
      kernel(%x: tensor<9x5xf32>, %w: tensor<7x5xf32>, %b: tensor<7xf32>, %r: tensor<9x7xf32>) {
        %h = tensor.neg(%x) : tensor<9x5xf32>
        %l = nn.linear(%h, %w, %b) : tensor<9x7xf32>
        %g = nn.silu(%l) : tensor<9x7xf32>
        %s = tensor.add(%g, %r) : tensor<9x7xf32>
        core.return(%s)
      }`},
	{"%x: tensor<2x64xf32>, %w: tensor<9x64xu4>, %s: tensor<9x2xf32>, %z: tensor<9x2xu4>", "tensor<2x9xf32>", `%y = core.kernel(%x, %w, %s, %z) : tensor<2x9xf32>
      kernel(%x: tensor<2x64xf32>, %w: tensor<9x64xu4>, %s: tensor<9x2xf32>, %z: tensor<9x2xu4>) {
        %d = quant.dequantize(%w, %s, %z) : tensor<9x64xf32>
        %l = nn.linear(%x, %d) : tensor<2x9xf32>
        %o = tensor.exp(%l) : tensor<2x9xf32>
        core.return(%o)
      }`},
	{"%x: tensor<20x64xf32>, %w: tensor<9x64xi8>, %s: tensor<9x1xf32>", "tensor<20x9xf32>", `%y = core.kernel(%x, %w, %s) : tensor<20x9xf32>
      kernel(%x: tensor<20x64xf32>, %w: tensor<9x64xi8>, %s: tensor<9x1xf32>) {
        %d = quant.dequantize(%w, %s) : tensor<9x64xf32>
        %l = nn.linear(%x, %d) : tensor<20x9xf32>
        core.return(%l)
      }`},
	{"%q: tensor<2x3x4x5xf32>, %k: tensor<2x3x6x5xf32>", "tensor<2x4x3x6xf32>", `%y = core.kernel(%q, %k) : tensor<2x4x3x6xf32>
      kernel(%q: tensor<2x3x4x5xf32>, %k: tensor<2x3x6x5xf32>) {
        %t = tensor.transpose(%k) {perm = [0, 1, 3, 2]} : tensor<2x3x5x6xf32>
        %p = tensor.matmul(%q, %t) : tensor<2x3x4x6xf32>
        %o = tensor.transpose(%p) {perm = [0, 2, 1, 3]} : tensor<2x4x3x6xf32>
        core.return(%o)
      }`},
}

// TestProducts holds matrix products over many shapes against the interpreter, with operands that are constants and not.
func TestProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	n := &natively{step: 3} // four cases of each product
	for i, tt := range productTests {
		if skipped(i, 10) {
			continue
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			m, op := parse(t, module(tt.params, tt.result, tt.body))
			in := randomInputs(rng, m.Funcs[0].Params, nil)
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, constants := range []int{0, 2, 3, 14} {
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
					got, err := n.compute(fmt.Sprintf("case %d, constants %b", i, constants), to, made, in, nil, want[0])
					if err == nil {
						err = differ(got, want[0])
					}
					if err != nil {
						t.Fatalf("%s, constants %b: %v\n%s", to.Name, constants, err, tt.body)
					}
				}
			}
		})
	}
	n.run(t)
}

// TestHalvedProducts rounds to bf16, in which multiples of 1/8 are exact: with an instruction for pairs and without one, for odd
// and even depths, weights of both orders, few rows and many, and an open number of them.
func TestHalvedProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 5))
	for i, k := range []int{1, 2, 17, 33, 64} {
		if skipped(i, 6) {
			continue
		}
		for _, rows := range []int{1, 5, 29} {
			for _, tt := range []struct{ params, op string }{
				{"%%x: tensor<%[1]dx%[2]dxf32>, %%w: tensor<37x%[2]dxf32>, %%b: tensor<37xf32>", "nn.linear(%x, %w, %b)"},
				{"%%x: tensor<%[1]dx%[2]dxf32>, %%w: tensor<%[2]dx37xf32>", "tensor.matmul(%x, %w)"},
				{"%%x: tensor<2x%[1]dx%[2]dxf32>, %%w: tensor<2x%[2]dx37xf32>", "tensor.matmul(%x, %w)"},
			} {
				result := fmt.Sprintf("tensor<%dx37xf32>", rows)
				if strings.Contains(tt.params, "<2x") {
					result = fmt.Sprintf("tensor<2x%dx37xf32>", rows)
				}
				m, op := parse(t, module(fmt.Sprintf(tt.params, rows, k), result, "%y = "+tt.op+" : "+result))
				in := randomInputs(rng, m.Funcs[0].Params, nil)
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				for _, to := range targets {
					for _, features := range [][]string{nil, {"avx512bf16"}} {
						to.Halves, to.Features = true, features
						g, err := schedule.NewGroup(op)
						if err != nil {
							t.Fatal(err)
						}
						g.Constants[1] = true
						made, why := schedule.Plan(g, to)
						if why != "" {
							t.Fatalf("%s: %s", to.Name, why)
						}
						if made.Packs[0].Elem != host.BF16 {
							t.Errorf("%s: the weight is packed as %s, expected bf16", to.Name, made.Packs[0].Elem)
						}
						got, err := compute(made, in, nil, want[0])
						if err == nil {
							err = differ(got, want[0])
						}
						if err != nil {
							t.Fatalf("%s %v, %d rows of %d, %s: %v", to.Name, features, rows, k, tt.op, err)
						}
					}
				}
			}
		}
	}
}

// TestOpenProducts takes the number of rows as it comes: rows that are read where they lie, and rows that are copied first.
func TestOpenProducts(t *testing.T) {
	for _, tt := range []struct {
		k    int
		rows []int
	}{{20, []int{0, 1, 2, 3, 5, 8, 13, 14, 15, 27, 28, 57, 300}}, {768, []int{0, 1, 5}}} {
		testOpenProduct(t, tt.k, tt.rows)
	}
}

func testOpenProduct(t *testing.T, k int, counts []int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(6, 5))
	m, op := parse(t, fmt.Sprintf(`air 1
module @test {
  func @main(%%x: tensor<[M]x%[1]dxf32>, %%w: tensor<40x%[1]dxf32>, %%b: tensor<40xf32>) -> (%%y: tensor<[M]x40xf32>) {
    dim M in 0..5000
    %%y = nn.linear(%%x, %%w, %%b) : tensor<[M]x40xf32>
    core.return(%%y)
  }
}
`, k))
	n := &natively{}
	for _, to := range targets[1:] {
		for _, constants := range []bool{false, true} {
			g, err := schedule.NewGroup(op)
			if err != nil {
				t.Fatal(err)
			}
			g.Constants[1] = constants
			made, why := schedule.Plan(g, to)
			if why != "" {
				t.Fatalf("%s: %s", to.Name, why)
			}
			for _, rows := range counts {
				in := []*host.Tensor{randomTensor(rng, host.F32, rows, k), randomTensor(rng, host.F32, 40, k), randomTensor(rng, host.F32, 40)}
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				got, err := n.compute(fmt.Sprintf("%d rows", rows), to, made, in, map[string]int64{"M": int64(rows)}, want[0])
				if err == nil {
					err = differ(got, want[0])
				}
				if err != nil {
					t.Fatalf("%s, %d rows of %d: %v", to.Name, rows, k, err)
				}
			}
		}
	}
	n.run(t)
}

// TestRandomProducts holds products and convolutions of random sizes, 1 and odd ones among them, against the interpreter.
func TestRandomProducts(t *testing.T) {
	n := &natively{}
	for seed := range uint64(120) {
		if skipped(int(seed), 10) {
			continue
		}
		rng := rand.New(rand.NewPCG(seed, 11))
		src := []func(*rand.Rand) string{randomLinear, randomMatmul, randomConv, randomConv}[seed%4](rng)
		m, op := parse(t, src)
		in := randomInputs(rng, m.Funcs[0].Params, nil)
		want, err := reference(m, in)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		g.Constants[1] = rng.IntN(2) == 1
		to := targets[rng.IntN(len(targets))]
		made, why := schedule.Plan(g, to)
		if why != "" {
			if want[0].Len() > 0 && in[0].Len() > 0 {
				t.Errorf("seed %d, %s: %s\n%s", seed, to.Name, why, src)
			}
			continue
		}
		got, err := n.compute(fmt.Sprintf("seed %d", seed), to, made, in, nil, want[0])
		if err == nil {
			err = differ(got, want[0])
		}
		if err != nil {
			t.Errorf("seed %d, %s: %v\n%s", seed, to.Name, err, src)
		}
	}
	n.run(t)
}

// size is one that tiles, panels or vectors do not divide, more often than not.
func size(rng *rand.Rand) int {
	return []int{0, 1, 2, 3, 5, 8, 13, 14, 16, 27, 31, 32, 33, 65}[rng.IntN(14)]
}

func randomLinear(rng *rand.Rand) string {
	m, n, k := size(rng), size(rng), size(rng)
	y := fmt.Sprintf("tensor<%dx%dxf32>", m, n)
	return module(fmt.Sprintf("%%x: tensor<%dx%dxf32>, %%w: tensor<%dx%dxf32>, %%b: tensor<%dxf32>", m, k, n, k, n), y, "%y = nn.linear(%x, %w, %b) : "+y)
}

func randomMatmul(rng *rand.Rand) string {
	m, n, k, b := size(rng), size(rng), size(rng), 1+rng.IntN(3)
	left := []int{1, b}[rng.IntN(2)]
	y := fmt.Sprintf("tensor<%dx%dx%dxf32>", b, m, n)
	return module(fmt.Sprintf("%%a: tensor<%dx%dx%dxf32>, %%b: tensor<%dx%dx%dxf32>", left, m, k, b, k, n), y, "%y = tensor.matmul(%a, %b) : "+y)
}

func randomConv(rng *rand.Rand) string {
	groups, inner, outer := 1+rng.IntN(3), 1+rng.IntN(3), 1+rng.IntN(9)
	var x, w, y, window, stride, dilation, low, high []string
	add := func(list *[]string, n int) { *list = append(*list, fmt.Sprint(n)) }
	for range 1 + rng.IntN(3) {
		k, s, d, l, h := 1+rng.IntN(3), 1+rng.IntN(3), 1+rng.IntN(2), rng.IntN(3), rng.IntN(3)
		n := 1 + rng.IntN(20) + (k-1)*d
		add(&x, n)
		add(&window, k)
		add(&stride, s)
		add(&dilation, d)
		add(&low, l)
		add(&high, h)
		add(&y, (n+l+h-(k-1)*d-1)/s+1)
	}
	w = append([]string{fmt.Sprint(groups * outer), fmt.Sprint(inner)}, window...)
	last := rng.IntN(2) == 1
	shape := func(channels int, spatial []string) string {
		list := append([]string{"2", fmt.Sprint(channels)}, spatial...)
		if last {
			list = append(append([]string{"2"}, spatial...), fmt.Sprint(channels))
		}
		return "tensor<" + strings.Join(list, "x") + "xf32>"
	}
	attrs := fmt.Sprintf("{stride = [%s], dilation = [%s], low = [%s], high = [%s], groups = %d, channels_last = %v}", strings.Join(stride, ", "),
		strings.Join(dilation, ", "), strings.Join(low, ", "), strings.Join(high, ", "), groups, last)
	result := shape(groups*outer, y)
	return module(fmt.Sprintf("%%x: %s, %%w: tensor<%sxf32>", shape(groups*inner, x), strings.Join(w, "x")), result, "%y = nn.conv(%x, %w) "+attrs+" : "+result)
}
