package debugger

import (
	"bytes"
	"strings"
	"sync"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tools/graph"
)

// program is a function of a model as a tree, whose nodes are what the page can select, with numbers for its values.
type program struct {
	module *ir.Module
	fn     *ir.Func
	tree   *graph.Tree
	given  [][]int // of each node: the values that it gives; of an output the one that it shows
	values []*ir.Value
	homes  []*ir.Func // of each value: the function or body that has it
	makers []graph.Node

	valueOf map[*ir.Value]int
	claimed map[string]graph.Node // the first node that gives a tensor of PyTorch, by its name
	names   map[*ir.Func]text.Names

	once  sync.Once
	text  []string // the lines of the module
	lines map[*ir.Op]int
	err   error
}

func newProgram(m *ir.Module, f *ir.Func, files *files) *program {
	p := &program{module: m, fn: f, tree: graph.NewTree(m, f), valueOf: map[*ir.Value]int{}, claimed: map[string]graph.Node{}, names: map[*ir.Func]text.Names{}}
	p.given = make([][]int, p.tree.Len())
	p.enter(f, 0)
	for n := range p.tree.Len() {
		op := p.tree.Op(graph.Node(n))
		if op == nil {
			continue
		}
		for _, l := range op.Loc.Leaves() {
			for _, frame := range l.Stack {
				files.add(frame.File)
			}
		}
	}
	return p
}

// enter numbers the values of a function or a body, which is the tree's node at.
func (p *program) enter(f *ir.Func, at graph.Node) {
	p.names[f] = text.NamesOf(f)
	var ins, outs []graph.Node
	p.tree.Children(at, func(n graph.Node) {
		switch p.tree.Kind[n] {
		case graph.Input, graph.State:
			ins = append(ins, n)
		case graph.Output, graph.Update:
			outs = append(outs, n)
		}
	})
	for _, param := range f.Params {
		n := graph.None
		if param.Role != ir.ConstArg && len(ins) > 0 {
			n, ins = ins[0], ins[1:]
		}
		p.add(f, param.Value, n)
	}
	for _, op := range f.Ops {
		n := p.tree.Of(op)
		for _, v := range op.Results {
			p.add(f, v, n)
		}
		bodies := []graph.Node{n}
		if len(op.Bodies) > 1 {
			bodies = nil
			p.tree.Children(n, func(b graph.Node) { bodies = append(bodies, b) })
		}
		for i, b := range op.Bodies {
			p.enter(b, bodies[i])
		}
	}
	for i, v := range f.Returns() {
		if i < len(outs) {
			p.given[outs[i]] = append(p.given[outs[i]], p.valueOf[v])
		}
	}
}

func (p *program) add(home *ir.Func, v *ir.Value, by graph.Node) {
	id := len(p.values)
	p.valueOf[v] = id
	p.values, p.homes, p.makers = append(p.values, v), append(p.homes, home), append(p.makers, by)
	if by == graph.None {
		return
	}
	p.given[by] = append(p.given[by], id)
	for _, c := range v.Claims {
		if _, taken := p.claimed[c.Tensor]; !taken {
			p.claimed[c.Tensor] = by
		}
	}
}

// nameOf is a value's name for users: the PyTorch tensor that it equals or, where it equals none, its name in the text.
func (p *program) nameOf(v *ir.Value) string {
	if len(v.Claims) > 0 {
		return v.Claims[0].Tensor
	}
	return p.textName(v)
}

// textName is a value's name in the text.
func (p *program) textName(v *ir.Value) string {
	if v == nil {
		return "none"
	}
	return p.names[p.homes[p.valueOf[v]]].Of(v)
}

// place is the module of PyTorch that a node is in, or the root.
func (p *program) place(n graph.Node) graph.Node {
	for n > 0 && p.tree.Kind[n] != graph.Module {
		n = p.tree.Parent[n]
	}
	return n
}

// path is the path of the module that a node is in.
func (p *program) path(n graph.Node) string {
	if n = p.place(n); n > 0 {
		return p.tree.Text(p.tree.Name[n])
	}
	return ""
}

// kind is what a node is called: its operation, and of a call of PyTorch what is called.
func (p *program) kind(n graph.Node) string {
	op := p.tree.Op(n)
	if op == nil {
		return p.tree.Kind[n].String()
	}
	if callee, ok := op.Attr("callee").(ir.String); ok {
		return strings.TrimSuffix(string(callee), ".default")
	}
	return op.Name()
}

// source gives the text of the module without locations, and the line of each operation, counted from 0. The lines are found by
// parsing the text again, which gives the same operations in the same order.
func (p *program) source(reg *ir.Registry) ([]string, map[*ir.Op]int, error) {
	p.once.Do(func() {
		var b bytes.Buffer
		if p.err = text.Print(&b, p.module, text.Options{Inline: -1}); p.err != nil {
			return
		}
		p.text = strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		again, err := text.Parse("model.air", b.Bytes(), reg)
		if err != nil {
			p.err = err
			return
		}
		p.lines = map[*ir.Op]int{}
		p.number(p.fn, again.Func(p.fn.Name))
	})
	return p.text, p.lines, p.err
}

func (p *program) number(f, again *ir.Func) {
	for i, op := range f.Ops {
		p.lines[op] = again.Ops[i].Pos.Line - 1
		for k, b := range op.Bodies {
			p.number(b, again.Ops[i].Bodies[k])
		}
	}
}
