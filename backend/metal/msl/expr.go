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
	precBitOr
	precXor
	precBitAnd
	precEqual
	precLess
	precShift
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

// all joins conditions, none being true.
func all(conds []expr) expr {
	if len(conds) == 0 {
		return atom("true")
	}
	e := conds[0]
	for _, c := range conds[1:] {
		e = infix(e, "&&", precAnd, c)
	}
	return e
}

var components = [4]string{"x", "y", "z", "w"}

// component is a lane of a vector of numbers.
func component(v expr, lane int) expr { return atom("%s.%s", v.at(precAtom), components[lane]) }
