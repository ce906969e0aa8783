package msl

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// elemType is what Metal calls an element type.
type elemType struct {
	name     string
	unsigned string // the type of its bits without sign, in which integers are computed so that they wrap
	packed   bool   // there are vectors aligned as one element is
	dtype    string // in a launch description
}

// elemTypes are the types that Metal has.
var elemTypes = map[host.Elem]elemType{
	host.Bool: {"bool", "", false, "bool"},
	host.I8:   {"char", "uchar", true, "i8"},
	host.I16:  {"short", "ushort", true, "i16"},
	host.I32:  {"int", "uint", true, "i32"},
	host.I64:  {"long", "ulong", false, "i64"},
	host.U8:   {"uchar", "uchar", true, "u8"},
	host.U16:  {"ushort", "ushort", true, "u16"},
	host.U32:  {"uint", "uint", true, "u32"},
	host.U64:  {"ulong", "ulong", false, "u64"},
	host.F16:  {"half", "ushort", true, "f16"},
	host.BF16: {"bfloat", "ushort", false, "bf16"},
	host.F32:  {"float", "uint", true, "f32"},
}

// elemName gives Metal's name of an element type, or refuses.
func elemName(e host.Elem) string {
	t, ok := elemTypes[e]
	if !ok {
		refuse("%s: Metal has no such type%s", e, map[bool]string{true: ", and no double: sum up in f32, in runs or by pairs"}[e == host.F64])
	}
	return t.name
}

// vectorName is the name of lanes of a type.
func vectorName(name string, lanes int) string {
	if lanes == 1 {
		return name
	}
	return name + strconv.Itoa(lanes)
}

// tileLanes are the lanes of a matrix that a SIMD group holds.
const tileLanes = 64

// typeName gives the type of a value, or refuses.
func typeName(t kernel.Type) string {
	name := elemName(t.Elem)
	switch {
	case t.Lanes == tileLanes && t.Elem.IsFloat():
		return "simdgroup_" + name + "8x8"
	case t.Lanes != 1 && t.Lanes != 2 && t.Lanes != 4:
		refuse("a value of %s: expected 1, 2 or 4 lanes, which Metal has vectors of", t)
	case t.Lanes == 4 && t.Elem.Bits() == 64:
		refuse("a value of %s: expected 1 or 2 lanes of 64 bits", t)
	}
	return vectorName(name, t.Lanes)
}

func isTile(t kernel.Type) bool { return t.Lanes == tileLanes }

// number is a constant number of a type.
func number(e host.Elem, x float64, n int64) expr {
	switch {
	case e == host.Bool:
		return atom("%t", n != 0)
	case e == host.F32:
		return floatText(x)
	case e.IsFloat():
		return call(elemName(e), floatText(x))
	}
	switch name := elemName(e); {
	case e == host.U32:
		return atom("%du", uint32(n))
	case e == host.U64:
		return atom("%dul", uint64(n))
	case n == math.MinInt64:
		return atom("long(0x8000000000000000ul)")
	case e == host.I64:
		return signedText(n, "L")
	case e == host.I32 && n == math.MinInt32:
		return atom("int(0x80000000u)")
	case e == host.I32:
		return signedText(n, "")
	default:
		return atom("%s(%d)", name, n)
	}
}

func signedText(n int64, suffix string) expr {
	e := expr{fmt.Sprintf("%d%s", n, suffix), precAtom}
	if n < 0 {
		e.prec = precUnary
	}
	return e
}

// floatText is the shortest text that reads back as the f32.
func floatText(x float64) expr {
	switch {
	case math.IsNaN(x):
		return atom("NAN")
	case math.IsInf(x, 1):
		return atom("INFINITY")
	case math.IsInf(x, -1):
		return expr{"-INFINITY", precUnary}
	}
	text := strconv.FormatFloat(x, 'g', -1, 32)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	e := expr{text + "f", precAtom}
	if math.Signbit(x) {
		e.prec = precUnary
	}
	return e
}
