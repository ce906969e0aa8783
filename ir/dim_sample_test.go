package ir

import (
	"math"
	"testing"
)

// TestSamples holds samples against ranges and guards, for environments that torch.export and loops give.
func TestSamples(t *testing.T) {
	tests := []struct {
		name   string
		decls  []*DimDecl
		guards []string
		least  int // samples
	}{
		{"no symbol", nil, nil, 1},
		{"a size", []*DimDecl{{"S", 2, 64}}, nil, dimSamples},
		{"without bounds", []*DimDecl{{"S", math.MinInt64, Unbounded}}, nil, dimSamples},
		{"multiples", []*DimDecl{{"S", 32, 4096}}, []string{"S%32 == 0"}, 4},
		{"half of another", []*DimDecl{{"S", 2, 512}, {"T", 1, 256}}, []string{"S == 2*T"}, 4},
		{"loops", []*DimDecl{{"B", 1, 8}, {"S", 1, 600}, {"i", 0, Unbounded}, {"j", 0, Unbounded}}, []string{"i < B*S", "j <= (S+15)//16-1", "16*j+15 < S"}, 3},
		{"a disjunction", []*DimDecl{{"S", 1, 64}}, []string{"S == 1 or S >= 60"}, 3},
		{"a symbol of nobody", []*DimDecl{{"S", 1, 64}}, []string{"V >= S"}, 4},
		{"the end of integers", []*DimDecl{{"S", math.MaxInt64 - 1, Unbounded}}, []string{"S*S >= 0"}, 0},
		{"impossible", []*DimDecl{{"S", 1, 64}}, []string{"S > 70"}, 0},
		{"an empty range", []*DimDecl{{"S", 1, 64}, {"i", 0, Unbounded}}, []string{"i < S-S//1"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var guards []Guard
			for _, g := range tt.guards {
				guards = append(guards, mustGuard(t, g))
			}
			found := NewDimEnv(tt.decls, guards).samplesOf()
			if len(found) < tt.least {
				t.Errorf("found %d samples, expected at least %d", len(found), tt.least)
			}
			for _, s := range found {
				for _, d := range tt.decls {
					if n, _ := s.size(d.Name); n < d.Min || n > d.Max {
						t.Errorf("%s is %d, expected %d..%d", d.Name, n, d.Min, d.Max)
					}
				}
				for _, g := range guards {
					if holds, _, err := g.Holds(s.size); err != nil || !holds {
						t.Errorf("%v does not satisfy %s: %v", s.sizes, g, err)
					}
				}
			}
			again := NewDimEnv(tt.decls, guards).samplesOf()
			for i, s := range found {
				for name, n := range s.sizes {
					if again[i].sizes[name] != n {
						t.Fatalf("%s is %d, then %d", name, n, again[i].sizes[name])
					}
				}
			}
		})
	}
}

func TestGlance(t *testing.T) {
	env := testEnv(t, "S <= T")
	for _, tt := range []struct {
		cond string
		want Truth
		open bool
	}{
		{"S >= 1", True, true},
		{"U <= 7", True, true},
		{"S*T >= 2", True, true},
		{"S < 1", False, true},
		{"U > 8", False, true},
		{"S <= T", True, true},
		{"2*S <= 2*T", Undecided, true}, // true, but it takes a search
		{"S < T", Undecided, false},
		{"S >= U", Undecided, false},
		{"S == T", Undecided, false},
		{"S == S", True, true},
	} {
		got, open := env.Glance(mustGuard(t, tt.cond).Any[0])
		if got != tt.want || open != tt.open {
			t.Errorf("%s is %v, open %t, expected %v, %t", tt.cond, got, open, tt.want, tt.open)
		}
	}
}
