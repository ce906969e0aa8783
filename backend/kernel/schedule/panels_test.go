package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// panelTest is a product with compressed weights: the type of the codes and of scales, sizes, and what else there is.
type panelTest struct {
	codes, scale  string
	rows, n, k    int
	group         int    // neighbours along k that share a scale; 0: all
	zero          string // the type of zero points; "": none
	least         bool   // there is a least number of each group
	transposed    bool   // the codes lie as [k, n]
	shared        bool   // all columns share parameters
	before, after bool   // x is computed, and something follows the product
}

func (p panelTest) name() string {
	type plain panelTest
	return strings.NewReplacer(" ", ",", "{", "", "}", "").Replace(fmt.Sprintf("%+v", plain(p)))
}

// source is the module of the test.
func (p panelTest) source() string {
	groups, columns := 1, p.n
	if p.group > 0 {
		groups = p.k / p.group
	}
	if p.shared {
		columns = 1
	}
	shape := func(a, b int) string {
		if p.transposed {
			a, b = b, a
		}
		return fmt.Sprintf("%dx%d", a, b)
	}
	params := []string{fmt.Sprintf("%%x: tensor<%dx%dxf32>", p.rows, p.k),
		fmt.Sprintf("%%w: tensor<%sx%s>", shape(p.n, p.k), p.codes), fmt.Sprintf("%%s: tensor<%sx%s>", shape(columns, groups), p.scale)}
	names, args := "%x, %w, %s", "%w, %s"
	if p.zero != "" {
		params = append(params, fmt.Sprintf("%%z: tensor<%sx%s>", shape(columns, groups), p.zero))
		names, args = names+", %z", args+", %z"
	} else if p.least {
		args += ", none"
	}
	if p.least {
		params = append(params, fmt.Sprintf("%%l: tensor<%sxf32>", shape(columns, groups)))
		names, args = names+", %l", args+", %l"
	}
	y := fmt.Sprintf("tensor<%dx%dxf32>", p.rows, p.n)
	body := fmt.Sprintf("        %%d = quant.dequantize(%s) : tensor<%sxf32>\n", args, shape(p.n, p.k))
	x := "%x"
	if p.before {
		body, x = body+fmt.Sprintf("        %%h = tensor.neg(%%x) : tensor<%dx%dxf32>\n", p.rows, p.k), "%h"
	}
	op := "nn.linear"
	if p.transposed {
		op = "tensor.matmul"
	}
	body += fmt.Sprintf("        %%m = %s(%s, %%d) : %s\n", op, x, y)
	result := "%m"
	if p.after {
		body, result = body+fmt.Sprintf("        %%r = nn.relu(%%m) : %s\n", y), "%r"
	}
	list := strings.Join(params, ", ")
	return module(list, y, fmt.Sprintf("%%y = core.kernel(%s) : %s\n      kernel(%s) {\n%s        core.return(%s)\n      }", names, y, list, body, result))
}

// panelTests have every type of codes, and sizes that blocks, panels and vectors do not divide.
func panelTests() []panelTest {
	var list []panelTest
	for i, codes := range []string{"i4", "u4", "i8", "u8", "i2", "u2", "u1", "i3", "u3", "i6", "u6", "u5", "u7"} {
		list = append(list,
			panelTest{codes: codes, scale: "f32", rows: 1 + i%3, n: 70, k: 96, group: 32},
			panelTest{codes: codes, scale: "f16", rows: 1, n: 33, k: 45 + i, before: true, after: true},
			panelTest{codes: codes, scale: "f32", rows: 5 + i, n: 37, k: 64, group: 64, after: true},
			panelTest{codes: codes, scale: "f32", rows: 2, n: 17, k: 33, transposed: true},
		)
	}
	for rows := 1; rows <= 17; rows++ {
		list = append(list, panelTest{codes: "i4", scale: "f32", rows: rows, n: 9 + 8*rows, k: 128, group: 32, before: rows%2 == 0})
	}
	for _, group := range []int{1, 4, 8, 16, 32, 48, 96, 192} {
		list = append(list,
			panelTest{codes: "u4", scale: "bf16", rows: 1, n: 20, k: 192, group: group, zero: "u4"},
			panelTest{codes: "i8", scale: "f32", rows: 3, n: 70, k: 192, group: group, zero: "i8"},
			panelTest{codes: "u4", scale: "f32", rows: 14, n: 20, k: 192, group: group, zero: "u4"},
			panelTest{codes: "u4", scale: "f32", rows: 2, n: 20, k: 192, group: group, least: true},
		)
	}
	return append(list,
		panelTest{codes: "i4", scale: "f32", rows: 1, n: 5, k: 7},
		panelTest{codes: "i4", scale: "f32", rows: 1, n: 1, k: 1},
		panelTest{codes: "i8", scale: "f32", rows: 1, n: 16, k: 40, shared: true},
		panelTest{codes: "u8", scale: "f32", rows: 2, n: 65, k: 80, shared: true, zero: "u8"},
		panelTest{codes: "i4", scale: "f32", rows: 15, n: 65, k: 80, group: 8, shared: true},
		panelTest{codes: "u4", scale: "f32", rows: 2, n: 65, k: 80, group: 40, transposed: true, zero: "u4"},
	)
}

// TestPanels holds products with compressed weights against the interpreter.
func TestPanels(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	n := &natively{step: 3} // four cases of each type of codes
	for i, p := range panelTests() {
		if skipped(i, 38) {
			continue
		}
		t.Run(p.name(), func(t *testing.T) {
			m, op := parse(t, p.source())
			in := randomInputs(rng, m.Funcs[0].Params, nil)
			for i := range in[1].Len() { // all codes that there are
				low, high := in[1].Elem.Range()
				host.SetInt(in[1], i, int64(low)+rng.Int64N(int64(high-low)+1))
			}
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range targets[1:] {
				if err := n.panels(p.name(), op, to, in, want[0]); err != nil {
					t.Errorf("%s: %v", to.Name, err)
				}
			}
		})
	}
	n.run(t)
}

// panels computes a product whose operands, but the first, are constants, and wants it from packed codes.
func (n *natively) panels(name string, op *ir.Op, to schedule.Target, in []*host.Tensor, want *host.Tensor) error {
	g, err := schedule.NewGroup(op)
	if err != nil {
		return err
	}
	for k := range g.Constants {
		g.Constants[k] = k > 0
	}
	made, why := schedule.Plan(g, to)
	if why != "" {
		return fmt.Errorf("%s", why)
	}
	if len(made.Packs) == 0 {
		return fmt.Errorf("nothing is packed")
	}
	got, err := n.compute(name, to, made, in, nil, want)
	if err != nil {
		return err
	}
	return differ(got, want)
}
