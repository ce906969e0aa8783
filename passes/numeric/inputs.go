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

// MakeCases makes calls of every function of a module, with sizes at both ends of their ranges.
func MakeCases(m *ir.Module) ([]Case, error) {
	var cases []Case
	for _, f := range m.Funcs {
		choices, err := chooseSizes(f)
		if err != nil {
			return nil, fmt.Errorf("@%s: %w", f.Name, err)
		}
		for _, sizes := range choices {
			in, err := MakeInputs(f, sizes)
			if err != nil {
				return nil, fmt.Errorf("@%s: %w", f.Name, err)
			}
			cases = append(cases, Case{Func: f.Name, In: in})
		}
	}
	return cases, nil
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

// maxTries bounds the search for sizes that satisfy the guards.
const maxTries = 4096

// chooseSizes picks values for the symbols that inputs bind: the smallest and some of the largest that guards allow.
func chooseSizes(f *ir.Func) ([]map[string]int64, error) {
	bound := inputSymbols(f)
	var names []string
	var options [][]int64
	for _, d := range f.Dims {
		if bound[d.Name] {
			names = append(names, d.Name)
			options = append(options, candidates(d))
		}
	}
	if len(names) == 0 {
		return []map[string]int64{{}}, nil
	}
	small := search(f, names, options)
	if small == nil {
		return nil, fmt.Errorf("found no sizes that satisfy the guards; give inputs with --inputs")
	}
	for _, o := range options {
		for i, j := 0, len(o)-1; i < j; i, j = i+1, j-1 {
			o[i], o[j] = o[j], o[i]
		}
	}
	large := search(f, names, options)
	return []map[string]int64{small, large}, nil
}

func inputSymbols(f *ir.Func) map[string]bool {
	bound := map[string]bool{}
	for _, p := range f.Params {
		if p.Binds != "" {
			bound[p.Binds] = true
		}
		for _, d := range p.Value.Type.Shape {
			for _, s := range d.Symbols() {
				bound[s] = true
			}
		}
	}
	return bound
}

// candidates are values to try for a symbol; large ones only as far as a test should go.
func candidates(d *ir.DimDecl) []int64 {
	var list []int64
	for _, n := range []int64{d.Min, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, min(d.Max, 37)} {
		if n >= max(d.Min, 1) && n <= d.Max && (len(list) == 0 || n > list[len(list)-1]) {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		list = []int64{d.Min}
	}
	return list
}

func search(f *ir.Func, names []string, options [][]int64) map[string]int64 {
	at := make([]int, len(names))
	for range maxTries {
		sizes := map[string]int64{}
		for i, n := range names {
			sizes[n] = options[i][at[i]]
		}
		if holds(f, sizes) {
			return sizes
		}
		i := 0
		for ; i < len(at); i++ {
			if at[i]++; at[i] < len(options[i]) {
				break
			}
			at[i] = 0
		}
		if i == len(at) {
			return nil
		}
	}
	return nil
}

func holds(f *ir.Func, sizes map[string]int64) bool {
	size := func(s string) (int64, bool) { n, ok := sizes[s]; return n, ok }
	for _, g := range f.Guards {
		if ok, known, err := g.Holds(size); err != nil || known && !ok {
			return false
		}
	}
	for _, p := range f.Params {
		for _, d := range p.Value.Type.Shape {
			if n, err := d.Eval(size); err != nil || n < 0 {
				return false
			}
		}
	}
	return true
}
