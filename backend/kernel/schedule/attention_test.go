package schedule_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// attentionCase is one nn.sdpa. Its types may use the sizes S and T.
type attentionCase struct {
	name, q, k, v, mask string // element types are left out: 1x4x3x8
	elem, maskElem      string
	attrs               string
	result              string
	scale               float64 // of the numbers, 1 where it is 0
	sizes               map[string]int64
}

var attentionCases = []attentionCase{
	{name: "one", q: "1x1", k: "1x1", v: "1x1", result: "1x1"},
	{name: "matrix", q: "9x5", k: "11x5", v: "11x3", result: "9x3"},
	{name: "heads", q: "2x3x17x8", k: "2x3x13x8", v: "2x3x13x8", result: "2x3x17x8"},
	{name: "odd columns", q: "1x2x9x7", k: "1x2x50x7", v: "1x2x50x11", result: "1x2x9x11"},
	{name: "many keys", q: "1x1x9x6", k: "1x1x131x6", v: "1x1x131x5", result: "1x1x9x5"},
	{name: "shared heads", q: "1x6x9x8", k: "1x2x10x8", v: "1x2x10x8", result: "1x6x9x8"},
	{name: "heads shared differently", q: "1x6x9x4", k: "1x3x10x4", v: "1x2x10x4", result: "1x6x9x4"},
	{name: "batches broadcast", q: "2x1x2x9x4", k: "1x3x2x5x4", v: "2x3x1x5x4", result: "2x3x2x9x4"},
	{name: "causal", q: "1x2x19x4", k: "1x2x19x4", v: "1x2x19x4", attrs: "is_causal = true", result: "1x2x19x4"},
	{name: "causal, more keys", q: "1x1x9x4", k: "1x1x60x4", v: "1x1x60x4", attrs: "is_causal = true", result: "1x1x9x4"},
	{name: "causal, fewer keys", q: "1x1x60x4", k: "1x1x7x4", v: "1x1x7x4", attrs: "is_causal = true", result: "1x1x60x4"},
	{name: "window", q: "1x1x70x4", k: "1x1x75x4", v: "1x1x75x4", attrs: "window_size = 5", result: "1x1x70x4"},
	{name: "causal window", q: "1x1x130x4", k: "1x1x130x4", v: "1x1x130x4", attrs: "is_causal = true, window_size = 9", result: "1x1x130x4"},
	{name: "window past the keys", q: "1x1x70x4", k: "1x1x7x4", v: "1x1x7x4", attrs: "window_size = 3", result: "1x1x70x4"},
	{name: "scale", q: "1x1x9x4", k: "1x1x9x4", v: "1x1x9x4", attrs: "scale = 3.0", result: "1x1x9x4"},
	{name: "large scores", q: "1x1x9x4", k: "1x1x9x4", v: "1x1x9x4", result: "1x1x9x4", scale: 1e4},
	{name: "bool mask", q: "2x2x9x4", k: "2x2x11x4", v: "2x2x11x4", mask: "2x2x9x11", maskElem: "bool", result: "2x2x9x4"},
	{name: "bool mask of keys", q: "2x2x9x4", k: "2x2x11x4", v: "2x2x11x4", mask: "2x1x1x11", maskElem: "bool", result: "2x2x9x4"},
	{name: "added mask", q: "2x2x9x4", k: "2x2x51x4", v: "2x2x51x4", mask: "9x51", maskElem: "f32", result: "2x2x9x4"},
	{name: "mask and causal", q: "1x2x20x4", k: "1x2x20x4", v: "1x2x20x4", mask: "2x1x20", maskElem: "f32", attrs: "is_causal = true", result: "1x2x20x4"},
	{name: "halves", q: "1x2x9x8", k: "1x2x50x8", v: "1x2x50x8", elem: "f16", result: "1x2x9x8"},
	{name: "bf16", q: "1x2x9x8", k: "1x2x50x8", v: "1x2x50x8", elem: "bf16", result: "1x2x9x8"},
	{name: "f64", q: "1x2x9x8", k: "1x2x50x8", v: "1x2x50x8", elem: "f64", result: "1x2x9x8"},
	{name: "open sizes", q: "[B]x2x[S]x4", k: "[B]x2x[T]x4", v: "[B]x2x[T]x4", attrs: "is_causal = true", result: "[B]x2x[S]x4", sizes: map[string]int64{"B": 2, "S": 21, "T": 53}},
	{name: "no keys", q: "1x2x[S]x4", k: "1x2x[T]x4", v: "1x2x[T]x4", result: "1x2x[S]x4", sizes: map[string]int64{"S": 3, "T": 0}},
	{name: "no queries", q: "1x2x[S]x4", k: "1x2x[T]x4", v: "1x2x[T]x4", result: "1x2x[S]x4", sizes: map[string]int64{"S": 0, "T": 5}},
	{name: "a word", q: "1x4x1x16", k: "1x2x137x16", v: "1x2x137x16", result: "1x4x1x16"},
	{name: "a word, odd", q: "2x3x1x7", k: "2x1x40x7", v: "2x1x40x19", result: "2x3x1x19"},
	{name: "a word, wide", q: "1x2x1x80", k: "1x1x5x80", v: "1x1x5x80", result: "1x2x1x80"},
	{name: "a word, open", q: "[B]x4x1x8", k: "[B]x2x[T]x8", v: "[B]x2x[T]x8", mask: "[B]x1x1x[T]", maskElem: "bool", result: "[B]x4x1x8", sizes: map[string]int64{"B": 2, "T": 300}},
	{name: "two words, added mask", q: "1x4x2x8", k: "1x2x150x8", v: "1x2x150x8", mask: "2x150", maskElem: "f32", result: "1x4x2x8"},
	{name: "two words, causal", q: "1x4x2x8", k: "1x2x10x8", v: "1x2x10x8", attrs: "is_causal = true", result: "1x4x2x8"},
	{name: "two words, window", q: "1x4x3x8", k: "1x2x140x8", v: "1x2x140x8", attrs: "window_size = 2", result: "1x4x3x8"},
	{name: "a word, halves", q: "1x2x1x8", k: "1x2x33x8", v: "1x2x33x8", elem: "f16", result: "1x2x1x8"},
	{name: "a word of no keys", q: "1x2x1x8", k: "1x2x[T]x8", v: "1x2x[T]x8", result: "1x2x1x8", sizes: map[string]int64{"T": 0}},
	{name: "two words of many shared heads, causal", q: "4x24x2x8", k: "4x8x9x8", v: "4x8x9x8", attrs: "is_causal = true", result: "4x24x2x8"},
}

func (c attentionCase) text() string {
	elem := c.elem
	if elem == "" {
		elem = "f32"
	}
	params := fmt.Sprintf("%%q: tensor<%sx%s>, %%k: tensor<%sx%s>, %%v: tensor<%sx%s>", c.q, elem, c.k, elem, c.v, elem)
	args := "%q, %k, %v"
	if c.mask != "" {
		params += fmt.Sprintf(", %%mask: tensor<%sx%s>", c.mask, c.maskElem)
		args += ", %mask"
	}
	dims := ""
	for _, name := range []string{"B", "S", "T"} {
		if _, ok := c.sizes[name]; ok {
			dims += fmt.Sprintf("    dim %s in 0..4096\n", name)
		}
	}
	y := fmt.Sprintf("tensor<%sx%s>", c.result, elem)
	return fmt.Sprintf("air 1\nmodule @m {\n  func @main(%s) -> (%%y: %s) {\n%s    %%y = nn.sdpa(%s) {%s} : %s\n    core.return(%%y)\n  }\n}\n",
		params, y, dims, args, c.attrs, y)
}

// inputs makes numbers; of the queries' masks every third hides all keys.
func (c attentionCase) inputs(types []host.Elem, shapes [][]int) []*host.Tensor {
	rng := rand.New(rand.NewPCG(1, uint64(len(c.name))))
	var all []*host.Tensor
	for i, e := range types {
		x := host.New(e, shapes[i]...)
		row := 1
		if n := len(shapes[i]); n > 0 {
			row = max(shapes[i][n-1], 1)
		}
		for k := range x.Len() {
			n := rng.NormFloat64()
			switch {
			case c.scale != 0 && i < 3:
				n *= c.scale
			case i == 3 && k/row%3 == 2 && e == host.Bool:
				n = 0
			case i == 3 && e == host.Bool:
				n = float64(rng.IntN(2))
			}
			host.SetFloat(x, k, n)
		}
		all = append(all, x)
	}
	return all
}

// read gives the operation with inputs, and what the interpreter makes of them.
func (c attentionCase) read(t *testing.T) (*ir.Op, []*host.Tensor, *host.Tensor) {
	t.Helper()
	m, op := parse(t, c.text())
	var elems []host.Elem
	var shapes [][]int
	for _, p := range m.Funcs[0].Params {
		elems, shapes = append(elems, p.Value.Type.Elem), append(shapes, shapeOf(p.Value.Type, c.sizes))
	}
	in := c.inputs(elems, shapes)
	want, err := reference(m, in)
	if err != nil {
		t.Fatal(err)
	}
	return op, in, want[0]
}

func TestAttention(t *testing.T) {
	n := &natively{step: 2}
	for i, c := range attentionCases {
		if skipped(i, 8) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			op, in, want := c.read(t)
			n.hold(t, op, func(*schedule.Group) []*host.Tensor { return in }, c.sizes, want)
		})
	}
	n.run(t)
}

// TestHalvedAttention rounds to bf16, in pairs: results are near what they are without.
func TestHalvedAttention(t *testing.T) {
	for i, c := range attentionCases {
		if skipped(i, 8) || c.elem != "" || c.scale > 1 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			m, op := parse(t, c.text())
			var elems []host.Elem
			var shapes [][]int
			for _, p := range m.Funcs[0].Params {
				elems, shapes = append(elems, p.Value.Type.Elem), append(shapes, shapeOf(p.Value.Type, c.sizes))
			}
			in := c.inputs(elems, shapes)
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
				made, why := schedule.Plan(g, to)
				if why != "" {
					t.Fatalf("%s: %s", to.Name, why)
				}
				got, err := compute(made, in, c.sizes, want[0])
				if err != nil {
					t.Fatalf("%s: %v", to.Name, err)
				}
				for k := range got.Len() {
					if x, y := host.FloatAt(got, k), host.FloatAt(want[0], k); !(math.Abs(x-y) <= 0.04) {
						t.Fatalf("%s: number %d is %g, expected about %g", to.Name, k, x, y)
					}
				}
			}
		})
	}
}
