package schedule_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// roundings are groups of operations on numbers of 16 bits, E below, whose results would be others if anything but each operation's result
// were rounded: parameters, the result, and the operations that lead to %y, each with its type. Sums are of few small multiples of 1/8,
// which f32 adds without errors.
var roundings = []struct{ name, params, result, body string }{
	{"swallowed by a large number", "%x: 70xE", "70xf32", `
		%c = core.constant() {value = 2048.0} : E
		%a = tensor.add(%x, %c) : 70xE
		%b = tensor.sub(%a, %c) : 70xE
		%y = tensor.cast(%b) : 70xf32`},
	{"infinite", "%x: 70xE", "70xf32", `
		%c = core.constant() {value = 60000.0} : E
		%a = tensor.mul(%x, %c) : 70xE
		%b = tensor.div(%a, %c) : 70xE
		%y = tensor.cast(%b) : 70xf32`},
	{"to integers", "%x: 70xE", "70xi32", `
		%c = core.constant() {value = 3.0} : E
		%a = tensor.mul(%x, %c) : 70xE
		%y = tensor.cast(%a) : 70xi32`},
	{"compared", "%x: 70xE, %z: 70xE", "70xbool", `
		%c = core.constant() {value = 0.1} : E
		%a = tensor.mul(%x, %c) : 70xE
		%b = tensor.mul(%z, %c) : 70xE
		%d = tensor.sub(%x, %z) : 70xE
		%e = tensor.mul(%d, %c) : 70xE
		%f = tensor.sub(%a, %b) : 70xE
		%y = tensor.eq(%e, %f) : 70xbool`},
	{"quotients", "%x: 9x33xE, %z: 33xE", "9x33xE", `
		%a = tensor.div(%x, %z) : 9x33xE
		%b = tensor.mul(%a, %z) : 9x33xE
		%y = tensor.sub(%b, %x) : 9x33xE`},
	{"remainders", "%x: 70xE, %z: 70xE", "70xE", `
		%c = core.constant() {value = 0.3} : E
		%a = tensor.mul(%x, %c) : 70xE
		%y = tensor.remainder(%a, %z) : 70xE`},
	{"squares and roots", "%x: 70xE", "70xE", `
		%a = tensor.mul(%x, %x) : 70xE
		%b = tensor.mul(%a, %a) : 70xE
		%d = tensor.sqrt(%b) : 70xE
		%y = tensor.sub(%d, %a) : 70xE`},
	{"moved on the way", "%x: 20x36xE", "36x23xE", `
		%c = core.constant() {value = 0.1} : E
		%a = tensor.mul(%x, %c) : 20x36xE
		%t = tensor.transpose(%a) {perm = [1, 0]} : 36x20xE
		%p = tensor.pad(%t) {low = [0, 1], high = [0, 2], value = 0.1} : 36x23xE
		%y = tensor.add(%p, %c) : 36x23xE`},
	{"counted", "%x: 3000xE", "3000xE", `
		%i = tensor.iota() {axis = 0} : 3000xE
		%y = tensor.sub(%x, %i) : 3000xE`},
	{"between the types", "%x: 70xE, %z: 70xf32", "70xE", `
		%a = tensor.cast(%z) : 70xE
		%b = tensor.mul(%a, %x) : 70xE
		%d = tensor.cast(%b) : 70xF
		%e = tensor.mul(%d, %d) : 70xF
		%y = tensor.cast(%e) : 70xE`},
	{"sums of rows", "%x: 5x300xE", "5x1xE", `
		%c = core.constant() {value = 100.0} : E
		%s = tensor.sum(%x) {axes = [1], keep_dims = true} : 5x1xE
		%a = tensor.mul(%s, %c) : 5x1xE
		%y = tensor.sub(%a, %s) : 5x1xE`},
	{"means of columns", "%x: 64x70xE", "70xE", `
		%c = core.constant() {value = 0.1} : E
		%s = tensor.mean(%x) {axes = [0], keep_dims = false} : 70xE
		%d = tensor.mul(%s, %s) : 70xE
		%e = tensor.mul(%s, %c) : 70xE
		%y = tensor.add(%d, %e) : 70xE`},
	{"shares without a composite", "%x: 5x40xE", "5x40xE", `
		%m = tensor.mul(%x, %x) : 5x40xE
		%s = tensor.sum(%x) {axes = [1], keep_dims = true} : 5x1xE
		%y = tensor.div(%m, %s) : 5x40xE`},
	{"a product and what follows", "%x: 13x40xE, %w: 40x70xE, %b: 70xE", "13x70xE", `
		%p = tensor.matmul(%x, %w) : 13x70xE
		%a = tensor.mul(%p, %b) : 13x70xE
		%d = tensor.sub(%a, %p) : 13x70xE
		%y = tensor.mul(%d, %d) : 13x70xE`},
	{"a product with rows that are computed", "%x: 13x40xE, %z: 40xE, %w: 70x40xE, %b: 70xE", "13x70xE", `
		%c = core.constant() {value = 64.0} : E
		%r = tensor.add(%x, %c) : 13x40xE
		%s = tensor.sub(%r, %z) : 13x40xE
		%p = nn.linear(%s, %w, %b) : 13x70xE
		%y = tensor.sub(%p, %b) : 13x70xE`},
	{"one row", "%x: 1x40xE, %w: 70x40xE, %b: 70xE", "1x70xE", `
		%p = nn.linear(%x, %w, %b) : 1x70xE
		%a = tensor.mul(%p, %p) : 1x70xE
		%y = tensor.sub(%a, %p) : 1x70xE`},
	{"a product seen in another shape", "%x: 12x40xE, %w: 40x8xE, %b: 8x12xE", "8x12xE", `
		%p = tensor.matmul(%x, %w) : 12x8xE
		%t = tensor.transpose(%p) {perm = [1, 0]} : 8x12xE
		%a = tensor.mul(%t, %b) : 8x12xE
		%y = tensor.sub(%a, %t) : 8x12xE`},
	{"a convolution", "%x: 1x4x9x9xE, %w: 6x4x3x3xE, %b: 1x6x1x1xE", "1x6x7x7xE", `
		%p = nn.conv(%x, %w) : 1x6x7x7xE
		%a = tensor.mul(%p, %b) : 1x6x7x7xE
		%y = tensor.sub(%a, %p) : 1x6x7x7xE`},
	{"channels last", "%x: 1x9x9x4xE, %w: 6x4x3x3xE, %b: 6xE", "1x7x7x6xE", `
		%p = nn.conv(%x, %w) {channels_last = true} : 1x7x7x6xE
		%a = tensor.mul(%p, %b) : 1x7x7x6xE
		%y = tensor.sub(%a, %p) : 1x7x7x6xE`},
	{"single channels", "%x: 1x6x9x9xE, %w: 6x1x3x3xE, %b: 1x6x1x1xE", "1x6x7x7xE", `
		%p = nn.conv(%x, %w) {groups = 6} : 1x6x7x7xE
		%a = tensor.mul(%p, %b) : 1x6x7x7xE
		%y = tensor.sub(%a, %p) : 1x6x7x7xE`},
	{"attention to one key", "%q: 1x2x5x8xE, %k: 1x2x1x8xE, %v: 1x2x1x8xE", "1x2x5x8xE", `
		%p = nn.sdpa(%q, %k, %v) : 1x2x5x8xE
		%a = tensor.mul(%p, %p) : 1x2x5x8xE
		%y = tensor.sub(%a, %p) : 1x2x5x8xE`},
	{"weights from codes", "%x: 1x33xE, %w: 20x33xi8, %s: 20x1xE, %z: 20x33xE", "20x33xE", `
		%d = quant.dequantize(%w, %s) : 20x33xE
		%a = tensor.mul(%d, %x) : 20x33xE
		%y = tensor.sub(%a, %z) : 20x33xE`},
	{"inside a composite nothing is rounded", "%x: 70xE", "70xE", `
		%c = core.constant() {value = 0.1} : E
		%a = tensor.mul(%x, %c) : 70xE
		%h = nn.leaky_relu(%a) {slope = 0.125} : 70xE
		%r = nn.relu(%h) : 70xE
		%y = tensor.sub(%h, %r) : 70xE`},
}

// TestRoundings holds them against the interpreter for every target and for GPUs, and the code that is made of them: every bit is the same.
func TestRoundings(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 16))
	n := &natively{exact: true}
	for i, elems := range [][2]string{{"f16", "bf16"}, {"bf16", "f16"}} {
		for k, tt := range roundings {
			if skipped(2*k+i, 3) {
				continue
			}
			t.Run(tt.name+" "+elems[0], func(t *testing.T) {
				m, op := parse(t, roundingModule(tt.params, tt.result, tt.body, elems[0], elems[1]))
				in := randomInputs(rng, m.Funcs[0].Params, nil)
				for _, x := range in {
					for e := range x.Len() {
						if x.Elem.IsFloat() && tt.name != "weights from codes" && rng.IntN(8) == 0 && x.Len() < 500 {
							host.SetFloat(x, e, float64(1+rng.IntN(9)))
						}
					}
				}
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				n.hold(t, op, func(*schedule.Group) []*host.Tensor { return in }, nil, want[0])
				for _, to := range gpus {
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
						err = differAtAll(got, want[0])
					}
					if err != nil {
						t.Errorf("%s: %v", to.Name, err)
					}
				}
			})
		}
	}
	n.run(t)
}

// TestRoundingsInNumbers holds what PyTorch gives for three of them.
func TestRoundingsInNumbers(t *testing.T) {
	for _, tt := range []struct {
		of, elem string
		x, want  []float64
	}{
		{"swallowed by a large number", "f16", []float64{1, 0.5, 0.25, 3}, []float64{0, 0, 0, 4}},
		{"swallowed by a large number", "bf16", []float64{1, 8, 9, 25}, []float64{0, 0, 16, 32}},
		{"infinite", "f16", []float64{1, 2, -3, 0.5}, []float64{1, math.Inf(1), math.Inf(-1), 0.5}},
		{"to integers", "bf16", []float64{85.5, 171, 43, 340}, []float64{256, 512, 129, 1020}},
	} {
		for _, r := range roundings {
			if r.name != tt.of {
				continue
			}
			m, op := parse(t, strings.ReplaceAll(roundingModule(r.params, r.result, r.body, tt.elem, "f32"), "<70x", "<4x"))
			x := host.New(m.Funcs[0].Params[0].Value.Type.Elem, 4)
			want := host.New(op.Results[0].Type.Elem, 4)
			for i := range tt.x {
				host.SetFloat(x, i, tt.x[i])
				host.SetFloat(want, i, tt.want[i])
			}
			n := &natively{exact: true}
			n.hold(t, op, func(*schedule.Group) []*host.Tensor { return []*host.Tensor{x} }, nil, want)
		}
	}
}

// roundingModule is a module of one group, whose types are written without "tensor<>".
func roundingModule(params, result, body, elem, other string) string {
	typed := func(s string) string { return "tensor<" + strings.NewReplacer("E", elem, "F", other).Replace(s) + ">" }
	var names, all []string
	for _, p := range strings.Split(params, ", ") {
		name, shape, _ := strings.Cut(p, ": ")
		names, all = append(names, name), append(all, name+": "+typed(shape))
	}
	lines := ""
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		at := strings.LastIndex(line, " : ")
		lines += "        " + strings.TrimSpace(line[:at]) + " : " + typed(line[at+3:]) + "\n"
	}
	list, given := strings.Join(all, ", "), strings.Join(names, ", ")
	return fmt.Sprintf("air 1\nmodule @m {\n  func @main(%s) -> (%%y: %s) {\n    %%y = core.kernel(%s) : %s\n      do(%s) {\n%s        core.return(%%y)\n      }\n    core.return(%%y)\n  }\n}\n",
		list, typed(result), given, typed(result), list, lines)
}
