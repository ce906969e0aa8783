package ir

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
)

// naiveFloat computes the rounding of a float of two sizes as it is written; nil where a size is too large for a float.
func naiveFloat(f func(a, b float64) float64) func(x, y *big.Int) *big.Int {
	return func(x, y *big.Int) *big.Int {
		if x.BitLen() > 50 || y.BitLen() > 50 {
			return nil
		}
		a, _ := x.Float64()
		b, _ := y.Float64()
		v := f(a, b)
		if math.IsNaN(v) || math.Abs(v) >= 1<<53 {
			return nil
		}
		return big.NewInt(int64(v))
	}
}

func dimFloatPair(r dimRounding, f func(a, b *dimFloat) *dimFloat) func(a, b Dim) Dim {
	return func(a, b Dim) Dim { return dimRoundFloat(r, f(dimFloatSize(a), dimFloatSize(b))) }
}

// naiveRoundings are operators of randomDim.
var naiveRoundings = []naiveOperator{
	{"floor(0.7*%s+%s/3)", dimFloatPair(dimFloorOf, func(a, b *dimFloat) *dimFloat {
		return dimFloatOf(0.7).mul(a).add(b.div(dimFloatOf(3)))
	}), naiveFloat(func(a, b float64) float64 { return math.Floor(float64(0.7*a) + float64(b/3)) })},
	{"trunc(0.3*%s-1.5*%s)", dimFloatPair(dimTrunc, func(a, b *dimFloat) *dimFloat {
		return dimFloatOf(0.3).mul(a).add(dimFloatOf(1.5).mul(b).neg())
	}), naiveFloat(func(a, b float64) float64 { return math.Trunc(float64(0.3*a) - float64(1.5*b)) })},
	{"ceil(-%s/0.3+%s)", dimFloatPair(dimCeil, func(a, b *dimFloat) *dimFloat {
		return a.neg().div(dimFloatOf(0.3)).add(b)
	}), naiveFloat(func(a, b float64) float64 { return math.Ceil(float64(-a/0.3) + b) })},
	{"round(1.1*%s*%s)", dimFloatPair(dimRound, func(a, b *dimFloat) *dimFloat {
		return dimFloatOf(1.1).mul(a).mul(b)
	}), naiveFloat(func(a, b float64) float64 { return math.RoundToEven(float64(1.1*a) * b) })},
	{"trunc((0.5*(%s)-0.1)*(2.5-%s))", dimFloatPair(dimTrunc, func(a, b *dimFloat) *dimFloat {
		return dimFloatOf(0.5).mul(a).add(dimFloatOf(-0.1)).mul(dimFloatOf(2.5).add(b.neg()))
	}), naiveFloat(func(a, b float64) float64 { return math.Trunc(float64(float64(0.5*a)-0.1) * float64(2.5-b)) })},
	{"floor(sqrt(max(%s, 0))/-(1.5+max(%s, 0)))", dimFloatPair(dimFloorOf, func(a, b *dimFloat) *dimFloat {
		zero := func(f *dimFloat) *dimFloat {
			d, ok := f.integral()
			if !ok || f.err != nil {
				return f
			}
			return dimFloatSize(d.Max(Const(0)))
		}
		return zero(a).sqrt().div(dimFloatOf(1.5).add(zero(b)).neg())
	}), naiveFloat(func(a, b float64) float64 { return math.Floor(math.Sqrt(max(a, 0)) / -float64(1.5+max(b, 0))) })},
}

func TestRoundedForms(t *testing.T) {
	tests := []struct{ in, want string }{
		{"trunc(1.7*S)", "trunc(1.7*S)"},
		{"trunc(S*1.7)", "trunc(1.7*S)"},
		{"trunc(-1.7*S)", "-trunc(1.7*S)"},
		{"floor(-1.7*S)", "-ceil(1.7*S)"},
		{"ceil(0.7*(T-S))", "-floor(0.7*(S-T))"},
		{"2*trunc(S/0.3)+1", "2*trunc(S/0.3)+1"},
		{"trunc(S//2*0.3)", "trunc(0.3*(S//2))"},
		{"trunc(S*T*0.3)", "trunc(0.3*(S*T))"},
		{"trunc(0.3*S*T)", "trunc(0.3*S*T)"},
		{"trunc(1e-05*S)", "trunc(1e-05*S)"},
		{"trunc(1E+30*S)", "trunc(1e+30*S)"},
		{"trunc(0.1*S+2-T*0.3)", "trunc(0.1*S+2.0-0.3*T)"},
		{"trunc(0.1*0.2*S)", "trunc(0.020000000000000004*S)"},
		{"trunc(sqrt(S)+1)", "trunc(sqrt(S)+1.0)"},
		{"trunc(sqrt(S)-T)", "trunc(sqrt(S)+(-T))"},
		{"trunc(S/T)", "trunc(S/T)"},
		{"trunc(0.3*trunc(0.3*S))", "trunc(0.3*trunc(0.3*S))"},
		// what has an integer form
		{"trunc(1.0*S)", "S"},
		{"trunc(3.0*S+1)", "3*S+1"},
		{"trunc(6*S/3)", "2*S"},
		{"trunc(0.0*S)", "0"},
		{"trunc(0.7*10)", "7"},
		{"trunc(0.3*-5)", "-1"},
		{"floor(0.5*S)", "S//2"},
		{"floor(S/2)", "S//2"},
		{"ceil(1.5*S)", "2*S-S//2"},
		{"floor(S/3.0)", "S//3"},
		{"ceil(S/4)", "S-(3*S)//4"},
		{"round(2.5)", "2"},
		// what has none without a range: trunc(-0.5) is 0, (-1)//2 is -1
		{"trunc(0.5*S)", "trunc(0.5*S)"},
		{"trunc(S/3)", "trunc(S/3.0)"},
		{"round(0.5*S)", "round(0.5*S)"},
	}
	for _, test := range tests {
		d := mustDim(t, test.in)
		if d.String() != test.want {
			t.Errorf("%s: got %v, want %s", test.in, d, test.want)
		}
		if again := mustDim(t, d.String()); !again.Equal(d) {
			t.Errorf("%v reads back as %v", d, again)
		}
	}
	if mustDim(t, "trunc(0.7*S)").Equal(mustDim(t, "trunc(0.70000000000000007*S)")) {
		t.Error("factors that differ in the last bit are equal")
	}
}

func TestRoundedEval(t *testing.T) {
	size := sizeIn(map[string]int64{"S": 10, "T": 3, "Z": 0, "B": 1 << 62, "N": -7})
	tests := []struct {
		in   string
		want int64
		err  string
	}{
		{"trunc(0.7*S)", 7, ""}, // 0.7 is below 7/10, the float product is 7
		{"trunc(0.3*S)", 3, ""},
		{"trunc(0.29*(S*S))", 28, ""}, // 28.999999999999996
		{"trunc(1.1*S*S)", 110, ""},
		{"trunc(1.1*(S*S))", 110, ""},
		{"ceil(0.1*T*S)", 4, ""}, // 0.1*3 is 0.30000000000000004
		{"trunc(S/0.1)", 100, ""},
		{"trunc(0.3*N)", -2, ""},
		{"floor(0.3*N)", -3, ""},
		{"round(0.5*T)", 2, ""},
		{"round(0.25*S)", 2, ""}, // 2.5 goes to the even side
		{"trunc(sqrt(S))", 3, ""},
		{"trunc(0.7*(B+B+B-2*B))", 3228180212899171328, ""}, // 3*B is only on the way
		{"trunc(2.5*B)", 0, "does not fit into 64 bits"},
		{"trunc(1e300*S*B*B)", 0, "does not fit into 64 bits"},
		{"trunc(0.3*S/Z)", 0, "is +Inf, which does not fit"},
		{"trunc(sqrt(N))", 0, "is NaN, which does not fit"},
		{"trunc(0.3*U)", 0, "the size of dimension U is not known"},
	}
	for _, test := range tests {
		got, err := mustDim(t, test.in).Eval(size)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %d, %v; want %d, %q", test.in, got, err, test.want, test.err)
		}
	}
}

func TestParseRoundedErrors(t *testing.T) {
	tests := []struct {
		in     string
		offset int
		want   string
	}{
		{"0.5*S", 0, "a float where a size is expected"},
		{"S+S/2", 0, "a float where a size is expected"},
		{"max(0.5*S, 1)", 4, "a float where a size is expected"},
		{"trunc(0.5*S//2)", 11, "// of a float"},
		{"trunc(0.5*S%2)", 11, "% of a float"},
		{"trunc(1e999*S)", 6, `"1e999" does not fit into a float`},
		{"trunc(1e200*1e200*S)", 11, "is not finite"},
		{"trunc(1e200*1e108)", 0, "does not fit into 64 bits"},
		{"trunc(S/0)", 7, "divided by zero"},
		{"trunc(S/0.0)", 7, "divided by zero"},
		{"trunc(sqrt(0-4.0))", 6, "is not finite"},
		{"trunc(0.5*S", 11, `expected ")"`},
		{"trunc(0.5.5)", 9, `expected ")", found "."`},
		{"trunc(.5*S)", 6, `expected a dimension, found "."`},
		{"trunc(0x1p-2*S)", 6, `"0x1p" is not a decimal integer`},
		{"log(S)", 0, `"log" is no function of sizes`},
		{"inf", -1, ""}, // a symbol
		{"trunc(" + strings.Repeat("0.1*S+", 1500) + "1)", -2, "more than 8192 characters"},
		{strings.Repeat("trunc(0.1*", 60) + "S" + strings.Repeat(")", 60), -2, "too large"},
	}
	for _, test := range tests {
		_, err := ParseDim(test.in)
		var syntax *DimSyntaxError
		switch {
		case test.offset == -1:
			if err != nil {
				t.Errorf("%.20q: %v", test.in, err)
			}
		case !errors.As(err, &syntax) || test.offset >= 0 && syntax.Offset != test.offset || !strings.Contains(syntax.Message, test.want):
			t.Errorf("%.20q: error %v, want offset %d and %q", test.in, err, test.offset, test.want)
		}
	}
}

func TestProveRounded(t *testing.T) {
	tests := []struct {
		guards []string
		cond   string
		want   Truth
	}{
		// S is 1..64, T 2.., U 0..7
		{nil, "trunc(0.7*S) <= 44", True},
		{nil, "trunc(0.7*S) >= 0", True},
		{nil, "trunc(0.7*S) >= 1", Undecided},
		{nil, "trunc(0.7*S) < S", True},
		{nil, "trunc(0.7*S) <= S", True},
		{nil, "trunc(1.7*S) >= S", True},
		{nil, "trunc(1.7*T) > T", True},
		{nil, "U*trunc(0.7*S) <= U*S", True},
		{nil, "ceil(0.7*S) <= S", True},
		{nil, "round(0.3*T) <= T", True},
		{nil, "floor(S/0.3) >= 3*S", True},
		{nil, "trunc(0.7*S)+trunc(0.3*S) <= S", True},
		{nil, "trunc(0.7*V) <= V", Undecided}, // V may be negative
		{nil, "trunc(sqrt(T)) >= 1", True},
		{nil, "floor(1.5-0.3*S) <= 1", True},
		{[]string{"trunc(0.3*S) == 6"}, "S >= 20", True},
		{[]string{"trunc(0.3*S) == 6"}, "S <= 23", True},
		{[]string{"trunc(0.3*S) == 6"}, "S != 21", Undecided},
		{[]string{"trunc(0.3*S) == 6"}, "trunc(0.3*S) == 6", True},
		{[]string{"ceil(0.3*T) < 4"}, "T <= 10", True},
		{[]string{"ceil(0.3*V) < 4"}, "V <= 10", True},
		{[]string{"trunc(0.3*V) >= 2"}, "V >= 7", True},
		{[]string{"trunc(0.3*V) >= 0"}, "V >= 0", Undecided},
	}
	for _, test := range tests {
		c := mustGuard(t, test.cond).Any[0]
		if got := testEnv(t, test.guards...).Prove(c); got != test.want {
			t.Errorf("%s with %q: got %d, want %d", test.cond, test.guards, got, test.want)
		}
	}
	if lo, hi := testEnv(t, "trunc(0.3*S) == 6").Range(Sym("S")); lo != 20 || hi != 23 {
		t.Errorf("trunc(0.3*S) == 6 gives %d..%d", lo, hi)
	}
	for in, want := range map[string]string{
		"trunc(0.5*S)": "S//2", "trunc(S/3)": "S//3", "trunc(0.5*V)": "trunc(0.5*V)", "trunc(0.7*S)": "trunc(0.7*S)",
		"trunc(0.1*U)": "0", "max(trunc(0.7*S), S)": "S",
	} {
		if got := testEnv(t).Simplify(mustDim(t, in)); got.String() != want {
			t.Errorf("%s: got %v, want %s", in, got, want)
		}
	}
}
