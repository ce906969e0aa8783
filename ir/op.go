package ir

import (
	"fmt"
)

// Pos is a place in a .air text, counted from 1; the zero Pos is none.
type Pos struct{ Line, Col int }

// Op is one operation. Its operands are changed only through its methods, which keep the uses of values true.
type Op struct {
	Def      *OpDef
	Operands []*Value // nil for an optional operand that is absent while a later one is present
	Results  []*Value
	Attrs    Attrs
	Bodies   []*Func
	Loc      *Loc
	Pos      Pos // where the text form has it

	parent *Func
	index  int // a guess at the place in parent.Ops, renewed when it is wrong
}

// Parent is the function whose list holds the operation.
func (op *Op) Parent() *Func { return op.parent }

// Name is the name of the operation's definition.
func (op *Op) Name() string { return op.Def.Name }

// Is reports whether the operation has the given definition.
func (op *Op) Is(def *OpDef) bool { return op != nil && op.Def == def }

// Result is the only result of an operation that has one.
func (op *Op) Result() *Value { return op.Results[0] }

// Operand is operand i, or nil where it is absent.
func (op *Op) Operand(i int) *Value {
	if i >= len(op.Operands) {
		return nil
	}
	return op.Operands[i]
}

// In is the type of operand i, which must be present.
func (op *Op) In(i int) Type { return op.Operands[i].Type }

// SetOperand replaces operand i.
func (op *Op) SetOperand(i int, v *Value) {
	op.Operands[i].dropUse(op, i)
	op.Operands[i] = v
	v.addUse(op, i)
}

// SetOperands replaces all operands.
func (op *Op) SetOperands(vs ...*Value) {
	for i, v := range op.Operands {
		v.dropUse(op, i)
	}
	op.Operands = append([]*Value(nil), vs...)
	for i, v := range op.Operands {
		v.addUse(op, i)
	}
}

// Errorf makes an error that names the operation; the caller adds where it is.
func (op *Op) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", op.Def.Name, fmt.Sprintf(format, args...))
}

// Describe names the operation and where it comes from.
func (op *Op) Describe() string {
	if op.Loc.IsUnknown() {
		return op.Name()
	}
	return fmt.Sprintf("%s at %s", op.Name(), op.Loc)
}

// Attr is the value of an attribute, or its default, or None.
func (op *Op) Attr(name string) Attr {
	if a, ok := op.Attrs.Get(name); ok {
		return a
	}
	if d := op.Def.attr(name); d != nil && d.Default != nil {
		return d.Default
	}
	return None{}
}

// Has reports whether the attribute has a value or a default other than none.
func (op *Op) Has(name string) bool {
	_, none := op.Attr(name).(None)
	return !none
}

// The accessors below are for attributes whose kind the definition declares; the schema was checked before, so a wrong
// kind is a broken promise inside the program and panics.

// Bool is a boolean attribute.
func (op *Op) Bool(name string) bool { return bool(attrAs[Bool](op, name)) }

// Int is an integer attribute.
func (op *Op) Int(name string) int { return int(attrAs[Int](op, name)) }

// Float is a float attribute; an integer is taken as one.
func (op *Op) Float(name string) float64 {
	if n, ok := op.Attr(name).(Int); ok {
		return float64(n)
	}
	return float64(attrAs[Float](op, name))
}

// Str is a string attribute.
func (op *Op) Str(name string) string { return string(attrAs[String](op, name)) }

// Sym is a symbol attribute, without @.
func (op *Op) Sym(name string) string { return string(attrAs[Symbol](op, name)) }

// Elem is an element type attribute.
func (op *Op) Elem(name string) Elem { return attrAs[Elem](op, name) }

// Ints is a list of integers.
func (op *Op) Ints(name string) []int {
	list := attrAs[Ints](op, name)
	out := make([]int, len(list))
	for i, n := range list {
		out[i] = int(n)
	}
	return out
}

// Strings is a list of strings.
func (op *Op) Strings(name string) []string {
	list, _ := op.Attr(name).(List)
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s.(String))
	}
	return out
}

// Dim is a size attribute.
func (op *Op) Dim(name string) Dim {
	if n, ok := op.Attr(name).(Int); ok {
		return Const(int64(n))
	}
	return attrAs[DimAttr](op, name).Dim
}

// Dims is a list of sizes.
func (op *Op) Dims(name string) []Dim {
	switch list := op.Attr(name).(type) {
	case Dims:
		return list
	case Ints:
		out := make([]Dim, len(list))
		for i, n := range list {
			out[i] = Const(n)
		}
		return out
	}
	return attrAs[Dims](op, name)
}

func attrAs[T Attr](op *Op, name string) T {
	a, ok := op.Attr(name).(T)
	if !ok {
		panic(fmt.Sprintf("ir: %s: attribute %s is %T, not %T", op.Def.Name, name, op.Attr(name), a))
	}
	return a
}
