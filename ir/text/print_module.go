package text

import (
	"encoding/base64"
	"fmt"

	"github.com/aiopt/aiopt/ir"
)

func (p *printer) module(m *ir.Module) {
	p.str("air ")
	p.int(Version)
	p.str("\nmodule ")
	p.symbol(m.Name)
	p.str(" {\n")
	if m.Program != "" {
		p.str("  program ")
		p.quoted(m.Program)
		p.str("\n")
	}
	for _, s := range m.States {
		p.state(s)
	}
	for _, f := range m.Funcs {
		p.indent(1)
		p.function(f, 1)
	}
	left := p.opt.Inline
	for _, r := range m.Resources {
		p.resource(r, &left)
	}
	if p.locs != nil {
		p.buf = append(p.buf, p.locs.lines...)
		for _, c := range m.Classes {
			p.class(c)
		}
	}
	for i := range m.Lost {
		p.lost(&m.Lost[i])
	}
	p.str("}\n")
}

func (p *printer) state(s *ir.State) {
	p.str("  state ")
	p.symbol(s.Name)
	p.str(" : ")
	p.typ(s.Type)
	p.str(" = ")
	if s.Init == "" {
		p.str("zero")
	} else {
		p.symbol(s.Init)
	}
	p.str("\n")
}

func (p *printer) resource(r *ir.Resource, left *int64) {
	p.indent(1)
	p.str("resource ")
	p.symbol(r.Name)
	p.str(" : ")
	p.typ(r.Type)
	p.str(" = ")
	switch s := r.Source; {
	case s == nil:
		if p.err == nil {
			p.err = fmt.Errorf("resource @%s has no source", r.Name)
		}
	case s.File != "" && !s.Elided:
		p.quoted(s.File)
		if s.Entry != "" {
			p.str(" entry ")
			p.quoted(s.Entry)
		}
		p.str(" size ")
		p.int(s.Size)
		if s.CRC != 0 {
			p.buf = fmt.Appendf(p.buf, ` crc "%08x"`, s.CRC)
		}
	case s.Elided || int64(len(s.Data)) > *left:
		p.str("elided size ")
		p.int(s.Size)
	default:
		*left -= int64(len(s.Data))
		p.str(`data "`)
		p.buf = base64.StdEncoding.AppendEncode(p.buf, s.Data)
		p.str(`"`)
	}
	if r.Offset != 0 {
		p.str(" offset ")
		p.int(r.Offset)
	}
	if r.Strides != nil {
		p.str(" strides ")
		p.buf = appendInts(p.buf, r.Strides)
	}
	p.str("\n")
}

func (p *printer) class(c ir.Class) {
	p.str("  class ")
	p.quoted(c.Path)
	p.str(" = ")
	p.quoted(c.Name)
	p.str("\n")
}

func (p *printer) lost(l *ir.Lost) {
	p.indent(1)
	p.str("lost ")
	p.quoted(l.Tensor)
	p.str(" by ")
	if isIdent(l.Pass) {
		p.str(l.Pass)
	} else {
		p.quoted(l.Pass)
	}
	if l.Func != "" || l.Into != "" {
		p.str(" into")
	}
	if l.Func != "" {
		p.str(" ")
		p.symbol(l.Func)
	}
	if l.Into != "" {
		p.str(" %")
		p.buf = appendName(p.buf, l.Into)
	}
	p.str("\n")
}
