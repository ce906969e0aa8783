package kernel

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The words of the text form.
var (
	spaceNames  = [...]string{Global: "global", Shared: "shared", Private: "private"}
	accessNames = [...]string{0: "no access", Read: "read", Write: "write", Read | Write: "read write", Write | Stream: "write stream"}
	loopNames   = [...]string{Serial: "serial", Unroll: "unroll", Parallel: "parallel", Grid: "grid", Thread: "thread"}
)

func nameAt(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown %d", i)
}

func (s Space) String() string    { return nameAt(spaceNames[:], int(s)) }
func (a Access) String() string   { return nameAt(accessNames[:], int(a)) }
func (k LoopKind) String() string { return nameAt(loopNames[:], int(k)) }

// Print gives the text form of a kernel. Values are numbered in the order in which they appear, so kernels that differ
// only in the numbers of their values have one text.
func Print(k *Kernel) string {
	p := &printer{numbers: map[*Value]int{}}
	p.line("kernel %s {", k.Name)
	p.depth++
	for _, s := range k.Sizes {
		p.line("size %s in %s", s.Name, rangeText(s))
	}
	for _, g := range k.Guards {
		p.line("guard %s", g)
	}
	for _, b := range k.Buffers {
		access := ""
		if b.Space == Global {
			access = " " + b.Access.String()
		}
		p.line("%s%s %s: %s[%s]", b.Space, access, b.Name, b.Elem, b.Len)
	}
	p.block(k.Body)
	p.depth--
	p.line("}")
	return p.b.String()
}

func rangeText(d *ir.DimDecl) string {
	if d.Max == ir.Unbounded {
		return fmt.Sprintf("%d..", d.Min)
	}
	return fmt.Sprintf("%d..%d", d.Min, d.Max)
}

type printer struct {
	b       strings.Builder
	depth   int
	numbers map[*Value]int
}

func (p *printer) line(format string, args ...any) {
	p.b.WriteString(strings.Repeat("  ", p.depth))
	fmt.Fprintf(&p.b, format, args...)
	p.b.WriteByte('\n')
}

func (p *printer) value(v *Value) string {
	if v == nil {
		return "%?"
	}
	n, ok := p.numbers[v]
	if !ok {
		n = len(p.numbers)
		p.numbers[v] = n
	}
	return "%" + strconv.Itoa(n)
}

func (p *printer) values(list []*Value) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = p.value(v)
	}
	return strings.Join(texts, ", ")
}

func (p *printer) block(b *Block) {
	if b == nil {
		return
	}
	for _, in := range b.Instrs {
		switch {
		case in.Op == LoopInstr && in.Loop != nil:
			p.loop(in.Loop)
		case in.Op == IfInstr && in.If != nil:
			p.line("if %s {", p.condition(in.If))
			p.depth++
			p.block(in.If.Then)
			p.depth--
			p.line("}")
		default:
			p.line("%s", p.instr(in))
		}
	}
}

func (p *printer) condition(c *If) string {
	if c.Cond != nil {
		return p.value(c.Cond)
	}
	return c.Holds.String()
}

func (p *printer) loop(l *Loop) {
	p.line("%s {", p.loopHead(l))
	p.depth++
	p.block(l.Body)
	if len(l.Next) > 0 {
		p.line("next %s", p.values(l.Next))
	}
	p.depth--
	p.line("}")
}

// loopHead is `%2 = serial k < N step 8 carry %1 = %0`: the results, and the carried values with what they start as.
func (p *printer) loopHead(l *Loop) string {
	carry := ""
	for i, v := range l.Carried {
		sep := ", "
		if i == 0 {
			sep = " carry "
		}
		var init *Value
		if i < len(l.Init) {
			init = l.Init[i]
		}
		first := p.value(init)
		carry += sep + p.value(v) + " = " + first
	}
	results := ""
	if len(l.Results) > 0 {
		results = p.values(l.Results) + " = "
	}
	return fmt.Sprintf("%s%s %s < %s step %d%s", results, l.Kind, l.Var, l.Extent, l.Step, carry)
}

// instr is the instruction in one line; of a loop or if it is the head.
func (p *printer) instr(in *Instr) string {
	var b strings.Builder
	switch {
	case in.Op == LoopInstr && in.Loop != nil:
		return p.loopHead(in.Loop)
	case in.Op == IfInstr && in.If != nil:
		return "if " + p.condition(in.If)
	}
	args := p.values(in.Args)
	if in.Result != nil {
		b.WriteString(p.value(in.Result) + " = ")
	}
	b.WriteString(in.Op.String())
	switch in.Op {
	case Const:
		b.WriteString(" " + constText(in))
	case Index:
		fmt.Fprintf(&b, " %s", in.Index)
	case Bind:
		fmt.Fprintf(&b, " %s = %s in %s..%s", in.Symbol, args, in.Least, in.Most)
		if in.Buffer != nil {
			fmt.Fprintf(&b, " else %s", in.Buffer.Name)
		}
	case Within:
		fmt.Fprintf(&b, " %s%s in %s..%s", in.Index, strideText(in), in.Least, in.Most)
	case Load, TileLoad, Store, TileStore:
		b.WriteString(" " + p.place(in))
		if len(args) > 0 {
			b.WriteString(" = " + args)
		}
		if in.Mask != nil {
			b.WriteString(" where " + p.value(in.Mask))
		}
	default:
		if len(args) > 0 {
			b.WriteString(" " + args)
		}
		if in.Op == Shuffle {
			fmt.Fprintf(&b, " lanes %v", in.Lane)
		}
	}
	if in.Result != nil {
		b.WriteString(" : " + in.Result.Type.String())
	}
	return b.String()
}

func (p *printer) place(in *Instr) string {
	name := "?"
	if in.Buffer != nil {
		name = in.Buffer.Name
	}
	order := ""
	if in.Transposed {
		order = " transposed"
	}
	return fmt.Sprintf("%s[%s%s]%s", name, in.Index, strideText(in), order)
}

// strideText is left out for neighbours.
func strideText(in *Instr) string {
	if in.Stride.Equal(ir.Const(1)) {
		return ""
	}
	return " by " + in.Stride.String()
}

func constText(in *Instr) string {
	switch {
	case in.Result == nil:
		return "?"
	case in.Result.Type.Elem.IsFloat():
		return host.FormatFloat(in.Number, in.Result.Type.Elem)
	case in.Result.Type.Elem == host.U64:
		return strconv.FormatUint(uint64(in.Int), 10)
	case in.Result.Type.Elem == host.Bool:
		return strconv.FormatBool(in.Int != 0)
	}
	return strconv.FormatInt(in.Int, 10)
}
