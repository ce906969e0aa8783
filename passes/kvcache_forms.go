package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// indexPut turns tensor.index_put along one axis of a cache into state.index_update.
func (w *cacheWrites) indexPut(op *ir.Op) (*ir.Op, error) {
	if !op.Is(tensor.IndexPut) || len(op.Operands) != 3 || op.Bool("accumulate") || len(op.Ints("axes")) != 1 || op.In(2).Rank() != 1 || !ofCache(op.Parent(), op.Operands[0]) {
		return nil, nil
	}
	base, values, index, axis := op.Operands[0], op.Operands[1], op.Operands[2], op.Ints("axes")[0]
	block := slices.Clone(base.Type.Shape)
	block[axis] = index.Type.Shape[0]
	b := w.before(op, op)
	update, err := stretch(b, values, base.Type.WithShape(block...))
	if err != nil {
		return nil, err
	}
	y, err := b.One(state.IndexUpdate, ir.Attrs{ir.Set("axis", ir.Int(axis))}, base, update, index)
	if err != nil {
		return nil, err
	}
	w.replace(op, y)
	return y.Def, nil
}

// stretch broadcasts a value to a type; where only axes of size 1 are added it stays a view.
func stretch(b *ir.Builder, v *ir.Value, t ir.Type) (*ir.Value, error) {
	switch {
	case v.Type.Equal(t):
		return v, nil
	case sameDims(withoutLeadingOnes(v.Type.Shape), withoutLeadingOnes(t.Shape)):
		return b.Typed(tensor.Reshape, nil, t, v)
	}
	return b.Typed(tensor.Expand, nil, t, v)
}

// selectScatter turns where(arange == i, x, cache), which is what torch.select_scatter decomposes into, into an update of
// slice i.
func (w *cacheWrites) selectScatter(op *ir.Op) (*ir.Op, error) {
	if !op.Is(tensor.Where) || !ofCache(op.Parent(), op.Operands[2]) || !op.Result().Type.Equal(op.In(2)) {
		return nil, nil
	}
	base := op.Operands[2]
	axis, at, ok := w.oneIndex(op.Operands[0], base.Type)
	if !ok {
		return nil, nil
	}
	slice := slices.Clone(base.Type.Shape)
	slice[axis] = ir.Const(1)
	t := base.Type.WithShape(slice...)
	x := op.Operands[1]
	if x.DefinedBy(tensor.Expand) {
		x = x.Def.Operands[0]
	}
	if !sameDims(withoutLeadingOnes(x.Type.Shape), withoutLeadingOnes(slice)) {
		return nil, nil
	}
	b := w.before(op, op)
	update, err := stretch(b, x, t)
	if err != nil {
		return nil, err
	}
	y, err := b.One(state.SliceUpdate, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", ir.Int(at))}, base, update)
	if err != nil {
		return nil, err
	}
	w.replace(op, y)
	return y.Def, nil
}

// oneIndex finds axis and index in a condition that is true on just one slice of a tensor: arange == index, or constant
// data, which that folds to.
func (w *cacheWrites) oneIndex(cond *ir.Value, t ir.Type) (axis int, at int64, ok bool) {
	axis = -1
	lead := t.Rank() - cond.Type.Rank()
	for i, d := range cond.Type.Shape {
		switch {
		case isOne(d):
		case axis < 0 && lead >= 0 && d.Equal(t.Shape[lead+i]):
			axis = lead + i
		default:
			return 0, 0, false
		}
	}
	if axis < 0 {
		return 0, 0, false
	}
	size, static := t.Shape[axis].IsConst()
	if at, ok = w.onlyTrue(cond); !ok {
		at, ok = countedTo(cond)
	}
	return axis, at, ok && static && at >= 0 && at < size
}

// countedTo is the number in a condition arange == number.
func countedTo(cond *ir.Value) (int64, bool) {
	if !cond.DefinedBy(tensor.Eq) {
		return 0, false
	}
	number, _ := numberOf(cond.Def.Operands[1])
	n, isInt := number.(ir.Int)
	counted, _ := behindReshapes(cond.Def.Operands[0])
	counts := counted.DefinedBy(tensor.Iota) && len(counted.Def.Attrs) == 0 && counted.Type.Rank() == 1 &&
		counted.Type.NumElements().Equal(cond.Type.NumElements())
	return int64(n), isInt && counts
}

// onlyTrue is the index of the one true element of constant data.
func (w *cacheWrites) onlyTrue(cond *ir.Value) (int64, bool) {
	if n, static := cond.Type.NumElements().IsConst(); !cond.DefinedBy(core.Constant) || !static || n > maxData {
		return 0, false
	}
	name, named := cond.Def.Attr("value").(ir.Symbol)
	if !named {
		return 0, false
	}
	t, err := w.m.Resource(string(name)).Tensor()
	if err != nil {
		return 0, false // elided data
	}
	at, found := 0, 0
	for i := range t.Len() {
		if host.IntAt(t, i) != 0 {
			at = i
			found++
		}
	}
	return int64(at), found == 1
}

// wholeUpdate drops an update that writes over all of its base.
func (w *cacheWrites) wholeUpdate(op *ir.Op) (*ir.Op, error) {
	if !op.Is(state.SliceUpdate) || op.Int("step") != 1 || !op.In(0).Equal(op.In(1)) {
		return nil, nil
	}
	w.replace(op, op.Operands[1])
	return nil, nil
}

// writeBack finds a part that is taken out of a tensor, updated, and written back to its place,
//
//	%part = tensor.slice(%base) {axis = 0, start = 1, stop = 2}
//	%new = state.index_update(reshape(%part), %x, %i) {axis = 2}
//	%all = state.slice_update(%base, reshape(%new)) {axis = 0, start = 1}
//
// and makes it one update of the whole:
//
//	%all = state.index_update(%base, reshape(%x), %i) {axis = 3, at = [1, 0, 0, 0, 0]}
func (w *cacheWrites) writeBack(outer *ir.Op) (*ir.Op, error) {
	if !outer.Is(state.SliceUpdate) || outer.Int("step") != 1 || len(outer.Dims("at")) > 0 {
		return nil, nil
	}
	updated, shared := behindReshapes(outer.Operands[1])
	inner := updated.Def
	if !inner.Is(state.SliceUpdate) && !inner.Is(state.IndexUpdate) {
		return nil, nil
	}
	part, _ := behindReshapes(inner.Operands[0])
	if !isPart(part, outer) {
		return nil, nil
	}
	whole, ok := intoWhole(inner, part.Type, outer)
	if !ok {
		return nil, nil
	}
	at := outer
	if shared {
		at = inner // other users of the part stand before outer
	}
	b := w.before(at, inner, outer)
	if err := whole.build(b, inner); err != nil || whole.update == nil {
		return nil, err
	}
	if shared {
		b.Loc = inner.Loc.By(w.pass)
		if err := w.readBack(b, updated, whole.update, part); err != nil {
			return nil, err
		}
	}
	y := whole.update.Results[0]
	w.handOn(updated, outer.Result(), part)
	w.replace(outer, y)
	w.eraseDead(updated, y)
	return whole.update, nil
}

// behindReshapes looks through reshapes; shared says whether a value on the way has other users.
func behindReshapes(v *ir.Value) (behind *ir.Value, shared bool) {
	for {
		shared = shared || len(v.Uses()) > 1
		if !v.DefinedBy(tensor.Reshape) {
			return v, shared
		}
		v = v.Def.Operands[0]
	}
}

// isPart reports a slice of an update's base that is just what the update writes over.
func isPart(part *ir.Value, outer *ir.Op) bool {
	return part.DefinedBy(tensor.Slice) && part.Def.Operands[0] == outer.Operands[0] && part.Def.Int("axis") == outer.Int("axis") &&
		part.Def.Int("step") == 1 && part.Def.Dim("start").Equal(outer.Dim("start")) && part.Type.Equal(outer.In(1))
}

// wholeWrite is an update of a part, told in the axes of the whole.
type wholeWrite struct {
	base   *ir.Value
	attrs  ir.Attrs
	block  ir.Type // of what is written
	update *ir.Op  // once it is built; nil if what it needs is not proven
}

// intoWhole translates an update of a part into one of the whole that outer writes the part back to.
func intoWhole(inner *ir.Op, part ir.Type, outer *ir.Op) (*wholeWrite, bool) {
	axis, rank := outer.Int("axis"), part.Rank()
	place := func(i int) int { return i } // axis i of the updated tensor among those of the whole
	switch inner.In(0).Rank() {
	case rank:
		if !inner.In(0).Equal(part) {
			return nil, false
		}
	case rank - 1:
		if !isOne(part.Shape[axis]) || !sameDims(slices.Delete(slices.Clone(part.Shape), axis, axis+1), inner.In(0).Shape) {
			return nil, false
		}
		place = func(i int) int {
			if i >= axis {
				return i + 1
			}
			return i
		}
	default:
		return nil, false
	}
	at, block := make([]ir.Dim, rank), make([]ir.Dim, rank)
	for i := range at {
		at[i], block[i] = ir.Const(0), ir.Const(1)
	}
	for i, d := range inner.In(1).Shape {
		block[place(i)] = d
	}
	for i, d := range inner.Dims("at") {
		at[place(i)] = d
	}
	w := &wholeWrite{base: outer.Operands[0], attrs: inner.Attrs.With("axis", ir.Int(place(inner.Int("axis")))), block: part.WithShape(block...)}
	switch {
	case place(inner.Int("axis")) != axis:
		at[axis] = at[axis].Add(outer.Dim("start"))
	case inner.Is(state.SliceUpdate):
		w.attrs = w.attrs.With("start", ir.OfDim(inner.Dim("start").Add(outer.Dim("start"))))
	case !outer.Dim("start").Equal(ir.Const(0)):
		return nil, false // indices count from the start of the part
	}
	w.attrs = w.attrs.Without("at").Without("in_place")
	for i, d := range block {
		if i != place(inner.Int("axis")) && !d.Equal(w.base.Type.Shape[i]) {
			w.attrs = w.attrs.With("at", ir.OfDims(at...))
			break
		}
	}
	return w, true
}

// build makes the update where the function knows that it fits.
func (w *wholeWrite) build(b *ir.Builder, inner *ir.Op) error {
	x, err := stretchBack(b, inner.Operands[1], w.block)
	if err != nil {
		return err
	}
	operands := append([]*ir.Value{w.base, x}, inner.Operands[2:]...)
	if !provable(b.Func, inner.Def, w.attrs, w.base.Type, operands...) {
		if x != inner.Operands[1] {
			b.Func.Erase(x.Def)
		}
		return nil
	}
	w.update, err = b.Build(inner.Def, w.attrs, operands...)
	return err
}

// stretchBack shows a value in a type of as many elements.
func stretchBack(b *ir.Builder, v *ir.Value, t ir.Type) (*ir.Value, error) {
	if v.Type.Equal(t) {
		return v, nil
	}
	return b.Typed(tensor.Reshape, nil, t, v)
}

// readBack gives the other users of an updated part a view of the updated whole.
func (w *cacheWrites) readBack(b *ir.Builder, updated *ir.Value, whole *ir.Op, part *ir.Value) error {
	v, err := b.One(tensor.Slice, part.Def.Attrs, whole.Results[0])
	if err != nil {
		return err
	}
	if v, err = stretchBack(b, v, updated.Type); err != nil {
		return err
	}
	v.Name = updated.Name
	v.AddClaims(updated.Claims...)
	updated.Claims = nil
	updated.ReplaceAllUses(v)
	return nil
}

// handOn gives the claims of an updated part to a value that reads it back from the updated whole, if there is one.
func (w *cacheWrites) handOn(updated, whole, part *ir.Value) {
	for _, u := range whole.Uses() {
		if !u.Op.Is(tensor.Slice) || !slices.EqualFunc(u.Op.Attrs, part.Def.Attrs, func(a, b ir.Named) bool { return a.Name == b.Name && ir.EqualAttr(a.Value, b.Value) }) {
			continue
		}
		same := []*ir.Value{u.Op.Result()}
		for _, v := range u.Op.Result().Uses() {
			if v.Op.Is(tensor.Reshape) {
				same = append(same, v.Op.Result())
			}
		}
		for _, v := range same {
			if v.Type.Equal(updated.Type) {
				v.AddClaims(updated.Claims...)
				updated.Claims = nil
				return
			}
		}
	}
}
