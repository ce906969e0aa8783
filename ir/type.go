package ir

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// Type is the type of a value. Every value is a tensor; a number is a tensor of rank 0.
type Type struct {
	Elem  host.Elem
	Shape []Dim
}

// TensorOf makes a type from an element type and dims.
func TensorOf(e host.Elem, shape ...Dim) Type { return Type{Elem: e, Shape: shape} }

// StaticType makes a type from an element type and plain sizes.
func StaticType(e host.Elem, shape ...int) Type {
	t := Type{Elem: e, Shape: make([]Dim, len(shape))}
	for i, n := range shape {
		t.Shape[i] = Const(int64(n))
	}
	return t
}

// TypeOf is the type of a host tensor.
func TypeOf(t *host.Tensor) Type { return StaticType(t.Elem, t.Shape...) }

// Rank is the number of dimensions.
func (t Type) Rank() int { return len(t.Shape) }

// Equal compares element types and canonical dims.
func (t Type) Equal(u Type) bool {
	return t.Elem == u.Elem && slices.EqualFunc(t.Shape, u.Shape, Dim.Equal)
}

// String is the type in the text form, such as tensor<[B]x784xf32>.
func (t Type) String() string {
	var b strings.Builder
	b.WriteString("tensor<")
	for _, d := range t.Shape {
		if _, ok := d.IsConst(); ok {
			b.WriteString(d.String())
		} else {
			b.WriteString("[" + d.String() + "]")
		}
		b.WriteByte('x')
	}
	b.WriteString(t.Elem.String())
	b.WriteByte('>')
	return b.String()
}

// Static gives the sizes of a type without symbols.
func (t Type) Static() ([]int, bool) {
	shape := make([]int, len(t.Shape))
	for i, d := range t.Shape {
		n, ok := d.IsConst()
		if !ok {
			return nil, false
		}
		shape[i] = int(n)
	}
	return shape, true
}

// NumElements is the product of the dims.
func (t Type) NumElements() Dim {
	n := Const(1)
	for _, d := range t.Shape {
		n = n.Mul(d)
	}
	return n
}

// Check refuses sizes that are no numbers, less than nothing, or by the known ones alone too large.
func (t Type) Check() error {
	shape := make([]int, len(t.Shape))
	for i, d := range t.Shape {
		shape[i] = 1
		if err := d.Err(); err != nil {
			return err
		}
		if n, ok := d.IsConst(); ok && n < 0 {
			return fmt.Errorf("%s has a negative dimension %d", t, i)
		} else if ok && n > math.MaxInt {
			return fmt.Errorf("dimension %d is too large", n)
		} else if ok {
			shape[i] = int(n)
		}
	}
	_, err := host.SizeBytes(t.Elem, shape)
	if _, static := t.Static(); err != nil && !static && t.Elem != host.Invalid {
		return fmt.Errorf("%s is too large by its known sizes alone: a tensor has at most %d bytes", t, int64(host.MaxBytes))
	}
	return err
}

// WithElem is the same shape with another element type.
func (t Type) WithElem(e host.Elem) Type { return Type{Elem: e, Shape: t.Shape} }

// WithShape is the same element type with another shape.
func (t Type) WithShape(shape ...Dim) Type { return Type{Elem: t.Elem, Shape: shape} }
