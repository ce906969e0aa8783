package lower

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// self is the tensor argument of targets that vanish; its name differs.
func (c *Call) self() *ir.Value {
	for _, name := range []string{"self", "input", "tensor"} {
		if c.Has(name) {
			return c.Value(name)
		}
	}
	return c.Value("self")
}

// identities holds targets that do nothing, convert the element type, or cannot be seen in a functional program.
func identities(t *Table) {
	for _, target := range []string{"aten.alias", "aten.alias_copy", "aten.detach", "aten.detach_copy", "aten.detach_", "aten.contiguous", "aten.clone", "aten.lift", "aten.lift_fresh",
		"aten.lift_fresh_copy", "aten.to", "aten._to_copy", "aten.type_as", "aten.resolve_neg", "aten._cast_Float", "aten._cast_Half",
		"aten._cast_Long", "aten._cast_Double", "aten._cast_Int", "aten._cast_Short", "aten._cast_Char", "aten._cast_Byte", "aten.requires_grad_", "aten._autocast_to_reduced_precision",
		"aten._autocast_to_full_precision", "aten.dequantize.self", "prims.convert_element_type", "prims.clone"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			if c.Callee() == "prims.convert_element_type.default" {
				return c.Out(c.Value("a"))
			}
			return c.Out(c.self())
		}))
	}
	for _, target := range []string{"aten.dropout", "aten.feature_dropout", "aten.alpha_dropout", "aten.feature_alpha_dropout", "aten.native_dropout"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			if c.Has("train") && c.Bool("train") && c.Float("p") > 0 {
				c.Failf("the model drops elements at random (train=True): export it in eval mode, model.eval()")
			}
			x := c.Value("input")
			if c.Results() == 2 {
				return []*ir.Value{x, c.Fill(ir.Bool(true), c.Result(1))}
			}
			return []*ir.Value{x}
		}))
	}
	for _, target := range []string{"aten._assert_tensor_metadata", "aten._assert_scalar", "aten._assert_async", "aten.sym_constrain_range",
		"aten.sym_constrain_range_for_size", "aten._functional_assert_async", "aten._functional_assert_scalar"} {
		t.Add(target, All(func(c *Call) []*ir.Value { return make([]*ir.Value, c.Results()) }))
	}
	t.Add("aten._to_cpu", All(func(c *Call) []*ir.Value { return c.Values("tensors") }))
	t.Add("aten.copy", One(func(c *Call) *ir.Value { return c.ExpandTo(c.Out(c.Value("src")), c.Result(0)) }))
	for _, target := range []string{"aten.item", "aten._local_scalar_dense"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Out(c.Reshape(c.Value("self")))
			if b := c.Binds(); b != nil {
				return c.bind(x)
			}
			return x
		}))
	}
}

// shapes holds the views: targets whose elements are those of one tensor in another shape or order.
func shapes(t *Table) {
	for _, target := range []string{"aten.view.default", "aten.reshape", "aten._unsafe_view", "aten._reshape_alias", "aten.view_as", "aten.reshape_as",
		"aten.flatten", "aten.unflatten", "aten.ravel", "aten.squeeze", "aten.unsqueeze", "aten.atleast_1d.default", "aten.atleast_2d.default",
		"aten._reshape_copy", "aten._reshape_alias_copy", "aten.view_copy.default", "aten.squeeze_copy", "aten.unsqueeze_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.ReshapeTo(c.Value("self"), c.Result(0)) }))
	}
	t.Add("aten.atleast_3d.default", One(func(c *Call) *ir.Value { return c.ReshapeTo(c.Value("self"), c.Result(0)) }))
	for _, target := range []string{"aten.atleast_1d.Sequence", "aten.atleast_2d.Sequence", "aten.atleast_3d.Sequence"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			vs := c.Values("tensors")
			for i, v := range vs {
				vs[i] = c.ReshapeTo(v, c.Result(i))
			}
			return vs
		}))
	}
	for _, target := range []string{"aten.expand", "aten.expand_as", "aten.broadcast_to", "aten.expand_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.ExpandTo(c.Value("self"), c.Result(0)) }))
	}
	for _, target := range []string{"aten.permute", "aten.permute_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if x.Type.Rank() == 0 {
				return x
			}
			return c.Transpose(x, c.Axes("dims", x.Type.Rank())...)
		}))
	}
	for _, target := range []string{"aten.transpose", "aten.transpose_copy", "aten.swapaxes", "aten.swapdims"} {
		names := [2]string{"dim0", "dim1"}
		if target == "aten.swapaxes" {
			names = [2]string{"axis0", "axis1"}
		}
		t.Add(target, One(func(c *Call) *ir.Value { return c.Swap(c.Value("self"), c.Int(names[0]), c.Int(names[1])) }))
	}
	for _, target := range []string{"aten.t", "aten.t_copy", "aten.mT", "aten.numpy_T", "aten.matrix_H", "aten.mH", "aten.adjoint"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			rank := x.Type.Rank()
			if rank < 2 {
				return x
			}
			if target == "aten.mH" || target == "aten.matrix_H" || target == "aten.adjoint" {
				return c.adjoint(x)
			}
			if target == "aten.numpy_T" {
				perm := axesFrom(0, rank)
				slices.Reverse(perm)
				return c.Transpose(x, perm...)
			}
			return c.Swap(x, -2, -1)
		}))
	}
	for _, target := range []string{"aten.movedim", "aten.moveaxis"} {
		t.Add(target, One(moveDim))
	}
	for _, target := range []string{"aten.slice", "aten.slice_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			axis, start, stop := c.sliceArgs(x)
			return c.sizeBound(c.Slice(x, axis, start, stop, c.Int("step")))
		}))
	}
	for _, target := range []string{"aten.select", "aten.select_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			axis := c.Axis("dim", x.Type.Rank())
			return c.Select(x, axis, c.fromEnd(c.Dim("index"), x.Type.Shape[axis]))
		}))
	}
	for _, target := range []string{"aten.narrow", "aten.narrow_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			axis := c.Axis("dim", x.Type.Rank())
			return c.Part(x, axis, c.fromEnd(c.Dim("start"), x.Type.Shape[axis]), c.Dim("length"))
		}))
	}
	t.Add("aten.sym_storage_offset", One(storageOffset))
	t.Add("aten.slice_scatter", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		axis, start, stop := c.sliceArgs(x)
		src := c.Cast(c.Value("src"), x.Type.Elem)
		if c.Int("step") == 1 && start.Equal(ir.Const(0)) && stop.Equal(x.Type.Shape[axis]) {
			return c.ExpandTo(src, x.Type)
		}
		return c.update(x, src, axis, start, c.Int("step"))
	}))
	t.Add("aten.select_scatter", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		axis := c.Axis("dim", x.Type.Rank())
		src := c.Unsqueeze(c.Cast(c.Value("src"), x.Type.Elem), axis)
		return c.update(x, src, axis, c.fromEnd(c.Dim("index"), x.Type.Shape[axis]), 1)
	}))
	for _, target := range []string{"aten.unfold", "aten.unfold_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if x.Type.Rank() == 0 {
				return c.ReshapeTo(x, c.Result(0))
			}
			axis := c.Axis("dimension", x.Type.Rank())
			windows := c.windows(c.Result(0).Shape[axis], c.Int("size"), c.Int("step"), 1)
			return c.Move(c.Take(x, windows, axis), axis+1, -1)
		}))
	}
}

// sizeBound makes sizes that follow from others the symbols that the call binds, as PyTorch has it where bounds depend on data.
func (c *Call) sizeBound(v *ir.Value) *ir.Value {
	names, _ := c.Binds().(ir.Dims)
	for _, name := range names {
		for i, d := range c.Result(0).Shape {
			if d.Equal(name) && i < v.Type.Rank() {
				c.One(core.Bind, ir.Attrs{ir.Set("binds", ir.Dims{name})}, c.Size(v.Type.Shape[i], host.I64))
				v = c.Reshape(v, withAxis(v.Type, i, name).Shape...)
				break
			}
		}
	}
	return v
}

// storageOffset is where a view of slices begins in the memory of the tensor it was cut from, which counts row-major.
func storageOffset(c *Call) *ir.Value {
	at, _ := c.placeOf(c.Value("self"))
	return c.bind(c.Size(at, host.I64))
}

func (c *Call) placeOf(v *ir.Value) (at ir.Dim, strides []ir.Dim) {
	for _, view := range []*ir.OpDef{tensor.Transpose, tensor.Expand, tensor.Flip} {
		if v.DefinedBy(view) {
			c.Failf("where %s begins in memory is known of slices only", v.Type)
		}
	}
	shape := v.Type.Shape
	switch {
	case v.DefinedBy(tensor.Slice):
		at, strides = c.placeOf(v.Def.Operands[0])
		axis := v.Def.Int("axis")
		at = at.Add(v.Def.Dim("start").Mul(strides[axis]))
		strides[axis] = strides[axis].Mul(ir.Const(int64(v.Def.Int("step"))))
		return at, strides
	case v.DefinedBy(tensor.Reshape) && v.Def.In(0).Rank() == len(shape):
		return c.placeOf(v.Def.Operands[0])
	case v.DefinedBy(tensor.Reshape) && v.Def.Operands[0].DefinedBy(tensor.Slice) && v.Def.In(0).Rank() == len(shape)+1:
		at, strides = c.placeOf(v.Def.Operands[0])
		axis := v.Def.Operands[0].Def.Int("axis") // an axis of size 1 was selected and dropped
		return at, slices.Delete(strides, axis, axis+1)
	}
	stride := ir.Const(1)
	strides = make([]ir.Dim, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i], stride = stride, stride.Mul(shape[i])
	}
	return ir.Const(0), strides
}

func (c *Call) update(base, src *ir.Value, axis int, start ir.Dim, step int) *ir.Value {
	return c.One(state.SliceUpdate, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", ir.OfDim(start)), ir.Set("step", ir.Int(step))}, base, src)
}

// windows is the index tensor [n, size] with element (i, k) = i*stride + k*dilation.
func (c *Call) windows(n ir.Dim, size, stride, dilation int) *ir.Value {
	at := c.Iota(ir.TensorOf(host.I64, n, ir.Const(1)), 0, ir.Int(0), ir.Int(stride))
	in := c.Iota(ir.StaticType(host.I64, size), 0, ir.Int(0), ir.Int(dilation))
	return c.Add(at, in)
}

func moveDim(c *Call) *ir.Value {
	x := c.Value("self")
	rank := x.Type.Rank()
	from, to := c.Ints("source"), c.Ints("destination")
	if rank == 0 {
		return x
	}
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = -1
	}
	for i := range from {
		from[i] = c.axis(from[i], rank)
		perm[c.axis(to[i], rank)] = from[i]
	}
	next := 0
	for i := range perm {
		if perm[i] >= 0 {
			continue
		}
		for slices.Contains(from, next) {
			next++
		}
		perm[i], next = next, next+1
	}
	return c.Transpose(x, perm...)
}

// env is what is known about sizes.
func (c *Call) env() *ir.DimEnv { return c.b.Func.Env() }

func (c *Call) proven(a ir.Dim, rel ir.Relation, b ir.Dim) bool {
	return c.env().Prove(ir.Cond{Left: a, Rel: rel, Right: b}) == ir.True
}

// fromEnd adds the size of the axis to an index that counts from its end. Where the sign is not known, the index must
// not be negative, which becomes a guard.
func (c *Call) fromEnd(at, size ir.Dim) ir.Dim {
	zero := ir.Const(0)
	switch c.env().Prove(ir.Cond{Left: at, Rel: ir.RelLT, Right: zero}) {
	case ir.True:
		return c.env().Simplify(at.Add(size))
	case ir.Undecided:
		c.check(c.b.Func.Home(at).AddGuard(ir.Guard{Any: []ir.Cond{{Left: at, Rel: ir.RelGE, Right: zero}}}))
	}
	return at
}

// clampIndex brings the start or the stop of a slice into 0..size as Python does.
func (c *Call) clampIndex(at, size ir.Dim) ir.Dim {
	if n, ok := at.IsConst(); ok && n >= math.MaxInt64/2 {
		return size
	}
	at = c.fromEnd(at, size)
	switch zero := ir.Const(0); {
	case c.proven(at, ir.RelGE, size):
		return size
	case c.proven(at, ir.RelLE, zero):
		return zero
	case !c.proven(at, ir.RelGE, zero):
		at = at.Max(zero)
	}
	if !c.proven(at, ir.RelLE, size) {
		at = at.Min(size)
	}
	return c.env().Simplify(at)
}

// sliceArgs are axis, start and stop of a slice, with 0 <= start <= stop <= size.
func (c *Call) sliceArgs(x *ir.Value) (axis int, start, stop ir.Dim) {
	axis = c.Axis("dim", x.Type.Rank())
	size := x.Type.Shape[axis]
	start, stop = ir.Const(0), size
	if c.Has("start") {
		start = c.clampIndex(c.Dim("start"), size)
	}
	if c.Has("end") {
		stop = c.clampIndex(c.Dim("end"), size)
	}
	if !c.proven(start, ir.RelLE, stop) {
		stop = c.env().Simplify(stop.Max(start))
	}
	return axis, start, stop
}
