package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/weights"
)

// site is a value that is to be quantized once, for all its uses that ask for the same.
type site struct {
	activationChoice
	value   *ir.Value
	elem    host.Elem
	uses    []ir.Use
	users   []*ir.Op // the operations it is quantized for
	ignored bool
	stats   *calibrate.Stats
}

// siteKey tells what must not share a scale.
type siteKey struct {
	value  *ir.Value
	layout string // the scheme and the axes
	reason string // sites that stay as they are stand for themselves
}

func (s *site) key() siteKey {
	k := siteKey{value: s.value, reason: s.refused}
	if s.scheme != nil {
		k.layout = fmt.Sprint(s.scheme.key(), s.axis, s.rows)
	}
	return k
}

func (s *site) name() string {
	what := "the input of "
	if len(s.uses) == 0 || s.uses[0].Op != s.users[0] {
		what = "the result of "
	}
	if s.value.Name != "" {
		return fmt.Sprintf("%%%s, %s%s", s.value.Name, what, s.users[0].Describe())
	}
	return what + s.users[0].Describe()
}

// find finds all candidates in program order: what operations take, then what they give.
func (a *activationQuantizer) find() {
	a.m.WalkOwn(func(op *ir.Op) {
		for i, v := range op.Operands {
			if v == nil {
				continue
			}
			if c := a.choose.input(op, i); !c.isNone() {
				a.candidate(op, v, []ir.Use{{Op: op, Index: i}}, c)
			}
		}
	})
	taken := map[ir.Use]bool{}
	for _, s := range a.order {
		for _, u := range s.uses {
			taken[u] = s.refused == ""
		}
	}
	seen := map[*ir.Value]bool{}
	a.m.WalkOwn(func(op *ir.Op) {
		v, c := a.choose.output(op)
		if c.isNone() || seen[v] {
			return
		}
		seen[v] = true
		// What takes a value says how it is stored for it; the others get what the value's own operation says.
		mine := slices.DeleteFunc(slices.Clone(v.Uses()), func(u ir.Use) bool { return taken[u] && !a.agrees(v, c, u) })
		if len(mine) == 0 && len(v.Uses()) > 0 && c.keep == "" {
			c.keep = "all operations that take it ask for something else"
		}
		a.candidate(op, v, mine, c)
	})
}

// agrees reports a use that asks for the same as a choice.
func (a *activationQuantizer) agrees(v *ir.Value, c activationChoice, u ir.Use) bool {
	want := site{activationChoice: c, value: v}
	s := a.sites[want.key()]
	return s != nil && slices.Contains(s.uses, u)
}

func (a *activationQuantizer) candidate(op *ir.Op, v *ir.Value, uses []ir.Use, c activationChoice) {
	f := op.Parent()
	if isConstant(v) || weights.ComputedFromConstants(f, v) {
		return // a weight
	}
	s := &site{activationChoice: c, value: v, elem: v.Type.Elem, uses: uses, users: []*ir.Op{op}}
	inside := s.scheme != nil && s.scheme.dynamic() && insideKernel(f)
	switch {
	case c.keep != "":
		s.refused, s.ignored = c.keep, true
	case c.refused != "":
	case !v.Type.Elem.IsFloat() || v.Type.Elem.Bits() < 16:
		s.refused = fmt.Sprintf("it is %s", v.Type)
	case quantizedAlready(f, v):
		s.refused = pass.CompressedAlready
	case inside && v.Def != nil:
		s.refused = fmt.Sprintf("a kernel computes it, which cannot hold the search for its range; run %s before fuse", a.ctx.Pass.Name)
	case s.axis >= 0:
		if _, known := v.Type.Shape[s.axis].IsConst(); !known {
			s.refused = fmt.Sprintf("the number of its channels, %s, is open", v.Type.Shape[s.axis])
		}
	}
	if inside && s.refused == "" {
		s.value = f.Owner().Operands[v.Index]
	}
	a.add(s)
}

// joinMoved drops the sites of values that hold numbers of another quantized value and nothing else, such as a view of it:
// the operation between takes what is quantized.
func (a *activationQuantizer) joinMoved() {
	byValue := map[*ir.Value][]*site{}
	for _, s := range a.order {
		byValue[s.value] = append(byValue[s.value], s)
	}
	a.order = slices.DeleteFunc(a.order, func(s *site) bool {
		v := s.value
		if s.refused != "" || s.axis >= 0 || s.scheme.dynamic() || v.Def == nil || !movesOnly(v.Def) {
			return false
		}
		at := ir.Use{Op: v.Def, Index: 0}
		from := v.Def.Operands[0]
		i := slices.IndexFunc(byValue[from], func(t *site) bool { return t.refused == "" && t.axis < 0 && t.scheme.key() == s.scheme.key() })
		if i < 0 || slices.ContainsFunc(byValue[from], func(t *site) bool { return t != byValue[from][i] && slices.Contains(t.uses, at) }) {
			return false
		}
		t := byValue[from][i]
		if !slices.Contains(t.uses, at) {
			t.uses = append(t.uses, at)
		}
		return true
	})
}

// add puts a candidate to the site it shares, or starts one.
func (a *activationQuantizer) add(s *site) {
	key := s.key()
	have := a.sites[key]
	if have == nil {
		a.sites[key], a.order = s, append(a.order, s)
		return
	}
	if !slices.Contains(have.users, s.users[0]) {
		have.users = append(have.users, s.users[0])
	}
	for _, u := range s.uses {
		if !slices.Contains(have.uses, u) {
			have.uses = append(have.uses, u)
		}
	}
}

func insideKernel(f *ir.Func) bool { return f.Owner() != nil && f.Owner().Is(core.Kernel) }

// quantizedAlready reports a value in f that is, by views alone, the result of quant.dequantize.
func quantizedAlready(f *ir.Func, v *ir.Value) bool {
	for {
		switch {
		case v.Def == nil && insideKernel(f):
			v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
		case v.DefinedBy(core.Kernel):
			f = v.Def.Bodies[0]
			v = f.Returns()[v.Index]
		case v.Def != nil && v.Def.Def.Traits.Has(ir.View):
			v = v.Def.Operands[0]
		default:
			return v.DefinedBy(quant.Dequantize)
		}
	}
}
