package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// SympyExpr is what ParseSympy reads: a Dim, or a condition that holds when all Guards do.
type SympyExpr struct {
	IsCond bool
	Dim    Dim
	Guards []Guard
}

// ParseSympy reads the `sympy.srepr` text that PyTorch writes for symbolic sizes, such as
// `Add(Mul(Integer(2), Symbol('s77', positive=True, integer=True)), Integer(1))`. Rename gives the symbols their
// names in the function; nil keeps them. A text that does not parse is a *DimSyntaxError; one that is correct but
// is no integer for all sizes, such as a float, is a *DimHeadError.
func ParseSympy(srepr string, rename func(string) string) (SympyExpr, error) {
	p := sympyDimParser{scan: dimTorchScan{text: srepr}, rename: rename}
	if err := p.scan.start(); err != nil {
		return SympyExpr{}, err
	}
	v, err := p.expr()
	if err == nil && p.scan.tok != "" {
		err = p.scan.expected("the end")
	}
	if err != nil {
		return SympyExpr{}, err
	}
	if v.isCond {
		return SympyExpr{IsCond: true, Guards: v.cond.guards()}, nil
	}
	d, err := v.dim("the expression")
	return SympyExpr{Dim: d}, err
}

// sympyDimParser reads Head(argument, ...), where the arguments of leaves are literals and keywords.
type sympyDimParser struct {
	scan   dimTorchScan
	torch  dimTorch
	rename func(string) string
}

func (p *sympyDimParser) expr() (dimTorchValue, error) {
	if err := p.scan.enter(); err != nil {
		return dimTorchValue{}, err
	}
	defer p.scan.leave()
	at, head := p.scan.offset, p.scan.tok
	if head == "" || !dimNameByte(head[0]) || head[0] >= '0' && head[0] <= '9' {
		return dimTorchValue{}, p.scan.expected("a sympy head such as Add or Symbol")
	}
	p.scan.next()
	if head == "true" || head == "false" {
		return dimTorchBool(head == "true"), nil
	}
	if err := p.scan.take("("); err != nil {
		return dimTorchValue{}, err
	}
	if leaf, ok := sympyDimLeaves[head]; ok {
		args, err := p.literals()
		if err != nil {
			return dimTorchValue{}, err
		}
		v, err := leaf(p, head, args)
		return v, p.scan.at(at, err)
	}
	var args []dimTorchValue
	for p.scan.tok != ")" {
		v, err := p.expr()
		if err != nil {
			return v, err
		}
		args = append(args, v)
		if err := p.scan.comma(); err != nil {
			return v, err
		}
	}
	p.scan.next()
	v, err := p.torch.call(head, args)
	return v, p.scan.at(at, err)
}

// literals reads the arguments of a leaf up to its parenthesis: positional texts, and name=value as one text.
func (p *sympyDimParser) literals() ([]string, error) {
	const limit = 16
	var args []string
	for p.scan.tok != ")" {
		if p.scan.tok == "" || len(args) == limit {
			return nil, p.scan.expected(`")"`)
		}
		text := ""
		for p.scan.tok != "," && p.scan.tok != ")" && p.scan.tok != "" {
			text += p.scan.tok
			p.scan.next()
		}
		args = append(args, text)
		if err := p.scan.comma(); err != nil {
			return nil, err
		}
	}
	p.scan.next()
	return args, nil
}

type sympyDimLeaf func(p *sympyDimParser, head string, args []string) (dimTorchValue, error)

var sympyDimLeaves = map[string]sympyDimLeaf{
	"Symbol":      (*sympyDimParser).symbol,
	"Integer":     (*sympyDimParser).rational,
	"Rational":    (*sympyDimParser).rational,
	"One":         sympyDimConstant(1, 1),
	"Zero":        sympyDimConstant(0, 1),
	"NegativeOne": sympyDimConstant(-1, 1),
	"Half":        sympyDimConstant(1, 2),
	"Float": func(_ *sympyDimParser, head string, args []string) (dimTorchValue, error) {
		if len(args) == 0 {
			return dimTorchValue{}, fmt.Errorf("%s without a value", head)
		}
		return dimTorchFloat(head, strings.Trim(args[0], "'"))
	},
}

func sympyDimConstant(num, den int64) sympyDimLeaf {
	return func(_ *sympyDimParser, head string, args []string) (dimTorchValue, error) {
		if len(args) > 0 {
			return dimTorchValue{}, fmt.Errorf("%s has %d arguments, expected none", head, len(args))
		}
		return dimTorchValue{num: Const(num), den: Const(den)}, nil
	}
}

func (p *sympyDimParser) symbol(head string, args []string) (dimTorchValue, error) {
	if len(args) == 0 || len(args[0]) < 2 || args[0][0] != '\'' {
		return dimTorchValue{}, fmt.Errorf("%s: expected a name in single quotes", head)
	}
	name := args[0][1 : len(args[0])-1]
	if p.rename != nil {
		name = p.rename(name)
	}
	d := Sym(name)
	switch {
	case slices.Contains(args, "positive=True"):
		p.torch.decls = append(p.torch.decls, &DimDecl{name, 1, Unbounded})
	case slices.Contains(args, "nonnegative=True"):
		p.torch.decls = append(p.torch.decls, &DimDecl{name, 0, Unbounded})
	}
	return dimTorchInt(d), d.Err()
}

func (p *sympyDimParser) rational(head string, args []string) (dimTorchValue, error) {
	want := map[string]int{"Integer": 1, "Rational": 2}[head]
	if len(args) != want {
		return dimTorchValue{}, fmt.Errorf("%s has %d arguments, expected %d", head, len(args), want)
	}
	numbers := []int64{0, 1}
	for i, arg := range args {
		var err error
		if numbers[i], err = strconv.ParseInt(arg, 10, 64); err != nil {
			return dimTorchValue{}, fmt.Errorf("%s: %.40q is not a 64-bit integer", head, arg)
		}
	}
	return dimTorchValue{num: Const(numbers[0]), den: Const(numbers[1])}.checked()
}

func dimTorchBool(b bool) dimTorchValue {
	if b {
		return dimTorchValue{isCond: true}
	}
	return dimTorchValue{isCond: true, cond: guardClauses{{}}}
}
