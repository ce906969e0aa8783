package lower

import (
	"strings"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// primitives holds PyTorch's prims, which decompositions below the core level make: most are operators of aten under another
// name, or with arguments of other names. It comes after the families of aten.
func primitives(t *Table) {
	for name := range strings.FieldsSeq(`abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_not bitwise_or bitwise_xor
		cat ceil conj_physical cos cosh digamma eq erf erfc exp exp2 expm1 fill floor fmax fmin fmod gcd ge gt hypot igamma igammac
		imag isfinite le lgamma log log10 log1p log2 lt maximum minimum mul ne neg nextafter real reciprocal remainder rsqrt
		scalar_tensor sign sin sinh sqrt sub tan tanh trunc`) {
		t.twin(name, "aten."+name, "")
	}
	for _, e := range []struct{ name, target, args string }{
		{"bessel_i0", "aten.special_i0", ""}, {"bessel_i0e", "aten.special_i0e", ""}, {"bessel_i1", "aten.special_i1", ""},
		{"bessel_i1e", "aten.special_i1e", ""}, {"bessel_j0", "aten.special_bessel_j0", ""}, {"bessel_j1", "aten.special_bessel_j1", ""},
		{"spherical_bessel_j0", "aten.special_spherical_bessel_j0", ""}, {"erf_inv", "aten.erfinv", ""}, {"erfcx", "aten.special_erfcx", ""},
		{"ndtri", "aten.special_ndtri", ""}, {"zeta", "aten.special_zeta", ""}, {"frexp", "aten.frexp.Tensor", ""}, {"round", "aten.round.default", ""},
		{"pow", "aten.pow", "other=exponent"}, {"shift_left", "aten.bitwise_left_shift", ""}, {"shift_right_arithmetic", "aten.bitwise_right_shift", ""},
		{"where", "aten.where.self", "pred=condition a=self b=other"}, {"conj", "aten.conj", "a=self"}, {"view_of_dtype", "aten.view.dtype", "a=self"},
		{"transpose", "aten.permute", "a=self permutation=dims"}, {"rev", "aten.flip", "a=self"}, {"reshape", "aten.reshape", "a=self"},
		{"collapse", "aten.reshape", "a=self"}, {"collapse_view", "aten.reshape", "a=self"}, {"split_dim", "aten.reshape", "a=self"},
		{"squeeze", "aten.squeeze", "a=self"}, {"view_of", "aten.alias", "a=self"}, {"copy_strided", "aten.clone", "a=self"},
		{"device_put", "aten.to", "a=self"}, {"full", "aten.full", ""}, {"full_like", "aten.full_like", ""}, {"empty", "aten.empty", ""},
		{"empty_permuted", "aten.empty_permuted", ""}, {"empty_strided", "aten.empty_strided", ""}, {"svd", "aten.linalg_svd", ""},
		{"fft_c2c", "aten._fft_c2c", ""}, {"fft_r2c", "aten._fft_r2c", ""}, {"fft_c2r", "aten._fft_c2r", ""},
	} {
		t.twin(e.name, e.target, e.args)
	}
	for _, name := range []string{"sum", "prod", "amax", "amin"} {
		t.twin(name, "aten."+name, "inp=self dims=dim")
	}
	t.twin("var", "aten.var", "inp=self dims=dim")
	t.Add("prims.signbit", One(func(c *Call) *ir.Value { // the file states the type of self
		x := c.Value("self")
		c.restate(0, x.Type.WithElem(host.Bool))
		return c.signBit(x)
	}))
	t.Add("prims.div", One(func(c *Call) *ir.Value {
		def := tensor.Div
		if c.Result(0).Elem.IsInt() {
			def = tensor.TruncDiv
		}
		return c.One(def, nil, c.Value("self"), c.Value("other"))
	}))
	t.Add("prims.cbrt", Math(func(c *Call) *ir.Value {
		x := c.Value("self")
		root := c.Cast(c.Pow(c.Cast(c.Abs(x), host.F64), c.Const(ir.Float(1.0/3), host.F64)), x.Type.Elem)
		return c.One(tensor.Copysign, nil, root, x)
	}))
	t.Add("prims.fma", One(func(c *Call) *ir.Value { // the product is not rounded
		wide := c.Result(0).Elem
		if wide.IsFloat() {
			wide = host.F64
		}
		return c.Out(c.Add(c.Mul(c.Cast(c.Value("a"), wide), c.Cast(c.Value("b"), wide)), c.Cast(c.Value("c"), wide)))
	}))
	t.Add("prims.broadcast_in_dim", One(func(c *Call) *ir.Value {
		x := c.Value("a")
		dims := make([]ir.Dim, c.Result(0).Rank())
		for i := range dims {
			dims[i] = ir.Const(1)
		}
		places := c.Ints("broadcast_dimensions")
		if len(places) != x.Type.Rank() {
			c.Failf("broadcast_dimensions has %d items for %s", len(places), x.Type)
		}
		for i, place := range places {
			dims[c.axis(place, len(dims))] = x.Type.Shape[i]
		}
		return c.ExpandTo(c.Reshape(x, dims...), c.Result(0))
	}))
}

// twin enters a primitive that is another target, some of whose arguments have other names.
func (t *Table) twin(name, target, args string) {
	t.add("prims."+name, t.renamed(target, args), caller())
}

// renamed is the lowering of a target for a call whose arguments have other names: given=wanted, apart by spaces.
func (t *Table) renamed(target, args string) Lowering {
	fn := t.Lookup(target)
	if fn == nil {
		return nil // which Add reports
	}
	wanted := map[string]string{}
	for pair := range strings.FieldsSeq(args) {
		from, to, _ := strings.Cut(pair, "=")
		wanted[from] = to
	}
	return func(c *Call) ([]*ir.Value, error) {
		op := *c.Op
		op.Attrs = make(ir.Attrs, len(c.Op.Attrs))
		for i, a := range c.Op.Attrs {
			if to, ok := wanted[a.Name]; ok {
				a.Name = to
			}
			if a.Name == "callee" {
				a.Value = ir.String(target)
			}
			op.Attrs[i] = a
		}
		return fn(&Call{Op: &op, module: c.module, b: c.b})
	}
}
