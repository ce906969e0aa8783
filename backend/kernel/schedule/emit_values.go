package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// valueTable is how elementwise operations are computed.
func valueTable() map[*ir.OpDef]valueFunc {
	return map[*ir.OpDef]valueFunc{
		tensor.Neg: plain(kernel.Neg), tensor.Abs: plain(kernel.Abs), tensor.Sign: sign, tensor.Not: plain(kernel.Not),
		tensor.Ceil: plain(kernel.Ceil), tensor.Floor: plain(kernel.Floor), tensor.Trunc: plain(kernel.Trunc), tensor.Round: plain(kernel.Round),
		tensor.Sqrt: plain(kernel.Sqrt), tensor.Rsqrt: plain(kernel.Rsqrt),
		tensor.Exp: plain(kernel.Exp), tensor.Exp2: plain(kernel.Exp2), tensor.Log: plain(kernel.Log), tensor.Log2: plain(kernel.Log2),
		tensor.Expm1: expm1, tensor.Log1p: log1p, tensor.Log10: log10, tensor.Sigmoid: sigmoid,
		tensor.Sin: plain(kernel.Sin), tensor.Cos: plain(kernel.Cos), tensor.Tan: tan, tensor.Tanh: plain(kernel.Tanh), tensor.Erf: plain(kernel.Erf),
		tensor.IsNaN: isNaN, tensor.IsInf: isInf,

		tensor.Add: ofBools(kernel.Or, plain(kernel.Add)), tensor.Sub: plain(kernel.Sub), tensor.Mul: ofBools(kernel.And, plain(kernel.Mul)),
		tensor.Div: plain(kernel.Div), tensor.Pow: pow,
		tensor.Min: ofBools(kernel.And, plain(kernel.Min)), tensor.Max: ofBools(kernel.Or, plain(kernel.Max)),
		tensor.Fmin: unlessNaN(kernel.Min), tensor.Fmax: unlessNaN(kernel.Max),
		tensor.And: plain(kernel.And), tensor.Or: plain(kernel.Or), tensor.Xor: plain(kernel.Xor), tensor.Shl: shl, tensor.Shr: shr,
		tensor.Copysign: copysign,
		tensor.TruncDiv: truncDiv, tensor.FloorDiv: floorDiv, tensor.Fmod: fmod, tensor.Remainder: remainder,

		tensor.Eq: comparison(kernel.Equal, false, false), tensor.Ne: comparison(kernel.Equal, false, true),
		tensor.Lt: comparison(kernel.Less, false, false), tensor.Gt: comparison(kernel.Less, true, false),
		tensor.Le: comparison(kernel.LessEqual, false, false), tensor.Ge: comparison(kernel.LessEqual, true, false),
		tensor.Where: func(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
			return e.Select(a[0], a[1], a[2]), nil
		},
	}
}

func plain(op kernel.Op) valueFunc {
	return func(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) { return e.Op(op, a...), nil }
}

// ofBools takes another operation where the operands are bools.
func ofBools(op kernel.Op, otherwise valueFunc) valueFunc {
	return func(e *emitter, o *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
		if a[0].Type.Elem == host.Bool {
			return e.Op(op, a...), nil
		}
		return otherwise(e, o, a)
	}
}

func comparison(op kernel.Op, swap, not bool) valueFunc {
	return func(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
		x, y := a[0], a[1]
		if swap {
			x, y = y, x
		}
		if x.Type.Elem == host.Bool {
			x, y = e.Cast(x, host.U8), e.Cast(y, host.U8)
		}
		v := e.Op(op, x, y)
		if not {
			v = e.Op(kernel.Not, v)
		}
		return v, nil
	}
}

func sign(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	x := a[0]
	n := func(v float64) *kernel.Value { return e.Number(x.Type, v) }
	positive := e.Select(e.Op(kernel.Less, n(0), x), n(1), n(0))
	if x.Type.Elem.Kind() == host.KindUint {
		return positive, nil
	}
	return e.Select(e.Op(kernel.Less, x, n(0)), n(-1), positive), nil
}

func sigmoid(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	one := e.Float(a[0].Type, 1)
	return e.Op(kernel.Div, one, e.Op(kernel.Add, one, e.Op(kernel.Exp, e.Op(kernel.Neg, a[0])))), nil
}

func tan(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	return e.Op(kernel.Div, e.Op(kernel.Sin, a[0]), e.Op(kernel.Cos, a[0])), nil
}

func log10(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	return e.Op(kernel.Mul, e.Op(kernel.Log, a[0]), e.Float(a[0].Type, 1/math.Ln10)), nil
}

// expm1 corrects exp(x) - 1 by the error that exp(x) has: (u - 1) * x / log(u) with u = exp(x) (W. Kahan).
func expm1(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	x := a[0]
	n := func(v float64) *kernel.Value { return e.Float(x.Type, v) }
	u := e.Op(kernel.Exp, x)
	less := e.Op(kernel.Sub, u, n(1))
	v := e.Op(kernel.Div, e.Op(kernel.Mul, less, x), e.Op(kernel.Log, u))
	v = e.Select(e.Op(kernel.Less, e.Op(kernel.Abs, x), n(0.5)), v, less)
	return e.Select(e.Op(kernel.Equal, u, n(1)), x, v), nil
}

// log1p corrects log(1 + x) by the error that 1 + x has: log(u) * x / (u - 1) with u = 1 + x (W. Kahan).
func log1p(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	x := a[0]
	n := func(v float64) *kernel.Value { return e.Float(x.Type, v) }
	u := e.Op(kernel.Add, x, n(1))
	log := e.Op(kernel.Log, u)
	v := e.Op(kernel.Mul, log, e.Op(kernel.Div, x, e.Op(kernel.Sub, u, n(1))))
	v = e.Select(e.Op(kernel.Less, e.Op(kernel.Abs, x), n(0.5)), v, log)
	return e.Select(e.Op(kernel.Equal, u, n(1)), x, v), nil
}

func isNaN(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	if !a[0].Type.Elem.IsFloat() {
		return e.Int(kernel.Type{Elem: host.Bool, Lanes: a[0].Type.Lanes}, 0), nil
	}
	return e.Op(kernel.IsNaN, a[0]), nil
}

func isInf(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	if !a[0].Type.Elem.IsFloat() {
		return e.Int(kernel.Type{Elem: host.Bool, Lanes: a[0].Type.Lanes}, 0), nil
	}
	return e.Op(kernel.Equal, e.Op(kernel.Abs, a[0]), e.Float(a[0].Type, math.Inf(1))), nil
}

// powers are the exponents that need no logarithm.
var powers = map[float64]func(e *emitter, x *kernel.Value) *kernel.Value{
	0.5: func(e *emitter, x *kernel.Value) *kernel.Value { return e.Op(kernel.Sqrt, x) },
	1:   func(_ *emitter, x *kernel.Value) *kernel.Value { return x },
	2:   func(e *emitter, x *kernel.Value) *kernel.Value { return e.Op(kernel.Mul, x, x) },
	3:   func(e *emitter, x *kernel.Value) *kernel.Value { return e.Op(kernel.Mul, e.Op(kernel.Mul, x, x), x) },
	-1:  func(e *emitter, x *kernel.Value) *kernel.Value { return e.Op(kernel.Div, e.Float(x.Type, 1), x) },
}

func pow(e *emitter, op *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	n, ok := e.ConstOf(a[1])
	if f := powers[n]; ok && f != nil && (a[0].Type.Elem.IsFloat() || n > 0.5) {
		return f(e, a[0]), nil
	}
	switch a[0].Type.Elem {
	case host.F32:
		return inDouble(power)(e, op, a)
	case host.F64:
		return power(calc{e, a[0].Type}, a), nil
	}
	return nil, reason(op, "of integers only constant exponents 1, 2 and 3 are emitted")
}

func unlessNaN(which kernel.Op) valueFunc {
	return func(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
		v := e.Op(which, a[0], a[1])
		v = e.Select(e.Op(kernel.IsNaN, a[0]), a[1], v)
		return e.Select(e.Op(kernel.IsNaN, a[1]), a[0], v), nil
	}
}

func copysign(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	bits := map[host.Elem]host.Elem{host.F32: host.I32, host.F64: host.I64}[a[0].Type.Elem]
	x, y := e.Bits(a[0], bits), e.Bits(a[1], bits)
	top := e.Int(x.Type, math.MinInt64>>(64-bits.Bits()))
	v := e.Op(kernel.Or, e.Op(kernel.And, x, e.Op(kernel.Not, top)), e.Op(kernel.And, y, top))
	return e.Bits(v, a[0].Type.Elem), nil
}

// outside is where a shift is by less than nothing or by the type's width or more.
func (e *emitter) outside(by *kernel.Value) *kernel.Value {
	width := e.Int(by.Type, int64(by.Type.Elem.Bits()))
	out := e.Op(kernel.LessEqual, width, by)
	if by.Type.Elem.Kind() == host.KindInt {
		out = e.Op(kernel.Or, out, e.Op(kernel.Less, by, e.Int(by.Type, 0)))
	}
	return out
}

func shl(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	out, none := e.outside(a[1]), e.Int(a[1].Type, 0)
	return e.Select(out, none, e.Op(kernel.ShiftLeft, a[0], e.Select(out, none, a[1]))), nil
}

func shr(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	out, none := e.outside(a[1]), e.Int(a[1].Type, 0)
	if a[0].Type.Elem.Kind() == host.KindInt { // nothing but the sign is left
		most := e.Int(a[1].Type, int64(a[1].Type.Elem.Bits()-1))
		return e.Op(kernel.ShiftRight, a[0], e.Select(out, most, a[1])), nil
	}
	return e.Select(out, none, e.Op(kernel.ShiftRight, a[0], e.Select(out, none, a[1]))), nil
}

// divisor makes an integer divisor safe: 1 in place of 0, which is told, and of -1, for which the quotient is the negated
// dividend, as that of the least integer does not fit.
func (e *emitter) divisor(b *kernel.Value) (safe, negative *kernel.Value) {
	n := func(v int64) *kernel.Value { return e.Int(b.Type, v) }
	if c, ok := e.ConstOf(b); !ok || c == 0 {
		null := e.Op(kernel.Equal, b, n(0))
		found := null
		if m := e.mask(e.conds, b.Type.Lanes); m != nil {
			found = e.Op(kernel.And, null, m)
		}
		if b.Type.Lanes > 1 {
			found = e.Op(kernel.Any, found)
		}
		e.tell(e.Cast(found, host.I32))
		b = e.Select(null, n(1), b)
	}
	if b.Type.Elem.Kind() == host.KindInt {
		negative = e.Op(kernel.Equal, b, n(-1))
		b = e.Select(negative, n(1), b)
	}
	return b, negative
}

func (e *emitter) quotient(a, b *kernel.Value) (q, r, safe *kernel.Value) {
	safe, negative := e.divisor(b)
	q, r = e.Op(kernel.Div, a, safe), e.Op(kernel.Rem, a, safe)
	if negative != nil {
		q = e.Select(negative, e.Op(kernel.Neg, a), q)
	}
	return q, r, safe
}

func truncDiv(e *emitter, _ *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	if a[0].Type.Elem.IsFloat() {
		return e.Op(kernel.Trunc, e.Op(kernel.Div, a[0], a[1])), nil
	}
	q, _, _ := e.quotient(a[0], a[1])
	return q, nil
}

func fmod(e *emitter, op *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	if a[0].Type.Elem.IsFloat() {
		return inDouble(floatMod)(e, op, a)
	}
	_, r, _ := e.quotient(a[0], a[1])
	return r, nil
}

// apart is where a remainder is not zero and has another sign than the divisor, so that rounding down differs.
func (e *emitter) apart(r, b *kernel.Value) *kernel.Value {
	n := e.Int(r.Type, 0)
	differ := e.Op(kernel.Xor, e.Op(kernel.Less, r, n), e.Op(kernel.Less, b, n))
	return e.Op(kernel.And, differ, e.Op(kernel.Not, e.Op(kernel.Equal, r, n)))
}

func floorDiv(e *emitter, op *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	if a[0].Type.Elem.IsFloat() {
		return inDouble(floatFloorDiv)(e, op, a)
	}
	q, r, _ := e.quotient(a[0], a[1])
	if q.Type.Elem.Kind() == host.KindUint {
		return q, nil
	}
	return e.Select(e.apart(r, a[1]), e.Op(kernel.Sub, q, e.Int(q.Type, 1)), q), nil
}

func remainder(e *emitter, op *ir.Op, a []*kernel.Value) (*kernel.Value, error) {
	if a[0].Type.Elem.IsFloat() {
		return inDouble(floatRemainder)(e, op, a)
	}
	_, r, _ := e.quotient(a[0], a[1])
	if r.Type.Elem.Kind() == host.KindUint {
		return r, nil
	}
	return e.Select(e.apart(r, a[1]), e.Op(kernel.Add, r, a[1]), r), nil
}
