package msl

import (
	"fmt"
	"strings"
)

// expr is an expression of the text, and how strongly its outermost operator binds.
type expr struct {
	text string
	prec int
}

// How strongly operators bind, the strongest last.
const (
	precCond = iota
	precOr
	precAnd
	precBitOr // and of all operations on bits: see shifted
	precEqual
	precLess
	precAdd
	precMul
	precUnary
	precAtom // names, calls and what is in brackets
)

func atom(format string, args ...any) expr { return expr{fmt.Sprintf(format, args...), precAtom} }

// at gives the text where an operator around binds with prec.
func (e expr) at(prec int) string {
	if e.prec < prec {
		return "(" + e.text + ")"
	}
	return e.text
}

// infix joins two operands; operators of equal strength are read from the left.
func infix(a expr, op string, prec int, b expr) expr {
	return expr{a.at(prec) + " " + op + " " + b.at(prec+1), prec}
}

// shifted is a shift or an operation on bits, whose operands are put in parentheses: few know how strongly these bind.
func shifted(a expr, op string, b expr) expr {
	return expr{a.at(precUnary) + " " + op + " " + b.at(precUnary), precBitOr}
}

func call(name string, args ...expr) expr {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.text
	}
	return atom("%s(%s)", name, strings.Join(texts, ", "))
}

func ternary(cond, yes, no expr) expr {
	return expr{cond.at(precCond+1) + " ? " + yes.at(precCond+1) + " : " + no.at(precCond), precCond}
}

func prefix(op string, a expr) expr {
	if strings.HasPrefix(a.text, op) { // no `--`
		return expr{op + "(" + a.text + ")", precUnary}
	}
	return expr{op + a.at(precUnary), precUnary}
}

// both joins two conditions.
func both(a, b expr) expr {
	switch {
	case a == no || b == yes:
		return a
	case b == no || a == yes:
		return b
	}
	return infix(a, "&&", precAnd, b)
}

// chosen is ternary, or one of its ends where the condition is known.
func chosen(cond, a, b expr) expr {
	switch cond {
	case yes:
		return a
	case no:
		return b
	}
	return ternary(cond, a, b)
}

var components = [4]string{"x", "y", "z", "w"}

// component is a lane of a vector of numbers.
func component(v expr, lane int) expr { return atom("%s.%s", v.at(precAtom), components[lane]) }
