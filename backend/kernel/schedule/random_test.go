package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestRandomGroups makes groups of random operations over types and shapes that broadcast, with sizes 0, 1, odd and open
// ones, and holds their kernels, and the code of those, against the interpreter. Where nothing but single roundings is in a group, every
// bit has to be the same.
func TestRandomGroups(t *testing.T) {
	tried, planned, refused := 0, 0, 0
	exact := map[host.Elem]int{}
	loose, strict := &natively{}, &natively{exact: true}
	for seed := range uint64(600) {
		if skipped(int(seed), 6) {
			continue
		}
		tried++
		r := &groupMaker{rng: rand.New(rand.NewPCG(seed, 3))}
		m := r.module()
		if err := ir.Verify(m); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want, err := reference(m, r.all)
		if err != nil {
			continue // such as the maximum of no elements
		}
		g, err := schedule.NewGroup(only(m))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		to := targets[seed%4]
		made, why := schedule.Plan(g, to)
		if why != "" {
			t.Logf("seed %d: %s", seed, why)
			refused++
			continue
		}
		planned++
		n := loose
		if !r.inexact[r.pool[len(r.pool)-1]] {
			n = strict
			exact[r.elem]++
		}
		got, err := n.compute(fmt.Sprintf("seed %d", seed), to, made, r.inputs, map[string]int64{"B": r.b}, want[0])
		if err == nil {
			err = n.differ(got, want[0])
		}
		if err != nil {
			t.Errorf("seed %d: %v\n%s\n%s", seed, err, describe(g), kernel.Print(made.Kernels[0]))
			return
		}
	}
	if planned < tried*3/4 || refused > 4 {
		t.Errorf("%d groups of %d were planned and %d refused, expected at least 3 of 4 and at most 4", planned, tried, refused)
	}
	for _, e := range []host.Elem{host.F16, host.BF16} {
		if exact[e] < tried/40 {
			t.Errorf("%d groups of %s were compared by their bits, expected at least %d", exact[e], e, tried/40)
		}
	}
	t.Run("close", loose.run)
	t.Run("exact", strict.run)
}

func describe(g *schedule.Group) string {
	s := ""
	for _, op := range g.Body {
		s += fmt.Sprintf("%s %v -> %s\n", op.Name(), op.Attrs, op.Results[0].Type)
		for _, v := range op.Operands {
			s += fmt.Sprintf("    %s %s\n", v.Name, v.Type)
		}
	}
	return s
}

type groupMaker struct {
	rng    *rand.Rand
	b      int64          // the open size
	inputs []*host.Tensor // of the kernel
	all    []*host.Tensor // of @main
	build  *ir.Builder
	pool   []*ir.Value
	anchor bool

	elem    host.Elem          // of the parameters
	inexact map[*ir.Value]bool // values that depend on the order of sums, or on how a function is computed
}

var randomElems = []host.Elem{host.F32, host.F32, host.F32, host.F64, host.F16, host.BF16, host.I8, host.I32, host.I64, host.U8, host.Bool}

func (r *groupMaker) module() *ir.Module {
	elem := randomElems[r.rng.IntN(len(randomElems))]
	r.elem, r.inexact = elem, map[*ir.Value]bool{}
	r.b = []int64{0, 1, 2, 3, 5}[r.rng.IntN(5)]
	main, body := &ir.Func{Name: "main"}, &ir.Func{Name: "do"}
	main.SetDims([]*ir.DimDecl{{Name: "B", Min: 0, Max: 1000}}, nil)
	shape := r.shape()
	kernelOp := &ir.Op{Def: core.Kernel, Loc: ir.Unknown}
	var params []*ir.Value
	for i := range 2 + r.rng.IntN(2) {
		s := slices.Clone(shape)
		if i > 0 {
			for k := range s {
				if r.rng.IntN(3) == 0 {
					s[k] = ir.Const(1)
				}
			}
			s = s[r.rng.IntN(len(s)+1):]
		}
		t := ir.TensorOf(elem, s...)
		params = append(params, main.AddParam(fmt.Sprintf("x%d", i), t, ir.Input).Value)
		r.pool = append(r.pool, body.AddParam(fmt.Sprintf("x%d", i), t, ir.Input).Value)
		r.inputs = append(r.inputs, r.tensor(t))
	}
	size := ir.TensorOf(host.Bool, ir.Sym("B")) // binds B; the kernel does not take it
	main.AddParam("size", size, ir.Input)
	r.all = append(slices.Clone(r.inputs), r.tensor(size))
	main.Append(kernelOp)
	kernelOp.SetOperands(params...)
	kernelOp.AttachBody(body)
	r.build = ir.Append(body, ir.Unknown)
	for range 2 + r.rng.IntN(6) {
		if v := r.step(); v != nil {
			r.pool = append(r.pool, v)
		}
	}
	last := r.pool[len(r.pool)-1]
	body.Append(ir.NewOp(core.Return, nil, nil, []*ir.Value{last}, nil, ir.Unknown))
	out := &ir.Value{Type: last.Type, Def: kernelOp}
	kernelOp.Results = []*ir.Value{out}
	main.Append(ir.NewOp(core.Return, nil, nil, []*ir.Value{out}, nil, ir.Unknown))
	main.Results = []*ir.Result{{Name: "y", Type: last.Type}}
	return &ir.Module{Name: "m", Funcs: []*ir.Func{main}}
}

func (r *groupMaker) shape() []ir.Dim {
	s := make([]ir.Dim, r.rng.IntN(4))
	for i := range s {
		s[i] = ir.Const([]int64{1, 2, 3, 4, 7, 16, 17, 33, 0}[min(r.rng.IntN(9), r.rng.IntN(12))])
		if r.rng.IntN(4) == 0 {
			s[i] = ir.Sym("B")
		}
	}
	return s
}

func (r *groupMaker) tensor(t ir.Type) *host.Tensor {
	shape := shapeOf(t, map[string]int64{"B": r.b})
	x := host.New(t.Elem, shape...)
	for i := range x.Len() {
		if t.Elem.IsFloat() {
			host.SetFloat(x, i, r.rng.NormFloat64())
		} else {
			host.SetInt(x, i, int64(r.rng.IntN(7))*int64(r.rng.IntN(2)))
		}
	}
	return x
}

func (r *groupMaker) pick() *ir.Value {
	if r.rng.IntN(2) == 0 {
		return r.pool[len(r.pool)-1]
	}
	return r.pool[r.rng.IntN(len(r.pool))]
}

// one gives the operation's value, or nil where it is not defined for the operands.
func (r *groupMaker) one(def *ir.OpDef, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	v, err := r.build.One(def, attrs, operands...)
	return r.made(v, err)
}

func (r *groupMaker) typed(def *ir.OpDef, attrs ir.Attrs, t ir.Type, operands ...*ir.Value) *ir.Value {
	v, err := r.build.Typed(def, attrs, t, operands...)
	return r.made(v, err)
}

// approximate are the operations whose results differ in the last places from one way of computing them to another.
var approximate = []*ir.OpDef{tensor.Tanh, tensor.Sigmoid, nn.GELU, nn.SiLU, nn.Softmax, nn.LogSoftmax, tensor.Sum, tensor.Mean, tensor.Prod}

func (r *groupMaker) made(v *ir.Value, err error) *ir.Value {
	if err != nil {
		return nil
	}
	op := v.Def
	whole := v.Type.Elem.IsFloat()
	r.inexact[v] = whole && slices.Contains(approximate, op.Def) || slices.ContainsFunc(op.Operands, func(o *ir.Value) bool { return r.inexact[o] })
	return v
}

func oneOf[T any](r *groupMaker, list ...T) T { return list[r.rng.IntN(len(list))] }

func (r *groupMaker) step() *ir.Value {
	x := r.pick()
	rank := x.Type.Rank()
	switch r.rng.IntN(14) {
	case 0, 1:
		return r.one(oneOf(r, tensor.Neg, tensor.Abs, tensor.Tanh, tensor.Sigmoid, nn.ReLU, nn.GELU, nn.SiLU, tensor.Not, tensor.Sign), nil, x)
	case 2, 3, 4:
		return r.one(oneOf(r, tensor.Add, tensor.Sub, tensor.Mul, tensor.Min, tensor.Max, tensor.And), nil, x, r.pick())
	case 5:
		y := r.pick()
		if r.inexact[x] || r.inexact[y] {
			y = x
		}
		if c := r.one(oneOf(r, tensor.Lt, tensor.Ge, tensor.Eq), nil, x, y); c != nil {
			return r.one(tensor.Where, nil, c, x, r.pick())
		}
	case 6:
		if rank > 1 {
			perm := r.rng.Perm(rank)
			list := make([]int, rank)
			copy(list, perm)
			return r.one(tensor.Transpose, ir.Attrs{ir.Set("perm", ir.OfInts(list...))}, x)
		}
	case 7:
		if rank > 1 {
			at := r.rng.IntN(rank - 1)
			s := slices.Concat(x.Type.Shape[:at], []ir.Dim{x.Type.Shape[at].Mul(x.Type.Shape[at+1])}, x.Type.Shape[at+2:])
			return r.typed(tensor.Reshape, nil, x.Type.WithShape(s...), x)
		}
	case 8:
		if rank > 0 {
			axis := ir.Set("axis", ir.Int(r.rng.IntN(rank)))
			if r.rng.IntN(2) == 0 {
				return r.one(tensor.Concat, ir.Attrs{axis}, x, x)
			}
			return r.one(tensor.Flip, ir.Attrs{ir.Set("axes", ir.OfInts(r.rng.IntN(rank)))}, x)
		}
	case 9:
		if rank > 0 {
			low, high := make([]int, rank), make([]int, rank)
			low[r.rng.IntN(rank)], high[r.rng.IntN(rank)] = r.rng.IntN(3), r.rng.IntN(3)
			return r.one(tensor.Pad, ir.Attrs{ir.Set("low", ir.OfInts(low...)), ir.Set("high", ir.OfInts(high...)), ir.Set("value", ir.Int(1))}, x)
		}
	case 10:
		return r.heavy(x, rank)
	case 11:
		if !x.Type.Elem.IsFloat() {
			return r.typed(tensor.Cast, nil, x.Type.WithElem(x.Type.Elem), x)
		}
	case 12, 13:
		if x.Type.Elem.IsFloat() && !r.inexact[x] {
			return r.rounding(x)
		}
	}
	return nil
}

// rounding takes a step after which less is left of a number: its last places are lost in a large one, it becomes infinite, or takes
// another type.
func (r *groupMaker) rounding(x *ir.Value) *ir.Value {
	if r.rng.IntN(3) == 0 {
		to := oneOf(r, host.F16, host.BF16, host.F32, host.I32)
		return r.typed(tensor.Cast, nil, x.Type.WithElem(to), x)
	}
	c := r.typed(core.Constant, ir.Attrs{ir.Set("value", ir.Float(oneOf(r, 3, 0.1, 2048, 60000)))}, ir.TensorOf(x.Type.Elem))
	return r.one(oneOf(r, tensor.Add, tensor.Sub, tensor.Mul, tensor.Div), nil, x, c)
}

// heavy makes the one anchor of the group.
func (r *groupMaker) heavy(x *ir.Value, rank int) *ir.Value {
	if r.anchor || rank == 0 {
		return nil
	}
	axis := r.rng.IntN(rank)
	r.anchor = true
	if r.rng.IntN(2) == 0 {
		return r.one(oneOf(r, nn.Softmax, nn.LogSoftmax), ir.Attrs{ir.Set("axis", ir.Int(axis))}, x)
	}
	keep := ir.Set("keep_dims", ir.Bool(r.rng.IntN(2) == 0))
	if r.rng.IntN(3) == 0 && !r.inexact[x] {
		return r.one(oneOf(r, tensor.Argmax, tensor.Argmin), ir.Attrs{ir.Set("axis", ir.Int(axis)), keep}, x)
	}
	def := oneOf(r, tensor.Sum, tensor.Mean, tensor.ReduceMax, tensor.ReduceMin, tensor.Prod)
	return r.one(def, ir.Attrs{ir.Set("axes", ir.OfInts(axis)), keep}, x)
}
