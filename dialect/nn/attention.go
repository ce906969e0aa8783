package nn

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var attentionOps = []*ir.OpDef{SDPA, Rope}

// SDPA is scaled dot product attention.
var SDPA = &ir.OpDef{
	Name: "nn.sdpa",
	Doc: "softmax(q*k'*scale + mask) * v for q [..., h, l, e], k [..., g, s, e] and v [..., g, s, e']: head i of q uses head i/(h/g) of k " +
		"and v; other leading axes broadcast. The mask broadcasts to [..., h, l, s]: a bool one hides keys where it is false, a number is " +
		"added. is_causal hides the keys behind the query's own place, counted from the first of each. Where all keys are hidden the " +
		"result is 0. Narrow floats are computed as f32.",
	Operands: []ir.Arg{ir.In("q", ir.Floats), ir.In("k", ir.Floats), ir.In("v", ir.Floats), ir.Opt("mask", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs: []ir.AttrDef{
		ir.Default("is_causal", ir.KindBool, ir.Bool(false), "query i sees the keys 0..i only"),
		optional("scale", ir.KindFloat, "what scores are multiplied by; none: 1/sqrt(e)"),
		ir.Default("window_size", ir.KindInt, ir.Int(0), "query i sees the keys closer than this to i; 0: all"),
	},
	Traits: ir.Anchor,
	Work: func(op *ir.Op) ir.Dim {
		k := op.In(1)
		return op.In(0).NumElements().Add(op.Result().Type.NumElements()).Mul(k.Shape[k.Rank()-2])
	},
	Infer: inferSDPA,
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		params := host.AttentionParams{Causal: op.Bool("is_causal"), Window: op.Int("window_size"), Scale: sdpaScale(op, in(0).Shape[in(0).Rank()-1])}
		return one(host.Attention(c.Par(), in(0), in(1), in(2), in(3), params))
	}),
	Expand: expansion(expandSDPA),
	Example: `%y = nn.sdpa(%q: tensor<1x2x2xf32> = [0, 0, 3, 0], %k: tensor<1x2x2xf32> = [1, 0, 0, 1], %v: tensor<1x2x1xf32> = [10, 20]) {is_causal = true} : tensor<1x2x1xf32> // [10, 11.070418]
%y = nn.sdpa(%q: tensor<2x2x1xf32> = [0, 0, 0, 0], %k: tensor<1x2x1xf32> = [5, 6], %v: tensor<1x2x1xf32> = [10, 20], %mask: tensor<2x2xbool> = [true, true, false, false]) : tensor<2x2x1xf32> // [15, 0, 15, 0]`,
}

// sdpaScale is the factor of the scores.
func sdpaScale(op *ir.Op, e int) float64 {
	if op.Has("scale") {
		return op.Float("scale")
	}
	return 1 / math.Sqrt(float64(e))
}

func inferSDPA(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	q, k, v := op.In(0), op.In(1), op.In(2)
	if q.Elem != k.Elem || q.Elem != v.Elem {
		return nil, op.Errorf("q is %s, k is %s, v is %s: cast them to one element type", q, k, v)
	}
	r := q.Rank() - 3
	if r < -1 || k.Rank() != q.Rank() || v.Rank() != q.Rank() {
		return nil, op.Errorf("q is %s, k is %s, v is %s: expected the same number of axes, at least 2", q, k, v)
	}
	l, e, s := q.Shape[r+1], q.Shape[r+2], k.Shape[r+1]
	if err := c.Require(k.Shape[r+2], ir.RelEQ, e); err != nil {
		return nil, op.Errorf("q is %s, k is %s: the last sizes differ: %v", q, k, err)
	}
	if err := c.Require(v.Shape[r+1], ir.RelEQ, s); err != nil {
		return nil, op.Errorf("k is %s, v is %s: the numbers of keys differ: %v", k, v, err)
	}
	var shape []ir.Dim
	if r >= 0 {
		batch, err := c.Broadcast(q.Shape[:r], k.Shape[:r], v.Shape[:r])
		if err != nil {
			return nil, op.Errorf("q is %s, k is %s, v is %s: %v", q, k, v, err)
		}
		h := q.Shape[r]
		for _, t := range []ir.Type{k, v} {
			if g := t.Shape[r]; !g.Equal(h) && !g.Equal(ir.Const(1)) {
				if err := c.Require(h.Mod(g), ir.RelEQ, ir.Const(0)); err != nil {
					return nil, op.Errorf("q is %s with %s heads, no multiple of the %s heads of %s: %v", q, h, g, t, err)
				}
			}
		}
		shape = append(slices.Clone(batch), h)
	}
	if op.Int("window_size") < 0 {
		return nil, op.Errorf("window_size is %d, expected at least 0", op.Int("window_size"))
	}
	if mask := op.Operand(3); mask != nil {
		if m := mask.Type; m.Elem != host.Bool && !m.Elem.IsFloat() {
			return nil, op.Errorf("mask is %s, expected bool or a float type", m)
		}
		if err := stretches(c, op, 3, slices.Concat(shape, []ir.Dim{l, s})); err != nil {
			return nil, err
		}
	}
	return []ir.Type{q.WithShape(slices.Concat(shape, []ir.Dim{l, v.Shape[r+2]})...)}, nil
}

func expandSDPA(s *steps) *ir.Value {
	q, k, v := s.in(0), s.in(1), s.in(2)
	r := q.Type.Rank() - 3
	if r >= 0 {
		k, v = s.repeatHeads(k, q.Type.Shape[r]), s.repeatHeads(v, q.Type.Shape[r])
	}
	scores := s.do(tensor.MatMul, q, s.swap(k))
	l, n := q.Type.Shape[r+1], k.Type.Shape[r+1]
	if e, static := q.Type.Shape[r+2].IsConst(); static || s.op.Has("scale") {
		scores = s.mul(scores, s.num(sdpaScale(s.op, int(e))))
	} else {
		size := s.cast(s.with(core.DimOp, ir.Attrs{ir.Set("value", ir.OfDim(q.Type.Shape[r+2]))}), q.Type.Elem)
		scores = s.mul(scores, s.do(tensor.Rsqrt, size))
	}
	hidden := s.num(math.Inf(-1))
	if mask := s.op.Operand(3); mask != nil && mask.Type.Elem == host.Bool {
		scores = s.do(tensor.Where, mask, scores, hidden)
	} else if mask != nil {
		scores = s.add(scores, s.cast(mask, scores.Type.Elem))
	}
	if seen := s.seen(l, n); seen != nil {
		scores = s.do(tensor.Where, seen, scores, hidden)
	}
	last := scores.Type.Rank() - 1
	most := s.reduce(tensor.ReduceMax, scores, last)
	weights := s.do(tensor.Exp, s.sub(scores, most))
	weights = s.div(weights, s.reduce(tensor.Sum, weights, last))
	weights = s.do(tensor.Where, s.do(tensor.Eq, most, hidden), s.num(0), weights)
	return s.do(tensor.MatMul, weights, v)
}

// repeatHeads makes [..., g, s, e] to [..., h, s, e], each head h/g times in a row.
func (s *steps) repeatHeads(v *ir.Value, h ir.Dim) *ir.Value {
	shape := v.Type.Shape
	r := len(shape) - 3
	g := shape[r]
	if g.Equal(h) || g.Equal(ir.Const(1)) {
		return v
	}
	lead, tail := shape[:r], shape[r+1:]
	v = s.reshape(v, slices.Concat(lead, []ir.Dim{g, ir.Const(1)}, tail)...)
	v = s.expand(v, slices.Concat(lead, []ir.Dim{g, h.FloorDiv(g)}, tail)...)
	return s.reshape(v, slices.Concat(lead, []ir.Dim{h}, tail)...)
}

// seen is a bool matrix [l, n] of the keys that is_causal and window_size let each query see, or nil where these hide none.
func (s *steps) seen(l, n ir.Dim) *ir.Value {
	window := s.op.Int("window_size")
	if !s.op.Bool("is_causal") && window == 0 {
		return nil
	}
	count := func(size ir.Dim, shape ...ir.Dim) *ir.Value {
		return s.reshape(s.typed(tensor.Iota, nil, ir.TensorOf(host.I64, size)), shape...)
	}
	one := ir.Const(1)
	ahead := s.sub(count(n, one, n), count(l, l, one)) // how far a key is behind the query's place
	number := func(x int) *ir.Value {
		return s.typed(core.Constant, ir.Attrs{ir.Set("value", ir.Int(x))}, ir.TensorOf(host.I64))
	}
	var seen *ir.Value
	if s.op.Bool("is_causal") {
		seen = s.do(tensor.Le, ahead, number(0))
	}
	if window > 0 {
		near := s.do(tensor.Lt, s.do(tensor.Abs, ahead), number(window))
		if seen != nil {
			near = s.do(tensor.And, seen, near)
		}
		seen = near
	}
	return seen
}

// Rope is the rotary position embedding.
var Rope = &ir.OpDef{
	Name: "nn.rope",
	Doc: "x*cos + turned(x)*sin, where turned exchanges the elements of each pair on the last axis of n and negates the first: elements i " +
		"and i+n/2, or if interleaved 2i and 2i+1. cos and sin broadcast to x. Narrow floats are computed as f32 and rounded once.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.In("cos", ir.Floats), ir.In("sin", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs:    []ir.AttrDef{ir.Default("interleaved", ir.KindBool, ir.Bool(false), "pairs are neighbours, not halves apart")},
	Traits:   ir.Fusable,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		x := op.In(0)
		if x.Rank() < 1 {
			return nil, op.Errorf("x is %s, expected at least one axis", x)
		}
		if err := c.Require(x.Shape[x.Rank()-1].Mod(ir.Const(2)), ir.RelEQ, ir.Const(0)); err != nil {
			return nil, op.Errorf("the last axis of x, which is %s, must be even: %v", x, err)
		}
		for i := 1; i < 3; i++ {
			if err := stretches(c, op, i, x.Shape); err != nil {
				return nil, err
			}
		}
		return []ir.Type{x}, nil
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.Rope(c.Par(), in(0), in(1), in(2), op.Bool("interleaved")))
	}),
	Expand: expansion(func(s *steps) *ir.Value {
		x, cos, sin := s.in(0), s.in(1), s.in(2)
		shape, pairs := x.Type.Shape, x
		last := len(shape) - 1
		half, axis := shape[last].FloorDiv(ir.Const(2)), last
		if s.op.Bool("interleaved") {
			pairs = s.reshape(x, slices.Concat(shape[:last], []ir.Dim{half, ir.Const(2)})...)
			half, axis = ir.Const(1), last+1
		}
		first, second := s.slice(pairs, axis, ir.Const(0), half), s.slice(pairs, axis, half, pairs.Type.Shape[axis])
		turned := s.with(tensor.Concat, ir.Attrs{ir.Set("axis", ir.Int(axis))}, s.do(tensor.Neg, second), first)
		turned = s.reshape(turned, shape...)
		return s.add(s.mul(x, cos), s.mul(turned, sin))
	}),
	Example: `%y = nn.rope(%x: tensor<1x4xf32> = [1, 2, 3, 4], %cos: tensor<4xf32> = [1, 0, 1, 0], %sin: tensor<4xf32> = [0, 1, 0, 1]) : tensor<1x4xf32> // [1, -4, 3, 2]
%y = nn.rope(%x: tensor<1x4xf32> = [1, 2, 3, 4], %cos: tensor<4xf32> = [0, 0, 1, 1], %sin: tensor<4xf32> = [1, 1, 0.5, 0.5]) {interleaved = true} : tensor<1x4xf32> // [-2, 1, 1, 5.5]`,
}
