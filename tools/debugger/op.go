package debugger

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tools/graph"
)

// opInfo is what the inspector shows of a node.
type opInfo struct {
	Node     graph.Node    `json:"node"`
	Kind     string        `json:"kind"`  // nn.linear, or what is called of PyTorch; of others module, input, ...
	Op       string        `json:"op"`    // the operation's name; empty for a node that is none
	Label    string        `json:"label"` // the name of the first result, the path of a module
	Ops      int32         `json:"ops"`   // how many are in it
	Doc      string        `json:"doc"`
	Text     string        `json:"text"` // as the text form has it
	Module   moduleInfo    `json:"module"`
	Attrs    []attrInfo    `json:"attrs"`
	Operands []operandInfo `json:"operands"`
	Results  []valueInfo   `json:"results"`
	Places   []placeInfo   `json:"places"` // where in the model's source it comes from
	Via      []string      `json:"via"`    // the passes that made it
	Lost     []lostInfo    `json:"lost"`   // the tensors whose computation went into its results
	Line     int           `json:"line"`   // in the text of the module, from 0; -1 for none
	History  []mention     `json:"history"`
	Kernel   bool          `json:"kernel"` // generated code can be shown
}

type moduleInfo struct {
	Path  string `json:"path"`
	Class string `json:"class"`
}

// lostInfo is a tensor that no value equals any more, and the pass that took it away.
type lostInfo struct {
	Tensor string `json:"tensor"`
	Pass   string `json:"pass"`
}

type attrInfo struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Value   string `json:"value"`
	Default bool   `json:"default"`
	Doc     string `json:"doc"`
}

// valueInfo is a value with what made it and who uses it.
type valueInfo struct {
	Value  int          `json:"value"`
	Name   string       `json:"name"` // for users
	Text   string       `json:"text"` // in the text form
	Type   string       `json:"type"`
	Node   graph.Node   `json:"node"` // that gives it; -1 for a constant of the call
	Users  []graph.Node `json:"users"`
	Claims []claimInfo  `json:"claims"`
}

type claimInfo struct {
	Tensor string `json:"tensor"`
	Approx bool   `json:"approx"`
	How    string `json:"how"` // the transform, as the text form has it; empty for none
}

// operandInfo is an operand; its value is missing where an optional one is absent.
type operandInfo struct {
	Name  string     `json:"name"`
	Doc   string     `json:"doc"`
	Value *valueInfo `json:"value"`
}

// placeInfo is a stack in the model's source, the innermost frame first.
type placeInfo struct {
	Module moduleInfo  `json:"module"`
	Frames []frameInfo `json:"frames"`
}

type frameInfo struct {
	File int    `json:"file"` // its number among the model's files
	Name string `json:"name"`
	Line int    `json:"line"`
}

// node reads the number of a node from a request.
func (p *program) node(r *http.Request) (graph.Node, error) {
	n, err := strconv.Atoi(r.PathValue("node"))
	if err != nil || n < 0 || n >= p.tree.Len() {
		return 0, notFound("@%s has no node %q", p.fn.Name, r.PathValue("node"))
	}
	return graph.Node(n), nil
}

func (s *Server) getOp(r *http.Request) (any, error) {
	m, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	n, err := p.node(r)
	if err != nil {
		return nil, err
	}
	info := p.describe(n)
	op := p.tree.Op(n)
	if op == nil {
		info.Places = p.begins(n, m.files)
		return info, nil
	}
	p.describeOp(&info, op, m.files)
	info.Kernel = hasKernel(op)
	info.History = s.history(m, op)
	if _, lines, err := p.source(s.tk.Ops); err == nil {
		info.Line = lines[op]
	}
	return info, nil
}

// begins is where the first operation in a module comes from.
func (p *program) begins(n graph.Node, files *files) []placeInfo {
	for c := n + 1; c < p.tree.End[n]; c++ {
		if p.tree.Kind[c] == graph.Op {
			return origins(p.tree.Op(c).Loc, files)
		}
	}
	return nil
}

// describe tells what all nodes have: a place, and the values that they give.
func (p *program) describe(n graph.Node) opInfo {
	t, at := p.tree, p.place(n)
	info := opInfo{Node: n, Kind: p.kind(n), Label: t.Text(t.Name[n]), Module: moduleInfo{p.path(n), t.Text(t.Detail[at])}, Line: -1, Ops: t.Count[n]}
	for _, id := range p.given[n] {
		info.Results = append(info.Results, p.value(p.values[id]))
	}
	if len(info.Results) > 0 {
		info.Label = info.Results[0].Name
	}
	return info
}

// describeOp adds what an operation has.
func (p *program) describeOp(info *opInfo, op *ir.Op, files *files) {
	info.Op, info.Doc, info.Text = op.Name(), op.Def.Doc, text.PrintOp(op, p.names[op.Parent()])
	info.Attrs, info.Places, info.Via = attrs(op), origins(op.Loc, files), via(op.Loc)
	for i, v := range op.Operands {
		arg := argOf(op.Def.Operands, i)
		o := operandInfo{Name: arg.Name, Doc: arg.Doc}
		if v != nil {
			known := p.value(v)
			o.Value = &known
		}
		info.Operands = append(info.Operands, o)
	}
	for _, v := range op.Results {
		for _, l := range p.module.Lost {
			if l.Func == p.fn.Name && l.Into == v.Name {
				info.Lost = append(info.Lost, lostInfo{l.Tensor, l.Pass})
			}
		}
	}
}

// argOf declares operand i; a variadic declaration stands for all that follow.
func argOf(args []ir.Arg, i int) ir.Arg {
	if n := len(args); i >= n && n > 0 && args[n-1].Variadic {
		i = n - 1
	}
	if i >= len(args) {
		return ir.Arg{}
	}
	return args[i]
}

// value describes a value of the function.
func (p *program) value(v *ir.Value) valueInfo {
	id := p.valueOf[v]
	info := valueInfo{Value: id, Name: p.nameOf(v), Text: p.textName(v), Type: v.Type.String(), Node: p.makers[id]}
	for _, u := range v.Uses() {
		if n := p.tree.Of(u.Op); n != graph.None && !slices.Contains(info.Users, n) {
			info.Users = append(info.Users, n)
		}
	}
	slices.Sort(info.Users)
	for _, c := range v.Claims {
		info.Claims = append(info.Claims, claimInfo{c.Tensor, c.Approx, transform(c.Transform)})
	}
	return info
}

func transform(t ir.Transform) string {
	switch {
	case t.IsZero():
		return ""
	case t.Perm != nil:
		return "perm" + text.PrintAttr(ir.OfInts(t.Perm...)) + t.Slice
	case t.Slice != "":
		return "slice" + t.Slice
	}
	return "cast of " + text.PrintAttr(t.Cast)
}

// attrs lists those that are given and, after them, those that have their default.
func attrs(op *ir.Op) []attrInfo {
	var list []attrInfo
	add := func(name string, given bool) {
		a := attrInfo{Name: name, Value: text.PrintAttr(op.Attr(name)), Default: !given}
		if at := slices.IndexFunc(op.Def.Attrs, func(d ir.AttrDef) bool { return d.Name == name }); at >= 0 {
			a.Kind, a.Doc = string(op.Def.Attrs[at].Kind), op.Def.Attrs[at].Doc
		}
		list = append(list, a)
	}
	for _, a := range op.Attrs {
		add(a.Name, true)
	}
	for _, d := range op.Def.Attrs {
		if _, given := op.Attrs.Get(d.Name); !given && op.Has(d.Name) {
			add(d.Name, false)
		}
	}
	return list
}

// origins lists where an operation comes from; a fused one comes from several places.
func origins(l *ir.Loc, files *files) []placeInfo {
	var list []placeInfo
	for _, leaf := range l.Leaves() {
		if leaf.IsUnknown() {
			continue
		}
		place := placeInfo{Module: moduleInfo{leaf.Path, leaf.Class}}
		for _, f := range leaf.Stack {
			place.Frames = append(place.Frames, frameInfo{files.id(f.File), f.File, f.Line})
		}
		list = append(list, place)
	}
	return list
}

// via lists the passes that made an operation, or its parts.
func via(l *ir.Loc) []string {
	list := slices.Clone(l.Via)
	for _, leaf := range l.Leaves() {
		list = append(list, leaf.Via...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
