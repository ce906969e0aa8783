package schedule_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// groupedTests are rows, experts, k and n, and where the runs of rows end.
var groupedTests = []struct {
	rows       string
	experts    int
	k, n       int
	elem, more string
	ends       []int64
	size       int64
}{
	{"18", 4, 6, 33, "f32", "", []int64{3, 3, 11, 18}, 18},
	{"5", 1, 9, 7, "f32", "", []int64{4}, 5},
	{"7", 3, 5, 16, "bf16", "", []int64{0, 2, 6}, 7},
	{"7", 2, 1, 1, "f64", "", []int64{1, 7}, 7},
	{"[S]", 3, 8, 20, "f32", "nn.relu", []int64{2, 5, 5}, 9},
	{"[S]", 3, 8, 20, "f32", "", []int64{0, 1, 1}, 1},
	{"[S]", 3, 8, 20, "f32", "", []int64{0, 0, 0}, 0},
	{"6", 3, 4, 5, "f32", "", []int64{2, 1, 6}, 6},
	{"6", 3, 4, 5, "f32", "", []int64{2, 3, 7}, 6},
}

// TestGrouped holds products of runs of rows against the interpreter for every target, and the code that is made of them; what is no
// ascending list of ends is told.
func TestGrouped(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 9))
	n := &natively{}
	for i, tt := range groupedTests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			typ := func(shape, elem string) string { return "tensor<" + shape + "x" + elem + ">" }
			x, w := typ(fmt.Sprint(tt.rows, "x", tt.k), tt.elem), typ(fmt.Sprint(tt.experts, "x", tt.k, "x", tt.n), tt.elem)
			ends, y := typ(fmt.Sprint(tt.experts), "i32"), typ(fmt.Sprint(tt.rows, "x", tt.n), tt.elem)
			params := "%x: " + x + ", %w: " + w + ", %e: " + ends
			body := "%y = nn.grouped_matmul(%x, %w, %e) : " + y
			if tt.more != "" {
				body = "%y = core.kernel(%x, %w, %e) : " + y + "\n      do(" + params + ") {\n        %h = nn.grouped_matmul(%x, %w, %e) : " + y +
					"\n        %r = " + tt.more + "(%h) : " + y + "\n        core.return(%r)\n      }"
			}
			dims := ""
			sizes := map[string]int64{}
			if tt.rows == "[S]" {
				dims, sizes["S"] = "    dim S in 0..64\n", tt.size
			}
			m, op := parse(t, "air 1\nmodule @m {\n  func @main("+params+") -> (%y: "+y+") {\n"+dims+"    "+body+"\n    core.return(%y)\n  }\n}\n")
			in := randomInputs(rng, m.Funcs[0].Params, sizes)
			for k, v := range tt.ends {
				host.SetInt(in[2], k, v)
			}
			want, err := reference(m, in)
			if err == nil {
				n.hold(t, op, func(*schedule.Group) []*host.Tensor { return in }, sizes, want[0])
				return
			}
			for _, to := range targets {
				g, err := schedule.NewGroup(op)
				if err != nil {
					t.Fatal(err)
				}
				made, why := schedule.Plan(g, to)
				if why != "" {
					t.Fatal(why)
				}
				if _, err := compute(made, in, sizes, host.New(host.F32, int(tt.size), tt.n)); !errors.Is(err, errFault) {
					t.Errorf("%s: found %v, want that the ends are told", to.Name, err)
				}
			}
		})
	}
	n.run(t)
}
