package passes

import (
	"fmt"
	"path"
	"slices"
)

// globs are patterns for names, such as those of weights and the paths of the modules that use them.
type globs struct {
	option   string // that they were given by
	patterns []string
	hit      map[string]bool
}

func newGlobs(option string, patterns []string) (*globs, error) {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%s=%q is no pattern: write * for any letters, ? for one, [ab] for a or b", option, p)
		}
	}
	return &globs{option: option, patterns: patterns, hit: map[string]bool{}}, nil
}

// match finds the first pattern that covers one of the names.
func (g *globs) match(names ...string) (pattern string, ok bool) {
	for _, p := range g.patterns {
		for _, n := range names {
			if hit, _ := path.Match(p, n); hit {
				g.hit[p] = true
				return p, true
			}
		}
	}
	return "", false
}

// missed lists the patterns that covered nothing, as options.
func (g *globs) missed() []string {
	var list []string
	for _, p := range g.patterns {
		if option := fmt.Sprintf("%s=%q", g.option, p); !g.hit[p] && !slices.Contains(list, option) {
			list = append(list, option)
		}
	}
	return list
}
