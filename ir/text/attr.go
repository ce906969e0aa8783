package text

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// words are the attributes that are written as a word. An element type is one too; any other word is a symbol.
var words = map[string]ir.Attr{
	"true":   ir.Bool(true),
	"false":  ir.Bool(false),
	"none":   ir.None{},
	"elided": ir.Elided{},
	"nan":    ir.Float(math.NaN()),
	"inf":    ir.Float(math.Inf(1)),
}

// reserved reports whether a word stands for something else than a symbol; such a symbol is written in parentheses.
func reserved(word string) bool {
	if _, ok := words[word]; ok {
		return true
	}
	_, ok := host.ParseElem(word)
	return ok
}

// leaf gives the attribute that one token stands for.
func (p *parser) leaf(text string, pos ir.Pos, sc *scope) (ir.Attr, bool) {
	switch c := text[0]; {
	case c == '"':
		s, ok := p.unquote(text, pos)
		return ir.String(s), ok
	case c == '@':
		s, ok := p.name(text, pos)
		return ir.Symbol(s), ok
	case c == '$':
		n, ok := p.integer(text[1:], pos)
		return ir.Ref(n), ok && p.inRange(n, 0, math.MaxInt32, pos)
	case strings.HasPrefix(text, "dense<"):
		return p.denseAttr(text, pos)
	case strings.HasPrefix(text, "complex("):
		z, msg := parseComplex(text)
		if msg != "" {
			p.diags.add(Diagnostic{Pos: pos, Message: msg, Hint: "for example complex(1.0, -2.0)"})
		}
		return ir.Complex(z), msg == ""
	}
	if a, ok := p.number(text, pos); ok || a != nil {
		return a, ok
	}
	if a, ok := words[text]; ok {
		return a, true
	}
	if e, ok := host.ParseElem(text); ok {
		return ir.Elem(e), true
	}
	return p.size(text, pos, sc)
}

// number gives an Int or a Float. What is neither gives nil; what is one and wrong gives an attribute and false.
func (p *parser) number(text string, pos ir.Pos) (ir.Attr, bool) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "inf" && digits != text {
		return ir.Float(math.Inf(-1)), true
	}
	if digits == "" || charClass[digits[0]]&classDigit == 0 {
		return nil, false
	}
	for i := 1; i < len(digits); i++ {
		if c := digits[i]; charClass[c]&classDigit == 0 {
			if c != '.' && c != 'e' && c != 'E' {
				return nil, false
			}
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				p.diags.add(Diagnostic{Pos: pos, Message: text + " is beyond the range of a 64-bit float", Hint: "write inf or -inf"})
				return ir.Float(0), false
			}
			return ir.Float(f), true
		}
	}
	n, ok := p.integer(text, pos)
	return ir.Int(n), ok
}

func (p *parser) integer(text string, pos ir.Pos) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.diags.add(Diagnostic{Pos: pos, Message: text + " does not fit a 64-bit integer"})
	}
	return n, err == nil
}

func (p *parser) inRange(n, low, high int64, pos ir.Pos) bool {
	if n < low || n > high {
		p.diags.add(Diagnostic{Pos: pos, Message: "the number is out of range", Found: strconv.FormatInt(n, 10),
			Expected: strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10)})
		return false
	}
	return true
}

// sizeEntry is an expression of sizes by its text; equal texts share one.
type sizeEntry struct {
	attr    ir.Attr
	symbols []string
	scope   *scope // where the symbols were last found declared
}

// dimError reports an expression of sizes that cannot be read, where it stops making sense.
func (p *parser) dimError(err error, pos ir.Pos, text string) {
	msg := err.Error()
	var syntax *ir.DimSyntaxError
	if errors.As(err, &syntax) {
		msg = "in the size " + text + ": " + syntax.Message
		pos.Col += syntax.Offset
	}
	p.diags.add(Diagnostic{Pos: pos, Message: msg})
}

func (p *parser) size(text string, pos ir.Pos, sc *scope) (ir.Attr, bool) {
	e := p.sizes[text]
	if e == nil {
		d, err := ir.ParseDim(text)
		if err != nil {
			p.dimError(err, pos, text)
			return nil, false
		}
		e = &sizeEntry{attr: ir.OfDim(d), symbols: d.Symbols()}
		p.sizes[text] = e
	}
	if len(e.symbols) > 0 && sc != nil && e.scope != sc {
		if !p.declared(e.symbols, pos, text, sc) {
			return nil, false
		}
		e.scope = sc
	}
	return e.attr, true
}

// unquote reads a string token.
func (p *parser) unquote(text string, pos ir.Pos) (string, bool) {
	if inner := text[1 : len(text)-1]; strings.IndexByte(inner, '\\') < 0 && utf8.ValidString(inner) {
		return inner, true
	}
	s, err := strconv.Unquote(text)
	if err != nil {
		p.diags.add(Diagnostic{Pos: pos, Message: "this text has an escape that is not Go's", Hint: `a backslash is written \\`})
	}
	return s, err == nil
}

// name reads what follows % or @: a plain name, or one in quotes.
func (p *parser) name(text string, pos ir.Pos) (string, bool) {
	if text[1] != '"' {
		return text[1:], true
	}
	return p.unquote(text[1:], pos)
}

// node gives the attribute that the file's grammar read.
func (p *parser) node(n *attrNode) (ir.Attr, bool) {
	if n.Leaf != nil {
		return p.leaf(n.Leaf.Text, posOf(n.Leaf.Pos), nil)
	}
	items := make([]ir.Attr, len(n.Items))
	for i, it := range n.Items {
		a, ok := p.node(it)
		if !ok {
			return nil, false
		}
		items[i] = a
	}
	return ir.NormalList(items), true
}
