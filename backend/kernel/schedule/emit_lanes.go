package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
)

// level gives all values as many lanes as the widest has.
func (e *emitter) level(args []*kernel.Value) {
	lanes := 1
	for _, a := range args {
		lanes = max(lanes, a.Type.Lanes)
	}
	for i, a := range args {
		if a.Type.Lanes < lanes {
			args[i] = e.Splat(a, lanes)
		}
	}
}

// spread gives a number in every lane, and a vector as it is.
func (e *emitter) spread(v *kernel.Value, lanes int) *kernel.Value {
	if v.Type.Lanes > 1 {
		return v
	}
	return e.Splat(v, lanes)
}

// mask is the conditions as a mask of the lanes, nil where there are none.
func (e *emitter) mask(conds []cond, lanes int) *kernel.Value {
	var all *kernel.Value
	for _, c := range conds {
		m := e.within(c, lanes)
		if all == nil {
			all = m
		} else {
			all = e.Op(kernel.And, all, m)
		}
	}
	return all
}

func (e *emitter) within(c cond, lanes int) *kernel.Value {
	key := fmt.Sprintf("%d lanes|%s", lanes, c)
	for i := len(e.cache) - 1; i >= 0; i-- {
		if have := e.cache[i][key]; have != nil {
			return have
		}
	}
	c = e.uniformly(c, lanes)
	m := e.Within(lanes, c.at, c.step, c.least, c.most)
	e.cache[len(e.cache)-1][key] = m
	return m
}
