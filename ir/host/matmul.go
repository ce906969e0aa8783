package host

import "fmt"

// MatMul multiplies matrices: [..., m, k] by [..., k, n] gives [..., m, n]; leading axes broadcast. Both have the same
// element type. Narrow floats are summed as f32 and rounded once.
func MatMul(p Parallel, a, b *Tensor) (*Tensor, error) {
	if a.Rank() < 2 || b.Rank() < 2 || a.Elem != b.Elem {
		return nil, fmt.Errorf("cannot multiply %s by %s", a, b)
	}
	ra, rb := a.Rank()-2, b.Rank()-2
	if a.Shape[ra+1] != b.Shape[rb] {
		return nil, fmt.Errorf("cannot multiply %s by %s: the inner sizes differ", a, b)
	}
	batch, err := BroadcastShapes(a.Shape[:ra], b.Shape[:rb])
	if err != nil {
		return nil, fmt.Errorf("cannot multiply %s by %s: %w", a, b, err)
	}
	a, err = a.Expand(append(append([]int{}, batch...), a.Shape[ra:]...))
	if err != nil {
		return nil, err
	}
	b, err = b.Expand(append(append([]int{}, batch...), b.Shape[rb:]...))
	if err != nil {
		return nil, err
	}
	r := len(batch)
	out, err := Alloc(a.Elem, append(append([]int{}, batch...), a.Shape[r], b.Shape[r+1]))
	if err != nil {
		return nil, err
	}
	switch a.Elem.Class() {
	case ClassF32:
		matMul[float32](p, out, a, b)
	case ClassF64:
		matMul[float64](p, out, a, b)
	case ClassI64:
		matMul[int64](p, out, a, b)
	case ClassU64:
		matMul[uint64](p, out, a, b)
	case ClassC64:
		matMul[complex64](p, out, a, b)
	case ClassC128:
		matMul[complex128](p, out, a, b)
	default:
		return nil, unsupported("matrix product", a.Elem)
	}
	return out, nil
}

func matMul[T gemmNum](p Parallel, out, a, b *Tensor) {
	r := out.Rank() - 2
	m, n, k := a.Shape[r], b.Shape[r+1], a.Shape[r+1]
	basesA, basesB := newOffsets(a.Shape[:r], a.Strides[:r]).all(), newOffsets(b.Shape[:r], b.Strides[:r]).all()
	rows := a.Strides[r]
	if stride, ok := flatRows(a, r+1); ok && len(basesB) > 1 && uniform(basesB) {
		// One matrix b for the whole batch: a single, taller product.
		m, rows = m*len(basesA), stride
		basesA, basesB = basesA[:1], basesB[:1]
	}
	matrixProduct(p, out, tensorMatrix[T](a, basesA, rows, a.Strides[r+1]), tensorMatrix[T](b, basesB, b.Strides[r+1], b.Strides[r]), nil, len(basesA), m, n, k)
}

// flatRows gives the one stride that walks through the first n axes of t in row-major order, if there is one.
func flatRows(t *Tensor, n int) (stride int, ok bool) {
	span, set := 0, false
	for i := n - 1; i >= 0; i-- {
		switch {
		case t.Shape[i] == 1:
			continue
		case !set:
			stride, set = t.Strides[i], true
		case t.Strides[i] != span:
			return 0, false
		}
		span = t.Strides[i] * t.Shape[i]
	}
	return stride, true
}

func uniform(list []int) bool {
	for _, x := range list {
		if x != list[0] {
			return false
		}
	}
	return true
}

// matrixProduct fills the contiguous out, batches of m rows of n, with a times b transposed, plus a bias of n elements.
func matrixProduct[T gemmNum](p Parallel, out *Tensor, a, b *matrix[T], bias []T, batch, m, n, k int) {
	if m <= gemmFew {
		fewRowsProduct(p, out, a, b, bias, batch, m, n, k)
		return
	}
	g := gemm[T]{batch: batch, m: m, n: n, k: k, a: a, b: b}
	g.done = func(_ *gemmScratch[T], batch, i0, m, j0, cols int, tile []T, ld int) {
		for i := range m {
			row := tile[i*ld : i*ld+cols]
			if bias != nil {
				for j, v := range bias[j0 : j0+cols] {
					row[j] += v
				}
			}
			Store(out, (batch*g.m+i0+i)*n+j0, 1, row)
		}
	}
	g.run(p)
}

func fewRowsProduct[T gemmNum](p Parallel, out *Tensor, a, b *matrix[T], bias []T, batch, m, n, k int) {
	if m == 0 || n == 0 {
		return
	}
	const cols = 64
	blocks := ceilDiv(n, cols)
	p(batch*blocks, 1+gemmWork/max(cols*k*m, 1), func(lo, hi int) {
		var s gemmScratch[T]
		sums, rows, have := make([]T, m*cols), make([]T, m*k), -1
		for t := lo; t < hi; t++ {
			at, j0 := t/blocks, t%blocks*cols
			if at != have {
				for i := range m {
					copy(rows[i*k:(i+1)*k], a.line(rows[i*k:(i+1)*k], a.bases[at]+i*a.rows, k, a.cols))
				}
				have = at
			}
			width := min(cols, n-j0)
			fewRows(&s, sums, rows, m, k, b, at, j0, width)
			for i := range m {
				row := sums[i*width : (i+1)*width]
				if bias != nil {
					for j, v := range bias[j0 : j0+width] {
						row[j] += v
					}
				}
				Store(out, (at*m+i)*n+j0, 1, row)
			}
		}
	})
}

// Linear computes x times weight transposed, plus a bias where there is one: [..., in] by [out, in] gives [..., out].
func Linear(p Parallel, x, weight, bias *Tensor) (*Tensor, error) {
	if x.Rank() < 1 || weight.Rank() != 2 || x.Shape[x.Rank()-1] != weight.Shape[1] || x.Elem != weight.Elem {
		return nil, fmt.Errorf("cannot apply weight %s to %s", weight, x)
	}
	if bias != nil && (bias.Rank() != 1 || bias.Shape[0] != weight.Shape[0] || bias.Elem != x.Elem) {
		return nil, fmt.Errorf("bias %s does not fit weight %s", bias, weight)
	}
	last := x.Rank() - 1
	out, err := Alloc(x.Elem, append(append([]int{}, x.Shape[:last]...), weight.Shape[0]))
	if err != nil {
		return nil, err
	}
	switch x.Elem.Class() {
	case ClassF32:
		linear[float32](p, out, x, weight, bias)
	case ClassF64:
		linear[float64](p, out, x, weight, bias)
	case ClassI64:
		linear[int64](p, out, x, weight, bias)
	case ClassU64:
		linear[uint64](p, out, x, weight, bias)
	case ClassC64:
		linear[complex64](p, out, x, weight, bias)
	case ClassC128:
		linear[complex128](p, out, x, weight, bias)
	default:
		return nil, unsupported("linear", x.Elem)
	}
	return out, nil
}

func linear[T gemmNum](p Parallel, out, x, weight, bias *Tensor) {
	last := x.Rank() - 1
	k, n := weight.Shape[1], weight.Shape[0]
	m := product(x.Shape[:last])
	rows, ok := flatRows(x, last)
	if !ok {
		x = x.Clone()
		rows = k
	}
	var b []T
	if bias != nil {
		b = dense[T](p, bias)
	}
	matrixProduct(p, out, tensorMatrix[T](x, []int{0}, rows, x.Strides[last]), tensorMatrix[T](weight, []int{0}, weight.Strides[0], weight.Strides[1]), b, 1, m, n, k)
}

// GroupedMatMul multiplies runs of rows by different matrices: rows offsets[e-1]..offsets[e] of x [s, k] by w[e] of
// [experts, k, n]. offsets holds each run's end, i32 or i64, ascending; rows past the last end become zeros.
func GroupedMatMul(p Parallel, x, w, offsets *Tensor) (*Tensor, error) {
	if x.Rank() != 2 || w.Rank() != 3 || offsets.Rank() != 1 || x.Shape[1] != w.Shape[1] || w.Shape[0] != offsets.Shape[0] || x.Elem != w.Elem {
		return nil, fmt.Errorf("cannot multiply %s by the group %s with offsets %s", x, w, offsets)
	}
	ends := dense[int64](p, offsets)
	out, err := Alloc(x.Elem, []int{x.Shape[0], w.Shape[2]})
	if err != nil {
		return nil, err
	}
	start := 0
	for e, end := range ends {
		if end < int64(start) || end > int64(x.Shape[0]) {
			return nil, fmt.Errorf("offset %d of group %d is not between %d and %d", end, e, start, x.Shape[0])
		}
		part, err := MatMul(p, x.Slice(0, start, int(end), 1), w.Select(0, e))
		if err != nil {
			return nil, err
		}
		copy(out.Data[start*w.Shape[2]*x.Elem.Bytes():], part.Data)
		start = int(end)
	}
	return out, nil
}
