package lower

import (
	"math"
	"strings"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// norms holds normalisations and softmax.
func norms(t *Table) {
	for _, e := range []struct {
		target string
		def    *ir.OpDef
	}{
		{"aten.softmax", nn.Softmax}, {"aten._softmax", nn.Softmax}, {"aten.special_softmax", nn.Softmax},
		{"aten.log_softmax", nn.LogSoftmax}, {"aten._log_softmax", nn.LogSoftmax}, {"aten.special_log_softmax", nn.LogSoftmax},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x := c.Out(c.Value("self"))
			axis := ir.Attrs{ir.Set("axis", ir.Int(c.Axis("dim", x.Type.Rank())))}
			if x.Type.Rank() == 0 {
				return c.Reshape(c.One(e.def, axis, c.Unsqueeze(x, 0)))
			}
			return c.One(e.def, axis, x)
		}))
	}
	t.Add("aten._safe_softmax", One(func(c *Call) *ir.Value { // a line of nothing but -inf gives zeros
		x := c.Out(c.Value("self"))
		axis := c.Axis("dim", x.Type.Rank())
		y := c.One(nn.Softmax, ir.Attrs{ir.Set("axis", ir.Int(axis))}, x)
		hidden := c.Reduce(tensor.All, c.Compare(tensor.Eq, x, c.Like(x, math.Inf(-1))), true, axis)
		return c.Where(hidden, c.Like(y, 0), y)
	}))
	t.Add("aten._masked_softmax", One(maskedSoftmax))
	t.Add("aten.layer_norm", One(func(c *Call) *ir.Value {
		x := c.Value("input")
		return c.layerNorm(x, c.lastAxes(x))
	}))
	t.Add("aten.native_layer_norm", All(func(c *Call) []*ir.Value {
		x := c.Value("input")
		axes := c.lastAxes(x)
		vs := []*ir.Value{c.layerNorm(x, axes), nil, nil}
		if c.Used(1) || c.Used(2) {
			vs[1], vs[2] = c.statistics(x, axes)
		}
		return vs
	}))
	t.Add("aten.rms_norm", One(func(c *Call) *ir.Value {
		x := c.Value("input")
		return c.rmsNorm(x, c.lastAxes(x))
	}))
	t.Add("aten._fused_rms_norm", All(func(c *Call) []*ir.Value {
		x := c.Value("input")
		axes := c.lastAxes(x)
		vs := []*ir.Value{c.rmsNorm(x, axes), nil}
		if c.Used(1) {
			wide := c.Cast(x, opmath(x.Type.Elem))
			mean := c.Reduce(tensor.Mean, c.Mul(wide, wide), true, axes...)
			vs[1] = c.Cast(c.One(tensor.Rsqrt, nil, c.AddN(mean, c.rmsEps(x))), c.Result(1).Elem)
		}
		return vs
	}))
	t.Add("aten.group_norm", One(func(c *Call) *ir.Value {
		return c.groupNorm(c.Value("input"), c.Int("num_groups"))
	}))
	t.Add("aten.native_group_norm", All(func(c *Call) []*ir.Value {
		x := c.Value("input")
		vs := []*ir.Value{c.groupNorm(x, c.Int("group")), nil, nil}
		if c.Used(1) || c.Used(2) {
			grouped := c.Reshape(x, c.Dim("N"), ir.Const(int64(c.Int("group"))), c.Dim("C").FloorDiv(ir.Const(int64(c.Int("group")))).Mul(c.Dim("HxW")))
			mean, rstd := c.statistics(grouped, []int{2})
			vs[1], vs[2] = c.Squeeze(mean, 2), c.Squeeze(rstd, 2)
		}
		return vs
	}))
	t.Add("aten.instance_norm", One(func(c *Call) *ir.Value {
		if !c.Bool("use_input_stats") {
			return c.batchNorm(c.Value("running_mean"), c.Value("running_var"))
		}
		x := c.Value("input")
		mean, _, rstd := c.batchMoments(x, axesFrom(2, x.Type.Rank())...)
		return c.normalise(x, mean, rstd)
	}))
	batchNorms(t)
}

// lastAxes are the axes that the argument normalized_shape covers.
func (c *Call) lastAxes(x *ir.Value) []int {
	rank := x.Type.Rank()
	return axesFrom(rank-len(c.Dims("normalized_shape")), rank)
}

func (c *Call) layerNorm(x *ir.Value, axes []int) *ir.Value {
	attrs := ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("eps", ir.Float(c.Float("eps")))}
	return c.normalised(nn.LayerNorm, attrs, x, c.Maybe("weight"), c.Maybe("bias"))
}

// normalised builds a norm in the widest type of its operands, since PyTorch takes f32 parameters for f16 and bf16
// inputs, and gives the type of x.
func (c *Call) normalised(def *ir.OpDef, attrs ir.Attrs, x *ir.Value, params ...*ir.Value) *ir.Value {
	e := x.Type.Elem
	for _, p := range params {
		if p != nil {
			e = host.Promote(e, p.Type.Elem)
		}
	}
	operands := []*ir.Value{c.Cast(x, e)}
	for _, p := range params {
		operands = append(operands, c.Cast(p, e))
	}
	return c.Cast(c.One(def, attrs, operands...), x.Type.Elem)
}

// epsilon is the distance from 1 to the next number of a float type, or of the parts of a complex one.
func (c *Call) epsilon(e host.Elem) float64 {
	eps, ok := realOf(e).Epsilon()
	if !ok {
		c.Failf("%s has no epsilon: expected a float type, or the argument eps", e)
	}
	return eps
}

// rmsEps is eps, or the epsilon of the type that the norm is computed in.
func (c *Call) rmsEps(x *ir.Value) float64 {
	if c.Has("eps") {
		return c.Float("eps")
	}
	return c.epsilon(opmath(x.Type.Elem))
}

func (c *Call) rmsNorm(x *ir.Value, axes []int) *ir.Value {
	if x.Type.Elem.IsComplex() {
		mean := c.Reduce(tensor.Mean, c.Mul(x, x), true, axes...)
		y := c.Mul(x, c.One(tensor.Rsqrt, nil, c.AddN(mean, c.rmsEps(x))))
		if w := c.Maybe("weight"); w != nil {
			y = c.Mul(y, w)
		}
		return y
	}
	attrs := ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("eps", ir.Float(c.rmsEps(x)))}
	return c.normalised(nn.RMSNorm, attrs, x, c.Maybe("weight"))
}

func (c *Call) groupNorm(x *ir.Value, groups int) *ir.Value {
	attrs := ir.Attrs{ir.Set("groups", ir.Int(groups)), ir.Set("eps", ir.Float(c.Float("eps")))}
	return c.normalised(nn.GroupNorm, attrs, x, c.Maybe("weight"), c.Maybe("bias"))
}

// moments are mean and variance along axes, kept as axes of size 1, in the type they are computed in.
func (c *Call) moments(x *ir.Value, axes ...int) (mean, variance *ir.Value) {
	variance, mean = c.varianceOver(c.Cast(x, opmath(x.Type.Elem)), 0, true, axes...)
	return mean, variance
}

// batchMoments are the moments as batch normalisation measures them: PyTorch keeps mean and root in the type of x, and so
// rounds f16 and bf16 on the way; of bf16 the sum of squares and the variance too.
func (c *Call) batchMoments(x *ir.Value, axes ...int) (mean, variance, rstd *ir.Value) {
	e := x.Type.Elem
	rounded := func(v *ir.Value) *ir.Value { return c.Cast(c.Cast(v, e), opmath(e)) }
	wide := c.Cast(x, opmath(e))
	mean = c.Reduce(tensor.Mean, wide, true, axes...)
	off := c.Sub(wide, mean)
	squares, count := c.Sum(c.Mul(off, off), true, axes...), c.Number(x, opmath(e), axes...)
	if e == host.BF16 {
		variance = rounded(c.Div(rounded(squares), count))
	} else {
		variance = c.Div(squares, count)
	}
	return rounded(mean), variance, rounded(c.One(tensor.Rsqrt, nil, c.AddN(variance, c.Float("eps"))))
}

// statistics are what training keeps of a norm, in the types the file states: mean and 1/sqrt(variance + eps).
func (c *Call) statistics(x *ir.Value, axes []int) (mean, rstd *ir.Value) {
	mean, variance := c.moments(x, axes...)
	rstd = c.One(tensor.Rsqrt, nil, c.AddN(variance, c.Float("eps")))
	return c.Cast(mean, c.Result(1).Elem), c.Cast(rstd, c.Result(2).Elem)
}

// perChannel gives an optional parameter of a channel the axes of x.
func (c *Call) perChannel(name string, x *ir.Value) *ir.Value {
	v := c.Maybe(name)
	if v == nil {
		return nil
	}
	return c.alongAxis(v, 1, x.Type.Rank())
}

// normalise is (x - mean) * rstd * weight + bias, as a factor and a term for each channel.
func (c *Call) normalise(x, mean, rstd *ir.Value) *ir.Value {
	e := opmath(x.Type.Elem)
	scale := rstd
	if w := c.perChannel("weight", x); w != nil {
		scale = c.Mul(scale, c.Cast(w, e))
	}
	shift := c.Neg(c.Mul(mean, scale))
	if b := c.perChannel("bias", x); b != nil {
		shift = c.Add(c.Cast(b, e), shift)
	}
	return c.Cast(c.Add(c.Mul(c.Cast(x, e), scale), shift), x.Type.Elem)
}

func (c *Call) batchNorm(mean, variance *ir.Value) *ir.Value {
	attrs := ir.Attrs{ir.Set("eps", ir.Float(c.Float("eps")))}
	return c.normalised(nn.BatchNorm, attrs, c.Value("input"), mean, variance, c.Maybe("weight"), c.Maybe("bias"))
}

// batchNorms holds the many targets of batch normalisation. In training mode it uses the batch's own statistics.
func batchNorms(t *Table) {
	t.Add("aten.batch_norm", One(func(c *Call) *ir.Value {
		y, _, _, _ := c.batchNormIn(c.Bool("training"))
		return y
	}))
	for _, target := range []string{"aten.native_batch_norm", "aten._native_batch_norm_legit", "aten._native_batch_norm_legit_no_training",
		"aten._native_batch_norm_legit_functional", "aten._batch_norm_with_update", "aten._batch_norm_with_update_functional", "aten._batch_norm_no_update"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			training := c.Has("training") && c.Bool("training") || strings.HasPrefix(target, "aten._batch_norm_with_update")
			y, mean, variance, rstd := c.batchNormIn(training)
			vs := make([]*ir.Value, c.Results())
			vs[0] = y
			x := c.Value("input")
			if training && mean != nil {
				if c.Used(1) || c.Used(2) {
					vs[1] = c.Cast(c.Flat(mean), c.Result(1).Elem)
					vs[2] = c.Cast(c.Flat(rstd), c.Result(2).Elem)
				}
				c.runningStats(vs, x, mean, variance)
				return c.absentEmpty(vs)
			}
			if n := len(vs); n > 4 {
				vs[n-2], vs[n-1] = c.Cast(c.Value("running_mean"), c.Result(n-2).Elem), c.Cast(c.Value("running_var"), c.Result(n-1).Elem)
			}
			return c.absentEmpty(vs) // nothing was measured: the statistics are empty
		}))
	}
}

func (c *Call) batchNormIn(training bool) (y, mean, variance, rstd *ir.Value) {
	x := c.Value("input")
	if x.Type.NumElements().Equal(ir.Const(0)) {
		return x, nil, nil, nil
	}
	if !training && c.Has("running_mean") {
		return c.batchNorm(c.Value("running_mean"), c.Value("running_var")), nil, nil, nil
	}
	mean, variance, rstd = c.batchMoments(x, without(x, 1)...)
	return c.normalise(x, mean, rstd), mean, variance, rstd
}

// runningStats fills in the new running statistics, the last two of more than four results.
func (c *Call) runningStats(vs []*ir.Value, x, mean, variance *ir.Value) {
	n := len(vs)
	if n <= 4 || !c.Has("running_mean") {
		return
	}
	axes := without(x, 1)
	count := c.Number(x, mean.Type.Elem, axes...)
	unbiased := c.Mul(variance, c.Div(count, c.AddN(count, -1)))
	momentum := c.Float("momentum")
	mix := func(name string, now *ir.Value) *ir.Value {
		old := c.Value(name)
		e := opmath(old.Type.Elem)
		return c.Cast(c.Add(c.MulN(c.Cast(old, e), 1-momentum), c.MulN(c.Cast(c.Flat(now), e), momentum)), old.Type.Elem)
	}
	vs[n-2] = c.Cast(mix("running_mean", mean), c.Result(n-2).Elem)
	vs[n-1] = c.Cast(mix("running_var", unbiased), c.Result(n-1).Elem)
}

// maskedSoftmax is softmax of what a mask does not hide; a line hidden as a whole is NaN.
func maskedSoftmax(c *Call) *ir.Value {
	x, mask := c.Value("self"), c.Cast(c.Value("mask"), host.Bool)
	if rank := x.Type.Rank(); rank == 4 && mask.Type.Rank() == 2 && c.Has("mask_type") && c.Int("mask_type") == 1 { // of keys
		mask = c.Unsqueeze(c.Unsqueeze(mask, 1), 1)
	}
	axis := x.Type.Rank() - 1
	if c.Has("dim") {
		axis = c.Axis("dim", x.Type.Rank())
	}
	return c.One(nn.Softmax, ir.Attrs{ir.Set("axis", ir.Int(axis))}, c.Where(mask, c.Like(x, math.Inf(-1)), x))
}
