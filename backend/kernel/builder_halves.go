package kernel

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// half is what is known of an f32 that stands for a number of 16 bits, so that none is rounded twice.
type half struct {
	elems  uint8  // the types that have the number, a bit each
	narrow *Value // the number in one of them, from which it was widened; nil where it was not
	before *Value // what was rounded to that number; nil where nothing was
	made   *Instr // how it was made of others, where rounding them first or the result gives the same
}

// halfBit is the bit of half.elems for a type; 0 for others than f16 and bf16.
func halfBit(e host.Elem) uint8 {
	switch e {
	case host.F16:
		return 1
	case host.BF16:
		return 2
	}
	return 0
}

// monotone are the operations that choose one of their arguments, or change its sign.
var monotone = []Op{Min, Max, Select, Neg, Abs}

// learn notes what an instruction tells of its result.
func (b *Builder) learn(in *Instr) {
	if in.Result.Type.Elem != host.F32 {
		return
	}
	h := half{}
	switch {
	case in.Op == Const:
		for _, e := range []host.Elem{host.F16, host.BF16} {
			if fromBits(e, toBits(e, in.Number)) == in.Number || math.IsNaN(in.Number) {
				h.elems |= halfBit(e)
			}
		}
	case in.Op == Cast:
		if h.elems = halfBit(in.Args[0].Type.Elem); h.elems != 0 {
			h.narrow = in.Args[0]
		}
	case in.Op == Splat || in.Op == Shuffle || slices.Contains(monotone, in.Op):
		h.elems = halfBit(host.F16) | halfBit(host.BF16)
		for _, a := range in.Args {
			if a.Type.Elem == host.F32 {
				h.elems &= b.halves[a].elems
			}
		}
		if slices.Contains(monotone, in.Op) {
			h.made = in
		}
	}
	if h != (half{}) {
		b.halves[in.Result] = h
	}
}

// Rounded is the f32 that is nearest to v among those that a type of 16 bits has: v itself where it is one of them.
func (b *Builder) Rounded(v *Value, to host.Elem) *Value {
	if b.halves[v].elems&halfBit(to) != 0 {
		return v
	}
	r := b.Cast(b.Cast(v, to), host.F32)
	h := b.halves[r]
	h.before = v
	b.halves[r] = h
	return r
}

// unrounded gives what rounds to the same number of a type as v does and takes fewer roundings before. The map has what was found.
func (b *Builder) unrounded(v *Value, to host.Elem, found map[*Value]*Value) *Value {
	if u := found[v]; u != nil {
		return u
	}
	found[v] = v
	h := b.halves[v]
	switch {
	case h.before != nil && h.narrow.Type.Elem == to:
		found[v] = h.before
	case h.made != nil:
		args := slices.Clone(h.made.Args)
		for i, a := range args {
			if a.Type.Elem == host.F32 {
				args[i] = b.unrounded(a, to, found)
			}
		}
		if !slices.Equal(args, h.made.Args) {
			found[v] = b.Op(h.made.Op, args...)
		}
	}
	return found[v]
}
