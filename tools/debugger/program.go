package debugger

import (
	"bytes"
	"strings"
	"sync"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

// program is a function of a model with numbers for what the page can select. Its nodes are the parameters, then the operations
// in the order of the text, those of a body behind the operation that owns it. Its values are those of all nodes, and the
// parameters of bodies.
type program struct {
	module *ir.Module
	fn     *ir.Func
	params int
	ops    []*ir.Op // node params+i is ops[i]
	owner  []int    // of each of ops: the node whose body it is in; -1 for none
	values []*ir.Value
	homes  []*ir.Func // of each of values: the function or body that has it

	nodeOf  map[*ir.Op]int
	valueOf map[*ir.Value]int
	names   map[*ir.Func]text.Names
	places  *places

	once  sync.Once
	text  []string // the lines of the module
	lines []int    // of each of ops: its line in the text, counted from 0
	err   error
}

func newProgram(m *ir.Module, f *ir.Func, files *files) *program {
	p := &program{module: m, fn: f, params: len(f.Params), nodeOf: map[*ir.Op]int{}, valueOf: map[*ir.Value]int{}, names: map[*ir.Func]text.Names{}}
	p.enter(f, -1)
	p.places = newPlaces(m, p.ops, p.owner, p.params)
	for _, op := range p.ops {
		for _, l := range op.Loc.Leaves() {
			for _, frame := range l.Stack {
				files.add(frame.File)
			}
		}
	}
	return p
}

// enter numbers the operations of a function or a body.
func (p *program) enter(f *ir.Func, owner int) {
	p.names[f] = text.NamesOf(f)
	for _, param := range f.Params {
		p.addValue(f, param.Value)
	}
	for _, op := range f.Ops {
		p.nodeOf[op] = p.params + len(p.ops)
		p.ops, p.owner = append(p.ops, op), append(p.owner, owner)
		for _, v := range op.Results {
			p.addValue(f, v)
		}
		for _, b := range op.Bodies {
			p.enter(b, p.nodeOf[op])
		}
	}
}

func (p *program) addValue(home *ir.Func, v *ir.Value) {
	p.valueOf[v] = len(p.values)
	p.values, p.homes = append(p.values, v), append(p.homes, home)
}

// nodes counts the nodes.
func (p *program) nodes() int { return p.params + len(p.ops) }

// op is the operation of a node; nil for a parameter.
func (p *program) op(node int) *ir.Op {
	if node < p.params {
		return nil
	}
	return p.ops[node-p.params]
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

// kind is what a node is called: its operation, and of a call of PyTorch what is called.
func kind(op *ir.Op) string {
	if callee, ok := op.Attr("callee").(ir.String); ok {
		return strings.TrimSuffix(string(callee), ".default")
	}
	return op.Name()
}

// source gives the text of the module without locations, and the line of each operation. The lines are found by parsing the text
// again, which gives the same operations in the same order.
func (p *program) source(reg *ir.Registry) ([]string, []int, error) {
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
		var walk func(*ir.Func)
		walk = func(f *ir.Func) {
			for _, op := range f.Ops {
				p.lines = append(p.lines, op.Pos.Line-1)
				for _, body := range op.Bodies {
					walk(body)
				}
			}
		}
		walk(again.Func(p.fn.Name))
	})
	return p.text, p.lines, p.err
}
