package pass

import (
	"fmt"
	"path"
	"slices"
)

// Globs are patterns for names, such as those of weights and the paths of the modules that use them.
type Globs struct {
	option   string // that they were given by
	patterns []string
	hit      map[string]bool
}

// NewGlobs makes patterns that an option gave.
func NewGlobs(option string, patterns []string) (*Globs, error) {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%s=%q is no pattern: write * for any letters, ? for one, [ab] for a or b", option, p)
		}
	}
	return &Globs{option: option, patterns: patterns, hit: map[string]bool{}}, nil
}

// Empty reports that there are no patterns.
func (g *Globs) Empty() bool { return len(g.patterns) == 0 }

// Match finds the first pattern that covers one of the names.
func (g *Globs) Match(names ...string) (pattern string, ok bool) {
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

// Hit reports a pattern that covered something.
func (g *Globs) Hit(pattern string) bool { return g.hit[pattern] }

// Missed lists the patterns that covered nothing, as options.
func (g *Globs) Missed() []string {
	var list []string
	for _, p := range g.patterns {
		if option := fmt.Sprintf("%s=%q", g.option, p); !g.hit[p] && !slices.Contains(list, option) {
			list = append(list, option)
		}
	}
	return list
}
