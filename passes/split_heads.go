package passes

import (
	"cmp"
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// SplitHeads is the pass `split-heads`.
func SplitHeads() *pass.Pass {
	p := &pass.Pass{
		Name: "split-heads",
		Doc: "Compute attention head by head, with the keys as channels. That is how Apple's Neural Engine does it best: nn.sdpa becomes, for each head, a product " +
			"that gives scores [batch, keys, 1, queries], softmax over axis 1, and a product that gives [batch, 1, values, queries]. Heads that share keys and " +
			"values share what is cut out of them. Attention stays whole where the number of heads or the scale is not known, or with more than one batch axis. " +
			"Narrow floats are computed as f32, as in nn.sdpa. Run it before linear-to-conv, with which its transposes cancel.",
		NeedsLowered: true,
	}
	hidden := p.Options.Float("hidden", math.Inf(-1), "the score of keys that a mask hides, and the least number that a mask adds: such as -40000, which f16 holds")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		s := &headSplitter{hidden: *hidden}
		if _, err := rewrite.Run(m, p.Name, []rewrite.Pattern{{Name: "heads", Root: nn.SDPA, Apply: s.split}}); err != nil {
			return err
		}
		if err := settle(m, p.Name, rearrangements()); err != nil {
			return err
		}
		ctx.Reportf("split-heads: split %d attentions into %d heads, %d are left", s.attentions, s.heads, countOps(m, nn.SDPA))
		return nil
	}
	return p
}

type headSplitter struct {
	hidden            float64
	attentions, heads int
}

func cast(rw *rewrite.Rewriter, v *ir.Value, e host.Elem) *ir.Value {
	if v.Type.Elem == e {
		return v
	}
	return rw.Typed(tensor.Cast, nil, v.Type.WithElem(e), v)
}

// heads is an nn.sdpa in the making: all values have four axes.
type heads struct {
	rw     *rewrite.Rewriter
	hidden float64
	turned *ir.Value // the queries, scaled: [batch, heads, e, queries]
	k, v   *ir.Value // [batch, groups, keys, ...]; v is [batch, groups, ..., keys] unless byRows
	byRows bool      // v is a cache, and there is one query: a row of weights times v moves nothing
	seen   *ir.Value // what a mask and the attributes let be seen, [..., keys, queries]; nil for all
	added  *ir.Value // a mask of numbers in that form; nil for none
	kept   *ir.Value // the keys whose weights are kept, in that form; the others become 0. nil: each query sees a key
	cut    map[cut]*ir.Value
}

// cut is a part of a value: one of its heads, or for -1 all of it with other axes.
type cut struct {
	v *ir.Value
	i int64
}

func (s *headSplitter) split(rw *rewrite.Rewriter, op *ir.Op) bool {
	t := op.Result().Type
	if inKernel(op) || t.Rank() < 3 || t.Rank() > 4 {
		return false
	}
	four := func(v *ir.Value) *ir.Value {
		ones := slices.Repeat([]ir.Dim{ir.Const(1)}, 4-v.Type.Rank())
		return reshaped(rw, v, slices.Concat(ones, v.Type.Shape))
	}
	wide := t.Elem
	if t.Elem.Class() == host.ClassF32 {
		wide = host.F32
	}
	in := func(i int) *ir.Value { return cast(rw, four(op.Operands[i]), wide) }
	q, k, v := in(0), in(1), in(2)
	n, known := q.Type.Shape[1].IsConst()
	gk, known1 := k.Type.Shape[1].IsConst()
	gv, known2 := v.Type.Shape[1].IsConst()
	e, known3 := q.Type.Shape[3].IsConst()
	if !known || !known1 || !known2 || !known3 && !op.Has("scale") || n < 1 || gk < 1 || gv < 1 {
		return false
	}
	scale := 1 / math.Sqrt(float64(e))
	if op.Has("scale") {
		scale = op.Float("scale")
	}
	h := &heads{rw: rw, hidden: s.hidden, k: k, v: v, cut: map[cut]*ir.Value{}}
	h.turned = transposed(rw, h.scaled(q, scale), lastSwapped(4))
	h.byRows = isOne(q.Type.Shape[2]) && op.Parent().Owner() == nil && ofCache(op.Parent(), op.Operands[2])
	if !h.byRows {
		h.v = transposed(rw, v, lastSwapped(4))
	}
	h.masks(op, four)
	var outs []*ir.Value
	for i := range n {
		outs = append(outs, h.head(i, i/(n/gk), i/(n/gv)))
	}
	y := outs[0]
	if n > 1 {
		y = rw.Build(tensor.Concat, ir.Attrs{ir.Set("axis", ir.Int(1))}, outs...)
	}
	s.attentions, s.heads = s.attentions+1, s.heads+int(n)
	rw.Replace(op, cast(rw, reshaped(rw, transposed(rw, y, lastSwapped(4)), t.Shape), t.Elem))
	return true
}

func (h *heads) number(e host.Elem, x float64) *ir.Value {
	return h.rw.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Float(x))}, ir.TensorOf(e))
}

func (h *heads) scaled(v *ir.Value, by float64) *ir.Value {
	if by == 1 {
		return v
	}
	return h.rw.Build(tensor.Mul, nil, v, h.number(v.Type.Elem, by))
}

// masks brings what hides keys to the form [..., keys, queries].
func (h *heads) masks(op *ir.Op, four func(*ir.Value) *ir.Value) {
	keysFirst := func(v *ir.Value) *ir.Value { return transposed(h.rw, four(v), lastSwapped(4)) }
	both := func(a, b *ir.Value) *ir.Value {
		if a == nil || b == nil {
			return cmp.Or(a, b)
		}
		return h.rw.Build(tensor.And, nil, a, b)
	}
	h.seen = h.near(op)
	if op.Int("window_size") > 0 {
		h.kept = h.seen
	}
	switch mask, e := op.Operand(3), h.k.Type.Elem; {
	case mask == nil:
	case mask.Type.Elem == host.Bool:
		h.seen = both(keysFirst(mask), h.seen)
		h.kept = h.seen
	default:
		h.added = cast(h.rw, keysFirst(mask), e)
		if !isFinite(h.rw.Module, mask) {
			h.kept = both(h.rw.Build(tensor.Ne, nil, h.added, h.number(e, math.Inf(-1))), h.seen)
		}
		if !math.IsInf(h.hidden, -1) {
			h.added = h.rw.Build(tensor.Max, nil, h.added, h.number(e, h.hidden))
		}
	}
}

// near are the keys that is_causal and window_size let be seen, [1, 1, keys, queries]; nil where they hide none.
func (h *heads) near(op *ir.Op) *ir.Value {
	window, causal, one := op.Int("window_size"), op.Bool("is_causal"), ir.Const(1)
	if !causal && window == 0 {
		return nil
	}
	count := func(v *ir.Value, shape ...ir.Dim) *ir.Value {
		return reshaped(h.rw, h.rw.Typed(tensor.Iota, nil, ir.TensorOf(host.I64, v.Type.Shape[v.Type.Rank()-2])), shape)
	}
	number := func(x int) *ir.Value {
		return h.rw.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Int(x))}, ir.TensorOf(host.I64))
	}
	q, k := op.Operands[0], op.Operands[1]
	ahead := h.rw.Build(tensor.Sub, nil, count(k, one, one, k.Type.Shape[k.Type.Rank()-2], one), count(q, one, one, one, q.Type.Shape[q.Type.Rank()-2]))
	var seen *ir.Value
	if causal {
		seen = h.rw.Build(tensor.Le, nil, ahead, number(0))
	}
	if window > 0 {
		near := h.rw.Build(tensor.Lt, nil, h.rw.Build(tensor.Abs, nil, ahead), number(window))
		if seen == nil {
			return near
		}
		return h.rw.Build(tensor.And, nil, seen, near)
	}
	return seen
}

// of is one of the heads, or of the groups, of a value that has them along axis 1; each is cut out once.
func (h *heads) of(v *ir.Value, i int64) *ir.Value {
	if v == nil || isOne(v.Type.Shape[1]) {
		return v
	}
	key := cut{v, i}
	if h.cut[key] == nil {
		h.cut[key] = h.rw.Build(tensor.Slice, sliceAttrs(1, ir.Const(i), ir.Const(i+1), 1), v)
	}
	return h.cut[key]
}

// channels makes [batch, 1, keys, queries] to [batch, keys, 1, queries], or the reverse.
func (h *heads) channels(v *ir.Value) *ir.Value {
	key := cut{v, -1}
	if h.cut[key] == nil {
		s := v.Type.Shape
		h.cut[key] = reshaped(h.rw, v, []ir.Dim{s[0], s[2], s[1], s[3]})
	}
	return h.cut[key]
}

// head computes one head: [batch, 1, values, queries].
func (h *heads) head(i, keys, values int64) *ir.Value {
	rw := h.rw
	scores := h.channels(rw.Build(tensor.MatMul, nil, h.of(h.k, keys), h.of(h.turned, i)))
	e := scores.Type.Elem
	if h.added != nil {
		scores = rw.Build(tensor.Add, nil, scores, h.channels(h.of(h.added, i)))
	}
	if h.seen != nil {
		scores = rw.Build(tensor.Where, nil, h.channels(h.of(h.seen, i)), scores, h.number(e, h.hidden))
	}
	weights := rw.Build(nn.Softmax, ir.Attrs{ir.Set("axis", ir.Int(1))}, scores)
	if h.kept != nil { // the weight of a hidden key is 0 anyway, but where a query sees none
		weights = rw.Build(tensor.Where, nil, h.channels(h.of(h.kept, i)), weights, h.number(e, 0))
	}
	weights = h.channels(weights)
	if h.byRows {
		row := rw.Build(tensor.MatMul, nil, transposed(rw, weights, lastSwapped(4)), h.of(h.v, values))
		return transposed(rw, row, lastSwapped(4))
	}
	return rw.Build(tensor.MatMul, nil, h.of(h.v, values), weights)
}
