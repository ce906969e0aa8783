package ir

import "testing"

func TestEffort(t *testing.T) {
	env := func(terms int64) *DimEnv {
		e := NewDimEnv([]*DimDecl{{Name: "S", Min: 1, Max: 64}}, nil)
		e.Within(NewEffort(terms, nil))
		return e
	}
	c := Cond{Sym("S").FloorDiv(Const(2)), RelLE, Sym("S")}
	if got := env(1000).Prove(c); got != True {
		t.Errorf("%v is %v, expected true", c, got)
	}
	e := env(1)
	e.Prove(c)
	if got := e.Prove(c); got != Undecided {
		t.Errorf("without effort %v is %v, expected undecided", c, got)
	}
	if !e.effort.Spent() {
		t.Error("the effort is not spent")
	}
}
