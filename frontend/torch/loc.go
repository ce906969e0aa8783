package torch

import (
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// maxFrames is how many lines of Python a location keeps.
const maxFrames = 4

// locs makes the locations of nodes; nodes of one line and module share one.
type locs struct {
	made    map[[2]string]*ir.Loc
	classes classes // of the modules that they lie in
}

// of gives the location of a node: the model's own lines before those inside PyTorch, each the innermost first.
func (l locs) of(meta *pt2.Metadata) *ir.Loc {
	key := [2]string{meta.StackTrace, meta.ModuleStack}
	if loc := l.made[key]; loc != nil {
		return loc
	}
	loc := &ir.Loc{}
	var library []ir.Frame
	frames := meta.Frames()
	for i := len(frames) - 1; i >= 0; i-- {
		f := ir.Frame{File: frames[i].File, Line: frames[i].Line}
		if strings.Contains(f.File, "/torch/") {
			library = append(library, f)
		} else {
			loc.Stack = append(loc.Stack, f)
		}
	}
	loc.Stack = append(loc.Stack, library...)
	loc.Stack = loc.Stack[:min(len(loc.Stack), maxFrames)]
	if modules := meta.Modules(); len(modules) > 0 {
		last := modules[len(modules)-1]
		loc.Path = modulePath(last.Path)
		loc.Class = last.Class[strings.LastIndexByte(last.Class, '.')+1:]
	}
	l.made[key] = loc
	l.classes.add(meta)
	return loc
}

// maxClasses bounds the table of modules: a few bytes of a file name one.
const maxClasses = 1 << 16

// classes collects the classes of all modules that nodes name, one more than maxClasses at most.
type classes map[ir.Class]bool

// add takes those around a node, containers too.
func (c classes) add(meta *pt2.Metadata) {
	for _, m := range meta.Modules() {
		if m.Class != "" && len(c) <= maxClasses {
			c[ir.Class{Path: modulePath(m.Path), Name: m.Class}] = true
		}
	}
}

// modulePath drops the root, which some files spell out.
func modulePath(path string) string {
	for _, root := range []string{"L['self']", "L__self__", "self"} {
		if rest, ok := strings.CutPrefix(path, root); ok && (rest == "" || rest[0] == '.') {
			return strings.TrimPrefix(rest, ".")
		}
	}
	return path
}

// locOfWeight is the module that owns a parameter.
func locOfWeight(fqn string) *ir.Loc {
	path, _, ok := cutLast(fqn, ".")
	if !ok {
		return ir.Unknown
	}
	return &ir.Loc{Path: path}
}

// cutLast cuts around the last sep; without one, all is before.
func cutLast(s, sep string) (before, after string, found bool) {
	if at := strings.LastIndex(s, sep); at >= 0 {
		return s[:at], s[at+len(sep):], true
	}
	return s, "", false
}
