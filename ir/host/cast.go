package host

import "fmt"

// Cast converts in, broadcast, to out's element type by PyTorch's rules (see [Convert]); a float that does not fit an i32
// becomes the smallest one.
func Cast(p Parallel, out, in *Tensor) error {
	if in.Elem == out.Elem {
		return Copy(p, out, in)
	}
	if out.Elem == I32 && (in.Elem.IsFloat() || in.Elem.IsComplex()) {
		return Apply(p, truncate32, out, in)
	}
	switch in.Elem.Class() {
	case ClassBool:
		return castFrom[bool](p, out, in)
	case ClassI64:
		return castFrom[int64](p, out, in)
	case ClassU64:
		return castFrom[uint64](p, out, in)
	case ClassF32:
		return castFrom[float32](p, out, in)
	case ClassF64:
		return castFrom[float64](p, out, in)
	case ClassC64:
		return castFrom[complex64](p, out, in)
	}
	return castFrom[complex128](p, out, in)
}

func castFrom[S Wide](p Parallel, out, in *Tensor) error {
	switch out.Elem.Class() {
	case ClassBool:
		return Apply(p, castBlock[bool, S], out, in)
	case ClassI64:
		return Apply(p, castBlock[int64, S], out, in)
	case ClassU64:
		return Apply(p, castBlock[uint64, S], out, in)
	case ClassF32:
		return Apply(p, castBlock[float32, S], out, in)
	case ClassF64:
		return Apply(p, castBlock[float64, S], out, in)
	case ClassC64:
		return Apply(p, castBlock[complex64, S], out, in)
	}
	return Apply(p, castBlock[complex128, S], out, in)
}

func castBlock[D, S Wide](dst []D, src [][]S) { Convert(dst, src[0]) }

func truncate32(dst []int64, src [][]float64) {
	for i, x := range src[0] {
		if x > -0x1p31-1 && x < 0x1p31 {
			dst[i] = int64(x)
		} else {
			dst[i] = -1 << 31
		}
	}
}

// Where computes out[i] = cond[i] ? a[i] : b[i], all broadcast to out's shape. Elements are moved, not converted: out, a
// and b have one element type.
func Where(p Parallel, out, cond, a, b *Tensor) error {
	if cond.Elem != Bool || a.Elem != out.Elem || b.Elem != out.Elem {
		return fmt.Errorf("cannot choose %s from %s and %s by %s", out, a, b, cond)
	}
	if out.Elem.Packed() {
		wide, err := Alloc(unpackedElem(out.Elem), out.Shape)
		if err != nil {
			return err
		}
		if err := Where(p, wide, cond, Unpack(a), Unpack(b)); err != nil {
			return err
		}
		packed, err := Pack(wide, out.Elem)
		if err != nil {
			return err
		}
		copy(out.Data, packed.Data)
		return nil
	}
	n, err := newMapNest(out.Shape, out, cond, a, b)
	if err != nil {
		return err
	}
	size := out.Elem.Bytes()
	p(n.n, mapGrain, func(lo, hi int) {
		m := min(blockLen, hi-lo)
		test := reader[bool]{nest: n, k: 1, t: cond}
		test.prepare(m)
		bufs := [2][]byte{make([]byte, m*size), make([]byte, m*size)}
		for ; lo < hi; lo += m {
			m = min(m, hi-lo)
			for i, t := range []*Tensor{a, b} {
				n.tiles(2+i, t.Offset, lo, m, func(tl tile) { gatherTile(bufs[i], t.Data, size, tl) })
			}
			choose(bufs[0], bufs[1], size, test.block(lo, m))
			n.tiles(0, out.Offset, lo, m, func(tl tile) { scatterTile(out.Data, bufs[0], size, tl) })
		}
	})
	return nil
}

// choose replaces the elements of a by those of b where the condition is false.
func choose(a, b []byte, size int, cond []bool) {
	switch size {
	case 1:
		chooseWords(words[[1]byte](a), words[[1]byte](b), cond)
	case 2:
		chooseWords(words[[2]byte](a), words[[2]byte](b), cond)
	case 4:
		chooseWords(words[[4]byte](a), words[[4]byte](b), cond)
	case 8:
		chooseWords(words[[8]byte](a), words[[8]byte](b), cond)
	case 16:
		chooseWords(words[[16]byte](a), words[[16]byte](b), cond)
	}
}

func chooseWords[W word](a, b []W, cond []bool) {
	for i, c := range cond {
		if !c {
			a[i] = b[i]
		}
	}
}
