package torch

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// This file is about weights that share memory, such as buffers of which one is a part of another.

// shareMemory makes weights inside another one's memory views of that one, so that a change of either reaches both. As
// long as neither changes, each has its own constant.
func (fn *function) shareMemory() {
	covered := fn.covered()
	if len(covered) > maxShared {
		fn.refuse(nil, fmt.Errorf("%d weights lie in the memory of others, expected at most %d; save copies of them (clone)", len(covered), maxShared))
		return
	}
	for _, in := range covered {
		whole := fn.covering(in)
		if whole == nil {
			continue
		}
		fn.main.build.Loc = locOfWeight(in.spec.Target)
		own, err := fn.main.placesOf(whole.tensor.meta)
		if err != nil {
			continue
		}
		own.offset += in.weight.tensor.Offset - whole.weight.tensor.Offset
		made, err := fn.main.strided(whole.tensor, places{in.weight.tensor.Sizes, in.weight.tensor.Strides, own.offset}.layout())
		if err != nil {
			continue // a change of either is refused, see checkShared
		}
		in.shown = made.value
		in.tensor.memory, in.tensor.parent = made.memory, made
	}
}

// maxShared bounds the weights inside others; each is held against all.
const maxShared = 1 << 12

// covered lists the weights, in order, that may lie in another one's memory.
func (fn *function) covered() []*input {
	type place struct {
		in *input
		at int
	}
	groups := map[*ir.Source][]place{}
	for i, in := range fn.inputs {
		if in.constant != nil {
			groups[in.weight.Source] = append(groups[in.weight.Source], place{in, i})
		}
	}
	var found []place
	for _, group := range groups {
		slices.SortFunc(group, func(a, b place) int {
			return cmp.Or(cmp.Compare(a.in.weight.from, b.in.weight.from), cmp.Compare(b.in.weight.to, a.in.weight.to), cmp.Compare(a.at, b.at))
		})
		reach := int64(-1) // how far those that begin before go
		for i, p := range group {
			w := p.in.weight
			same := i+1 < len(group) && group[i+1].in.weight.from == w.from && group[i+1].in.weight.to == w.to
			if reach >= w.to || same {
				found = append(found, p)
			}
			reach = max(reach, w.to)
		}
	}
	slices.SortFunc(found, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	list := make([]*input, len(found))
	for i, p := range found {
		list[i] = p.in
	}
	return list
}

// covering finds the weight, not inside another one itself, whose memory holds all of this one's and more, or the first
// one that shows the same memory in another shape.
func (fn *function) covering(in *input) *input {
	if in.constant == nil {
		return nil
	}
	best, before := in, true
	for _, other := range fn.inputs {
		if other.constant == nil || other.weight.Source != in.weight.Source || other.weight.Type.Elem != in.weight.Type.Elem {
			continue
		}
		before = before && other != in
		o, b := other.weight, best.weight
		if o.from <= b.from && o.to >= b.to && (o.to-o.from > b.to-b.from || before && best == in) {
			best = other
		}
	}
	if best == in {
		return nil
	}
	return best
}

// checkShared refuses a state whose memory another weight shows in another way: the change would have to reach it.
func (fn *function) checkShared(in *input) {
	for _, other := range fn.inputs {
		if other == in || other.weight == nil || other.weight.Source != in.weight.Source ||
			other.weight.to <= in.weight.from || in.weight.to <= other.weight.from {
			continue
		}
		if other.weight.Resource == in.weight.Resource || !other.used() || other.tensor.owner() == in.tensor {
			continue
		}
		fn.problem(fmt.Sprintf("buffer %q", in.spec.Target), nil, fmt.Errorf(
			"the program changes it, and %q shares its memory in another shape; give each a memory of its own (clone) before export", other.spec.Target))
		return
	}
}

func (in *input) used() bool {
	return in.constant != nil && in.constant.Result().Used()
}
