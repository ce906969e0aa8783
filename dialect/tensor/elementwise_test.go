package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// evalOne builds and runs an elementwise operation.
func evalOne(t *testing.T, def *ir.OpDef, attrs ir.Attrs, stated *ir.Type, in ...*host.Tensor) (*host.Tensor, error) {
	t.Helper()
	types := make([]ir.Type, len(in))
	for i, x := range in {
		types[i] = ir.TypeOf(x)
	}
	op, err := build(def, attrs, stated, types...)
	if err != nil {
		return nil, err
	}
	out, err := def.Eval(&ir.EvalCtx{Size: func(string) (int64, bool) { return 7, true }}, op, in)
	if err != nil {
		return nil, err
	}
	if out[0].Elem != op.Result().Type.Elem || len(out[0].Shape) != op.Result().Type.Rank() {
		t.Fatalf("%s: evaluation gives %s, inference %s", def.Name, out[0], op.Result().Type)
	}
	return out[0], nil
}

// row makes a tensor of rank 1, the values converted as by a cast.
func row(e host.Elem, values ...any) *host.Tensor {
	out := host.New(e, len(values))
	if e.Packed() {
		wide := row(host.F64, values...)
		if err := host.Cast(host.Serial, out, wide); err != nil {
			panic(err)
		}
		return out
	}
	for i, v := range values {
		one, err := host.Scalar(e, v)
		if err == nil {
			err = host.Copy(host.Serial, out.Select(0, i), one)
		}
		if err != nil {
			panic(err)
		}
	}
	return out
}

func list(t *host.Tensor) string {
	var s []string
	for i := range t.Len() {
		s = append(s, fmt.Sprint(host.At(t, i)))
	}
	return strings.Join(s, " ")
}

func TestElementwiseInferErrors(t *testing.T) {
	f32, f16, i64, flag, c64 := static(host.F32, 2, 3), static(host.F16, 2, 3), static(host.I64, 2, 3), static(host.Bool, 2, 3), static(host.C64, 2, 3)
	i4 := static(host.I4, 3)
	tests := []struct {
		def    *ir.OpDef
		attrs  ir.Attrs
		stated *ir.Type
		in     []ir.Type
		want   string
	}{
		{Add, nil, nil, []ir.Type{f32, f16}, "operand 1 is f16, the first is f32: cast one of them"},
		{Add, nil, nil, []ir.Type{f32, static(host.F32, 2)}, "operands tensor<2x3xf32>, tensor<2xf32>: dimension 1 does not broadcast: 3 against 2"},
		{Add, nil, nil, []ir.Type{f32}, "operand 1 (b) is missing"},
		{Min, nil, nil, []ir.Type{c64, c64}, "is not defined for c64"},
		{Sub, nil, nil, []ir.Type{flag, flag}, "expected a numeric type"},
		{Div, nil, nil, []ir.Type{i64, i64}, "expected a float or complex type"},
		{Floor, nil, nil, []ir.Type{i64}, "expected a float type"},
		{Erf, nil, nil, []ir.Type{c64}, "expected a float type"},
		{And, nil, nil, []ir.Type{f32, f32}, "expected an integer type or bool"},
		{Lt, nil, nil, []ir.Type{c64, c64}, "is not defined for c64"},
		{Nextafter, nil, nil, []ir.Type{static(host.F8E4M3), static(host.F8E4M3)}, "is not defined for f8e4m3"},
		{Complex, nil, nil, []ir.Type{f16, f16}, "expected f32 or f64"},
		{Where, nil, nil, []ir.Type{f32, f32, f32}, "expected bool"},
		{Where, nil, nil, []ir.Type{flag, f32, f16}, "a is tensor<2x3xf32>, b is tensor<2x3xf16>: cast one of them"},
		{Where, nil, nil, []ir.Type{flag, static(host.F32, 4), f32}, "does not broadcast"},
		{Cast, nil, nil, []ir.Type{f32}, "stated result types"},
		{Bitcast, nil, nil, []ir.Type{f32}, "stated result types"},
		{Bitcast, nil, &i4, []ir.Type{f32}, "packed types have no bytes of their own"},
		{Bitcast, nil, &f16, []ir.Type{static(host.F32)}, "has no last axis"},
		{Bitcast, nil, &i64, []ir.Type{static(host.F32, 2, 3)}, "must be a multiple of 2"},
		{Fill, ir.Attrs{ir.Set("value", ir.String("x"))}, &f32, nil, "expected number"},
		{Fill, ir.Attrs{ir.Set("value", ir.Int(1))}, nil, nil, "stated result types"},
		{Iota, nil, nil, nil, "stated result types"},
		{Iota, nil, &flag, nil, "is not defined for bool"},
		{Iota, axis(2), &f32, nil, "axis 2 is outside a tensor of rank 2"},
		{Iota, axis(-1), &f32, nil, "axis -1 is outside a tensor of rank 2"},
		{Iota, ir.Attrs{ir.Set("start", ir.String("x"))}, &f32, nil, "start is neither a real number nor a size"},
		{Iota, ir.Attrs{ir.Set("step", ir.Complex(1i))}, &f32, nil, "step is no real number"},
	}
	for _, tt := range tests {
		if _, err := build(tt.def, tt.attrs, tt.stated, tt.in...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %v: got %v, want %q", tt.def.Name, tt.in, err, tt.want)
		}
	}
}

func TestElementwiseInferShapes(t *testing.T) {
	f32 := host.F32
	tests := []struct {
		def    *ir.OpDef
		stated *ir.Type
		in     []ir.Type
		want   string
	}{
		{Add, nil, []ir.Type{shaped(f32, symB, one), shaped(f32, symS)}, "tensor<[B]x[S]xf32>"},
		{Add, nil, []ir.Type{shaped(f32), shaped(f32, symS, one)}, "tensor<[S]x1xf32>"},
		{Eq, nil, []ir.Type{static(host.C64, 2, 1), static(host.C64, 1, 0)}, "tensor<2x0xbool>"},
		{Abs, nil, []ir.Type{static(host.C128, 2)}, "tensor<2xf64>"},
		{Complex, nil, []ir.Type{static(host.F64, 2), static(host.F64)}, "tensor<2xc128>"},
		{Where, nil, []ir.Type{static(host.Bool, 4, 1), shaped(host.I4, symS), static(host.I4)}, "tensor<4x[S]xi4>"},
	}
	for _, tt := range tests {
		op, err := build(tt.def, nil, tt.stated, tt.in...)
		if err != nil {
			t.Errorf("%s: %v", tt.def.Name, err)
		} else if got := op.Result().Type.String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.def.Name, got, tt.want)
		}
	}
	narrow, wide := shaped(host.U8, symB, symS.Mul(ir.Const(4))), shaped(host.F32, symB, symS)
	for _, tt := range [][2]ir.Type{{narrow, wide}, {wide, narrow}} {
		op, err := build(Bitcast, nil, &tt[1], tt[0])
		if err != nil {
			t.Errorf("bitcast %s to %s: %v", tt[0], tt[1], err)
		} else if types, err := op.InferTypes(&ir.InferCtx{Func: op.Parent()}); err != nil || !types[0].Equal(tt[1]) {
			t.Errorf("bitcast %s: got %v, %v, want %s", tt[0], types, err, tt[1])
		}
	}
}

// TestElementwiseEveryType runs each operation on every element type it accepts; those that inference accepts must
// evaluate.
func TestElementwiseEveryType(t *testing.T) {
	for _, def := range elementwiseOps {
		if def.Traits.Has(ir.Typed) {
			continue
		}
		ran := 0
		for _, e := range host.Elems() {
			in := make([]*host.Tensor, len(def.Operands))
			for i := range in {
				in[i] = row(e, 1.0, 1.0, 1.0)
				if def == Where && i == 0 {
					in[i] = row(host.Bool, true, false, true)
				}
			}
			_, err := evalOne(t, def, nil, nil, in...)
			switch {
			case err == nil:
				ran++
			case strings.Contains(err.Error(), "expected") || strings.Contains(err.Error(), "is not defined for"):
			default:
				t.Errorf("%s on %s: %v", def.Name, e, err)
			}
		}
		if ran == 0 {
			t.Errorf("%s is defined for no type", def.Name)
		}
	}
}

// What is not plain arithmetic; the values are those of torch 2.11 where it has the operation.
func TestElementwiseValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	f := func(e host.Elem, values ...any) []*host.Tensor { return []*host.Tensor{row(e, values...)} }
	two := func(e host.Elem, a, b []any) []*host.Tensor { return []*host.Tensor{row(e, a...), row(e, b...)} }
	type v = []any
	tests := []struct {
		def  *ir.OpDef
		in   []*host.Tensor
		want string
	}{
		{Neg, f(host.U8, 1, 0, 255), "255 0 1"},
		{Abs, f(host.I8, -128, 127, -1), "-128 127 1"},
		{Abs, f(host.C64, 3+4i, -1+0i), "5 1"},
		{Sign, f(host.F32, nan, math.Copysign(0, -1), -inf, 3.0), "0 0 -1 1"},
		{Sign, f(host.U8, 0, 200), "0 1"},
		{Sign, f(host.I64, math.MinInt64, 5), "-1 1"},
		{Round, f(host.F64, 2.5, -0.5, 3.5, inf), "2 -0 4 +Inf"},
		{Not, f(host.Bool, true, false), "false true"},
		{Not, f(host.I8, 0, -1, 5), "-1 0 -6"},
		{Not, f(host.U3, 0, 5), "7 2"},
		{Sqrt, f(host.C64, -4+0i), "(0+2i)"},
		{Exp, f(host.F16, 11.0, 12.0), "59872 +Inf"},
		{Exp, f(host.BF16, 1.0), "2.71875"},
		{Lgamma, f(host.F64, -inf, inf, 0.0, -1.0), "+Inf +Inf +Inf +Inf"},
		{Digamma, f(host.F64, 0.0, math.Copysign(0, -1), -2.0, inf, nan), "-Inf +Inf NaN +Inf NaN"},
		{Erfcx, f(host.F64, -30.0, inf, nan), "+Inf 0 NaN"},
		{IsNaN, f(host.C64, complex(nan, 1), 1+1i), "true false"},
		{IsInf, f(host.C64, complex(nan, -inf), 1+1i), "true false"},
		{IsInf, f(host.F8E5M2, 1e9, 1.0), "true false"},
		{Angle, f(host.C128, -1+0i, 0i), "3.141592653589793 0"},
		{Add, two(host.Bool, v{true, true, false}, v{true, false, false}), "true true false"},
		{Add, two(host.U8, v{250}, v{10}), "4"},
		{Add, two(host.F16, v{2048.0, 65504.0}, v{1.0, 16.0}), "2048 +Inf"},
		{Add, two(host.I4, v{7}, v{1}), "-8"},
		{Mul, two(host.I64, v{math.MaxInt64}, v{2}), "-2"},
		{Mul, two(host.C64, v{1 + 2i}, v{3 - 1i}), "(5+5i)"},
		{Div, two(host.F32, v{1.0, 0.0}, v{math.Copysign(0, -1), 0.0}), "-Inf NaN"},
		{FloorDiv, two(host.I32, v{7, -7, 7, -7, math.MinInt32}, v{2, 2, -2, -2, -1}), "3 -4 -4 3 -2147483648"},
		{FloorDiv, two(host.F32, v{7.0, -7.0, 1.0, -1.0, 5.0, 0.0}, v{2.0, 2.0, 0.0, inf, 0.1, 0.0}), "3 -4 +Inf -1 49 NaN"},
		{FloorDiv, two(host.U8, v{200}, v{7}), "28"},
		{TruncDiv, two(host.F32, v{7.0, -7.0, 1.0}, v{2.0, 2.0, 0.0}), "3 -3 +Inf"},
		{Remainder, two(host.F64, v{7.0, -7.0, 7.0, -1.0}, v{3.0, 3.0, -3.0, inf}), "1 2 -2 +Inf"},
		{Remainder, two(host.I8, v{-128, 5}, v{-1, -3}), "0 -1"},
		{Fmod, two(host.I64, v{-7, 7, math.MinInt64}, v{3, -3, -1}), "-1 1 0"},
		{Pow, two(host.I64, v{2, -1, -1, 1, 3, 0, 0}, v{10, -3, -2, -5, -1, 0, -1}), "1024 -1 1 1 0 1 0"},
		{Pow, two(host.U8, v{3}, v{5}), "243"},
		{Pow, two(host.F64, v{-8.0, nan, 1.0, 0.0, -2.0}, v{1.0 / 3, 0.0, nan, -1.0, 3.0}), "NaN 1 1 +Inf -8"},
		{Min, two(host.F32, v{nan, 1.0, inf}, v{1.0, nan, 2.0}), "NaN NaN 2"},
		{Max, two(host.Bool, v{true, false}, v{false, false}), "true false"},
		{Fmin, two(host.F32, v{nan, nan, 1.0}, v{1.0, nan, nan}), "1 NaN 1"},
		{Fmax, two(host.F64, v{nan, nan, 1.0, -inf}, v{1.0, nan, nan, 0.0}), "1 NaN 1 0"},
		{Shl, two(host.I64, v{1, 1, 1, -1}, v{62, 64, -1, 1}), "4611686018427387904 0 0 -2"},
		{Shl, two(host.U8, v{129, 1}, v{1, 8}), "2 0"},
		{Shr, two(host.I64, v{-8, -8, 8}, v{1, -1, 64}), "-4 -1 0"},
		{Shr, two(host.U16, v{65535}, v{15}), "1"},
		{Gcd, two(host.I8, v{-128, 0}, v{96, 0}), "32 0"},
		{Nextafter, two(host.F32, v{1.0, 0.0, nan}, v{2.0, -1.0, 1.0}), "1.0000001192092896 -1.401298464324817e-45 NaN"},
		{Nextafter, two(host.BF16, v{1.0, 1.0, -1.0, 2.0, inf, nan, 1.0}, v{2.0, 0.0, 0.0, 2.0, 0.0, 0.0, nan}),
			"1.0078125 0.99609375 -0.99609375 2 3.3895313892515355e+38 NaN NaN"},
		{Nextafter, two(host.F16, v{0.0, 65504.0}, v{-1.0, inf}), "-5.960464477539063e-08 +Inf"},
		{Eq, two(host.F64, v{nan, 0.0}, v{nan, math.Copysign(0, -1)}), "false true"},
		{Lt, two(host.Bool, v{false, true, true}, v{true, false, true}), "true false false"},
		{Ge, two(host.Bool, v{false, true, true}, v{true, false, true}), "false true true"},
		{Gt, two(host.U64, v{uint64(math.MaxUint64)}, v{1}), "true"},
		{Le, two(host.F32, v{nan, 1.0}, v{1.0, 1.0}), "false true"},
		{Hypot, two(host.F32, v{3e38}, v{0.0}), "3.0000000054977558e+38"},
		{Copysign, two(host.F32, v{nan, 2.0}, v{-1.0, -inf}), "NaN -2"},
	}
	for _, tt := range tests {
		got, err := evalOne(t, tt.def, nil, nil, tt.in...)
		if err != nil {
			t.Errorf("%s: %v", tt.def.Name, err)
		} else if list(got) != tt.want {
			t.Errorf("%s on %s of %s: got %s, want %s", tt.def.Name, list(tt.in[0]), tt.in[0].Elem, list(got), tt.want)
		}
	}
}

func TestDivisionByZero(t *testing.T) {
	for _, def := range []*ir.OpDef{FloorDiv, TruncDiv, Remainder, Fmod} {
		for _, e := range []host.Elem{host.I64, host.U8, host.I4} {
			_, err := evalOne(t, def, nil, nil, row(e, 1, 2), row(e, 1, 0))
			if err == nil || err.Error() != def.Name+": division by zero" {
				t.Errorf("%s on %s: got %v", def.Name, e, err)
			}
		}
		if _, err := evalOne(t, def, nil, nil, host.New(host.I64, 0), row(host.I64, 0)); err != nil {
			t.Errorf("%s of nothing: %v", def.Name, err)
		}
	}
}

// TestNarrowRoundsOnce adds and multiplies numbers of 16 bits, which is exact in float64.
func TestNarrowRoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, e := range []host.Elem{host.F16, host.BF16} {
		a, b := make([]any, 500), make([]any, 500)
		for i := range a {
			a[i], b[i] = r.NormFloat64(), r.NormFloat64()*16
		}
		x, y := row(e, a...), row(e, b...)
		for _, op := range []struct {
			def *ir.OpDef
			f   func(a, b float64) float64
		}{{Add, func(a, b float64) float64 { return a + b }}, {Mul, func(a, b float64) float64 { return a * b }}} {
			got, err := evalOne(t, op.def, nil, nil, x, y)
			if err != nil {
				t.Fatal(err)
			}
			for i := range a {
				exact := op.f(host.At(x, i).(float64), host.At(y, i).(float64))
				if want := host.At(row(e, exact), 0); host.At(got, i) != want {
					t.Fatalf("%s on %s: got %v, want %v", op.def.Name, e, host.At(got, i), want)
				}
			}
		}
	}
}

func TestSpecialFunctions(t *testing.T) {
	tests := []struct {
		name      string
		got, want float64
	}{
		{"digamma(0.5)", digamma(0.5), -1.96351002602142347944},
		{"digamma(10)", digamma(10), 2.25175258906672110765},
		{"digamma(100)", digamma(100), 4.60016185273808740020},
		{"digamma(-0.5)", digamma(-0.5), 0.03648997397857652056},
		{"digamma(1e-8)", digamma(1e-8), -100000000.57721564636},
		{"erfcx(0)", erfcx(0), 1},
		{"erfcx(-2)", erfcx(-2), 108.9409043899779724124},
		{"erfcx(1)", erfcx(1), 0.42758357615580700442},
		{"erfcx(9.999)", erfcx(9.999), 0.05614655260396593988},
		{"erfcx(10)", erfcx(10), 0.05614099274382258586},
		{"erfcx(1e10)", erfcx(1e10), 5.6418958354775628695e-11},
		{"sigmoid(-800)", sigmoid(-800), 0},
	}
	for _, tt := range tests {
		if math.Abs(tt.got-tt.want) > 1e-14*math.Abs(tt.want) {
			t.Errorf("%s: got %.17g, want %.17g", tt.name, tt.got, tt.want)
		}
	}
	small := complexExpm1(1e-10 + 1e-10i)
	if small != complex(1e-10, 1e-10) && math.Abs(real(small)/1e-10-1) > 1e-9 {
		t.Errorf("expm1: %v", small)
	}
	if got := complexLog1p(1e-12 + 1e-12i); math.Abs(real(got)/1e-12-1) > 1e-9 || math.Abs(imag(got)/1e-12-1) > 1e-9 {
		t.Errorf("log1p: %v", got)
	}
}

func TestCast(t *testing.T) {
	i32, f16 := static(host.I32, 2), static(host.F16, 2)
	got, err := evalOne(t, Cast, nil, &i32, row(host.F32, 3.9, math.Inf(1)))
	if err != nil || list(got) != "3 -2147483648" {
		t.Errorf("got %v, %v", got, err)
	}
	x := row(host.F16, 1.0, 2.0)
	if got, err = evalOne(t, Cast, nil, &f16, x); err != nil || got != x {
		t.Errorf("a cast to the same type copies: %v", err)
	}
	op, err := build(Cast, nil, &f16, f16)
	if err != nil || Cast.Fold(op) != op.Operands[0] {
		t.Errorf("a cast to the same type does not fold: %v", err)
	}
	if op, err = build(Cast, nil, &i32, f16); err != nil || Cast.Fold(op) != nil {
		t.Errorf("a real cast folds: %v", err)
	}
}

func TestBitcast(t *testing.T) {
	tests := []struct {
		in   *host.Tensor
		to   ir.Type
		want string
	}{
		{row(host.I16, 1, -1), static(host.U16, 2), "1 65535"},
		{row(host.I32, 0x01020304, -1), static(host.U8, 8), "4 3 2 1 255 255 255 255"},
		{row(host.U8, 0, 60, 0, 192), static(host.F16, 2), "1 -2"},
		{row(host.U8, 2, 0), static(host.Bool, 2), "true false"},
	}
	for _, tt := range tests {
		got, err := evalOne(t, Bitcast, nil, &tt.to, tt.in)
		if err != nil || list(got) != tt.want {
			t.Errorf("%s to %s: got %v, %v, want %s", tt.in, tt.to, list(got), err, tt.want)
		}
	}
	turned := host.New(host.I32, 2, 2)
	copy(host.Raw[int32](turned), []int32{1, 2, 3, 4})
	u32 := static(host.U32, 2, 2)
	if got, err := evalOne(t, Bitcast, nil, &u32, turned.Transpose([]int{1, 0})); err != nil || list(got) != "1 3 2 4" {
		t.Errorf("transposed: got %v, %v", got, err)
	}
}

func TestCreate(t *testing.T) {
	attrs := func(pairs ...any) (as ir.Attrs) {
		for i := 0; i < len(pairs); i += 2 {
			as = append(as, ir.Set(pairs[i].(string), pairs[i+1].(ir.Attr)))
		}
		return as
	}
	tests := []struct {
		def    *ir.OpDef
		attrs  ir.Attrs
		stated ir.Type
		want   string
	}{
		{Fill, attrs("value", ir.Bool(true)), static(host.F16, 2), "1 1"},
		{Fill, attrs("value", ir.Float(2.9)), static(host.I4, 3), "2 2 2"},
		{Fill, attrs("value", ir.Complex(1+2i)), static(host.C64), "(1+2i)"},
		{Fill, attrs("value", ir.Float(math.NaN())), static(host.F8E4M3, 1), "NaN"},
		{Fill, attrs("value", ir.Int(math.MaxInt64)), static(host.I64), "9223372036854775807"},
		{Fill, attrs("value", ir.Int(1)), shaped(host.U8, symB), "1 1 1 1 1 1 1"},
		{Fill, attrs("value", ir.Int(1)), static(host.U8, 0, 3), ""},
		{Iota, nil, static(host.I64, 3), "0 1 2"},
		{Iota, nil, static(host.I32, 2, 2), "0 0 1 1"},
		{Iota, attrs("axis", ir.Int(1)), static(host.F32, 2, 2), "0 1 0 1"},
		{Iota, attrs("start", ir.Int(1<<53), "step", ir.Int(1)), static(host.I64, 2), "9007199254740992 9007199254740993"},
		{Iota, attrs("start", ir.Float(0.1), "step", ir.Float(0.1)), static(host.F64, 3), "0.1 0.2 0.30000000000000004"},
		{Iota, attrs("start", ir.Float(0.5), "step", ir.Int(-1)), static(host.I64, 3), "0 0 -1"},
		{Iota, attrs("start", ir.OfDim(symS)), static(host.I64, 2), "7 8"},
		{Iota, attrs("start", ir.Int(6)), static(host.I4, 2, 3), "6 6 6 7 7 7"},
		{Iota, nil, shaped(host.BF16, symB), "0 1 2 3 4 5 6"},
		{Iota, nil, static(host.I64, 1<<40, 0), ""},
	}
	for _, tt := range tests {
		got, err := evalOne(t, tt.def, tt.attrs, &tt.stated)
		if err != nil || list(got) != tt.want {
			t.Errorf("%s %v %s: got %v, %v, want %s", tt.def.Name, tt.attrs, tt.stated, got, err, tt.want)
		}
	}
	huge := static(host.F32, 1<<30, 1<<30)
	if _, err := evalOne(t, Iota, nil, &huge); err == nil {
		t.Error("a tensor of 2^62 bytes was made")
	}
}
