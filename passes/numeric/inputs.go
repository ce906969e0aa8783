package numeric

import (
	"fmt"
	"math/rand/v2"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// MakeCases makes calls of every function of a module, with sizes at both ends of their ranges. For a model that does not
// run with those, as guards do not say everything, each leads on to sizes nearer to the other end.
func MakeCases(m *ir.Module) ([]Case, error) {
	var cases []Case
	for _, f := range m.Funcs {
		small, large := chooseSizes(f)
		if len(small) == 0 {
			return nil, fmt.Errorf("@%s: found no sizes that satisfy the guards; %s", f.Name, tryInputs(f))
		}
		for _, sizes := range [][]map[string]int64{small, large} {
			k, err := makeCase(f, sizes)
			if err != nil {
				return nil, fmt.Errorf("@%s: %w", f.Name, err)
			}
			cases = append(cases, k)
		}
	}
	return cases, nil
}

// makeCase makes a call with the first of several sizes, which leads to the others.
func makeCase(f *ir.Func, sizes []map[string]int64) (Case, error) {
	in, err := MakeInputs(f, sizes[0])
	if err != nil {
		return Case{}, err
	}
	k := Case{Func: f.Name, In: in}
	if len(sizes) > 1 {
		k.Next = func() (Case, error) { return makeCase(f, sizes[1:]) }
	}
	return k, nil
}

// MakeInputs makes inputs for a function with given values of its symbols. The same function and sizes give the same
// inputs.
func MakeInputs(f *ir.Func, sizes map[string]int64) ([]*host.Tensor, error) {
	size := func(s string) (int64, bool) { n, ok := sizes[s]; return n, ok }
	var in []*host.Tensor
	for i, p := range f.Params {
		if p.Role != ir.Input {
			continue
		}
		shape := make([]int, len(p.Value.Type.Shape))
		for k, d := range p.Value.Type.Shape {
			n, err := d.Eval(size)
			if err != nil {
				return nil, err
			}
			shape[k] = int(n)
		}
		if p.Binds != "" {
			t, err := host.Scalar(host.I64, sizes[p.Binds])
			if err != nil {
				return nil, err
			}
			in = append(in, t)
			continue
		}
		t, err := random(p.Value, shape, rand.New(rand.NewPCG(7, uint64(i))), size)
		if err != nil {
			return nil, err
		}
		in = append(in, t)
	}
	return in, nil
}

// random fills a tensor: floats around 0, three quarters of a mask true, integers legal as indices for their use.
func random(v *ir.Value, shape []int, r *rand.Rand, size func(string) (int64, bool)) (*host.Tensor, error) {
	t, err := host.Alloc(v.Type.Elem, shape)
	if err != nil {
		return nil, err
	}
	if t.Elem.Packed() {
		return t, nil
	}
	low, high := int64(0), int64(2)
	if t.Elem.IsInt() {
		u := &usage{size: size, low: 0, high: 1 << 20, seen: map[*ir.Value]bool{}}
		u.follow(v)
		low, high = u.low, max(u.low+1, u.high)
		if !u.bounded {
			high = low + 2
		}
	}
	for i := range t.Len() {
		switch {
		case t.Elem == host.Bool:
			host.SetInt(t, i, int64(min(r.IntN(4), 1)))
		case t.Elem.IsInt():
			host.SetInt(t, i, low+r.Int64N(high-low))
		default:
			host.SetFloat(t, i, r.NormFloat64()*0.5)
		}
	}
	return t, nil
}

// usage finds the range that an integer must lie in, from the operations that use it as an index.
type usage struct {
	size      func(string) (int64, bool)
	low, high int64 // high is exclusive
	bounded   bool
	seen      map[*ir.Value]bool
}

// indexOperands says, for an operation, which operand counts along which axis of operand 0.
func indexAxis(op *ir.Op, operand int) (axis int, ok bool) {
	switch {
	case op.Is(nn.Embedding) && operand == 1:
		return 0, true
	case op.Is(tensor.Index) && operand >= 1:
		return op.Ints("axes")[operand-1], true
	case op.Is(tensor.IndexPut) && operand >= 2:
		return op.Ints("axes")[operand-2], true
	case op.Is(tensor.Gather) && operand == 1, op.Is(tensor.Scatter) && operand == 1, op.Is(state.IndexUpdate) && operand == 2:
		return op.Int("axis"), true
	}
	return 0, false
}

func (u *usage) follow(v *ir.Value) {
	if u.seen[v] {
		return
	}
	u.seen[v] = true
	for _, use := range v.Uses() {
		op := use.Op
		if axis, ok := indexAxis(op, use.Index); ok && use.Index != 0 {
			if n, err := op.In(0).Shape[axis].Eval(u.size); err == nil {
				u.high, u.bounded = min(u.high, n), true
			}
			continue
		}
		switch {
		case op.Is(core.Bind):
			d := op.Parent().Dim(op.Binds()[0])
			u.low = max(u.low, d.Min)
			u.high, u.bounded = u.low+1, true
		case len(op.Bodies) > 0:
			u.intoBodies(op, use.Index)
		case op.Def.Traits&(ir.View|ir.Elementwise|ir.Fusable) != 0 && op.Results[0].Type.Elem.IsInt():
			u.follow(op.Results[0])
		}
	}
}

// intoBodies follows an operand to the parameters that stand for it.
func (u *usage) intoBodies(op *ir.Op, operand int) {
	if op.Is(core.Cond) {
		operand--
	}
	for _, b := range op.Bodies {
		if operand >= 0 && operand < len(b.Params) {
			u.follow(b.Params[operand].Value)
		}
	}
	if op.Is(core.Kernel) && op.Results[0].Type.Elem.IsInt() {
		u.follow(op.Results[0])
	}
}
