package check

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/x448/float16"

	"github.com/aiopt/aiopt/backend/metal/launch"
)

// An archive of testdata has a text, kernels.metal, and its dispatches, each a line
//
//	dispatch KERNEL threads X Y Z group X Y Z [tensors]
//
// and a line for each parameter: `NAME DTYPE[EXTENTS] [bytes] [readwrite] [= VALUES] [-> EXPECTED | ~> EXPECTED]`. `->` wants the very
// numbers (NaNs are equal), `~>` allows two units in the last place. VALUES may be `iota N`, `fill N V` or `cycle N V...`. A parameter
// that nothing is set of is written. Its length is that of its values, of EXPECTED or of the extents.
type dispatchCase struct {
	line     int
	dispatch Dispatch
	expected []expectation
}

type expectation struct {
	arg    int
	dtype  string
	values []string
	ulps   int
}

var header1 = regexp.MustCompile(`^dispatch (\w+) threads (\d+) (\d+) (\d+) group (\d+) (\d+) (\d+)( tensors)?$`)

func parseDispatches(t *testing.T, text string) []dispatchCase {
	var cases []dispatchCase
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if m := header1.FindStringSubmatch(line); m != nil {
			c := dispatchCase{line: i + 1}
			for j := range 3 {
				c.dispatch.Threads[j], _ = strconv.Atoi(m[2+j])
				c.dispatch.Launch.Threadgroup[j], _ = strconv.Atoi(m[5+j])
			}
			c.dispatch.Launch.Function, c.dispatch.Launch.ABI = m[1], launch.Buffers
			if m[8] != "" {
				c.dispatch.Launch.ABI = launch.Tensors
			}
			cases = append(cases, c)
			continue
		}
		if len(cases) == 0 {
			t.Fatalf("line %d: expected `dispatch ...`, found %q", i+1, line)
		}
		if err := cases[len(cases)-1].parameter(line); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	return cases
}

var parameterLine = regexp.MustCompile(`^(\w+) (\w+?)(\[[\d ]*\])?( bytes)?( readwrite)?( read)?( = [^>]*?)?(?: ([-~])> (.*))?$`)

func (c *dispatchCase) parameter(line string) error {
	if n, ok := strings.CutPrefix(line, "threadgroup "); ok {
		bytes, err := strconv.Atoi(n)
		c.dispatch.Launch.ThreadgroupMemory = append(c.dispatch.Launch.ThreadgroupMemory, bytes)
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
		c.expected = append(c.expected, expectation{len(c.dispatch.Args), p.DType, expected, ulps})
	}
	c.dispatch.Launch.Params = append(c.dispatch.Launch.Params, p)
	c.dispatch.Args = append(c.dispatch.Args, a)
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
		putFloat(to, dtype, float32(f))
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

func putFloat(to []byte, dtype string, f float32) {
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

func getFloat(from []byte, dtype string) float32 {
	switch dtype {
	case "f32":
		return math.Float32frombits(binary.LittleEndian.Uint32(from))
	case "f16":
		return float16.Frombits(binary.LittleEndian.Uint16(from)).Float32()
	}
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(from)) << 16)
}

// compare gives the first difference of a buffer from what is expected.
func (e expectation) compare(found []byte) error {
	width := launch.ElementBytes(e.dtype)
	for i, v := range e.values {
		want := make([]byte, width)
		if err := put(want, e.dtype, v); err != nil {
			return err
		}
		have := found[i*width : (i+1)*width]
		if string(have) == string(want) {
			continue
		}
		if strings.Contains("f32 f16 bf16", e.dtype) {
			w, h := getFloat(want, e.dtype), getFloat(have, e.dtype)
			if w != w && h != h || e.ulps > 0 && math.Abs(float64(w-h)) <= float64(e.ulps)*math.Abs(float64(w))*0x1p-23 {
				continue
			}
			return fmt.Errorf("element %d is %v, expected %v (%s)", i, h, w, v)
		}
		return fmt.Errorf("element %d is % x, expected % x (%s)", i, have, want, v)
	}
	return nil
}

func archives(t *testing.T, kind string) map[string]*txtar.Archive {
	t.Helper()
	paths, err := filepath.Glob("testdata/" + kind + "/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives of %s: %v", kind, err)
	}
	list := map[string]*txtar.Archive{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		list[strings.TrimSuffix(filepath.Base(p), ".txtar")] = txtar.Parse(data)
	}
	return list
}

func part(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func tools(t testing.TB) *Tools {
	t.Helper()
	found, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// copied gives a dispatch whose buffers are its own.
func (c dispatchCase) copied() Dispatch {
	d := c.dispatch
	d.Args = nil
	for _, a := range c.dispatch.Args {
		a.Bytes = append([]byte{}, a.Bytes...)
		d.Args = append(d.Args, a)
	}
	return d
}

var modes = []Options{
	{Order: Forward, Checked: true}, {Order: Reversed, Checked: true}, {Order: Shuffled, Seed: 7, Checked: true}, {Order: Forward},
}

func (o Options) name() string {
	return fmt.Sprintf("order %d checked %v", o.Order, o.Checked)
}

// TestShim runs the header's functions on values whose results are written down, with nothing to report.
func TestShim(t *testing.T) { testRight(t, "shim") }

func testRight(t *testing.T, kind string) {
	tools := tools(t)
	for name, a := range archives(t, kind) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Compile(context.Background(), tools, Source{name + ".metal", part(a, "kernels.metal")})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range parseDispatches(t, part(a, "dispatches")) {
				for _, o := range modes {
					if testing.Short() && o.Order != Reversed {
						continue
					}
					d := c.copied()
					r, err := p.Run(context.Background(), d, o)
					if err != nil {
						t.Fatalf("dispatches:%d: %s: %v", c.line, o.name(), err)
					}
					for _, found := range r.Diagnostics {
						t.Errorf("dispatches:%d: %s: %s", c.line, o.name(), found)
					}
					for _, e := range c.expected {
						if err := e.compare(d.Args[e.arg].Bytes); err != nil {
							t.Errorf("dispatches:%d: %s, %s: %s: %v", c.line, d.Launch.Function, d.Launch.Params[e.arg].Name, o.name(), err)
						}
					}
				}
			}
		})
	}
}
