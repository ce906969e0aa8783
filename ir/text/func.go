package text

import (
	"strconv"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// scope is what a function or a body sees: its values, its dims and those of the functions around it.
type scope struct {
	fn     *ir.Func
	outer  *scope
	values map[string]*ir.Value
}

func newScope(fn *ir.Func, outer *scope, values int) *scope {
	return &scope{fn: fn, outer: outer, values: make(map[string]*ir.Value, values)}
}

func (sc *scope) declares(symbol string) bool {
	for ; sc != nil; sc = sc.outer {
		for _, d := range sc.fn.Dims {
			if d.Name == symbol {
				return true
			}
		}
	}
	return false
}

// function builds a function of the module. The body's dims are read before the signature's types are checked.
func (p *parser) function(n *funcNode) {
	f := &ir.Func{}
	f.Name, _ = p.name(n.Name.Text, posOf(n.Name.Pos))
	sc := newScope(f, nil, len(n.Params)+len(n.Body.Text)/64)
	b := p.bodyReader(n.Body.Pos.Offset, len(n.Body.Text), n.Body.Pos.Line, n.Body.Pos.Column)
	b.declarations(sc)
	for _, pn := range n.Params {
		p.param(sc, pn)
	}
	for _, rn := range n.Results {
		p.result(sc, rn)
	}
	b.rest(sc)
	p.m.Funcs = append(p.m.Funcs, f)
}

func (p *parser) param(sc *scope, n *paramNode) {
	q := &ir.Param{}
	name := n.Name
	var t ir.Type
	ok := true
	switch {
	case n.Const != nil:
		q.Role, name = ir.ConstArg, &n.Const.Name
		q.Const, ok = p.node(&n.Const.Value)
	default:
		t, ok = p.typ(n.Type.Text, posOf(n.Type.Pos), sc)
	}
	if n.State != nil {
		q.Role = ir.StateIn
		q.State, _ = p.name(n.State.Text, posOf(n.State.Pos))
		p.knownState(q.State, n.State)
	}
	if q.Binds = n.Binds; q.Binds != "" {
		pos := posOf(n.Type.Pos)
		if !p.declared([]string{q.Binds}, pos, "", sc) {
			ok = false
		} else if !t.Equal(ir.StaticType(host.I64)) && ok {
			p.errorf(pos, "", "a parameter that binds %s is tensor<i64>, found %s", q.Binds, t)
		}
	}
	q.Value = &ir.Value{Type: t, Index: len(sc.fn.Params)}
	q.Value.Claims = p.claims(n.Claims)
	p.define(sc, name.Text, posOf(name.Pos), q.Value)
	if !ok {
		sc.values[name.Text] = &p.poison
	}
	sc.fn.Params = append(sc.fn.Params, q)
}

func (p *parser) knownState(name string, at *symbolNode) {
	if p.m.State(name) == nil {
		p.errorf(posOf(at.Pos), "declare it: state @"+name+" : TYPE = zero", "the module has no state @%s", name)
	}
}

func (p *parser) result(sc *scope, n *resultNode) {
	r := &ir.Result{Role: ir.Output, Skipped: len(n.Skipped)}
	name := n.Name
	if n.Update != nil {
		r.Role, name = ir.Update, n.NewName
		if s := n.Update.State; s != nil {
			r.State = true
			r.Target, _ = p.name(s.Text, posOf(s.Pos))
			p.knownState(r.Target, s)
		} else {
			in := n.Update.Input
			r.Target, _ = p.name(in.Text, posOf(in.Pos))
			if sc.values[in.Text] == nil {
				p.errorf(posOf(in.Pos), "", "the function has no parameter %s", in.Text)
			}
		}
	}
	if name != nil {
		r.Name, _ = p.name(name.Text, posOf(name.Pos))
	}
	r.Type, _ = p.typ(n.Type.Text, posOf(n.Type.Pos), sc)
	sc.fn.Results = append(sc.fn.Results, r)
}

func (p *parser) claims(nodes []*claimNode) []ir.Claim {
	var claims []ir.Claim
	for _, n := range nodes {
		c := ir.Claim{Approx: n.Approx != nil}
		tensor := n.Exact
		if c.Approx {
			tensor = n.Approx
		}
		c.Tensor, _ = p.unquote(tensor.Text, posOf(tensor.Pos))
		for _, axis := range n.Perm {
			a, ok := p.count(axis)
			if ok && p.inRange(a, 0, maxRank, posOf(axis.Pos)) {
				c.Transform.Perm = append(c.Transform.Perm, int(a))
			}
		}
		if n.Cast != nil {
			c.Transform.Cast = p.castElem(n.Cast.Text, posOf(n.Cast.Pos))
		}
		if n.Slice != nil {
			c.Transform.Slice, _ = p.unquote(n.Slice.Text, posOf(n.Slice.Pos))
		}
		claims = append(claims, c)
	}
	return claims
}

// maxRank bounds the axes a claim may name.
const maxRank = 64

func (p *parser) castElem(text string, pos ir.Pos) ir.Elem {
	e, ok := host.ParseElem(text)
	if !ok {
		p.errorf(pos, p.elemHint(text), "%q is no element type", text)
	}
	return ir.Elem(e)
}

// define enters a value under the name written for it. A name of digits alone is none.
func (p *parser) define(sc *scope, text string, pos ir.Pos, v *ir.Value) {
	if have := sc.values[text]; have != nil {
		first := ""
		if have.Def != nil && have.Def.Pos.Line > 0 {
			first = ", first on line " + strconv.Itoa(have.Def.Pos.Line)
		}
		if have != &p.poison {
			p.errorf(pos, "", "%s is defined twice%s", text, first)
		}
		return
	}
	sc.values[text] = v
	if text[1] == '"' {
		v.Name, _ = p.unquote(text[1:], pos)
	} else if !allDigits(text[1:]) {
		v.Name = text[1:]
	}
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if charClass[s[i]]&classDigit == 0 {
			return false
		}
	}
	return s != ""
}
