package ir

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// DimSyntaxError says where the text of a dimension or guard stops making sense.
type DimSyntaxError struct {
	Text    string
	Offset  int // in bytes from the start of Text
	Message string
}

func (e *DimSyntaxError) Error() string {
	text := e.Text
	if len(text) > 80 {
		text = text[:77] + "..."
	}
	return fmt.Sprintf("%q, offset %d: %s", text, e.Offset, e.Message)
}

// ParseDim reads a dimension: integers, names, + - * // %, parentheses, min(a, b, ...), max(a, b, ...), with the
// meaning and precedence they have in Python, and trunc(x), floor(x), ceil(x), round(x) of a float: there / and sqrt(x)
// give floats, and + - * do where one side is a float. A *DimSyntaxError gives the place of a mistake, which may also
// be an overflow or a division by zero.
func ParseDim(s string) (Dim, error) {
	p := dimParser{text: s}
	p.next()
	d, err := p.sum()
	if err != nil {
		return Dim{}, err
	}
	if p.tok != "" {
		return Dim{}, p.expected("an operator or the end")
	}
	return d, nil
}

// dimParser is a recursive-descent parser; tok is the token at offset, empty at the end.
type dimParser struct {
	text   string
	tok    string
	offset int
	depth  int
}

// dimParseDepth is above what the text of a Dim of dimMaxDepth can need.
const dimParseDepth = 200

func (p *dimParser) next() {
	i := p.offset + len(p.tok)
	for i < len(p.text) && (p.text[i] == ' ' || p.text[i] == '\t') {
		i++
	}
	rest := p.text[i:]
	p.offset, p.tok = i, rest[:max(len(dimToken(rest)), dimNumberLength(rest))]
}

// dimNumberLength is the length of the number that s begins with: digits, then a point with digits and an exponent.
func dimNumberLength(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	n := digits(0)
	if n == 0 {
		return 0
	}
	if strings.HasPrefix(s[n:], ".") {
		n = digits(n + 1)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		sign := n + 1
		if sign < len(s) && (s[sign] == '-' || s[sign] == '+') {
			sign++
		}
		if end := digits(sign); end > sign {
			n = end
		}
	}
	return n
}

// dimToken is the token that s begins with: a word of letters and digits, a two-character operator or a character.
func dimToken(s string) string {
	n := 0
	for n < len(s) && dimNameByte(s[n]) {
		n++
	}
	if n == 0 && len(s) >= 2 && strings.Contains(" // == != <= >= ", " "+s[:2]+" ") {
		n = 2
	}
	return s[:min(len(s), max(n, 1))]
}

func (p *dimParser) errorAt(offset int, format string, args ...any) error {
	return &DimSyntaxError{p.text, offset, fmt.Sprintf(format, args...)}
}

func (p *dimParser) expected(what string) error {
	if p.tok == "" {
		return p.errorAt(p.offset, "expected %s, found the end", what)
	}
	return p.errorAt(p.offset, "expected %s, found %.40q", what, p.tok)
}

// dimNumber is a size, or a float where float is not nil.
type dimNumber struct {
	dim   Dim
	float *dimFloat
}

func (n dimNumber) asFloat() *dimFloat {
	if n.float != nil {
		return n.float
	}
	return dimFloatSize(n.dim)
}

func (n dimNumber) err() error {
	if n.float != nil {
		return n.float.err
	}
	return n.dim.Err()
}

// dimOperator has what an operator does with sizes and with floats, nil where it does not.
type dimOperator struct {
	sizes  func(a, b Dim) Dim
	floats func(a, b *dimFloat) *dimFloat
}

var (
	dimSumOperators = map[string]dimOperator{
		"+": {Dim.Add, (*dimFloat).add},
		"-": {Dim.Sub, func(a, b *dimFloat) *dimFloat { return a.add(b.neg()) }},
	}
	dimProductOperators = map[string]dimOperator{
		"*": {Dim.Mul, (*dimFloat).mul}, "/": {nil, (*dimFloat).div},
		"//": {Dim.FloorDiv, nil}, "%": {Dim.Mod, nil},
	}
)

// sum reads a size.
func (p *dimParser) sum() (Dim, error) {
	at := p.offset
	n, err := p.number()
	if err == nil && n.float != nil {
		err = p.errorAt(at, "a float where a size is expected; // divides sizes, and trunc, floor, ceil and round make a size of a float")
	}
	return n.dim, err
}

// number reads a size or a float.
func (p *dimParser) number() (dimNumber, error)  { return p.chain(p.product, dimSumOperators) }
func (p *dimParser) product() (dimNumber, error) { return p.chain(p.factor, dimProductOperators) }

// chain reads operands joined by operators of one precedence.
func (p *dimParser) chain(operand func() (dimNumber, error), operators map[string]dimOperator) (dimNumber, error) {
	left, err := operand()
	for err == nil {
		op, ok := operators[p.tok]
		if !ok {
			break
		}
		at, tok := p.offset, p.tok
		p.next()
		var right dimNumber
		if right, err = operand(); err != nil {
			break
		}
		switch floats := left.float != nil || right.float != nil || op.sizes == nil; {
		case !floats:
			left.dim = op.sizes(left.dim, right.dim)
		case op.floats == nil:
			return left, p.errorAt(at, "%s of a float; it works on sizes only", tok)
		default:
			left = dimNumber{float: op.floats(left.asFloat(), right.asFloat())}
		}
		left, err = p.checked(at, left)
	}
	return left, err
}

func (p *dimParser) checked(offset int, n dimNumber) (dimNumber, error) {
	if err := n.err(); err != nil {
		return n, p.errorAt(offset, "%v", err)
	}
	return n, nil
}

func (p *dimParser) factor() (dimNumber, error) {
	if p.depth++; p.depth > dimParseDepth {
		return dimNumber{}, p.errorAt(p.offset, "nested more than %d deep", dimParseDepth)
	}
	defer func() { p.depth-- }()
	at, tok := p.offset, p.tok
	switch {
	case tok == "-":
		p.next()
		n, err := p.factor()
		if n.float != nil {
			return dimNumber{float: n.float.neg()}, err
		}
		return dimNumber{dim: n.dim.Neg()}, err
	case tok == "(":
		p.next()
		n, err := p.number()
		if err == nil {
			err = p.take(")")
		}
		return n, err
	case tok == "" || !dimNameByte(tok[0]):
		return dimNumber{}, p.expected("a dimension")
	case tok[0] >= '0' && tok[0] <= '9':
		return p.literal()
	case tok == "min", tok == "max":
		d, err := p.extreme()
		return dimNumber{dim: d}, err
	}
	p.next()
	if p.tok == "(" {
		return p.rounded(at, tok)
	}
	return p.checked(at, dimNumber{dim: Sym(tok)})
}

func (p *dimParser) literal() (dimNumber, error) {
	at, tok := p.offset, p.tok
	if strings.ContainsAny(tok, ".eE") && dimNumberLength(tok) == len(tok) {
		v, err := strconv.ParseFloat(tok, 64)
		if err != nil {
			return dimNumber{}, p.errorAt(at, "%.40q does not fit into a float", tok)
		}
		p.next()
		return dimNumber{float: dimFloatOf(v)}, nil
	}
	n, err := strconv.ParseUint(tok, 10, 64)
	if err != nil || n > math.MaxInt64 {
		return dimNumber{}, p.errorAt(at, "%.40q is not a decimal integer below 2^63", tok)
	}
	p.next()
	return dimNumber{dim: Const(int64(n))}, nil
}

// rounded reads the argument of trunc, floor, ceil, round or sqrt, whose name is at an offset.
func (p *dimParser) rounded(at int, name string) (dimNumber, error) {
	rounding, ok := dimRoundingNamed(name)
	if !ok && name != "sqrt" {
		return dimNumber{}, p.errorAt(at, "%.40q is no function of sizes; there are min, max, trunc, floor, ceil, round, sqrt", name)
	}
	p.next()
	n, err := p.number()
	if err == nil {
		err = p.take(")")
	}
	if err != nil {
		return n, err
	}
	if name == "sqrt" {
		return p.checked(at, dimNumber{float: n.asFloat().sqrt()})
	}
	return p.checked(at, dimNumber{dim: dimRoundFloat(rounding, n.asFloat())})
}

func (p *dimParser) extreme() (Dim, error) {
	at, kind := p.offset, dimMin
	if p.tok == "max" {
		kind = dimMax
	}
	p.next()
	if err := p.take("("); err != nil {
		return Dim{}, err
	}
	var args []Dim
	for {
		d, err := p.sum()
		if err != nil {
			return Dim{}, err
		}
		if args = append(args, d); len(args) > dimMaxTerms {
			return Dim{}, p.errorAt(p.offset, "more than %d arguments", dimMaxTerms)
		}
		if p.tok != "," {
			break
		}
		p.next()
	}
	if err := p.take(")"); err != nil {
		return Dim{}, err
	}
	n, err := p.checked(at, dimNumber{dim: dimExtreme(kind, args)})
	return n.dim, err
}

func (p *dimParser) take(tok string) error {
	if p.tok != tok {
		return p.expected(strconv.Quote(tok))
	}
	p.next()
	return nil
}
