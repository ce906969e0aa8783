package ir

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// Attr is a compile-time value of an operation: one of Bool, Int, Float, Complex, String, Ints, DimAttr, Dims, List,
// Elem, Symbol, Ref, Dense, Elided and None.
type Attr interface{ isAttr() }

type (
	// Bool is true or false.
	Bool bool
	// Int is a 64-bit integer.
	Int int64
	// Float is a 64-bit float; nan, inf and -0.0 keep their identity.
	Float float64
	// Complex is a pair of 64-bit floats.
	Complex complex128
	// String is text.
	String string
	// Ints is a list of integers; an empty list of any kind is an empty Ints.
	Ints []int64
	// DimAttr is a size with symbols; a size without is an Int.
	DimAttr struct{ Dim }
	// Dims is a list of sizes, at least one with symbols; a list without symbols is Ints.
	Dims []Dim
	// List is a list of mixed attributes.
	List []Attr
	// Elem is an element type such as f32.
	Elem host.Elem
	// Symbol refers to a resource, a state or a function by name; the text form puts @ before it.
	Symbol string
	// Ref stands for operand i where a call's argument is a value; the text form is $i.
	Ref int
	// Dense is a small tensor written out in the text.
	Dense struct{ T *host.Tensor }
	// Elided stands for data that was too large to print; a module with it parses and verifies but does not run.
	Elided struct{}
	// None is an absent optional argument.
	None struct{}
)

func (Bool) isAttr()    {}
func (Int) isAttr()     {}
func (Float) isAttr()   {}
func (Complex) isAttr() {}
func (String) isAttr()  {}
func (Ints) isAttr()    {}
func (DimAttr) isAttr() {}
func (Dims) isAttr()    {}
func (List) isAttr()    {}
func (Elem) isAttr()    {}
func (Symbol) isAttr()  {}
func (Ref) isAttr()     {}
func (Dense) isAttr()   {}
func (Elided) isAttr()  {}
func (None) isAttr()    {}

// OfDim is the attribute for a size: an Int where it has no symbols.
func OfDim(d Dim) Attr {
	if n, ok := d.IsConst(); ok {
		return Int(n)
	}
	return DimAttr{d}
}

// OfDims is the attribute for a list of sizes: Ints where none has symbols.
func OfDims(ds ...Dim) Attr {
	ints := make(Ints, len(ds))
	for i, d := range ds {
		n, ok := d.IsConst()
		if !ok {
			return Dims(slices.Clone(ds))
		}
		ints[i] = n
	}
	return ints
}

// OfInts is the attribute for a list of Go integers.
func OfInts[T ~int | ~int64](xs ...T) Ints {
	ints := make(Ints, len(xs))
	for i, x := range xs {
		ints[i] = int64(x)
	}
	return ints
}

// NormalList gives the one form a list has: Ints of integers, Dims of integers and sizes, List of anything else.
func NormalList(items []Attr) Attr {
	dims := make([]Dim, len(items))
	for i, it := range items {
		switch it := it.(type) {
		case Int:
			dims[i] = Const(int64(it))
		case DimAttr:
			dims[i] = it.Dim
		default:
			return List(items)
		}
	}
	return OfDims(dims...)
}

// EqualAttr compares two attributes; floats are compared bit by bit.
func EqualAttr(a, b Attr) bool {
	switch a := a.(type) {
	case Float:
		b, ok := b.(Float)
		return ok && math.Float64bits(float64(a)) == math.Float64bits(float64(b))
	case Complex:
		b, ok := b.(Complex)
		return ok && math.Float64bits(real(a)) == math.Float64bits(real(b)) && math.Float64bits(imag(a)) == math.Float64bits(imag(b))
	case Ints:
		b, ok := b.(Ints)
		return ok && slices.Equal(a, b)
	case DimAttr:
		b, ok := b.(DimAttr)
		return ok && a.Dim.Equal(b.Dim)
	case Dims:
		b, ok := b.(Dims)
		return ok && slices.EqualFunc(a, b, Dim.Equal)
	case List:
		b, ok := b.(List)
		return ok && slices.EqualFunc(a, b, EqualAttr)
	case Dense:
		b, ok := b.(Dense)
		return ok && a.T.Elem == b.T.Elem && slices.Equal(a.T.Shape, b.T.Shape) && slices.Equal(a.T.Bytes(), b.T.Bytes())
	default: // the comparable kinds
		switch b.(type) {
		case Ints, Dims, List, DimAttr, Dense:
			return false
		}
		return a == b
	}
}

// Named is an attribute with its name.
type Named struct {
	Name  string
	Value Attr
}

// Set names an attribute: ir.Attrs{ir.Set("axis", ir.Int(1))}.
func Set(name string, v Attr) Named { return Named{Name: name, Value: v} }

// Attrs are an operation's attributes in the order its definition declares them; those equal to their default are left
// out. It is a slice because it is small and must print in one order.
type Attrs []Named

// Get finds an attribute by name.
func (as Attrs) Get(name string) (Attr, bool) {
	for _, a := range as {
		if a.Name == name {
			return a.Value, true
		}
	}
	return nil, false
}

// With gives a copy in which one attribute is set.
func (as Attrs) With(name string, v Attr) Attrs {
	out := slices.Clone(as)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = v
			return out
		}
	}
	return append(out, Named{name, v})
}

// Without gives a copy that lacks one attribute.
func (as Attrs) Without(name string) Attrs {
	return slices.DeleteFunc(slices.Clone(as), func(a Named) bool { return a.Name == name })
}

// AttrKey is a text that equal attributes share and others do not.
func AttrKey(a Attr) string {
	switch a := a.(type) {
	case Float:
		return fmt.Sprintf("%b", float64(a))
	case String:
		return fmt.Sprintf("%q", string(a))
	case Symbol:
		return fmt.Sprintf("@%q", string(a))
	case Dense:
		return fmt.Sprintf("%s%x", a.T, a.T.Bytes())
	case DimAttr:
		return a.String()
	case List:
		parts := make([]string, len(a))
		for i, it := range a {
			parts[i] = AttrKey(it)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case Dims:
		parts := make([]string, len(a))
		for i, d := range a {
			parts[i] = d.String()
		}
		return "d[" + strings.Join(parts, ",") + "]"
	}
	return fmt.Sprintf("%T%v", a, a)
}
