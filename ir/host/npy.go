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
// shares the bytes.
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
	if order[1] == "True" {
		return nil, errors.New("the array is stored column-major; save numpy.ascontiguousarray(x)")
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
	return FromBytes(e, shape, data[at+size:])
}
