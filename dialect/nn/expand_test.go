package nn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The sizes that become symbols where a test wants symbolic types; no other size has these values.
const sizeB, sizeS = 7, 11

func newFunc() *ir.Func {
	return &ir.Func{Name: "main", Dims: []*ir.DimDecl{{Name: "B", Min: 1, Max: 64}, {Name: "S", Min: 2, Max: 1000}}}
}

func evalCtx() *ir.EvalCtx {
	return &ir.EvalCtx{Size: func(s string) (int64, bool) {
		n, ok := map[string]int64{"B": sizeB, "S": sizeS}[s]
		return n, ok
	}}
}

// typeOf is the type of a tensor, with symbols in it if wanted.
func typeOf(t *host.Tensor, symbolic bool) ir.Type {
	typ := ir.TypeOf(t)
	for i, n := range t.Shape {
		if symbolic && n == sizeB {
			typ.Shape[i] = ir.Sym("B")
		}
		if symbolic && n == sizeS {
			typ.Shape[i] = ir.Sym("S")
		}
	}
	return typ
}

// run evaluates the operations of a function, which has no bodies.
func run(f *ir.Func, ctx *ir.EvalCtx, in []*host.Tensor, results []*ir.Value) ([]*host.Tensor, error) {
	have := map[*ir.Value]*host.Tensor{}
	k := 0
	for _, p := range f.Params {
		have[p.Value] = in[k]
		k++
	}
	for _, op := range f.Ops {
		args := make([]*host.Tensor, len(op.Operands))
		for i, v := range op.Operands {
			if v != nil {
				args[i] = have[v]
			}
		}
		out, err := op.Def.Eval(ctx, op, args)
		if err != nil {
			return nil, err
		}
		for i, v := range op.Results {
			shape, err := ctx.Shape(v.Type)
			if err != nil {
				return nil, err
			}
			if out[i].Elem != v.Type.Elem || !slices.Equal(out[i].Shape, shape) {
				return nil, fmt.Errorf("%s gave %s for the type %s", op.Name(), out[i], v.Type)
			}
			have[v] = out[i]
		}
	}
	var list []*host.Tensor
	for _, v := range results {
		list = append(list, have[v])
	}
	return list, nil
}

// noise makes numbers between -2 and 2, whole ones for integers and bools.
func noise(t *testing.T, r *rand.Rand, e host.Elem, shape ...int) *host.Tensor {
	t.Helper()
	out := host.New(e, shape...)
	values := make([]float64, out.Len())
	for i := range values {
		values[i] = r.Float64()*4 - 2
		if !e.IsFloat() {
			values[i] = float64(r.IntN(2))
		}
	}
	wide, err := host.FromValues(host.F64, shape, values)
	if err == nil {
		err = host.Cast(host.Serial, out, wide)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type expandCase struct {
	def   *ir.OpDef
	attrs ir.Attrs
	in    [][]int                 // shapes; nil: absent
	elems map[int]host.Elem       // element types other than the one tested
	fix   func(in []*host.Tensor) // makes the operands legal
}

func attrs(named ...ir.Named) ir.Attrs { return named }

func axes(n ...int) ir.Named { return ir.Set("axes", ir.OfInts(n...)) }

// expandCases gives cases with sizes that r draws.
func expandCases(r *rand.Rand) []expandCase {
	n := func() int { return 1 + r.IntN(6) }
	c, d, e := n(), n(), n()
	const b, s = sizeB, sizeS
	eps, half := ir.Set("eps", ir.Float(1e-3)), 1+r.IntN(3)
	axis := func(k int) ir.Named { return ir.Set("axis", ir.Int(k)) }
	causal, yes := ir.Set("is_causal", ir.Bool(true)), ir.Bool(true)
	cases := []expandCase{
		{def: Linear, in: [][]int{{b, s, c}, {d, c}, {d}}},
		{def: Linear, in: [][]int{{s, c}, {d, c}, nil}},
		{def: Linear, in: [][]int{{c}, {d, c}, {d}}},
		{def: Embedding, in: [][]int{{2, c}, {b, s}}, elems: map[int]host.Elem{1: host.I64}},
		{def: Rope, in: [][]int{{b, c, s, 2 * half}, {s, 2 * half}, {1, 1, s, 2 * half}}},
		{def: Rope, attrs: attrs(ir.Set("interleaved", yes)), in: [][]int{{b, s, c, 2 * half}, {s, 1, 2 * half}, {2 * half}}},
		{def: Softmax, attrs: attrs(axis(r.IntN(3))), in: [][]int{{b, s, c}}},
		{def: LogSoftmax, attrs: attrs(axis(r.IntN(3))), in: [][]int{{b, s, c}}},
		{def: LayerNorm, attrs: attrs(axes(2), eps), in: [][]int{{b, s, c}, {c}, {c}}},
		{def: LayerNorm, attrs: attrs(axes(0, 2), eps), in: [][]int{{d, s, c}, {d, c}}},
		{def: LayerNorm, attrs: attrs(axes(1, 2), eps), in: [][]int{{b, d, c}, nil, {d, c}}},
		{def: RMSNorm, attrs: attrs(axes(2), eps), in: [][]int{{b, s, c}, {c}}},
		{def: RMSNorm, attrs: attrs(axes(1), eps), in: [][]int{{b, c, s}, {c}}},
		{def: GroupNorm, attrs: attrs(ir.Set("groups", ir.Int(2)), eps), in: [][]int{{b, 2 * c, s}, {2 * c}, {2 * c}}},
		{def: GroupNorm, attrs: attrs(ir.Set("groups", ir.Int(c)), eps), in: [][]int{{b, 2 * c, d, e}}},
		{def: BatchNorm, attrs: attrs(eps), in: [][]int{{b, c, s}, {c}, {c}, {c}, {c}}, fix: positive},
		{def: BatchNorm, attrs: attrs(eps, axis(2)), in: [][]int{{b, s, c}, {c}, {c}, nil, {c}}, fix: positive},
		{def: SDPA, in: [][]int{{b, c, s, d}, {b, c, e, d}, {b, c, e, half}}},
		{def: SDPA, in: [][]int{{b, 2 * c, s, d}, {b, c, e, d}, {b, 1, e, half}}, attrs: attrs(ir.Set("scale", ir.Float(0.3)))},
		{def: SDPA, in: [][]int{{c, s, d}, {c, s, d}, {c, s, half}}, attrs: attrs(causal)},
		{def: SDPA, in: [][]int{{s, d}, {s, d}, {s, half}}, attrs: attrs(causal, ir.Set("window_size", ir.Int(half)))},
		{def: SDPA, in: [][]int{{s, d}, {c, d}, {c, half}}, attrs: attrs(ir.Set("window_size", ir.Int(half)))},
		{def: SDPA, in: [][]int{{b, c, s, d}, {b, c, e, d}, {b, c, e, half}, {s, e}}},
		{def: SDPA, in: [][]int{{b, c, s, d}, {b, c, e, d}, {b, c, e, half}, {b, 1, s, e}}, elems: map[int]host.Elem{3: host.Bool}},
		{def: SDPA, in: [][]int{{c, s}, {d, s}, {d, half}}}, // a symbolic width
		{def: GELU, in: [][]int{{b, s}}, attrs: attrs(ir.Set("approximate", ir.String("tanh")))},
		{def: Softplus, in: [][]int{{b, s}}, attrs: attrs(ir.Set("beta", ir.Float(1.5)), ir.Set("threshold", ir.Float(1)))},
		{def: LeakyReLU, in: [][]int{{b, s}}, attrs: attrs(ir.Set("slope", ir.Float(0.2)))},
		{def: ELU, in: [][]int{{b, s}}, attrs: attrs(ir.Set("alpha", ir.Float(0.7)), ir.Set("scale", ir.Float(1.1)), ir.Set("input_scale", ir.Float(0.9)))},
	}
	for _, def := range activationOps {
		cases = append(cases, expandCase{def: def, in: [][]int{{b, s, c}}}, expandCase{def: def, in: [][]int{{}}})
	}
	return cases
}

// positive makes the third operand, a variance, positive.
func positive(in []*host.Tensor) {
	wide := host.New(host.F64, in[2].Shape...)
	if err := host.Cast(host.Serial, wide, in[2]); err != nil {
		panic(err)
	}
	for i, v := range host.Values[float64](wide) {
		host.Values[float64](wide)[i] = v*v + 0.1
	}
	if err := host.Cast(host.Serial, in[2], wide); err != nil {
		panic(err)
	}
}

// TestExpand holds that an operation and its expansion compute the same.
func TestExpand(t *testing.T) {
	tested := map[*ir.OpDef]bool{}
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 1))
		for i, c := range expandCases(r) {
			tested[c.def] = true
			for _, e := range []host.Elem{host.F32, host.F16, host.BF16, host.F64} {
				for _, symbolic := range []bool{false, true} {
					t.Run(fmt.Sprintf("%d/%s/%d/%s/%v", seed, c.def.Name, i, e, symbolic), func(t *testing.T) { testExpand(t, r, c, e, symbolic) })
				}
			}
		}
	}
	for _, def := range Dialect.Ops {
		if def.Expand != nil && def.Eval != nil && !tested[def] {
			t.Errorf("%s has an expansion that is not tested", def.Name)
		}
	}
}

func testExpand(t *testing.T, r *rand.Rand, c expandCase, e host.Elem, symbolic bool) {
	whole, parts := newFunc(), newFunc()
	var in []*host.Tensor
	var operands [2][]*ir.Value
	for k, shape := range c.in {
		if shape == nil {
			operands[0], operands[1] = append(operands[0], nil), append(operands[1], nil)
			continue
		}
		elem := e
		if other, ok := c.elems[k]; ok {
			elem = other
		}
		x := noise(t, r, elem, shape...)
		in = append(in, x)
		for i, f := range []*ir.Func{whole, parts} {
			operands[i] = append(operands[i], f.AddParam(fmt.Sprint("x", k), typeOf(x, symbolic), ir.Input).Value)
		}
	}
	if c.fix != nil {
		c.fix(in)
	}
	op, err := ir.Append(whole, nil).Build(c.def, c.attrs, operands[0]...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := run(whole, evalCtx(), in, op.Results)
	if err != nil {
		t.Fatal(err)
	}
	twin, err := ir.Append(parts, nil).Build(c.def, c.attrs, operands[1]...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := c.def.Expand(ir.Append(parts, nil), twin)
	if err != nil {
		t.Fatal(err)
	}
	if !values[0].Type.Equal(op.Result().Type) {
		t.Fatalf("the expansion gives %s, the operation %s", values[0].Type, op.Result().Type)
	}
	got, err := run(parts, evalCtx(), in, values)
	if err != nil {
		t.Fatal(err)
	}
	tol := e.Tolerance()
	tol.Abs, tol.Rel = tol.Abs+4*tol.Rel, 4*tol.Rel
	if err := host.Near(got[0], want[0], tol); err != nil {
		t.Error(err)
	}
}
