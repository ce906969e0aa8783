package custom

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// Kernel is a user's kernel as one or more operations of a module call it.
type Kernel struct {
	Op     *ir.Op // the first one that calls it so
	Text   string
	Launch launch.Entry
}

// Of lists the kernels of a module in the order of the program, each way of calling one once. Two texts with one name are an
// error.
func Of(m *ir.Module) ([]*Kernel, error) {
	var list []*Kernel
	var errs []error
	m.Walk(func(op *ir.Op) {
		if !op.Is(core.MetalKernel) {
			return
		}
		k := of(op)
		for _, have := range list {
			if have.Launch.Function != k.Launch.Function {
				continue
			}
			if have.Text != k.Text {
				errs = append(errs, fmt.Errorf("%s and %s have different texts, and both call their kernel %s", have.Op.Describe(), op.Describe(), k.Launch.Function))
				return
			}
			if have.same(k) {
				return
			}
		}
		list = append(list, k)
	})
	return list, errors.Join(errs...)
}

func of(op *ir.Op) *Kernel {
	k := &Kernel{Op: op, Text: op.Str("source")}
	k.Launch = launch.Entry{Text: op.Str("function") + ".metal", Origin: launch.Custom, Name: op.Str("name")}
	k.Launch.Kernel = launch.Kernel{Function: op.Str("function"), ABI: launch.Tensors}
	var sizes []string
	note := func(d ir.Dim) string {
		for _, s := range d.Symbols() {
			if !slices.Contains(sizes, s) {
				sizes = append(sizes, s)
			}
		}
		return d.String()
	}
	param := func(name string, t ir.Type, access string) {
		p := launch.Param{Name: name, Kind: launch.Buffer, DType: t.Elem.String(), Access: access, Rank: t.Rank(), Len: note(t.NumElements())}
		k.Launch.Params = append(k.Launch.Params, p)
	}
	for i, name := range op.Strings("inputs") {
		param(name, op.In(i), launch.Read)
	}
	for i, name := range op.Strings("gives") {
		param(name, op.Results[i].Type, launch.ReadWrite)
	}
	for _, b := range op.Strings("builtins") {
		parts := strings.Fields(b) // the verifier has counted them
		k.Launch.Builtins = append(k.Launch.Builtins, launch.Builtin{Type: parts[0], Name: parts[1], Attr: parts[2]})
	}
	for i, d := range op.Dims("threads") {
		k.Launch.Threads[i] = note(d)
	}
	copy(k.Launch.Threadgroup[:], op.Ints("threadgroup"))
	slices.Sort(sizes)
	k.Launch.Sizes = sizes
	return k
}

// same reports another operation that calls the kernel in the same way, in an example of the same sizes.
func (k *Kernel) same(o *Kernel) bool {
	example := func(op *ir.Op) string { return fmt.Sprint(op.Dims("sizes"), op.Ints("example")) }
	return described(k.Launch) == described(o.Launch) && example(k.Op) == example(o.Op)
}

// described is the form of an entry that equal ones share.
func described(e launch.Entry) string {
	text, err := (&launch.File{Kernels: []launch.Entry{e}}).Encode()
	if err != nil { // it is of texts and numbers, which have a JSON form
		panic(err)
	}
	return string(text)
}

// File is a file beside others that hold a module's kernels.
type File struct {
	Name string // NAME.metal or launch.json
	Data []byte
}

// Description is the name of the file that says how kernels are launched.
const Description = "launch.json"

// Files gives the texts of kernels and their description; none where there are no kernels.
func Files(list []*Kernel) ([]File, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var files []File
	var desc launch.File
	for _, k := range list {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Name == k.Launch.Text }) {
			files = append(files, File{k.Launch.Text, []byte(k.Text)})
		}
		if !slices.ContainsFunc(desc.Kernels, func(e launch.Entry) bool { return described(e) == described(k.Launch) }) {
			desc.Kernels = append(desc.Kernels, k.Launch)
		}
	}
	data, err := desc.Encode()
	return append(files, File{Description, data}), err
}

// Lint finds what is wrong with the texts of a module's kernels without compiling them.
func Lint(m *ir.Module) error {
	list, err := Of(m)
	if err != nil {
		return err
	}
	var problems ir.Problems
	seen := map[string]bool{}
	for _, k := range list {
		if seen[k.Launch.Function] {
			continue
		}
		seen[k.Launch.Function] = true
		for _, d := range check.Lint(check.Source{Name: k.Launch.Text, Text: k.Text}) {
			problems = append(problems, ir.Problem{Func: k.Op.Parent().Root().Name, Loc: k.Op.Loc, Msg: k.Say(d)})
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// Say puts the author's line before what a diagnostic says.
func (k *Kernel) Say(d check.Diagnostic) string {
	var b strings.Builder
	file, line, own := k.place(d.Line)
	if file != "" {
		fmt.Fprintf(&b, "%s:%d: ", file, line)
	}
	fmt.Fprintf(&b, "kernel %s", k.Launch.Name)
	if own > 0 {
		fmt.Fprintf(&b, ", line %d of what its author wrote there", own)
	}
	if d.Ran {
		fmt.Fprintf(&b, ", thread (%d,%d,%d)", d.Thread[0], d.Thread[1], d.Thread[2])
	}
	fmt.Fprintf(&b, ": %s: %s", d.Kind, d.Text)
	if d.Count > 1 {
		fmt.Fprintf(&b, " (%d times)", d.Count)
	}
	fmt.Fprintf(&b, " [%s:%d]", d.Source, d.Line)
	return b.String()
}

// place finds where a line of the text comes from: the file, its line, and the line of that part, from 1.
func (k *Kernel) place(line int) (file string, at, own int) {
	for _, p := range k.Op.Strings("places") {
		parts := strings.SplitN(p, " ", 4)
		if len(parts) != 4 {
			continue
		}
		first, err1 := strconv.Atoi(parts[0])
		count, err2 := strconv.Atoi(parts[1])
		from, err3 := strconv.Atoi(parts[2])
		if err1 == nil && err2 == nil && err3 == nil && first <= line && line < first+count {
			return parts[3], from + line - first, line - first + 1
		}
	}
	return "", 0, 0
}
