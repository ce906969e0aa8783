package torch

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/google/go-cmp/cmp"
)

// What cannot be imported says so, with the node or input it is about.
func TestErrors(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"undefined", `
			x: f32[2]
			y: f32[2] = aten.relu.default(nothing)
			return y`, `@main: node "y" (aten.relu.default): argument self: "nothing" is used before anything defines it`},
		{"missing argument", `
			x: f32[2]
			y: f32[2] = aten.add.Tensor(x)
			return y`, `@main: node "y" (aten.add.Tensor): argument other (Tensor) is missing, and the operator has no default for it`},
		{"one report for a chain", `
			x: f32[2]
			y: f32[2] = aten.relu.default(nothing)
			z: f32[2] = aten.neg.default(y)
			a: f32[2] = aten.add_.Tensor(z, x)
			b: f32[2] = aten.add_.Tensor(x, z)
			return a`, `@main: node "y" (aten.relu.default): argument self: "nothing" is used before anything defines it`},
		{"new memory", `
			x: f32[2]
			y: f32[4] = aten.resize_.default(x, [4])
			return x`, `@main: node "y" (aten.resize_.default): aten.resize_.default gives a tensor other memory, which has no functional form; assign a new tensor instead`},
		{"a list changed in place", `
			x: f32[2]
			aten._foreach_add_.Scalar([x], 1)
			return x`, `@main: node "aten._foreach_add_.Scalar" (aten._foreach_add_.Scalar): aten._foreach_add_.Scalar changes a list of tensors (self), which is not supported; change them one by one`},
		{"a view that cannot be written through", `
			x: f32[4]
			y: f32[2,2]{2,1} = aten.unfold.default(x, 0, 2, 2)
			z: f32[2,2] = aten.zero_.default(y)
			return x`, `@main: node "z" (aten.zero_.default): writes to y, a view made by aten.unfold.default: writing through such a view is not supported; clone it first`},
		{"permutation of other axes", `
			x: f32[2,3]
			y: f32[3,2] = aten.permute.default(x, [1])
			z: f32[3,2] = aten.zero_.default(y)
			return x`, `@main: node "z" (aten.zero_.default): [1] is no permutation of the axes of tensor<2x3xf32>`},
		{"an axis outside", `
			x: f32[2]
			y: f32[1] = aten.narrow.default(x, 3, 0, 1)
			z: f32[1] = aten.zero_.default(y)
			return x`, `@main: node "z" (aten.zero_.default): argument dim: axis 3 is outside a tensor of rank 1`},
		{"pieces of another rank", `
			x: f32[4]
			a: f32[], b: f32[2] = aten.split.Tensor(x, 2)
			return a`, `@main: node "a" (aten.split.Tensor): piece 0 of tensor<4xf32> is tensor<f32>`},
		{"a higher-order operator", `
			x: f32[4]
			y: f32[4] = mine.higher(x)
			return y`, `@main: node "y" (higher_order.flex_attention): the higher-order operator flex_attention is not supported; cond, while_loop, scan, map and no_grad regions are`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := testModel(t, test.src)
			for _, n := range m.Graph.Nodes {
				if n.Target == "torch.ops.mine.higher" {
					n.Target = "torch.ops.higher_order.flex_attention"
				}
			}
			_, _, err := testImport(t, m)
			if err == nil {
				t.Fatal("imported")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Everything that is wrong is reported at once, with Python line and module.
func TestAllErrors(t *testing.T) {
	m := testModel(t, `
		x: f32[2]
		y: f32[2] = aten.relu.default(a)
		z: f32[2] = aten.relu.default(b)
		return x, x, z`)
	m.Graph.Nodes[1].Meta = pt2.Metadata{StackTrace: `File "model.py", line 7, in forward`, ModuleStack: "L__self__act,act,torch.nn.ReLU"}
	m.Graph.Inputs = append(m.Graph.Inputs, pt2.Argument{Kind: pt2.ArgCustomObj, Name: "tok"})
	m.Inputs = append(m.Inputs, pt2.InputSpec{Kind: pt2.CustomObj, Name: "tok", Arg: pt2.Argument{Kind: pt2.ArgCustomObj, Name: "tok", Text: "app.Tokenizer"}})
	m.Outputs[0].Kind = pt2.LossOutput
	m.Outputs[1].Kind, m.Outputs[1].Target = pt2.BufferMutation, "cache"
	_, _, err := testImport(t, m)
	problems, ok := ir.AsProblems(err)
	if !ok {
		t.Fatalf("found %v, expected problems", err)
	}
	want := []string{
		`@main: input "tok": it is a Python object (app.Tokenizer), which cannot be imported; keep its data in buffers`,
		`@main: node "y" (aten.relu.default): argument self: "a" is used before anything defines it`,
		`@main: node "z" (aten.relu.default): argument self: "b" is used before anything defines it (model.py:7 in act (ReLU))`,
		`@main: output "x": an output of kind loss_output belongs to training; export the model for inference`,
		`@main: output "x": changes "cache", which is no input of the program`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), problems.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestTypeErrors(t *testing.T) {
	tests := []struct {
		change func(*pt2.TensorMeta)
		want   string
	}{
		{func(m *pt2.TensorMeta) { m.Layout = 1 }, `"y" is a sparse_coo tensor; only dense ones are supported`},
		{func(m *pt2.TensorMeta) { m.DType = 9 }, `"y" has the dtype complex32, which is not supported`},
		{func(m *pt2.TensorMeta) { m.Sizes[0].Value = -2 }, `tensor "y" has the size -2, expected at least 0`},
		{func(m *pt2.TensorMeta) { m.Sizes[0].Expr = "Add(" }, `tensor "y": the size Add(: `},
		{func(m *pt2.TensorMeta) { m.Sizes[0].Expr = "Symbol('s0') < 2" }, `tensor "y": the size Symbol('s0') < 2: `},
	}
	for _, test := range tests {
		m := testModel(t, `
			x: f32[2]
			y: f32[2] = aten.relu.default(x)
			return y`)
		test.change(m.Graph.Tensors["y"])
		if _, _, err := testImport(t, m); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("found %v, expected %s", err, test.want)
		}
	}
}

// A state of whose memory another weight shows a part is refused.
func TestSharedMemory(t *testing.T) {
	_, _, err := Import(Programs(openArchive(t, "testdata/errors/shared.pt2"), ""), Options{})
	want := `@main: buffer "head": the program changes it, and "whole" shares its memory in another shape; give each a memory of its own (clone) before export`
	if err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}

// An in-place name that no schema explains is a warning.
func TestUnknownInPlace(t *testing.T) {
	_, warnings, err := testImport(t, testModel(t, `
		x: f32[2]
		y: f32[2] = mine.touch_.default(input=x)
		return y`))
	want := "@main: mine.touch_.default is unknown here and taken to leave its arguments unchanged"
	if err != nil || len(warnings) != 1 || warnings[0].String() != want {
		t.Errorf("found %v %v, expected %s", warnings, err, want)
	}
}
