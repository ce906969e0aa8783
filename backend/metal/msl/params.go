package msl

import (
	"fmt"
	"math"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
)

// mostGroupMemory is how many bytes of threadgroup memory a group has on all devices.
const mostGroupMemory = 32 << 10

// arguments names the buffers and sizes, and takes what is known of them for granted.
func (g *gen) arguments() {
	for _, s := range g.kernel.Sizes {
		if s.Min < 0 {
			refuse("size %s may be %d, expected at least 0", s.Name, s.Min)
		}
		g.decls = append(g.decls, &ir.DimDecl{Name: s.Name, Min: s.Min, Max: max(s.Min, min(s.Max, launch.MostElements))})
	}
	g.guards = append(g.guards, g.kernel.Guards...)
	for _, b := range g.kernel.Buffers {
		elemName(b.Elem)
		g.buffers[b] = g.names.give(b.Name)
		if _, isConst := b.Len.IsConst(); b.Space == kernel.Global && !isConst {
			g.guards = append(g.guards, ir.Guard{Any: []ir.Cond{{Left: b.Len, Rel: ir.RelLE, Right: ir.Const(launch.MostElements)}}})
		}
	}
	for _, s := range g.kernel.Sizes {
		at := &size{name: g.names.give(s.Name)}
		g.sizes[s.Name] = at
		g.symbols[s.Name] = &symbol{atom("%s", at.name), u32, 1}
	}
}

// locals declares shared and private memory.
func (g *gen) locals() {
	bytes := int64(0)
	for _, b := range g.kernel.Buffers {
		if b.Space == kernel.Global || !g.kernel.Touches(b) {
			continue
		}
		n, ok := b.Len.IsConst()
		if !ok {
			refuse("buffer %s has %s elements, expected a constant: Metal's arrays have fixed sizes", b.Name, b.Len)
		}
		space := ""
		if b.Space == kernel.Shared {
			space = "threadgroup "
			bytes += (n*int64(b.Elem.Bytes()) + 15) / 16 * 16
		}
		if n > math.MaxInt32 || bytes > mostGroupMemory {
			refuse("shared memory of %d bytes and more, expected at most %d", bytes, mostGroupMemory)
		}
		g.line("%s%s %s[%d];", space, elemName(b.Elem), g.buffers[b], max(n, 1))
	}
}

// positions makes the variables of the grid and thread loops.
func (g *gen) positions() {
	attr, where := "threadgroup_position_in_grid", "group"
	if g.grid.thread == nil {
		attr, where = "thread_position_in_grid", "position"
	}
	loops := g.grid.loops
	switch n := len(loops); {
	case n == 1:
		g.position(loops[0], attr, expr{})
	case n > 1:
		name := g.names.give(where)
		g.attrs = append(g.attrs, launch.Builtin{Name: name, Type: fmt.Sprintf("uint%d", n), Attr: attr})
		for i, l := range loops {
			g.position(l, "", component(atom("%s", name), n-1-i))
		}
	}
	if l := g.grid.thread; l != nil {
		g.position(l, "thread_index_in_threadgroup", expr{})
		if l.Step == 1 {
			g.number = l.Var
		}
	}
}

// position makes the variable of a loop: an attribute of the thread, or what is computed of one.
func (g *gen) position(l *kernel.Loop, attr string, from expr) {
	g.learn(l.Var, ir.Const(0), l.Extent.Sub(ir.Const(1)))
	name := g.names.give(l.Var)
	if attr != "" {
		param := name
		if l.Step != 1 {
			param = g.names.give(l.Var + "_round")
		}
		g.attrs = append(g.attrs, launch.Builtin{Name: param, Type: "uint", Attr: attr})
		from = atom("%s", param)
	}
	if l.Step != 1 {
		from = infix(atom("%d", l.Step), "*", precMul, from)
	}
	if from.text != name {
		g.line("uint %s = %s;", name, from.text)
	}
	g.symbols[l.Var] = &symbol{atom("%s", name), u32, l.Step}
}

// builtin is an attribute of the thread, a parameter where it is used.
func (g *gen) builtin(hint, attr string) expr {
	if e, ok := g.simd[attr]; ok {
		return e
	}
	name := g.names.give(hint)
	g.attrs = append(g.attrs, launch.Builtin{Name: name, Type: "uint", Attr: attr})
	g.simd[attr] = atom("%s", name)
	return g.simd[attr]
}

// parameters gives the function's parameters, and puts them into the launch.
func (g *gen) parameters(l *launch.Kernel) []string {
	var list []string
	for _, b := range g.kernel.Buffers {
		if b.Space == kernel.Global {
			list = append(list, g.parameter(b, len(list)))
			l.Params = append(l.Params, g.launched(b))
		}
	}
	for _, s := range g.kernel.Sizes {
		if at := g.sizes[s.Name]; at.used && g.form == launch.Buffers {
			list = append(list, fmt.Sprintf("constant uint& %s [[buffer(%d)]]", at.name, len(list)))
			l.Params = append(l.Params, launch.Param{Name: at.name, Kind: launch.Bytes, DType: "u32", Access: launch.Read, Value: s.Name})
		}
	}
	for _, a := range g.attrs {
		list = append(list, fmt.Sprintf("%s %s [[%s]]", a.Type, a.Name, a.Attr))
	}
	return list
}

func (g *gen) parameter(b *kernel.Buffer, at int) string {
	name, elem := g.buffers[b], elemName(b.Elem)
	if g.form == launch.Tensors {
		return fmt.Sprintf("tensor<device %s, dextents<int, %d>, tensor_handle> %s [[buffer(%d)]]", elem, len(g.shape(b)), name, at)
	}
	access := ""
	if b.Access&kernel.Write == 0 {
		access = "const "
	}
	return fmt.Sprintf("device %s%s* %s [[buffer(%d)]]", access, elem, name, at)
}

// shape is the dims of a buffer that is a tensor.
func (g *gen) shape(b *kernel.Buffer) []ir.Dim {
	if s := g.options.Shapes[b]; len(s) > 0 {
		return s
	}
	return []ir.Dim{b.Len}
}

func (g *gen) launched(b *kernel.Buffer) launch.Param {
	access := launch.ReadWrite
	switch b.Access &^ kernel.Stream {
	case kernel.Read:
		access = launch.Read
	case kernel.Write:
		access = launch.Write
	}
	rank := 1
	if g.form == launch.Tensors {
		rank = len(g.shape(b))
	}
	return launch.Param{Name: g.buffers[b], Kind: launch.Buffer, DType: elemTypes[b.Elem].dtype, Access: access, Rank: rank, Len: b.Len.String()}
}

// extents reads the sizes from tensors.
func (g *gen) extents() string {
	if g.form != launch.Tensors {
		return ""
	}
	var b strings.Builder
	for _, s := range g.kernel.Sizes {
		if at := g.sizes[s.Name]; at.used {
			fmt.Fprintf(&b, "  uint %s = %s;\n", at.name, g.extentOf(s.Name))
		}
	}
	return b.String()
}

// extentOf finds a size among the extents of tensors.
func (g *gen) extentOf(name string) string {
	for _, b := range g.kernel.Buffers {
		if b.Space != kernel.Global {
			continue
		}
		shape := g.shape(b)
		for i, d := range shape {
			if s, ok := d.IsSym(); ok && s == name {
				return fmt.Sprintf("uint(%s.get_extent(%d))", g.buffers[b], len(shape)-1-i)
			}
		}
	}
	refuse("the size %s is no extent of a tensor: expected the shapes of the buffers, or a constant in its place", name)
	return ""
}

// comment says what the kernel computes and what it takes.
func (g *gen) comment(l launch.Kernel) string {
	var b strings.Builder
	doc := strings.TrimSpace(g.options.Doc)
	if doc == "" {
		doc = l.Function
	}
	for _, line := range strings.Split(doc, "\n") {
		fmt.Fprintf(&b, "// %s\n", strings.TrimSuffix(strings.TrimSpace(line), `\`))
	}
	b.WriteString("//\n")
	for _, buf := range g.kernel.Buffers {
		if buf.Space == kernel.Global {
			fmt.Fprintf(&b, "//   %s: %s[%s], %s\n", g.buffers[buf], buf.Elem, g.shapeText(buf), roleText(buf))
		}
	}
	for _, s := range g.kernel.Sizes {
		fmt.Fprintf(&b, "//   %s: size, %s\n", g.sizes[s.Name].name, sizeText(s))
	}
	fmt.Fprintf(&b, "//   %s\n", describe(l.Threads, l.Threadgroup))
	return b.String()
}

func (g *gen) shapeText(b *kernel.Buffer) string {
	shape := g.options.Shapes[b]
	if len(shape) == 0 {
		return b.Len.String()
	}
	texts := make([]string, len(shape))
	for i, d := range shape {
		texts[i] = d.String()
	}
	return strings.Join(texts, ", ")
}

func sizeText(s *ir.DimDecl) string {
	if s.Max == ir.Unbounded {
		return fmt.Sprintf("%d or more", s.Min)
	}
	return fmt.Sprintf("%d to %d", s.Min, s.Max)
}

// roleTexts say what a buffer is to the caller.
var roleTexts = map[kernel.Role]string{
	kernel.Operand: "operand %d", kernel.Result: "result %d", kernel.Packed: "packed %d", kernel.Temporary: "temporary %d",
	kernel.Saved: "what was there before, %d", kernel.Places: "places of what was there before, %d", kernel.Status: "status: not 0 after a mistake in the data",
}

func roleText(b *kernel.Buffer) string {
	access := map[kernel.Access]string{kernel.Read: "read", kernel.Write: "written", kernel.Read | kernel.Write: "read and written"}[b.Access&^kernel.Stream]
	text := roleTexts[b.Role]
	switch {
	case text == "":
		return access
	case strings.Contains(text, "%d"):
		text = fmt.Sprintf(text, b.Index)
	}
	return text + ", " + access
}
