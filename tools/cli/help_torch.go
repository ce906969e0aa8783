package cli

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tools/operators"
)

// byDecompose is said of operators with a lowering.
const byDecompose = "decompose lowers it"

// showOperator explains an operator of PyTorch, aten.softmax, or one overload of it, aten.softmax.int: its schemas, what
// becomes of it, and for one overload what decompose makes of an example.
func showOperator(t *tool, w io.Writer, name string) bool {
	if strings.ContainsAny(name, "*?[\\") {
		return false
	}
	found := operators.Find(t.Lowerings, name)
	if len(found) == 0 {
		if t.Lowerings.Lookup(name) == nil {
			return false
		}
		fmt.Fprintf(w, "%s is an operator that this program adds; decompose lowers it.\n", name)
		return true
	}
	if slices.ContainsFunc(found, operators.Operator.Functional) && found[0].Name != name {
		found = slices.DeleteFunc(found, func(o operators.Operator) bool { return !o.Functional() })
	}
	fmt.Fprintf(w, "%s is an operator of PyTorch.\n\n", name)
	for i, o := range found {
		line := o.Name
		if o.Schema != nil {
			line = o.Schema.Line()
		}
		fmt.Fprintf(w, "  %s\n", line)
		if i+1 == len(found) || found[i+1].Becomes(byDecompose) != o.Becomes(byDecompose) {
			fmt.Fprintf(w, "      %s\n", o.Becomes(byDecompose))
		}
	}
	if o, src, ok := withExample(found); ok {
		t.showLowering(w, o, src)
	} else if o := found[0]; o.Status == operators.Missing && o.Call != "" {
		fmt.Fprintf(w, "\ndocs/extending.md shows how to add a lowering, AddLowering(%q, fn) in Go; decompose{keep=[%q]} leaves the calls\nas they are, in a text that prints and saves but does not run.\n", o.Op(), o.Op())
	}
	return true
}

// withExample chooses the overload whose example is shown: the one that PyTorch calls most.
func withExample(found []operators.Operator) (o operators.Operator, src string, ok bool) {
	for _, overload := range []string{".default", ".Tensor", "."} {
		for _, o := range found {
			if src, ok := operators.Example(o.Call); ok && o.Status == operators.Lowered && strings.Contains(o.Call, overload) {
				return o, src, true
			}
		}
	}
	return o, "", false
}

// showLowering runs decompose on an example.
func (t *tool) showLowering(w io.Writer, o operators.Operator, src string) {
	m, err := text.Parse(o.Call, []byte(src), t.Ops)
	if err != nil {
		fmt.Fprintf(w, "\nIts example cannot be read: %v\n", err)
		return
	}
	fmt.Fprintf(w, "\nImported, a call of %s is:\n\n%s", o.Call, functionText(m))
	if err := t.Build(context.Background(), m, "decompose", aiopt.BuildOptions{}); err != nil {
		fmt.Fprintf(w, "\ndecompose: %v\n", err)
		return
	}
	fmt.Fprintf(w, "\ndecompose makes of it:\n\n%s", functionText(m))
}

func functionText(m *ir.Module) string {
	var b strings.Builder
	for _, f := range m.Funcs {
		if err := text.PrintFunc(&b, f); err != nil {
			return err.Error() + "\n"
		}
	}
	return "  " + strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\n", "\n  ") + "\n"
}

// listMatching lists the operations of aiopt, and the operators of PyTorch, that a pattern such as aten.soft* stands for,
// or whose names contain a word that is no pattern.
func (t *tool) listMatching(pattern string) error {
	asked := pattern
	if !strings.ContainsAny(pattern, "*?[\\") {
		pattern = "*" + pattern + "*"
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is no pattern: expected one such as 'aten.soft*'", pattern)
	}
	found := false
	line := func(name, what string) {
		found = true
		fmt.Fprintf(t.stdout, "%-40s %s\n", name, what)
	}
	for _, d := range t.Ops.Dialects {
		for _, op := range d.Ops {
			if ok, _ := path.Match(pattern, op.Name); ok {
				first, _, _ := strings.Cut(op.Doc, ". ")
				line(op.Name, strings.TrimSuffix(first, ".")+".")
			}
		}
	}
	for _, o := range operators.Find(t.Lowerings, pattern) {
		if o.Functional() { // others write to an argument, and are as their functional form
			line(o.Name, o.Becomes(byDecompose))
		}
	}
	if !found {
		return fmt.Errorf("nothing matches %q; `%s help ops` lists the operations of aiopt, docs/coverage.md the operators of PyTorch", asked, t.name)
	}
	return nil
}

// operatorNames lists the operators of PyTorch and their overloads, those that write to an argument left out.
func operatorNames(t *tool) []string {
	var names []string
	for _, o := range operators.All(t.Lowerings) {
		if o.Functional() {
			names = append(names, o.Op(), o.Name)
		}
	}
	return slices.Compact(names)
}
