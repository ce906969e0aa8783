package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// maxTitle, maxLine and maxLines bound what a box says, in runes and lines.
const (
	maxTitle = 28
	maxLine  = 34
	maxLines = 4
)

// valueName is what the user calls a value: its tensor in the PyTorch graph, or its name in the text.
func valueName(v *ir.Value) string {
	if len(v.Claims) > 0 {
		return v.Claims[0].Tensor
	}
	return v.Name
}

// lastStep drops the graph from the name of a tensor of a subgraph: relu for true_graph_0/relu.
func lastStep(name string) string { return short(name[strings.LastIndexByte(name, '/')+1:], maxTitle) }

func opName(op *ir.Op) string {
	for _, r := range op.Results {
		if name := valueName(r); name != "" {
			return name
		}
	}
	return ""
}

// typeText is a type for people: 2×9×64 f32.
func typeText(t ir.Type) string {
	var b strings.Builder
	for i, d := range t.Shape {
		if i > 0 {
			b.WriteString("×")
		}
		b.WriteString(d.String())
	}
	if len(t.Shape) > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(t.Elem.String())
	return short(b.String(), maxLine)
}

func resultText(op *ir.Op) string {
	switch n := len(op.Results); n {
	case 0:
		return ""
	case 1:
		return typeText(op.Results[0].Type)
	default:
		return typeText(op.Results[0].Type) + " +" + strconv.Itoa(n-1)
	}
}

// short cuts a text to a number of runes.
func short(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

// opTitle is what an operation does: linear for nn.linear and for a call of aten.linear.default.
func (b *builder) opTitle(op *ir.Op) string {
	if op.Def.Traits.Has(ir.Open) {
		if callee, ok := op.Attr("callee").(ir.String); ok {
			return short(calleeTitle(string(callee)), maxTitle)
		}
	}
	if op.Def.Traits.Has(ir.Inline) {
		return short(b.kernelTitle(op), maxTitle)
	}
	_, name, _ := strings.Cut(op.Name(), ".")
	return short(name, maxTitle)
}

func calleeTitle(callee string) string {
	parts := strings.Split(callee, ".")
	if len(parts) > 2 { // the overload
		parts = parts[:len(parts)-1]
	}
	if parts[0] == "aten" || parts[0] == "prims" {
		parts = parts[1:]
	}
	return strings.Join(parts, ".")
}

// kernelTitle names what a fused operation computes, in order and each once: linear, add, gelu.
func (b *builder) kernelTitle(op *ir.Op) string {
	var names, views []string
	for _, o := range op.Bodies[0].Ops {
		list := &names
		switch {
		case o.Def.Traits.Has(ir.Terminator), isConstant(o):
			continue
		case o.Def.Traits.Has(ir.View), o.Def.Traits.Has(ir.Cheap):
			list = &views
		}
		if name := b.opTitle(o); !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	if len(names) == 0 {
		names = views
	}
	return strings.Join(names, ", ")
}

func isConstant(op *ir.Op) bool {
	return op.Is(core.Constant) && len(op.Results) == 1
}

func constantName(op *ir.Op) string {
	if s, ok := op.Attr("value").(ir.Symbol); ok {
		return string(s)
	}
	return opName(op)
}

// constantTitle is a number, or the last step of a parameter's name.
func constantTitle(op *ir.Op) string {
	switch v := op.Attr("value").(type) {
	case ir.Symbol:
		return short(string(v)[strings.LastIndexByte(string(v), '.')+1:], maxTitle)
	case ir.Int:
		return strconv.FormatInt(int64(v), 10)
	case ir.Float:
		return strconv.FormatFloat(float64(v), 'g', 6, 64)
	case ir.Bool:
		return strconv.FormatBool(bool(v))
	case ir.Complex:
		return strconv.FormatComplex(complex128(v), 'g', 6, 128)
	}
	return "constant"
}

// constantLines are the lines of a box on the constants that an operation takes: a parameter with its type, or which operand has
// which number.
func (b *builder) constantLines(op *ir.Op) []Text {
	var lines []Text
	for i, v := range op.Operands {
		if v == nil || v.Def == nil || !isConstant(v.Def) {
			continue
		}
		if len(lines) == maxLines {
			lines[maxLines-1] = b.text("…")
			break
		}
		line := operandName(op, i)
		switch v.Def.Attr("value").(type) {
		case ir.Symbol, ir.Dense, ir.Elided:
			line += " " + typeText(v.Type)
		default:
			line += " = " + constantTitle(v.Def)
		}
		lines = append(lines, b.text(short(line, maxLine)))
	}
	return lines
}

func operandName(op *ir.Op, i int) string {
	if op.Def.Traits.Has(ir.Open) {
		for _, a := range op.Attrs {
			if r, ok := a.Value.(ir.Ref); ok && int(r) == i {
				return a.Name
			}
		}
	}
	if d := op.Def.OperandDef(i); d != nil && !d.Variadic {
		return d.Name
	}
	if v := op.Operand(i); v != nil && v.Def != nil && isConstant(v.Def) {
		if _, ok := v.Def.Attr("value").(ir.Symbol); ok {
			return constantTitle(v.Def)
		}
	}
	return fmt.Sprintf("operand %d", i)
}

// summarise gives the boxes of modules, closed, a line on what they give. One with a single operation stands for that, in its colour
// and with its constants.
func (b *builder) summarise() {
	for n := Node(b.Len()) - 1; n >= 0; n-- {
		if b.Kind[n] != Module {
			continue
		}
		if given := b.given(n); given != "" {
			b.Lines[n] = append(b.Lines[n], b.text(given))
		}
		if op := b.Only(n); op != None {
			b.Family[n] = b.Family[op]
			if b.Opens(op) {
				b.Lines[n] = append(b.Lines[n], b.Title[op])
			}
			b.Lines[n] = append(b.Lines[n], b.Lines[op]...)
		}
	}
}

// given is the type of the first value that leaves a module, and how many more do.
func (b *builder) given(n Node) string {
	first, more := "", -1
	for _, l := range b.linksOf(n) {
		if l.to != None {
			continue
		}
		if more++; more == 0 {
			first = b.Text(b.Values[l.value].Type)
		}
	}
	if more > 0 {
		return first + " +" + strconv.Itoa(more)
	}
	return first
}
