package torch

import (
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var (
	testTensor = regexp.MustCompile(`^(\w+): (\w+)\[([\w*,]*)\](?:\{([\w*,]*)\})?$`)
	testNode   = regexp.MustCompile(`^(?:([\w, :\[\]{}]+) = )?([\w.]+)\((.*)\)$`)
	testDTypes = map[string]pt2.ScalarType{"u8": 1, "i32": 4, "i64": 5, "f16": 6, "f32": 7, "f64": 8, "c64": 10, "bool": 12}
)

// testModel builds a program out of lines. "x: f32[2,3]" is an input, with strides behind it where it is not row-major
// or has symbols for sizes: "x: f32[s0,2*s1]{2*s1,1}";
// "y: f32[3] = aten.select.int(x, 0, 1)" is a node with its arguments in the schema's order, or by name; "return x, y"
// are the outputs.
func testModel(t *testing.T, src string) *pt2.Model {
	t.Helper()
	g := &pt2.Graph{Tensors: map[string]*pt2.TensorMeta{}, SymInts: map[string]pt2.Sym[int64]{"s0": testSize("s0"), "s1": testSize("s1")}, SymBools: map[string]pt2.Sym[bool]{}}
	m := &pt2.Model{Name: "model", Graph: g}
	for line := range strings.Lines(src) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if names, ok := strings.CutPrefix(line, "return "); ok {
			for _, name := range strings.Split(names, ", ") {
				g.Outputs = append(g.Outputs, tensorArg(name))
				m.Outputs = append(m.Outputs, pt2.OutputSpec{Arg: tensorArg(name)})
			}
			continue
		}
		if testTensor.MatchString(line) {
			name := declareTensor(t, g, line)
			g.Inputs = append(g.Inputs, tensorArg(name))
			m.Inputs = append(m.Inputs, pt2.InputSpec{Arg: tensorArg(name), Name: name})
			continue
		}
		parts := testNode.FindStringSubmatch(line)
		if parts == nil {
			t.Fatalf("%q is no input, node or return", line)
		}
		g.Nodes = append(g.Nodes, makeNode(t, g, parts[1], parts[2], parts[3]))
	}
	return m
}

func tensorArg(name string) pt2.Argument { return pt2.Argument{Kind: pt2.ArgTensor, Name: name} }

func declareTensor(t *testing.T, g *pt2.Graph, text string) string {
	t.Helper()
	parts := testTensor.FindStringSubmatch(text)
	if parts == nil || testDTypes[parts[2]] == 0 {
		t.Fatalf("%q is no tensor", text)
	}
	meta := &pt2.TensorMeta{DType: testDTypes[parts[2]], Layout: pt2.Strided, Device: pt2.Device{Type: "cpu", Index: -1}}
	meta.Sizes, meta.Strides = testSizes(parts[3]), testSizes(parts[4])
	if parts[4] == "" {
		stride := int64(1)
		meta.Strides = make([]pt2.Sym[int64], len(meta.Sizes))
		for i, size := range slices.Backward(meta.Sizes) {
			meta.Strides[i] = pt2.Sym[int64]{Value: stride, Known: true}
			stride *= size.Value
		}
	}
	g.Tensors[parts[1]] = meta
	return parts[1]
}

func testSizes(text string) []pt2.Sym[int64] {
	var out []pt2.Sym[int64]
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		out = append(out, testSize(item))
	}
	return out
}

// testSize is a number, or a product of symbols and numbers.
func testSize(text string) pt2.Sym[int64] {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return pt2.Sym[int64]{Value: n, Known: true}
	}
	var factors []string
	for _, factor := range strings.Split(text, "*") {
		if factor[0] == 's' {
			factors = append(factors, "Symbol('"+factor+"', positive=True, integer=True)")
		} else {
			factors = append(factors, "Integer("+factor+")")
		}
	}
	if len(factors) == 1 {
		return pt2.Sym[int64]{Expr: factors[0]}
	}
	return pt2.Sym[int64]{Expr: "Mul(" + strings.Join(factors, ", ") + ")"}
}

func makeNode(t *testing.T, g *pt2.Graph, results, callee, args string) *pt2.Node {
	t.Helper()
	n := &pt2.Node{Target: "torch.ops." + callee, Name: callee}
	s, ok := LookupSchema(callee)
	if !ok && !strings.HasPrefix(callee, "mine.") {
		t.Fatalf("there is no schema of %s", callee)
	}
	var list []pt2.Argument
	for _, r := range splitTop(results) {
		name := declareTensor(t, g, r)
		list = append(list, tensorArg(name))
	}
	if len(list) > 0 {
		n.Name = list[0].Name
	}
	if ok && len(s.Returns) == 1 && s.Returns[0].List {
		n.Outputs = []pt2.Argument{{Kind: pt2.ArgTensors, List: list}}
	} else {
		n.Outputs = list
	}
	for i, text := range splitTop(args) {
		name, value, named := strings.Cut(text, "=")
		if !named {
			value = text
			if ok {
				name = s.Args[i].Name
			}
		}
		n.Inputs = append(n.Inputs, pt2.NamedArgument{Name: name, Arg: testArg(t, value)})
	}
	return n
}

// splitTop cuts at the commas that are not inside brackets.
func splitTop(text string) []string {
	var out []string
	depth, start := 0, 0
	for i, c := range text + "," {
		switch {
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			if item := strings.TrimSpace(text[start:i]); item != "" {
				out = append(out, item)
			}
			start = i + 1
		}
	}
	return out
}

func testArg(t *testing.T, text string) pt2.Argument {
	t.Helper()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return pt2.Argument{Kind: pt2.ArgInt, Int: n}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return pt2.Argument{Kind: pt2.ArgFloat, Float: f}
	}
	switch {
	case text == "true" || text == "false":
		return pt2.Argument{Kind: pt2.ArgBool, Bool: text == "true"}
	case text == "s0" || text == "s1":
		return pt2.Argument{Kind: pt2.ArgSymInt, Name: text}
	case text == "none":
		return pt2.Argument{}
	case testDTypes[text] != 0:
		return pt2.Argument{Kind: pt2.ArgScalarType, Int: int64(testDTypes[text])}
	case strings.HasPrefix(text, "["):
		a := pt2.Argument{Kind: pt2.ArgInts}
		for _, item := range splitTop(strings.Trim(text, "[]")) {
			a.List = append(a.List, testArg(t, item))
			if a.List[len(a.List)-1].Kind == pt2.ArgTensor {
				a.Kind = pt2.ArgTensors
			}
		}
		return a
	}
	return tensorArg(text)
}

// testImport imports a program built by testModel. The file states schemas.
func testImport(t *testing.T, m *pt2.Model, schemas ...string) (*ir.Module, []Warning, error) {
	t.Helper()
	a := &pt2.Archive{Container: &pt2.Container{Path: "test.pt2"}}
	if len(schemas) > 0 {
		data := []byte(strings.Join(schemas, "\n"))
		a.Extra = []pt2.Entry{{Name: schemaFile, Size: int64(len(data)), CRC: crc32.ChecksumIEEE(data), Data: data}}
	}
	return Import([]Program{{Archive: a, Model: m, Func: "main"}}, Options{})
}

// brief prints the operations of a function one a line, with operands in place of arguments and without arguments that
// have their default value.
func brief(f *ir.Func) string {
	var b strings.Builder
	unnamed := map[*ir.Value]string{}
	name := func(v *ir.Value) string {
		if v.Name != "" {
			return v.Name
		}
		if unnamed[v] == "" {
			unnamed[v] = fmt.Sprintf("t%d", len(unnamed))
		}
		return unnamed[v]
	}
	value := func(a ir.Attr) any {
		switch a := a.(type) {
		case ir.Elem:
			return host.Elem(a)
		case ir.None:
			return "none"
		}
		return a
	}
	for _, op := range f.Ops {
		var results, args []string
		for _, r := range op.Results {
			results = append(results, name(r))
		}
		if op.Def != callDef {
			for _, v := range op.Operands {
				args = append(args, name(v))
			}
			fmt.Fprintf(&b, "%s %s\n", strings.TrimPrefix(op.Name(), "core."), strings.Join(args, ", "))
			continue
		}
		callee := string(op.Attrs[0].Value.(ir.String))
		s, _ := LookupSchema(callee)
		for _, a := range op.Attrs[1:] {
			if s != nil && s.Arg(a.Name) != nil && s.Arg(a.Name).Default != nil && ir.EqualAttr(a.Value, s.Arg(a.Name).Default) {
				continue
			}
			if r, ok := a.Value.(ir.Ref); ok {
				args = append(args, name(op.Operands[r]))
			} else {
				args = append(args, fmt.Sprintf("%s=%v", a.Name, value(a.Value)))
			}
		}
		fmt.Fprintf(&b, "%s = %s(%s)\n", strings.Join(results, ", "), callee, strings.Join(args, ", "))
	}
	return b.String()
}
