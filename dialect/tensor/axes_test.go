package tensor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/google/go-cmp/cmp"
)

// build makes one operation on parameters of the given types in a function with the symbols B, S and u; stated is the
// result type of a Typed operation.
func build(def *ir.OpDef, attrs ir.Attrs, stated *ir.Type, operands ...ir.Type) (*ir.Op, error) {
	f := &ir.Func{Name: "main", Dims: []*ir.DimDecl{{Name: "B", Min: 1, Max: 8}, {Name: "S", Min: 2, Max: 100}, {Name: "u", Max: ir.Unbounded}}}
	values := make([]*ir.Value, len(operands))
	for i, t := range operands {
		values[i] = f.AddParam(fmt.Sprint("x", i), t, ir.Input).Value
	}
	if stated != nil {
		return ir.Append(f, nil).BuildTyped(def, attrs, []ir.Type{*stated}, values...)
	}
	return ir.Append(f, nil).Build(def, attrs, values...)
}

func static(e host.Elem, shape ...int) ir.Type { return ir.StaticType(e, shape...) }

func shaped(e host.Elem, shape ...ir.Dim) ir.Type { return ir.TensorOf(e, shape...) }

func axis(n int) ir.Attrs { return ir.Attrs{ir.Set("axis", ir.Int(n))} }

func axes(ns ...int) ir.Attrs { return ir.Attrs{ir.Set("axes", ir.OfInts(ns...))} }

func with(attrs ir.Attrs, name string, v ir.Attr) ir.Attrs { return append(attrs, ir.Set(name, v)) }

var (
	one     = ir.Const(1)
	symB    = ir.Sym("B")
	symS    = ir.Sym("S")
	binds   = ir.Attrs{ir.Set("binds", ir.Dims{ir.Sym("u")})}
	noAttrs ir.Attrs
)

func TestInferErrors(t *testing.T) {
	f32, i64 := static(host.F32, 2, 3), static(host.I64, 2)
	c64, flag, scalar := static(host.C64, 2, 3), static(host.Bool, 2, 3), static(host.F32)
	other := static(host.F32, 4, 2)
	for _, c := range []struct {
		def    *ir.OpDef
		attrs  ir.Attrs
		stated *ir.Type
		in     []ir.Type
		want   string
	}{
		{Reshape, noAttrs, &other, []ir.Type{f32}, "numbers of elements differ"},
		{Reshape, noAttrs, &c64, []ir.Type{f32}, "one element type"},
		{Reshape, noAttrs, nil, []ir.Type{f32}, "expected 1"},
		{Expand, noAttrs, &other, []ir.Type{f32}, "dimension 0 of x does not broadcast"},
		{Expand, noAttrs, &scalar, []ir.Type{f32}, "rank 2"},
		{Transpose, ir.Attrs{ir.Set("perm", ir.Ints{0})}, nil, []ir.Type{f32}, "perm [0] has 1 axes"},
		{Transpose, ir.Attrs{ir.Set("perm", ir.Ints{0, 0})}, nil, []ir.Type{f32}, "no permutation"},
		{Transpose, ir.Attrs{ir.Set("perm", ir.Ints{-1, 0})}, nil, []ir.Type{f32}, "no permutation"},
		{Slice, with(axis(2), "stop", ir.Int(1)), nil, []ir.Type{f32}, "axis 2 is outside"},
		{Slice, with(axis(-1), "stop", ir.Int(1)), nil, []ir.Type{f32}, "axis -1 is outside"},
		{Slice, with(axis(1), "stop", ir.Int(4)), nil, []ir.Type{f32}, "stop"},
		{Slice, with(with(axis(1), "stop", ir.Int(1)), "start", ir.Int(2)), nil, []ir.Type{f32}, "start"},
		{Slice, with(with(axis(1), "stop", ir.Int(1)), "start", ir.Int(-1)), nil, []ir.Type{f32}, "start"},
		{Slice, with(with(axis(1), "stop", ir.Int(1)), "step", ir.Int(0)), nil, []ir.Type{f32}, "step is 0"},
		{Slice, axis(1), nil, []ir.Type{f32}, "stop"},
		{Concat, axis(0), nil, nil, "no operands"},
		{Concat, axis(0), nil, []ir.Type{f32, static(host.F32, 2, 4)}, "operand 1 differs in another axis than 0"},
		{Concat, axis(0), nil, []ir.Type{f32, i64}, "cast"},
		{Concat, axis(0), nil, []ir.Type{f32, static(host.F32, 2)}, "ranks differ"},
		{Concat, axis(0), nil, []ir.Type{scalar}, "axis 0 is outside"},
		{Pad, ir.Attrs{ir.Set("low", ir.Ints{1}), ir.Set("high", ir.Ints{1, 0})}, nil, []ir.Type{f32}, "low has 1 sizes"},
		{Pad, ir.Attrs{ir.Set("low", ir.Ints{-3, 0}), ir.Set("high", ir.Ints{0, 0})}, nil, []ir.Type{f32}, "cut by more"},
		{Pad, ir.Attrs{ir.Set("low", ir.Ints{2, 0}), ir.Set("high", ir.Ints{0, 0}), ir.Set("mode", ir.String("reflect"))}, nil, []ir.Type{f32}, "too few elements"},
		{Pad, ir.Attrs{ir.Set("low", ir.Ints{0, 0}), ir.Set("high", ir.Ints{0, 4}), ir.Set("mode", ir.String("circular"))}, nil, []ir.Type{f32}, "too few elements"},
		{Pad, ir.Attrs{ir.Set("low", ir.Ints{0, 0}), ir.Set("high", ir.Ints{0, 4}), ir.Set("mode", ir.String("round"))}, nil, []ir.Type{f32}, "none of"},
		{Flip, axes(1, 1), nil, []ir.Type{f32}, "twice"},
		{Flip, axes(5), nil, []ir.Type{f32}, "axis 5"},
		{Index, axes(0), nil, []ir.Type{f32}, "0 index tensors"},
		{Index, axes(), nil, []ir.Type{f32}, "at least one"},
		{Index, axes(0), nil, []ir.Type{f32, i64, i64}, "2 index tensors"},
		{Index, axes(1, 0), nil, []ir.Type{f32, i64, i64}, "do not ascend"},
		{Index, axes(0, 1), nil, []ir.Type{f32, i64, static(host.I64, 3)}, "the indices"},
		{Index, axes(0), nil, []ir.Type{f32, f32}, "i32 or i64"},
		{IndexPut, axes(0), nil, []ir.Type{f32, i64, i64}, "cast"},
		{IndexPut, axes(0), nil, []ir.Type{f32, static(host.F32, 2, 2), i64}, "values does not broadcast"},
		{IndexPut, axes(0), nil, []ir.Type{f32, f32}, "0 index tensors"},
		{IndexPut, with(axes(0), "accumulate", ir.Bool(true)), nil, []ir.Type{flag, flag, i64}, "not added"},
		{Gather, axis(0), nil, []ir.Type{f32, i64}, "one rank"},
		{Gather, axis(0), nil, []ir.Type{f32, static(host.I64, 1, 4)}, "larger than x"},
		{Gather, axis(0), nil, []ir.Type{scalar, static(host.I64)}, "axis 0 is outside"},
		{Scatter, axis(0), nil, []ir.Type{f32, static(host.I64, 3, 3), f32}, "larger than src"},
		{Scatter, axis(0), nil, []ir.Type{f32, static(host.I64, 3, 3), c64}, "cast"},
		{Scatter, axis(0), nil, []ir.Type{f32, static(host.I64, 3, 3), static(host.F32, 9)}, "one rank"},
		{Scatter, with(axis(0), "reduce", ir.String("max")), nil, []ir.Type{c64, static(host.I64, 1, 1), c64}, "not defined"},
		{Scatter, with(axis(0), "reduce", ir.String("add")), nil, []ir.Type{flag, static(host.I64, 1, 1), flag}, "not defined"},
		{Nonzero, ir.Attrs{ir.Set("binds", ir.Dims{symB, symS})}, nil, []ir.Type{f32}, "binds 2 symbols"},
		{Sum, axes(0, 2), nil, []ir.Type{f32}, "axis 2 of axes [0 2]"},
		{Sum, axes(0), nil, []ir.Type{flag}, "numeric"},
		{Mean, axes(0), nil, []ir.Type{i64}, "float"},
		{ReduceMax, axes(0), nil, []ir.Type{c64}, "no order"},
		{Any, axes(0), nil, []ir.Type{f32}, "bool"},
		{Argmax, axis(2), nil, []ir.Type{f32}, "axis 2"},
		{Argmin, axis(0), nil, []ir.Type{c64}, "no order"},
		{Cumsum, axis(-1), nil, []ir.Type{f32}, "axis -1"},
		{Cumsum, axis(0), nil, []ir.Type{scalar}, "axis 0"},
		{Cummax, axis(0), nil, []ir.Type{c64}, "no order"},
		{Sort, axis(3), nil, []ir.Type{f32}, "axis 3"},
		{Topk, with(axis(0), "k", ir.Int(3)), nil, []ir.Type{f32}, "more than axis 0"},
		{Topk, with(axis(0), "k", ir.Int(-1)), nil, []ir.Type{f32}, "k:"},
		{Searchsorted, noAttrs, nil, []ir.Type{scalar, f32}, "rank 1"},
		{Searchsorted, noAttrs, nil, []ir.Type{f32, static(host.F32, 3, 3)}, "dimension 0"},
		{Searchsorted, noAttrs, nil, []ir.Type{f32, static(host.F32, 3)}, "rank of values"},
		{Unique, binds, nil, []ir.Type{c64}, "no order"},
		{UniqueRows, binds, nil, []ir.Type{scalar}, "no rows"},
	} {
		op, err := build(c.def, c.attrs, c.stated, c.in...)
		if err == nil {
			t.Errorf("%s of %v: no error, but %s; want %q", c.def.Name, c.in, op.Results[0].Type, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %v: error %q, want %q", c.def.Name, c.in, err, c.want)
		}
	}
}

func TestInferSymbolic(t *testing.T) {
	two := ir.Const(2)
	x := shaped(host.F32, symB, symS, ir.Const(6))
	flat, wide := shaped(host.F32, symB.Mul(symS), ir.Const(6)), shaped(host.F32, ir.Const(4), symB, symS, ir.Const(6))
	for _, c := range []struct {
		name   string
		def    *ir.OpDef
		attrs  ir.Attrs
		stated *ir.Type
		in     []ir.Type
		want   []ir.Type
		guards string
	}{
		{"reshape", Reshape, noAttrs, &flat, []ir.Type{x}, []ir.Type{flat}, ""},
		{"expand", Expand, noAttrs, &wide, []ir.Type{shaped(host.F32, symB, one, ir.Const(6))}, []ir.Type{wide}, ""},
		{"transpose", Transpose, ir.Attrs{ir.Set("perm", ir.Ints{2, 0, 1})}, nil, []ir.Type{x}, []ir.Type{shaped(host.F32, ir.Const(6), symB, symS)}, ""},
		{"slice", Slice, with(with(axis(1), "start", ir.Int(1)), "stop", ir.OfDim(symS)), nil, []ir.Type{x}, []ir.Type{shaped(host.F32, symB, symS.Sub(one), ir.Const(6))}, ""},
		{"slice by steps", Slice, with(with(axis(1), "stop", ir.OfDim(symS)), "step", ir.Int(2)), nil, []ir.Type{x},
			[]ir.Type{shaped(host.F32, symB, symS.Add(one).FloorDiv(two), ir.Const(6))}, ""},
		{"slice with a guard", Slice, with(axis(1), "stop", ir.OfDim(symB)), nil, []ir.Type{x}, []ir.Type{shaped(host.F32, symB, symB, ir.Const(6))}, "B <= S"},
		{"concat", Concat, axis(1), nil, []ir.Type{x, x, shaped(host.F32, symB, one, ir.Const(6))}, []ir.Type{shaped(host.F32, symB, symS.Mul(two).Add(one), ir.Const(6))}, ""},
		{"pad", Pad, ir.Attrs{ir.Set("low", ir.OfDims(symS, two)), ir.Set("high", ir.Ints{0, -1})}, nil, []ir.Type{shaped(host.F32, symB, symS)}, []ir.Type{shaped(host.F32, symB.Add(symS), symS.Add(one))}, ""},
		{"index", Index, axes(0, 2), nil, []ir.Type{x, shaped(host.I64, symS, one), shaped(host.I32, two)}, []ir.Type{shaped(host.F32, symS, two, symS)}, ""},
		{"index adjacent", Index, axes(1, 2), nil, []ir.Type{x, shaped(host.I64, symB), shaped(host.I32)}, []ir.Type{shaped(host.F32, symB, symB)}, ""},
		{"gather", Gather, axis(1), nil, []ir.Type{x, shaped(host.I64, symB, two, ir.Const(6))}, []ir.Type{shaped(host.F32, symB, two, ir.Const(6))}, ""},
		{"nonzero", Nonzero, binds, nil, []ir.Type{x}, []ir.Type{shaped(host.I64, ir.Sym("u"), ir.Const(3))}, ""},
		{"sum", Sum, axes(2, 0), nil, []ir.Type{x}, []ir.Type{shaped(host.F32, symS)}, ""},
		{"argmax", Argmax, with(axis(0), "keep_dims", ir.Bool(true)), nil, []ir.Type{x}, []ir.Type{shaped(host.I64, one, symS, ir.Const(6))}, ""},
		{"topk", Topk, with(axis(1), "k", ir.OfDim(symS.Sub(one))), nil, []ir.Type{x},
			[]ir.Type{shaped(host.F32, symB, symS.Sub(one), ir.Const(6)), shaped(host.I64, symB, symS.Sub(one), ir.Const(6))}, ""},
		{"searchsorted", Searchsorted, noAttrs, nil, []ir.Type{shaped(host.F32, symB, symS), shaped(host.F32, symB, two)}, []ir.Type{shaped(host.I64, symB, two)}, ""},
		{"unique", Unique, binds, nil, []ir.Type{x}, []ir.Type{shaped(host.F32, ir.Sym("u")), x.WithElem(host.I64), shaped(host.I64, ir.Sym("u"))}, ""},
	} {
		op, err := build(c.def, c.attrs, c.stated, c.in...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got, want, guards []string
		for _, r := range op.Results {
			got = append(got, r.Type.String())
		}
		for _, w := range c.want {
			want = append(want, w.String())
		}
		for _, g := range op.Parent().Guards {
			guards = append(guards, g.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if g := strings.Join(guards, ", "); g != c.guards {
			t.Errorf("%s: guards %q, want %q", c.name, g, c.guards)
		}
	}
}

func ints(e host.Elem, shape []int, values ...int64) *host.Tensor {
	wide := host.New(host.I64, shape...)
	for i, v := range values {
		host.SetInt(wide, i, v)
	}
	t := host.New(e, shape...)
	if err := host.Cast(host.Serial, t, wide); err != nil {
		panic(err)
	}
	return t
}

// evaluate runs one operation with B = 3 and S = 4.
func evaluate(def *ir.OpDef, attrs ir.Attrs, stated *ir.Type, in ...*host.Tensor) ([]*host.Tensor, error) {
	types := make([]ir.Type, len(in))
	for i, t := range in {
		types[i] = ir.TypeOf(t)
	}
	op, err := build(def, attrs, stated, types...)
	if err != nil {
		return nil, err
	}
	return evaluateOp(op, in...)
}

func evaluateOp(op *ir.Op, in ...*host.Tensor) ([]*host.Tensor, error) {
	size := func(s string) (int64, bool) {
		n, ok := map[string]int64{"B": 3, "S": 4}[s]
		return n, ok
	}
	return op.Def.Eval(&ir.EvalCtx{Size: size}, op, in)
}

// Cases beside those of the examples.
func TestEval(t *testing.T) {
	i64 := func(shape []int, values ...int64) *host.Tensor { return ints(host.I64, shape, values...) }
	row := i64([]int{3}, 1, 2, 3)
	grid := i64([]int{3, 2}, 0, 1, 2, 3, 4, 5)
	pad := func(mode string, low, high int64) ir.Attrs {
		return ir.Attrs{ir.Set("low", ir.Ints{low}), ir.Set("high", ir.Ints{high}), ir.Set("mode", ir.String(mode))}
	}
	for _, c := range []struct {
		name  string
		def   *ir.OpDef
		attrs ir.Attrs
		in    []*host.Tensor
		want  [][]int64
	}{
		{"reflect", Pad, pad("reflect", 2, 1), []*host.Tensor{row}, [][]int64{{3, 2, 1, 2, 3, 2}}},
		{"replicate", Pad, pad("replicate", 2, -1), []*host.Tensor{row}, [][]int64{{1, 1, 1, 2}}},
		{"circular", Pad, pad("circular", 2, 1), []*host.Tensor{row}, [][]int64{{2, 3, 1, 2, 3, 1}}},
		{"slice by a huge step", Slice, with(with(axis(0), "stop", ir.Int(3)), "step", ir.Int(1<<62)), []*host.Tensor{row}, [][]int64{{1}}},
		{"index two axes", Index, axes(0, 1), []*host.Tensor{grid, i64([]int{2}, 2, 0), ints(host.I32, []int{2}, 1, 0)}, [][]int64{{5, 0}}},
		{"index apart", Index, axes(0, 2), []*host.Tensor{i64([]int{2, 1, 2}, 0, 1, 2, 3), i64([]int{3, 1}, 1, 0, 1), i64([]int{2}, 1, 0)},
			[][]int64{{3, 2, 1, 0, 3, 2}}},
		{"accumulate", IndexPut, with(axes(0), "accumulate", ir.Bool(true)), []*host.Tensor{row, i64(nil, 5), i64([]int{3}, 2, 0, -1)}, [][]int64{{6, 2, 13}}},
		{"gather axis 0", Gather, axis(0), []*host.Tensor{grid, i64([]int{1, 2}, 2, 0)}, [][]int64{{4, 1}}},
		{"scatter add", Scatter, with(axis(0), "reduce", ir.String("add")), []*host.Tensor{row, i64([]int{3}, 0, 2, 2), row}, [][]int64{{2, 2, 8}}},
		{"scatter mul", Scatter, with(axis(0), "reduce", ir.String("mul")), []*host.Tensor{row, i64([]int{3}, 0, 2, 2), row}, [][]int64{{1, 2, 18}}},
		{"scatter max", Scatter, with(axis(0), "reduce", ir.String("max")), []*host.Tensor{row, i64([]int{3}, 0, 0, 2), row}, [][]int64{{2, 2, 3}}},
		{"scatter min", Scatter, with(axis(0), "reduce", ir.String("min")), []*host.Tensor{row, i64([]int{3}, 1, 2, 2), row}, [][]int64{{1, 1, 2}}},
		{"sort down", Sort, with(axis(1), "descending", ir.Bool(true)), []*host.Tensor{grid}, [][]int64{{1, 0, 3, 2, 5, 4}, {1, 0, 1, 0, 1, 0}}},
		{"smallest", Topk, with(with(axis(0), "k", ir.Int(1)), "largest", ir.Bool(false)), []*host.Tensor{grid}, [][]int64{{0, 1}, {0, 0}}},
		{"rows", Searchsorted, ir.Attrs{ir.Set("right", ir.Bool(true))}, []*host.Tensor{grid, i64([]int{3, 1}, 1, 2, 9)}, [][]int64{{2, 1, 2}}},
		{"sum of nothing", Sum, axes(0), []*host.Tensor{i64([]int{0, 2})}, [][]int64{{0, 0}}},
		{"sum of no axes", Sum, axes(), []*host.Tensor{row}, [][]int64{{1, 2, 3}}},
		{"packed sum", Sum, axes(0), []*host.Tensor{ints(host.U4, []int{3}, 9, 9, 2)}, [][]int64{{4}}},
		{"packed transpose", Transpose, ir.Attrs{ir.Set("perm", ir.Ints{1, 0})}, []*host.Tensor{ints(host.I3, []int{3, 2}, 0, 1, 2, 3, -4, -1)}, [][]int64{{0, 2, -4, 1, 3, -1}}},
		{"packed concat", Concat, axis(0), []*host.Tensor{ints(host.U4, []int{3}, 9, 8, 7), ints(host.U4, []int{2}, 6, 5)}, [][]int64{{9, 8, 7, 6, 5}}},
		{"packed index", Index, axes(0), []*host.Tensor{ints(host.U2, []int{3}, 1, 2, 3), i64([]int{2}, 2, 0)}, [][]int64{{3, 1}}},
		{"packed sort", Sort, axis(0), []*host.Tensor{ints(host.I4, []int{3}, 1, -7, 3)}, [][]int64{{-7, 1, 3}, {1, 0, 2}}},
		{"packed unique", Unique, binds, []*host.Tensor{ints(host.U1, []int{3}, 1, 0, 1)}, [][]int64{{0, 1}, {1, 0, 1}, {1, 2}}},
		{"packed scan", Cumsum, axis(0), []*host.Tensor{ints(host.U4, []int{3}, 9, 8, 7)}, [][]int64{{9, 1, 8}}},
		{"packed flip", Flip, axes(0), []*host.Tensor{ints(host.F4E2M1, []int{3}, 1, 2, 6)}, [][]int64{{6, 2, 1}}},
	} {
		out, err := evaluate(c.def, c.attrs, nil, c.in...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got [][]int64
		for _, o := range out {
			got = append(got, slices.Clone(host.Values[int64](o)))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Errors that only the data or the sizes of a call show.
func TestEvalErrors(t *testing.T) {
	i64 := func(shape []int, values ...int64) *host.Tensor { return ints(host.I64, shape, values...) }
	row := i64([]int{3}, 1, 2, 3)
	for _, c := range []struct {
		def   *ir.OpDef
		attrs ir.Attrs
		in    []*host.Tensor
		want  string
	}{
		{Index, axes(0), []*host.Tensor{row, i64([]int{1}, 3)}, "tensor.index: index 3 is outside axis 0, which has size 3"},
		{IndexPut, axes(0), []*host.Tensor{row, row, i64([]int{3}, 0, 1, -4)}, "tensor.index_put: index -4"},
		{Gather, axis(0), []*host.Tensor{row, i64([]int{1}, 5)}, "tensor.gather: index 5"},
		{Scatter, axis(0), []*host.Tensor{row, i64([]int{1}, 5), row}, "tensor.scatter: index 5"},
		{ReduceMax, axes(0), []*host.Tensor{i64([]int{0, 2})}, "tensor.reduce_max: max of no elements"},
		{Argmin, axis(0), []*host.Tensor{i64([]int{0, 2})}, "tensor.argmin: axis 0"},
	} {
		if out, err := evaluate(c.def, c.attrs, nil, c.in...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, error %v, want %q", c.def.Name, out, err, c.want)
		}
	}
	x := shaped(host.I64, symS) // S is 4 in the call, the tensors have 3
	op, err := build(Slice, with(axis(0), "stop", ir.OfDim(symS)), nil, x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evaluateOp(op, row); err == nil || !strings.Contains(err.Error(), "stop 4") {
		t.Errorf("slice: error %v", err)
	}
	twice := shaped(host.I64, symS.FloorDiv(ir.Const(2)), ir.Const(2))
	if op, err = build(Reshape, noAttrs, &twice, x); err != nil {
		t.Fatal(err)
	}
	if _, err := evaluateOp(op, row); err == nil || !strings.Contains(err.Error(), "cannot reshape") {
		t.Errorf("reshape: error %v", err)
	}
}

func TestFold(t *testing.T) {
	x := shaped(host.F32, symB, symS)
	turn := ir.Attrs{ir.Set("perm", ir.Ints{1, 0})}
	stay := ir.Attrs{ir.Set("perm", ir.Ints{0, 1})}
	for _, c := range []struct {
		def   *ir.OpDef
		attrs ir.Attrs
		typed bool
		folds bool
	}{
		{Reshape, noAttrs, true, true},
		{Expand, noAttrs, true, true},
		{Transpose, stay, false, true},
		{Transpose, turn, false, false},
		{Slice, with(axis(1), "stop", ir.OfDim(symS)), false, true},
		{Slice, with(axis(1), "stop", ir.OfDim(symS.Sub(one))), false, false},
		{Slice, with(with(axis(1), "stop", ir.OfDim(symS)), "step", ir.Int(2)), false, false},
		{Concat, axis(0), false, true},
		{Pad, ir.Attrs{ir.Set("low", ir.Ints{0, 0}), ir.Set("high", ir.Ints{0, 0})}, false, true},
		{Pad, ir.Attrs{ir.Set("low", ir.Ints{0, 0}), ir.Set("high", ir.Ints{0, 1})}, false, false},
		{Flip, axes(), false, true},
		{Flip, axes(0), false, false},
		{Sum, axes(), false, true},
		{Sum, axes(0), false, false},
	} {
		stated := &x
		if !c.typed {
			stated = nil
		}
		op, err := build(c.def, c.attrs, stated, x)
		if err != nil {
			t.Fatal(err)
		}
		if got := op.Def.Fold(op); (got == op.Operand(0)) != c.folds {
			t.Errorf("%s %v folds to %v", c.def.Name, c.attrs, got)
		}
	}
	first, err := build(Transpose, turn, nil, x)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ir.Append(first.Parent(), nil).Build(Transpose, turn, first.Result())
	if err != nil {
		t.Fatal(err)
	}
	if back.Def.Fold(back) != first.Operand(0) {
		t.Error("two transpositions that undo each other stay")
	}
}
