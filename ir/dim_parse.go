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
// meaning and precedence they have in Python. A *DimSyntaxError gives the place of a mistake, which may also be
// an overflow or a division by zero.
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
	p.offset, p.tok = i, dimToken(p.text[i:])
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

type dimOperators map[string]func(Dim, Dim) Dim

var (
	dimSumOperators     = dimOperators{"+": Dim.Add, "-": Dim.Sub}
	dimProductOperators = dimOperators{"*": Dim.Mul, "//": Dim.FloorDiv, "%": Dim.Mod}
)

func (p *dimParser) sum() (Dim, error)     { return p.chain(p.product, dimSumOperators) }
func (p *dimParser) product() (Dim, error) { return p.chain(p.factor, dimProductOperators) }

// chain reads operands joined by operators of one precedence.
func (p *dimParser) chain(operand func() (Dim, error), operators dimOperators) (Dim, error) {
	left, err := operand()
	for err == nil {
		apply, ok := operators[p.tok]
		if !ok {
			break
		}
		at := p.offset
		p.next()
		var right Dim
		if right, err = operand(); err == nil {
			left, err = p.checked(at, apply(left, right))
		}
	}
	return left, err
}

func (p *dimParser) checked(offset int, d Dim) (Dim, error) {
	if err := d.Err(); err != nil {
		return Dim{}, p.errorAt(offset, "%v", err)
	}
	return d, nil
}

func (p *dimParser) factor() (Dim, error) {
	if p.depth++; p.depth > dimParseDepth {
		return Dim{}, p.errorAt(p.offset, "nested more than %d deep", dimParseDepth)
	}
	defer func() { p.depth-- }()
	at, tok := p.offset, p.tok
	switch {
	case tok == "-":
		p.next()
		d, err := p.factor()
		return d.Neg(), err
	case tok == "(":
		p.next()
		d, err := p.sum()
		if err == nil {
			err = p.take(")")
		}
		return d, err
	case tok == "" || !dimNameByte(tok[0]):
		return Dim{}, p.expected("a dimension")
	case tok[0] >= '0' && tok[0] <= '9':
		n, err := strconv.ParseUint(tok, 10, 64)
		if err != nil || n > math.MaxInt64 {
			return Dim{}, p.errorAt(at, "%.40q is not a decimal integer below 2^63", tok)
		}
		p.next()
		return Const(int64(n)), nil
	case tok == "min", tok == "max":
		return p.extreme()
	}
	p.next()
	return p.checked(at, Sym(tok))
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
	return p.checked(at, dimExtreme(kind, args))
}

func (p *dimParser) take(tok string) error {
	if p.tok != tok {
		return p.expected(strconv.Quote(tok))
	}
	p.next()
	return nil
}
