package text

import (
	"io"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// DefaultInline is how many bytes of data that is in no file are written into the text when Options says nothing.
const DefaultInline = 1 << 20

// Options choose what is printed.
type Options struct {
	Locs bool // locations, where each operation comes from, and the classes of modules
	// Inline is how many bytes, in all, of data that lies in no file are written inline; what does not fit is elided.
	// 0 means DefaultInline, less than 0 none.
	Inline int64
}

// Print writes the canonical text of a module.
func Print(w io.Writer, m *ir.Module, opt Options) error {
	p := newPrinter(w, opt)
	p.module(m)
	p.flush()
	return p.err
}

// Sprint is the whole text of a module, with locations.
func Sprint(m *ir.Module) string {
	p := newPrinter(nil, Options{Locs: true})
	p.module(m)
	return string(p.buf)
}

// PrintFunc writes one function as it stands in the text of its module, but not indented and without the locations.
func PrintFunc(w io.Writer, f *ir.Func) error {
	p := newPrinter(w, Options{})
	p.function(f, 0)
	p.flush()
	return p.err
}

// PrintOp is one operation with its bodies, for messages. names come from NamesOf of its function; nil makes them, which
// takes time in proportion to the function.
func PrintOp(op *ir.Op, names Names) string {
	if names == nil && op.Parent() != nil {
		names = NamesOf(op.Parent())
	}
	p := newPrinter(nil, Options{})
	p.op(op, names, 0)
	return strings.TrimSuffix(string(p.buf), "\n")
}

// PrintAttr is an attribute as the text form has it.
func PrintAttr(a ir.Attr) string { return string(appendAttr(nil, a)) }

type printer struct {
	w    io.Writer // nil keeps everything in buf
	buf  []byte
	err  error
	opt  Options
	locs *locTable // nil without locations
}

func newPrinter(w io.Writer, opt Options) *printer {
	p := &printer{w: w, opt: opt}
	if opt.Inline == 0 {
		p.opt.Inline = DefaultInline
	}
	if opt.Locs {
		p.locs = newLocTable()
	}
	return p
}

func (p *printer) flush() {
	if p.w == nil || p.err != nil {
		return
	}
	_, p.err = p.w.Write(p.buf)
	p.buf = p.buf[:0]
}

// flushAt bounds the printer's buffer.
const flushAt = 1 << 16

const spaces = "                                                                "

func (p *printer) indent(depth int) {
	if len(p.buf) > flushAt {
		p.flush()
	}
	for n := 2 * depth; n > 0; n -= len(spaces) {
		p.buf = append(p.buf, spaces[:min(n, len(spaces))]...)
	}
}

func (p *printer) str(s string) { p.buf = append(p.buf, s...) }

func (p *printer) int(n int64) { p.buf = strconv.AppendInt(p.buf, n, 10) }

func (p *printer) symbol(name string) { p.buf = appendSymbol(p.buf, name) }

func (p *printer) quoted(s string) { p.buf = appendQuoted(p.buf, s) }

func (p *printer) typ(t ir.Type) { p.buf = appendType(p.buf, t) }

// longSignature is how many parameters, or results, stand on one line; with more, each has its own.
const longSignature = 4

func (p *printer) function(f *ir.Func, depth int) {
	names := NamesOf(f)
	p.str("func ")
	p.symbol(f.Name)
	p.list(len(f.Params), depth, func(i int) { p.param(f.Params[i], names) })
	p.str(" -> ")
	p.list(len(f.Results), depth, func(i int) { p.result(f.Results[i]) })
	p.str(" ")
	p.body(f, names, depth)
}

// list writes parameters or results in parentheses.
func (p *printer) list(n, depth int, item func(int)) {
	p.str("(")
	for i := range n {
		if i > 0 {
			p.str(",")
		}
		if n > longSignature {
			p.str("\n")
			p.indent(depth + 1)
		} else if i > 0 {
			p.str(" ")
		}
		item(i)
	}
	if n > longSignature {
		p.str("\n")
		p.indent(depth)
	}
	p.str(")")
}

func (p *printer) param(q *ir.Param, names Names) {
	switch q.Role {
	case ir.ConstArg:
		p.str("const ")
		p.buf = appendValue(p.buf, names, q.Value)
		p.str(" = ")
		p.attr(q.Const)
		return
	case ir.StateIn:
		p.str("state ")
		p.symbol(q.State)
		p.str(" ")
	}
	p.buf = appendValue(p.buf, names, q.Value)
	p.str(": ")
	p.typ(q.Value.Type)
	if q.Binds != "" {
		p.str(" binds [" + q.Binds + "]")
	}
	p.claims(q.Value)
}

func (p *printer) result(r *ir.Result) {
	for range r.Skipped {
		p.str("none, ")
	}
	if r.Role == ir.Update {
		p.str("update ")
		if r.State {
			p.symbol(r.Target)
		} else {
			p.str("%")
			p.buf = appendName(p.buf, r.Target)
		}
		if r.Name != "" {
			p.str(" ")
		}
	}
	if r.Name != "" {
		p.str("%")
		p.buf = appendName(p.buf, r.Name)
	}
	if r.Name != "" || r.Role == ir.Update {
		p.str(": ")
	}
	p.typ(r.Type)
}

// body writes the braces with the dims, guards and operations between them.
func (p *printer) body(f *ir.Func, names Names, depth int) {
	p.str("{\n")
	for _, d := range f.Dims {
		p.indent(depth + 1)
		p.str("dim " + d.Name + " in ")
		p.int(d.Min)
		p.str("..")
		if d.Max != ir.Unbounded {
			p.int(d.Max)
		}
		p.str("\n")
	}
	for _, g := range f.Guards {
		p.indent(depth + 1)
		p.str("guard " + g.String() + "\n")
	}
	for _, op := range f.Ops {
		p.indent(depth + 1)
		p.op(op, names, depth+1)
	}
	p.indent(depth)
	p.str("}\n")
}

// op writes one operation, whose line has been indented.
func (p *printer) op(op *ir.Op, names Names, depth int) {
	for i, r := range op.Results {
		if i > 0 {
			p.str(", ")
		}
		p.buf = appendValue(p.buf, names, r)
	}
	if len(op.Results) > 0 {
		p.str(" = ")
	}
	p.str(op.Def.Name)
	if op.Def.Version > 1 {
		p.str("@")
		p.int(int64(op.Def.Version))
	}
	p.str("(")
	for i, v := range op.Operands {
		if i > 0 {
			p.str(", ")
		}
		p.buf = appendValue(p.buf, names, v)
	}
	p.str(")")
	p.attrs(op.Attrs)
	for i, r := range op.Results {
		if i == 0 {
			p.str(" : ")
		} else {
			p.str(", ")
		}
		p.typ(r.Type)
		p.claims(r)
	}
	if p.locs != nil {
		if n := p.locs.number(op.Loc); n > 0 {
			p.str(" loc(#")
			p.int(int64(n))
			p.str(")")
		}
	}
	p.str("\n")
	for _, b := range op.Bodies {
		p.opBody(b, depth)
	}
}

// attrs writes attributes in braces, and nothing where there are none.
func (p *printer) attrs(attrs ir.Attrs) {
	for i, a := range attrs {
		if i == 0 {
			p.str(" {")
		} else {
			p.str(", ")
		}
		if isIdent(a.Name) {
			p.str(a.Name)
		} else {
			p.quoted(a.Name)
		}
		p.str(" = ")
		if a.Name == "binds" {
			p.binds(a.Value)
		} else {
			p.attr(a.Value)
		}
	}
	if len(attrs) > 0 {
		p.str("}")
	}
}

func (p *printer) opBody(f *ir.Func, depth int) {
	names := NamesOf(f)
	p.indent(depth + 1)
	p.str(f.Name + "(")
	for i, q := range f.Params {
		if i > 0 {
			p.str(", ")
		}
		p.buf = appendValue(p.buf, names, q.Value)
		p.str(": ")
		p.typ(q.Value.Type)
		p.claims(q.Value)
	}
	p.str(") ")
	p.body(f, names, depth+1)
}

func (p *printer) claims(v *ir.Value) {
	for i := range v.Claims {
		c := &v.Claims[i]
		if c.Approx {
			p.str(" approx ")
		} else {
			p.str(" is ")
		}
		p.quoted(c.Tensor)
		if len(c.Transform.Perm) > 0 {
			p.str(" perm ")
			p.buf = appendInts(p.buf, c.Transform.Perm)
		}
		if c.Transform.Cast != 0 {
			p.str(" cast ")
			p.attr(c.Transform.Cast)
		}
		if c.Transform.Slice != "" {
			p.str(" slice ")
			p.quoted(c.Transform.Slice)
		}
	}
}

func (p *printer) attr(a ir.Attr) { p.buf = appendAttr(p.buf, a) }

// binds writes the list of sizes that an operation binds; every word in it is a symbol.
func (p *printer) binds(a ir.Attr) {
	list, ok := a.(ir.Dims)
	if !ok {
		p.attr(a)
		return
	}
	p.str("[")
	for i, d := range list {
		if i > 0 {
			p.str(", ")
		}
		p.str(d.String())
	}
	p.str("]")
}
