// Package checktest reads the tests of Metal kernels that are written down in archives, for whoever runs such kernels.
package checktest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/x448/float16"

	"github.com/aiopt/aiopt/backend/metal/launch"
)

// Case is a dispatch. An archive has a text, kernels.metal, and its dispatches, each a line
//
//	dispatch KERNEL threads X Y Z group X Y Z [tensors]
//
// and a line for each parameter: `NAME DTYPE[EXTENTS] [bytes] [readwrite] [= VALUES] [-> EXPECTED | ~> EXPECTED]`. `->` wants the very
// numbers (NaNs are equal), `~>` allows two units in the last place. VALUES may be `iota N`, `fill N V` or `cycle N V...`. A parameter
// that nothing is set of is written. Its length is that of its values, of EXPECTED or of the extents.
type Case struct {
	Line     int // of the archive's file
	Launch   launch.Kernel
	Threads  [3]int
	Args     []Arg
	Expected []Expectation
}

// Arg is what a parameter is bound to, as in check.
type Arg struct {
	Bytes   []byte
	Extents []int
}

// Expectation is what a parameter holds afterwards.
type Expectation struct {
	Arg    int
	DType  string
	Values []string
	Ulps   int // that numbers may be off by
}

var header = regexp.MustCompile(`^dispatch (\w+) threads (\d+) (\d+) (\d+) group (\d+) (\d+) (\d+)( tensors)?$`)

// Parse reads dispatches.
func Parse(text string) ([]*Case, error) {
	var cases []*Case
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if m := header.FindStringSubmatch(line); m != nil {
			c := &Case{Line: i + 1}
			for j := range 3 {
				c.Threads[j], _ = strconv.Atoi(m[2+j])
				c.Launch.Threadgroup[j], _ = strconv.Atoi(m[5+j])
			}
			c.Launch.Function, c.Launch.ABI = m[1], launch.Buffers
			if m[8] != "" {
				c.Launch.ABI = launch.Tensors
			}
			cases = append(cases, c)
			continue
		}
		if len(cases) == 0 {
			return nil, fmt.Errorf("line %d: expected `dispatch ...`, found %q", i+1, line)
		}
		if err := cases[len(cases)-1].parameter(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return cases, nil
}

var parameterLine = regexp.MustCompile(`^(\w+) (\w+?)(\[[\d ]*\])?( bytes)?( readwrite)?( read)?( = [^>]*?)?(?: ([-~])> (.*))?$`)

func (c *Case) parameter(line string) error {
	if n, ok := strings.CutPrefix(line, "threadgroup "); ok {
		bytes, err := strconv.Atoi(n)
		c.Launch.ThreadgroupMemory = append(c.Launch.ThreadgroupMemory, bytes)
		return err
	}
	m := parameterLine.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("expected a parameter, found %q", line)
	}
	p := launch.Param{Name: m[1], DType: m[2], Kind: launch.Buffer, Access: launch.Write}
	width := launch.ElementBytes(p.DType)
	if width == 0 {
		return fmt.Errorf("no element type %q", p.DType)
	}
	var a Arg
	n := 1
	for _, e := range strings.Fields(strings.Trim(m[3], "[]")) {
		v, _ := strconv.Atoi(e)
		a.Extents = append(a.Extents, v)
		n *= v
	}
	p.Rank = len(a.Extents)
	values := expand(strings.Fields(strings.TrimPrefix(m[7], " = ")))
	expected := expand(strings.Fields(m[9]))
	if m[3] == "" {
		n = max(len(values), len(expected))
	}
	if m[7] != "" || m[6] != "" {
		p.Access = launch.Read
	}
	if m[4] != "" {
		p.Kind = launch.Bytes
	}
	if m[5] != "" {
		p.Access = launch.ReadWrite
	}
	a.Bytes = make([]byte, n*width)
	for i, v := range values {
		if err := put(a.Bytes[i*width:], p.DType, v); err != nil {
			return err
		}
	}
	if len(expected) > 0 {
		ulps := 0
		if m[8] == "~" {
			ulps = 2
		}
		c.Expected = append(c.Expected, Expectation{len(c.Args), p.DType, expected, ulps})
	}
	c.Launch.Params = append(c.Launch.Params, p)
	c.Args = append(c.Args, a)
	return nil
}

func expand(words []string) []string {
	if len(words) < 2 {
		return words
	}
	n, err := strconv.Atoi(words[1])
	var out []string
	switch words[0] {
	case "iota":
		for i := range n {
			out = append(out, strconv.Itoa(i))
		}
	case "fill", "cycle":
		for i := range n {
			out = append(out, words[2+i%(len(words)-2)])
		}
	default:
		return words
	}
	if err != nil {
		return words
	}
	return out
}

// put writes a number of an element type, rounded to nearest.
func put(to []byte, dtype, v string) error {
	switch dtype {
	case "f32", "f16", "bf16":
		f, err := strconv.ParseFloat(v, 32)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return err
		}
		PutFloat(to, dtype, float32(f))
	default:
		bits := launch.ElementBytes(dtype) * 8
		n, err := strconv.ParseInt(v, 0, 64)
		if err != nil {
			u, err := strconv.ParseUint(v, 0, bits)
			if err != nil {
				return err
			}
			n = int64(u)
		}
		for i := range bits / 8 {
			to[i] = byte(n >> (8 * i))
		}
	}
	return nil
}

// PutFloat writes a number of f32, f16 or bf16, rounded to nearest.
func PutFloat(to []byte, dtype string, f float32) {
	switch dtype {
	case "f32":
		binary.LittleEndian.PutUint32(to, math.Float32bits(f))
	case "f16":
		binary.LittleEndian.PutUint16(to, float16.Fromfloat32(f).Bits())
	case "bf16":
		u := math.Float32bits(f)
		if f == f {
			u += 0x7fff + u>>16&1
		}
		binary.LittleEndian.PutUint16(to, uint16(u>>16))
	}
}

// Float reads what PutFloat writes.
func Float(from []byte, dtype string) float32 {
	switch dtype {
	case "f32":
		return math.Float32frombits(binary.LittleEndian.Uint32(from))
	case "f16":
		return float16.Frombits(binary.LittleEndian.Uint16(from)).Float32()
	}
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(from)) << 16)
}

// Compare gives the first difference of a buffer from what is expected.
func (e Expectation) Compare(found []byte) error {
	width := launch.ElementBytes(e.DType)
	for i, v := range e.Values {
		want := make([]byte, width)
		if err := put(want, e.DType, v); err != nil {
			return err
		}
		have := found[i*width : (i+1)*width]
		if string(have) == string(want) {
			continue
		}
		if strings.Contains("f32 f16 bf16", e.DType) {
			w, h := Float(want, e.DType), Float(have, e.DType)
			if w != w && h != h || e.Ulps > 0 && math.Abs(float64(w-h)) <= float64(e.Ulps)*math.Abs(float64(w))*0x1p-23 {
				continue
			}
			return fmt.Errorf("element %d is %v, expected %v (%s)", i, h, w, v)
		}
		return fmt.Errorf("element %d is % x, expected % x (%s)", i, have, want, v)
	}
	return nil
}

// Part gives a file of an archive, or nothing.
func Part(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}
