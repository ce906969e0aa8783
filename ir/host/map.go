package host

import (
	"fmt"
	"slices"
	"strings"
)

const (
	blockLen  = 1024  // elements a loop works on at a time: a few operands fit the first-level cache
	mapGrain  = 8192  // elements worth a thread, for loops that compute
	copyGrain = 65536 // and for those that only move
)

// Kernel is the loop of an elementwise operation whose result has its operands' type: dst[i] = f(src[0][i], src[1][i], ...)
// for a whole block, once per compute class. dst and each src[k] have the same length. A nil loop means that the operation
// is not defined for the class. dst may be one of src's slices only if the caller of [Map] made it so.
type Kernel struct {
	Bool func(dst []bool, src [][]bool)
	I64  func(dst []int64, src [][]int64)
	U64  func(dst []uint64, src [][]uint64)
	F32  func(dst []float32, src [][]float32)
	F64  func(dst []float64, src [][]float64)
	C64  func(dst []complex64, src [][]complex64)
	C128 func(dst []complex128, src [][]complex128)
}

// Predicate is a [Kernel] whose result is bool whatever its operands are.
type Predicate struct {
	Bool func(dst []bool, src [][]bool)
	I64  func(dst []bool, src [][]int64)
	U64  func(dst []bool, src [][]uint64)
	F32  func(dst []bool, src [][]float32)
	F64  func(dst []bool, src [][]float64)
	C64  func(dst []bool, src [][]complex64)
	C128 func(dst []bool, src [][]complex128)
}

// Map computes out[i] = k(in[0][i], in[1][i], ...), operands broadcast to out's shape by numpy's rules. All tensors have
// the same class, which is out's.
func Map(p Parallel, k *Kernel, out *Tensor, in ...*Tensor) error {
	for _, t := range in {
		if t.Elem.Class() != out.Elem.Class() {
			return fmt.Errorf("cannot compute %s from %s", out, t)
		}
	}
	switch out.Elem.Class() {
	case ClassBool:
		return applyKnown(p, k.Bool, out, in)
	case ClassI64:
		return applyKnown(p, k.I64, out, in)
	case ClassU64:
		return applyKnown(p, k.U64, out, in)
	case ClassF32:
		return applyKnown(p, k.F32, out, in)
	case ClassF64:
		return applyKnown(p, k.F64, out, in)
	case ClassC64:
		return applyKnown(p, k.C64, out, in)
	}
	return applyKnown(p, k.C128, out, in)
}

// Test computes the bool tensor out[i] = k(in[0][i], in[1][i], ...), operands broadcast to out's shape; all have the first
// one's class.
func Test(p Parallel, k *Predicate, out *Tensor, in ...*Tensor) error {
	for _, t := range in {
		if t.Elem.Class() != in[0].Elem.Class() {
			return fmt.Errorf("cannot compare %s with %s", in[0], t)
		}
	}
	switch in[0].Elem.Class() {
	case ClassBool:
		return applyKnown(p, k.Bool, out, in)
	case ClassI64:
		return applyKnown(p, k.I64, out, in)
	case ClassU64:
		return applyKnown(p, k.U64, out, in)
	case ClassF32:
		return applyKnown(p, k.F32, out, in)
	case ClassF64:
		return applyKnown(p, k.F64, out, in)
	case ClassC64:
		return applyKnown(p, k.C64, out, in)
	}
	return applyKnown(p, k.C128, out, in)
}

func applyKnown[D, S Wide](p Parallel, loop func(dst []D, src [][]S), out *Tensor, in []*Tensor) error {
	if loop == nil {
		return fmt.Errorf("not defined for %s", in[0].Elem)
	}
	return Apply(p, loop, out, in...)
}

// Apply runs one loop over blocks of elements: operands, broadcast to out's shape, are converted to S whatever their
// types are, and the results, whose Go type must be that of out's class, are rounded to out's type.
func Apply[D, S Wide](p Parallel, loop func(dst []D, src [][]S), out *Tensor, in ...*Tensor) error {
	if out.Elem.Class() != ClassOf[D]() {
		return fmt.Errorf("a loop over %T cannot give %s", *new(D), out)
	}
	if out.Elem.Packed() {
		wide, err := Alloc(unpackedElem(out.Elem), out.Shape)
		if err != nil {
			return err
		}
		if err := Apply(p, loop, wide, in...); err != nil {
			return err
		}
		packed, err := Pack(wide, out.Elem)
		if err != nil {
			return err
		}
		copy(out.Data, packed.Data)
		return nil
	}
	all := make([]*Tensor, 1+len(in))
	all[0] = out
	for i, t := range in {
		if t.Elem.Packed() {
			t = Unpack(t)
		}
		all[1+i] = t
	}
	n, err := newMapNest(out.Shape, all...)
	if err != nil {
		return err
	}
	p(n.n, mapGrain, func(lo, hi int) { applyRange(n, loop, all, lo, hi) })
	return nil
}

func applyRange[D, S Wide](n *mapNest, loop func(dst []D, src [][]S), all []*Tensor, lo, hi int) {
	m := min(blockLen, hi-lo)
	out := writer[D]{nest: n, t: all[0]}
	in := make([]reader[S], len(all)-1)
	for i := range in {
		in[i] = reader[S]{nest: n, k: 1 + i, t: all[1+i]}
		in[i].prepare(m)
	}
	src := make([][]S, len(in))
	for ; lo < hi; lo += m {
		m = min(m, hi-lo)
		for i := range in {
			src[i] = in[i].block(lo, m)
		}
		dst := out.block(lo, m)
		loop(dst, src)
		out.done(lo, dst)
	}
}

// reader gives blocks of a tensor as values of S.
type reader[S Wide] struct {
	nest   *mapNest
	k      int
	t      *Tensor
	repeat []S // for a single element: a whole block of it
	buf    []S
	via    []byte // memory for stored elements of another class than S
}

func (r *reader[S]) prepare(m int) {
	if r.nest.single(r.k) {
		r.repeat = make([]S, m)
		Load(r.repeat[:1], r.t, r.t.Offset, 1)
		for i := range r.repeat {
			r.repeat[i] = r.repeat[0]
		}
	}
}

func (r *reader[S]) block(lo, m int) []S {
	if r.repeat != nil {
		return r.repeat[:m]
	}
	t := r.t
	dense := r.nest.dense(r.k)
	if dense && t.Elem != Bool { // a byte of a bool tensor from outside may be more than 0 and 1
		if v, ok := direct[S](t, t.Offset+lo, m); ok {
			return v
		}
	}
	if r.buf == nil {
		r.buf = make([]S, m)
	}
	dst := r.buf[:m]
	if dense {
		Load(dst, t, t.Offset+lo, 1)
		return dst
	}
	size := t.Elem.Bytes()
	if ClassOf[S]() == t.Elem.Class() {
		raw := rawTail(dst, size)
		r.nest.tiles(r.k, t.Offset, lo, m, func(tl tile) { gatherTile(raw, t.Data, size, tl) })
		widen(dst, t.Elem, raw)
		return dst
	}
	if r.via == nil {
		r.via = alignedBytes(m * size)
	}
	r.nest.tiles(r.k, t.Offset, lo, m, func(tl tile) { gatherTile(r.via, t.Data, size, tl) })
	Load(dst, &Tensor{Elem: t.Elem, Data: r.via}, 0, 1)
	return dst
}

// writer takes blocks of values for a tensor.
type writer[D Wide] struct {
	nest *mapNest
	t    *Tensor
	buf  []D
	raw  []byte
}

// block is where the values for the m elements from lo on are to be put.
func (w *writer[D]) block(lo, m int) []D {
	if w.nest.dense(0) {
		if v, ok := direct[D](w.t, w.t.Offset+lo, m); ok {
			return v
		}
	}
	if w.buf == nil {
		w.buf = make([]D, m)
	}
	return w.buf[:m]
}

// done stores the values, unless they are in place already.
func (w *writer[D]) done(lo int, dst []D) {
	if w.buf == nil {
		return
	}
	if w.nest.dense(0) {
		Store(w.t, w.t.Offset+lo, 1, dst)
		return
	}
	size := w.t.Elem.Bytes()
	if w.raw == nil {
		w.raw = alignedBytes(len(dst) * size)
	}
	narrow(w.raw[:len(dst)*size], w.t.Elem, dst)
	w.nest.tiles(0, w.t.Offset, lo, len(dst), func(tl tile) { scatterTile(w.t.Data, w.raw, size, tl) })
}

// Has reports whether the kernel has a loop for the class.
func (k *Kernel) Has(c Class) bool {
	return [...]bool{k.Bool != nil, k.I64 != nil, k.U64 != nil, k.F32 != nil, k.F64 != nil, k.C64 != nil, k.C128 != nil}[c]
}

// Has reports whether the predicate has a loop for the class.
func (k *Predicate) Has(c Class) bool {
	return [...]bool{k.Bool != nil, k.I64 != nil, k.U64 != nil, k.F32 != nil, k.F64 != nil, k.C64 != nil, k.C128 != nil}[c]
}

// BroadcastShapes gives the shape that shapes broadcast to by numpy's rules.
func BroadcastShapes(shapes ...[]int) ([]int, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
		for _, s := range shapes {
			k := i - (rank - len(s))
			switch {
			case k < 0 || s[k] == 1 || s[k] == out[i]:
			case out[i] == 1:
				out[i] = s[k]
			default:
				var all []string
				for _, s := range shapes {
					all = append(all, ShapeText(s))
				}
				return nil, fmt.Errorf("the shapes %s do not broadcast: dimension %d is %d and %d", strings.Join(all, " and "), i, out[i], s[k])
			}
		}
	}
	return out, nil
}

// HasZero reports whether an element is zero (or false).
func HasZero(t *Tensor) bool {
	t = Unpack(t)
	switch t.Elem.Class() {
	case ClassBool:
		return hasZero[bool](t)
	case ClassI64:
		return hasZero[int64](t)
	case ClassU64:
		return hasZero[uint64](t)
	case ClassF32, ClassF64:
		return hasZero[float64](t)
	}
	return hasZero[complex128](t)
}

func hasZero[T Wide](t *Tensor) bool {
	n, err := newMapNest(t.Shape, t)
	if err != nil {
		return false // a tensor broadcasts to its own shape
	}
	if n.n > 0 && n.single(0) {
		n.n = 1
	}
	r := reader[T]{nest: n, t: t}
	var zero T
	for lo := 0; lo < n.n; lo += blockLen {
		if slices.Contains(r.block(lo, min(blockLen, n.n-lo)), zero) {
			return true
		}
	}
	return false
}
