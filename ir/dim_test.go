package ir

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustDim(t testing.TB, s string) Dim {
	t.Helper()
	d, err := ParseDim(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDimCanonicalForm(t *testing.T) {
	tests := []struct{ in, want string }{
		// sums and products
		{"0", "0"},
		{"-9223372036854775807", "-9223372036854775807"},
		{"1+S*2", "2*S+1"},
		{"S-S", "0"},
		{"T+S", "S+T"},
		{"1-S", "-S+1"},
		{"S*T+T*S", "2*S*T"},
		{"(S+1)*(S-1)", "S*S-1"},
		{"T+T*S+S*S+3", "S*S+S*T+T+3"},
		{"--S", "S"},
		{" ( S ) *\t3 ", "3*S"},
		// division by an integer
		{"S//1", "S"},
		{"S//2", "S//2"},
		{"7//2", "3"},
		{"-7//2", "-4"},
		{"7//-2", "-4"},
		{"(4*S+6)//2", "2*S+3"},
		{"(3*S+7)//2", "S+(S+1)//2+3"},
		{"(S-1)//2+1", "(S+1)//2"},
		{"-(-S//4)", "S-(3*S)//4"},
		{"S//-2", "-S+S//2"},
		{"(2*S+1)//4", "S//2"},
		{"(6*S+3*T+2)//9", "(2*S+T)//3"},
		{"S//2//3", "S//6"},
		{"((S-1)//2+1-1)//2+1", "(S+3)//4"},
		{"(S//2+T)//4", "(S+2*T)//8"},
		{"S//4611686018427387904//4", "(S//4611686018427387904)//4"},
		{"2*(S//2)", "2*(S//2)"},
		{"-(S//2)", "-(S//2)"},
		{"T-S//2", "T-S//2"},
		{"T*(S//2)", "T*(S//2)"},
		// remainders
		{"S%8", "S-8*(S//8)"},
		{"S%8%8", "S-8*(S//8)"},
		{"S%8%4", "S-4*(S//4)"},
		{"(8*S)%8", "0"},
		{"(S%8)//8", "0"},
		{"(S-S%8)//8", "S//8"},
		{"-5%3", "1"},
		// division by a symbol
		{"S//S", "1"},
		{"16*S*T//S", "16*T"},
		{"(S*T+3)//T", "S+3//T"},
		{"(256*S+256)//(S+1)", "256"},
		{"(S*S-1)//(S+1)", "S-1"},
		{"S//T", "S//T"},
		{"(2*S)//(2*T)", "S//T"},
		{"(2*S*T)//(4*T)", "S//2"},
		{"(2*S+1)//(2*T)", "(2*S+1)//(2*T)"},
		{"-S//-T", "S//T"},
		{"S//-T", "(-S)//T"},
		{"3//T", "3//T"},
		{"-3//T", "(-3)//T"},
		{"(S//T)//U", "(S//T)//U"},
		{"S//(T//U)", "S//(T//U)"},
		{"0//T", "0"},
		// minima and maxima
		{"min(S, S)", "S"},
		{"min(3)", "3"},
		{"max(T, 1, S, 4)", "max(S, T, 4)"},
		{"max(S, max(T, U))", "max(S, T, U)"},
		{"min(S, max(T, U))", "min(S, max(T, U))"},
		{"max(S, S+1)", "S+1"},
		{"min(S+1, S, S-1)", "S-1"},
		{"min(16*S, 32*S)", "16*min(2*S, S)"},
		{"min(2*min(S, T), 4*U)", "2*min(2*U, S, T)"},
		{"min(-S, -T)", "-max(S, T)"},
		{"-max(S, T)+min(-S, -T)", "-2*max(S, T)"},
		{"min(1-max(S, T), U)", "min(-S+1, -T+1, U)"},
		{"min(S, 9223372036854775807)", "S"},
		{"max(S, T)//2", "max(S, T)//2"},
		{"(max(S, T)+1)//2", "(max(S, T)+1)//2"},
	}
	for _, test := range tests {
		d := mustDim(t, test.in)
		if got := d.String(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
		if back := mustDim(t, d.String()); !back.Equal(d) || back.String() != d.String() {
			t.Errorf("%s: printed %v, read back as %v", test.in, d, back)
		}
	}
}

func TestDimAccessors(t *testing.T) {
	var zero Dim
	if n, ok := zero.IsConst(); n != 0 || !ok || zero.Int() != 0 || zero.String() != "0" {
		t.Errorf("the zero Dim is %v, want 0", zero)
	}
	d := mustDim(t, "T*(S//U)+max(S, 4)")
	if diff := cmp.Diff([]string{"S", "T", "U"}, d.Symbols()); diff != "" {
		t.Error(diff)
	}
	if _, ok := d.IsConst(); ok {
		t.Errorf("%v is called a constant", d)
	}
	for s, want := range map[string]string{"S": "S", "S+1": "", "2*S": "", "S//2": "", "S*T": "", "7": ""} {
		if got, ok := mustDim(t, s).IsSym(); got != want || ok != (want != "") {
			t.Errorf("%s: IsSym gives %q, %t", s, got, ok)
		}
	}
	if d.Equal(mustDim(t, "T")) || d.Equal(d.Add(Const(1))) || Const(1).Equal(Const(2)) || !d.Equal(mustDim(t, d.String())) {
		t.Error("Equal is wrong")
	}
	defer func() {
		if recover() == nil {
			t.Error("Int of a symbolic dim did not panic")
		}
	}()
	_ = d.Int()
}

func TestDimInvalid(t *testing.T) {
	s, big := Sym("S"), Const(math.MaxInt64)
	deep := s
	for range 60 {
		deep = deep.FloorDiv(Sym("T")).Add(Const(1))
	}
	wide := Const(1)
	for i := range 12 {
		wide = wide.Mul(Sym(fmt.Sprint("s", i)).Add(Const(1)))
	}
	power := s
	for range 20 {
		power = power.Mul(power)
	}
	tests := []struct {
		d    Dim
		want string
	}{
		{Const(math.MinInt64), "does not fit"},
		{big.Add(Const(1)), "9223372036854775807 + 1 does not fit into 64 bits"},
		{big.Neg().Sub(Const(1)), "does not fit"},
		{big.Mul(s).Mul(Const(2)), "does not fit"},
		{big.Mul(s).Add(s), "does not fit"},
		{big.Mul(Const(2)), "does not fit"},
		{big.Mul(s).Add(Const(1)).Mul(s.Mul(Const(2)).Add(Const(1))), "does not fit"},
		{s.FloorDiv(Const(0)), "divided by zero: S // 0"},
		{s.Mod(Const(0)), "divided by zero"},
		{Sym("2x"), "expected a letter"},
		{Sym(""), "empty"},
		{Sym("max"), "a word of the syntax"},
		{Sym(strings.Repeat("x", 129)), "129 characters"},
		{deep, "too large"},
		{wide, "too large"},
		{power, "too large"},
	}
	for _, test := range tests {
		if test.d.Err() == nil || !strings.Contains(test.d.Err().Error(), test.want) {
			t.Errorf("error %v, want %q in it", test.d.Err(), test.want)
			continue
		}
		all := []Dim{test.d.Add(s), s.Sub(test.d), test.d.Mul(s), s.FloorDiv(test.d), test.d.FloorDiv(s), test.d.Mod(s),
			test.d.Min(s), s.Max(test.d), test.d.Neg(), test.d.Subst(map[string]Dim{"S": Const(1)}), s.Subst(map[string]Dim{"S": test.d})}
		for i, d := range all {
			if d.Err() == nil || d.String() != "invalid" || d.Equal(d) {
				t.Errorf("operation %d on an invalid dim gives %v", i, d)
			}
		}
		if _, err := test.d.Eval(func(string) (int64, bool) { return 1, true }); err == nil {
			t.Error("an invalid dim has a value")
		}
	}
}

func TestParseDimErrors(t *testing.T) {
	tests := []struct {
		in     string
		offset int
		want   string
	}{
		{"", 0, "expected a dimension, found the end"},
		{"2*", 2, "expected a dimension, found the end"},
		{"S+*T", 2, `expected a dimension, found "*"`},
		{"S T", 2, `expected an operator or the end, found "T"`},
		{"(S", 2, `expected ")", found the end`},
		{"min S", 4, `expected "(", found "S"`},
		{"min(S;T)", 5, `expected ")", found ";"`},
		{"2x", 0, `"2x" is not a decimal integer`},
		{"9223372036854775808", 0, "below 2^63"},
		{"S + 1//0", 5, "divided by zero"},
		{"S + 9223372036854775807*9", 23, "does not fit"},
		{"or", 0, "a word of the syntax"},
		{"S / 2", 0, "a float where a size is expected; // divides sizes"},
		{"S // é", 5, "expected a dimension"},
		{strings.Repeat("(", 300) + "S", 200, "nested more than 200 deep"},
		{strings.Repeat("-", 300) + "S", 200, "nested more than 200 deep"},
		{"min(" + strings.Repeat("S,", 1100), 2053, "more than 1024 arguments"},
	}
	for _, test := range tests {
		_, err := ParseDim(test.in)
		var syntax *DimSyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != test.offset || !strings.Contains(syntax.Message, test.want) {
			t.Errorf("%.20q: error %v, want offset %d and %q", test.in, err, test.offset, test.want)
		}
	}
}

func TestDimSubst(t *testing.T) {
	tests := []struct{ in, want string }{
		{"S", "T+1"},
		{"S*S", "T*T+2*T+1"},
		{"S//2+max(S, T)", "(T+1)//2+max(T+1, S)"},
		{"T-S", "S-T-1"},
		{"U//T", "U//S"},
	}
	for _, test := range tests {
		got := mustDim(t, test.in).Subst(map[string]Dim{"S": mustDim(t, "T+1"), "T": Sym("S")})
		if !got.Equal(mustDim(t, test.want)) {
			t.Errorf("%s: got %v, want %s", test.in, got, test.want)
		}
	}
}

func TestDimEval(t *testing.T) {
	sizes := map[string]int64{"S": 7, "T": -3, "Z": 0, "B": math.MaxInt64, "W": math.MinInt64}
	size := func(name string) (int64, bool) { n, ok := sizes[name]; return n, ok }
	tests := []struct {
		in   string
		want int64
		err  string
	}{
		{"2*S+1", 15, ""},
		{"S//T", -3, ""},
		{"S%T", -2, ""},
		{"T%S", 4, ""},
		{"max(S, T)*min(S, T)", -21, ""},
		{"-B", -math.MaxInt64, ""},
		{"-(-B//4096)", 2251799813685248, ""}, // 4095*B is only on the way
		{"B*B//B", math.MaxInt64, ""},
		{"B*B//(B+S-S)", math.MaxInt64, ""},
		{"(B*B+S)//(B-T+T*S)-max(B*B, S)//(B+S)", 25, ""},
		{"U+S", 0, "the size of dimension U is not known"},
		{"S//Z", 0, "dimension S//Z divides by zero: Z is 0"},
		{"(B*B)//(Z+T*Z)", 0, "divides by zero"},
		{"B+S", 0, "B+S does not fit into 64 bits"},
		{"W", 0, "the size of dimension W is out of range"},
	}
	for _, test := range tests {
		got, err := mustDim(t, test.in).Eval(size)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %d, %v; want %d, %q", test.in, got, err, test.want, test.err)
		}
	}
}

// naiveDim is an expression as written, with its exact value for the sizes of the sample.
type naiveDim struct {
	text string
	dim  Dim
	at   []*big.Int // nil where it divides by zero
}

var dimSampleNames = []string{"S", "T", "U"}

// randomDim builds the same expression three ways: as text, by the methods, and evaluated without simplification.
func randomDim(rng *rand.Rand, samples []map[string]int64, depth int) naiveDim {
	if depth == 0 || rng.IntN(6) == 0 {
		if rng.IntN(3) == 0 {
			n := rng.Int64N(13) - 4
			at := make([]*big.Int, len(samples))
			for i := range at {
				at[i] = big.NewInt(n)
			}
			return naiveDim{fmt.Sprintf("(%d)", n), Const(n), at}
		}
		name := dimSampleNames[rng.IntN(len(dimSampleNames))]
		e := naiveDim{text: name, dim: Sym(name)}
		for _, sizes := range samples {
			e.at = append(e.at, big.NewInt(sizes[name]))
		}
		return e
	}
	a, b := randomDim(rng, samples, depth-1), randomDim(rng, samples, depth-1)
	floor := func(x, y *big.Int) *big.Int {
		if y.Sign() == 0 {
			return nil
		}
		q, m := new(big.Int).DivMod(x, y, new(big.Int)) // Euclidean: m >= 0
		if m.Sign() != 0 && y.Sign() < 0 {
			q.Sub(q, big.NewInt(1))
		}
		return q
	}
	pick := func(sign int) func(x, y *big.Int) *big.Int {
		return func(x, y *big.Int) *big.Int {
			if x.Cmp(y)*sign > 0 {
				return x
			}
			return y
		}
	}
	operators := append([]naiveOperator{
		{"(%s + %s)", Dim.Add, func(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) }},
		{"(%s - %s)", Dim.Sub, func(x, y *big.Int) *big.Int { return new(big.Int).Sub(x, y) }},
		{"(%s * %s)", Dim.Mul, func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }},
		{"(%s // %s)", Dim.FloorDiv, floor},
		{"(%s %% %s)", Dim.Mod, func(x, y *big.Int) *big.Int {
			if q := floor(x, y); q != nil {
				return q.Sub(x, q.Mul(q, y))
			}
			return nil
		}},
		{"min(%s, %s)", Dim.Min, pick(-1)},
		{"max(%s, %s)", Dim.Max, pick(1)},
	}, naiveRoundings[rng.IntN(len(naiveRoundings))])
	op := operators[rng.IntN(len(operators))]
	e := naiveDim{text: fmt.Sprintf(op.format, a.text, b.text), dim: op.dim(a.dim, b.dim)}
	for i := range samples {
		var v *big.Int
		if a.at[i] != nil && b.at[i] != nil {
			v = op.exact(a.at[i], b.at[i])
		}
		e.at = append(e.at, v)
	}
	return e
}

type naiveOperator struct {
	format string
	dim    func(Dim, Dim) Dim
	exact  func(x, y *big.Int) *big.Int
}

func randomSizes(rng *rand.Rand, n int, lo, hi int64) []map[string]int64 {
	samples := make([]map[string]int64, n)
	for i := range samples {
		samples[i] = map[string]int64{}
		for _, name := range dimSampleNames {
			samples[i][name] = lo + rng.Int64N(hi-lo+1)
		}
	}
	return samples
}

func sizeIn(sizes map[string]int64) func(string) (int64, bool) {
	return func(name string) (int64, bool) { n, ok := sizes[name]; return n, ok }
}

// Canonical forms mean what was written, whenever the value as written exists and fits into 64 bits.
func TestDimMeaning(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	checked := 0
	for range 6000 {
		samples := append(randomSizes(rng, 4, -9, 30), randomSizes(rng, 1, 1, 1<<40)...)
		e := randomDim(rng, samples, 1+rng.IntN(4))
		if e.dim.Err() != nil {
			continue // a division by an expression that is 0, or too large
		}
		parsed, err := ParseDim(e.text)
		if err != nil || !parsed.Equal(e.dim) {
			t.Fatalf("%s: parsed as %v, %v; built as %v", e.text, parsed, err, e.dim)
		}
		again, err := ParseDim(e.dim.String())
		if err != nil || !again.Equal(e.dim) {
			t.Fatalf("%s: %v reads back as %v, %v", e.text, e.dim, again, err)
		}
		for i, want := range e.at {
			if want == nil || !want.IsInt64() || want.Int64() == math.MinInt64 {
				continue
			}
			checked++
			if got, err := e.dim.Eval(sizeIn(samples[i])); err != nil || got != want.Int64() {
				t.Fatalf("%s = %v with %v: got %d, %v; want %d", e.text, e.dim, samples[i], got, err, want)
			}
		}
	}
	if checked < 15000 {
		t.Errorf("only %d values were compared", checked)
	}
}

func FuzzParseDim(f *testing.F) {
	for _, s := range []string{"2*S+1", "S//2//3", "max(S, T)*(S-8*(S//8))", "min(16*S, 32*S)", "(S*T)//(S+1)%7", "-(3//T)",
		"2*trunc(1.7*S)+1", "ceil(0.3*(S-T)/1e-05+sqrt(U)-2.5)", "round(S/T*0.1)-floor(-0.7*S*T)", "trunc(1e300*1e300*S)", "trunc(inf*S)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDim(s)
		if err != nil {
			var syntax *DimSyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(s) {
				t.Fatalf("%q: error %v", s, err)
			}
			return
		}
		again, err := ParseDim(d.String())
		if err != nil || !again.Equal(d) || again.String() != d.String() {
			t.Fatalf("%q: %v reads back as %v, %v", s, d, again, err)
		}
	})
}
