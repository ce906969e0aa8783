package text

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// typeEntry is a type by its text; equal texts share one.
type typeEntry struct {
	t       ir.Type
	symbols []string
	scope   *scope // where the symbols were last found declared
	err     error
}

// typeError says where in a type's text a mistake is.
type typeError struct {
	offset int
	msg    string
}

func (e *typeError) Error() string { return e.msg }

// parseType reads `tensor<2x[S]xf32>`.
func parseType(text string) (ir.Type, error) {
	fail := func(i int, format string, args ...any) (ir.Type, error) {
		return ir.Type{}, &typeError{i, fmt.Sprintf(format, args...)}
	}
	i, end := len("tensor<"), len(text)-1
	var shape []ir.Dim
	for i < end {
		c := text[i]
		switch {
		case c == '[':
			n := strings.IndexByte(text[i:end], ']')
			if n < 0 {
				return fail(i, "this dimension is not closed by ]")
			}
			d, err := ir.ParseDim(text[i+1 : i+n])
			var syntax *ir.DimSyntaxError
			if errors.As(err, &syntax) {
				return fail(i+1+syntax.Offset, "in the size %s: %s", text[i+1:i+n], syntax.Message)
			} else if err != nil {
				return fail(i+1, "%v", err)
			}
			if v, ok := d.IsConst(); ok && v < 0 {
				return fail(i+1, "the dimension is negative")
			}
			shape = append(shape, d)
			i += n + 1
		case charClass[c]&classDigit != 0:
			n := i
			for n < end && charClass[text[n]]&classDigit != 0 {
				n++
			}
			v, err := strconv.ParseInt(text[i:n], 10, 64)
			if err != nil {
				return fail(i, "the dimension %s does not fit 64 bits", text[i:n])
			}
			shape = append(shape, ir.Const(v))
			i = n
		default:
			e, ok := host.ParseElem(text[i:end])
			if !ok {
				return fail(i, "%q is no element type", text[i:end])
			}
			t := ir.Type{Elem: e, Shape: shape[:len(shape):len(shape)]}
			if err := t.Check(); err != nil {
				return fail(0, "%v", err)
			}
			return t, nil
		}
		if i >= end || text[i] != 'x' {
			return fail(i, "an x must follow the dimension")
		}
		i++
	}
	return fail(end, "the element type is missing")
}

// typ gives the type written at a place. Its symbols must be declared in the scope, unless that is nil.
func (p *parser) typ(text string, pos ir.Pos, sc *scope) (ir.Type, bool) {
	e := p.types[text]
	if e == nil {
		e = &typeEntry{}
		e.t, e.err = parseType(text)
		for _, d := range e.t.Shape {
			e.symbols = append(e.symbols, d.Symbols()...)
		}
		p.types[text] = e
	}
	if e.err != nil {
		at, hint := pos, ""
		if te, ok := e.err.(*typeError); ok {
			at.Col += te.offset
			if strings.HasSuffix(te.msg, "is no element type") {
				hint = p.elemHint(text[te.offset : len(text)-1])
			}
		}
		p.diags.add(Diagnostic{Pos: at, Message: e.err.Error(), Hint: hint})
		return ir.Type{}, false
	}
	if len(e.symbols) > 0 && sc != nil && e.scope != sc {
		if !p.declared(e.symbols, pos, text, sc) {
			return ir.Type{}, false
		}
		e.scope = sc
	}
	return e.t, true
}

func (p *parser) elemHint(name string) string {
	if h := didYouMean(name, elemNames()); h != "" {
		return h
	}
	if name != "" && charClass[name[0]]&classStart != 0 {
		return "a symbolic dimension is written in brackets, as in tensor<[" + firstName(name) + "]xf32>"
	}
	return "element types are " + strings.Join(elemNames(), " ")
}

func firstName(s string) string {
	name, _, _ := strings.Cut(s, "x")
	if name == "" {
		return "S"
	}
	return name
}

func elemNames() []string {
	var names []string
	for _, e := range host.Elems() {
		names = append(names, e.String())
	}
	return names
}

// declared checks that a function declares all symbols of something written at pos.
func (p *parser) declared(symbols []string, pos ir.Pos, text string, sc *scope) bool {
	for _, s := range symbols {
		if sc.declares(s) {
			continue
		}
		if i := strings.Index(text, s); i > 0 {
			pos.Col += i
		}
		p.diags.add(Diagnostic{Pos: pos, Message: "the size " + s + " is not declared",
			Hint: fmt.Sprintf("write `dim %s in 1..` at the start of the function, and bind it by a parameter's shape or by `binds`", s)})
		return false
	}
	return true
}
