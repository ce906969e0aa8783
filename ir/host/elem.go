package host

// Elem is the type of a tensor's elements.
type Elem uint8

// The element types. Integers below eight bits exist only packed (see [Pack]); they have no strides.
const (
	Invalid Elem = iota
	Bool
	I1
	I2
	I3
	I4
	I5
	I6
	I7
	I8
	I16
	I32
	I64
	U1
	U2
	U3
	U4
	U5
	U6
	U7
	U8
	U16
	U32
	U64
	F4E2M1
	F8E4M3
	F8E5M2
	F8E8M0
	F16
	BF16
	F32
	F64
	C64
	C128
	numElems
)

// Kind says what the numbers of an element type are.
type Kind uint8

// The kinds, ordered as type promotion orders them.
const (
	KindBool Kind = iota
	KindUint
	KindInt
	KindFloat
	KindComplex
)

// Class is the Go type that loops compute in. Narrow types are widened on load and rounded once, at the store.
type Class uint8

// The compute classes and their Go types.
const (
	ClassBool Class = iota // bool
	ClassI64               // int64: i1..i64
	ClassU64               // uint64: u1..u64
	ClassF32               // float32: f32 and every narrower float
	ClassF64               // float64
	ClassC64               // complex64
	ClassC128              // complex128
)

type elemInfo struct {
	name  string
	bits  int
	kind  Kind
	class Class
	torch string // safetensors name; U8 for what safetensors has no name for
}

var elems = [numElems]elemInfo{
	Invalid: {name: "invalid"},
	Bool:    {"bool", 8, KindBool, ClassBool, "BOOL"},
	I1:      {"i1", 1, KindInt, ClassI64, "U8"},
	I2:      {"i2", 2, KindInt, ClassI64, "U8"},
	I3:      {"i3", 3, KindInt, ClassI64, "U8"},
	I4:      {"i4", 4, KindInt, ClassI64, "U8"},
	I5:      {"i5", 5, KindInt, ClassI64, "U8"},
	I6:      {"i6", 6, KindInt, ClassI64, "U8"},
	I7:      {"i7", 7, KindInt, ClassI64, "U8"},
	I8:      {"i8", 8, KindInt, ClassI64, "I8"},
	I16:     {"i16", 16, KindInt, ClassI64, "I16"},
	I32:     {"i32", 32, KindInt, ClassI64, "I32"},
	I64:     {"i64", 64, KindInt, ClassI64, "I64"},
	U1:      {"u1", 1, KindUint, ClassU64, "U8"},
	U2:      {"u2", 2, KindUint, ClassU64, "U8"},
	U3:      {"u3", 3, KindUint, ClassU64, "U8"},
	U4:      {"u4", 4, KindUint, ClassU64, "U8"},
	U5:      {"u5", 5, KindUint, ClassU64, "U8"},
	U6:      {"u6", 6, KindUint, ClassU64, "U8"},
	U7:      {"u7", 7, KindUint, ClassU64, "U8"},
	U8:      {"u8", 8, KindUint, ClassU64, "U8"},
	U16:     {"u16", 16, KindUint, ClassU64, "U16"},
	U32:     {"u32", 32, KindUint, ClassU64, "U32"},
	U64:     {"u64", 64, KindUint, ClassU64, "U64"},
	F4E2M1:  {"f4e2m1", 4, KindFloat, ClassF32, "U8"},
	F8E4M3:  {"f8e4m3", 8, KindFloat, ClassF32, "F8_E4M3"},
	F8E5M2:  {"f8e5m2", 8, KindFloat, ClassF32, "F8_E5M2"},
	F8E8M0:  {"f8e8m0", 8, KindFloat, ClassF32, "F8_E8M0"},
	F16:     {"f16", 16, KindFloat, ClassF32, "F16"},
	BF16:    {"bf16", 16, KindFloat, ClassF32, "BF16"},
	F32:     {"f32", 32, KindFloat, ClassF32, "F32"},
	F64:     {"f64", 64, KindFloat, ClassF64, "F64"},
	C64:     {"c64", 64, KindComplex, ClassC64, "C64"},
	C128:    {"c128", 128, KindComplex, ClassC128, "C128"},
}

// Elems lists every element type, narrow before wide within a kind.
func Elems() []Elem {
	list := make([]Elem, 0, numElems-1)
	for e := Invalid + 1; e < numElems; e++ {
		list = append(list, e)
	}
	return list
}

// ParseElem gives the element type with the name that the text form uses, such as f32 or u4.
func ParseElem(name string) (Elem, bool) {
	for e := Invalid + 1; e < numElems; e++ {
		if elems[e].name == name {
			return e, true
		}
	}
	return Invalid, false
}

// String is the name in the text form.
func (e Elem) String() string {
	if e >= numElems {
		return "invalid"
	}
	return elems[e].name
}

// Bits is the width of one stored element; a bool is stored in eight.
func (e Elem) Bits() int { return elems[e].bits }

// Bytes is the width of one stored element in bytes, and 0 for packed types.
func (e Elem) Bytes() int { return elems[e].bits / 8 }

// Packed reports whether several elements share a byte.
func (e Elem) Packed() bool { return elems[e].bits < 8 && e != Invalid }

// Kind says what the numbers are.
func (e Elem) Kind() Kind { return elems[e].kind }

// Class is the Go type that loops over this element type compute in.
func (e Elem) Class() Class { return elems[e].class }

// IsFloat reports a real floating point type.
func (e Elem) IsFloat() bool { return e != Invalid && elems[e].kind == KindFloat }

// IsInt reports a signed or unsigned integer type; bool is none.
func (e Elem) IsInt() bool {
	return e != Invalid && (elems[e].kind == KindInt || elems[e].kind == KindUint)
}

// IsComplex reports a complex type.
func (e Elem) IsComplex() bool { return elems[e].kind == KindComplex }

// Safetensors is the dtype name a safetensors header uses; packed types are stored as U8.
func (e Elem) Safetensors() string { return elems[e].torch }
