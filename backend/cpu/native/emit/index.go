package emit

import (
	"fmt"
	"strings"

	llvm "github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// scope is a stretch of code whose values dominate what follows in it: the function, or the body of a loop or branch.
// What an index needs is computed in the outermost scope that knows its symbols, so that loops do not repeat it.
type scope struct {
	block   *llvm.Block // where it has got to; the block before the inner loop that is being written
	symbols map[string]value.Value
	cache   map[string]value.Value // index expressions and addresses by their text
}

// define makes a symbol known in the innermost scope, with its range for the proofs.
func (g *gen) define(name string, v value.Value, least, most ir.Dim) {
	lo, _ := g.sizes.Range(least)
	_, hi := g.sizes.Range(most)
	g.sizes = g.sizes.With([]*ir.DimDecl{{Name: name, Min: lo, Max: max(lo, hi)}}, nil)
	g.scopes[len(g.scopes)-1].symbols[name] = v
}

// level is the innermost scope that a dim's symbols come from.
func (g *gen) level(d ir.Dim) int {
	level := 0
	for _, name := range d.Symbols() {
		level = max(level, g.levelOf(name))
	}
	return level
}

func (g *gen) levelOf(name string) int {
	for i := len(g.scopes) - 1; i >= 0; i-- {
		if g.scopes[i].symbols[name] != nil {
			return i
		}
	}
	refuse("the symbol %s is not known here", name)
	return 0
}

// at runs fn with instructions going to a scope, and remembers what it gives under a text.
func (g *gen) at(level int, text string, fn func() value.Value) value.Value {
	s := g.scopes[level]
	if v := s.cache[text]; v != nil {
		return v
	}
	here := g.block
	if level < len(g.scopes)-1 {
		g.block = s.block
	}
	v := fn()
	g.block = here
	s.cache[text] = v
	return v
}

// dim computes an index or size as an i64.
func (g *gen) dim(d ir.Dim) value.Value {
	d = d.Subst(g.fixed)
	if err := d.Err(); err != nil {
		refuse("%v", err)
	}
	var sum value.Value
	text := ""
	parts, c := g.byLevel(d)
	for level, part := range parts {
		for _, t := range part {
			text += "+" + termText(t)
			before := sum
			sum = g.at(level, text, func() value.Value {
				v := g.term(t)
				if before == nil {
					return v
				}
				return g.block.NewAdd(before, v)
			})
		}
	}
	number := constant.NewInt(types.I64, c)
	switch {
	case sum == nil:
		return number
	case c == 0:
		return sum
	}
	return g.at(g.level(d), fmt.Sprintf("%s%+d", text, c), func() value.Value { return g.block.NewAdd(sum, number) })
}

// byLevel sorts the terms of a dim by the scope that they can be computed in.
func (g *gen) byLevel(d ir.Dim) ([][]ir.DimTerm, int64) {
	terms, c := d.Terms()
	parts := make([][]ir.DimTerm, len(g.scopes))
	for _, t := range terms {
		level := 0
		for _, f := range t.Factors {
			if f.Kind == ir.FactorSymbol {
				level = max(level, g.levelOf(f.Name))
			}
			for _, a := range f.Args {
				level = max(level, g.level(a))
			}
		}
		parts[level] = append(parts[level], t)
	}
	return parts, c
}

func termText(t ir.DimTerm) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", t.Coef)
	for _, f := range t.Factors {
		fmt.Fprintf(&b, "*%d%s", f.Kind, f.Name)
		for _, a := range f.Args {
			fmt.Fprintf(&b, "(%s)", a)
		}
	}
	return b.String()
}

func (g *gen) term(t ir.DimTerm) value.Value {
	var v value.Value
	for _, f := range t.Factors {
		x := g.factor(f)
		if v == nil {
			v = x
		} else {
			v = g.block.NewMul(v, x)
		}
	}
	if t.Coef == 1 {
		return v
	}
	return g.block.NewMul(v, constant.NewInt(types.I64, t.Coef))
}

func (g *gen) factor(f ir.DimFactor) value.Value {
	switch f.Kind {
	case ir.FactorSymbol:
		return g.scopes[g.levelOf(f.Name)].symbols[f.Name]
	case ir.FactorFloorDiv:
		return g.floorDiv(f.Args[0], f.Args[1])
	case ir.FactorMin, ir.FactorMax:
		pred := enum.IPredSLT
		if f.Kind == ir.FactorMax {
			pred = enum.IPredSGT
		}
		v := g.dim(f.Args[0])
		for _, a := range f.Args[1:] {
			w := g.dim(a)
			v = g.choose(g.icmp(pred, v, w), v, w)
		}
		return v
	}
	refuse("an index rounds a float")
	return nil
}

// floorDiv rounds down, and never traps: where it is computed ahead of a condition, the divisor may be 0.
func (g *gen) floorDiv(num, den ir.Dim) value.Value {
	a, b := g.dim(num), g.dim(den)
	positive := g.sizes.Prove(ir.Cond{Left: ir.Const(0), Rel: ir.RelLE, Right: num}) == ir.True
	n, isConst := den.IsConst()
	switch {
	case isConst && n > 0 && n&(n-1) == 0:
		shift := int64(0)
		for ; n > 1; n >>= 1 {
			shift++
		}
		return g.ashr(a, shift)
	case isConst && n > 0 && positive:
		return g.block.NewUDiv(a, b)
	}
	one := constant.NewInt(types.I64, 1)
	if !isConst || n == 0 {
		b = g.choose(g.icmp(enum.IPredEQ, b, constant.NewInt(types.I64, 0)), one, b)
	}
	q := g.block.NewSDiv(a, b)
	r := g.sub(a, g.mul(q, b))
	inexact := g.icmp(enum.IPredNE, r, constant.NewInt(types.I64, 0))
	down := g.block.NewAnd(inexact, g.icmp(enum.IPredSLT, g.xor(r, b), constant.NewInt(types.I64, 0)))
	return g.sub(q, g.block.NewZExt(down, types.I64))
}

// pointerTo is the address of an element of a buffer. The parts of the index are added from the outermost scope inwards,
// its constant last, so that the machine's addressing does the rest.
func (g *gen) pointerTo(b *kernel.Buffer, index ir.Dim) value.Value {
	index = index.Subst(g.fixed)
	if err := index.Err(); err != nil {
		refuse("%v", err)
	}
	elem := stored(b.Elem)
	at, text := g.buffers[b], "&"+b.Name
	parts, c := g.byLevel(index)
	for level, part := range parts {
		for _, t := range part {
			text += "+" + termText(t)
			base := at
			at = g.at(level, text, func() value.Value { return g.address(elem, base, g.term(t)) })
		}
	}
	if c == 0 {
		return at
	}
	return g.address(elem, at, constant.NewInt(types.I64, c))
}

var relations = map[ir.Relation]enum.IPred{
	ir.RelEQ: enum.IPredEQ, ir.RelNE: enum.IPredNE, ir.RelLT: enum.IPredSLT,
	ir.RelLE: enum.IPredSLE, ir.RelGT: enum.IPredSGT, ir.RelGE: enum.IPredSGE,
}

func (g *gen) holds(c ir.Cond) value.Value {
	return g.icmp(relations[c.Rel], g.dim(c.Left), g.dim(c.Right))
}

// bind clamps an integer to a range and makes it a symbol.
func (g *gen) bind(in *kernel.Instr) {
	v := g.values[in.Args[0]]
	if w := widthOf(v); w < 64 {
		if signed(in.Args[0].Type.Elem) {
			v = g.block.NewSExt(v, types.I64)
		} else {
			v = g.block.NewZExt(v, types.I64)
		}
	}
	least, most := g.dim(in.Least), g.dim(in.Most)
	below, above := enum.IPredSLT, enum.IPredSGT
	low := g.icmp(below, v, least)
	high := g.icmp(above, v, most)
	if in.Args[0].Type.Elem.Bits() == 64 && !signed(in.Args[0].Type.Elem) { // what looks negative is very large
		wraps := g.icmp(enum.IPredSLT, v, constant.NewInt(types.I64, 0))
		high = g.or(high, wraps)
		low = g.and(low, g.xor(wraps, constant.NewBool(true)))
	}
	bound := g.choose(low, least, g.choose(high, most, v))
	if in.Buffer != nil {
		bad, done := g.fn.NewBlock(""), g.fn.NewBlock("")
		g.block.NewCondBr(g.or(low, high), bad, done)
		one := constant.NewInt(stored(in.Buffer.Elem).(*types.IntType), 1)
		bad.Insts = append(bad.Insts, &llvm.InstStore{Src: one, Dst: g.buffers[in.Buffer], Align: llvm.Align(in.Buffer.Elem.Bytes())})
		bad.NewBr(done)
		g.continueAt(done)
	}
	g.define(in.Symbol, bound, in.Least, in.Most)
}
