package passes

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
	"github.com/aiopt/aiopt/passes/weights"
)

// Pack is the pass `pack`.
func Pack() *pass.Pass {
	p := &pass.Pass{
		Name: "pack",
		Doc: "Store codes, palette indices, masks and zero points in as few bits as their values need, and leave out zero points " +
			"that are all zero. PyTorch keeps each of these in a byte or more, 4-bit weights too. The results are the same bits.",
		NeedsLowered: true,
	}
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		k := &packer{ctx: ctx, m: m, constants: weights.ConstantsOf(m), kernels: map[*ir.Op]bool{}}
		return k.run()
	}
	return p
}

// packable are the operands that may be integers of any width, with the same result.
var packable = map[*ir.OpDef][]int{
	quant.Dequantize:    {0, 2},
	quant.Lookup:        {0},
	quant.SparseToDense: {1},
}

// zeroPoint is the operand of quant.dequantize that may be left out.
const zeroPoint = 2

func isZeroPoint(u ir.Use) bool { return u.Op.Is(quant.Dequantize) && u.Index == zeroPoint }

type packer struct {
	ctx       *pass.Context
	m         *ir.Module
	constants map[string][]*ir.Op // the operations that give a resource
	kernels   map[*ir.Op]bool     // those that changed

	done          int
	before, after int64
}

func (p *packer) run() error {
	all := slices.Clone(p.m.Resources)
	for _, parameters := range []bool{true, false} { // which codes whose axes are joined would hide behind reshapes
		for i, r := range all {
			if parameters {
				i = 0
			}
			p.ctx.Step("pack", i, len(all))
			if err := p.ctx.Err(); err != nil {
				return err
			}
			if err := p.pack(r, parameters); err != nil {
				return fmt.Errorf("@%s: %w", r.Name, err)
			}
		}
	}
	p.ctx.Step("pack", len(all), len(all))
	p.m.Walk(func(op *ir.Op) {
		if p.kernels[op] {
			rewrite.CanonKernel(op)
		}
	})
	removeDead(p.m, "pack")
	if p.done > 0 {
		p.ctx.Reportf("pack: stored %d tensors in fewer bits: %s to %s", p.done, host.SizeText(p.before), host.SizeText(p.after))
	}
	return nil
}

// pack stores one resource in as few bits as its values need, if nothing reads it but operations that do not mind: those
// that are zero points, or the others.
func (p *packer) pack(r *ir.Resource, parameters bool) error {
	uses, ok := p.uses(r)
	zeros := !slices.ContainsFunc(uses, func(u ir.Use) bool { return !isZeroPoint(u) })
	ok = ok && zeros == parameters
	shape, static := r.Type.Static()
	if !ok || len(uses) == 0 || !static || len(shape) == 0 || r.Type.Elem != host.Bool && !r.Type.Elem.IsInt() || r.Type.Elem.Packed() {
		return nil
	}
	t, err := r.Tensor()
	if err != nil || t.Len() == 0 {
		return err
	}
	least, most := integerRange(t)
	was := int64(t.Len() * t.Elem.Bytes())
	if least == 0 && most == 0 && zeros {
		for _, u := range uses {
			dropZeroPoint(u.Op)
		}
		p.count(was, 0)
		return nil
	}
	elem, ok := fewestBits(least, most)
	if !ok || elem.Bits() >= 8*t.Elem.Bytes() {
		return nil
	}
	if elem.Packed() {
		shape = packedShape(shape, uses)
	}
	stored, err := narrowed(t, shape, elem)
	if err != nil || int64(len(stored.Bytes())) >= was {
		return err
	}
	p.count(was, int64(len(stored.Bytes())))
	return p.replace(r, stored, uses)
}

func (p *packer) count(before, after int64) {
	p.done++
	p.before += before
	p.after += after
}

// uses lists what reads a resource, in kernels too; ok reports that all of it takes integers of any width.
func (p *packer) uses(r *ir.Resource) (uses []ir.Use, ok bool) {
	if slices.ContainsFunc(p.m.States, func(s *ir.State) bool { return s.Init == r.Name }) {
		return nil, false
	}
	ok = true
	var follow func(v *ir.Value)
	follow = func(v *ir.Value) {
		for _, u := range v.Uses() {
			switch {
			case u.Op.Is(core.Kernel):
				p.kernels[u.Op] = true
				follow(u.Op.Bodies[0].Params[u.Index].Value)
			case slices.Contains(packable[u.Op.Def], u.Index):
				uses = append(uses, u)
			default:
				ok = false
			}
		}
	}
	for _, c := range p.constants[r.Name] {
		follow(c.Result())
	}
	return uses, ok
}

// integerRange gives the least and the greatest element.
func integerRange(t *host.Tensor) (least, most int64) {
	least, most = host.IntAt(t, 0), host.IntAt(t, 0)
	if t.Elem == host.I8 {
		for _, b := range t.Bytes() {
			least, most = min(least, int64(int8(b))), max(most, int64(int8(b)))
		}
		return least, most
	}
	if t.Elem == host.U8 || t.Elem == host.Bool {
		for _, b := range t.Bytes() {
			least, most = min(least, int64(b)), max(most, int64(b))
		}
		return least, most
	}
	for i := range t.Len() {
		v := host.IntAt(t, i)
		least, most = min(least, v), max(most, v)
	}
	return least, most
}

var (
	signedElems   = []host.Elem{host.I1, host.I2, host.I3, host.I4, host.I5, host.I6, host.I7, host.I8}
	unsignedElems = []host.Elem{host.U1, host.U2, host.U3, host.U4, host.U5, host.U6, host.U7, host.U8}
)

// fewestBits is the type of at most 8 bits that holds the numbers from least to most.
func fewestBits(least, most int64) (host.Elem, bool) {
	list, n := unsignedElems, bits.Len64(uint64(most))
	if least < 0 {
		list, n = signedElems, 1+bits.Len64(uint64(max(most, ^least)))
	}
	if n > len(list) {
		return host.Invalid, false
	}
	return list[max(n, 1)-1], true
}

// packedShape is the shape in which codes are stored: rows are padded to a byte, so axes at the end that share their
// parameters become one.
func packedShape(shape []int, uses []ir.Use) []int {
	var stored []int
	for i, u := range uses {
		s := shape
		if parameters, ok := parametersOf(u); ok {
			block := slices.Clone(shape)
			for _, v := range parameters {
				for axis := range shape {
					if n, ok := v.Type.Shape[axis].IsConst(); !ok || n == 0 || shape[axis]%int(n) != 0 {
						return shape
					} else if n != 1 {
						block[axis] = shape[axis] / int(n)
					}
				}
			}
			s, _ = compress.StoredShape(shape, block)
		}
		if i > 0 && !slices.Equal(s, stored) {
			return shape
		}
		stored = s
	}
	return stored
}

// parametersOf are the operands whose axes follow those of the codes u.Index of u.Op. It reports false for codes that keep
// their shape: parameters themselves, and indices of vectors.
func parametersOf(u ir.Use) ([]*ir.Value, bool) {
	switch {
	case u.Op.Is(quant.SparseToDense):
		return nil, true
	case u.Op.Is(quant.Lookup):
		lut := u.Op.Operands[1]
		return []*ir.Value{lut}, isOne(lut.Type.Shape[lut.Type.Rank()-1])
	case u.Index == 0:
		return slices.DeleteFunc(slices.Clone(u.Op.Operands[1:]), func(v *ir.Value) bool { return v == nil }), true
	}
	return nil, false
}

// narrowed is t with another element type that holds its values, and another shape.
func narrowed(t *host.Tensor, shape []int, e host.Elem) (*host.Tensor, error) {
	if t.Elem == host.Bool {
		bytes, err := host.FromBytes(host.U8, t.Shape, t.Bytes())
		if err != nil {
			return nil, err
		}
		t = bytes
	}
	t, err := t.Reshape(shape)
	if err != nil {
		return nil, err
	}
	if e.Packed() {
		return host.Pack(t, e)
	}
	out := host.New(e, shape...)
	return out, host.Cast(host.Serial, out, t)
}

// replace puts stored in the place of a resource.
func (p *packer) replace(r *ir.Resource, stored *host.Tensor, uses []ir.Use) error {
	same := r.Type.Rank() == len(stored.Shape)
	made := p.m.AddData(r.Name, stored)
	p.m.Resources = p.m.Resources[:len(p.m.Resources)-1]
	p.m.Resources[slices.Index(p.m.Resources, r)] = made
	made.Name = r.Name
	for _, c := range p.constants[r.Name] {
		op := ir.NewOp(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(made.Name))}, []ir.Type{made.Type}, nil, nil, c.Loc)
		c.Parent().InsertBefore(c, op)
		v := op.Result()
		v.Name = c.Result().Name
		v.AddClaims(c.Result().Claims...)
		retype(c.Result(), made.Type)
		c.Result().ReplaceAllUses(v)
		c.Parent().Erase(c)
	}
	if same {
		return nil
	}
	for _, u := range uses {
		if err := joinAxes(u.Op, len(stored.Shape)); err != nil {
			return u.Op.Errorf("%v", err)
		}
	}
	return nil
}

// retype gives the parameters of kernels that take v its new type.
func retype(v *ir.Value, t ir.Type) {
	for _, u := range v.Uses() {
		if u.Op.Is(core.Kernel) {
			u.Op.Bodies[0].Params[u.Index].Value.Type = t
		}
	}
}

// joinAxes decodes data whose axes from rank-1 on became one, and gives the result its old shape.
func joinAxes(op *ir.Op, rank int) error {
	b := ir.Before(op)
	b.Loc = op.Loc.By("pack")
	old, operands := op.Result(), slices.Clone(op.Operands)
	data := 0
	if op.Is(quant.SparseToDense) {
		data = 1
	}
	for i, v := range operands {
		if v == nil || i == data || op.Is(quant.SparseToDense) {
			continue
		}
		axes := old.Type.Rank() // of the data; a table has two more
		joined := ir.Const(1)
		for _, n := range v.Type.Shape[rank-1 : axes] {
			joined = joined.Mul(n)
		}
		shape := slices.Concat(v.Type.Shape[:rank-1], []ir.Dim{joined}, v.Type.Shape[axes:])
		r, err := b.Typed(tensor.Reshape, nil, v.Type.WithShape(shape...), v)
		if err != nil {
			return err
		}
		operands[i] = r
	}
	decoded, err := b.Typed(op.Def, op.Attrs, operands[data].Type.WithElem(old.Type.Elem), operands...)
	if err != nil {
		return err
	}
	w, err := b.Typed(tensor.Reshape, nil, old.Type, decoded)
	if err != nil {
		return err
	}
	w.Name = old.Name
	w.AddClaims(old.Claims...)
	old.ReplaceAllUses(w)
	op.Parent().Erase(op)
	return nil
}

// dropZeroPoint leaves out the zero point of a dequantization.
func dropZeroPoint(op *ir.Op) {
	operands := slices.Clone(op.Operands)
	if operands[zeroPoint] = nil; len(operands) == zeroPoint+1 {
		operands = operands[:zeroPoint]
	}
	op.SetOperands(operands...)
}
