// Package operators says of each operator of PyTorch what aiopt makes of it: [All] lists PyTorch's table of schemas and
// what has a lowering besides, as [Operator]s. [Examples] has a call of each target. Help, the coverage document and their
// tests read it. It decides nothing: [lower.Table.Status] and the importer do.
package operators

import (
	"path"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/torch"
	"github.com/aiopt/aiopt/passes/lower"
)

// Status is what becomes of a call.
type Status uint8

// The statuses, from best to worst.
const (
	Lowered  Status = iota // decompose replaces it; Limit says what it refuses
	Imported               // import makes a size of it, or no call
	Refused                // on purpose; Reason says why
	Missing                // it has no lowering
)

func (s Status) String() string {
	return [...]string{"lowered", "done by import", "refused", "missing"}[s]
}

// Operator is one overload of an operator.
type Operator struct {
	Name   string        // aten.add_.Tensor
	Schema *torch.Schema // nil for what PyTorch's table has not
	Call   string        // the target that its calls have after import: aten.add.Tensor; empty where import refuses it
	Status Status
	Reason string // for Refused
	Limit  string // what the lowering refuses, such as train=True; empty for nothing
}

// Op is the operator without its overload.
func (o Operator) Op() string { return operatorOf(o.Name) }

// Becomes says in a phrase what aiopt makes of the operator; lowered is the phrase for a lowering, such as what it builds.
func (o Operator) Becomes(lowered string) string {
	switch o.Status {
	case Imported:
		return "import does it: a size, a check, or another view of memory"
	case Refused:
		return "refused: " + o.Reason
	case Missing:
		if lowered = "it has no lowering"; o.Call == "" {
			lowered = "it writes to an argument, and import knows no functional operator for it"
		}
	}
	if o.Limit != "" {
		lowered += ", but refuses " + o.Limit
	}
	if o.Call != "" && o.Call != o.Name {
		return "import makes it " + o.Call + "; " + lowered
	}
	return lowered
}

// Functional reports whether the operator writes to no argument.
func (o Operator) Functional() bool { return o.Schema == nil || o.Call == o.Name }

// operatorOf leaves the overload out: aten.add of aten.add.Tensor. Python's functions have none: math.sqrt.
func operatorOf(name string) string {
	if strings.Count(name, ".") < 2 {
		return name
	}
	return name[:strings.LastIndexByte(name, '.')]
}

// All lists every overload, sorted.
func All(table *lower.Table) []Operator {
	return list(table, func(string) bool { return true })
}

// Find lists the overloads that a name or a pattern stands for: aten.add.Tensor, aten.add, aten.add*.
func Find(table *lower.Table, pattern string) []Operator {
	return list(table, func(name string) bool {
		full, _ := path.Match(pattern, name)
		op, _ := path.Match(pattern, operatorOf(name))
		return full || op
	})
}

func list(table *lower.Table, keep func(name string) bool) []Operator {
	var all []Operator
	known, examples := map[string]bool{}, map[string]bool{}
	for name := range ExampleTargets() {
		examples[name] = true
	}
	add := func(name string, s *torch.Schema) {
		if !known[name] && keep(name) {
			all = append(all, of(table, examples, name, s))
		}
		known[name] = true
	}
	for _, s := range torch.Schemas() {
		add(s.Callee, s)
	}
	for name := range ExampleTargets() {
		s, _ := torch.LookupSchema(name) // of other packages
		add(name, s)
	}
	slices.SortFunc(all, func(a, b Operator) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func of(table *lower.Table, examples map[string]bool, name string, s *torch.Schema) Operator {
	o := Operator{Name: name, Schema: s, Call: name}
	if s != nil {
		o.Call = ""
		if each := s.Each(); each != nil {
			s = each
		}
		if f := s.Functional(); f != nil {
			o.Call = f.Callee
		} else if examples[name] {
			o.Call = name
		}
	}
	if s != nil && (s.Sizes() || s.Absorbed()) {
		o.Status = Imported
		return o
	}
	o.Status, o.Reason, o.Limit = statusOf(table.Status(o.Call))
	if o.Status == Missing { // a refusal may name what import would have made a functional operator of
		if own := table.Status(name); own.Kind == lower.Refused {
			o.Status, o.Reason = Refused, own.Reason
		}
	}
	return o
}

func statusOf(s lower.Status) (status Status, reason, limit string) {
	switch s.Kind {
	case lower.Lowered:
		return Lowered, "", ""
	case lower.Limited:
		return Lowered, "", s.Reason
	case lower.Refused:
		return Refused, s.Reason, ""
	}
	return Missing, "", ""
}
