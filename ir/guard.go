package ir

import (
	"errors"
	"slices"
	"strings"
)

// Relation compares two dims.
type Relation uint8

// The relations; their text is == != <= < >= >.
const (
	RelEQ Relation = iota
	RelNE
	RelLE
	RelLT
	RelGE
	RelGT
)

// guardRelations holds, for each relation, its text, its negation, itself with the sides exchanged, and whether it
// holds for less, equal, greater.
var guardRelations = [...]struct {
	text        string
	not, mirror Relation
	orders      [3]bool
}{
	RelEQ: {"==", RelNE, RelEQ, [3]bool{false, true, false}},
	RelNE: {"!=", RelEQ, RelNE, [3]bool{true, false, true}},
	RelLE: {"<=", RelGT, RelGE, [3]bool{true, true, false}},
	RelLT: {"<", RelGE, RelGT, [3]bool{true, false, false}},
	RelGE: {">=", RelLT, RelLE, [3]bool{false, true, true}},
	RelGT: {">", RelLE, RelLT, [3]bool{false, false, true}},
}

func (r Relation) String() string { return guardRelations[r].text }

// Negate is the relation that holds exactly where r does not.
func (r Relation) Negate() Relation { return guardRelations[r].not }

func (r Relation) mirror() Relation { return guardRelations[r].mirror }

func (r Relation) holds(left, right int64) bool {
	order := 1
	switch {
	case left < right:
		order = 0
	case left > right:
		order = 2
	}
	return guardRelations[r].orders[order]
}

// Cond is one comparison of two dims.
type Cond struct {
	Left  Dim
	Rel   Relation
	Right Dim
}

// Negate is the condition that holds exactly where c does not.
func (c Cond) Negate() Cond { return Cond{c.Left, c.Rel.Negate(), c.Right} }

func (c Cond) String() string { return c.Left.String() + " " + c.Rel.String() + " " + c.Right.String() }

// Guard is a condition over dims that the engine checks as soon as its symbols are bound. It holds when any of
// its conditions holds, so one without conditions never does.
type Guard struct{ Any []Cond }

// String is the text that ParseGuard reads back, such as `S <= 2*T` or `S == 1 or S >= 4`.
func (g Guard) String() string {
	if len(g.Any) == 0 {
		return "0 == 1"
	}
	texts := make([]string, len(g.Any))
	for i, c := range g.Any {
		texts[i] = c.String()
	}
	return strings.Join(texts, " or ")
}

// Symbols lists the symbols of all conditions, sorted, each once.
func (g Guard) Symbols() []string {
	var names []string
	for _, c := range g.Any {
		names = slices.Concat(names, c.Left.Symbols(), c.Right.Symbols())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Holds evaluates the guard. Known is false while a symbol that matters has no size; an error is a division by
// zero or an overflow that leaves the answer open.
func (g Guard) Holds(size func(string) (int64, bool)) (holds, known bool, err error) {
	known = true
	for _, c := range g.Any {
		left, lerr := c.Left.Eval(size)
		right, rerr := c.Right.Eval(size)
		for _, e := range []error{lerr, rerr} {
			var unbound *dimUnbound
			if errors.As(e, &unbound) {
				known = false
			} else if e != nil && err == nil {
				err = e
			}
		}
		if lerr == nil && rerr == nil && c.Rel.holds(left, right) {
			return true, true, nil
		}
	}
	return false, known && err == nil, err
}

// ParseGuard reads conditions joined by `or`: two dims with one of == != <= < >= > between them. A
// *DimSyntaxError gives the place of a mistake.
func ParseGuard(s string) (Guard, error) {
	p := dimParser{text: s}
	p.next()
	var g Guard
	for {
		c, err := p.cond()
		if err != nil {
			return Guard{}, err
		}
		g.Any = append(g.Any, c)
		if p.tok == "" {
			return g, nil
		}
		if p.tok != "or" {
			return Guard{}, p.expected("`or` or the end")
		}
		p.next()
	}
}

func (p *dimParser) cond() (Cond, error) {
	left, err := p.sum()
	if err != nil {
		return Cond{}, err
	}
	for rel := RelEQ; rel <= RelGT; rel++ {
		if p.tok == rel.String() {
			p.next()
			right, err := p.sum()
			return Cond{left, rel, right}, err
		}
	}
	return Cond{}, p.expected("one of == != <= < >= >")
}
