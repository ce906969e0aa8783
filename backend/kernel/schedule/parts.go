package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// Part is one of several groups that compute a group which no schedule can make at once. What one gives, later ones may take.
type Part struct {
	Made   *Made
	Params []int // what the buffers of the part's parameters are: parameters of the group, or, from their number on, results of parts
	Result ir.Type
}

// Parts plans a group cut into pieces, each by a schedule; the last one gives its result. The reason is that of Plan for the whole.
func Parts(g *Group, t Target) ([]Part, string) {
	g = g.bounded(t)
	made, reason := plan(g, t)
	if reason == "" {
		return []Part{{made, identity(len(g.Params)), g.Result.Type}}, ""
	}
	if parts := g.cut(t, mostCuts); parts != nil {
		return parts, ""
	}
	return nil, reason
}

// mostCuts is how often a group is cut, one piece after the other.
const mostCuts = 3

// moving are the operations that take elements from elsewhere, which keeps groups from being made at once.
var moving = []*ir.OpDef{
	tensor.Reshape, tensor.Transpose, tensor.Slice, tensor.Concat, tensor.Pad, tensor.Expand, tensor.Flip, tensor.Index, tensor.Gather, overlapped,
}

// cut finds a value that splits a group into one that gives it and one that takes it, both of which can be made; nil for none.
func (g *Group) cut(t Target, cuts int) []Part {
	if cuts == 0 {
		return nil
	}
	for _, v := range g.places() {
		head, of := g.piece(v, nil)
		made, reason := plan(head, t)
		if reason != "" {
			continue
		}
		first := Part{made, of, v.Type}
		tail, rest := g.piece(g.Result, v)
		if made, reason := plan(tail, t); reason == "" {
			return []Part{first, {made, rest, g.Result.Type}}
		}
		if more := tail.cut(t, cuts-1); more != nil {
			return append([]Part{first}, behind(more, rest, len(g.Params))...)
		}
	}
	return nil
}

// behind translates the parts of a tail, whose parameters are what rest says, to stand behind one more part.
func behind(parts []Part, rest []int, params int) []Part {
	for k := range parts {
		of := slices.Clone(parts[k].Params)
		for i, p := range of {
			if p < len(rest) {
				of[i] = rest[p]
			} else {
				of[i] = params + 1 + p - len(rest)
			}
		}
		parts[k].Params = of
	}
	return parts
}

// places lists the values where cutting may help, those that leave most to the first piece at the front: what a heavy operation or a
// reduction gives or takes, and what depends on one and is then moved.
func (g *Group) places() []*ir.Value {
	heavy := map[*ir.Value]bool{} // a heavy operation or a reduction is before it
	var after, before []*ir.Value
	add := func(list *[]*ir.Value, v *ir.Value) {
		if v.Def != nil && v != g.Result && !slices.Contains(*list, v) {
			*list = append(*list, v)
		}
	}
	for _, op := range g.Body {
		_, reduces := reducedAxes(op)
		own := op.Def.Traits.Has(ir.Anchor) || reduces
		for _, v := range op.Operands {
			if v == nil {
				continue
			}
			if own && !heavy[v] {
				add(&before, v)
			}
			if heavy[v] && (own || slices.Contains(moving, op.Def)) {
				add(&after, v)
			}
			own = own || heavy[v]
		}
		for _, r := range op.Results {
			heavy[r] = own
		}
		if op.Def.Traits.Has(ir.Anchor) {
			add(&after, op.Results[0])
		}
	}
	slices.Reverse(after)
	return append(after, before...)
}

// piece is the part of a group that computes a value, with another one, if there is one, as its last parameter. It tells which
// parameters of the group its own are; the other value comes behind all of these.
func (g *Group) piece(result, given *ir.Value) (*Group, []int) {
	needed := map[*ir.Value]bool{result: true}
	for i := len(g.Body) - 1; i >= 0; i-- {
		op := g.Body[i]
		if op.Results[0] == given || !slices.ContainsFunc(op.Results, func(v *ir.Value) bool { return needed[v] }) {
			continue
		}
		for _, v := range op.Operands {
			if v != nil {
				needed[v] = true
			}
		}
	}
	p := &Group{Name: g.Name, decls: g.decls, guards: g.guards, env: g.env, effort: g.effort, scope: g.scope}
	values := map[*ir.Value]*ir.Value{}
	var of []int
	param := func(v *ir.Value, place int, constant bool) {
		values[v] = &ir.Value{Type: v.Type, Name: v.Name, Index: len(p.Params)}
		p.Params, p.Constants, of = append(p.Params, values[v]), append(p.Constants, constant), append(of, place)
	}
	for i, v := range g.Params {
		if needed[v] {
			param(v, i, g.Constants[i])
		}
	}
	if given != nil {
		param(given, len(g.Params), false)
	}
	for _, op := range g.Body {
		if op.Results[0] == given || !slices.ContainsFunc(op.Results, func(v *ir.Value) bool { return needed[v] }) {
			continue
		}
		c := &ir.Op{Def: op.Def, Attrs: op.Attrs, Loc: op.Loc}
		for _, v := range op.Operands {
			c.Operands = append(c.Operands, values[v])
		}
		for i, r := range op.Results {
			values[r] = &ir.Value{Type: r.Type, Name: r.Name, Def: c, Index: i}
			c.Results = append(c.Results, values[r])
		}
		if op.Def.Traits.Has(ir.Anchor) {
			p.Anchor = c
		}
		p.Body = append(p.Body, c)
	}
	p.Result = values[result]
	return p, of
}

func identity(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
