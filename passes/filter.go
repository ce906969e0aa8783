package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// filter chooses what a pass changes by names, such as those of modules: what the options include and ignore say.
type filter struct{ include, ignore *globs }

// declareFilter declares include and ignore for a pass that changes things of this name, such as weights, which patterns
// find by these names. The result is the filter with what was said.
func declareFilter(o *pass.Options, things, by string) func() (*filter, error) {
	include := o.Strings("include", fmt.Sprintf("change only %s that match: patterns such as \"encoder.*\" for %s; * stands for any letters", things, by))
	ignore := o.Strings("ignore", fmt.Sprintf("leave these %s alone, also of those that include names: patterns as those of include", things))
	return func() (*filter, error) {
		in, err := newGlobs("include", *include)
		if err != nil {
			return nil, err
		}
		out, err := newGlobs("ignore", *ignore)
		return &filter{in, out}, err
	}
}

// refuses says why the user does not want something of these names; empty where they do.
func (f *filter) refuses(names ...string) string {
	if g, ok := f.ignore.match(names...); ok {
		return fmt.Sprintf("ignore=%q", g)
	}
	if _, ok := f.include.match(names...); !ok && len(f.include.patterns) > 0 {
		return "it matches no include"
	}
	return ""
}

// missed lists the options that covered nothing.
func (f *filter) missed() []string { return slices.Concat(f.include.missed(), f.ignore.missed()) }

// weightFilter is a filter of weights, by the operations that use them, too.
type weightFilter struct {
	*filter
	ops *globs
}

func declareWeightFilter(o *pass.Options) func() (*weightFilter, error) {
	names := declareFilter(o, "weights", "their names, or for the paths of the modules that use them")
	ops := o.Strings("ops", "change only the weights of these operations, such as nn.linear")
	return func() (*weightFilter, error) {
		f, err := names()
		if err != nil {
			return nil, err
		}
		g, err := newGlobs("ops", *ops)
		if err != nil {
			return nil, err
		}
		return &weightFilter{f, g}, knownOps(*ops)
	}
}

// knownOps refuses what is the name of no operation. Those of dialects that a plug-in adds are not known here; unused tells
// of those that no weight has.
func knownOps(patterns []string) error {
	known, err := newGlobs("ops", patterns)
	if err != nil {
		return err
	}
	var weighty []string
	dialects := map[string]bool{}
	for _, d := range []*ir.Dialect{nn.Dialect, tensor.Dialect} {
		dialects[d.Name] = true
		for _, def := range d.Ops {
			known.match(def.Name)
			if slices.ContainsFunc(def.Operands, func(a ir.Arg) bool { return a.Weight != nil }) {
				weighty = append(weighty, def.Name)
			}
		}
	}
	for _, p := range patterns {
		dialect, _, dotted := strings.Cut(p, ".")
		if known.hit[p] || dotted && !dialects[dialect] {
			continue
		}
		hint := ""
		if near := pass.Nearest(p, weighty); near != "" {
			hint = "; did you mean " + near + "?"
		} else if at := slices.IndexFunc(weighty, func(n string) bool { return strings.HasSuffix(n, "."+p) || strings.HasPrefix(n, p) }); at >= 0 {
			hint = "; did you mean " + weighty[at] + "?"
		}
		return fmt.Errorf("ops=%q: there is no such operation%s; those with weights are %s", p, hint, strings.Join(weighty, ", "))
	}
	return nil
}

// keep says why the options leave a weight alone; empty where they do not.
func (f *weightFilter) keep(w *weight) string {
	if r := f.refuses(append(w.modules(), w.res.Name)...); r != "" || len(f.ops.patterns) == 0 {
		return r
	}
	for _, u := range w.uses {
		if _, ok := f.ops.match(u.op.Name()); !ok {
			return fmt.Sprintf("%s is not among ops", u.op.Name())
		}
	}
	return ""
}

// keepOp says why the options leave an operation's activations alone.
func (f *weightFilter) keepOp(op *ir.Op) string {
	if r := f.refuses(modulePaths(op)...); r != "" || len(f.ops.patterns) == 0 {
		return r
	}
	if _, ok := f.ops.match(op.Name()); !ok {
		return fmt.Sprintf("%s is not among ops", op.Name())
	}
	return ""
}

func (f *weightFilter) unused() []string { return slices.Concat(f.missed(), f.ops.missed()) }

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
