package text

import (
	"strconv"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func appendInts[T int | int64](b []byte, list []T) []byte {
	b = append(b, '[')
	for i, n := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, ']')
}

// appendType writes a type without making a string of it.
func appendType(b []byte, t ir.Type) []byte {
	b = append(b, "tensor<"...)
	for _, d := range t.Shape {
		if n, ok := d.IsConst(); ok {
			b = strconv.AppendInt(b, n, 10)
		} else {
			b = append(b, '[')
			b = append(b, d.String()...)
			b = append(b, ']')
		}
		b = append(b, 'x')
	}
	b = append(b, t.Elem.String()...)
	return append(b, '>')
}

// appendDim writes a size in an attribute. A symbol that reads as something else stands in parentheses.
func appendDim(b []byte, d ir.Dim) []byte {
	if s, ok := d.IsSym(); ok && reserved(s) {
		return append(append(append(b, '('), s...), ')')
	}
	return append(b, d.String()...)
}

func appendAttr(b []byte, a ir.Attr) []byte {
	switch a := a.(type) {
	case ir.Bool:
		return strconv.AppendBool(b, bool(a))
	case ir.Int:
		return strconv.AppendInt(b, int64(a), 10)
	case ir.Float:
		return appendFloat(b, float64(a), 64)
	case ir.Complex:
		b = append(b, "complex("...)
		b = appendFloat(b, real(a), 64)
		b = append(b, ", "...)
		b = appendFloat(b, imag(a), 64)
		return append(b, ')')
	case ir.String:
		return appendQuoted(b, string(a))
	case ir.Ints:
		return appendInts(b, a)
	case ir.DimAttr:
		return appendDim(b, a.Dim)
	case ir.Dims:
		b = append(b, '[')
		for i, d := range a {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendDim(b, d)
		}
		return append(b, ']')
	case ir.List:
		b = append(b, '[')
		for i, it := range a {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendAttr(b, it)
		}
		return append(b, ']')
	case ir.Elem:
		return append(b, host.Elem(a).String()...)
	case ir.Symbol:
		return appendSymbol(b, string(a))
	case ir.Ref:
		return strconv.AppendInt(append(b, '$'), int64(a), 10)
	case ir.Dense:
		return appendDense(b, a.T)
	case ir.Elided:
		return append(b, "elided"...)
	}
	return append(b, "none"...)
}
