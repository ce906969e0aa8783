package torch

import (
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/google/go-cmp/cmp"
)

// Operators that PyTorch describes by memory: views by strides, new memory for a tensor, lists changed in place, and
// operators outside PyTorch that change their arguments.
func TestMemory(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"strides of a transposed tensor are pieces of it", `
			x: f32[3,4]{1,3}
			y: f32[2]{6} = aten.as_strided.default(x, [2], [6], 2)
			z: f32[2] = aten.zero_.default(y)
			return y`, `
			t0 = aten.slice.Tensor(x, dim=1, start=0, end=3, step=2)
			y = aten.select.int(t0, dim=0, index=2)
			z = aten.zero.default(y)
			t1 = aten.select_scatter.default(t0, z, dim=0, index=2)
			x.1 = aten.slice_scatter.default(x, t1, dim=1, start=0, end=3, step=2)
			return z, x.1`},
		{"strides that cut no axes are of the flat memory", `
			x: f32[3,4]{1,3}
			y: f32[3]{4} = aten.as_strided.default(x, [3], [4], 0)
			w: f32[2,2]{1,1} = aten.as_strided.default(x, [2, 2], [1, 1], 1)
			v: f32[2,3]{3,1} = aten.as_strided.default(x, [2, 3], [3, 1], 5)
			return y, w, v`, `
			t0 = aten.permute.default(x, dims=[1 0])
			t1 = aten.view.default(t0, size=[12])
			y = aten.slice.Tensor(t1, start=0, end=9, step=4)
			t2 = aten.permute.default(x, dims=[1 0])
			t3 = aten.view.default(t2, size=[12])
			w = aten.as_strided.default(t3, size=[2 2], stride=[1 1], storage_offset=1)
			t4 = aten.permute.default(x, dims=[1 0])
			t5 = aten.view.default(t4, size=[12])
			t6 = aten.slice.Tensor(t5, start=5, end=11)
			v = aten.view.default(t6, size=[2 3])
			return y, w, v`},
		{"strides of a tensor that is seen by strides from now on, and of a copy", `
			x: f32[3,4]{1,3}
			c: f32[2] = aten.as_strided_copy.default(x, [2], [6], 2)
			e: f32[2] = aten.exp_.default(c)
			a: f32[3,4]{1,3} = aten.clone.default(x)
			y: f32[2]{6} = aten.as_strided_.default(a, [2], [6], 2)
			z: f32[2]{6} = aten.zero_.default(y)
			return c, z`, `
			t0 = aten.slice.Tensor(x, dim=1, start=0, end=3, step=2)
			c = aten.select.int(t0, dim=0, index=2)
			e = aten.exp.default(c)
			a = aten.clone.default(x)
			t1 = aten.slice.Tensor(a, dim=1, start=0, end=3, step=2)
			y = aten.select.int(t1, dim=0, index=2)
			z = aten.zero.default(y)
			return e, z`},
		{"a copy by strides as out=, and a row-major tensor, of which the operator says all", `
			x: f32[3,4]{1,3}
			r: f32[4]
			o: f32[2] = aten.empty.memory_format([2])
			c: f32[2] = aten.as_strided_copy.out(x, [2], [6], 2, out=o)
			d: f32[2] = aten.as_strided_copy.default(r, [2], [2])
			e: f32[2]{2} = aten.as_strided_.default(r, [2], [2])
			return o, d, e`, `
			o = aten.empty.memory_format(size=[2])
			t0 = aten.slice.Tensor(x, dim=1, start=0, end=3, step=2)
			c = aten.select.int(t0, dim=0, index=2)
			d = aten.as_strided_copy.default(r, size=[2], stride=[2])
			e = aten.as_strided.default(r, size=[2], stride=[2])
			return c, d, e`},
		{"strides of a tensor of any size are of its memory", `
			x: f32[s0,4]{1,s0}
			y: f32[2,s0]{s0,1} = aten.as_strided.default(x, [2, s0], [s0, 1], 1)
			z: f32[2,s0] = aten.zero_.default(y)
			return z`, `
			t0 = aten.permute.default(x, dims=[1 0])
			t1 = aten.view.default(t0, size=[4*s0])
			y = aten.as_strided.default(t1, size=[2 s0], stride=[s0 1], storage_offset=1)
			z = aten.zero.default(y)
			t2 = aten.as_strided_scatter.default(t1, z, size=[2 s0], stride=[s0 1], storage_offset=1)
			t3 = aten.reshape.default(t2, shape=[4 s0])
			x.1 = aten.permute.default(t3, dims=[1 0])
			return z, x.1`},
		{"a row-major tensor of any size is its memory", `
			x: f32[s0,1,4]{4,7,1}
			u: f32[2,s0]
			y: f32[2,s0]{s0,1} = aten.as_strided.default(x, [2, s0], [s0, 1], 1)
			z: f32[s0,1,4]{4,7,1} = aten.as_strided_scatter.default(x, u, [2, s0], [s0, 1])
			return y, z`, `
			y = aten.as_strided.default(x, size=[2 s0], stride=[s0 1], storage_offset=1)
			z = aten.as_strided_scatter.default(x, u, size=[2 s0], stride=[s0 1])
			return y, z`},
		{"a change of the memory of a tensor of any size", `
			x: f32[s0,4]{1,s0}
			u: f16[2,s0]
			z: f32[s0,4]{1,s0} = aten.as_strided_scatter.default(x, u, [2, s0], [s0, 1])
			return z`, `
			t0 = aten.permute.default(x, dims=[1 0])
			t1 = aten.view.default(t0, size=[4*s0])
			t2 = aten.to.dtype(u, dtype=f32)
			t3 = aten.as_strided_scatter.default(t1, t2, size=[2 s0], stride=[s0 1], storage_offset=0)
			t4 = aten.reshape.default(t3, shape=[4 s0])
			x.1 = aten.permute.default(t4, dims=[1 0])
			return x.1`},
		{"the stride of an axis of one does not count", `
			x: f32[3,1,4]{1,7,3}
			y: f32[2,2]{1,1} = aten.as_strided.default(x, [2, 2], [1, 1], 1)
			return y`, `
			t0 = aten.permute.default(x, dims=[2 1 0])
			t1 = aten.view.default(t0, size=[12])
			y = aten.as_strided.default(t1, size=[2 2], stride=[1 1], storage_offset=1)
			return y`},
		{"windows that do not overlap", `
			x: f32[6]
			y: f32[2,2]{3,1} = aten.unfold.default(x, 0, 2, 3)
			z: f32[2,2] = aten.zero_.default(y)
			return x`, `
			y = aten.unfold.default(x, dimension=0, size=2, step=3)
			z = aten.zero.default(y)
			x.1 = aten.as_strided_scatter.default(x, z, size=[2 2], stride=[3 1], storage_offset=0)
			return x.1, x.1`},
		{"other memory leaves views of the old one", `
			x: f32[4]
			a: f32[4] = aten.clone.default(x)
			v: f32[2] = aten.slice.Tensor(a, 0, 0, 2)
			b: f32[4] = aten.neg.default(x)
			s: f32[4] = aten.set_.source_Tensor(a, b)
			z: f32[2] = aten.zero_.default(v)
			e: f32[4] = aten.exp_.default(s)
			return a, b, v`, `
			a = aten.clone.default(x)
			v = aten.slice.Tensor(a, start=0, end=2)
			b = aten.neg.default(x)
			z = aten.zero.default(v)
			e = aten.exp.default(b)
			return e, e, z`},
		{"fewer elements are the first ones", `
			x: f32[2,3]
			a: f32[2,3] = aten.clone.default(x)
			r: f32[2,2] = aten.resize_.default(a, [2, 2])
			z: f32[2,2] = aten.zero_.default(a)
			return r`, `
			a = aten.clone.default(x)
			t0 = aten.view.default(a, size=[6])
			t1 = aten.slice.Tensor(t0, start=0, end=4)
			r = aten.view.default(t1, size=[2 2])
			z = aten.zero.default(r)
			return z`},
		{"both diagonals of a tall matrix", `
			x: f32[5,2]
			a: f32[5,2] = aten.clone.default(x)
			d: f32[5,2] = aten.fill_diagonal_.default(a, 7, true)
			return d`, `
			a = aten.clone.default(x)
			t0 = aten.view.default(a, size=[10])
			t1 = aten.slice.Tensor(t0, start=0, end=4, step=3)
			t2 = aten.fill.Scalar(t1, value=7)
			t3 = aten.slice_scatter.default(t0, t2, start=0, end=4, step=3)
			a.1 = aten.reshape.default(t3, shape=[5 2])
			t4 = aten.view.default(a.1, size=[10])
			t5 = aten.slice.Tensor(t4, start=6, end=10, step=3)
			t6 = aten.fill.Scalar(t5, value=7)
			t7 = aten.slice_scatter.default(t4, t6, start=6, end=10, step=3)
			a.2 = aten.reshape.default(t7, shape=[5 2])
			return a.2`},
		{"lists in place and not", `
			x: f32[2]
			y: f32[3]
			p: f32[2], q: f32[3] = aten._foreach_mul.List([x, y], [x, y])
			aten._foreach_add_.List([p, q], [x, y], alpha=2)
			m: f32[2], n: f32[3] = aten._foreach_maximum.ScalarList([p, q], [1, 2])
			return m, q`, `
			p = aten.mul.Tensor(x, x)
			q = aten.mul.Tensor(y, y)
			t0 = aten.add.Tensor(p, x, alpha=2)
			t1 = aten.add.Tensor(q, y, alpha=2)
			m = aten.clamp_min.default(t0, min=1)
			n = aten.clamp_min.default(t1, min=2)
			return m, t1`},
		{"overloads of other names", `
			x: f32[2]
			a: f32[2] = aten.clone.default(x)
			p: f32[2] = aten.pow_.Tensor(a, x)
			return p`, `
			a = aten.clone.default(x)
			p = aten.pow.Tensor_Tensor(a, x)
			return p`},
		{"an operator outside PyTorch gives its results and then what it writes", `
			x: f32[2,4]
			u: f32[1,4]
			at: i32[2]
			to: i32[2]
			a: f32[2,4] = aten.clone.default(x)
			v: f32[4,2]{1,4} = aten.t.default(a)
			r: f32[4,2] = coreai.mutable_slice_update.default(v, u, at, to)
			return r, a`, `
			a = aten.clone.default(x)
			v = aten.t.default(a)
			r, t0 = coreai.mutable_slice_update.default(v, u, at, to)
			a.1 = aten.permute.default(t0, dims=[1 0])
			return r, a.1`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, _, err := testImport(t, testModel(t, test.src))
			if err != nil {
				t.Fatal(err)
			}
			if err := ir.Verify(m); err != nil {
				t.Error(err)
			}
			want := strings.ReplaceAll(strings.TrimLeft(test.want, "\n"), "\t", "") + "\n"
			if diff := cmp.Diff(want, brief(m.Funcs[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// auto is a node of torch's own functionalisation of mine.fill_(x, v), of which own are the results.
func auto(version string, own []pt2.Argument, inputs ...pt2.NamedArgument) *pt2.Node {
	operator := pt2.Argument{Kind: pt2.ArgOperator, Text: "torch.ops.mine.fill_.default"}
	return &pt2.Node{
		Target: "torch.ops.higher_order.auto_functionalized" + version, Name: "auto",
		Inputs:  append([]pt2.NamedArgument{{Arg: operator}}, inputs...),
		Outputs: append([]pt2.Argument{{}}[min(len(own), 1):], own...),
	}
}

// Both forms in which torch makes a custom operator functional, and the same without it.
func TestAutoFunctionalized(t *testing.T) {
	integer := func(name string, n int64) pt2.NamedArgument {
		return pt2.NamedArgument{Name: name, Arg: pt2.Argument{Kind: pt2.ArgInt, Int: n}}
	}
	ints := func(name string, list ...int64) pt2.NamedArgument {
		a := pt2.NamedArgument{Name: name, Arg: pt2.Argument{Kind: pt2.ArgInts}}
		for _, n := range list {
			a.Arg.List = append(a.Arg.List, pt2.Argument{Kind: pt2.ArgInt, Int: n})
		}
		return a
	}
	bases := pt2.NamedArgument{Name: "_all_bases", Arg: pt2.Argument{Kind: pt2.ArgTensors, List: []pt2.Argument{tensorArg("x")}}}
	given := pt2.NamedArgument{Name: "x", Arg: tensorArg("x")}
	value, index := integer("v", 3), integer("_x_base_index", 0)
	twin := pt2.NamedArgument{Name: "y", Arg: tensorArg("x")}
	ambiguous := `@main: node "auto" (higher_order.auto_functionalized): the file does not say which arguments of mine.fill_ it changes; ` +
		`save the program after run_decompositions(), which says so, or with its schema: torch.export.save(ep, file, ` +
		`extra_files={"aiopt/schemas.txt": str(torch.ops.mine.fill_.default._schema)})`
	tests := []struct {
		name   string
		node   *pt2.Node
		want   string
		schema string
	}{
		{name: "version 1 with results of its own", node: auto("", []pt2.Argument{tensorArg("own")}, given, twin, value), want: ambiguous},
		{name: "version 1 with two arguments of one type", node: auto("", nil, given, twin, value), want: ambiguous},
		{"version 1 with a result and a schema", auto("", []pt2.Argument{tensorArg("own")}, given, twin, value), `
			own, new = mine.fill_.default(x, x, v=3)
			return new`, "mine::fill_(Tensor(a!) x, Tensor y, int v) -> Tensor"},
		{"version 1 with an absent argument", auto("", []pt2.Argument{{}, tensorArg("new"), {}}, given, pt2.NamedArgument{Name: "z"}, value), `
			new = mine.fill_.default(x, z=none, v=3)
			return new`, "mine::fill_(Tensor(a!) x, Tensor(b!)? z, int v) -> ()"},
		{"version 1 with other results than the schema's", auto("", []pt2.Argument{tensorArg("own")}, given, value),
			`@main: node "auto" (higher_order.auto_functionalized): mine.fill_.default has 2 results, expected its own and 1 for what it changes`,
			"mine::fill_(Tensor(a!) x, int v) -> (Tensor, Tensor)"},
		{"a list that is absent", auto("_v2", nil, value, index, pt2.NamedArgument{Name: "_z_length"}, bases), `
			new = mine.fill_.default(x, z=none, v=3)
			return new`, ""},
		{"the whole", auto("_v2", nil, value, index, bases), `
			new = mine.fill_.default(x, v=3)
			return new`, ""},
		{"a slice", auto("_v2", nil, value, index, integer("_x_slice_dim", 1), integer("_x_slice_start", 1), integer("_x_slice_end", 3), bases), `
			t0 = aten.slice.Tensor(x, dim=1, start=1, end=3)
			t1 = mine.fill_.default(t0, v=3)
			x.1 = aten.slice_scatter.default(x, t1, dim=1, start=1, end=3)
			return x.1`, ""},
		{"strides", auto("_v2", nil, value, index, ints("_x_size", 4), ints("_x_stride", 1), integer("_x_storage_offset", 4), bases), `
			t0 = aten.select.int(x, dim=0, index=1)
			t1 = mine.fill_.default(t0, v=3)
			x.1 = aten.select_scatter.default(x, t1, dim=0, index=1)
			return x.1`, ""},
		{"a list", auto("_v2", nil, value, integer("_xs_length", 1), integer("_xs_0_base_index", 0), bases), `
			new = mine.fill_.default(xs=[0], v=3)
			return new`, ""},
		{"absent", auto("_v2", nil, value, index, pt2.NamedArgument{Name: "_y_base_index"}, bases), `
			new = mine.fill_.default(x, y=none, v=3)
			return new`, ""},
		{"version 1", auto("", nil, given, value), `
			new = mine.fill_.default(x, v=3)
			return new`, ""},
		{"no such base", auto("_v2", nil, value, integer("_x_base_index", 1), bases),
			`@main: node "auto" (higher_order.auto_functionalized_v2): argument x: its base is number 1 of 1`, ""},
		{"outside", auto("_v2", nil, value, index, ints("_x_size", 4), ints("_x_stride", 1), integer("_x_storage_offset", 5), bases),
			`@main: node "auto" (higher_order.auto_functionalized_v2): argument x: the view of [4] elements with the strides [1] from 5 on leaves the memory of x, which has 8`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := testModel(t, `
				x: f32[2,4]
				y: f32[2,4] = aten.neg.default(x)
				return y`)
			declareTensor(t, m.Graph, "new: f32[2,4]")
			declareTensor(t, m.Graph, "own: f32[2,4]")
			if !slices.ContainsFunc(test.node.Outputs, func(a pt2.Argument) bool { return a.Name == "new" }) {
				test.node.Outputs = append(test.node.Outputs, tensorArg("new"))
			}
			m.Graph.Nodes = []*pt2.Node{test.node}
			m.Graph.Outputs[0], m.Outputs[0].Arg = tensorArg("new"), tensorArg("new")
			got := ""
			if mod, _, err := testImport(t, m, test.schema); err != nil {
				got = err.Error()
			} else {
				if err := ir.Verify(mod); err != nil {
					t.Error(err)
				}
				got = brief(mod.Funcs[0])
			}
			if diff := cmp.Diff(strings.TrimLeft(strings.ReplaceAll(test.want, "\t", ""), "\n"), strings.TrimSpace(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
