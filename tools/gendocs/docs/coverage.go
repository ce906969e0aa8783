package docs

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/tests/corpus"
	"github.com/aiopt/aiopt/tools/operators"
)

// Corpus is what the coverage document says of the stored cases.
type Corpus struct {
	Cases   map[string]int // how many cases call a target, aten.add.Tensor, or any overload of an operator, aten.add
	Total   int
	Failing []string // NAME: REASON
}

// ReadCorpus reads the programs in the zips under the project's folder tests, and the list of cases that fail.
func ReadCorpus(tests string) (*Corpus, error) {
	c := &Corpus{Cases: map[string]int{}}
	zips, err := corpus.Zips(tests)
	if err != nil {
		return nil, err
	}
	for _, zip := range zips {
		if err := corpus.Each(zip, "*.pt2", c.count); err != nil {
			return nil, err
		}
	}
	failing, err := os.ReadFile(filepath.Join(tests, "corpus", "failing.txt"))
	if err != nil {
		return nil, err
	}
	for s := bufio.NewScanner(bytes.NewReader(failing)); s.Scan(); {
		if line := s.Text(); line != "" && !strings.HasPrefix(line, "#") {
			c.Failing = append(c.Failing, line)
		}
	}
	return c, nil
}

// count takes in the program of a case.
func (c *Corpus) count(name string, data []byte) error {
	archive, err := pt2.Read(data, name)
	if err != nil {
		return err
	}
	defer archive.Close()
	calls := map[string]bool{}
	for _, m := range archive.Models {
		collect(m.Graph, calls)
	}
	for target := range calls {
		c.Cases[target]++
	}
	c.Total++
	return nil
}

// collect notes the targets, and their operators, that a graph and its bodies call.
func collect(g *pt2.Graph, calls map[string]bool) {
	for _, n := range g.Nodes {
		target := operators.Operator{Name: strings.TrimPrefix(n.Target, "torch.ops.")}
		calls[target.Name], calls[target.Op()] = true, true
		for _, in := range n.Inputs {
			if in.Arg.Graph != nil {
				collect(in.Arg.Graph, calls)
			}
		}
	}
}

// namespaces in the order of the document; the last one takes what is in none of the others.
var namespaces = []struct{ name, title, about string }{
	{"aten", "aten", "PyTorch's own operators."},
	{"prims", "prims", "What PyTorch's decompositions are written in; some reach saved programs."},
	{"quantized_decomposed", "quantized_decomposed", "Quantization by PT2E."},
	{"torchao", "torchao", "Quantization by torchao."},
	{"torchvision", "torchvision", "Operators of torchvision."},
	{"", "Python and others", "Arithmetic on sizes and numbers that the data decides, and operators of other libraries."},
}

func namespaceOf(o operators.Operator) string {
	name, _, _ := strings.Cut(o.Name, ".")
	for _, ns := range namespaces {
		if ns.name == name {
			return name
		}
	}
	return ""
}

func coverage(tk *aiopt.Toolkit, c *Corpus) string {
	all := operators.All(tk.Lowerings)
	made, err := lowerings(tk)
	if err != nil {
		return head + "The examples cannot be lowered:\n\n" + err.Error() + "\n"
	}
	var b strings.Builder
	b.WriteString(head + "# Coverage\n\n" +
		"What aiopt makes of each operator that a saved PyTorch program can call. `aiopt help op aten.softmax` shows an operator's schema, " +
		"a call of it and the operations that `decompose` makes of that. The operators are those of the schema table " +
		"(`frontend/torch/schemas.txt`); `tests/coverage_test.go` holds that nothing of PyTorch's core set is missing.\n\n")
	summary(&b, all, c)
	for _, ns := range namespaces {
		mine := slices.DeleteFunc(slices.Clone(all), func(o operators.Operator) bool { return namespaceOf(o) != ns.name })
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", ns.title, ns.about)
		lowered(&b, mine, made, c)
		missing(&b, mine)
	}
	refused(&b, all)
	fmt.Fprintf(&b, "\n## Cases of the corpora that fail\n\n")
	if len(c.Failing) == 0 {
		b.WriteString("None.\n")
	}
	for _, line := range c.Failing {
		name, reason, _ := strings.Cut(line, ": ")
		fmt.Fprintf(&b, "* `%s`: %s.\n", name, reason)
	}
	return b.String()
}

// lowerings gives the names of the operations that the example of each target becomes, in the order of their first use.
func lowerings(tk *aiopt.Toolkit) (map[string][]string, error) {
	m, err := text.Parse("examples.air", []byte(operators.Examples()), tk.Ops)
	if err != nil {
		return nil, err
	}
	if err := tk.Build(context.Background(), m, "decompose", aiopt.BuildOptions{}); err != nil {
		return nil, err
	}
	made := map[string][]string{}
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if !op.Is(core.Return) && !op.Is(core.Constant) && !slices.Contains(made[f.Name], op.Name()) {
				made[f.Name] = append(made[f.Name], op.Name())
			}
		}
	}
	return made, nil
}

func summary(b *strings.Builder, all []operators.Operator, c *Corpus) {
	b.WriteString("| overloads of operators | in all | lowered | done by import | refused | missing |\n|--|--|--|--|--|--|\n")
	row := func(name string, keep func(o operators.Operator) bool) {
		var n [4]int
		total := 0
		for _, o := range all {
			if keep(o) {
				n[o.Status]++
				total++
			}
		}
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d |\n", name, total, n[operators.Lowered], n[operators.Imported], n[operators.Refused], n[operators.Missing])
	}
	row("PyTorch's core set", func(o operators.Operator) bool { return o.Schema != nil && o.Schema.Core })
	row(fmt.Sprintf("met in the %d cases of the corpora", c.Total), func(o operators.Operator) bool { return c.Cases[o.Name] > 0 })
	for _, ns := range namespaces {
		row(ns.title, func(o operators.Operator) bool { return namespaceOf(o) == ns.name && o.Functional() })
		if ns.name == "aten" {
			row("aten, in place, with `out=`, or over lists", func(o operators.Operator) bool { return namespaceOf(o) == ns.name && !o.Functional() })
		}
	}
	b.WriteString("\nDone by import: it makes a size of the result, or no call, since the operator only checks what the types say or changes what memory a tensor shows. Operators in place, " +
		"overloads with `out=` and `_foreach` operators become functional operators on single tensors on import; they are not listed below.\n")
}

// byOp groups overloads that follow each other.
func byOp(list []operators.Operator) [][]operators.Operator {
	var groups [][]operators.Operator
	for _, o := range list {
		if n := len(groups); n > 0 && groups[n-1][0].Op() == o.Op() {
			groups[n-1] = append(groups[n-1], o)
			continue
		}
		groups = append(groups, []operators.Operator{o})
	}
	return groups
}

func lowered(b *strings.Builder, list []operators.Operator, made map[string][]string, c *Corpus) {
	list = slices.DeleteFunc(slices.Clone(list), func(o operators.Operator) bool {
		return !o.Functional() || o.Status != operators.Lowered && o.Status != operators.Imported
	})
	if len(list) == 0 {
		return
	}
	b.WriteString("Overloads in bold belong to PyTorch's core set; the last column counts the cases of the corpora that call the operator.\n\n" +
		"| operator | overloads | becomes | cases |\n|--|--|--|--|\n")
	for _, group := range byOp(list) {
		var overloads, ops, phrases []string
		for _, o := range group {
			name := strings.TrimPrefix(strings.TrimPrefix(o.Name, o.Op()), ".")
			if o.Schema != nil && o.Schema.Core {
				name = "**" + name + "**"
			}
			overloads = append(overloads, name)
			for _, op := range made[o.Name] {
				if !slices.Contains(ops, op) {
					ops = append(ops, op)
				}
			}
		}
		for _, o := range group {
			if phrase := o.Becomes(firstOf(ops)); !slices.Contains(phrases, phrase) {
				phrases = append(phrases, phrase)
			}
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", group[0].Op(), strings.Join(overloads, ", "), strings.Join(phrases, "; "), number(c.Cases[group[0].Op()]))
	}
}

// firstOf lists the first operations of many.
func firstOf(ops []string) string {
	const most = 6
	if len(ops) == 0 {
		return "a constant, or nothing"
	}
	what := strings.Join(ops[:min(len(ops), most)], ", ")
	if len(ops) > most {
		what += fmt.Sprintf(" and %d more", len(ops)-most)
	}
	return what
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func missing(b *strings.Builder, list []operators.Operator) {
	var names, stuck []string
	for _, o := range list {
		switch {
		case o.Status != operators.Missing:
		case o.Functional():
			names = append(names, "`"+o.Op()+"`")
		case o.Call == "":
			stuck = append(stuck, "`"+o.Name+"`")
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "\nWithout a lowering, or for some overloads: %s.\n", strings.Join(slices.Compact(names), ", "))
	}
	if len(stuck) > 0 {
		fmt.Fprintf(b, "\nWrite to an argument, and import knows no functional operator for them: %s.\n", strings.Join(stuck, ", "))
	}
}

func refused(b *strings.Builder, all []operators.Operator) {
	b.WriteString("\n## Refused on purpose\n\nThe error of `decompose` says the same. A lowering that a program adds wins over a refusal. " +
		"Overloads are named where others of the operator are lowered.\n\n")
	groups := byOp(all)
	for _, reason := range lower.Reasons() {
		var names []string
		for _, group := range groups {
			names = append(names, refusedFor(group, reason)...)
		}
		if len(names) > 0 {
			fmt.Fprintf(b, "* %s%s: %s.\n", strings.ToUpper(reason[:1]), reason[1:], strings.Join(names, ", "))
		}
	}
}

// refusedFor names what is refused of an operator for a reason: the operator, or its functional overloads where some are
// lowered.
func refusedFor(group []operators.Operator, reason string) []string {
	var names []string
	whole := true
	for _, o := range group {
		whole = whole && o.Status == operators.Refused
		if o.Reason == reason && (o.Functional() || o.Call == "") {
			names = append(names, "`"+o.Name+"`")
		}
	}
	if whole && len(names) > 0 {
		return []string{"`" + group[0].Op() + "`"}
	}
	return names
}
