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
			return x`, `@main: node "y" (aten.resize_.default): aten.resize_.default makes 4 elements of 2, and what the new ones hold is not defined; make a new tensor instead`},
		{"memory of an input", `
			x: f32[4]
			y: f32[2] = aten.resize_.default(x, [2])
			return x`, `@main: node "y" (aten.resize_.default): aten.resize_.default gives the input or buffer x other memory or another shape, which no caller could see; change a clone`},
		{"lists of several lengths", `
			x: f32[2]
			aten._foreach_add_.List([x, x], [x])
			return x`, `@main: node "aten._foreach_add_.List" (aten._foreach_add_.List): aten._foreach_add_.List: the argument other has 1 items, expected 2 as the lists before it`},
		{"an operator that must change something", `
			x: f32[2]
			mine.log.default(x=x)
			return x`, `@main: node "mine.log.default" (mine.log.default): mine.log has no result, so it changes an argument, and the file does not say which; save the program after run_decompositions(), which says so, or with its schema: torch.export.save(ep, file, extra_files={"aiopt/schemas.txt": str(torch.ops.mine.log.default._schema)})`},
		{"strides that leave the memory", `
			x: f32[3,2]{1,3}
			y: f32[4]{2} = aten.as_strided.default(x, [4], [2], 0)
			return y`, `@main: node "y" (aten.as_strided.default): the view of [4] elements with the strides [2] from 0 on leaves the memory of x, which has 6`},
		{"a view that cannot be written through", `
			x: f32[4]
			y: f32[3,2]{1,1} = aten.unfold.default(x, 0, 2, 1)
			z: f32[3,2] = aten.zero_.default(y)
			return x`, `@main: node "z" (aten.zero_.default): writes to windows that overlap`},
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
		{"a size beyond all memory", `
			x: f32[2]
			y: f32[4611686018427387904,2] = aten.relu.default(x)
			return y`, `@main: node "y" (aten.relu.default): tensor "y": shape 4611686018427387904x2 of f32 is larger than 1099511627776 bytes`},
		{"strides of a tensor of any size with gaps", `
			x: f32[s0,4]{8,2}
			y: f32[2]{6} = aten.as_strided.default(x, [2], [6], 2)
			return y`, `@main: node "y" (aten.as_strided.default): the view by strides is of x, whose own elements overlap or leave gaps, or may do so; clone it first`},
		{"strides of a tensor whose elements overlap around an axis of one", `
			x: f32[2,1,2]{1,5,1}
			y: f32[2]{1} = aten.as_strided.default(x, [2], [1], 1)
			return y`, `@main: node "y" (aten.as_strided.default): the view by strides is of x, whose own elements overlap or leave gaps, or may do so; clone it first`},
		{"strides of another result than the file states", `
			x: f32[3,4]{1,3}
			y: f32[2,2]{6,1} = aten.as_strided.default(x, [2], [6], 2)
			return y`, `@main: node "y" (aten.as_strided.default): "y" is tensor<2xf32>, and the file says that it is tensor<2x2xf32>`},
		{"a view by strides without a result", `
			x: f32[3,4]{1,3}
			aten.as_strided.default(x, [2], [6], 2)
			return x`, `@main: node "aten.as_strided.default" (aten.as_strided.default): the node has no result, expected the operator's`},
		{"other memory without a result", `
			x: f32[4]
			a: f32[4] = aten.clone.default(x)
			aten.set_.source_Tensor(a, x)
			return a`, `@main: node "aten.set_.source_Tensor" (aten.set_.source_Tensor): the node has no result, expected the operator's`},
		{"a result too many", `
			x: f32[4]
			a: f32[4], b: f32[4] = aten.relu.default(x)
			return a`, `@main: node "a" (aten.relu.default): the node has 2 results, expected the operator's 1`},
		{"a list for a tensor", `
			x: f32[4]
			a: f32[4] = aten.relu.default([x])
			return a`, `@main: node "a" (aten.relu.default): argument self is as_tensors, expected a tensor`},
		{"no result", `
			x: f32[2]
			aten.relu.default(x)
			return x`, `@main: node "aten.relu.default" (aten.relu.default): the node has no result, expected the operator's`},
		{"a change of the type", `
			x: f32[2]
			y: f32[3] = aten.neg.default(x)
			return y
			change x by y`, `@main: input "x": it is tensor<2xf32>, and the program changes it to tensor<3xf32>; a change keeps the type`},
		{"a higher-order operator", `
			x: f32[4]
			y: f32[4] = mine.higher(x)
			return y`, `@main: node "y" (higher_order.flex_attention): the higher-order operator flex_attention is not supported; cond, while_loop, scan, map, associative_scan after run_decompositions(), no_grad, autocast and checkpoint regions are`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src, change, changes := strings.Cut(test.src, "change ")
			m := testModel(t, src)
			if changes {
				input, by, _ := strings.Cut(change, " by ")
				m.Outputs = append(m.Outputs, pt2.OutputSpec{Kind: pt2.UserInputMutation, Arg: tensorArg(by), Target: input})
			}
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

// Weights that overlap in memory, of which neither holds the other, are refused where one changes.
func TestSharedMemory(t *testing.T) {
	_, _, err := Import(Programs(openArchive(t, "testdata/errors/shared.pt2"), ""), Options{})
	want := `@main: buffer "head": the program changes it, and "tail" shares its memory in another shape; give each a memory of its own (clone) before export`
	if err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}

	// Bytes are what they share: three integers from the fourth on lie in the second of three floats.
	a := openArchive(t, "testdata/errors/shared.pt2")
	changes := map[string][]byte{}
	for entry, edit := range map[string][2]string{
		"data/weights/model_weights_config.json": {`"tail": {"path_name": "weight_0", "is_param": false, "use_pickle": false, "tensor_meta": {"dtype": 7`, `"storage_offset": {"as_int": 1}`},
		"models/model.json":                      {`"b_tail": {"dtype": 7`, `"storage_offset": {"as_int": 1}`},
	} {
		e, err := a.Entry(entry)
		if err != nil || strings.Count(string(e.Data), edit[0]) != 1 || strings.Count(string(e.Data), edit[1]) != 1 {
			t.Fatalf("%s has not the expected form: %v", entry, err)
		}
		data := strings.Replace(string(e.Data), edit[0], strings.TrimSuffix(edit[0], "7")+"2", 1)
		changes[entry] = []byte(strings.Replace(data, edit[1], `"storage_offset": {"as_int": 4}`, 1))
	}
	a, err = pt2.Read(withEntries(t, a, changes), "bytes.pt2")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = Import(Programs(a, ""), Options{}); err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}

// An in-place name that no schema explains is an error that says what to do.
func TestUnknownInPlace(t *testing.T) {
	_, _, err := testImport(t, testModel(t, `
		x: f32[2]
		y: f32[2] = mine.touch_.default(input=x)
		return y`))
	want := `@main: node "y" (mine.touch_.default): mine.touch_ changes an argument by its name, and the file does not say which; save the program after run_decompositions(), ` +
		`which says so, or with its schema: torch.export.save(ep, file, extra_files={"aiopt/schemas.txt": str(torch.ops.mine.touch_.default._schema)})`
	if err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}
