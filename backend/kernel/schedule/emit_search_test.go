package schedule_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// searches are the shapes of rows and values, their type, and attributes.
var searches = []struct {
	row, values, elem, attrs string
	sizes                    map[string]int64
}{
	{"1", "7", "f32", "", nil},
	{"16", "3x5", "f32", "{right = true}", nil},
	{"17", "", "f64", "", nil},
	{"3x33", "3x20", "f32", "", nil},
	{"2x3x8", "2x3x1", "i64", "{right = true}", nil},
	{"31", "40", "i32", "", nil},
	{"31", "40", "bf16", "{right = true}", nil},
	{"5", "0", "f32", "", nil},
	{"[N]", "[M]", "f32", "", map[string]int64{"N": 1, "M": 9}},
	{"[N]", "[M]x3", "f16", "{right = true}", map[string]int64{"N": 37, "M": 4}},
	{"[M]x[N]", "[M]x6", "f32", "", map[string]int64{"N": 64, "M": 3}},
}

// TestSearches holds them against the interpreter for every target, and the code that is made of them: with values that are in the
// rows, between them and outside, with NaN, and with rows that are not in order.
func TestSearches(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 3))
	n := &natively{exact: true}
	for i, tt := range searches {
		for _, ordered := range []bool{true, false} {
			t.Run(fmt.Sprint(i, " ", ordered), func(t *testing.T) {
				typ := func(shape, elem string) string {
					if shape != "" {
						shape += "x"
					}
					return "tensor<" + shape + elem + ">"
				}
				dims := ""
				if tt.sizes != nil {
					dims = "    dim M in 0..50\n    dim N in 1..\n"
				}
				y := typ(tt.values, "i64")
				m, op := parse(t, "air 1\nmodule @m {\n  func @main(%r: "+typ(tt.row, tt.elem)+", %v: "+typ(tt.values, tt.elem)+") -> (%y: "+y+") {\n"+dims+
					"    %y = tensor.searchsorted(%r, %v) "+tt.attrs+" : "+y+"\n    core.return(%y)\n  }\n}\n")
				in := randomInputs(rng, m.Funcs[0].Params, tt.sizes)
				row, values := in[0], in[1]
				if length := row.Shape[len(row.Shape)-1]; ordered {
					for first := 0; first < row.Len(); first += length {
						var list []float64
						for k := range length {
							list = append(list, host.FloatAt(row, first+k))
						}
						slices.Sort(list)
						for k, x := range list {
							host.SetFloat(row, first+k, x)
						}
					}
				}
				for k := range values.Len() {
					if values.Elem.IsFloat() {
						host.SetFloat(values, k, []float64{rng.Float64() - 0.5, float64(rng.IntN(17)-8) / 8, 2, -2, math.NaN(), math.Inf(1)}[rng.IntN(6)])
					}
				}
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				n.hold(t, op, func(*schedule.Group) []*host.Tensor { return in }, tt.sizes, want[0])
			})
		}
	}
	n.run(t)
}
