package native

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// segmentValue is what of a value of a segment does not depend on the sizes of a call.
type segmentValue struct {
	typ     ir.Type
	root    int    // the value in whose memory it lies: itself, or another one
	offset  ir.Dim // from which of the root's elements on
	outside int    // the index of the root's tensor, where it lies outside of the block; -1 elsewhere
	last    int    // of a root: the last step that needs its memory; -1: none
	fixed   *measured
}

// measured is what a value takes for some sizes.
type measured struct {
	shape []int
	bytes int
}

// list numbers the values of a segment, and says where they lie.
func (s *segment) list() {
	s.ids = map[*ir.Value]int{}
	for i := range s.steps {
		st := &s.steps[i]
		for _, v := range st.operands {
			st.in = append(st.in, s.add(v))
		}
		st.out = s.add(st.op.Results[0])
	}
	for i := range s.outs {
		s.outs[i].id = s.add(s.outs[i].value)
	}
	for i, st := range s.steps {
		for _, id := range st.in {
			s.values[s.values[id].root].last = i
		}
	}
	for _, o := range s.outs {
		s.values[s.values[o.id].root].last = len(s.steps)
	}
	for i := range s.steps {
		st := &s.steps[i]
		for _, at := range st.plan.Reuses {
			if s.values[st.in[at]].last == i && !s.sharesRoot(st, at) {
				st.reuses = append(st.reuses, st.in[at])
			}
		}
	}
}

// add gives the number of a value.
func (s *segment) add(v *ir.Value) int {
	if id, ok := s.ids[v]; ok {
		return id
	}
	id := len(s.values)
	s.ids[v] = id
	s.values = append(s.values, segmentValue{typ: v.Type, root: id, outside: -1, last: -1})
	root, offset := s.root(v)
	info := segmentValue{typ: v.Type, root: id, offset: offset, outside: -1, last: -1}
	if root != v {
		info.root = s.add(root)
	}
	if at, ok := s.index[root]; ok {
		info.outside = at
	}
	if shape, ok := v.Type.Static(); ok {
		if bytes, err := host.SizeBytes(v.Type.Elem, shape); err == nil {
			info.fixed = &measured{shape, bytes}
		}
	}
	s.values[id] = info
	return id
}

// sharesRoot reports that another operand of a step lies in the memory of one of them.
func (s *segment) sharesRoot(st *segmentStep, at int) bool {
	for i, id := range st.in {
		if i != at && s.values[id].root == st.in[at] {
			return true
		}
	}
	return false
}

// owns reports a value that has memory of its own in the block.
func (s *segment) owns(id int) bool { return s.values[id].root == id && s.values[id].outside < 0 }
