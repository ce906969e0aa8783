package ir

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func guardTexts(guards []Guard) []string {
	texts := []string{}
	for _, g := range guards {
		texts = append(texts, g.String())
	}
	return texts
}

func TestParseSympy(t *testing.T) {
	const s, u = "Symbol('s77', positive=True, integer=True)", "Symbol('u0', integer=True)"
	tests := []struct{ in, want string }{
		// as PyTorch 2.11 writes them
		{s, "s77"},
		{u, "u0"},
		{"Mul(Integer(32), Symbol('s46', positive=True, integer=True))", "32*s46"},
		{"Pow(Symbol('s46', positive=True, integer=True), Integer(2))", "s46*s46"},
		{"Min(Mul(Integer(16), Symbol('s46', positive=True, integer=True)), Mul(Integer(32), Symbol('s46', positive=True, integer=True)))", "16*min(2*s46, s46)"},
		{"Add(Mul(Integer(16), Symbol('u1', integer=True)), Integer(1024))", "16*u1+1024"},
		{"Mul(Integer(4), Max(Integer(1), " + u + "))", "4*max(u0, 1)"},
		{"GreaterThan(" + u + ", Integer(18))", "u0 >= 18"},
		{"LessThan(" + u + ", Integer(4))", "u0 <= 4"},
		// other heads for integers
		{"FloorDiv(Add(" + s + ", Integer(-1)), Integer(2))", "(s77+1)//2-1"},
		{"CleanDiv(Mul(Integer(4), " + s + "), Integer(2))", "2*s77"},
		{"Mod(" + s + ", Integer(8))", "s77-8*(s77//8)"},
		{"PythonMod(" + u + ", Integer(8))", "u0-8*(u0//8)"},
		{"ModularIndexing(" + s + ", Integer(2), Integer(4))", "s77//2-4*(s77//8)"},
		{"PowByNatural(" + s + ", Integer(3))", "s77*s77*s77"},
		{"Pow(Integer(1), Integer(9000000000000000000))", "1"},
		{"Add(" + s + ", NegativeOne(), Zero(), One())", "s77"},
		{"Abs(" + u + ")", "max(-u0, u0)"},
		{"Integer(-9223372036854775807)", "-9223372036854775807"},
		// fractions that cancel
		{"Mul(Integer(6), " + s + ", Pow(Integer(3), Integer(-1)))", "2*s77"},
		{"Mul(" + s + ", " + u + ", Pow(" + u + ", Integer(-1)))", "s77"},
		{"Mul(Integer(2), Add(Mul(Half(), " + s + "), Rational(3, 2)))", "s77+3"},
		// through floats
		{"TruncToInt(IntTrueDiv(" + s + ", Integer(3)))", "s77//3"},
		{"CeilToInt(IntTrueDiv(" + s + ", Integer(2)))", "s77-s77//2"},
		{"FloorToInt(FloatTrueDiv(ToFloat(" + u + "), Float('2.0', precision=53)))", "u0//2"},
		{"TruncToInt(Mul(Float('0.5', precision=53), ToFloat(" + s + ")))", "s77//2"},
		{"TruncToInt(ToFloat(" + u + "))", "u0"},
		{"LessThan(ToFloat(" + s + "), Float('2.5', precision=53))", "2*s77 <= 5"},
		// conditions
		{"Equality(" + s + ", Integer(3))", "s77 == 3"},
		{"Unequality(" + s + ", Integer(3))", "s77 != 3"},
		{"StrictLessThan(" + s + ", " + u + ")", "s77 < u0"},
		{"StrictGreaterThan(" + s + ", " + u + ")", "s77 > u0"},
		{"And(Eq(" + s + ", Integer(3)), Ne(" + u + ", Integer(4)))", "s77 == 3; u0 != 4"},
		{"Or(Eq(" + s + ", Integer(3)), Ge(" + u + ", Integer(4)))", "s77 == 3 or u0 >= 4"},
		{"Not(And(Le(" + s + ", Integer(3)), Gt(" + u + ", Integer(4))))", "s77 > 3 or u0 <= 4"},
		{"Not(Or(Le(" + s + ", Integer(3)), Lt(" + u + ", Integer(4))))", "s77 > 3; u0 >= 4"},
		{"Or(And(Eq(" + s + ", Integer(1)), Eq(" + u + ", Integer(2))), Eq(" + u + ", Integer(3)))", "s77 == 1 or u0 == 3; u0 == 2 or u0 == 3"},
		{"And(Eq(" + s + ", Integer(1)), false)", "0 == 1"},
		{"Or(Eq(" + s + ", Integer(1)), true)", ""},
		{"Where(Eq(Integer(1), Integer(1)), " + s + ", " + u + ")", "s77"},
		{"Where(false, " + s + ", " + u + ")", "u0"},
		{"TruncToInt(Mul(Float('0.69999999999999996', precision=53), ToFloat(" + s + ")))", "trunc(0.7*s77)"},
		{"TruncToInt(Mul(Float('0.5', precision=53), ToFloat(" + s + ")))", "s77//2"},
		{"Mul(Integer(2), Max(Integer(1), TruncToInt(Mul(Float('1.7', precision=53), ToFloat(" + s + ")))))", "2*max(trunc(1.7*s77), 1)"},
		{"CeilToInt(FloatTrueDiv(ToFloat(" + s + "), Float('0.29999999999999999', precision=53)))", "ceil(s77/0.3)"},
		{"TruncToInt(FloatTrueDiv(ToFloat(" + s + "), Float('3.0', precision=53)))", "s77//3"},
		{"FloorToInt(Mul(Float('0.29999999999999999', precision=53), ToFloat(" + s + "), ToFloat(" + u + ")))", "floor(0.3*s77*u0)"},
		{"TruncToInt(Mul(IntTrueDiv(" + s + ", Integer(3)), Integer(2)))", "trunc(2.0*(s77/3.0))"},
		{"TruncToInt(IntTrueDiv(" + u + ", Integer(2)))", "trunc(0.5*u0)"},
		{"RoundToInt(IntTrueDiv(" + s + ", Integer(2)))", "round(0.5*s77)"},
		{"TruncToInt(OpaqueUnaryFn_sqrt(ToFloat(" + s + ")))", "trunc(sqrt(s77))"},
		{"TruncToInt(FloatPow(ToFloat(" + s + "), Float('0.5', precision=53)))", "trunc(sqrt(s77))"},
		{"TruncToInt(Mul(FloatPow(ToFloat(" + s + "), Float('2.0', precision=53)), Float('0.5', precision=53)))", "(s77*s77)//2"},
		{"GreaterThan(Mul(Float('0.5', precision=53), ToFloat(" + s + ")), Float('2.0', precision=53))", "s77 >= 4"},
		{"GreaterThan(Mul(Float('0.29999999999999999', precision=53), ToFloat(" + s + ")), Integer(2))", "floor(0.3*s77) >= 2"},
	}
	for _, test := range tests {
		e, err := ParseSympy(test.in, nil)
		if err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		got := e.Dim.String()
		if e.IsCond {
			got = strings.Join(guardTexts(e.Guards), "; ")
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
	}
	e, err := ParseSympy("Add("+s+", "+u+")", func(name string) string { return map[string]string{"s77": "batch", "u0": "count"}[name] })
	if err != nil || e.Dim.String() != "batch+count" {
		t.Errorf("renamed: got %v, %v", e.Dim, err)
	}
}

func TestParseSympyWithoutIntegerForm(t *testing.T) {
	const s, u = "Symbol('s77', positive=True, integer=True)", "Symbol('u0', integer=True)"
	tests := []struct{ in, head string }{
		{"ToFloat(" + s + ")", "ToFloat"},
		{"Float('2.0', precision=53)", "Float"},
		{"Float('0.1', precision=53)", "Float"},
		{"Float('inf', precision=53)", "Float"},
		{"IntTrueDiv(" + s + ", Integer(2))", "IntTrueDiv"},
		{"Mul(Integer(3), IntTrueDiv(" + s + ", Integer(3)))", "IntTrueDiv"},
		{"ToFloat(Mul(Rational(1, 3), " + s + "))", "ToFloat"},
		{"Add(ToFloat(Mul(Rational(1, 3), " + s + ")), Integer(1))", "ToFloat"},
		{"OpaqueUnaryFn_sqrt(" + s + ")", "OpaqueUnaryFn_sqrt"},
		{"Pow(" + s + ", Rational(1, 2))", "Pow"},
		{"Pow(Integer(2), " + s + ")", "Pow"},
		{"Pow(" + s + ", Integer(-1))", "Pow"},
		{"Mul(" + s + ", Pow(" + u + ", Integer(-1)))", "Pow"},
		{"Mul(Half(), " + s + ")", "Rational"},
		{"Where(Eq(" + s + ", Integer(1)), " + s + ", " + u + ")", "Where"},
		{"Add(Eq(" + s + ", Integer(1)), Integer(1))", "Add"},
		{"Max(Eq(" + s + ", Integer(1)), Integer(1))", "Max"},
		{"Eq(Eq(" + s + ", Integer(1)), true)", "Eq"},
	}
	for _, test := range tests {
		e, err := ParseSympy(test.in, nil)
		var head *DimHeadError
		if !errors.As(err, &head) || head.Head != test.head {
			t.Errorf("%s: got %v, %v; want an error of head %s", test.in, e.Dim, err, test.head)
		}
	}
}

func TestParseSympyErrors(t *testing.T) {
	tests := []struct {
		in     string
		offset int
		want   string
	}{
		{"", 0, "expected a sympy head"},
		{"Integer(1", 9, `found the end`},
		{"Add(Integer(1)", 14, `expected "," or ")", found the end`},
		{"Add(Integer(1) Integer(2))", 15, `expected "," or ")"`},
		{"Integer(1) Integer", 11, "expected the end"},
		{"Integer(1, 2)", 0, "Integer has 2 arguments, expected 1"},
		{"Integer('x')", 0, "not a 64-bit integer"},
		{"Integer(99999999999999999999)", 0, "not a 64-bit integer"},
		{"Rational(1, 0)", 0, "divided by zero"},
		{"Symbol(x)", 0, "a name in single quotes"},
		{"Symbol('x y')", 0, "expected a letter"},
		{"Add(Integer(1), FloorDiv(Integer(1)))", 16, "FloorDiv has 1 arguments, expected 2"},
		{"Add()", 0, "Add has 0 arguments, expected at least 1"},
		{"Mod(Integer(1), Integer(0))", 0, "divided by zero"},
		{"Add(Integer(9223372036854775807), Integer(1))", 0, "does not fit"},
		{"Pow(Integer(2), Integer(9000000000000000000))", 0, "does not fit"},
		{"And(Integer(1))", 0, "found the number 1, expected a condition"},
		{"Not(Integer(1))", 0, "found the number 1, expected a condition"},
		{"Float(x)", 0, "is not a number"},
		{strings.Repeat("Add(", 300), 800, "nested more than 200 deep"},
		{strings.Repeat("A", 70000), 65536, "expected at most 65536"},
	}
	for _, test := range tests {
		_, err := ParseSympy(test.in, nil)
		var syntax *DimSyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != test.offset || !strings.Contains(syntax.Message, test.want) {
			t.Errorf("%.50q: error %v, want offset %d and %q", test.in, err, test.offset, test.want)
		}
	}
}

func torchSizes(path string) (Dim, bool) {
	d, ok := map[string]Dim{
		"L['x'].size()[0]":         Sym("B"),
		"L['xs'][0].size()[1]":     Sym("S"),
		"L['x'].stride()[0]":       Sym("S").Mul(Const(4)),
		"L['kwargs']['y'].size(0)": Sym("T"),
		"L['n']":                   Sym("N"),
		"L['k'].numel()":           Const(12),
	}[path]
	return d, ok
}

func TestParseTorchGuard(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		// as PyTorch 2.11 writes it
		{"min(16*L['xs'][0].size()[1], 32*L['xs'][0].size()[1]) == (16*L['xs'][0].size()[1])", []string{"16*min(2*S, S) == 16*S"}},
		{"L['x'].size()[0] >= 2", []string{"B >= 2"}},
		{"2 <= L['x'].size()[0] and L['x'].size()[0] <= 8", []string{"2 <= B", "B <= 8"}},
		{"2 <= L['x'].size()[0] <= 8 < L['n']", []string{"2 <= B", "B <= 8", "8 < N"}},
		{"((L['x'].size()[0] % 2)) == 0", []string{"B-2*(B//2) == 0"}},
		{"Eq(Mod(L['xs'][0].size()[1], 8), 0)", []string{"S-8*(S//8) == 0"}},
		{"Ne(L['x'].size()[0], 1) or not (L['n'] < 3 or L['n'] > 5)", []string{"B != 1 or N >= 3", "B != 1 or N <= 5"}},
		{"not L['n'] == 3", []string{"N != 3"}},
		{"L['x'].stride()[0]//4 != L['kwargs']['y'].size(0) - 1", []string{"S != T-1"}},
		{"-L['n'] + 2*-3 < -(L['n'])**2 + 1.0", []string{"-N-6 < -N*N+1"}},
		{"math.trunc(L['x'].stride()[0] / -4) == 2", []string{"-S == 2"}},
		{"math.ceil(L['n'] / 4) == max(1, L['n'], 0)", []string{"N-(3*N)//4 == max(N, 1)"}},
		{"L['n'] * 0.5 <= 1.25", []string{"2*N <= 5"}},
		{"L['n'] <= 9223372036854775807", []string{"N <= 9223372036854775807"}},
		{"L['k'].numel() == 12", []string{}},
		{"L['k'].numel() == 13", []string{"0 == 1"}},
		{"math.trunc(0.3*torch.sym_float(L['n'])) == 6", []string{"trunc(0.3*N) == 6"}},
		{"math.trunc(0.5*torch.sym_float(L['n'])) >= 2", []string{"trunc(0.5*N) >= 2"}},
		{"2.5e-1*torch.sym_float(L['n']) >= 1e-05", []string{"floor(0.25*N-1e-05) >= 0"}},
		{"L['n'] / 3 == 1.0", []string{"N//3 == 1", "N-(2*N)//3 == 1"}},
		{"math.trunc(torch.sym_float(L['n'])**0.5) == 4", []string{"trunc(sqrt(N)) == 4"}},
		{"L['n'] == 0.1", []string{"0 == 1"}},
		{"0.3 * L['n'] > 2 or 4 >= 0.7 * L['n']", []string{"ceil(0.3*N) > 2 or ceil(0.7*N) <= 4"}},
		{"0.3 * L['n'] != 0.7 * L['k'].numel()", []string{"floor(0.3*N-8.399999999999999) != 0 or ceil(0.3*N-8.399999999999999) != 0"}},
		{"0.3 * L['n'] < 6.5", []string{"floor(0.3*N-6.5) < 0"}},
		{"True", []string{}},
		{"False or L['n'] == 1", []string{"N == 1"}},
	}
	for _, test := range tests {
		guards, err := ParseTorchGuard(test.in, torchSizes, nil)
		if err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		if diff := cmp.Diff(test.want, guardTexts(guards)); diff != "" {
			t.Errorf("%s:\n%s", test.in, diff)
		}
	}
}

// The one guard that decoder models with two image sizes carry is proven by the range of its symbol.
func TestTorchGuardIsProven(t *testing.T) {
	guards, err := ParseTorchGuard("min(16*L['xs'][0].size()[1], 32*L['xs'][0].size()[1]) == (16*L['xs'][0].size()[1])", torchSizes, nil)
	if err != nil || len(guards) != 1 {
		t.Fatal(guards, err)
	}
	env := NewDimEnv([]*DimDecl{{Name: "S", Min: 2, Max: 128}}, nil)
	if got := env.ProveGuard(guards[0]); got != True {
		t.Errorf("%v: got %d, want true", guards[0], got)
	}
}

func TestParseTorchGuardErrors(t *testing.T) {
	tests := []struct {
		in     string
		offset int // -1: a head without an integer form
		want   string
	}{
		{"", 0, "expected a size, a number or a condition, found the end"},
		{"L['x'].size()[0]", 0, "expected a condition, found a number"},
		{"L['z'].size()[0] == 1", 0, "no size is known for L['z'].size()[0]"},
		{"L['n'] == ", 10, "found the end"},
		{"L['n'] = 1", 7, "expected an operator or the end"},
		{"L['n'", 5, `expected "]", found the end`},
		{"L['n == 1", 9, `expected "]"`},
		{"(L['n'] == 1", 12, `expected ")"`},
		{"L['n'] == 2x", 10, "not a decimal integer"},
		{"L['n'] == 1//0", 11, "divided by zero"},
		{"max(L['n'] 2) == 1", 11, `expected "," or ")"`},
		{"isinstance(L['n'], 3)", -1, "isinstance has no integer form"},
		{"L['n'] == 1 == True", -1, "a condition stands where a number is expected"},
		{strings.Repeat("(", 300), 200, "nested more than 200 deep"},
		{strings.Repeat("not ", 300), 796, "nested more than 200 deep"},
		{strings.Repeat("-", 300), 199, "nested more than 200 deep"},
		{wideGuard(), 152, "more than 256 parts"},
	}
	for _, test := range tests {
		_, err := ParseTorchGuard(test.in, torchSizes, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.50q: error %v, want %q", test.in, err, test.want)
			continue
		}
		var syntax *DimSyntaxError
		if errors.As(err, &syntax) != (test.offset >= 0) || syntax != nil && syntax.Offset != test.offset {
			t.Errorf("%.50q: error %v, want offset %d", test.in, err, test.offset)
		}
	}
}

// wideGuard is a disjunction of conjunctions, which would be 2^12 clauses.
func wideGuard() string {
	var parts []string
	for i := range 12 {
		parts = append(parts, fmt.Sprintf("L['n'] == %d and L['n'] == %d", 2*i, 2*i+1))
	}
	return strings.Join(parts, " or ")
}

func FuzzParseTorchGuard(f *testing.F) {
	f.Add("min(16*L['n'], 2) == (16*L['n']) and not L['n'] % 2 < 1.5 or True")
	f.Add("2 <= L['x'].size()[0] <= 8")
	f.Add("math.ceil(L['n'] / 4) ** 2 > -1")
	f.Add("0.7*torch.sym_float(L['n']) >= L['x'].size()[0]/3 and round(L['n']**0.5-1e-5) != 2")
	f.Fuzz(func(t *testing.T, s string) {
		guards, err := ParseTorchGuard(s, torchSizes, nil)
		if err != nil {
			return
		}
		for _, g := range guards {
			if again, err := ParseGuard(g.String()); err != nil || !cmp.Equal(again, g) {
				t.Fatalf("%q: %v reads back as %v, %v", s, g, again, err)
			}
		}
	})
}

func FuzzParseSympy(f *testing.F) {
	f.Add("Add(Mul(Integer(2), Symbol('s77', positive=True, integer=True)), Integer(1))")
	f.Add("TruncToInt(IntTrueDiv(Symbol('s77', positive=True), Float('2.0', precision=53)))")
	f.Add("CeilToInt(FloatTrueDiv(Mul(Float('0.29999999999999999', precision=53), ToFloat(Symbol('u'))), Float('-1e-5')))")
	f.Add("Or(Eq(Pow(Symbol('u'), Integer(-1)), Half()), Not(true))")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseSympy(s, nil)
		if err == nil && e.Dim.Err() != nil {
			t.Fatalf("%q: an invalid dim without an error", s)
		}
	})
}
