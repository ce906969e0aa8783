package text

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// denseAttr reads `dense<2x2xf32>[1.0, 2.0, 3.0, 4.0]`.
func (p *parser) denseAttr(text string, pos ir.Pos) (ir.Attr, bool) {
	head := strings.IndexByte(text, '>') + 1
	t, err := parseType("tensor" + text[len("dense"):head])
	if err != nil {
		at := pos
		if te, ok := err.(*typeError); ok {
			at.Col += te.offset - 1
		}
		p.diags.add(Diagnostic{Pos: at, Message: err.Error()})
		return nil, false
	}
	shape, ok := t.Static()
	if !ok {
		p.diags.add(Diagnostic{Pos: pos, Message: "a tensor that is written out has fixed sizes"})
		return nil, false
	}
	items := denseItems(text[head+1:len(text)-1], head+1)
	want := 1
	for _, n := range shape {
		want *= n // cannot overflow: parseType checked the size
	}
	if want != len(items) {
		p.errorf(pos, "", "%s has %d elements, found %d", t, want, len(items))
		return nil, false
	}
	tensor, at, msg := denseTensor(t.Elem, shape, items)
	if msg != "" {
		p.errorf(within(pos, text, at), "", "%s", msg)
		return nil, false
	}
	return ir.Dense{T: tensor}, true
}

// within is the place of an offset in text that starts at pos.
func within(pos ir.Pos, text string, offset int) ir.Pos {
	before := text[:offset]
	if n := strings.Count(before, "\n"); n > 0 {
		return ir.Pos{Line: pos.Line + n, Col: offset - strings.LastIndexByte(before, '\n')}
	}
	return ir.Pos{Line: pos.Line, Col: pos.Col + offset}
}

type denseItem struct {
	text string
	at   int
}

// denseItems cuts elements apart; commas inside parentheses separate nothing.
func denseItems(text string, at int) []denseItem {
	if strings.Trim(text, " \t\r\n") == "" {
		return nil
	}
	items := make([]denseItem, 0, strings.Count(text, ",")+1)
	depth, from := 0, 0
	add := func(to int) {
		item := strings.TrimLeft(text[from:to], " \t\r\n")
		items = append(items, denseItem{strings.TrimRight(item, " \t\r\n"), at + to - len(item)})
		from = to + 1
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				add(i)
			}
		}
	}
	add(len(text))
	return items
}

// denseTensor makes a tensor of its elements. msg says what is wrong with the element at an offset.
func denseTensor(e host.Elem, shape []int, items []denseItem) (t *host.Tensor, at int, msg string) {
	switch e.Class() {
	case host.ClassBool:
		return denseValues(e, shape, items, parseBool)
	case host.ClassI64:
		low := int64(math.MinInt64) >> (64 - e.Bits())
		return denseValues(e, shape, items, func(s string) (int64, bool) {
			n, err := strconv.ParseInt(s, 10, 64)
			return n, err == nil && n >= low && n <= ^low
		})
	case host.ClassU64:
		high := uint64(math.MaxUint64) >> (64 - e.Bits())
		return denseValues(e, shape, items, func(s string) (uint64, bool) {
			n, err := strconv.ParseUint(s, 10, 64)
			return n, err == nil && n <= high
		})
	case host.ClassF32:
		return denseValues(e, shape, items, func(s string) (float32, bool) {
			f, ok := parseFloat(s, 32)
			return float32(f), ok
		})
	case host.ClassF64:
		return denseValues(e, shape, items, func(s string) (float64, bool) { return parseFloat(s, 64) })
	case host.ClassC64:
		return denseValues(e, shape, items, func(s string) (complex64, bool) {
			z, msg := parseComplexBits(s, 32)
			return complex64(z), msg == ""
		})
	}
	return denseValues(e, shape, items, func(s string) (complex128, bool) {
		z, msg := parseComplexBits(s, 64)
		return z, msg == ""
	})
}

// denseValues reads elements with one function. A NaN that is written by its bits is put into the bytes afterwards,
// because a conversion need not keep it.
func denseValues[T host.Wide](e host.Elem, shape []int, items []denseItem, read func(string) (T, bool)) (*host.Tensor, int, string) {
	values := make([]T, len(items))
	var nans []int
	for i, it := range items {
		if strings.Contains(it.text, "0x") && (e.IsFloat() || e.IsComplex()) {
			nans = append(nans, i)
			continue
		}
		v, ok := read(it.text)
		if !ok {
			return nil, it.at, fmt.Sprintf("%q is no element of type %s", it.text, e)
		}
		values[i] = v
	}
	t, err := host.FromValues(e, shape, values)
	if err != nil {
		return nil, 0, err.Error()
	}
	for _, i := range nans {
		if !setBits(t, i, items[i].text) {
			return nil, items[i].at, fmt.Sprintf("%q are not the bits of a NaN of type %s", items[i].text, e)
		}
	}
	return t, 0, ""
}

func parseBool(s string) (bool, bool) { return s == "true", s == "true" || s == "false" }

// parseFloat reads a decimal number, nan, inf or -inf; what is too large for the width is an error, not infinity.
func parseFloat(s string, bits int) (float64, bool) {
	switch s {
	case "nan":
		return math.Float64frombits(quietNaN64), true
	case "inf":
		return math.Inf(1), true
	case "-inf":
		return math.Inf(-1), true
	}
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || charClass[digits[0]]&classDigit == 0 || strings.ContainsAny(digits, "xX_pP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, bits)
	return f, err == nil
}

// parseComplex reads complex(re, im); the second result says what is wrong.
func parseComplex(text string) (complex128, string) { return parseComplexBits(text, 64) }

func parseComplexBits(text string, bits int) (complex128, string) {
	inner, isComplex := strings.CutPrefix(text, "complex(")
	if !isComplex {
		re, ok := parseFloat(text, bits)
		if !ok {
			return 0, "not a complex number"
		}
		return complex(re, 0), ""
	}
	inner, closed := strings.CutSuffix(inner, ")")
	first, second, two := strings.Cut(inner, ",")
	re, ok := parseFloat(strings.TrimSpace(first), bits)
	im, ok2 := parseFloat(strings.TrimSpace(second), bits)
	if !closed || !two || !ok || !ok2 {
		return 0, "a complex number has two parts, each a number"
	}
	return complex(re, im), ""
}

// setBits writes an element whose parts may be NaNs given by their bits, such as 0x7fc00001.
func setBits(t *host.Tensor, i int, text string) bool {
	parts := []string{text}
	if t.Elem.IsComplex() {
		inner, ok := strings.CutPrefix(text, "complex(")
		inner, ok2 := strings.CutSuffix(inner, ")")
		if parts = strings.Split(inner, ","); !ok || !ok2 || len(parts) != 2 {
			return false
		}
	}
	part := t.Elem
	switch t.Elem {
	case host.C64:
		part = host.F32
	case host.C128:
		part = host.F64
	}
	width := part.Bytes()
	for k, s := range parts {
		at := i*t.Elem.Bytes() + k*width
		s = strings.TrimSpace(s)
		hex, isBits := strings.CutPrefix(s, "0x")
		n, err := strconv.ParseUint(hex, 16, part.Bits())
		if !isBits {
			f, ok := parseFloat(s, part.Bits())
			if !ok {
				return false
			}
			if n, err = floatBits(part, f), nil; width == 0 {
				return false
			}
		}
		if err != nil || width == 0 || isBits && !isNaNBits(part, n) {
			return false
		}
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], n)
		copy(t.Data[at:at+width], word[:width])
	}
	return true
}

// floatBits are the bits of a float in f32 or f64.
func floatBits(e host.Elem, f float64) uint64 {
	if e == host.F64 {
		return math.Float64bits(f)
	}
	return uint64(math.Float32bits(float32(f)))
}

func isNaNBits(e host.Elem, bits uint64) bool {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], bits)
	one, err := host.FromBytes(e, nil, word[:e.Bytes()])
	if err != nil {
		return false
	}
	f, ok := host.At(one, 0).(float64)
	return ok && math.IsNaN(f)
}

// appendDense writes a tensor so that every bit comes back.
func appendDense(b []byte, t *host.Tensor) []byte {
	b = append(b, "dense<"...)
	for _, n := range t.Shape {
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, 'x')
	}
	b = append(b, t.Elem.String()...)
	b = append(b, ">["...)
	switch t.Elem.Class() {
	case host.ClassBool:
		b = appendValues(b, t, func(b []byte, _ int, v bool) []byte { return strconv.AppendBool(b, v) })
	case host.ClassI64:
		b = appendValues(b, t, func(b []byte, _ int, v int64) []byte { return strconv.AppendInt(b, v, 10) })
	case host.ClassU64:
		b = appendValues(b, t, func(b []byte, _ int, v uint64) []byte { return strconv.AppendUint(b, v, 10) })
	case host.ClassF32, host.ClassF64:
		b = appendFloats(b, t, t.Elem)
	case host.ClassC64:
		b = appendComplexes(b, t, host.F32)
	default:
		b = appendComplexes(b, t, host.F64)
	}
	return append(b, ']')
}

func appendValues[T host.Wide](b []byte, t *host.Tensor, write func([]byte, int, T) []byte) []byte {
	for i, v := range host.Values[T](t) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = write(b, i, v)
	}
	return b
}

func appendFloats(b []byte, t *host.Tensor, e host.Elem) []byte {
	raw := t.Bytes()
	return appendValues(b, t, func(b []byte, i int, v float64) []byte { return appendElem(b, e, v, raw, i) })
}

func appendComplexes(b []byte, t *host.Tensor, part host.Elem) []byte {
	raw := t.Bytes()
	return appendValues(b, t, func(b []byte, i int, v complex128) []byte {
		b = append(b, "complex("...)
		b = appendElem(b, part, real(v), raw, 2*i)
		b = append(b, ", "...)
		b = appendElem(b, part, imag(v), raw, 2*i+1)
		return append(b, ')')
	})
}

// appendElem writes a float of any type; a NaN other than the one that `nan` gives is written by its bits.
func appendElem(b []byte, e host.Elem, v float64, raw []byte, i int) []byte {
	if math.IsNaN(v) {
		width := e.Bytes()
		var word [8]byte
		copy(word[:], raw[i*width:(i+1)*width])
		if bits := binary.LittleEndian.Uint64(word[:]); bits != quietNaN(e) {
			return fmt.Appendf(b, "0x%0*x", width*2, bits)
		}
	}
	bits := 32
	if e == host.F64 {
		bits = 64
	}
	return appendFloat(b, v, bits)
}

// quietNaN64 is what processors and PyTorch produce; Go's math.NaN differs from it.
const quietNaN64 = 0x7ff8000000000000

// quietNaN are the bits that `nan` stands for.
func quietNaN(e host.Elem) uint64 {
	if e == host.F64 {
		return quietNaN64
	}
	var word [8]byte
	t, _ := host.FromValues(e, nil, []float32{float32(math.NaN())})
	copy(word[:], t.Bytes())
	return binary.LittleEndian.Uint64(word[:])
}

// appendFloat writes the shortest text that reads back as the same float and that shows it is one.
func appendFloat(b []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, "nan"...)
	case math.IsInf(v, 1):
		return append(b, "inf"...)
	case math.IsInf(v, -1):
		return append(b, "-inf"...)
	}
	from := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, bits)
	if !strings.ContainsAny(string(b[from:]), ".e") {
		b = append(b, ".0"...)
	}
	return b
}
