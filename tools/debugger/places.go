package debugger

import (
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// places are the modules of the PyTorch model as a tree, parents first, and the one that each node is shown in.
type places struct {
	path   []string // of each module; the first one is the whole model, with an empty path
	class  []string
	parent []int // -1 for the first
	of     []int // the module of each node; 0 for parameters

	byPath map[string]int
}

func newPlaces(m *ir.Module, ops []*ir.Op, owner []int, params int) *places {
	p := &places{byPath: map[string]int{}}
	classes := map[string]string{}
	for _, c := range m.Classes {
		classes[c.Path] = c.Name
	}
	p.module("", classes)
	p.of = make([]int, params, params+len(ops))
	for i, op := range ops {
		at := -1
		for _, l := range op.Loc.Leaves() {
			if classes[l.Path] == "" {
				classes[l.Path] = l.Class
			}
			if leaf := p.module(l.Path, classes); at < 0 {
				at = leaf
			} else {
				at = p.common(at, leaf)
			}
		}
		if op.Loc.IsUnknown() && owner[i] >= 0 {
			at = p.of[owner[i]]
		}
		p.of = append(p.of, at)
	}
	return p
}

// module finds or makes the module of a path.
func (p *places) module(path string, classes map[string]string) int {
	if at, ok := p.byPath[path]; ok {
		return at
	}
	parent := -1
	if path != "" {
		cut := max(strings.LastIndexByte(path, '.'), 0)
		parent = p.module(path[:cut], classes)
	}
	class := classes[path]
	p.byPath[path] = len(p.path)
	p.path, p.class, p.parent = append(p.path, path), append(p.class, class[strings.LastIndexByte(class, '.')+1:]), append(p.parent, parent)
	return len(p.path) - 1
}

// common is the innermost module around two others. Parents have smaller numbers.
func (p *places) common(a, b int) int {
	for a != b {
		if a > b {
			a = p.parent[a]
		} else {
			b = p.parent[b]
		}
	}
	return a
}
