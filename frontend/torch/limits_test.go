package torch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// Work on sizes takes time with the square of symbols and guards, and a file may hold any number of them.
func TestLimits(t *testing.T) {
	open := func(name, symbol string) func(*pt2.Model) {
		return func(m *pt2.Model) {
			m.Graph.Tensors[name].Sizes[0] = pt2.Sym[int64]{Expr: "Symbol('" + symbol + "', integer=True)"}
		}
	}
	tests := []struct {
		name   string
		change func(m *pt2.Model)
		want   string
	}{
		{"guards", func(m *pt2.Model) {
			open("x", "s0")(m)
			for i := range ir.MaxGuards + 10 {
				m.Guards = append(m.Guards, fmt.Sprintf("L['x'].size()[0] != %d", i+2))
			}
		}, "more than 512 conditions on its sizes"},
		{"symbols", func(m *pt2.Model) {
			for i := range ir.MaxDims + 10 {
				name := fmt.Sprint("x", i)
				meta := *m.Graph.Tensors["x"]
				meta.Sizes = []pt2.Sym[int64]{{Expr: fmt.Sprintf("Symbol('s%d', integer=True)", i)}}
				m.Graph.Tensors[name] = &meta
				m.Graph.Inputs = append(m.Graph.Inputs, tensorArg(name))
				m.Inputs = append(m.Inputs, pt2.InputSpec{Arg: tensorArg(name), Name: name})
			}
		}, "more than 16384 symbols"},
		{"classes", func(m *pt2.Model) {
			var stack strings.Builder
			for i := range maxClasses + 10 {
				fmt.Fprintf(&stack, ";k,m%d,a.B", i)
			}
			m.Graph.Nodes[0].Meta.ModuleStack = stack.String()[1:]
		}, "nodes name more than 65536 modules"},
		{"arguments", func(m *pt2.Model) {
			n := &pt2.Node{Target: "torch.ops.my.op.default", Name: "n", Outputs: []pt2.Argument{tensorArg("y")}}
			for i := range maxArguments + 1 {
				n.Inputs = append(n.Inputs, pt2.NamedArgument{Name: fmt.Sprint("a", i), Arg: pt2.Argument{Kind: pt2.ArgInt}})
			}
			m.Graph.Nodes = append(m.Graph.Nodes, n)
		}, "the call has 4097 arguments, expected at most 4096"},
		{"writes through views of views", func(m *pt2.Model) {
			var src strings.Builder
			src.WriteString("v0: f32[2,2]\n")
			for i := range 200 {
				fmt.Fprintf(&src, "v%d: f32[2,2] = aten.transpose.int(v%d, 0, 1)\n", i+1, i)
			}
			for i := range 200 {
				fmt.Fprintf(&src, "w%d: f32[2,2] = aten.neg_.default(v200)\n", i)
			}
			*m = *testModel(t, src.String()+"return v0")
		}, "it has 400 nodes, and writes through views make more than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := testModel(t, `
				x: f32[2]
				y: f32[2] = aten.relu.default(x)
				return y`)
			test.change(m)
			_, _, err := testImport(t, m)
			if problems, ok := ir.AsProblems(err); !ok || len(problems) != 1 || !strings.Contains(err.Error(), test.want) {
				t.Errorf("found %v, expected one problem with %q", err, test.want)
			}
		})
	}
}
