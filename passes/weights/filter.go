package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// Filter is what the options of a pass say of the weights that it changes: names, and the operations that use them.
type Filter struct {
	*pass.Names
	ops *pass.Globs
}

// DeclareFilter declares include, ignore and ops. The result gives the filter that was asked for.
func DeclareFilter(o *pass.Options) func() (*Filter, error) {
	names := o.Names("weights", "their names, or for the paths of the modules that use them")
	ops := o.Strings("ops", "change only the weights of these operations, such as nn.linear")
	return func() (*Filter, error) {
		f, err := names()
		if err != nil {
			return nil, err
		}
		g, err := pass.NewGlobs("ops", *ops)
		if err != nil {
			return nil, err
		}
		return &Filter{f, g}, knownOps(*ops)
	}
}

// knownOps refuses what is the name of no operation. Those of dialects that a plug-in adds are not known here; Unused tells
// of those that no weight has.
func knownOps(patterns []string) error {
	known, err := pass.NewGlobs("ops", patterns)
	if err != nil {
		return err
	}
	var weighty []string
	dialects := map[string]bool{}
	for _, d := range []*ir.Dialect{nn.Dialect, tensor.Dialect} {
		dialects[d.Name] = true
		for _, def := range d.Ops {
			known.Match(def.Name)
			if slices.ContainsFunc(def.Operands, func(a ir.Arg) bool { return a.Weight != nil }) {
				weighty = append(weighty, def.Name)
			}
		}
	}
	for _, p := range patterns {
		dialect, _, dotted := strings.Cut(p, ".")
		if known.Hit(p) || dotted && !dialects[dialect] {
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

// Keep says why the options leave a weight alone; empty where they do not.
func (f *Filter) Keep(w *Weight) string {
	if r := f.Refuses(append(w.Modules(), w.Resource.Name)...); r != "" || f.ops.Empty() {
		return r
	}
	for _, u := range w.Uses {
		if _, ok := f.ops.Match(u.Op.Name()); !ok {
			return fmt.Sprintf("%s is not among ops", u.Op.Name())
		}
	}
	return ""
}

// KeepOp says why the options leave an operation's activations alone.
func (f *Filter) KeepOp(op *ir.Op) string {
	if r := f.Refuses(ir.ModulePaths(op)...); r != "" || f.ops.Empty() {
		return r
	}
	if _, ok := f.ops.Match(op.Name()); !ok {
		return fmt.Sprintf("%s is not among ops", op.Name())
	}
	return ""
}

// Unused lists the options that covered no weight.
func (f *Filter) Unused() []string { return slices.Concat(f.Missed(), f.ops.Missed()) }
