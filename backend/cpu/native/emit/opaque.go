package emit

import (
	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// pointer is LLVM's opaque pointer, which llir, a model of LLVM 14, does not have.
type pointer struct{}

func (pointer) String() string          { return "ptr" }
func (pointer) LLString() string        { return "ptr" }
func (pointer) Name() string            { return "" }
func (pointer) SetName(string)          {}
func (pointer) Equal(t types.Type) bool { _, ok := t.(pointer); return ok }

// rawType is a type that llir does not have, by its text.
type rawType string

func (t rawType) String() string          { return string(t) }
func (t rawType) LLString() string        { return string(t) }
func (rawType) Name() string              { return "" }
func (rawType) SetName(string)            {}
func (t rawType) Equal(u types.Type) bool { return types.Type(t) == u }

// address is base plus an index of elements. It is not said to lie in bounds: sums of some parts of an index need not, nor need the lanes
// that a mask leaves out, such as those of padding. llir's own constructor knows typed pointers only.
func (g *gen) address(elem types.Type, base, index value.Value) value.Value {
	inst := &ir.InstGetElementPtr{ElemType: elem, Src: base, Indices: []value.Value{index}, Typ: pointer{}}
	g.block.Insts = append(g.block.Insts, inst)
	return inst
}

// store writes a value. llir's own constructor knows typed pointers only.
func (g *gen) store(v, at value.Value, align int) {
	g.block.Insts = append(g.block.Insts, &ir.InstStore{Src: v, Dst: at, Align: ir.Align(align)})
}

// load reads a value.
func (g *gen) load(t types.Type, at value.Value, align int) value.Value {
	inst := g.block.NewLoad(t, at)
	inst.Align = ir.Align(align)
	return inst
}

// typed corrects the type of an address that was computed from a vector of indices.
func typed(at value.Value, t types.Type) value.Value {
	at.(*ir.InstGetElementPtr).Typ = t
	return at
}
