package schedule_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/metal/metaltest"
	"github.com/aiopt/aiopt/ir/host"
)

// rowTests are reductions of rows that threads share: in registers and in rounds, whole and ragged, of SIMD groups and of groups of
// threads, over several axes and of open sizes. Their types may use the size S.
var rowTests = []struct {
	params, result, op string
	sizes              []int64 // S
}{
	{"%x: tensor<5x32xf32>", "tensor<5x32xf32>", "nn.softmax(%x) {axis = 1}", nil},
	{"%x: tensor<3x777xf32>", "tensor<3x777xf32>", "nn.softmax(%x) {axis = 1}", nil},
	{"%x: tensor<2x4500xf32>", "tensor<2x4500xf32>", "nn.log_softmax(%x) {axis = 1}", nil},
	{"%x: tensor<1x20000xf16>", "tensor<1x20000xf16>", "nn.softmax(%x) {axis = 1}", nil},
	{"%x: tensor<[S]x40xf32>", "tensor<[S]x40xf32>", "nn.softmax(%x) {axis = 1}", []int64{0, 1, 9}},
	{"%x: tensor<2x[S]xf32>", "tensor<2x[S]xf32>", "nn.softmax(%x) {axis = 1}", []int64{0, 1, 31, 300, 2049}},
	{"%x: tensor<3x96xf16>, %w: tensor<96xf16>", "tensor<3x96xf16>", "nn.rms_norm(%x, %w) {axes = [1], eps = 1e-5}", nil},
	{"%x: tensor<2x3x1030xf32>, %w: tensor<1030xf32>, %b: tensor<1030xf32>", "tensor<2x3x1030xf32>", "nn.layer_norm(%x, %w, %b) {axes = [2], eps = 1e-5}", nil},
	{"%x: tensor<2x8x7x9xf32>, %w: tensor<8xf32>, %b: tensor<8xf32>", "tensor<2x8x7x9xf32>", "nn.group_norm(%x, %w, %b) {groups = 2, eps = 1e-5}", nil},
	{"%x: tensor<2x6x5x8xf32>", "tensor<2x6xf32>", "tensor.mean(%x) {axes = [2, 3], keep_dims = false}", nil},
	{"%x: tensor<4x33xbf16>", "tensor<4x1xbf16>", "tensor.reduce_max(%x) {axes = [1], keep_dims = true}", nil},
	{"%x: tensor<3x3000xf32>", "tensor<3xf32>", "tensor.reduce_min(%x) {axes = [1], keep_dims = false}", nil},
	{"%x: tensor<40000xf32>", "tensor<f32>", "tensor.sum(%x) {axes = [0], keep_dims = false}", nil},
	{"%x: tensor<2x[S]xf32>", "tensor<2xf32>", "tensor.sum(%x) {axes = [1], keep_dims = false}", []int64{0, 1, 100, 5000}},
	{"%x: tensor<2x2500xi64>", "tensor<2xi64>", "tensor.sum(%x) {axes = [1], keep_dims = false}", nil},
	{"%x: tensor<2x600xi8>", "tensor<2xi8>", "tensor.reduce_min(%x) {axes = [1], keep_dims = false}", nil},
	{"%x: tensor<3x64xi32>", "tensor<3xi32>", "tensor.prod(%x) {axes = [1], keep_dims = false}", nil},
	{"%x: tensor<3x2100xbool>", "tensor<3xbool>", "tensor.any(%x) {axes = [1], keep_dims = false}", nil},
	{"%x: tensor<3x65xbool>", "tensor<3xbool>", "tensor.all(%x) {axes = [1], keep_dims = false}", nil},
	{"%x: tensor<3x50xf32>", "tensor<3xi64>", "tensor.argmax(%x) {axis = 1, keep_dims = false}", nil},
	{"%x: tensor<2x5000xf16>", "tensor<2xi64>", "tensor.argmin(%x) {axis = 1, keep_dims = false}", nil},
	{"%x: tensor<2x600xu8>", "tensor<2xi64>", "tensor.argmax(%x) {axis = 1, keep_dims = false}", nil},
	{"%x: tensor<2x[S]xi64>", "tensor<2x1xi64>", "tensor.argmax(%x) {axis = 1, keep_dims = true}", []int64{33, 1200}},
	{"%x: tensor<700x3xf32>", "tensor<3xf32>", "tensor.sum(%x) {axes = [0], keep_dims = false}", nil},
	{"%x: tensor<5x60x7xf32>", "tensor<5x60x7xf32>", "nn.softmax(%x) {axis = 1}", nil},
	{"%x: tensor<64x3x40xf32>", "tensor<40x64x3xf32>", "tensor.transpose(%x) {perm = [2, 0, 1]}", nil},
	{"%x: tensor<3x33x70xi8>", "tensor<3x70x33xi8>", "tensor.transpose(%x) {perm = [0, 2, 1]}", nil},
	{"%x: tensor<2x[S]x4x16xf16>", "tensor<2x4x[S]x16xf16>", "tensor.transpose(%x) {perm = [0, 2, 1, 3]}", []int64{0, 5}},
	{"%x: tensor<[S]x50xbool>", "tensor<50x[S]xbool>", "tensor.transpose(%x) {perm = [1, 0]}", []int64{0, 37}},
}

// TestGPURows holds them against the interpreter, with infinities and NaN among the numbers of some.
func TestGPURows(t *testing.T) {
	code := metally{step: *gpuStep}
	for i, tt := range rowTests {
		if skipped(i, 8) {
			continue
		}
		sizes := tt.sizes
		if sizes == nil {
			sizes = []int64{0}
		}
		for k, size := range sizes {
			t.Run(fmt.Sprintf("%s %d", tt.op, size), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(i), uint64(k)))
				dims := ""
				if strings.Contains(tt.params, "[S]") {
					dims = "dim S in 0..100000"
				}
				m, op := parse(t, module(tt.params, tt.result, dims, "%y = "+tt.op+" : "+tt.result))
				at := map[string]int64{"S": size}
				in := randomInputs(rng, m.Funcs[0].Params, at)
				if x := in[0]; i%3 == 1 && x.Elem.IsFloat() && x.Len() > 40 {
					host.SetFloat(x, 7, math.Inf(1))
					host.SetFloat(x, x.Len()-1, math.Inf(-1))
				}
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				code.hold(t, gpus[(i+k)%2:][:1], op, in, at, want[0])
			})
		}
	}
	metaltest.Hold(t, code.jobs)
}
