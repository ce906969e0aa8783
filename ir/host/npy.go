package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// npyTypes maps NumPy's dtype descriptions to element types.
var npyTypes = map[string]Elem{"|b1": Bool, "|i1": I8, "<i2": I16, "<i4": I32, "<i8": I64, "|u1": U8, "<u2": U16, "<u4": U32, "<u8": U64,
	"<f2": F16, "<f4": F32, "<f8": F64, "<c8": C64, "<c16": C128}

var (
	npyDescr   = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	npyFortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape'\s*:\s*\(([0-9,\s]*)\)`)
)

// ParseNPY reads a tensor from the bytes of a .npy file (NumPy's format, versions 1 to 3, little-endian). The tensor
// is row-major: it shares the bytes of an array that is, and is a copy of one that is column-major.
func ParseNPY(data []byte) (*Tensor, error) {
	if len(data) < 10 || !bytes.HasPrefix(data, []byte("\x93NUMPY")) {
		return nil, errors.New("not a .npy file")
	}
	at, size := 10, int(binary.LittleEndian.Uint16(data[8:]))
	if data[6] > 1 {
		if len(data) < 12 {
			return nil, errors.New("the .npy header is cut off")
		}
		at, size = 12, int(binary.LittleEndian.Uint32(data[8:]))
	}
	if size > len(data)-at {
		return nil, errors.New("the .npy header is cut off")
	}
	header := string(data[at : at+size])
	descr, order, dims := npyDescr.FindStringSubmatch(header), npyFortran.FindStringSubmatch(header), npyShape.FindStringSubmatch(header)
	if descr == nil || order == nil || dims == nil {
		return nil, fmt.Errorf("the .npy header %q has no descr, fortran_order or shape", header)
	}
	e, ok := npyTypes[descr[1]]
	if !ok {
		return nil, fmt.Errorf("the .npy dtype %q is not known; save it as one of bool, int, uint, float or complex, little-endian", descr[1])
	}
	var shape []int
	for _, d := range strings.Split(dims[1], ",") {
		if d = strings.TrimSpace(d); d == "" {
			continue
		}
		n, err := strconv.Atoi(d)
		if err != nil {
			return nil, fmt.Errorf("the .npy shape (%s) is not one", dims[1])
		}
		shape = append(shape, n)
	}
	t, err := FromBytes(e, shape, data[at+size:])
	if err != nil || order[1] == "False" {
		return t, err
	}
	stride := 1 // column-major: the first axis varies fastest
	for i, n := range shape {
		t.Strides[i] = stride
		stride *= max(n, 1)
	}
	return t.Clone(), nil
}

// EncodeNPY gives the bytes of a .npy file, version 1. Types that NumPy lacks, such as bf16, are an error.
func EncodeNPY(t *Tensor) ([]byte, error) {
	descr := ""
	for d, e := range npyTypes {
		if e == t.Elem {
			descr = d
		}
	}
	if descr == "" {
		return nil, fmt.Errorf("NumPy has no type for %s", t)
	}
	const mostAxes = 64
	if t.Rank() > mostAxes {
		return nil, fmt.Errorf("NumPy has at most %d axes, found %d", mostAxes, t.Rank())
	}
	shape := ""
	for _, n := range t.Shape {
		shape += fmt.Sprintf("%d, ", n)
	}
	if len(t.Shape) > 1 {
		shape = strings.TrimSuffix(shape, ", ") // (3,) keeps its comma
	}
	const prefix, alignment = 10, 64
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, strings.TrimSuffix(shape, " "))
	header += strings.Repeat(" ", (alignment-(prefix+len(header)+1)%alignment)%alignment) + "\n"
	out := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	return append(append(out, header...), t.Bytes()...), nil
}
