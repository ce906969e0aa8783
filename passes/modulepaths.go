package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// pathFilter chooses what a pass changes by names, such as those of modules.
type pathFilter struct{ include, ignore *globs }

func newPathFilter(include, ignore []string) (*pathFilter, error) {
	in, err := newGlobs("include", include)
	if err != nil {
		return nil, err
	}
	out, err := newGlobs("ignore", ignore)
	return &pathFilter{in, out}, err
}

// refuses says why the user does not want something of these names; empty where they do.
func (p *pathFilter) refuses(names []string) string {
	if g, ok := p.ignore.match(names...); ok {
		return fmt.Sprintf("ignore=%q", g)
	}
	if _, ok := p.include.match(names...); !ok && len(p.include.patterns) > 0 {
		return "it matches no include"
	}
	return ""
}

// missed lists the options that covered nothing.
func (p *pathFilter) missed() []string { return slices.Concat(p.include.missed(), p.ignore.missed()) }

// modulePaths lists the modules that operations come from, each once and in order.
func modulePaths(ops ...*ir.Op) []string {
	var list []string
	for _, op := range ops {
		for _, l := range op.Loc.Leaves() {
			if l.Path != "" && !slices.Contains(list, l.Path) {
				list = append(list, l.Path)
			}
		}
	}
	return list
}
