package ir

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// testEnv has S in 1..64, T in 2.., U in 0..7 and V without a declaration, and guards.
func testEnv(t testing.TB, guards ...string) *DimEnv {
	t.Helper()
	decls := []*DimDecl{{"S", 1, 64}, {"T", 2, Unbounded}, {"U", 0, 7}}
	var gs []Guard
	for _, g := range guards {
		gs = append(gs, mustGuard(t, g))
	}
	return NewDimEnv(decls, gs)
}

func TestProve(t *testing.T) {
	tests := []struct {
		guards []string
		cond   string
		want   Truth
	}{
		// ranges
		{nil, "S >= 1", True},
		{nil, "S < 1", False},
		{nil, "S <= 63", Undecided},
		{nil, "T > 1", True},
		{nil, "V >= 0", Undecided},
		{nil, "V == V", True},
		{nil, "S*T >= 2", True},
		{nil, "S*S >= S", True},
		{nil, "S*T >= S+T-1", True},
		{nil, "S+U <= 71", True},
		{nil, "U != 8", True},
		{nil, "2*S == 2*V+1", False},
		{nil, "3 < 2", False},
		// floor division
		{nil, "2*(S//2) <= S", True},
		{nil, "2*(S//2) >= S-1", True},
		{nil, "S%8 <= 7", True},
		{nil, "V%8 >= 0", True},
		{nil, "V%8 == 8", False},
		{nil, "U//8 == 0", True},
		{nil, "(S+1)//2 >= 1", True},
		{nil, "(S+7)//8*8 >= S", True},
		{nil, "S*(T//2)*2 <= S*T", True},
		{nil, "S//T*T <= S", True},
		{nil, "S%T < T", True},
		{nil, "S//V == 0", Undecided},
		// minima and maxima
		{nil, "max(S, T) >= S", True},
		{nil, "min(S, T) <= S", True},
		{nil, "min(S, T) > S", False},
		{nil, "max(S, T)-min(S, T) >= 0", True},
		{nil, "max(S, T)+min(S, T) == S+T", True},
		{nil, "max(U, 8) == 8", True},
		{nil, "min(2*S, S) == S", True},
		{nil, "max(V, 1)//2 >= 0", True},
		// guards
		{[]string{"S <= T"}, "S <= T", True},
		{[]string{"S <= T"}, "S > T", False},
		{[]string{"S <= T"}, "S < T", Undecided},
		{[]string{"S <= T"}, "2*S <= 3*T", True},
		{[]string{"S < T", "T < V"}, "S+2 <= V", True},
		{[]string{"S == 2*T"}, "S//2 == T", True},
		{[]string{"S == 2*T"}, "S == T", False},
		{[]string{"S == 2*T"}, "T <= 32", True},
		{[]string{"S >= 4"}, "S >= 4", True},
		{[]string{"S >= 4"}, "S//4 >= 1", True},
		{[]string{"S*T <= 8"}, "S <= 4", True},
		{[]string{"S*T <= 8"}, "S <= 3", Undecided},
		{[]string{"S != T"}, "T == S", False},
		{[]string{"S != T"}, "T != S", True},
		{[]string{"S%8 == 0"}, "8*(S//8) == S", True},
		{[]string{"S%8 == 0"}, "T*8*(S//8) == S*T", True},
		{[]string{"S%8 == 0"}, "S%4 == 0", Undecided},
		{[]string{"min(S, T) >= V"}, "S >= V", True},
		{[]string{"max(S, T) <= V"}, "T <= V", True},
		{[]string{"max(S, T) == V"}, "V >= S", True},
		{[]string{"S == 0 or S == 5"}, "S == 5", True},
		{[]string{"S == 1 or S == 5"}, "S <= 5", Undecided},
		// nothing to prove it with
		{nil, "S == T", Undecided},
		{nil, "9223372036854775807*S > 0", True},
		{nil, "9223372036854775807*T > 0", Undecided},
		{nil, "9223372036854775807*V > -9223372036854775807", Undecided},
	}
	for _, test := range tests {
		c := mustGuard(t, test.cond).Any[0]
		env := testEnv(t, test.guards...)
		if got := env.Prove(c); got != test.want {
			t.Errorf("%s with %q: got %d, want %d", test.cond, test.guards, got, test.want)
		}
		if got := env.Prove(c.Negate()); got != dimNot(test.want) {
			t.Errorf("not %s with %q: got %d, want %d", test.cond, test.guards, got, dimNot(test.want))
		}
	}
}

func TestProveGuard(t *testing.T) {
	env := testEnv(t, "S == 3 or S == 5", "T <= 9")
	tests := []struct {
		guard string
		want  Truth
	}{
		{"S == 3 or S == 5", True},
		{"S == 3 or S == 6", Undecided},
		{"S == 0 or T <= 10", True},
		{"S == 0 or T > 9", False},
	}
	for _, test := range tests {
		if got := env.ProveGuard(mustGuard(t, test.guard)); got != test.want {
			t.Errorf("%s: got %d, want %d", test.guard, got, test.want)
		}
	}
	if got := env.ProveGuard(Guard{}); got != False {
		t.Errorf("the empty guard: got %d, want false", got)
	}
}

func TestCompare(t *testing.T) {
	env := testEnv(t, "S <= T", "T <= S+U", "V == 3*S")
	tests := []struct {
		a, b string
		want Order
	}{
		{"S+S", "2*S", CompareEqual},
		{"V", "3*S", CompareEqual},
		{"S*V", "3*S*S", CompareEqual},
		{"max(S, T)", "T", CompareEqual},
		{"S", "S+1", CompareDifferent},
		{"S", "T+1", CompareDifferent},
		{"V", "3*T+1", CompareDifferent},
		{"S", "T", CompareUnknown},
		{"7", "7", CompareEqual},
		{"7", "8", CompareDifferent},
	}
	for _, test := range tests {
		if got := env.Compare(mustDim(t, test.a), mustDim(t, test.b)); got != test.want {
			t.Errorf("%s and %s: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
	bad := Const(1).FloorDiv(Const(0))
	if got := env.Compare(bad, bad); got != CompareUnknown {
		t.Errorf("invalid dims compare as %d", got)
	}
}

func TestRange(t *testing.T) {
	tests := []struct {
		guards []string
		in     string
		lo, hi int64
	}{
		{nil, "5", 5, 5},
		{nil, "S", 1, 64},
		{nil, "T", 2, Unbounded},
		{nil, "V", math.MinInt64, Unbounded},
		{nil, "-T", math.MinInt64, -2},
		{nil, "2*S-U", -5, 128},
		{nil, "S//8", 0, 8},
		{nil, "V%8", 0, 7},
		{nil, "S-2*(S//2)", 0, 1},
		{nil, "T*T", 4, Unbounded},
		{nil, "S*S-S", 0, 4032},
		{nil, "max(S, 4)", 4, 64},
		{nil, "min(S, T)", 1, 64},
		{nil, "S//T", 0, 32},
		{nil, "1152921504606846976*(T-1)", 1152921504606846976, Unbounded},
		{[]string{"2*S <= 9", "S != 1"}, "S", 1, 4},
		{[]string{"T < S"}, "T", 2, 63},
		{[]string{"S == T", "T == 5"}, "S", 5, 5},
	}
	for _, test := range tests {
		if lo, hi := testEnv(t, test.guards...).Range(mustDim(t, test.in)); lo != test.lo || hi != test.hi {
			t.Errorf("%s with %q: got %d..%d, want %d..%d", test.in, test.guards, lo, hi, test.lo, test.hi)
		}
	}
}

func TestSimplify(t *testing.T) {
	tests := []struct {
		guards []string
		in     string
		want   string
	}{
		{nil, "2*S+1", "2*S+1"},
		{nil, "max(S, 0)", "S"},
		{nil, "max(S, T, 1)", "max(S, T)"},
		{nil, "min(16*S, 32*S)", "16*S"},
		{nil, "U//8+T", "T"},
		{nil, "U%8", "U"},
		{nil, "U%4", "U-4*(U//4)"},
		{nil, "(S+max(U, 7))//2", "(S+7)//2"},
		{nil, "max(V, 0)", "max(V, 0)"},
		{[]string{"S == 2*T"}, "S//2+V", "T+V"},
		{[]string{"S == T"}, "T*S", "S*S"},
		{[]string{"S == T", "V == T+1"}, "V", "S+1"},
		{[]string{"S*T == 64"}, "2*S*T*V", "128*V"},
		{[]string{"S%8 == 0"}, "8*(S//8)", "S"},
		{[]string{"S%8 == 0"}, "16*(S//8)*V+S//8", "2*S*V+S//8"},
		{[]string{"min(16*S, 32*V) == 16*S"}, "min(2*V, S)+1", "S+1"},
		{[]string{"S == 5"}, "S*T", "5*T"},
		{[]string{"S <= T"}, "min(S, T, 100)", "S"},
		{[]string{"S < T"}, "S//T", "0"},
	}
	for _, test := range tests {
		got := testEnv(t, test.guards...).Simplify(mustDim(t, test.in))
		if want := mustDim(t, test.want); !got.Equal(want) {
			t.Errorf("%s with %q: got %v, want %v", test.in, test.guards, got, want)
		}
	}
	bad := Const(1).FloorDiv(Const(0))
	if got := testEnv(t).Simplify(bad); got.Err() == nil {
		t.Errorf("an invalid dim became %v", got)
	}
}

// What the environment says holds for every allowed choice of sizes.
func TestDimEnvSoundness(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	decided, checked := 0, 0
	for range 200 {
		samples := randomSizes(rng, 60, -6, 24)
		var decls []*DimDecl
		for _, name := range dimSampleNames {
			d := &DimDecl{name, -6 + rng.Int64N(9), 3 + rng.Int64N(22)}
			switch rng.IntN(6) {
			case 0:
				d.Min = math.MinInt64
			case 1:
				d.Max = Unbounded
			}
			decls = append(decls, d)
		}
		var guards []Guard
		for range rng.IntN(3) {
			g := Guard{}
			for range 1 + rng.IntN(4)/3 {
				g.Any = append(g.Any, randomCond(rng, 2))
			}
			guards = append(guards, g)
		}
		env := NewDimEnv(decls, guards)
		var legal []map[string]int64
		for _, sizes := range samples {
			if legalSizes(sizes, decls, guards) {
				legal = append(legal, sizes)
			}
		}
		for range 12 {
			c := randomCond(rng, 3)
			truth, order := env.Prove(c), env.Compare(c.Left, c.Right)
			lo, hi := env.Range(c.Left)
			simple := env.Simplify(c.Left)
			if truth != Undecided {
				decided++
			}
			for _, sizes := range legal {
				left, err := c.Left.Eval(sizeIn(sizes))
				right, err2 := c.Right.Eval(sizeIn(sizes))
				if err != nil || err2 != nil {
					continue
				}
				checked++
				where := fmt.Sprintf("%v with %v, guards %v, declared %v %v %v", c, sizes, guards, *decls[0], *decls[1], *decls[2])
				if truth != Undecided && (truth == True) != c.Rel.holds(left, right) {
					t.Fatalf("%s: proven %d", where, truth)
				}
				if order == CompareEqual && left != right || order == CompareDifferent && left == right {
					t.Fatalf("%s: compared %d", where, order)
				}
				if left < lo || left > hi {
					t.Fatalf("%s: range %d..%d, value %d", where, lo, hi, left)
				}
				if v, err := simple.Eval(sizeIn(sizes)); err != nil || v != left {
					t.Fatalf("%s: simplified to %v, which is %d, %v instead of %d", where, simple, v, err, left)
				}
			}
		}
	}
	if decided < 500 || checked < 10000 {
		t.Errorf("only %d conditions were decided and %d values compared", decided, checked)
	}
}

func randomCond(rng *rand.Rand, depth int) Cond {
	for {
		left := randomDim(rng, nil, rng.IntN(depth+1)).dim
		right := randomDim(rng, nil, rng.IntN(depth)).dim
		if dimFirstInvalid(left, right) == nil {
			return Cond{left, Relation(rng.IntN(6)), right}
		}
	}
}

func legalSizes(sizes map[string]int64, decls []*DimDecl, guards []Guard) bool {
	for _, d := range decls {
		if n := sizes[d.Name]; n < d.Min || n > d.Max {
			return false
		}
	}
	for _, g := range guards {
		if holds, _, _ := g.Holds(sizeIn(sizes)); !holds {
			return false
		}
	}
	return true
}

// What the ranges prove stays proven under any further guards, such as those that padding to whole windows leaves.
func TestProveAmongManyGuards(t *testing.T) {
	decls := []*DimDecl{{Name: "B", Min: 1, Max: 4}, {Name: "H", Min: 4, Max: 16}, {Name: "W", Min: 4, Max: 16}}
	var guards []Guard
	for _, text := range []string{
		"48*B*H*W-48*B*H*((3*W)//4)-48*B*W*((3*H)//4)+48*B*((3*H)//4)*((3*W)//4) >= 2",
		"H-(3*H)//4 != 1",
		"48*max(H-(3*H)//4, 1)*max(W-(3*W)//4, 1) == 48*H*W-48*H*((3*W)//4)-48*W*((3*H)//4)+48*((3*H)//4)*((3*W)//4)",
		"48*min(max(H-(3*H)//4, 1), max(H-(3*H)//4, 1)*max(W-(3*W)//4, 1), 1) == 48",
		"4*min(4*max(H-(3*H)//4, 1), max(H-(3*H)//4, 1)) == 4*H-4*((3*H)//4)",
		"W <= 4*W-4*((3*W)//4)",
		"12*B*H*W-12*B*W*((3*H)//4) >= 2",
		"H <= 4*H-4*((3*H)//4)",
	} {
		g, err := ParseGuard(text)
		if err != nil {
			t.Fatal(err)
		}
		guards = append(guards, g)
	}
	for _, text := range []string{"4*H-4*((3*H)//4) >= 0", "4*W-4*((3*W)//4) >= 0", "max(min(4*H-4*((3*H)//4), H), 0) <= 4*H-4*((3*H)//4)"} {
		g, err := ParseGuard(text)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(guards) + 1 {
			if got := NewDimEnv(decls, guards[:n]).ProveGuard(g); got != True {
				t.Errorf("with %d guards, %s is %v", n, text, got)
			}
		}
	}
}
