package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/metal/metaltest"
)

// gpuProducts are products that are large enough for what GPUs have schedules for. Their types may use the size S.
var gpuProducts = []struct {
	name, params, result, body string
	size                       int64 // S
}{
	// Few rows: SIMD groups go along k.
	{"dots", "%x: tensor<1x100xf32>, %w: tensor<37x100xf32>, %b: tensor<37xf32>", "tensor<1x37xf32>", "%y = nn.linear(%x, %w, %b) : tensor<1x37xf32>", 0},
	{"dots of vectors", "%x: tensor<3x512xf16>, %w: tensor<64x512xf16>", "tensor<3x64xf16>", "%y = nn.linear(%x, %w) : tensor<3x64xf16>", 0},
	{"dots in rounds", "%x: tensor<2x2301xf32>, %w: tensor<5x2301xf32>", "tensor<2x5xf32>", "%y = nn.linear(%x, %w) : tensor<2x5xf32>", 0},
	{"dots of a vector", "%x: tensor<64xbf16>, %w: tensor<40x64xbf16>", "tensor<40xbf16>", "%y = nn.linear(%x, %w) : tensor<40xbf16>", 0},
	{"dots in batches", "%a: tensor<2x3x2x40xf32>, %b: tensor<2x3x9x40xf32>", "tensor<2x3x2x9xf32>", `%y = core.kernel(%a, %b) : tensor<2x3x2x9xf32>
      kernel(%a: tensor<2x3x2x40xf32>, %b: tensor<2x3x9x40xf32>) {
        %t = tensor.transpose(%b) {perm = [0, 1, 3, 2]} : tensor<2x3x40x9xf32>
        %p = tensor.matmul(%a, %t) : tensor<2x3x2x9xf32>
        core.return(%p)
      }`, 0},
	{"dots and more", "%x: tensor<2x96xf32>, %w: tensor<35x96xf32>, %r: tensor<2x35xf32>", "tensor<2x35xf32>", `%y = core.kernel(%x, %w, %r) : tensor<2x35xf32>
      kernel(%x: tensor<2x96xf32>, %w: tensor<35x96xf32>, %r: tensor<2x35xf32>) {
        %h = nn.gelu(%x) : tensor<2x96xf32>
        %l = nn.linear(%h, %w) : tensor<2x35xf32>
        %s = nn.silu(%l) : tensor<2x35xf32>
        %o = tensor.add(%s, %r) : tensor<2x35xf32>
        core.return(%o)
      }`, 0},
	// Few rows times columns side by side.
	{"columns", "%a: tensor<1x70xf32>, %b: tensor<70x300xf32>", "tensor<1x300xf32>", "%y = tensor.matmul(%a, %b) : tensor<1x300xf32>", 0},
	{"columns in batches", "%a: tensor<3x4x33xf16>, %b: tensor<3x33x37xf16>", "tensor<3x4x37xf16>", "%y = tensor.matmul(%a, %b) : tensor<3x4x37xf16>", 0},
	{"columns of open k", "%a: tensor<2x[S]xf32>, %b: tensor<[S]x40xf32>", "tensor<2x40xf32>", "%y = tensor.matmul(%a, %b) : tensor<2x40xf32>", 37},
	{"columns of no k", "%a: tensor<2x[S]xf32>, %b: tensor<[S]x40xf32>", "tensor<2x40xf32>", "%y = tensor.matmul(%a, %b) : tensor<2x40xf32>", 0},

	// Tiles.
	{"tiles", "%x: tensor<70x32xf32>, %w: tensor<72x32xf32>, %b: tensor<72xf32>", "tensor<70x72xf32>", "%y = nn.linear(%x, %w, %b) : tensor<70x72xf32>", 0},
	{"ragged tiles", "%x: tensor<33x29xf16>, %w: tensor<35x29xf16>", "tensor<33x35xf16>", "%y = nn.linear(%x, %w) : tensor<33x35xf16>", 0},
	{"tiles of open rows", "%x: tensor<[S]x64xf16>, %w: tensor<40x64xf16>", "tensor<[S]x40xf16>", "%y = nn.linear(%x, %w) : tensor<[S]x40xf16>", 21},
	{"tiles of no rows", "%x: tensor<[S]x64xf16>, %w: tensor<40x64xf16>", "tensor<[S]x40xf16>", "%y = nn.linear(%x, %w) : tensor<[S]x40xf16>", 0},
	{"tiles of open k", "%a: tensor<20x[S]xf32>, %b: tensor<[S]x24xf32>", "tensor<20x24xf32>", "%y = tensor.matmul(%a, %b) : tensor<20x24xf32>", 19},
	{"tiles in batches", "%a: tensor<2x3x17x20xf32>, %b: tensor<3x20x36xf32>", "tensor<2x3x17x36xf32>", "%y = tensor.matmul(%a, %b) : tensor<2x3x17x36xf32>", 0},
	{"tiles of bf16 and more", "%x: tensor<18x32xbf16>, %w: tensor<24x32xbf16>, %r: tensor<18x24xbf16>", "tensor<24x18xbf16>", `%y = core.kernel(%x, %w, %r) : tensor<24x18xbf16>
      kernel(%x: tensor<18x32xbf16>, %w: tensor<24x32xbf16>, %r: tensor<18x24xbf16>) {
        %l = nn.linear(%x, %w) : tensor<18x24xbf16>
        %g = nn.relu(%l) : tensor<18x24xbf16>
        %s = tensor.add(%g, %r) : tensor<18x24xbf16>
        %t = tensor.transpose(%s) {perm = [1, 0]} : tensor<24x18xbf16>
        core.return(%t)
      }`, 0},
	{"tiles of codes", "%x: tensor<19x64xf16>, %w: tensor<40x64xu4>, %s: tensor<40x2xf16>, %z: tensor<40x2xu4>", "tensor<19x40xf16>", dequantized("19x64", "40x64", "u4", "40x2", "u4", "19x40"), 0},

	// Convolutions.
	{"convolution", "%x: tensor<2x5x9x11xf32>, %w: tensor<20x5x3x3xf32>, %b: tensor<20xf32>", "tensor<2x20x9x11xf32>",
		"%y = nn.conv(%x, %w, %b) {low = [1, 1], high = [1, 1]} : tensor<2x20x9x11xf32>", 0},
	{"convolution with steps and groups", "%x: tensor<1x16x12x12xf16>, %w: tensor<24x8x3x3xf16>", "tensor<1x24x6x6xf16>",
		"%y = nn.conv(%x, %w) {low = [1, 1], high = [1, 1], stride = [2, 2], groups = 2} : tensor<1x24x6x6xf16>", 0},
	{"convolution with channels last", "%x: tensor<1x9x9x12xf32>, %w: tensor<16x12x3x3xf32>", "tensor<1x7x7x16xf32>",
		"%y = nn.conv(%x, %w) {channels_last = true} : tensor<1x7x7x16xf32>", 0},
	{"convolution of single elements", "%x: tensor<2x16x5x7xf32>, %w: tensor<24x16x1x1xf32>, %b: tensor<24xf32>", "tensor<2x24x5x7xf32>", "%y = nn.conv(%x, %w, %b) : tensor<2x24x5x7xf32>", 0},
	{"convolution along one axis", "%x: tensor<1x8x[S]xf32>, %w: tensor<16x8x3xf32>", "tensor<1x16x[S]xf32>", "%y = nn.conv(%x, %w) {low = [1], high = [1]} : tensor<1x16x[S]xf32>", 23},

	// Codes.
	{"codes of 4 bits", "%x: tensor<1x528xf32>, %w: tensor<37x528xu4>, %s: tensor<37x33xf32>, %z: tensor<37x33xu4>", "tensor<1x37xf32>", dequantizedOf("f32", "1x528", "37x528", "u4", "37x33", "u4", "1x37"), 0},
	{"codes of 4 bits with a sign", "%x: tensor<2x1024xf16>, %w: tensor<64x1024xi4>, %s: tensor<64x32xf16>", "tensor<2x64xf16>", dequantized("2x1024", "64x1024", "i4", "64x32", "", "2x64"), 0},
	{"codes of 4 bits in long runs, some behind the end", "%x: tensor<1x2144xf16>, %w: tensor<9x2144xi4>, %s: tensor<9x67xf16>", "tensor<1x9xf16>", dequantized("1x2144", "9x2144", "i4", "9x67", "", "1x9"), 0},
	{"codes of 4 bits with a sign and zero points", "%x: tensor<1x1088xf32>, %w: tensor<17x1088xi4>, %s: tensor<17x34xf32>, %z: tensor<17x34xi4>", "tensor<1x17xf32>", dequantizedOf("f32", "1x1088", "17x1088", "i4", "17x34", "i4", "1x17"), 0},
	{"codes of 8 bits", "%x: tensor<5x1600xf16>, %w: tensor<9x1600xu8>, %s: tensor<9x1xf16>, %z: tensor<9x1xu8>", "tensor<5x9xf16>", dequantized("5x1600", "9x1600", "u8", "9x1", "u8", "5x9"), 0},
	{"codes of 8 bits with a sign", "%x: tensor<1x64xf16>, %w: tensor<40x64xi8>, %s: tensor<1x1xf16>", "tensor<1x40xf16>", dequantized("1x64", "40x64", "i8", "1x1", "", "1x40"), 0},
	{"codes in short blocks", "%x: tensor<1x128xf16>, %w: tensor<40x128xi4>, %s: tensor<40x16xf16>", "tensor<1x40xf16>", dequantized("1x128", "40x128", "i4", "40x16", "", "1x40"), 0},
	{"codes of 3 bits", "%x: tensor<1x64xf16>, %w: tensor<40x64xu3>, %s: tensor<40x1xf16>", "tensor<1x40xf16>", dequantized("1x64", "40x64", "u3", "40x1", "", "1x40"), 0},
	{"codes of 2 bits", "%x: tensor<2x64xf16>, %w: tensor<40x64xi2>, %s: tensor<40x2xf16>", "tensor<2x40xf16>", dequantized("2x64", "40x64", "i2", "40x2", "", "2x40"), 0},
	{"codes of a table for each column", "%x: tensor<1x96xf16>, %w: tensor<40x96xu2>, %t: tensor<40x2x4x1xf16>", "tensor<1x40xf16>", `%y = core.kernel(%x, %w, %t) : tensor<1x40xf16>
      kernel(%x: tensor<1x96xf16>, %w: tensor<40x96xu2>, %t: tensor<40x2x4x1xf16>) {
        %d = quant.lookup(%w, %t) {axis = 0} : tensor<40x96xf16>
        %l = nn.linear(%x, %d) : tensor<1x40xf16>
        core.return(%l)
      }`, 0},
	{"codes of a large table", "%x: tensor<3x64xf16>, %w: tensor<9x64xu8>, %t: tensor<1x1x256x1xf16>", "tensor<3x9xf16>", `%y = core.kernel(%x, %w, %t) : tensor<3x9xf16>
      kernel(%x: tensor<3x64xf16>, %w: tensor<9x64xu8>, %t: tensor<1x1x256x1xf16>) {
        %d = quant.lookup(%w, %t) {axis = 0} : tensor<9x64xf16>
        %l = nn.linear(%x, %d) : tensor<3x9xf16>
        core.return(%l)
      }`, 0},
	{"codes of tables", "%x: tensor<1x64xf16>, %w: tensor<40x64xu4>, %t: tensor<1x1x16x1xf16>", "tensor<1x40xf16>", `%y = core.kernel(%x, %w, %t) : tensor<1x40xf16>
      kernel(%x: tensor<1x64xf16>, %w: tensor<40x64xu4>, %t: tensor<1x1x16x1xf16>) {
        %d = quant.lookup(%w, %t) {axis = 0} : tensor<40x64xf16>
        %l = nn.linear(%x, %d) : tensor<1x40xf16>
        core.return(%l)
      }`, 0},
}

func dequantized(x, w, codes, s, zeros, y string) string {
	return dequantizedOf("f16", x, w, codes, s, zeros, y)
}

// dequantizedOf is a linear with weights of codes.
func dequantizedOf(elem, x, w, codes, s, zeros, y string) string {
	params, args, inner := "%x, %w, %s", "%w, %s", ""
	if zeros != "" {
		params, args, inner = params+", %z", args+", %z", fmt.Sprintf(", %%z: tensor<%sx%s>", s, zeros)
	}
	return fmt.Sprintf(`%%y = core.kernel(%[1]s) : tensor<%[2]sx%[9]s>
      kernel(%%x: tensor<%[3]sx%[9]s>, %%w: tensor<%[4]sx%[5]s>, %%s: tensor<%[6]sx%[9]s>%[7]s) {
        %%d = quant.dequantize(%[8]s) : tensor<%[4]sx%[9]s>
        %%l = nn.linear(%%x, %%d) : tensor<%[2]sx%[9]s>
        core.return(%%l)
      }`, params, y, x, w, codes, s, inner, args, elem)
}

// TestGPUProductsLarge holds them against the interpreter.
func TestGPUProductsLarge(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	code := metally{step: *gpuStep}
	for i, tt := range gpuProducts {
		if skipped(i, 10) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			dims := ""
			sizes := map[string]int64{"S": tt.size}
			if tt.size > 0 || tt.name == "columns of no k" || tt.name == "tiles of no rows" {
				dims = "dim S in 0..4096"
			}
			m, op := parse(t, module(tt.params, tt.result, dims, tt.body))
			in := randomInputs(rng, m.Funcs[0].Params, sizes)
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			code.hold(t, gpus[i%2:][:1], op, in, sizes, want[0])
		})
	}
	metaltest.Hold(t, code.jobs)
}
