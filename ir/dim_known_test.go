package ir

import (
	"math/rand/v2"
	"testing"
)

// TestWith asks environments that know more the same as ones that were told everything at once.
func TestWith(t *testing.T) {
	tests := []struct {
		name   string
		before []string // guards
		decls  []*DimDecl
		guards []string
	}{
		{"nothing", nil, nil, nil},
		{"a variable", nil, []*DimDecl{{"i", 0, Unbounded}}, []string{"i < S"}},
		{"one among guards", []string{"S <= T", "U < S"}, []*DimDecl{{"i", 0, Unbounded}}, []string{"0 <= i", "i <= S*T-1"}},
		{"a constant range", nil, []*DimDecl{{"i", 0, 15}}, []string{"0 <= i", "i <= 15"}},
		{"an old symbol narrowed", []string{"S <= T"}, nil, []string{"S >= 5"}},
		{"an old symbol with one that is new", nil, []*DimDecl{{"i", 0, 9}}, []string{"i < S", "S <= 12"}},
		{"an equality", nil, []*DimDecl{{"i", 0, Unbounded}}, []string{"T == 2*i"}},
		{"an equality before", []string{"T == 2*S"}, []*DimDecl{{"i", 0, Unbounded}}, []string{"i < T"}},
		{"an inequality", nil, nil, []string{"S != T"}},
		{"a disjunction", nil, []*DimDecl{{"i", 0, 3}}, []string{"i == 1 or i >= 3"}},
		{"a disjunction that is decided", []string{"S == 1 or S >= 4"}, nil, []string{"S >= 2"}},
		{"nobody declared it", nil, nil, []string{"V >= 3"}},
		{"declared after it was mentioned", []string{"V <= S"}, []*DimDecl{{"V", 1, 8}}, nil},
		{"declared after a guard of two has mentioned it", []string{"S < V"}, []*DimDecl{{"V", 3, 5}}, nil},
		{"none is possible", nil, []*DimDecl{{"i", 0, Unbounded}}, []string{"i < U-7"}},
	}
	conds := []string{"i < S", "i <= S*T", "S <= T", "i+1 <= S", "S >= 4", "S >= 5", "T%2 == 0", "i//2 <= i", "i <= 9", "i*T+T <= S*T", "V >= 1", "S == T", "i < 0", "2*i == T", "S*i >= 0"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var guards []Guard
			for _, g := range tt.guards {
				guards = append(guards, mustGuard(t, g))
			}
			before := testEnv(t, tt.before...)
			before.Prove(mustGuard(t, "S*T >= 2*U").Any[0]) // it has samples before it is extended
			got := before.With(tt.decls, guards)
			want := NewDimEnv(append(before.decls[:len(before.decls):len(before.decls)], tt.decls...), append(before.guards[:len(before.guards):len(before.guards)], guards...))
			for _, text := range conds {
				c := mustGuard(t, text).Any[0]
				if g, w := got.Prove(c), want.Prove(c); g != w {
					t.Errorf("%s is %v, expected %v", text, g, w)
				}
			}
			for _, text := range []string{"S", "T", "i", "S*i", "min(i, S)", "i//4"} {
				d := mustDim(t, text)
				lo, hi := got.Range(d)
				if wantLo, wantHi := want.Range(d); lo != wantLo || hi != wantHi {
					t.Errorf("%s is in %d..%d, expected %d..%d", text, lo, hi, wantLo, wantHi)
				}
				if g, w := got.Simplify(d), want.Simplify(d); !g.Equal(w) {
					t.Errorf("%s becomes %s, expected %s", text, g, w)
				}
			}
		})
	}
}

// TestWithAgainstSizes asks environments that grow step by step, in which guards may mention symbols that are declared later, and holds
// the answers against all small sizes.
func TestWithAgainstSizes(t *testing.T) {
	names := []string{"A", "B", "C"}
	rng := rand.New(rand.NewPCG(3, 1))
	sum := func() Dim {
		d := Const(rng.Int64N(7) - 3)
		for _, name := range names {
			d = d.Add(Sym(name).Mul(Const(rng.Int64N(5) - 2)))
		}
		if rng.IntN(3) == 0 {
			d = d.FloorDiv(Const(2 + rng.Int64N(2)))
		}
		return d
	}
	for round := range 3000 {
		var decls []*DimDecl
		var guards []Guard
		env := NewDimEnv(nil, nil)
		for _, name := range names {
			least := rng.Int64N(7) - 3
			decl := []*DimDecl{{name, least, least + rng.Int64N(4)}}
			var more []Guard
			for range rng.IntN(3) {
				more = append(more, Guard{Any: []Cond{{sum(), RelLE + Relation(rng.IntN(4)), sum()}}})
			}
			env = env.With(decl, more)
			decls, guards = append(decls, decl...), append(guards, more...)
			env.Prove(Cond{sum(), RelLE, sum()}) // it is asked before it grows
		}
		asked := Cond{sum(), RelLE, sum()}
		truth, of := env.Prove(asked), sum()
		lo, hi := env.Range(of)
		eachSize(decls, map[string]int64{}, func(size func(string) (int64, bool)) {
			for _, g := range guards {
				if holds, _, err := g.Holds(size); err != nil || !holds {
					return
				}
			}
			if holds, _, _ := (Guard{Any: []Cond{asked}}).Holds(size); truth != Undecided && holds != (truth == True) {
				t.Errorf("round %d: %s is said to be %v of %v with %v", round, asked, truth, sizesOf(decls, size), guards)
			}
			if n, err := of.Eval(size); err != nil || n < lo || n > hi {
				t.Errorf("round %d: %s is %d (%v), found the range %d..%d, of %v with %v", round, of, n, err, lo, hi, sizesOf(decls, size), guards)
			}
		})
	}
}

// eachSize calls fn for all sizes within the ranges of symbols.
func eachSize(decls []*DimDecl, sizes map[string]int64, fn func(size func(string) (int64, bool))) {
	if len(decls) == 0 {
		fn(func(name string) (int64, bool) { n, ok := sizes[name]; return n, ok })
		return
	}
	for n := decls[0].Min; n <= decls[0].Max; n++ {
		sizes[decls[0].Name] = n
		eachSize(decls[1:], sizes, fn)
	}
}

func sizesOf(decls []*DimDecl, size func(string) (int64, bool)) (list []int64) {
	for _, d := range decls {
		n, _ := size(d.Name)
		list = append(list, n)
	}
	return list
}

// TestScopes has equal scopes be one.
func TestScopes(t *testing.T) {
	outer := testEnv(t).Scope()
	i := &DimDecl{"i", 0, Unbounded}
	below := mustGuard(t, "i < S")
	if a, b := outer.With(i, below), outer.With(&DimDecl{"i", 0, Unbounded}, mustGuard(t, "i < S")); a != b {
		t.Error("equal scopes are two")
	}
	for _, other := range []*DimScope{outer, outer.With(i), outer.With(i, mustGuard(t, "i < T")), outer.With(&DimDecl{"i", 1, Unbounded}, below)} {
		if other == outer.With(i, below) {
			t.Error("scopes that know different things are one")
		}
	}
	inner := outer.With(i, below)
	if got := inner.Simplify(mustDim(t, "(S*U+i)//S")); got.String() != "U" {
		t.Errorf("found %s, expected U", got)
	}
	if got := outer.Simplify(mustDim(t, "(S*U+i)//S")); got.String() == "U" {
		t.Error("the outer scope knows of the inner one's variable")
	}
}
