package passes

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// pathFilter chooses operations by the modules they come from and values by their names.
type pathFilter struct {
	include, ignore []string
	hit             map[string]bool
}

func newPathFilter(include, ignore []string) (*pathFilter, error) {
	for _, p := range slices.Concat(include, ignore) {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%q is no pattern: write * for any letters, ? for one, [ab] for a or b", p)
		}
	}
	return &pathFilter{include: include, ignore: ignore, hit: map[string]bool{}}, nil
}

// refuses says why the user does not want something of these names; empty where they do.
func (p *pathFilter) refuses(names []string) string {
	if g := p.first(p.ignore, names); g != "" {
		return fmt.Sprintf("ignore=%q", g)
	}
	if len(p.include) > 0 && p.first(p.include, names) == "" {
		return fmt.Sprintf("include=%q does not name it", strings.Join(p.include, ", "))
	}
	return ""
}

// first is the first pattern that matches a name.
func (p *pathFilter) first(patterns, names []string) string {
	for _, g := range patterns {
		for _, n := range names {
			if ok, _ := path.Match(g, n); ok {
				p.hit[g] = true
				return g
			}
		}
	}
	return ""
}

// missed lists the patterns that matched nothing.
func (p *pathFilter) missed() []string {
	return slices.DeleteFunc(slices.Concat(p.include, p.ignore), func(g string) bool { return p.hit[g] })
}

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
