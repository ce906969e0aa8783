package airtest

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Example is the example of an operation's definition made ready to run.
type Example struct {
	Text   string         // a module with one function @main, whose parameters are the operands
	Inputs []*host.Tensor // one per parameter
	Want   [][]string     // for each result the elements expected; nil where the example does not say
}

var operandForm = regexp.MustCompile(`%(\w+): (tensor<[^>]*>)(?: = \[([^\]]*)\])?`)

// ParseExamples turns a definition's Example into modules and inputs, one a line. The form is an operation in the text
// form whose operands carry type and values, and the values expected behind //:
//
//	%y = tensor.neg(%x: tensor<2xf32> = [1, -2]) : tensor<2xf32> // [-1, 2]
//
// Operands without values get small numbers that differ from each other.
func ParseExamples(def *ir.OpDef) ([]*Example, error) {
	var list []*Example
	for _, line := range strings.Split(def.Example, "\n") {
		ex, err := parseExample(def, line)
		if err != nil {
			return nil, err
		}
		list = append(list, ex)
	}
	return list, nil
}

func parseExample(def *ir.OpDef, text string) (*Example, error) {
	line, want, _ := strings.Cut(text, "//")
	open := strings.Index(line, "(")
	if open < 0 {
		return nil, fmt.Errorf("the example %q has no operand list", text)
	}
	end := closing(line, open)
	if end < 0 {
		return nil, fmt.Errorf("the operand list of %q does not end", text)
	}
	results, _, ok := strings.Cut(line[:open], "=")
	if !ok {
		return nil, fmt.Errorf("the example %q gives no value", text)
	}
	ex := &Example{}
	var params []string
	operands := operandForm.ReplaceAllStringFunc(line[open+1:end], func(s string) string {
		m := operandForm.FindStringSubmatch(s)
		for _, p := range params {
			if strings.HasPrefix(p, "%"+m[1]+":") {
				return "%" + m[1]
			}
		}
		params = append(params, "%"+m[1]+": "+m[2])
		t, err := exampleInput(m[2], m[3], len(ex.Inputs))
		if err != nil {
			ok = false
			return err.Error()
		}
		ex.Inputs = append(ex.Inputs, t)
		return "%" + m[1]
	})
	if !ok {
		return nil, fmt.Errorf("%s: %s", def.Name, operands)
	}
	types := line[end+1:]
	types = types[strings.LastIndex(types, "} :")+1:]
	_, types, _ = strings.Cut(types, ": ")
	var declared []string
	list := splitTypes(types)
	for i, r := range strings.Split(results, ",") {
		if i >= len(list) {
			return nil, fmt.Errorf("the example %q states no type for %s", text, r)
		}
		declared = append(declared, strings.TrimSpace(r)+": "+list[i])
	}
	ex.Text = fmt.Sprintf("air 1\nmodule @example {\n  func @main(%s) -> (%s) {\n%s    %s(%s%s\n    core.return(%s)\n  }\n}\n",
		strings.Join(params, ", "), strings.Join(declared, ", "), exampleDims(line), strings.TrimSpace(line[:open]), operands, strings.TrimRight(line[end:], " "), strings.TrimSpace(results))
	for _, w := range strings.Split(want, ";") { // [values], perhaps followed by a remark
		list, ok := strings.CutPrefix(strings.TrimSpace(w), "[")
		values, _, closed := strings.Cut(list, "]")
		if !ok || !closed {
			break
		}
		ex.Want = append(ex.Want, splitList(values))
	}
	return ex, nil
}

func closing(s string, open int) int {
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func splitTypes(s string) []string {
	return regexp.MustCompile(`tensor<[^>]*>`).FindAllString(s, -1)
}

// splitList cuts a list of values; complex(a, b) counts as two.
func splitList(s string) []string {
	s = strings.NewReplacer("complex(", "", ")", "").Replace(s)
	var out []string
	for _, p := range strings.Split(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// exampleDims declares the symbols that an example binds.
func exampleDims(line string) string {
	m := regexp.MustCompile(`binds = \[([^\]]*)\]`).FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	text := ""
	for _, s := range splitList(m[1]) {
		text += "    dim " + s + " in 0..\n"
	}
	return text
}

func exampleInput(typ, values string, which int) (*host.Tensor, error) {
	inner := strings.TrimSuffix(strings.TrimPrefix(typ, "tensor<"), ">")
	parts := strings.Split(inner, "x")
	e, ok := host.ParseElem(parts[len(parts)-1])
	if !ok {
		return nil, fmt.Errorf("%s has no known element type", typ)
	}
	var shape []int
	for _, p := range parts[:len(parts)-1] {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("%s: operands of an example have plain sizes", typ)
		}
		shape = append(shape, n)
	}
	wide := e
	if e.Packed() {
		wide = map[host.Kind]host.Elem{host.KindInt: host.I8, host.KindUint: host.U8, host.KindFloat: host.F32}[e.Kind()]
	}
	t, err := host.Alloc(wide, shape)
	if err != nil {
		return nil, err
	}
	list := splitList(values)
	if e.IsComplex() && values != "" {
		return complexInput(t, list)
	}
	if values != "" && len(list) != t.Len() {
		return nil, fmt.Errorf("%s has %d elements, the example gives %d", typ, t.Len(), len(list))
	}
	for i := range t.Len() {
		x := float64((i*7+which*3)%11)/4 - 1
		if e.IsInt() || e == host.Bool {
			x = float64(i % 2)
		}
		if values != "" {
			if x, err = parseValue(list[i]); err != nil {
				return nil, err
			}
		}
		if e.IsInt() && x == math.Trunc(x) {
			host.SetInt(t, i, int64(x))
		} else {
			host.SetFloat(t, i, x)
		}
	}
	if e.Packed() {
		return host.Pack(t, e)
	}
	return t, nil
}

func complexInput(t *host.Tensor, list []string) (*host.Tensor, error) {
	if len(list) != 2*t.Len() {
		return nil, fmt.Errorf("%s takes %d numbers, the example gives %d", t, 2*t.Len(), len(list))
	}
	values := make([]complex128, t.Len())
	for i := range values {
		re, err := parseValue(list[2*i])
		if err != nil {
			return nil, err
		}
		im, err := parseValue(list[2*i+1])
		if err != nil {
			return nil, err
		}
		values[i] = complex(re, im)
	}
	wide, err := host.FromValues(host.C128, t.Shape, values)
	if err != nil {
		return nil, err
	}
	return t, host.Cast(host.Serial, t, wide)
}

func parseValue(s string) (float64, error) {
	switch s {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	return strconv.ParseFloat(s, 64)
}

// pairs shows complex numbers as pairs of floats.
func pairs(t *host.Tensor) *host.Tensor {
	out := host.New(host.F64, t.Len(), 2)
	for i := range t.Len() {
		z, _ := host.At(t, i).(complex128)
		host.SetFloat(out, 2*i, real(z))
		host.SetFloat(out, 2*i+1, imag(z))
	}
	return out
}

// Check holds a result against the elements expected: exactly for integers, to six digits for floats of 32 bits and
// more, to two for narrower ones.
func Check(got *host.Tensor, want []string) error {
	if want == nil {
		return nil
	}
	if got.Elem.IsComplex() {
		got = pairs(got)
	}
	if got.Len() != len(want) {
		return fmt.Errorf("found %d elements, expected %d", got.Len(), len(want))
	}
	tol := 2e-6
	if got.Elem.Bits() < 32 {
		tol = 1e-2
	}
	for i, w := range want {
		x, err := parseValue(w)
		if err != nil {
			if host.Format(got, i) != w {
				return fmt.Errorf("element %d is %s, expected %s", i, host.Format(got, i), w)
			}
			continue
		}
		g := host.FloatAt(got, i)
		if g == x || math.IsNaN(g) && math.IsNaN(x) {
			continue
		}
		if got.Elem.IsInt() || got.Elem == host.Bool || !(math.Abs(g-x) <= tol*(1+math.Abs(x))) {
			return fmt.Errorf("element %d is %s, expected %s", i, host.Format(got, i), w)
		}
	}
	return nil
}
