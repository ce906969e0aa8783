package ir

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// OpDef is the one definition of an operation: all that the parser, the verifier, the printer, the documentation, the
// folder, the interpreter and the tests know of it.
type OpDef struct {
	Name    string // dialect.op
	Version int    // 0 means 1; the text form states others
	Doc     string // the first sentence says what it computes; then rules, and the source of a formula

	Operands []Arg
	Results  []Arg
	Attrs    []AttrDef
	Bodies   []BodyDef
	Traits   Trait

	// Infer gives the result types, and checks operands and attributes while doing so. For a Typed operation it checks
	// the stated result types, which it finds in op.Results, and returns them.
	Infer func(*InferCtx, *Op) ([]Type, error)
	// Fold gives a value that the result equals, such as an operand; nil where there is none. Folding of constant
	// operands needs no Fold: it calls Eval.
	Fold func(*Op) *Value
	// Eval computes the results; this is the operation's meaning.
	Eval func(*EvalCtx, *Op, []*host.Tensor) ([]*host.Tensor, error)
	// Expand builds the operation from smaller ones and gives the values to use instead of its results. An operation
	// without Eval is evaluated through it.
	Expand func(*Builder, *Op) ([]*Value, error)
	// Work counts the multiplications whose products the operation adds up; nil for one that does next to none.
	Work func(*Op) Dim
	// Example is one operation in the text form, with its operands as parameters of the function around it:
	// documentation, and a test on every backend. See docs/extending.md.
	Example string
}

// Arg declares an operand or a result.
type Arg struct {
	Name     string
	Doc      string
	Elems    ElemSet // the element types allowed
	Optional bool    // an operand that may be absent
	Variadic bool    // the last one only: any number
	Weight   *Weight // an operand that weight passes may compress
	Picked   bool    // an operand of which only elements that others name are read, as many as the result has at most
}

// Weight tells a weight pass which axes of an operand are output channels and which are summed over.
type Weight struct{ Out, In []int }

// ElemSet says which element types an argument may have.
type ElemSet uint8

// The sets that operations use; AnyElem includes packed types.
const (
	AnyElem ElemSet = iota
	Floats          // real floating point
	FloatsComplex
	Integers // signed or unsigned, no bool
	IntsBool
	Booleans
	Numbers // everything but bool
	Reals   // everything but bool and complex
	Complexes
	Index // i32 or i64
)

var elemSets = map[ElemSet]struct {
	doc string
	has func(host.Elem) bool
}{
	AnyElem:       {"any type", func(host.Elem) bool { return true }},
	Floats:        {"a float type", host.Elem.IsFloat},
	FloatsComplex: {"a float or complex type", func(e host.Elem) bool { return e.IsFloat() || e.IsComplex() }},
	Integers:      {"an integer type", host.Elem.IsInt},
	IntsBool:      {"an integer type or bool", func(e host.Elem) bool { return e.IsInt() || e == host.Bool }},
	Booleans:      {"bool", func(e host.Elem) bool { return e == host.Bool }},
	Numbers:       {"a numeric type", func(e host.Elem) bool { return e != host.Bool }},
	Reals:         {"a real numeric type", func(e host.Elem) bool { return e != host.Bool && !e.IsComplex() }},
	Complexes:     {"a complex type", host.Elem.IsComplex},
	Index:         {"i32 or i64", func(e host.Elem) bool { return e == host.I32 || e == host.I64 }},
}

// Has reports whether the set contains e.
func (s ElemSet) Has(e host.Elem) bool { return elemSets[s].has(e) }

// String describes the set for messages and documentation.
func (s ElemSet) String() string { return elemSets[s].doc }

// In declares an operand.
func In(name string, elems ElemSet) Arg { return Arg{Name: name, Elems: elems} }

// Opt declares an operand that may be absent.
func Opt(name string, elems ElemSet) Arg { return Arg{Name: name, Elems: elems, Optional: true} }

// Many declares any number of operands; only the last declaration may be one.
func Many(name string, elems ElemSet) Arg { return Arg{Name: name, Elems: elems, Variadic: true} }

// InWeight declares an operand that weight passes may compress, with its output and input axes.
func InWeight(name string, elems ElemSet, out, in []int) Arg {
	return Arg{Name: name, Elems: elems, Weight: &Weight{Out: out, In: in}}
}

// AsPicked declares that only elements are read that other operands name.
func (a Arg) AsPicked() Arg { a.Picked = true; return a }

// Out declares a result.
func Out(name string, elems ElemSet) Arg { return Arg{Name: name, Elems: elems} }

// WithDoc adds a sentence for the documentation.
func (a Arg) WithDoc(doc string) Arg { a.Doc = doc; return a }

// AttrKind is the kind of value an attribute takes.
type AttrKind string

// The kinds of attributes. KindNumber is a Bool, Int, Float or Complex; KindAny is unchecked.
const (
	KindBool    AttrKind = "bool"
	KindInt     AttrKind = "int"
	KindFloat   AttrKind = "float"
	KindNumber  AttrKind = "number"
	KindString  AttrKind = "string"
	KindStrings AttrKind = "list of strings"
	KindInts    AttrKind = "list of ints"
	KindDim     AttrKind = "size"
	KindDims    AttrKind = "list of sizes"
	KindElem    AttrKind = "element type"
	KindSymbol  AttrKind = "symbol"
	KindNames   AttrKind = "list of dims to bind"
	KindAny     AttrKind = "any"
)

// AttrDef declares an attribute.
type AttrDef struct {
	Name    string
	Kind    AttrKind
	Default Attr     // nil: required, unless it is None
	Enum    []string // for KindString: the values allowed
	Doc     string
}

// Require declares an attribute that must be given.
func Require(name string, kind AttrKind, doc string) AttrDef {
	return AttrDef{Name: name, Kind: kind, Doc: doc}
}

// Default declares an attribute with a value it has when it is not given; None{} for optional without one.
func Default(name string, kind AttrKind, value Attr, doc string) AttrDef {
	return AttrDef{Name: name, Kind: kind, Default: value, Doc: doc}
}

// Choice declares a string attribute with the values allowed; the first one is the default.
func Choice(name, doc string, values ...string) AttrDef {
	return AttrDef{Name: name, Kind: KindString, Default: String(values[0]), Enum: values, Doc: doc}
}

// BodyDef declares a body.
type BodyDef struct{ Name, Doc string }

// Trait is a set of facts about an operation that passes ask for.
type Trait uint32

// The traits. Every operation is pure: state is passed in and out as values.
const (
	// Terminator returns from its function.
	Terminator Trait = 1 << iota
	// Typed operations state their result type; it is not inferred from the operands.
	Typed
	// Elementwise: each result element depends on the operand elements at its place, after broadcasting.
	Elementwise
	// Commutative in its first two operands.
	Commutative
	// View: the result shows the first operand's elements in another shape or order; nothing is computed.
	View
	// Fusable: may be in a core.kernel beside its anchor. Elementwise implies it.
	Fusable
	// Cheap: fuse copies it into every kernel that uses it, and never starts a kernel with it.
	Cheap
	// Anchor: heavy; a core.kernel holds at most one.
	Anchor
	// Closed: an operation with open attributes and no meaning of its own, such as torch.call.
	Open
	// Whole: a View that shows all elements in their order, so that writing to the result is writing to the operand.
	Whole
	// InPlace: the result is the first operand with parts of it replaced; the attribute in_place says that it is written
	// over that operand's memory, see ProveInPlace.
	InPlace
	// Inline: the operation stands for its one body, run once: operands are its parameters, and it gives the results.
	Inline
	// Foreign: code that is no IR computes the operation, and its body says what that computes. The types of what it takes
	// and gives are that code's; a pass that changes numbers leaves the body alone.
	Foreign
)

// Has reports whether all of the traits are set.
func (t Trait) Has(u Trait) bool { return t&u == u }

// String names the traits for the documentation.
func (t Trait) String() string {
	names := []string{"terminator", "typed", "elementwise", "commutative", "view", "fusable", "cheap", "anchor", "open", "whole", "in place", "inline", "foreign"}
	var set []string
	for i, n := range names {
		if t.Has(1 << i) {
			set = append(set, n)
		}
	}
	return strings.Join(set, ", ")
}

// Dialect is the part of the name before the dot.
func (d *OpDef) Dialect() string {
	name, _, _ := strings.Cut(d.Name, ".")
	return name
}

// CanFuse reports whether the operation may be in a core.kernel without being its anchor.
func (d *OpDef) CanFuse() bool { return d.Traits&(Elementwise|Fusable|View|Cheap) != 0 }

func (d *OpDef) attr(name string) *AttrDef {
	for i := range d.Attrs {
		if d.Attrs[i].Name == name {
			return &d.Attrs[i]
		}
	}
	return nil
}

// operand gives the declaration of operand i; a variadic declaration stands for all that follow.
func (d *OpDef) operand(i int) *Arg { return argAt(d.Operands, i) }

// OperandDef gives the declaration of operand i, or nil where there is none.
func (d *OpDef) OperandDef(i int) *Arg { return d.operand(i) }

func argAt(args []Arg, i int) *Arg {
	if i < len(args) {
		return &args[i]
	}
	if n := len(args); n > 0 && args[n-1].Variadic {
		return &args[n-1]
	}
	return nil
}

// Dialect is a named table of operations.
type Dialect struct {
	Name string
	Doc  string
	Ops  []*OpDef
}

// NewDialect makes a dialect; every operation's name must start with the dialect's.
func NewDialect(name, doc string, ops ...*OpDef) *Dialect {
	for _, op := range ops {
		if op.Dialect() != name {
			panic(fmt.Sprintf("ir: operation %s in dialect %s", op.Name, name))
		}
		if mark := op.attr("in_place"); op.Traits.Has(InPlace) && (mark == nil || mark.Kind != KindBool || len(op.Operands) == 0) {
			panic(fmt.Sprintf("ir: operation %s is InPlace and lacks a base or the attribute in_place", op.Name))
		}
	}
	return &Dialect{Name: name, Doc: doc, Ops: ops}
}

// Registry finds operations by name.
type Registry struct {
	Dialects []*Dialect
	ops      map[string]*OpDef
}

// NewRegistry collects dialects; a name that two define is an error.
func NewRegistry(dialects ...*Dialect) (*Registry, error) {
	r := &Registry{ops: map[string]*OpDef{}}
	for _, d := range dialects {
		if err := r.Add(d); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Add adds a dialect.
func (r *Registry) Add(d *Dialect) error {
	for _, have := range r.Dialects {
		if have.Name == d.Name {
			return fmt.Errorf("dialect %s is defined twice: %q and %q", d.Name, have.Doc, d.Doc)
		}
	}
	for _, op := range d.Ops {
		if r.ops[op.Name] != nil {
			return fmt.Errorf("operation %s is defined twice", op.Name)
		}
		r.ops[op.Name] = op
	}
	r.Dialects = append(r.Dialects, d)
	return nil
}

// Op finds an operation by its full name; nil where there is none.
func (r *Registry) Op(name string) *OpDef { return r.ops[name] }
