package text

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Version is the version of the text form that the first line of a file states.
const Version = 1

// Parse reads a module. Names of operations are looked up in reg; file is used in messages and becomes Module.File. The
// error is *Diagnostics and has several mistakes where there are several. The module is well-formed but not verified.
func Parse(file string, src []byte, reg *ir.Registry) (*ir.Module, error) {
	p := newParser(file, src, reg)
	p.module()
	if err := p.diags.Err(); err != nil {
		return nil, err
	}
	return p.m, nil
}

func newParser(file string, src []byte, reg *ir.Registry) *parser {
	p := &parser{
		reg:     reg,
		diags:   NewDiagnostics(file, src),
		types:   map[string]*typeEntry{},
		sizes:   map[string]*sizeEntry{},
		locs:    map[int64]*ir.Loc{},
		sources: map[sourceKey]*ir.Source{},
		m:       &ir.Module{File: file},
	}
	p.src = p.diags.src
	return p
}

type parser struct {
	reg     *ir.Registry
	src     string
	diags   *Diagnostics
	m       *ir.Module
	types   map[string]*typeEntry
	sizes   map[string]*sizeEntry
	locs    map[int64]*ir.Loc
	sources map[sourceKey]*ir.Source
	opNames []string // for suggestions

	poison ir.Value // stands for values whose definition is wrong
}

type sourceKey struct {
	file, entry string
	size        int64
	crc         uint32
}

func posOf(pos lexer.Position) ir.Pos { return ir.Pos{Line: pos.Line, Col: pos.Column} }

// errorf adds a mistake.
func (p *parser) errorf(pos ir.Pos, hint, format string, args ...any) {
	p.diags.add(Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (p *parser) module() {
	file, _ := fileLexer{bodies: true}.LexString("", p.src)
	lex, _ := lexer.Upgrade(file) // tokens.Next gives no errors
	head, err := grammar().header.ParseFromLexer(lex, participle.AllowTrailing(true))
	if err != nil {
		p.syntax(err, "a file starts with `air 1`, then `module @name {`")
		return
	}
	if head.Version != strconv.Itoa(Version) {
		p.errorf(ir.Pos{Line: 1, Col: 1}, "use a newer aiopt", "the text has version %s, this aiopt reads version %d", head.Version, Version)
		return
	}
	p.m.Name, _ = p.name(head.Name, ir.Pos{Line: 1, Col: 1})
	items, closed := p.items(lex)
	if t := lex.Peek(); closed && !t.EOF() && !p.diags.full() {
		p.diags.add(Diagnostic{Pos: posOf(t.Pos), Message: "the module has ended", Found: describe(t.Type, t.Value), Expected: "the end of the file", syntax: true})
	}
	p.build(items)
}

// items reads what is in the module. Locations are read at once, the rest is kept for build: functions refer to
// locations, and these come last.
func (p *parser) items(lex *lexer.PeekingLexer) (items []*itemNode, closed bool) {
	for !p.diags.full() {
		t := lex.Peek()
		switch {
		case t.EOF():
			p.diags.add(Diagnostic{Pos: posOf(t.Pos), Message: "the module is not closed", Found: "the end of the file", Expected: "}", syntax: true})
			return items, false
		case t.Type == tokLocDef:
			lex.Next()
			p.locDef(t)
			continue
		}
		item, err := grammar().item.ParseFromLexer(lex, participle.AllowTrailing(true))
		if err != nil {
			p.syntax(err, itemHint(t.Value))
			recoverItem(lex, t.Pos.Line)
			continue
		}
		if item.End {
			return items, true
		}
		items = append(items, item)
	}
	return items, true
}

// recoverItem goes on at the next line that starts one of a module's parts.
func recoverItem(lex *lexer.PeekingLexer, line int) {
	for t := lex.Peek(); !t.EOF(); t = lex.Peek() {
		if t.Pos.Line > line {
			line = t.Pos.Line
			switch t.Value {
			case "program", "state", "func", "resource", "class", "lost", "}":
				return
			}
			if t.Type == tokLocDef {
				return
			}
		}
		lex.Next()
	}
}

// build makes the module of what was read.
func (p *parser) build(items []*itemNode) {
	p.declare(items)
	p.classes(items)
	for _, it := range items {
		switch {
		case it.Program != nil:
			p.m.Program, _ = p.unquote(it.Program.Text, posOf(it.Program.Pos))
		case it.Lost != nil:
			p.lost(it.Lost)
		}
	}
	for _, it := range items {
		if it.Func != nil && !p.diags.full() {
			p.function(it.Func)
		}
	}
}

// declare enters states and resources, which functions name.
func (p *parser) declare(items []*itemNode) {
	taken := map[string]ir.Pos{}
	claim := func(kind string, name symbolNode) (string, bool) {
		s, ok := p.name(name.Text, posOf(name.Pos))
		if at, twice := taken[kind+s]; ok && twice {
			p.errorf(posOf(name.Pos), "", "%s @%s is declared twice, first on line %d", kind, s, at.Line)
			return s, false
		}
		taken[kind+s] = posOf(name.Pos)
		return s, ok
	}
	for _, it := range items {
		switch {
		case it.Func != nil:
			claim("function", it.Func.Name)
		case it.Resource != nil:
			if name, ok := claim("resource", it.Resource.Name); ok {
				p.resource(name, it.Resource)
			}
		}
	}
	for _, it := range items {
		if it.State == nil {
			continue
		}
		if name, ok := claim("state", it.State.Name); ok {
			p.state(name, it.State, taken)
		}
	}
}

func (p *parser) state(name string, n *stateNode, taken map[string]ir.Pos) {
	s := &ir.State{Name: name}
	var ok bool
	if s.Type, ok = p.typ(n.Type.Text, posOf(n.Type.Pos), nil); !ok {
		return
	}
	if n.Init != nil {
		if s.Init, ok = p.name(n.Init.Text, posOf(n.Init.Pos)); !ok {
			return
		}
		if _, known := taken["resource"+s.Init]; !known {
			p.errorf(posOf(n.Init.Pos), "a state without initial value is written `= zero`", "the module has no resource @%s", s.Init)
		}
	}
	p.m.States = append(p.m.States, s)
}

func (p *parser) resource(name string, n *resourceNode) {
	r := &ir.Resource{Name: name}
	var ok bool
	if r.Type, ok = p.typ(n.Type.Text, posOf(n.Type.Pos), nil); !ok {
		return
	}
	if len(p.types[n.Type.Text].symbols) > 0 {
		p.errorf(posOf(n.Type.Pos), "constant data has fixed sizes", "the type of a resource has the symbol %s", p.types[n.Type.Text].symbols[0])
		return
	}
	if r.Source, ok = p.source(n); !ok {
		return
	}
	if n.Offset != nil {
		if r.Offset, ok = p.count(n.Offset); !ok {
			return
		}
	}
	if n.Strided {
		r.Strides = make([]int64, len(n.Strides))
		for i, s := range n.Strides {
			if r.Strides[i], ok = p.count(s); !ok {
				return
			}
		}
		if len(r.Strides) != r.Type.Rank() {
			p.errorf(posOf(n.Type.Pos), "", "found %d strides for %d dimensions", len(r.Strides), r.Type.Rank())
		}
	}
	p.m.Resources = append(p.m.Resources, r)
}

func (p *parser) source(n *resourceNode) (*ir.Source, bool) {
	var key sourceKey
	var ok bool
	switch {
	case n.Elided != nil:
		size, ok := p.count(n.Elided)
		return &ir.Source{Elided: true, Size: size}, ok
	case n.Data != nil:
		s, ok := p.unquote(n.Data.Text, posOf(n.Data.Pos))
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			p.errorf(posOf(n.Data.Pos), "", "the data is not base64: %v", err)
			return nil, false
		}
		return &ir.Source{Data: data, Size: int64(len(data))}, ok
	}
	if key.file, ok = p.unquote(n.File.Text, posOf(n.File.Pos)); !ok {
		return nil, false
	}
	if key.file == "" {
		p.errorf(posOf(n.File.Pos), `inline data is written: data "base64"`, "the file name is empty")
		return nil, false
	}
	if n.Entry != nil {
		if key.entry, ok = p.unquote(n.Entry.Text, posOf(n.Entry.Pos)); !ok {
			return nil, false
		}
	}
	if key.size, ok = p.count(n.Size); !ok {
		return nil, false
	}
	if n.CRC != nil {
		s, _ := p.unquote(n.CRC.Text, posOf(n.CRC.Pos))
		crc, err := strconv.ParseUint(s, 16, 32)
		if err != nil || len(s) != 8 {
			p.errorf(posOf(n.CRC.Pos), `for example crc "9a1c22e0"`, "a CRC has eight hexadecimal digits")
			return nil, false
		}
		key.crc = uint32(crc)
	}
	src := p.sources[key]
	if src == nil {
		src = &ir.Source{File: key.file, Entry: key.entry, Size: key.size, CRC: key.crc}
		p.sources[key] = src
	}
	return src, true
}

// count reads an integer that is not negative.
func (p *parser) count(n *intNode) (int64, bool) {
	v, ok := p.integer(n.Text, posOf(n.Pos))
	return v, ok && p.inRange(v, 0, math.MaxInt64, posOf(n.Pos))
}

// classes enters the classes of modules.
func (p *parser) classes(items []*itemNode) {
	var list []ir.Class
	for _, it := range items {
		if it.Class == nil {
			continue
		}
		path, ok := p.unquote(it.Class.Path.Text, posOf(it.Class.Path.Pos))
		name, named := p.unquote(it.Class.Name.Text, posOf(it.Class.Name.Pos))
		if named && name == "" {
			p.errorf(posOf(it.Class.Name.Pos), "a module whose class is not known has no line", "the class has no name")
		}
		if ok && named {
			list = append(list, ir.Class{Path: path, Name: name})
		}
	}
	p.m.AddClasses(list...)
}

func (p *parser) lost(n *lostNode) {
	var l ir.Lost
	var ok bool
	if l.Tensor, ok = p.unquote(n.Tensor.Text, posOf(n.Tensor.Pos)); !ok {
		return
	}
	if l.Pass = n.Pass; strings.HasPrefix(n.Pass, `"`) {
		if l.Pass, ok = p.unquote(n.Pass, posOf(n.Tensor.Pos)); !ok {
			return
		}
	}
	if n.Func != nil {
		l.Func, _ = p.name(n.Func.Text, posOf(n.Func.Pos))
	}
	if n.Value != nil {
		l.Into, _ = p.name(n.Value.Text, posOf(n.Value.Pos))
	}
	p.m.Lost = append(p.m.Lost, l)
}
