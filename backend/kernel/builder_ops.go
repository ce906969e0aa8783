package kernel

import (
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Op appends an operation that needs only arguments, such as Add or Exp, and gives its result. Of constants it gives a constant.
func (b *Builder) Op(op Op, args ...*Value) *Value { return b.emit(&Instr{Op: op, Args: args}, Type{}) }

// Float is a constant f32 or f64.
func (b *Builder) Float(t Type, x float64) *Value {
	if t.Elem == host.F32 {
		x = float64(float32(x))
	}
	return b.emit(&Instr{Op: Const, Number: x}, t)
}

// Int is a constant integer, kept to the type's low bits, or a bool.
func (b *Builder) Int(t Type, n int64) *Value {
	return b.emit(&Instr{Op: Const, Int: int64(wrapInt(t.Elem, uint64(n)))}, t)
}

// Number is a constant of any type that arithmetic has: x as Float or Int take it.
func (b *Builder) Number(t Type, x float64) *Value {
	if t.Elem.IsFloat() {
		return b.Float(t, x)
	}
	return b.Int(t, int64(x))
}

// Index is an index expression as an integer, i64 or i32.
func (b *Builder) Index(e host.Elem, i ir.Dim) *Value {
	return b.emit(&Instr{Op: Index, Index: i}, Type{e, 1})
}

// Bind makes an integer an index symbol in least..most. A number outside is clamped, and 1 is written to the first element
// of status, unless that is nil.
func (b *Builder) Bind(v *Value, name string, least, most ir.Dim, status *Buffer) ir.Dim {
	in := &Instr{Op: Bind, Args: []*Value{v}, Symbol: b.unique(name), Least: least, Most: most, Buffer: status}
	b.emit(in, Type{})
	return ir.Sym(in.Symbol)
}

// Within is the mask that is true in lane i where least <= at + stride*i <= most.
func (b *Builder) Within(lanes int, at, stride, least, most ir.Dim) *Value {
	return b.emit(&Instr{Op: Within, Index: at, Stride: stride, Least: least, Most: most}, Type{host.Bool, lanes})
}

// Tail is the mask of the lanes with at + i < extent: for the last vector of a loop.
func (b *Builder) Tail(lanes int, at, extent ir.Dim) *Value {
	return b.Within(lanes, at, ir.Const(1), ir.Const(0), extent.Sub(ir.Const(1)))
}

// Load reads a run of elements, or one.
func (b *Builder) Load(buf *Buffer, at ir.Dim, lanes int) *Value {
	return b.LoadLanes(buf, at, ir.Const(1), lanes, nil)
}

// LoadLanes reads the elements at, at+stride, ...; where there is a mask and it is false, the lane is zero.
func (b *Builder) LoadLanes(buf *Buffer, at, stride ir.Dim, lanes int, mask *Value) *Value {
	return b.emit(&Instr{Op: Load, Buffer: buf, Index: at, Stride: stride, Mask: mask}, Type{Lanes: lanes})
}

// Store writes a run of elements, or one.
func (b *Builder) Store(buf *Buffer, at ir.Dim, v *Value) {
	b.StoreLanes(buf, at, ir.Const(1), v, nil)
}

// StoreLanes writes lanes to at, at+stride, ...; where there is a mask and it is false, nothing is written.
func (b *Builder) StoreLanes(buf *Buffer, at, stride ir.Dim, v, mask *Value) {
	b.emit(&Instr{Op: Store, Args: []*Value{v}, Buffer: buf, Index: at, Stride: stride, Mask: mask}, Type{})
}

// Splat is one number in every lane; with one lane, the number itself.
func (b *Builder) Splat(v *Value, lanes int) *Value {
	if lanes == 1 {
		return v
	}
	return b.emit(&Instr{Op: Splat, Args: []*Value{v}}, Type{v.Type.Elem, lanes})
}

// Lanes are the integers 0, 1, ..., one a lane.
func (b *Builder) Lanes(t Type) *Value { return b.emit(&Instr{Op: Lanes}, t) }

// Shuffle gives lanes of a, or of a and c one behind the other; c may be nil.
func (b *Builder) Shuffle(a, c *Value, lane ...int) *Value {
	args := []*Value{a}
	if c != nil {
		args = append(args, c)
	}
	return b.emit(&Instr{Op: Shuffle, Args: args, Lane: lane}, Type{})
}

// Cast converts to another element type; to its own it is the value itself, and of a number of 16 bits that was made an f32, the former.
func (b *Builder) Cast(v *Value, e host.Elem) *Value {
	if v.Type.Elem == e {
		return v
	}
	if halfBit(e) != 0 && v.Type.Elem == host.F32 {
		if h := b.halves[v]; h.narrow != nil && h.narrow.Type.Elem == e {
			return h.narrow
		}
		v = b.unrounded(v, e, map[*Value]*Value{})
	}
	return b.emit(&Instr{Op: Cast, Args: []*Value{v}}, Type{Elem: e})
}

// Bits reads the bits as another element type of the same width.
func (b *Builder) Bits(v *Value, e host.Elem) *Value {
	if v.Type.Elem == e {
		return v
	}
	return b.emit(&Instr{Op: Bits, Args: []*Value{v}}, Type{Elem: e})
}

// Select gives a where the condition is true, else c.
func (b *Builder) Select(cond, a, c *Value) *Value { return b.Op(Select, cond, a, c) }

// TileLoad reads an 8x8 matrix whose rows lie stride elements apart.
func (b *Builder) TileLoad(buf *Buffer, at, stride ir.Dim) *Value {
	return b.emit(&Instr{Op: TileLoad, Buffer: buf, Index: at, Stride: stride}, Type{})
}

// TileStore writes an 8x8 matrix.
func (b *Builder) TileStore(buf *Buffer, at, stride ir.Dim, v *Value) {
	b.emit(&Instr{Op: TileStore, Args: []*Value{v}, Buffer: buf, Index: at, Stride: stride}, Type{})
}

// TileLoadTransposed reads an 8x8 matrix whose columns lie stride elements apart.
func (b *Builder) TileLoadTransposed(buf *Buffer, at, stride ir.Dim) *Value {
	return b.emit(&Instr{Op: TileLoad, Buffer: buf, Index: at, Stride: stride, Transposed: true}, Type{})
}

// Tile is an 8x8 matrix of f32 with a number in every place.
func (b *Builder) Tile(x float64) *Value { return b.Float(Type{host.F32, tileLanes}, x) }

// Barrier makes the threads of a group wait for each other.
func (b *Builder) Barrier() { b.emit(&Instr{Op: Barrier}, Type{}) }

// ConstOf gives the number of a constant.
func (b *Builder) ConstOf(v *Value) (float64, bool) {
	in := b.consts[v]
	switch {
	case in == nil:
		return 0, false
	case v.Type.Elem.IsFloat():
		return in.Number, true
	case v.Type.Elem == host.U64:
		return float64(uint64(in.Int)), true
	}
	return float64(in.Int), true
}

// fold computes an operation on constants, all of whose lanes are equal.
func (b *Builder) fold(in *Instr, t Type) *Value {
	eval := lanewise[in.Op]
	if eval == nil || t == (Type{}) || len(b.errs) > 0 {
		return nil
	}
	args := make([]uint64, len(in.Args))
	for i, a := range in.Args {
		c := b.consts[a]
		if c == nil {
			return nil
		}
		args[i] = constBits(c, a.Type.Elem)
	}
	bits := eval(in.Args[0].Type.Elem, t.Elem, args)
	if t.Elem.IsFloat() {
		x := fromBits(t.Elem, bits)
		if math.IsNaN(x) || t.Elem == host.F16 || t.Elem == host.BF16 {
			return nil // which NaN it is, and rounding to half, is left to the target
		}
		return b.Float(t, x)
	}
	return b.Int(t, int64(bits))
}
