package torch

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// schemaFile is the extra file in which an archive may state the schemas of custom operators, one a line as PyTorch
// prints them. Without it nothing in a file says which arguments such an operator changes.
const schemaFile = "aiopt/schemas.txt"

// maxSchemaFile bounds it: a schema in memory takes many times the bytes of its line.
const maxSchemaFile = 1 << 20

// registry finds the schemas of a program's operators: the ones that are known here, and those that its file states.
type registry struct {
	stated map[string]*Schema
}

// find looks up a callee such as aten.add.Tensor; nil where nothing states its schema.
func (r registry) find(callee string) *Schema {
	if s, ok := LookupSchema(callee); ok {
		return s
	}
	return r.stated[callee]
}

// readRegistry reads an archive's schema file, which may be missing. It adds operators and changes none: a schema that
// is known in another form is an error.
func readRegistry(a *pt2.Archive) (registry, error) {
	r := registry{map[string]*Schema{}}
	at := slices.IndexFunc(a.Extra, func(e pt2.Entry) bool { return e.Name == schemaFile })
	if at < 0 {
		return r, nil
	}
	e := a.Extra[at]
	if len(e.Data) > maxSchemaFile {
		return r, fmt.Errorf("extra file %s has %d bytes, expected at most %d; state custom operators only", schemaFile, len(e.Data), maxSchemaFile)
	}
	if err := e.Check(); err != nil {
		return r, err
	}
	for line := range strings.Lines(string(e.Data)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := r.add(line); err != nil {
			return r, fmt.Errorf("extra file %s: %w", schemaFile, err)
		}
	}
	return r, nil
}

func (r registry) add(line string) error {
	name, rest, _ := strings.Cut(line, "(")
	name = strings.ReplaceAll(name, "::", ".")
	if strings.Count(name, ".") == 1 {
		name += ".default"
	}
	s, err := parseSchema(name + "(" + rest)
	if err != nil {
		return err
	}
	if known := r.find(s.Callee); known != nil && !known.equal(s) {
		return fmt.Errorf("it states the schema of %s, which is known already and another one; take the line out, or give the operator a name of its own", s.Callee)
	}
	r.stated[s.Callee] = s
	return nil
}

// equal compares all but tags and the names of alias sets and results, in which versions of PyTorch differ.
func (s *Schema) equal(o *Schema) bool {
	same := func(a, b SchemaArg) bool {
		bothDefault := a.Default != nil && b.Default != nil
		return a.Type == b.Type && a.Optional == b.Optional && a.List == b.List && a.Size == b.Size && a.Written == b.Written &&
			(a.Alias != "") == (b.Alias != "") && (a.Default == nil) == (b.Default == nil) && (!bothDefault || ir.EqualAttr(a.Default, b.Default))
	}
	return slices.EqualFunc(s.Args, o.Args, func(a, b SchemaArg) bool { return a.Name == b.Name && same(a, b) }) && slices.EqualFunc(s.Returns, o.Returns, same)
}

// tellSchema is what to do about operators of which more must be known.
func tellSchema(callees ...string) string {
	text := "str(torch.ops." + callees[0] + "._schema)"
	if len(callees) > 1 {
		text = `"\n".join(str(op._schema) for op in [torch.ops.` + strings.Join(callees, ", torch.ops.") + "])"
	}
	return fmt.Sprintf("save the program after run_decompositions(), which says so, or with its schema: "+
		"torch.export.save(ep, file, extra_files={%q: %s})", schemaFile, text)
}

// unknown refuses an operator without a schema that must change an argument: by its name, or because it has no result.
// Of any other it is remembered where the program may hold operators that change arguments.
func (fn *function) unknown(n *pt2.Node, target string) error {
	if !slices.ContainsFunc(n.Inputs, func(in pt2.NamedArgument) bool { return in.Arg.Kind == pt2.ArgTensor || in.Arg.Kind == pt2.ArgTensors }) {
		return nil
	}
	op := operator(target)
	switch {
	case !slices.ContainsFunc(n.Outputs, func(out pt2.Argument) bool { return out.Kind != pt2.ArgNone }):
		return fmt.Errorf("%s has no result, so it changes an argument, and the file does not say which; %s", op, tellSchema(target))
	case strings.HasSuffix(op, "_") && !strings.HasSuffix(op, "__"):
		return fmt.Errorf("%s changes an argument by its name, and the file does not say which; %s", op, tellSchema(target))
	case fn.prog.Model.Level == pt2.Training && strings.HasPrefix(n.Target, "torch.ops."):
		fn.unstated[target] = true
	}
	return nil
}

// warnUnstated says once which operators were taken to change no argument without a word of the file.
func (fn *function) warnUnstated() {
	const most = 8
	all := slices.Sorted(maps.Keys(fn.unstated))
	if len(all) == 0 {
		return
	}
	list, rest := strings.Join(all[:min(len(all), most)], ", "), ""
	if len(all) > most {
		rest = fmt.Sprintf(" and %d more", len(all)-most)
	}
	change, do := "change", "they do"
	if len(all) == 1 {
		change, do = "changes", "it does"
	}
	fn.warn(nil, "the file does not say whether %s%s %s an argument, and it is taken that %s not; %s", list, rest, change, do, tellSchema(all[:min(len(all), most)]...))
}

var errNoResult = errors.New("the node has no result, expected the operator's")

// check holds a node to its operator's schema: whoever imports it may go by the schema then.
func (s *Schema) check(n *pt2.Node) error {
	for i := range n.Inputs {
		in := &n.Inputs[i]
		if decl := s.Arg(in.Name); decl != nil && decl.Type == "Tensor" && !decl.takes(&in.Arg) {
			return fmt.Errorf("argument %s is %s, expected %s", in.Name, in.Arg.Kind, decl.form())
		}
	}
	outputs := n.Outputs
	for len(outputs) > len(s.Returns) && outputs[len(outputs)-1].Kind == pt2.ArgNone { // of a call for its effect
		outputs = outputs[:len(outputs)-1]
	}
	if len(outputs) == 0 && len(s.Returns) > 0 {
		return errNoResult
	}
	if len(outputs) != len(s.Returns) {
		return fmt.Errorf("the node has %d results, expected the operator's %d", len(outputs), len(s.Returns))
	}
	for i := range outputs {
		decl, kind := &s.Returns[i], outputs[i].Kind
		if decl.Type == "Tensor" && kind != pt2.ArgNone && (kind == pt2.ArgTensors) != decl.List {
			return fmt.Errorf("result %d is %s, expected %s", i, kind, decl.form())
		}
	}
	return nil
}

// takes reports whether an argument of type Tensor, or a list of them, can be given so: PyTorch makes tensors of numbers.
func (a *SchemaArg) takes(in *pt2.Argument) bool {
	switch in.Kind {
	case pt2.ArgNone:
		return true
	case pt2.ArgTensor, pt2.ArgInt, pt2.ArgFloat, pt2.ArgBool, pt2.ArgComplex, pt2.ArgSymInt, pt2.ArgSymFloat, pt2.ArgSymBool:
		return !a.List
	case pt2.ArgTensors:
		return a.List
	case pt2.ArgInts, pt2.ArgFloats, pt2.ArgBools, pt2.ArgStrings, pt2.ArgSymInts: // an empty list has no type in the file
		return a.List && len(in.List) == 0
	}
	return false
}

func (a *SchemaArg) form() string {
	if a.List {
		return "a list of tensors"
	}
	return "a tensor"
}
