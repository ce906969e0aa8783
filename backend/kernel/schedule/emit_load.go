package schedule

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// computeElem is the type that numbers of an element type are computed in: f32 for narrower floats, a byte for codes.
func computeElem(e host.Elem) host.Elem {
	switch {
	case e.IsFloat() && e.Bits() < 32:
		return host.F32
	case e.Packed() && e.Kind() == host.KindInt:
		return host.I8
	case e.Packed():
		return host.U8
	}
	return e
}

// storageElem is the type of a buffer with such elements: bytes for codes that are narrower than one, and for 8-bit floats.
func storageElem(e host.Elem) host.Elem {
	if e.Bits() < 8 || e.IsFloat() && e.Bits() == 8 {
		return host.U8
	}
	return e
}

// storageLen is the number of such elements in a dense tensor. Rows of codes narrower than a byte end with a whole one.
func storageLen(t ir.Type) ir.Dim {
	if !t.Elem.Packed() || t.Rank() == 0 {
		return t.NumElements()
	}
	return product(t.Shape[:t.Rank()-1]).Mul(rowBytes(t))
}

func rowBytes(t ir.Type) ir.Dim {
	return t.Shape[t.Rank()-1].Mul(ir.Const(int64(t.Elem.Bits()))).Add(ir.Const(7)).FloorDiv(ir.Const(8))
}

// computable refuses element types that arithmetic does not have.
func computable(op *ir.Op, e host.Elem) error {
	if e.IsComplex() || e.Packed() {
		return reason(op, "there is no arithmetic on %s", e)
	}
	return nil
}

// loadParam loads elements of a parameter as numbers to compute with.
func (e *emitter) loadParam(v *ir.Value, p point) (*kernel.Value, error) {
	t, buf := v.Type, e.buffers[v.Index]
	switch {
	case t.Elem.IsComplex():
		return nil, errComplex
	case t.Elem.Packed():
		return e.loadPacked(t, buf, p)
	}
	return e.widen(t.Elem, e.load(buf, p.linear())), nil
}

// load reads the lanes that the conditions allow.
func (e *emitter) load(buf *kernel.Buffer, at part) *kernel.Value {
	lanes := e.lanes
	if isZero(at.step) {
		lanes = 1
	}
	if slices.ContainsFunc(e.conds, cond.never) {
		return e.Number(kernel.Type{Elem: buf.Elem, Lanes: lanes}, 0)
	}
	step := at.step
	if lanes == 1 {
		step = one
	}
	return e.LoadLanes(buf, at.at, step, lanes, e.mask(e.checked(e.conds, at.at, step, buf), lanes))
}

// checked adds the bounds of the buffer themselves to the conditions of an access, where proofs are not found.
func (e *emitter) checked(conds []cond, at, step ir.Dim, buf *kernel.Buffer) []cond {
	if !e.checks {
		return conds
	}
	return append(slices.Clip(conds), cond{at: at, step: step, least: zero, most: buf.Len.Sub(one)})
}

// never reports a condition that numbers alone refute.
func (c cond) never() bool {
	at, fixed := c.at.IsConst()
	least, from := c.least.IsConst()
	most, to := c.most.IsConst()
	return isZero(c.step) && fixed && (from && at < least || to && at > most)
}

// widen makes stored elements numbers to compute with.
func (e *emitter) widen(elem host.Elem, v *kernel.Value) *kernel.Value {
	if f, ok := codeFloats[elem]; ok {
		return f.decode(e, v)
	}
	if elem == host.F8E8M0 {
		return e.powerOfTwo(v)
	}
	return e.Cast(v, computeElem(elem))
}

// codeFloat says how to read a narrow float: its exponent and mantissa, moved to the place they have in an f32, give the
// number divided by scale, subnormal ones too.
type codeFloat struct {
	shift int
	scale float64
	sign  bool
	nan   int64 // the code without its sign that is NaN; -1: none
	inf   int64 // the code that is infinite, above which all are NaN; -1: none
}

var codeFloats = map[host.Elem]codeFloat{
	host.F8E4M3: {shift: 20, scale: 0x1p120, sign: true, nan: 0x7f, inf: -1},
	host.F8E5M2: {shift: 21, scale: 0x1p112, sign: true, nan: -1, inf: 0x7c},
	host.F4E2M1: {shift: 22, scale: 0x1p126, sign: true, nan: -1, inf: -1},
}

func (f codeFloat) decode(e *emitter, code *kernel.Value) *kernel.Value {
	c := e.Cast(code, host.I32)
	n := func(x int64) *kernel.Value { return e.Int(c.Type, x) }
	top := int64(0x80)
	if f.shift == 22 {
		top = 8
	}
	size := e.Op(kernel.And, c, n(top-1))
	x := e.Bits(e.Op(kernel.ShiftLeft, size, n(int64(f.shift))), host.F32)
	x = e.Op(kernel.Mul, x, e.Float(x.Type, f.scale))
	if f.nan >= 0 {
		x = e.Select(e.Op(kernel.Equal, size, n(f.nan)), e.Float(x.Type, math.NaN()), x)
	}
	if f.inf >= 0 {
		x = e.Select(e.Op(kernel.Equal, size, n(f.inf)), e.Float(x.Type, math.Inf(1)), x)
		x = e.Select(e.Op(kernel.Less, n(f.inf), size), e.Float(x.Type, math.NaN()), x)
	}
	negative := e.Op(kernel.Less, n(top-1), e.Op(kernel.And, c, n(2*top-1)))
	return e.Select(negative, e.Op(kernel.Neg, x), x)
}

// powerOfTwo reads an f8e8m0: 2^(code-127), the least of which is no normal f32, and NaN.
func (e *emitter) powerOfTwo(code *kernel.Value) *kernel.Value {
	c := e.Cast(code, host.I32)
	bits := e.Op(kernel.ShiftLeft, c, e.Int(c.Type, 23))
	bits = e.Select(e.Op(kernel.Equal, c, e.Int(c.Type, 0)), e.Int(c.Type, 1<<22), bits)
	x := e.Bits(bits, host.F32)
	return e.Select(e.Op(kernel.Equal, c, e.Int(c.Type, 255)), e.Float(x.Type, math.NaN()), x)
}

// loadPacked reads codes that are narrower than a byte.
func (e *emitter) loadPacked(t ir.Type, buf *kernel.Buffer, p point) (*kernel.Value, error) {
	if t.Rank() == 0 {
		p = point{origin()}
		t = t.WithShape(one)
	}
	p, err := p.cut(t.Shape, t.Rank()-1)
	if err != nil {
		return nil, err
	}
	col := p[len(p)-1]
	row := p[:len(p)-1].linear()
	bits := int64(t.Elem.Bits())
	var code *kernel.Value
	switch {
	case p.uniform():
		code = e.loadCode(t, buf, row.at, col.at)
	case isZero(row.step) && isOne(col.step) && 8%bits == 0 && isZero(col.at.Mod(ir.Const(8/bits))) && int64(e.lanes)%(8/bits) == 0:
		code = e.loadCodes(t, buf, row.at, col.at)
	default:
		return nil, errLanes
	}
	if t.Elem == host.F4E2M1 {
		return codeFloats[t.Elem].decode(e, code), nil
	}
	if t.Elem.Kind() == host.KindInt { // extend the sign
		code = e.Bits(code, host.I8)
		by := e.Int(code.Type, 8-bits)
		return e.Op(kernel.ShiftRight, e.Op(kernel.ShiftLeft, code, by), by), nil
	}
	return code, nil
}

// loadCodes reads neighbouring codes from the first bit of a byte on: every byte goes to the lanes of its codes, which take
// their bits by a shift.
func (e *emitter) loadCodes(t ir.Type, buf *kernel.Buffer, row, col ir.Dim) *kernel.Value {
	bits := int64(t.Elem.Bits())
	each := int(8 / bits)
	bytes := e.lanes / each
	byteAt := col.FloorDiv(ir.Const(int64(each)))
	var mask *kernel.Value
	if len(e.conds) > 0 {
		mask = e.Within(bytes, byteAt, one, zero, rowBytes(t).Sub(one))
		if same := e.mask(sameForAll(e.conds), bytes); same != nil {
			mask = e.Op(kernel.And, mask, same)
		}
	}
	packed := e.LoadLanes(buf, row.Mul(rowBytes(t)).Add(byteAt), one, bytes, mask)
	from := make([]int, e.lanes)
	for i := range from {
		from[i] = i / each
	}
	wide := e.Shuffle(packed, nil, from...)
	which := e.Op(kernel.And, e.Cast(e.Lanes(kernel.Type{Elem: host.I32, Lanes: e.lanes}), host.U8), e.Int(wide.Type, int64(each-1)))
	shifted := e.Op(kernel.ShiftRight, wide, e.Op(kernel.Mul, which, e.Int(wide.Type, bits)))
	return e.Op(kernel.And, shifted, e.Int(wide.Type, 1<<bits-1))
}

func sameForAll(conds []cond) []cond {
	var same []cond
	for _, c := range conds {
		if isZero(c.step) {
			same = append(same, c)
		}
	}
	return same
}

// loadCode reads one code, which may lie in two bytes.
func (e *emitter) loadCode(t ir.Type, buf *kernel.Buffer, row, col ir.Dim) *kernel.Value {
	bits := int64(t.Elem.Bits())
	bit := col.Mul(ir.Const(bits))
	at := bit.FloorDiv(ir.Const(8))
	start := row.Mul(rowBytes(t))
	read := func(at ir.Dim) *kernel.Value {
		v := e.LoadLanes(buf, start.Add(at), one, 1, e.mask(e.conds, 1))
		return e.Cast(v, host.I32)
	}
	word := read(at)
	if 8%bits != 0 {
		next := read(at.Add(one).Min(rowBytes(t).Sub(one)))
		word = e.Op(kernel.Or, word, e.Op(kernel.ShiftLeft, next, e.Int(next.Type, 8)))
	}
	word = e.Op(kernel.ShiftRight, word, e.Index(host.I32, bit.Sub(at.Mul(ir.Const(8)))))
	return e.Cast(e.Op(kernel.And, word, e.Int(word.Type, 1<<bits-1)), host.U8)
}

// narrow makes a number the element that is stored.
func (e *emitter) narrow(elem host.Elem, v *kernel.Value) *kernel.Value {
	return e.Cast(v, storageElem(elem))
}
