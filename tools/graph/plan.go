package graph

import (
	"encoding/binary"
	"sync"
)

// Pixels.
const (
	titleHeight = 26 // of an open box
	frameMargin = 14 // between the border of an open box and what is in it
	stubWidth   = 84 // beside a box, for the name of a value
	stubHeight  = 14
	portWidth   = 10
)

// maxUsers is how many boxes an edge of one value goes to; a value with more has stubs. maxSpan is how many layers an edge
// spans at most.
const (
	maxUsers = 16
	maxSpan  = 40
)

// plan is an open box with what is in it, laid out; places are relative to the content, which is below the title. It fits all
// frames that look alike.
type plan struct {
	w, h    int32
	items   []placed
	edges   []wire
	stubs   []tag
	in, out []int32 // where values come in and go out, by their order in the links of the frame: x
}

// placed is a box in a plan.
type placed struct {
	node       Node // counted from the frame's
	x, y, w, h int32
	plan       *plan // nil for a closed box
}

// wire is an edge in a plan. From and to are items, or -1 for the border.
type wire struct {
	from, to int32
	link     int32 // of the frame's links
	more     int32
	points   []Point
}

// tag is a stub in a plan.
type tag struct {
	item  int32 // or -1 for the border
	link  int32
	gives bool
	side  Side
	at    Point
}

// planCache keeps plans by what they look like and what is open in them.
type planCache struct {
	sync.Mutex
	plans map[string]*plan
	made  int // how many were worked out, for tests
}

// maxPlans bounds the cache; no tree of a real model has as many different modules open.
const maxPlans = 4096

type planner struct {
	*Tree
	open Open
}

// plan lays an open box out, or finds one that looks the same.
func (p *planner) plan(n Node) *plan {
	key := binary.AppendVarint(nil, int64(p.Alike[n]))
	for c := n + 1; c < p.End[n]; c++ {
		if p.open[c] {
			key = binary.AppendVarint(key, int64(c-n))
		}
	}
	if have := p.cache.plans[string(key)]; have != nil {
		return have
	}
	made := p.make(n)
	if len(p.cache.plans) >= maxPlans || p.cache.plans == nil {
		p.cache.plans = map[string]*plan{}
	}
	p.cache.plans[string(key)] = made
	p.cache.made++
	return made
}

func (p *planner) make(n Node) *plan {
	out := &plan{}
	p.Children(n, func(c Node) {
		if p.Kind[c] == Constant {
			return
		}
		it := placed{node: c - n}
		if p.open[c] && p.Opens(c) {
			it.plan = p.plan(c)
			it.w, it.h = frameSize(p.Tree, c, it.plan)
		} else {
			it.w, it.h = boxSize(p.Tree, c)
		}
		out.items = append(out.items, it)
	})
	s := newSheet(p.Tree, n, out)
	s.assignLayers()
	s.cutLong()
	s.splitEdges()
	s.orderRows()
	s.placeColumns()
	s.placeRows()
	s.finish(out)
	return out
}

// frameSize is the size of an open box.
func frameSize(t *Tree, n Node, p *plan) (w, h int32) {
	title := textWidth(t.Text(t.Title[n]), titleSize) + textWidth(t.Text(t.Detail[n]), titleSize) + 32
	return even(max(p.w, title)), titleHeight + p.h
}

// boxSize is the size of a closed box.
func boxSize(t *Tree, n Node) (w, h int32) {
	w = textWidth(t.Text(t.Title[n]), titleSize)
	h = 8 + titleSize + 3
	if second := t.Second(n); second != "" {
		w = max(w, textWidth(second, detailSize))
		h += detailSize + 3
	}
	for _, l := range t.Lines[n] {
		w = max(w, textWidth(t.Text(l), lineSize))
		h += lineSize + 3
	}
	return max(even(w+20), 64), even(h + 3)
}

func even(n int32) int32 { return (n + 1) &^ 1 }
