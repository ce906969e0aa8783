package ir

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseTorchGuard reads a condition of a .pt2 file's guards_code: Python over paths such as
// `L['x'].size()[0]`, whose dims the caller gives; env, which may be nil, knows their ranges. The condition holds when all the returned guards do; one that
// always holds returns none. A *DimSyntaxError gives the place of a mistake and of a path without a size, a
// *DimHeadError names a function that has no form here.
func ParseTorchGuard(code string, size func(path string) (Dim, bool), env *DimEnv) ([]Guard, error) {
	p := torchGuardParser{scan: dimTorchScan{text: code}, torch: dimTorch{env: env}, size: size}
	if err := p.scan.start(); err != nil {
		return nil, err
	}
	v, err := p.or()
	if err == nil && p.scan.tok != "" {
		err = p.scan.expected("an operator or the end")
	}
	if err == nil && !v.isCond {
		err = p.scan.errorAt(0, "expected a condition, found a number")
	}
	if err != nil {
		return nil, err
	}
	return v.cond.guards(), nil
}

// torchGuardParser has one method for each precedence of Python's operators, loosest first.
type torchGuardParser struct {
	scan  dimTorchScan
	torch dimTorch
	size  func(string) (Dim, bool)
}

// The heads that binary operators stand for, by precedence. A minus adds the negated right side.
var (
	torchGuardOr       = map[string]string{"or": "Or", "|": "Or"}
	torchGuardAnd      = map[string]string{"and": "And", "&": "And"}
	torchGuardSums     = map[string]string{"+": "Add", "-": "-"}
	torchGuardProducts = map[string]string{"*": "Mul", "//": "FloorDiv", "%": "PythonMod", "/": "IntTrueDiv"}
	torchGuardCompare  = map[string]string{"==": "Eq", "!=": "Ne", "<=": "Le", "<": "Lt", ">=": "Ge", ">": "Gt"}
)

func (p *torchGuardParser) or() (dimTorchValue, error) {
	if err := p.scan.enter(); err != nil {
		return dimTorchValue{}, err
	}
	defer p.scan.leave()
	return p.chain(p.and, torchGuardOr)
}

func (p *torchGuardParser) and() (dimTorchValue, error) { return p.chain(p.not, torchGuardAnd) }
func (p *torchGuardParser) sum() (dimTorchValue, error) { return p.chain(p.product, torchGuardSums) }
func (p *torchGuardParser) product() (dimTorchValue, error) {
	return p.chain(p.unary, torchGuardProducts)
}

func (p *torchGuardParser) chain(operand func() (dimTorchValue, error), operators map[string]string) (dimTorchValue, error) {
	left, err := operand()
	for err == nil && operators[p.scan.tok] != "" {
		at, head := p.scan.offset, operators[p.scan.tok]
		p.scan.next()
		var right dimTorchValue
		if right, err = operand(); err != nil {
			break
		}
		if head == "-" {
			head, right = "Add", right.neg()
		}
		left, err = p.call(at, head, left, right)
	}
	return left, err
}

func (p *torchGuardParser) call(at int, head string, args ...dimTorchValue) (dimTorchValue, error) {
	v, err := p.torch.call(head, args)
	return v, p.scan.at(at, err)
}

func (p *torchGuardParser) not() (dimTorchValue, error) {
	if p.scan.tok != "not" && p.scan.tok != "~" {
		return p.comparison()
	}
	if err := p.scan.enter(); err != nil {
		return dimTorchValue{}, err
	}
	defer p.scan.leave()
	at := p.scan.offset
	p.scan.next()
	v, err := p.not()
	if err != nil {
		return v, err
	}
	return p.call(at, "Not", v)
}

// comparison reads a <= b < c, which means a <= b and b < c.
func (p *torchGuardParser) comparison() (dimTorchValue, error) {
	left, err := p.sum()
	var all []dimTorchValue
	for err == nil && torchGuardCompare[p.scan.tok] != "" {
		at, head := p.scan.offset, torchGuardCompare[p.scan.tok]
		p.scan.next()
		var right, cond dimTorchValue
		if right, err = p.sum(); err != nil {
			break
		}
		cond, err = p.call(at, head, left, right)
		left, all = right, append(all, cond)
	}
	if err != nil || len(all) == 0 {
		return left, err
	}
	return p.call(p.scan.offset, "And", all...)
}

func (p *torchGuardParser) unary() (dimTorchValue, error) {
	if p.scan.tok != "-" && p.scan.tok != "+" {
		return p.power()
	}
	if err := p.scan.enter(); err != nil {
		return dimTorchValue{}, err
	}
	defer p.scan.leave()
	at, minus := p.scan.offset, p.scan.tok == "-"
	p.scan.next()
	v, err := p.unary()
	if err != nil || !minus {
		return v, err
	}
	return p.call(at, "Mul", dimTorchInt(Const(-1)), v)
}

func (p *torchGuardParser) power() (dimTorchValue, error) {
	base, err := p.primary()
	if err != nil || p.scan.tok != "**" {
		return base, err
	}
	at := p.scan.offset
	p.scan.next()
	exponent, err := p.unary()
	if err != nil {
		return base, err
	}
	return p.call(at, "Pow", base, exponent)
}

func (p *torchGuardParser) primary() (dimTorchValue, error) {
	at, tok := p.scan.offset, p.scan.tok
	switch {
	case tok == "(":
		p.scan.next()
		v, err := p.or()
		if err == nil {
			err = p.scan.take(")")
		}
		return v, err
	case tok == "True" || tok == "False":
		p.scan.next()
		return dimTorchBool(tok == "True"), nil
	case tok == "" || !dimNameByte(tok[0]):
		return dimTorchValue{}, p.scan.expected("a size, a number or a condition")
	case tok[0] >= '0' && tok[0] <= '9':
		p.scan.next()
		return dimTorchNumber(&p.scan, at, tok)
	}
	return p.pathOrCall()
}

func dimTorchNumber(s *dimTorchScan, at int, tok string) (dimTorchValue, error) {
	if n, err := strconv.ParseInt(tok, 10, 64); err == nil {
		return dimTorchInt(Const(n)), nil
	}
	if !strings.ContainsAny(tok, ".eE") || dimNumberLength(tok) < len(tok) {
		return dimTorchValue{}, s.errorAt(at, "%.40q is not a decimal integer below 2^63", tok)
	}
	v, err := dimTorchFloat("float", tok)
	return v, s.at(at, err)
}

// pathOrCall reads a function call such as max(a, b) or math.trunc(a), or the path of a size.
func (p *torchGuardParser) pathOrCall() (dimTorchValue, error) {
	at, path := p.scan.offset, p.scan.tok
	p.scan.next()
	plain := true // only names and dots so far, so a parenthesis begins arguments
	for {
		switch {
		case p.scan.tok == "(" && plain:
			args, err := p.arguments()
			if err != nil {
				return dimTorchValue{}, err
			}
			return p.call(at, path, args...)
		case p.scan.tok == ".":
			p.scan.next()
			path += "." + p.scan.tok
			p.scan.next()
		case p.scan.tok == "[" || p.scan.tok == "(":
			plain = false
			end := map[string]string{"[": "]", "(": ")"}[p.scan.tok]
			path += p.scan.tok
			for p.scan.next(); p.scan.tok != end; p.scan.next() {
				if p.scan.tok == "" || strings.Contains("[(", p.scan.tok) {
					return dimTorchValue{}, p.scan.expected(fmt.Sprintf("%q", end))
				}
				path += p.scan.tok
			}
			path += end
			p.scan.next()
		default:
			if d, ok := p.size(path); ok {
				return dimTorchInt(d), p.scan.at(at, d.Err())
			}
			return dimTorchValue{}, p.scan.errorAt(at, "no size is known for %.80s", path)
		}
	}
}

func (p *torchGuardParser) arguments() ([]dimTorchValue, error) {
	p.scan.next()
	var args []dimTorchValue
	for p.scan.tok != ")" {
		v, err := p.or()
		if err != nil {
			return nil, err
		}
		args = append(args, v)
		if err := p.scan.comma(); err != nil {
			return nil, err
		}
	}
	p.scan.next()
	return args, nil
}

// dimTorchScan is the lexer of both PyTorch texts: words, numbers with a point, quoted strings, operators.
type dimTorchScan struct {
	text   string
	tok    string // empty at the end
	offset int
	depth  int
}

// start goes to the first token.
func (s *dimTorchScan) start() error {
	if len(s.text) > dimTorchMaxText {
		return s.errorAt(dimTorchMaxText, "the expression has %d characters, expected at most %d", len(s.text), dimTorchMaxText)
	}
	s.next()
	return nil
}

func (s *dimTorchScan) next() {
	i := s.offset + len(s.tok)
	for i < len(s.text) && strings.IndexByte(" \t\n", s.text[i]) >= 0 {
		i++
	}
	rest := s.text[i:]
	tok := dimToken(rest)
	switch {
	case strings.HasPrefix(rest, "**"):
		tok = "**"
	case tok == "'" || tok == `"`:
		if end := strings.Index(rest[1:], tok); end >= 0 {
			tok = rest[:end+2]
		}
	default:
		tok = rest[:max(len(tok), dimNumberLength(rest))]
	}
	s.offset, s.tok = i, tok
}

func (s *dimTorchScan) errorAt(offset int, format string, args ...any) error {
	return &DimSyntaxError{s.text, offset, fmt.Sprintf(format, args...)}
}

func (s *dimTorchScan) expected(what string) error {
	if s.tok == "" {
		return s.errorAt(s.offset, "expected %s, found the end", what)
	}
	return s.errorAt(s.offset, "expected %s, found %.40q", what, s.tok)
}

// at gives an error its place, except one that is about the meaning of a head.
func (s *dimTorchScan) at(offset int, err error) error {
	var head *DimHeadError
	var syntax *DimSyntaxError
	if err == nil || errors.As(err, &head) || errors.As(err, &syntax) {
		return err
	}
	return s.errorAt(offset, "%v", err)
}

func (s *dimTorchScan) take(tok string) error {
	if s.tok != tok {
		return s.expected(fmt.Sprintf("%q", tok))
	}
	s.next()
	return nil
}

// comma goes over the comma between arguments; it stays before a closing parenthesis.
func (s *dimTorchScan) comma() error {
	if s.tok == ")" {
		return nil
	}
	if s.tok != "," {
		return s.expected(`"," or ")"`)
	}
	s.next()
	return nil
}

func (s *dimTorchScan) enter() error {
	if s.depth++; s.depth > dimParseDepth {
		return s.errorAt(s.offset, "nested more than %d deep", dimParseDepth)
	}
	return nil
}

func (s *dimTorchScan) leave() { s.depth-- }
