package pt2

import (
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// ScalarType is the number that the file's schema gives a dtype. It is not c10::ScalarType, which counts from 0.
type ScalarType int

// scalarTypes is the schema's enum by number; a number without a name is not part of it. An element type that
// the host has no arithmetic for is Invalid.
var scalarTypes = [...]struct {
	name string
	elem host.Elem
}{
	1:  {"uint8", host.U8},
	2:  {"int8", host.I8},
	3:  {"int16", host.I16},
	4:  {"int32", host.I32},
	5:  {"int64", host.I64},
	6:  {"float16", host.F16},
	7:  {"float32", host.F32},
	8:  {"float64", host.F64},
	9:  {"complex32", host.Invalid},
	10: {"complex64", host.C64},
	11: {"complex128", host.C128},
	12: {"bool", host.Bool},
	13: {"bfloat16", host.BF16},
	28: {"uint16", host.U16},
	29: {"float8_e4m3fn", host.F8E4M3},
	30: {"float8_e5m2", host.F8E5M2},
	31: {"float8_e4m3fnuz", host.Invalid},
	32: {"float8_e5m2fnuz", host.Invalid},
	33: {"float8_e8m0fnu", host.F8E8M0},
	34: {"uint32", host.U32},
	35: {"uint64", host.U64},
}

func (t ScalarType) known() bool {
	return t >= 0 && int(t) < len(scalarTypes) && scalarTypes[t].name != ""
}

// Elem is the element type, or false for a dtype that aiopt does not support (complex32, the fnuz floats).
func (t ScalarType) Elem() (host.Elem, bool) {
	if !t.known() {
		return host.Invalid, false
	}
	elem := scalarTypes[t].elem
	return elem, elem != host.Invalid
}

// String is torch's name without the module, such as float32.
func (t ScalarType) String() string {
	if !t.known() {
		return fmt.Sprintf("dtype %d", int(t))
	}
	return scalarTypes[t].name
}

// Layout is the number that the schema gives a tensor layout.
type Layout int

// Strided is the layout of ordinary dense tensors.
const Strided Layout = 7

var layouts = [...]string{
	1: "sparse_coo", 2: "sparse_csr", 3: "sparse_csc", 4: "sparse_bsr", 5: "sparse_bsc", 6: "_mkldnn", 7: "strided",
}

func (l Layout) known() bool { return l >= 0 && int(l) < len(layouts) && layouts[l] != "" }

// String is torch's name without the module.
func (l Layout) String() string {
	if !l.known() {
		return fmt.Sprintf("layout %d", int(l))
	}
	return layouts[l]
}

// MemoryFormat is the number that the schema gives a memory format.
type MemoryFormat int

// The memory formats.
const (
	Contiguous     MemoryFormat = 1
	ChannelsLast   MemoryFormat = 2
	ChannelsLast3D MemoryFormat = 3
	Preserve       MemoryFormat = 4
)

var memoryFormats = [...]string{1: "contiguous_format", 2: "channels_last", 3: "channels_last_3d", 4: "preserve_format"}

func (f MemoryFormat) known() bool {
	return f >= 0 && int(f) < len(memoryFormats) && memoryFormats[f] != ""
}

// String is torch's name without the module.
func (f MemoryFormat) String() string {
	if !f.known() {
		return fmt.Sprintf("memory format %d", int(f))
	}
	return memoryFormats[f]
}
