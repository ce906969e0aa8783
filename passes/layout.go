package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Layout is the pass `layout`.
func Layout() *pass.Pass {
	p := &pass.Pass{
		Name: "layout",
		Doc: "Move the channel axis of images behind the spatial axes, or in front of them. Convolutions and what is between " +
			"them then compute in that layout; inputs and outputs of functions keep theirs, and so do the weights. " +
			"Transposes are put where the layouts meet.",
		NeedsLowered: true,
	}
	to := p.Options.String("to", "channels-last", "where the channels go", "channels-last", "channels-first")
	convs := p.Options.String("convs", "all", "which convolutions: all, or those that gain most on a CPU: of constant weights, over one or two axes, in one group or of single channels; group norms then stay as they are", "all", "dense")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		l := &layout{last: *to == "channels-last", dense: *convs == "dense", borders: map[*ir.Op]bool{}, moved: map[*ir.Value]*ir.Value{}}
		patterns := []rewrite.Pattern{{Name: "conv", Root: nn.Conv, Apply: l.conv}, {Name: "sink", Apply: l.sink}}
		if _, err := rewrite.Run(m, p.Name, patterns); err != nil {
			return err
		}
		if err := settle(m, p.Name, slices.Concat(transposePatterns(), rearrangements())); err != nil {
			return err
		}
		canonKernels(m)
		if l.convs == 0 {
			return nil
		}
		ctx.Reportf("layout: made %d convolutions %s; %d transposes are left", l.convs, *to, transposesBy(m, p.Name))
		return nil
	}
	return p
}

// transposePatterns merge and drop transposes.
func transposePatterns() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "operand", Root: tensor.Transpose, Apply: foldToOperand},
		{Name: "operand", Root: tensor.Reshape, Apply: foldToOperand},
		{Name: "transpose-of-transpose", Root: tensor.Transpose, Apply: transposeTwice},
		{Name: "transpose-of-ones", Root: tensor.Transpose, Apply: transposeOfOnes},
		{Name: "reshape-of-reshape", Root: tensor.Reshape, Apply: typedTwice},
	}
}

func transposesBy(m *ir.Module, name string) int {
	n := 0
	m.Walk(func(op *ir.Op) {
		if op.Is(tensor.Transpose) && slices.Contains(op.Loc.Via, name) {
			n++
		}
	})
	return n
}

// layout moves values from the old layout to the new one.
type layout struct {
	last    bool                    // the new layout is [n, spatial..., c], the old one [n, c, spatial...]; or the reverse
	dense   bool                    // only convolutions that dense approves of
	borders map[*ir.Op]bool         // the transposes that lead back to the old layout
	moved   map[*ir.Value]*ir.Value // the transposes into the new layout
	convs   int
}

// into is the permutation to the new layout: its axis i is axis into[i] of the old one.
func (l *layout) into(rank int) []int {
	perm := make([]int, 0, rank)
	for i := range rank {
		perm = append(perm, i)
	}
	if rank < 3 {
		return perm
	}
	if l.last {
		return append(slices.Delete(perm, 1, 2), 1)
	}
	return slices.Insert(perm[:rank-1], 1, rank-1)
}

// back is the permutation to the old layout.
func (l *layout) back(rank int) []int {
	return inverted(l.into(rank))
}

// axes gives axes of the old layout in the new one, ascending.
func (l *layout) axes(rank int, old ...int) []int {
	back := l.back(rank)
	list := make([]int, len(old))
	for i, a := range old {
		list[i] = back[a]
	}
	slices.Sort(list)
	return list
}

// permuted gives a list that has an entry for each axis in the new layout.
func permuted[T any](list []T, perm []int) []T {
	out := make([]T, len(list))
	for i, p := range perm {
		out[i] = list[p]
	}
	return out
}

// move brings a value that broadcasts to rank axes into the new layout.
func (l *layout) move(rw *rewrite.Rewriter, root *ir.Op, v *ir.Value, rank int) *ir.Value {
	switch {
	case v == nil || oneElement(v.Type):
		return v
	case l.borders[v.Def]:
		return v.Def.Operands[0]
	}
	if have := l.moved[v]; have != nil && have.Def.Parent() == root.Parent() && root.Parent().Index(have.Def) < root.Parent().Index(root) {
		return have
	}
	u := v
	if more := rank - v.Type.Rank(); more > 0 {
		u = reshaped(rw, v, slices.Concat(slices.Repeat([]ir.Dim{ir.Const(1)}, more), v.Type.Shape))
	}
	perm, from := l.into(rank), u
	if u.DefinedBy(tensor.Transpose) {
		perm, from = composed(u.Def.Ints("perm"), perm), u.Def.Operands[0]
		claimThrough(u.Def)
	}
	y := transposed(rw, from, perm)
	if y != from {
		l.moved[v] = y
	}
	return y
}

// leave replaces an operation by u, which is its result in the new layout, behind a transpose that a sink may take on.
func (l *layout) leave(rw *rewrite.Rewriter, op *ir.Op, u *ir.Value) {
	r := op.Result()
	rank := u.Type.Rank()
	if u.Name == "" && r.Name != "" {
		u.Name = r.Name + map[bool]string{true: "_last", false: "_first"}[l.last]
	}
	u.AddClaims(permutedClaims(r.Claims, l.into(rank))...)
	l.leaveAs(rw, op, u.Def.Results)
}

// leaveAs replaces the results of an operation by made, in the new layout, behind transposes.
func (l *layout) leaveAs(rw *rewrite.Rewriter, op *ir.Op, made []*ir.Value) {
	values := slices.Clone(made)
	for i, u := range made {
		if i > 0 && !op.Results[i].Used() && len(op.Results[i].Claims) == 0 {
			continue
		}
		values[i] = transposed(rw, u, l.back(u.Type.Rank()))
		if values[i] != u {
			l.borders[values[i].Def] = true
		}
	}
	rw.Replace(op, values...)
}

func (l *layout) conv(rw *rewrite.Rewriter, op *ir.Op) bool {
	if op.Bool("channels_last") == l.last || l.dense && !denseConv(op) {
		return false
	}
	operands := slices.Clone(op.Operands)
	operands[0] = l.move(rw, op, operands[0], op.In(0).Rank())
	u := rw.Build(op.Def, op.Attrs.With("channels_last", ir.Bool(l.last)), operands...)
	l.convs++
	l.leave(rw, op, u)
	return true
}

// denseConv reports a convolution of which whole vectors of channels are computed from channels side by side.
func denseConv(op *ir.Op) bool {
	w := op.In(1)
	single := isOne(w.Shape[1]) && w.Shape[0].Equal(ir.Const(int64(op.Int("groups"))))
	return isConstant(op.Operands[1]) && w.Rank() <= 4 && (op.Int("groups") == 1 || single)
}

// sinks say how an operation computes in the new layout, for those that do not compute element by element.
var sinks = []struct {
	def  *ir.OpDef
	sink func(*layout, *rewrite.Rewriter, *ir.Op) bool
}{
	{nn.BatchNorm, (*layout).sinkAxis}, {nn.GroupNorm, (*layout).sinkGroups}, {nn.Softmax, (*layout).sinkAxis}, {nn.LogSoftmax, (*layout).sinkAxis},
	{tensor.Slice, (*layout).sinkAxis}, {tensor.Concat, (*layout).sinkConcat}, {tensor.Flip, (*layout).sinkFlip},
	{tensor.Pad, (*layout).sinkPad}, {tensor.Expand, (*layout).sinkExpand}, {tensor.Reshape, (*layout).sinkReshape}, {nn.AdaptiveAvgPool, (*layout).sinkGlobalPool},
	{nn.MaxPool, (*layout).sinkPool}, {nn.AvgPool, (*layout).sinkPool}, {nn.AdaptiveMaxPool, (*layout).sinkPool},
	{tensor.Sum, (*layout).sinkReduction}, {tensor.Prod, (*layout).sinkReduction}, {tensor.Mean, (*layout).sinkReduction},
	{tensor.ReduceMax, (*layout).sinkReduction}, {tensor.ReduceMin, (*layout).sinkReduction},
	{tensor.Any, (*layout).sinkReduction}, {tensor.All, (*layout).sinkReduction},
}

// sink moves an operation in front of the transpose that leads back to the old layout.
func (l *layout) sink(rw *rewrite.Rewriter, op *ir.Op) bool {
	if len(op.Results) == 0 || len(op.Operands) == 0 || !l.worthwhile(op) {
		return false
	}
	for _, s := range sinks {
		if op.Is(s.def) {
			return s.sink(l, rw, op)
		}
	}
	return len(op.Results) == 1 && op.Def.Traits.Has(ir.Elementwise) && l.sinkElementwise(rw, op)
}

// worthwhile reports an operation with more operands in the new layout than there are to be transposed for it, or as many
// where a convolution that is still in the old layout waits for the result.
func (l *layout) worthwhile(op *ir.Op) bool {
	rank, in, out := op.Result().Type.Rank(), 0, 0
	var counted []*ir.Value
	for _, v := range op.Operands {
		switch {
		case v == nil || oneElement(v.Type) || isConstant(v) || slices.Contains(counted, v):
			continue
		case l.borders[v.Def]:
			in++
		case v.Type.Rank() == rank:
			out++
		}
		counted = append(counted, v)
	}
	return in > out || in > 0 && in == out && l.leadsToConv(op.Result())
}

// maxAhead bounds how many values are looked at in search of a convolution.
const maxAhead = 64

// leadsToConv looks through elementwise operations and norms for a convolution in the old layout.
func (l *layout) leadsToConv(v *ir.Value) bool {
	ahead := []*ir.Value{v}
	for i := 0; i < len(ahead) && i < maxAhead; i++ {
		for _, u := range ahead[i].Uses() {
			switch {
			case u.Op.Is(nn.Conv):
				if u.Index == 0 && u.Op.Bool("channels_last") != l.last && (!l.dense || denseConv(u.Op)) {
					return true
				}
			case u.Op.Def.Traits.Has(ir.Elementwise) || u.Op.Is(nn.BatchNorm) || u.Op.Is(nn.GroupNorm) && !l.dense:
				if r := u.Op.Result(); !slices.Contains(ahead, r) {
					ahead = append(ahead, r)
				}
			}
		}
	}
	return false
}

func (l *layout) sinkElementwise(rw *rewrite.Rewriter, op *ir.Op) bool {
	t := op.Result().Type
	operands := make([]*ir.Value, len(op.Operands))
	for _, v := range op.Operands {
		if v != nil && l.borders[v.Def] && v.Type.Rank() != t.Rank() {
			return false
		}
	}
	for i, v := range op.Operands {
		operands[i] = l.move(rw, op, v, t.Rank())
	}
	var u *ir.Value
	if op.Def.Traits.Has(ir.Typed) {
		u = rw.Typed(op.Def, op.Attrs, t.WithShape(permuted(t.Shape, l.into(t.Rank()))...), operands...)
	} else {
		u = rw.Build(op.Def, op.Attrs, operands...)
	}
	l.leave(rw, op, u)
	return true
}

// sinkWith builds an operation on its first operand in the new layout, with other attributes.
func (l *layout) sinkWith(rw *rewrite.Rewriter, op *ir.Op, attrs ...ir.Named) bool {
	if !l.borders[op.Operands[0].Def] {
		return false
	}
	operands := slices.Clone(op.Operands)
	operands[0] = operands[0].Def.Operands[0]
	l.leave(rw, op, rw.Build(op.Def, withAttrs(op.Attrs, attrs...), operands...))
	return true
}

func withAttrs(attrs ir.Attrs, more ...ir.Named) ir.Attrs {
	for _, a := range more {
		attrs = attrs.With(a.Name, a.Value)
	}
	return attrs
}

func (l *layout) sinkAxis(rw *rewrite.Rewriter, op *ir.Op) bool {
	return l.sinkWith(rw, op, ir.Set("axis", ir.Int(l.back(op.In(0).Rank())[op.Int("axis")])))
}

// sinkGroups leaves group norms to the CPU as they are: where the channels of a group are no neighbours it loses more than transposes cost.
func (l *layout) sinkGroups(rw *rewrite.Rewriter, op *ir.Op) bool {
	return !l.dense && l.sinkAxis(rw, op)
}

func (l *layout) sinkFlip(rw *rewrite.Rewriter, op *ir.Op) bool {
	return l.sinkWith(rw, op, ir.Set("axes", ir.OfInts(l.axes(op.In(0).Rank(), op.Ints("axes")...)...)))
}

func (l *layout) sinkPad(rw *rewrite.Rewriter, op *ir.Op) bool {
	perm := l.into(op.In(0).Rank())
	return l.sinkWith(rw, op, ir.Set("low", ir.OfDims(permuted(op.Dims("low"), perm)...)), ir.Set("high", ir.OfDims(permuted(op.Dims("high"), perm)...)))
}

func (l *layout) sinkConcat(rw *rewrite.Rewriter, op *ir.Op) bool {
	rank := op.Result().Type.Rank()
	operands := make([]*ir.Value, len(op.Operands))
	for i, v := range op.Operands {
		operands[i] = l.move(rw, op, v, rank)
	}
	l.leave(rw, op, rw.Build(op.Def, ir.Attrs{ir.Set("axis", ir.Int(l.back(rank)[op.Int("axis")]))}, operands...))
	return true
}

func (l *layout) sinkExpand(rw *rewrite.Rewriter, op *ir.Op) bool {
	t := op.Result().Type
	if !l.borders[op.Operands[0].Def] || t.Rank() != op.In(0).Rank() {
		return false
	}
	shape := permuted(t.Shape, l.into(t.Rank()))
	l.leave(rw, op, rw.Typed(op.Def, nil, t.WithShape(shape...), op.Operands[0].Def.Operands[0]))
	return true
}

// sinkReshape keeps the channels apart where the reshape does: it changes the spatial axes only.
func (l *layout) sinkReshape(rw *rewrite.Rewriter, op *ir.Op) bool {
	x, t := op.In(0), op.Result().Type
	channelsX, channelsT := 1, 1
	if !l.last {
		channelsX, channelsT = x.Rank()-1, t.Rank()-1
	}
	if !l.borders[op.Operands[0].Def] || t.Rank() < 3 || !x.Shape[0].Equal(t.Shape[0]) || !x.Shape[channelsX].Equal(t.Shape[channelsT]) {
		return false
	}
	u, to := op.Operands[0].Def.Operands[0], t.WithShape(permuted(t.Shape, l.into(t.Rank()))...)
	if !provable(op.Parent(), tensor.Reshape, nil, to, u) {
		return false
	}
	l.leave(rw, op, rw.Typed(tensor.Reshape, nil, to, u))
	return true
}

// sinkPool pools images of the new layout.
func (l *layout) sinkPool(rw *rewrite.Rewriter, op *ir.Op) bool {
	x := op.Operands[0]
	if !l.borders[x.Def] || op.Bool("channels_last") == l.last || nn.SpatialAxis(op) != map[bool]int{true: 2, false: 1}[l.last] {
		return false
	}
	l.leave(rw, op, rw.Build(op.Def, op.Attrs.With("channels_last", ir.Bool(l.last)), x.Def.Operands[0]))
	return true
}

// sinkGlobalPool takes the mean over whole spatial axes, which needs no window.
func (l *layout) sinkGlobalPool(rw *rewrite.Rewriter, op *ir.Op) bool {
	x, rank := op.Operands[0], op.In(0).Rank()
	output := op.Dims("output")
	if !l.last || !l.borders[x.Def] || len(output) != rank-2 || slices.ContainsFunc(output, func(d ir.Dim) bool { return !isOne(d) }) {
		return l.sinkPool(rw, op)
	}
	spatial := make([]int, rank-2)
	for i := range spatial {
		spatial[i] = 2 + i
	}
	attrs := ir.Attrs{ir.Set("axes", ir.OfInts(l.axes(rank, spatial...)...)), ir.Set("keep_dims", ir.Bool(true))}
	l.leave(rw, op, rw.Build(tensor.Mean, attrs, x.Def.Operands[0]))
	return true
}

// sinkReduction reduces the same axes; without keep_dims, those that are left come in the old order again.
func (l *layout) sinkReduction(rw *rewrite.Rewriter, op *ir.Op) bool {
	x, rank, old := op.Operands[0], op.In(0).Rank(), op.Ints("axes")
	axes := ir.Set("axes", ir.OfInts(l.axes(rank, old...)...))
	if op.Bool("keep_dims") || !l.borders[x.Def] {
		return l.sinkWith(rw, op, axes)
	}
	u := rw.Build(op.Def, op.Attrs.With(axes.Name, axes.Value), x.Def.Operands[0])
	left := slices.DeleteFunc(l.into(rank), func(a int) bool { return slices.Contains(old, a) })
	perm := make([]int, len(left)) // axis i of the old result is axis perm[i] of u
	for i := range perm {
		perm[i] = slices.Index(left, slices.Sorted(slices.Values(left))[i])
	}
	y := transposed(rw, u, perm)
	if y != u && slices.Equal(perm, l.back(len(perm))) {
		l.borders[y.Def] = true
	}
	rw.Replace(op, y)
	return true
}
