package torch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// parseSchema reads `aten.add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor # core`.
func parseSchema(line string) (*Schema, error) {
	line, tags, _ := strings.Cut(line, " # ")
	p := schemaParser{text: line}
	s := &Schema{Callee: p.until("(")}
	for _, tag := range strings.Fields(tags) {
		s.Core = s.Core || tag == "core"
		s.Random = s.Random || tag == "nondeterministic_seeded"
	}
	s.Args = p.list(p.argument)
	p.take(" -> ")
	if p.peek("(") {
		p.take("(")
		s.Returns = p.list(p.result)
	} else {
		s.Returns = []SchemaArg{p.result()}
	}
	if p.err == nil && p.at != len(line) {
		p.fail("the end")
	}
	if p.err != nil {
		return nil, p.err
	}
	return s, nil
}

type schemaParser struct {
	text string
	at   int
	err  error
}

func (p *schemaParser) fail(expected string) {
	if p.err == nil {
		p.err = fmt.Errorf("schema %.200q: expected %s at %.50q", p.text, expected, p.text[p.at:])
	}
	p.at = len(p.text)
}

func (p *schemaParser) peek(s string) bool { return strings.HasPrefix(p.text[p.at:], s) }

func (p *schemaParser) skip(s string) bool {
	if p.peek(s) {
		p.at += len(s)
		return true
	}
	return false
}

func (p *schemaParser) take(s string) {
	if !p.skip(s) {
		p.fail(strconv.Quote(s))
	}
}

// until takes the text before s, and s.
func (p *schemaParser) until(s string) string {
	text, _, ok := strings.Cut(p.text[p.at:], s)
	if !ok {
		p.fail(strconv.Quote(s))
		return ""
	}
	p.at += len(text) + len(s)
	return text
}

// word takes letters, digits, dots and underscores.
func (p *schemaParser) word() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			break
		}
		p.at++
	}
	if start == p.at {
		p.fail("a name")
	}
	return p.text[start:p.at]
}

// list reads items up to a closing parenthesis. A lone star, which begins the keyword arguments, is no item.
func (p *schemaParser) list(item func() SchemaArg) []SchemaArg {
	var items []SchemaArg
	for p.err == nil && !p.skip(")") {
		if len(items) == maxArguments {
			p.fail(fmt.Sprintf("at most %d arguments", maxArguments))
		}
		if p.skip("*, ") {
			continue
		}
		items = append(items, item())
		if !p.skip(", ") && !p.peek(")") {
			p.fail("a comma")
		}
	}
	return items
}

func (p *schemaParser) argument() SchemaArg {
	a := p.typed()
	p.take(" ")
	a.Name = p.word()
	if p.skip("=") {
		a.Default = a.parseDefault(p.value())
		if a.Default == nil {
			p.fail("a default of type " + a.Type)
		}
	}
	return a
}

func (p *schemaParser) result() SchemaArg {
	a := p.typed()
	if p.skip(" ") {
		a.Name = p.word()
	}
	return a
}

// typed reads a type: Tensor(a!)[], Tensor(a -> *), int[2]?, Dict(Tensor, Tensor).
func (p *schemaParser) typed() SchemaArg {
	a := SchemaArg{Type: p.word()}
	if p.skip("(") {
		set := p.until(")")
		if a.Type == "Tensor" {
			a.Alias, _, _ = strings.Cut(set, " ")
			a.Alias, a.Written = strings.CutSuffix(a.Alias, "!")
		}
	}
	for {
		switch {
		case p.skip("?"):
			// An optional item, Tensor?[], stands before the list; it makes no difference to who reads the argument.
			a.Optional = true
		case p.skip("["):
			a.List = true
			if size := p.until("]"); size != "" {
				a.Size = p.size(size)
			}
		default:
			return a
		}
	}
}

// maxListSize bounds the lists that one number may stand for: PyTorch's have an item an axis.
const maxListSize = 64

// size reads the length of a list such as int[2].
func (p *schemaParser) size(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxListSize {
		p.fail(fmt.Sprintf("a length of 1 to %d and not %.20q", maxListSize, text))
	}
	return n
}

// value takes the text of a default.
func (p *schemaParser) value() string {
	start := p.at
	switch {
	case p.skip(`"`):
		for p.at < len(p.text) && p.text[p.at] != '"' {
			if p.text[p.at] == '\\' {
				p.at++
			}
			p.at = min(p.at+1, len(p.text))
		}
		p.take(`"`)
	case p.skip("["):
		p.until("]")
	default:
		for p.at < len(p.text) && p.text[p.at] != ',' && p.text[p.at] != ')' {
			p.at++
		}
	}
	return p.text[start:p.at]
}

// parseDefault gives the attribute for a default's text; nil where it does not fit the type.
func (a *SchemaArg) parseDefault(text string) ir.Attr {
	switch {
	case text == "None":
		return ir.None{}
	case strings.HasPrefix(text, "["):
		ints := ir.Ints{}
		for _, item := range strings.Split(strings.Trim(text, "[]"), ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			n, err := strconv.ParseInt(item, 10, 64)
			if err != nil {
				return nil
			}
			ints = append(ints, n)
		}
		return ints
	case text == "True":
		return ir.Bool(true)
	case text == "False":
		return ir.Bool(false)
	case strings.HasPrefix(text, `"`):
		s, err := strconv.Unquote(strings.ReplaceAll(text, `\'`, `'`))
		if err != nil {
			return nil
		}
		return ir.String(s)
	}
	return a.parseNumber(text)
}

// c10Formats are the numbers of c10::MemoryFormat, in which schemas state defaults.
var c10Formats = map[int64]pt2.MemoryFormat{0: pt2.Contiguous, 1: pt2.Preserve, 2: pt2.ChannelsLast, 3: pt2.ChannelsLast3D}

func (a *SchemaArg) parseNumber(text string) ir.Attr {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil
		}
		return ir.Float(f)
	}
	switch a.Type {
	case "float":
		return ir.Float(n)
	case "ScalarType":
		return c10Elem(n)
	case "MemoryFormat":
		f, ok := c10Formats[n]
		if !ok {
			return nil
		}
		return ir.String(f.String())
	}
	return a.widen(ir.Int(n))
}

// widen gives a list where one number stands for all of its items.
func (a *SchemaArg) widen(v ir.Attr) ir.Attr {
	if !a.List || a.Size == 0 {
		return v
	}
	items := make([]ir.Attr, a.Size)
	for i := range items {
		items[i] = v
	}
	return ir.NormalList(items)
}

// c10Elem is the element type of a c10::ScalarType, which counts one lower than the file's enum; the floats of 8 bits
// stand elsewhere.
func c10Elem(n int64) ir.Attr {
	t := pt2.ScalarType(n + 1)
	switch n {
	case 15:
		t = 13 // bfloat16
	case 23:
		t = 30 // float8_e5m2
	case 24:
		t = 29 // float8_e4m3fn
	}
	elem, ok := t.Elem()
	if !ok {
		return nil
	}
	return ir.AsElem(elem)
}
