package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// scatters are their parameters, the result and the operation; indices are below 4, of which some are equal, and some count from the end.
var scatters = []struct {
	params, result, op string
	sizes              map[string]int64
}{
	{"%x: tensor<10x5xf32>, %i: tensor<5x5xi64>, %s: tensor<5x6xf32>", "tensor<10x5xf32>", "tensor.scatter(%x, %i, %s) {axis = 0}", nil},
	{"%x: tensor<10x5xf32>, %i: tensor<5x5xi64>, %s: tensor<5x5xf32>", "tensor<10x5xf32>", `tensor.scatter(%x, %i, %s) {axis = 1, reduce = "add"}`, nil},
	{"%x: tensor<7xi64>, %i: tensor<9xi64>, %s: tensor<9xi64>", "tensor<7xi64>", `tensor.scatter(%x, %i, %s) {axis = 0, reduce = "mul"}`, nil},
	{"%x: tensor<2x7x3xf64>, %i: tensor<2x4x2xi32>, %s: tensor<2x4x3xf64>", "tensor<2x7x3xf64>", `tensor.scatter(%x, %i, %s) {axis = 1, reduce = "max"}`, nil},
	{"%x: tensor<2x7xf32>, %i: tensor<2x4xi32>, %s: tensor<2x4xf32>", "tensor<2x7xf32>", `tensor.scatter(%x, %i, %s) {axis = 1, reduce = "min"}`, nil},
	{"%x: tensor<2x7xbf16>, %i: tensor<2x4xi32>, %s: tensor<2x4xbf16>", "tensor<2x7xbf16>", `tensor.scatter(%x, %i, %s) {axis = 1}`, nil},
	{"%x: tensor<4xf32>, %i: tensor<0xi64>, %s: tensor<0xf32>", "tensor<4xf32>", `tensor.scatter(%x, %i, %s) {axis = 0}`, nil},
	{"%x: tensor<5x[S]xf32>, %i: tensor<3x[S]xi64>, %s: tensor<3x[S]xf32>", "tensor<5x[S]xf32>", `tensor.scatter(%x, %i, %s) {axis = 0, reduce = "add"}`, map[string]int64{"S": 19}},
	{"%x: tensor<5x[S]xf32>, %i: tensor<3x[S]xi64>, %s: tensor<3x[S]xf32>", "tensor<5x[S]xf32>", `tensor.scatter(%x, %i, %s) {axis = 0}`, map[string]int64{"S": 0}},

	{"%x: tensor<4xf32>, %v: tensor<f32>, %i: tensor<2xi64>", "tensor<4xf32>", "tensor.index_put(%x, %v, %i) {axes = [0]}", nil},
	{"%x: tensor<4xf32>, %v: tensor<18xf32>, %i: tensor<18xi64>", "tensor<4xf32>", "tensor.index_put(%x, %v, %i) {axes = [0], accumulate = true}", nil},
	{"%x: tensor<5x37xf32>, %v: tensor<3x37xf32>, %i: tensor<3xi64>", "tensor<5x37xf32>", "tensor.index_put(%x, %v, %i) {axes = [0], accumulate = true}", nil},
	{"%x: tensor<5x5xi32>, %v: tensor<5x3xi32>, %i: tensor<3xi64>", "tensor<5x5xi32>", "tensor.index_put(%x, %v, %i) {axes = [1], accumulate = true}", nil},
	{"%x: tensor<3x4x5x6xf16>, %v: tensor<1x2x3x6xf16>, %i: tensor<2x3xi64>, %j: tensor<2x3xi64>", "tensor<3x4x5x6xf16>", "tensor.index_put(%x, %v, %i, %j) {axes = [1, 2]}", nil},
	{"%x: tensor<5x5xbool>, %v: tensor<1x5xbool>, %i: tensor<2xi64>", "tensor<5x5xbool>", "tensor.index_put(%x, %v, %i) {axes = [0]}", nil},
	{"%x: tensor<6xf32>, %v: tensor<0xf32>, %i: tensor<0xi64>", "tensor<6xf32>", "tensor.index_put(%x, %v, %i) {axes = [0]}", nil},
	{"%x: tensor<5x[S]xf32>, %v: tensor<3x[S]xf32>, %i: tensor<3xi64>", "tensor<5x[S]xf32>", "tensor.index_put(%x, %v, %i) {axes = [0]}", map[string]int64{"S": 21}},
	{"%x: tensor<5x2xf32>, %v: tensor<[S]x2xf32>, %i: tensor<[S]xi64>", "tensor<5x2xf32>", "tensor.index_put(%x, %v, %i) {axes = [0], accumulate = true}", map[string]int64{"S": 1}},
	{"%x: tensor<5x2xf32>, %v: tensor<[S]x2xf32>, %i: tensor<[S]xi64>", "tensor<5x2xf32>", "tensor.index_put(%x, %v, %i) {axes = [0], accumulate = true}", map[string]int64{"S": 0}},
}

// TestScatters holds them against the interpreter for every target, and the code that is made of them.
func TestScatters(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 9))
	n := &natively{}
	for i, tt := range scatters {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dims := ""
			if tt.sizes != nil {
				dims = "    dim S in 0..64\n"
			}
			m, op := parse(t, "air 1\nmodule @m {\n  func @main("+tt.params+") -> (%y: "+tt.result+") {\n"+dims+
				"    %y = "+tt.op+" : "+tt.result+"\n    core.return(%y)\n  }\n}\n")
			in := randomInputs(rng, m.Funcs[0].Params, tt.sizes)
			for k, p := range m.Funcs[0].Params {
				if name := p.Value.Name; name == "i" || name == "j" {
					for e := range in[k].Len() {
						host.SetInt(in[k], e, int64(rng.IntN(7)-3))
					}
				}
			}
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			n.hold(t, op, func(*schedule.Group) []*host.Tensor { return in }, tt.sizes, want[0])
		})
	}
	n.run(t)
}
