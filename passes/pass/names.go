package pass

import (
	"fmt"
	"slices"
)

// Names chooses what a pass changes by names, such as those of modules: what the options include and ignore say.
type Names struct{ include, ignore *Globs }

// Names declares include and ignore for a pass that changes things of this name, such as weights, which patterns find by
// these names. The result gives the choice that was made; its error is of a text that is no pattern.
func (o *Options) Names(things, by string) func() (*Names, error) {
	include := o.Strings("include", fmt.Sprintf("change only %s that match: patterns such as \"encoder.*\" for %s; * stands for any letters", things, by))
	ignore := o.Strings("ignore", fmt.Sprintf("leave these %s alone, also of those that include names: patterns as those of include", things))
	return func() (*Names, error) {
		in, err := NewGlobs("include", *include)
		if err != nil {
			return nil, err
		}
		out, err := NewGlobs("ignore", *ignore)
		return &Names{in, out}, err
	}
}

// Refuses says why the user does not want something of these names; empty where they do.
func (n *Names) Refuses(names ...string) string {
	if g, ok := n.ignore.Match(names...); ok {
		return fmt.Sprintf("ignore=%q", g)
	}
	if _, ok := n.include.Match(names...); !ok && !n.include.Empty() {
		return "it matches no include"
	}
	return ""
}

// Missed lists the options that covered nothing.
func (n *Names) Missed() []string { return slices.Concat(n.include.Missed(), n.ignore.Missed()) }
