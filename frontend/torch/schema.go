package torch

import (
	_ "embed"
	"slices"
	"sort"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// schemaText has one schema a line, sorted by bytes, after lines that begin with #. Tags may follow behind " # ".
//
//go:embed schemas.txt
var schemaText string

// Schema is the signature of a PyTorch operator.
type Schema struct {
	Callee  string // namespace.operator.overload, such as aten.add.Tensor
	Args    []SchemaArg
	Returns []SchemaArg
	Core    bool // PyTorch decomposes other operators to this one and not this one (its tag core)
	Random  bool // draws random numbers (its tag nondeterministic_seeded)
}

// SchemaArg is an argument, or a result, of an operator.
type SchemaArg struct {
	Name     string // may be empty for a result
	Type     string // Tensor, int, SymInt, float, bool, str, Scalar, ScalarType, ...
	Optional bool
	List     bool
	Size     int     // of a list that one number may stand for: int[2]; otherwise 0
	Alias    string  // the set of tensors that share memory with this one: a in Tensor(a); empty for none
	Written  bool    // the operator changes it: Tensor(a!)
	Default  ir.Attr // nil where the argument must be given
}

// Arg finds an argument by name; nil where there is none.
func (s *Schema) Arg(name string) *SchemaArg {
	for i := range s.Args {
		if s.Args[i].Name == name {
			return &s.Args[i]
		}
	}
	return nil
}

// operator is the callee without its overload, such as aten.add.
func operator(callee string) string {
	if at := strings.LastIndexByte(callee, '.'); at >= 0 {
		return callee[:at]
	}
	return callee
}

// LookupSchema finds the schema of an operator such as aten.add.Tensor; false where neither PyTorch's table nor that of known
// custom operators has it.
func LookupSchema(callee string) (*Schema, bool) {
	line, ok := schemaLine(callee + "(")
	if !ok {
		return nil, false
	}
	s, err := parseSchema(line)
	return s, err == nil
}

// Schemas lists PyTorch's table, sorted.
func Schemas() []*Schema {
	var all []*Schema
	for line := range strings.Lines(schemaText) {
		if s, err := parseSchema(strings.TrimSuffix(line, "\n")); err == nil && !strings.HasPrefix(line, "#") {
			all = append(all, s)
		}
	}
	return all
}

// Line is the schema as PyTorch writes it, such as aten.relu.default(Tensor self) -> Tensor.
func (s *Schema) Line() string {
	line, _ := schemaLine(s.Callee + "(")
	line, _, _ = strings.Cut(line, " # ")
	return line
}

// Functional is the operator whose results import uses in place of what s writes to its arguments: aten.add.Tensor for
// aten.add_.Tensor and aten.add.out. It is s where s writes nothing, and nil where there is no such operator.
func (s *Schema) Functional() *Schema {
	if !s.mutates() {
		return s
	}
	return functionalForm(s)
}

// Sizes reports whether the operator gives sizes only, such as aten.sym_size.int: import makes symbols of them and no call.
func (s *Schema) Sizes() bool {
	return len(s.Returns) > 0 && !slices.ContainsFunc(s.Returns, func(r SchemaArg) bool { return r.Type != "SymInt" })
}

// Absorbed reports whether import does the whole of the operator and makes no call: it only checks what the types say
// already, or changes what memory a tensor shows.
func (s *Schema) Absorbed() bool {
	op := operator(s.Callee)
	return slices.Contains(checks, op) || mutators[op] != nil
}

// overloads lists the schemas of all overloads of an operator such as aten.add.
func overloads(operator string) []*Schema {
	var all []*Schema
	for at := schemaSearch(operator + "."); strings.HasPrefix(schemaText[at:], operator+"."); {
		line, rest, _ := strings.Cut(schemaText[at:], "\n")
		at = len(schemaText) - len(rest)
		if s, err := parseSchema(line); err == nil {
			all = append(all, s)
		}
	}
	return all
}

func schemaLine(prefix string) (string, bool) {
	at := schemaSearch(prefix)
	if !strings.HasPrefix(schemaText[at:], prefix) {
		return customLine(prefix)
	}
	line, _, _ := strings.Cut(schemaText[at:], "\n")
	return line, true
}

// schemaSearch is the place of the first line that is not below prefix, found by halving the text: the table is
// searched some hundred times in a run, and parsed as a whole never.
func schemaSearch(prefix string) int {
	lineStart := func(at int) int {
		return strings.LastIndexByte(schemaText[:at], '\n') + 1
	}
	at := sort.Search(len(schemaText), func(i int) bool {
		rest := schemaText[lineStart(i):]
		return rest[:min(len(rest), len(prefix))] >= prefix
	})
	return lineStart(at)
}
