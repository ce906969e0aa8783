package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// unmatched lists the tensors that no pair was found for: those that one side claims and the other does not, and those that
// are lost on both.
func (m *matcher) unmatched() []Unmatched {
	var list []Unmatched
	for at, t := range m.sides {
		for _, k := range t.order {
			c := t.values[k][0]
			compared := t.paired[k] || m.known(t, k, m.sides[1-at])
			if compared && !t.given[k] || leastKind(t.values[k]) != Computed {
				continue
			}
			list = append(list, Unmatched{Name: k.tensor, Call: k.call, Func: k.fn, Op: c.Op, Module: c.Module(), Shape: c.Shape, Missing: sideNames[1-at],
				Reason: m.why(k, m.sides[1-at]), Float: c.Float, order: c.Order})
		}
	}
	slices.SortStableFunc(list, func(a, b Unmatched) int { return cmp.Compare(a.order, b.order) })
	return append(list, m.lostOnBoth()...)
}

// known reports a tensor that is compared under another name, and that the other side leaves out without having lost it: files of
// saved values have no casts to the same type and the like.
func (m *matcher) known(t *tensors, k tensorKey, other *tensors) bool {
	if _, lost := other.lost[k]; lost || !m.same {
		return false
	}
	v := t.values[k][0].Value
	return slices.ContainsFunc(v.Claims, func(c ir.Claim) bool { return t.paired[tensorKey{v.Call, v.Func, c.Tensor}] })
}

// why says why a side does not have a tensor that the other one claims.
func (m *matcher) why(k tensorKey, other *tensors) string {
	if why, ok := m.unequal[k]; ok {
		return why
	}
	if given := other.values[k]; given != nil && m.same {
		return fmt.Sprintf("given: it is %s on the %s side, an input, which both sides are given", cmp.Or(given[0].Text, given[0].Name), other.name)
	}
	if !m.same {
		return fmt.Sprintf("no counterpart: the models were exported apart, and the %s side has no %s of this shape there", other.name, stem(k.tensor))
	}
	if l, ok := other.lost[k]; ok {
		return lostText(l)
	}
	if !slices.ContainsFunc(other.order, func(o tensorKey) bool { return o.call == k.call }) {
		return fmt.Sprintf("no counterpart: the %s side has no call %d", other.name, k.call)
	}
	if other.saved && !other.ran(k) {
		return fmt.Sprintf("not computed: the branch or loop that holds it did not run on the %s side", other.name)
	}
	return fmt.Sprintf("no counterpart: the %s side has no tensor of that name", other.name)
}

// ran reports that saved values have something of the body that a tensor is in.
func (t *tensors) ran(k tensorKey) bool {
	body := k.tensor[:strings.LastIndexByte(k.tensor, '/')+1]
	return slices.ContainsFunc(t.order, func(o tensorKey) bool { return o.call == k.call && o.fn == k.fn && strings.HasPrefix(o.tensor, body) })
}

func lostText(l Lost) string {
	if l.Into == "" {
		return fmt.Sprintf("lost by %s: nothing that is left uses it", l.Pass)
	}
	return fmt.Sprintf("lost by %s into %%%s", l.Pass, l.Into)
}

// lostOnBoth lists what both sides had and none shows; where the passes differ, both are told.
func (m *matcher) lostOnBoth() []Unmatched {
	var list []Unmatched
	if !m.same { // names mean nothing
		return nil
	}
	for k, a := range m.sides[0].lost {
		b, ok := m.sides[1].lost[k]
		if !ok {
			continue
		}
		why := lostText(a)
		if other := lostText(b); other != why {
			why = fmt.Sprintf("%s (tested) and %s (reference)", why, other)
		}
		list = append(list, Unmatched{Name: k.tensor, Call: k.call, Func: k.fn, Missing: both, Reason: why})
	}
	slices.SortFunc(list, func(a, b Unmatched) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Func, b.Func), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// unseen says why a side did not show any of the values of a pair while it ran.
func unseen(list []Candidate, side, how string) string {
	kernel := ""
	for _, c := range list {
		if c.Kernel == "" {
			return fmt.Sprintf("not computed: the branch or loop that holds it did not run on %s", side)
		}
		kernel = cmp.Or(kernel, c.Kernel)
	}
	return fmt.Sprintf("%s %s, which %s", insideKernel, kernel, how)
}

// insideKernel begins the reason of what a run computes and does not show.
const insideKernel = "inside kernel"

// InsideKernel reports a tensor that a run computes, and does not show because an engine runs the kernel around it as a whole.
func (u Unmatched) InsideKernel() bool { return strings.HasPrefix(u.Reason, insideKernel) }
