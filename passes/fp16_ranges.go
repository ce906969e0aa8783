package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// valueKind says what f16 does to a value. A value is of the greatest kind among those that it is computed from.
type valueKind uint8

const (
	unknown  valueKind = iota
	constant           // the same in every call, and fits
	integral           // a float computed of integers and constants alone: exact in f32, not in f16
	bounded            // anything else
	square             // of squares that are summed, up to the root: in f16 they overflow above 256
	tiny               // of numbers that f16 takes for zero
	beyond             // of numbers that f16 takes for infinity
)

// inRange are operations whose results are small, whatever their operands are.
var inRange = []*ir.OpDef{
	nn.Softmax, nn.SDPA, nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, tensor.Sigmoid, tensor.Tanh, tensor.Erf, tensor.Sin, tensor.Cos,
	tensor.Atan, tensor.Exp, tensor.Exp2, tensor.Sign, nn.HardSigmoid,
}

// weighted are operations whose results do not keep the range of an operand: weights are made so that they are small.
var weighted = []*ir.OpDef{nn.Linear, nn.Conv, nn.ConvTranspose, nn.GroupedMatMul, tensor.MatMul, nn.LSTM, nn.GRU, nn.RNN}

// ranges is what fp16 knows of a module before it changes it.
type ranges struct {
	m         *ir.Module
	kind      map[*ir.Value]valueKind
	original  map[*ir.Value]host.Elem // of the values that are f32 or bf16
	stateKind map[string]valueKind
	inBoth    map[*ir.Op]bool    // operations on constants whose results are needed in f16 and in f32
	wideParam map[*ir.Value]bool // parameters of kernels: constants that come in as f32
	data      map[string]*resourceRange
	order     []string // the module's resources
	kept      []string // constants that do not fit, for people
	grew      bool
}

// resourceRange is a resource of f32 or bf16.
type resourceRange struct {
	narrow *host.Tensor // as f16
	kind   valueKind    // constant, tiny or beyond
	reason string       // why f16 does not do
}

// Numbers of f16: the largest, the smallest with full precision, and the largest that becomes zero.
const (
	mostF16   = 65504
	normalF16 = 0x1p-14
	zeroF16   = 0x1p-25
)

func findRanges(ctx *pass.Context, m *ir.Module) (*ranges, error) {
	r := &ranges{m: m, kind: map[*ir.Value]valueKind{}, original: map[*ir.Value]host.Elem{}, stateKind: map[string]valueKind{},
		inBoth: map[*ir.Op]bool{}, wideParam: map[*ir.Value]bool{}, data: map[string]*resourceRange{}}
	if err := r.resources(ctx); err != nil {
		return nil, err
	}
	for _, s := range m.States {
		r.stateKind[s.Name] = bounded
		if d := r.data[s.Init]; d != nil && d.kind == beyond {
			r.stateKind[s.Name] = beyond
		}
	}
	for r.grew = true; r.grew; {
		r.grew = false
		for _, f := range m.Funcs {
			r.function(f)
		}
	}
	m.AllFuncs(func(f *ir.Func) {
		for _, p := range f.Params {
			if p.Role != ir.ConstArg {
				r.remember(p.Value)
			}
		}
		for _, op := range f.Ops {
			for _, v := range op.Results {
				r.remember(v)
			}
		}
	})
	for _, f := range m.Funcs {
		r.needs(f)
	}
	r.list()
	return r, nil
}

func (r *ranges) remember(v *ir.Value) {
	if narrows(v.Type.Elem) {
		r.original[v] = v.Type.Elem
	}
}

// resources narrows all data that constants and states name.
func (r *ranges) resources(ctx *pass.Context) error {
	used := map[string]bool{}
	for _, s := range r.m.States {
		used[s.Init] = true
	}
	r.m.Walk(func(op *ir.Op) { op.Symbols(func(name string) { used[name] = true }) })
	var list []*ir.Resource
	for _, res := range r.m.Resources {
		r.order = append(r.order, res.Name)
		if used[res.Name] && narrows(res.Type.Elem) {
			list = append(list, res)
			r.data[res.Name] = &resourceRange{}
		}
	}
	return host.Each(ctx, len(list), func(i int) error {
		t, err := list[i].Tensor()
		if err != nil {
			return err
		}
		d := r.data[list[i].Name]
		if d.narrow, err = castTensor(t, host.F16); err != nil {
			return err
		}
		d.kind, d.reason = rangeOf(t)
		return nil
	})
}

func (r *ranges) raise(v *ir.Value, k valueKind) {
	if k > r.kind[v] {
		r.kind[v], r.grew = k, true
	}
}

func (r *ranges) function(f *ir.Func) {
	for _, p := range f.Params {
		k := bounded
		if p.Role == ir.StateIn {
			k = r.stateKind[p.State]
		}
		r.raise(p.Value, k)
	}
	r.ops(f)
	for i, res := range f.Results {
		if res.Role == ir.Update && res.State && r.kind[f.Returns()[i]] == beyond && r.stateKind[res.Target] != beyond {
			r.stateKind[res.Target], r.grew = beyond, true
		}
	}
}

func (r *ranges) ops(f *ir.Func) {
	for _, op := range f.Ops {
		switch {
		case op.Def.Traits.Has(ir.Terminator):
		case op.Is(core.Call):
			callee := r.m.Func(op.Sym("callee"))
			for i, v := range callee.Returns() {
				r.raise(op.Results[i], max(bounded, r.kind[v]))
			}
		case len(op.Bodies) > 0:
			r.bodies(op)
		default:
			k := r.result(op)
			for _, v := range op.Results {
				r.raise(v, k)
			}
		}
	}
}

// result is the kind of an operation's results.
func (r *ranges) result(op *ir.Op) valueKind {
	if op.Is(core.Constant) {
		return r.constant(op)
	}
	floats, all := unknown, constant
	for _, v := range op.Operands {
		if v == nil {
			continue
		}
		if v.Type.Elem.IsFloat() {
			floats = max(floats, r.kind[v])
		}
		all = max(all, r.kind[v])
	}
	out := op.Results[0].Type.Elem
	switch {
	case !out.IsFloat():
		return min(all, bounded)
	case rangeOfNumber(op.Attr("value")) != constant:
		return max(floats, rangeOfNumber(op.Attr("value")))
	case op.Is(tensor.Iota), op.Is(tensor.Cast) && op.In(0).Elem.IsInt() && op.In(0).Elem.Bits() > 8:
		return integral
	case r.keepsTypes(op):
		return bounded
	case floats == unknown || floats == constant:
		if all == constant {
			return constant
		}
		return bounded
	case floats > bounded && slices.Contains(weighted, op.Def), floats > constant && slices.Contains(inRange, op.Def):
		return bounded
	case floats == square && (op.Is(tensor.Sqrt) || op.Is(tensor.Rsqrt)), floats == beyond && r.limited(op):
		return bounded
	case floats == bounded && squares(op) && slices.ContainsFunc(op.Result().Uses(), func(u ir.Use) bool { return u.Op.Is(tensor.Mean) || u.Op.Is(tensor.Sum) }):
		return square
	}
	return floats
}

// squares reports a product of a value with itself.
func squares(op *ir.Op) bool {
	return op.Is(tensor.Mul) && op.Operands[0] == op.Operands[1] || op.Is(tensor.Pow) && isNumber(op.Operands[1], 2)
}

// limited reports an operation that brings known numbers into the range of f16, such as a mask that is held above -40000.
func (r *ranges) limited(op *ir.Op) bool {
	if !op.Is(tensor.Max) && !op.Is(tensor.Min) {
		return false
	}
	within, ok := (&bounds{m: r.m, steps: 256}).of(op.Result())
	return ok && within.low >= -mostF16 && within.high <= mostF16
}

func (r *ranges) constant(op *ir.Op) valueKind {
	if !op.Result().Type.Elem.IsFloat() {
		return constant
	}
	switch a := op.Attr("value").(type) {
	case ir.Symbol:
		if d := r.data[string(a)]; d != nil {
			return d.kind
		}
		return constant
	case ir.Dense:
		kind, _ := rangeOf(a.T)
		return kind
	default:
		return rangeOfNumber(a)
	}
}

// keepsTypes reports an operation whose meaning hangs on the bits of its operands, that makes complex numbers, or whose types
// are those of other code.
func (r *ranges) keepsTypes(op *ir.Op) bool {
	isComplex := func(v *ir.Value) bool { return v != nil && v.Type.Elem.IsComplex() }
	return op.Is(tensor.Bitcast) || op.Def.Traits.Has(ir.Foreign) || slices.ContainsFunc(op.Operands, isComplex) || slices.ContainsFunc(op.Results, isComplex)
}

// bodies passes kinds into bodies and out of them, and from turn to turn.
func (r *ranges) bodies(op *ir.Op) {
	first := len(op.Operands) - len(op.Bodies[0].Params)
	carried := 0
	if op.Is(core.While) || op.Is(core.Scan) {
		carried = op.Int("carried")
	}
	for i, v := range op.Operands[first:] {
		k := r.kind[v]
		if i < carried {
			r.raise(op.Results[i], k)
			k = r.kind[op.Results[i]]
		}
		if k == constant && !op.Is(core.Kernel) {
			k = bounded
		}
		for _, b := range op.Bodies {
			r.raise(b.Params[i].Value, k)
		}
	}
	for _, b := range op.Bodies {
		r.ops(b)
	}
	for _, b := range bodiesThatGive(op) {
		for i, v := range b.Returns() {
			r.raise(op.Results[i], r.kind[v])
		}
	}
}

// bodiesThatGive are the bodies whose values are the operation's results.
func bodiesThatGive(op *ir.Op) []*ir.Func {
	if op.Is(core.While) {
		return op.Bodies[1:]
	}
	return op.Bodies
}

// needsF32 reports the kinds that f16 would spoil.
func needsF32(k valueKind) bool { return k == integral || k > bounded }

// computesWide reports an operation that must compute in f32.
func (r *ranges) computesWide(op *ir.Op) bool {
	wide := func(v *ir.Value) bool {
		return v != nil && v.Type.Elem.IsFloat() && needsF32(r.kind[v])
	}
	return slices.ContainsFunc(op.Operands, wide) || slices.ContainsFunc(op.Results, wide)
}

// needs finds, from the last operation to the first, which constants are needed in f32, too: a cast of what was rounded
// to f16 does not give it back.
func (r *ranges) needs(f *ir.Func) {
	for i := len(f.Ops) - 1; i >= 0; i-- {
		op := f.Ops[i]
		for _, b := range op.Bodies {
			r.needs(b)
		}
		if op.Is(core.Kernel) {
			for i, p := range op.Bodies[0].Params {
				if r.wideParam[p.Value] {
					r.need(op.Operands[i])
				}
			}
		}
		if (len(op.Bodies) == 0 || op.Def.Traits.Has(ir.Foreign)) && (r.inBoth[op] || r.computesWide(op) || r.keepsTypes(op)) {
			for _, v := range op.Operands {
				r.need(v)
			}
		}
	}
}

// need asks for a constant in f32. (A parameter that is a constant is a kernel's.)
func (r *ranges) need(v *ir.Value) {
	switch {
	case v == nil || r.kind[v] != constant || r.original[v] == 0:
	case v.Def == nil:
		r.wideParam[v] = true
	case len(v.Def.Bodies) == 0:
		r.inBoth[v.Def] = true
	}
}

// list names the constants that do not fit, each once and in the order of the program.
func (r *ranges) list() {
	add := func(s string) {
		if !slices.Contains(r.kept, s) {
			r.kept = append(r.kept, s)
		}
	}
	for _, name := range r.order {
		if d := r.data[name]; d != nil && d.reason != "" {
			add(fmt.Sprintf("@%s: it %s", name, d.reason))
		}
	}
	r.m.Walk(func(op *ir.Op) {
		if len(op.Results) != 1 || !narrows(op.Result().Type.Elem) {
			return
		}
		switch a := op.Attr("value").(type) {
		case ir.Dense:
			if _, reason := rangeOf(a.T); reason != "" {
				add(fmt.Sprintf("%%%s: it %s", op.Result().Name, reason))
			}
		case ir.Float:
			if rangeOfNumber(a) != constant {
				add(fmt.Sprintf("%s in %s", host.FormatFloat(float64(a), host.F32), op.Describe()))
			}
		case ir.Int:
			if rangeOfNumber(a) != constant {
				add(fmt.Sprintf("%d in %s", a, op.Describe()))
			}
		}
	})
}
