package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

func helpCommand() command {
	return command{
		name:  "help",
		usage: "[COMMAND | inputs | passes | ops [PATTERN] | pipelines | pass NAME | op NAME | pipeline NAME]",
		doc:   "Explain a command, a pass, an operation, an operator of PyTorch or a pipeline.",
		long: "An op is an operation of aiopt, such as nn.linear, or an operator of PyTorch, such as aten.softmax or aten.softmax.int: then\n" +
			"help shows its schema, a call of it and what decompose makes of that. `help ops 'aten.soft*'` lists operators by a pattern.",
		setup: func(t *tool, _ *pflag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error { return t.help(args) }
		},
	}
}

// topic is what help explains by name.
type topic struct {
	kind string
	all  string // the word that lists them
	list func(t *tool, w io.Writer)
	show func(t *tool, w io.Writer, name string) bool
	name func(t *tool) []string
}

func topics() []topic {
	return []topic{
		{"pass", "passes", listPasses, showPass, func(t *tool) []string { return t.Passes.Names() }},
		{"op", "ops", listOps, showOp, func(t *tool) []string { return append(opNames(t), operatorNames(t)...) }},
		{"pipeline", "pipelines", listPipelines, showPipeline, pipelineNames},
	}
}

func (t *tool) help(args []string) error {
	if len(args) == 0 {
		t.printOverview()
		return nil
	}
	for _, c := range commands()[1:] {
		if args[0] == c.name && len(args) == 1 {
			fs := t.flags(c)
			c.setup(t, fs)
			t.printCommand(c, fs)
			return nil
		}
	}
	for _, x := range texts() {
		if len(args) == 1 && args[0] == x.name {
			fmt.Fprint(t.stdout, x.text)
			return nil
		}
	}
	if len(args) == 2 && args[0] == "ops" {
		return t.listMatching(args[1])
	}
	for _, tp := range topics() {
		switch {
		case len(args) == 1 && (args[0] == tp.all || args[0] == tp.kind):
			tp.list(t, t.stdout)
			return nil
		case args[0] == tp.kind && len(args) == 2:
			if tp.show(t, t.stdout, args[1]) {
				return nil
			}
			return fmt.Errorf("there is no %s %q%s; `%s help %s` lists them", tp.kind, args[1], pass.Meant(args[1], tp.name(t)), t.name, tp.all)
		case len(args) == 1 && tp.show(t, t.stdout, args[0]):
			return nil
		}
	}
	return usagef("there is no help on %q%s; try `%s help`", strings.Join(args, " "), t.meantTopic(args), t.name)
}

// meantTopic suggests what to ask help for.
func (t *tool) meantTopic(args []string) string {
	words, named := commandNames(), commandNames()
	for _, x := range texts() {
		words = append(words, x.name)
	}
	for _, tp := range topics() {
		words = append(words, tp.kind, tp.all)
		named = append(named, tp.name(t)...)
	}
	if len(args) == 1 {
		return pass.Meant(args[0], append(words, named...))
	}
	if near := pass.Nearest(args[0], words); near != "" {
		return fmt.Sprintf("; did you mean `%s help %s`?", t.name, strings.Join(append([]string{near}, args[1:]...), " "))
	}
	return ""
}

func (t *tool) printOverview() {
	fmt.Fprintf(t.stdout, "%s imports PyTorch models (.pt2), runs compiler passes over them, and runs them.\n\n", t.name)
	for _, c := range commands() {
		fmt.Fprintf(t.stdout, "  %s\n      %s\n", strings.Join(strings.Fields(t.name+" "+c.name+" "+c.usage), " "), c.doc)
	}
	fmt.Fprintf(t.stdout, "\n%s COMMAND --help lists a command's flags; `%s help passes` and `%s help ops` what they work with, `%s help inputs` how data is given.\n\n", t.name, t.name, t.name, t.name)
	fs := t.flags(commands()[0])
	commands()[0].setup(t, fs)
	fmt.Fprintf(t.stdout, "Flags of %s:\n%s", t.name, fs.FlagUsages())
	fmt.Fprintf(t.stdout, "\nExamples:\n  %s model.pt2 -o model.air\n  %s -passes=decompose,fuse,w4 model.air -o model.airpkg\n  %s run model.pt2 --input x=x.npy\n", t.name, t.name, t.name)
}

func (t *tool) printCommand(c command, fs *pflag.FlagSet) {
	if c.name == "" {
		t.printOverview()
		return
	}
	fmt.Fprintf(t.stdout, "%s %s %s\n\n%s\n", t.name, c.name, c.usage, c.doc)
	if c.long != "" {
		fmt.Fprintf(t.stdout, "\n%s\n", c.long)
	}
	if usages := fs.FlagUsages(); usages != "" {
		fmt.Fprintf(t.stdout, "\nFlags:\n%s", usages)
	}
}

func listPasses(t *tool, w io.Writer) {
	for _, name := range t.Passes.Names() {
		p := t.Passes.Make(name)
		fmt.Fprintf(w, "%-14s %s.\n", name, p.Title())
	}
	fmt.Fprintf(w, "\nA pipeline is a list: -passes='decompose, fuse, w4{group=32}'. @NAME stands for a named pipeline.\n")
}

func showPass(t *tool, w io.Writer, name string) bool {
	p := t.Passes.Make(name)
	if p == nil {
		return false
	}
	fmt.Fprintf(w, "%s: %s\n", p.Name, p.Doc)
	for _, o := range p.Options.All() {
		kind := o.Kind
		if len(o.Choices) > 0 {
			kind = strings.Join(o.Choices, "|")
		}
		if o.Any {
			fmt.Fprintf(w, "  %s=%s for any %s\n      %s\n", o.Name, kind, o.Name, o.Doc)
			continue
		}
		fmt.Fprintf(w, "  %s=%s (default %s)\n      %s\n", o.Name, kind, o.Default, o.Doc)
	}
	return true
}

func opNames(t *tool) []string {
	var names []string
	for _, d := range t.Ops.Dialects {
		for _, op := range d.Ops {
			names = append(names, op.Name)
		}
	}
	return names
}

func listOps(t *tool, w io.Writer) {
	for _, d := range t.Ops.Dialects {
		fmt.Fprintf(w, "%s: %s\n", d.Name, d.Doc)
		ops := slices.Clone(d.Ops)
		slices.SortFunc(ops, func(a, b *ir.OpDef) int { return strings.Compare(a.Name, b.Name) })
		for _, op := range ops {
			first, _, _ := strings.Cut(op.Doc, ". ")
			fmt.Fprintf(w, "  %-24s %s.\n", op.Name, strings.TrimSuffix(first, "."))
		}
	}
}

func showOp(t *tool, w io.Writer, name string) bool {
	op := t.Ops.Op(name)
	if op == nil {
		return showOperator(t, w, name)
	}
	fmt.Fprintf(w, "%s: %s\n", op.Name, op.Doc)
	printArgs(w, "Operands", op.Operands)
	printArgs(w, "Results", op.Results)
	for i, a := range op.Attrs {
		if i == 0 {
			fmt.Fprintln(w, "Attributes:")
		}
		need := "required"
		if a.Default != nil {
			need = "optional"
		}
		fmt.Fprintf(w, "  %s (%s, %s): %s\n", a.Name, a.Kind, need, a.Doc)
	}
	if op.Example != "" {
		fmt.Fprintf(w, "Example:\n  %s\n", strings.ReplaceAll(op.Example, "\n", "\n  "))
	}
	return true
}

func printArgs(w io.Writer, title string, args []ir.Arg) {
	for i, a := range args {
		if i == 0 {
			fmt.Fprintf(w, "%s:\n", title)
		}
		more := ""
		switch {
		case a.Optional:
			more = ", may be absent"
		case a.Variadic:
			more = ", any number"
		}
		doc := ""
		if a.Doc != "" {
			doc = ": " + a.Doc
		}
		fmt.Fprintf(w, "  %s (%s%s)%s\n", a.Name, a.Elems, more, doc)
	}
}

func listPipelines(t *tool, w io.Writer) {
	t.Passes.Pipelines(func(name, doc, text string) { fmt.Fprintf(w, "@%s: %s\n  %s\n", name, doc, text) })
}

func showPipeline(t *tool, w io.Writer, name string) bool {
	found := false
	t.Passes.Pipelines(func(n, doc, text string) {
		if n == strings.TrimPrefix(name, "@") {
			fmt.Fprintf(w, "@%s: %s\n  %s\n", n, doc, text)
			found = true
		}
	})
	return found
}

func pipelineNames(t *tool) []string {
	var names []string
	t.Passes.Pipelines(func(name, _, _ string) { names = append(names, name) })
	return names
}
