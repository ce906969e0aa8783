package ir

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustGuard(t testing.TB, s string) Guard {
	t.Helper()
	g, err := ParseGuard(s)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestParseGuard(t *testing.T) {
	tests := []struct{ in, want string }{
		{"S<=2*T", "S <= 2*T"},
		{"S == 1 or S >= 4 or T != 0", "S == 1 or S >= 4 or T != 0"},
		{"S%8 == 0", "S-8*(S//8) == 0"},
		{"(S+1)*2 < min(T, 3)", "2*S+2 < min(T, 3)"},
		{"-S > -4", "-S > -4"},
		{"0 == 1", "0 == 1"},
		{"trunc(S*0.3)==6", "trunc(0.3*S) == 6"},
	}
	for _, test := range tests {
		g := mustGuard(t, test.in)
		if g.String() != test.want {
			t.Errorf("%s: got %v, want %s", test.in, g, test.want)
		}
		if diff := cmp.Diff(g, mustGuard(t, g.String())); diff != "" {
			t.Errorf("%s reads back differently:\n%s", g, diff)
		}
	}
	if got := (Guard{}).String(); got != "0 == 1" {
		t.Errorf("the empty guard prints %q", got)
	}
	if diff := cmp.Diff([]string{"S", "T", "U"}, mustGuard(t, "U < S or S*T == U").Symbols()); diff != "" {
		t.Error(diff)
	}
}

func TestParseGuardErrors(t *testing.T) {
	tests := []struct {
		in     string
		offset int
		want   string
	}{
		{"S", 1, "expected one of == != <= < >= >, found the end"},
		{"S = 1", 2, `found "="`},
		{"S == 1 and T == 2", 7, "expected `or` or the end, found \"and\""},
		{"S == 1 or", 9, "expected a dimension"},
		{"1 <= S <= 4", 7, "expected `or`"},
		{"S == 4//0", 6, "divided by zero"},
	}
	for _, test := range tests {
		_, err := ParseGuard(test.in)
		var syntax *DimSyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != test.offset || !strings.Contains(syntax.Message, test.want) {
			t.Errorf("%q: error %v, want offset %d and %q", test.in, err, test.offset, test.want)
		}
	}
}

func TestRelation(t *testing.T) {
	for rel := RelEQ; rel <= RelGT; rel++ {
		for _, pair := range [][2]int64{{1, 2}, {2, 2}, {3, 2}} {
			if rel.holds(pair[0], pair[1]) == rel.Negate().holds(pair[0], pair[1]) || rel.Negate().Negate() != rel {
				t.Errorf("%v and its negation %v agree on %v", rel, rel.Negate(), pair)
			}
		}
	}
	c := Cond{Sym("S"), RelLE, Const(4)}
	if got := c.Negate().String(); got != "S > 4" {
		t.Errorf("the negation of %v is %s", c, got)
	}
}

func TestGuardHolds(t *testing.T) {
	size := sizeIn(map[string]int64{"S": 7, "Z": 0})
	tests := []struct {
		in           string
		holds, known bool
		err          string
	}{
		{"S == 7", true, true, ""},
		{"S < 7", false, true, ""},
		{"S != 6", true, true, ""},
		{"S >= 8 or S == 7", true, true, ""},
		{"U == 1", false, false, ""},
		{"U == 1 or S > 6", true, true, ""},
		{"U == 1 or S > 7", false, false, ""},
		{"S//Z == 1", false, false, "divides by zero"},
		{"S//Z == 1 or S == 7", true, true, ""},
	}
	for _, test := range tests {
		holds, known, err := mustGuard(t, test.in).Holds(size)
		if holds != test.holds || known != test.known || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %t, %t, %v; want %t, %t, %q", test.in, holds, known, err, test.holds, test.known, test.err)
		}
	}
	if holds, known, err := (Guard{}).Holds(size); holds || !known || err != nil {
		t.Errorf("the empty guard: %t, %t, %v", holds, known, err)
	}
}

func FuzzParseGuard(f *testing.F) {
	for _, s := range []string{"S == 1 or S >= 4", "S-8*(S//8) == 0", "min(S, T) != 2", "trunc(0.3*S) == 6 or ceil(S/0.7-2.5) < T", "floor(sqrt(S)*T) >= 1e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseGuard(s)
		if err != nil {
			return
		}
		if again, err := ParseGuard(g.String()); err != nil || !cmp.Equal(again, g) {
			t.Fatalf("%q: %v reads back as %v, %v", s, g, again, err)
		}
	})
}
