package graph

import (
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// maxDepth bounds how deep modules nest; what is nested deeper lies in the last of them.
const maxDepth = 64

// module is a module of the PyTorch model.
type module struct {
	parent    int32
	depth     int32
	path      string
	class     string
	live      bool // an operation lies in it
	constants []*ir.Op
}

// modules is the tree of the modules that operations lie in; the root is 0.
type modules struct {
	list []module
	at   map[string]int32
	src  *ir.Module
	own  map[string]bool // the paths that operations have
}

// newModules finds which prefixes of the operations' paths are modules: those with a class or with operations of their own. Lists
// of modules are neither, so that layers.0 is one step. Where no classes are known each prefix is one.
func newModules(m *ir.Module, f *ir.Func) *modules {
	ms := &modules{at: map[string]int32{"": 0}, src: m, own: map[string]bool{}}
	f.WithBodies(func(f *ir.Func) {
		for _, op := range f.Ops {
			for _, l := range op.Loc.Leaves() {
				ms.own[l.Path] = true
			}
		}
	})
	ms.list = []module{{parent: -1, class: ms.classOf("")}}
	return ms
}

func (ms *modules) classOf(path string) string {
	for _, c := range ms.src.ClassesOf(path) {
		return c.Name[strings.LastIndexByte(c.Name, '.')+1:]
	}
	return ""
}

// of finds the module of a path, or makes it and those around it.
func (ms *modules) of(path string) int32 {
	if at, ok := ms.at[path]; ok {
		return at
	}
	at := int32(0)
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '.' {
			continue
		}
		prefix := path[:i]
		known, ok := ms.at[prefix]
		switch class := ms.classOf(prefix); {
		case ok:
			at = known
		case class == "" && !ms.own[prefix] && len(ms.src.Classes) > 0, ms.list[at].depth >= maxDepth:
		default:
			ms.list = append(ms.list, module{parent: at, depth: ms.list[at].depth + 1, path: prefix, class: class})
			at = int32(len(ms.list) - 1)
			ms.at[prefix] = at
		}
	}
	ms.at[path] = at
	return at
}

// visit finds the module of a location where an operation lies.
func (ms *modules) visit(l *ir.Loc) int32 {
	at := ms.of(l.Path)
	for m := at; m >= 0 && !ms.list[m].live; m = ms.list[m].parent {
		ms.list[m].live = true
	}
	if m := &ms.list[at]; m.class == "" && m.path == l.Path {
		m.class = l.Class
	}
	return at
}

// under is the module directly in base that a module is or lies in; -1 where it is base itself or lies elsewhere.
func (ms *modules) under(at, base int32) int32 {
	want := ms.list[base].depth + 1
	for at >= 0 && ms.list[at].depth > want {
		at = ms.list[at].parent
	}
	if at >= 0 && ms.list[at].depth == want && ms.list[at].parent == base {
		return at
	}
	return -1
}

// name is the last step of a module's path.
func (ms *modules) name(at int32) string {
	path := ms.list[at].path
	if around := ms.list[ms.list[at].parent].path; around != "" {
		return path[len(around)+1:]
	}
	return path
}

// place says which module an operation is drawn in. A kernel lies with the operation that it is for; others that
// were made of several lie in the module around all of them.
func place(op *ir.Op) *ir.Loc {
	if op.Def.Traits.Has(ir.Inline) {
		for _, o := range op.Bodies[0].Ops {
			if o.Def.Traits.Has(ir.Anchor) && !o.Loc.IsUnknown() {
				return place(o)
			}
		}
	}
	leaves := op.Loc.Leaves()
	if len(leaves) == 1 {
		return leaves[0]
	}
	common := leaves[0].Path
	for _, l := range leaves[1:] {
		for common != "" && l.Path != common && !strings.HasPrefix(l.Path, common+".") {
			common = common[:max(strings.LastIndexByte(common, '.'), 0)]
		}
	}
	return &ir.Loc{Path: common}
}
