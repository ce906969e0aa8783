package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// tableTest is a product with weights from tables or narrow floats: the types of the parameters after x, and what makes the
// weights of them.
type tableTest struct {
	name       string
	rows, n, k int
	params     []string
	weights    string // lines that end with %d = ...
	only       string // the target that reads it from panels; "" for all
}

func tableTests() []tableTest {
	var list []tableTest
	for bits := 1; bits <= 8; bits++ {
		only := ""
		if bits >= 7 {
			only = "avx512" // the tables take the registers of others
		}
		for i, rows := range []int{1, 3, 9} {
			n, tables := []int{64, 70, 33}[i], []int{2, 1, 1}[i]
			list = append(list, tableTest{
				fmt.Sprintf("pal%d", bits), rows, n, 45, []string{fmt.Sprintf("%dx45xu%d", n, bits), fmt.Sprintf("%dx1x%dx1xf32", tables, 1<<bits)},
				fmt.Sprintf("%%d = quant.lookup(%%w0, %%w1) : tensor<%dx45xf32>", n), only,
			})
		}
	}
	list = append(list,
		tableTest{"pal4 with scales", 2, 40, 64, []string{"40x64xu4", "1x1x16x1xf32", "40x1xf32"},
			"%t = quant.lookup(%w0, %w1) : tensor<40x64xf32>\n        %d = quant.dequantize(%t, %w2) : tensor<40x64xf32>", ""},
		tableTest{"pal4 of i8 with scales", 1, 40, 64, []string{"40x64xu4", "1x1x16x1xi8", "40x1xf32"},
			"%t = quant.lookup(%w0, %w1) : tensor<40x64xi8>\n        %d = quant.dequantize(%t, %w2) : tensor<40x64xf32>", ""},
		tableTest{"pal4 along k", 1, 40, 64, []string{"40x64xu4", "1x2x16x1xf32"}, "%d = quant.lookup(%w0, %w1) : tensor<40x64xf32>", ""},
	)
	for _, codes := range []string{"f8e4m3", "f8e5m2", "f4e2m1"} {
		for i, rows := range []int{1, 2, 6} {
			k := []int{45, 64, 96}[i]
			list = append(list, tableTest{codes, rows, 37, k, []string{fmt.Sprintf("37x%dx%s", k, codes), "37x1xf32"},
				fmt.Sprintf("%%d = quant.dequantize(%%w0, %%w1) : tensor<37x%dxf32>", k), ""})
		}
		list = append(list, tableTest{codes + " in blocks", 1, 37, 96, []string{"37x96x" + codes, "37x3xf8e8m0"},
			"%d = quant.dequantize(%w0, %w1) : tensor<37x96xf32>", ""})
	}
	return list
}

// TestTables holds products with weights from tables and with narrow floats against the interpreter.
func TestTables(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 4))
	n := &natively{step: 2} // three cases of each number of bits
	for i, p := range tableTests() {
		if skipped(i, 14) {
			continue
		}
		t.Run(fmt.Sprintf("%s %dx%dx%d", p.name, p.rows, p.n, p.k), func(t *testing.T) {
			names, params := "%x", fmt.Sprintf("%%x: tensor<%dx%dxf32>", p.rows, p.k)
			for i, typ := range p.params {
				names, params = names+fmt.Sprintf(", %%w%d", i), params+fmt.Sprintf(", %%w%d: tensor<%s>", i, typ)
			}
			y := fmt.Sprintf("tensor<%dx%dxf32>", p.rows, p.n)
			body := fmt.Sprintf("%%y = core.kernel(%s) : %s\n      kernel(%s) {\n        %s\n        %%m = nn.linear(%%x, %%d) : %s\n        core.return(%%m)\n      }",
				names, y, params, p.weights, y)
			m, op := parse(t, module(params, y, body))
			in := randomInputs(rng, m.Funcs[0].Params, nil)
			for _, x := range in[1:] {
				for i := range x.Len() {
					switch {
					case x.Elem.Kind() == host.KindUint:
						_, high := x.Elem.Range()
						host.SetInt(x, i, rng.Int64N(int64(high)+1))
					case x.Elem == host.F8E8M0:
						host.SetFloat(x, i, []float64{0.25, 1, 8}[rng.IntN(3)])
					}
				}
			}
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range targets[1:] {
				if p.only != "" && p.only != to.Name {
					continue
				}
				if err := n.panels(t.Name(), op, to, in, want[0]); err != nil {
					t.Errorf("%s: %v", to.Name, err)
				}
			}
		})
	}
	n.run(t)
}
