package msl

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
)

// gen makes the text of one kernel.
type gen struct {
	*Module
	kernel  *kernel.Kernel
	options Options
	grid    *grid
	names   names
	used    map[string]bool // helpers

	values  map[*kernel.Value]expr
	indices map[*kernel.Value]ir.Dim // of values that are an index
	uses    map[*kernel.Value]*use
	buffers map[*kernel.Buffer]string
	symbols map[string]*symbol
	sizes   map[string]*size
	number  string // the variable that numbers the threads of a group
	simd    map[string]expr
	attrs   []launch.Builtin // parameters that are attributes of the thread

	decls  []*ir.DimDecl // the ranges of all symbols in use
	guards []ir.Guard
	env    *ir.DimEnv

	out   strings.Builder
	depth int
}

// size is a size of the call.
type size struct {
	name string // in the text
	used bool
}

// line writes a line of a function's body.
func (g *gen) line(format string, args ...any) {
	g.out.WriteString(strings.Repeat("  ", g.depth))
	fmt.Fprintf(&g.out, format, args...)
	g.out.WriteByte('\n')
}

// function gives the text of the kernel and its launch.
func (g *gen) function() (string, launch.Kernel) {
	k := g.kernel
	g.grid = gridOf(k)
	g.names = names{}
	g.values, g.uses, g.indices = map[*kernel.Value]expr{}, usesOf(k), map[*kernel.Value]ir.Dim{}
	g.buffers, g.symbols, g.sizes, g.simd = map[*kernel.Buffer]string{}, map[string]*symbol{}, map[string]*size{}, map[string]expr{}
	for name := range g.taken {
		g.names[name] = true
	}
	l := launch.Kernel{Function: g.names.give(g.functionName()), ABI: g.form}
	l.Threads, l.Threadgroup = g.grid.threadsOf()
	g.arguments()
	g.depth = 1
	g.locals()
	g.positions()
	g.instrs(g.grid.before)
	g.instrs(g.grid.shared)
	g.instrs(g.grid.body.Instrs)
	body := g.out.String()

	params := g.parameters(&l)
	for _, s := range k.Sizes {
		l.Sizes = append(l.Sizes, s.Name)
	}
	l.Builtins = g.attrs
	return g.comment(l) + "kernel void " + l.Function + "(\n    " + strings.Join(params, ",\n    ") + ") {\n" + g.extents() + body + "}\n", l
}

func (g *gen) functionName() string {
	if g.options.Name != "" {
		return g.options.Name
	}
	return g.kernel.Name
}

// use is where a value is used.
type use struct {
	count int
	block *kernel.Block // of the last use
	defs  *kernel.Block // where it is made
}

// usesOf counts the uses of all values.
func usesOf(k *kernel.Kernel) map[*kernel.Value]*use {
	uses := map[*kernel.Value]*use{}
	at := func(v *kernel.Value) *use {
		if uses[v] == nil {
			uses[v] = &use{}
		}
		return uses[v]
	}
	var visit func(b *kernel.Block)
	count := func(b *kernel.Block, values ...*kernel.Value) {
		for _, v := range values {
			if v != nil {
				u := at(v)
				u.count++
				u.block = b
			}
		}
	}
	visit = func(b *kernel.Block) {
		for _, in := range b.Instrs {
			count(b, in.Args...)
			count(b, in.Mask)
			switch {
			case in.Loop != nil:
				count(b, in.Loop.Init...)
				visit(in.Loop.Body)
				count(in.Loop.Body, in.Loop.Next...)
				for _, v := range in.Loop.Carried {
					at(v).defs = in.Loop.Body
				}
				for _, v := range in.Loop.Results {
					at(v).defs = b
				}
			case in.If != nil:
				count(b, in.If.Cond)
				visit(in.If.Then)
			case in.Result != nil:
				at(in.Result).defs = b
			}
		}
	}
	visit(k.Body)
	dropUnused(k, uses)
	return uses
}

// dropUnused takes away the uses by what itself is not used: instructions are visited against their order, so once is enough.
func dropUnused(k *kernel.Kernel, uses map[*kernel.Value]*use) {
	var list []*kernel.Instr
	k.Walk(func(in *kernel.Instr) { list = append(list, in) })
	for _, in := range slices.Backward(list) {
		if in.Result == nil || uses[in.Result].count > 0 {
			continue
		}
		for _, a := range append(slices.Clip(in.Args), in.Mask) {
			if a != nil {
				uses[a].count--
			}
		}
	}
}

// instrs writes instructions.
func (g *gen) instrs(list []*kernel.Instr) {
	for _, in := range list {
		switch in.Op {
		case kernel.LoopInstr:
			g.loop(in.Loop)
		case kernel.IfInstr:
			g.branch(in.If)
		default:
			g.instr(in)
		}
	}
}

// inside writes a block in braces; what is learnt there is forgotten after it.
func (g *gen) inside(head string, body func()) {
	g.line("%s{", head)
	decls, guards, env := g.decls, g.guards, g.env
	g.depth++
	body()
	g.depth--
	g.decls, g.guards, g.env = decls, guards, env
	g.line("}")
}

func (g *gen) branch(c *kernel.If) {
	if c.Cond != nil {
		g.inside("if ("+g.values[c.Cond].text+") ", func() { g.instrs(c.Then.Instrs) })
		return
	}
	cond, holds := g.condition(c.Holds)
	if holds {
		cond = atom("true")
	}
	g.inside("if ("+cond.text+") ", func() {
		g.assume(c.Holds)
		g.instrs(c.Then.Instrs)
	})
}

func (g *gen) loop(l *kernel.Loop) {
	switch l.Kind {
	case kernel.Serial, kernel.Unroll:
	default:
		refuse("a %s loop %s stands inside: expected one of the grid or of threads outermost", l.Kind, l.Var)
	}
	vars := make([]string, len(l.Init))
	for i, v := range l.Init {
		t := l.Carried[i].Type
		vars[i] = g.names.give(g.accumulator(l, i))
		g.line("%s %s = %s;", typeName(t), vars[i], g.values[v].text)
		g.values[l.Carried[i]] = atom("%s", vars[i])
	}
	if l.Kind == kernel.Unroll {
		g.line("#pragma clang loop unroll(full)")
	}
	decls, guards, env := g.decls, g.guards, g.env
	lo, hi := g.rangeOf(l.Extent)
	w := i64
	if hi <= math.MaxInt64-l.Step {
		w = fitting(lo, hi+l.Step)
	}
	g.learn(l.Var, ir.Const(0), l.Extent.Sub(ir.Const(1)))
	name := g.names.give(l.Var)
	g.symbols[l.Var] = &symbol{atom("%s", name), w, l.Step}
	step := fmt.Sprintf("%s += %d", name, l.Step)
	if l.Step == 1 {
		step = name + "++"
	}
	g.inside(fmt.Sprintf("for (%s %s = 0; %s < %s; %s) ", w, name, name, g.sum(l.Extent, w).at(precLess+1), step), func() {
		g.instrs(l.Body.Instrs)
		g.assign(l, vars)
	})
	g.decls, g.guards, g.env = decls, guards, env
	for i, v := range l.Results {
		g.values[v] = atom("%s", vars[i])
	}
}

// accumulator names a carried value by what makes the next one.
func (g *gen) accumulator(l *kernel.Loop, i int) string {
	for _, in := range l.Body.Instrs {
		if in.Result == l.Next[i] && in.Result != nil {
			switch in.Op {
			case kernel.Add, kernel.MulAdd:
				return "sum"
			case kernel.Max:
				return "most"
			case kernel.Min:
				return "least"
			}
		}
	}
	return "acc"
}

// assign gives the carried values what the body makes of them. All are computed before any changes.
func (g *gen) assign(l *kernel.Loop, vars []string) {
	next := make([]expr, len(vars))
	for i, v := range l.Next {
		next[i] = g.values[v]
	}
	for i := range vars {
		for _, later := range next[i+1:] {
			if mentions(later.text, vars[i]) {
				for j := i + 1; j < len(vars); j++ {
					if mentions(next[j].text, vars[i]) {
						next[j] = g.let(l.Next[j].Type, "next", next[j])
					}
				}
				break
			}
		}
	}
	for i, e := range next {
		switch rest, adds := strings.CutPrefix(e.text, vars[i]+" + "); {
		case e.text == vars[i]:
		case adds && e.prec == precAdd && !strings.ContainsAny(rest, "?&|<>="):
			g.line("%s += %s;", vars[i], rest)
		default:
			g.line("%s = %s;", vars[i], e.text)
		}
	}
}

// mentions reports a name in a text.
func mentions(text, name string) bool {
	for at := strings.Index(text, name); at >= 0; {
		before, after := at == 0 || !nameByte(text[at-1]), at+len(name) == len(text) || !nameByte(text[at+len(name)])
		if before && after {
			return true
		}
		next := strings.Index(text[at+1:], name)
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}

func nameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// let declares a name for an expression.
func (g *gen) let(t kernel.Type, hint string, e expr) expr {
	name := g.names.give(hint)
	g.line("%s %s = %s;", typeName(t), name, e.text)
	return atom("%s", name)
}

// helper calls one of the functions that the text begins with.
func (g *gen) helper(name string, args ...expr) expr {
	g.used[name] = true
	return call(name, args...)
}
