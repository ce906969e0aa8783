package host

// matrix shows elements of a tensor, or of a slice, as batches of matrices: row i, column k of batch b lies at
// bases[b] + i*rows + k*cols. As a gemmSource its rows are what the product keeps and its columns what it sums over.
type matrix[T gemmNum] struct {
	t          *Tensor // where data is nil: elements are converted as they are packed
	data       []T
	bases      []int
	rows, cols int
}

// sliceMatrix is one matrix inside a slice.
func sliceMatrix[T gemmNum](data []T, rows, cols int) *matrix[T] {
	return &matrix[T]{data: data, bases: []int{0}, rows: rows, cols: cols}
}

// tensorMatrix takes two axes of a tensor; bases are element offsets from the tensor's first element.
func tensorMatrix[T gemmNum](t *Tensor, bases []int, rows, cols int) *matrix[T] {
	m := &matrix[T]{t: t, bases: make([]int, len(bases)), rows: rows, cols: cols}
	for i, b := range bases {
		m.bases[i] = b + t.Offset
	}
	if isNatural[T](t.Elem) && isAligned(t.Data, t.Elem.Bytes()) {
		m.data = words[T](t.Data)
	}
	return m
}

// line gives n elements from at, stride apart, as a contiguous slice: the memory itself where it can, otherwise buf.
func (m *matrix[T]) line(buf []T, at, n, stride int) []T {
	if m.data == nil {
		buf = buf[:n]
		Load(buf, m.t, at, stride)
		return buf
	}
	if stride == 1 {
		return m.data[at : at+n]
	}
	buf = buf[:n]
	for i := range buf {
		buf[i] = m.data[at]
		at += stride
	}
	return buf
}

func (m *matrix[T]) pack(dst []T, s *gemmScratch[T], batch, first, count, k0, depth, width int) {
	at := m.bases[batch] + first*m.rows + k0*m.cols
	if m.rows == 1 && m.cols != 1 {
		s.run = grown(s.run, max(count, gemmCols*depth))
		for k := range depth {
			spread(dst, m.line(s.run, at+k*m.cols, count, 1), k, depth, width)
		}
		clearPadding(dst, count, depth, width)
		return
	}
	s.run = grown(s.run, gemmCols*depth)
	step := roundUp(depth, gemmStep) * width
	for i := 0; i < count; i += width {
		var rows [gemmCols][]T
		for r := range min(width, count-i) {
			rows[r] = m.line(s.run[r*depth:(r+1)*depth], at+(i+r)*m.rows, depth, m.cols)
		}
		interleave(dst[:step], &rows, depth, width)
		dst = dst[step:]
	}
}

// fewRows computes products with at most gemmFew rows without packing b, which would cost more than the product.
// a holds the rows dense, row after row; out receives n sums for each row.
func fewRows[T gemmNum](s *gemmScratch[T], out, a []T, m, k int, b *matrix[T], batch, j0, n int) {
	if b.rows == 1 && b.cols != 1 {
		clear(out[:m*n])
		s.run = grown(s.run, 4*n)
		at := b.bases[batch] + j0
		for k0 := 0; k0 < k; k0 += 4 {
			var rows [4][]T
			for r := range min(4, k-k0) {
				rows[r] = b.line(s.run[r*n:(r+1)*n], at+(k0+r)*b.cols, n, 1)
			}
			for i := range m {
				addRows(out[i*n:(i+1)*n], a[i*k+k0:i*k+min(k0+4, k)], &rows)
			}
		}
		return
	}
	s.run = grown(s.run, k)
	for j := range n {
		row := b.line(s.run, b.bases[batch]+(j0+j)*b.rows, k, b.cols)
		for i := range m {
			out[i*n+j] = dot(a[i*k:(i+1)*k], row)
		}
	}
}

const gemmFew = 4

// addRows adds up to four scaled rows to out.
func addRows[T gemmNum](out, scale []T, rows *[4][]T) {
	if len(scale) == 4 {
		n := len(out)
		a0, a1, a2, a3 := scale[0], scale[1], scale[2], scale[3]
		r0, r1, r2, r3 := rows[0][:n], rows[1][:n], rows[2][:n], rows[3][:n]
		for j := range out {
			out[j] += a0*r0[j] + a1*r1[j] + (a2*r2[j] + a3*r3[j])
		}
		return
	}
	for i, a := range scale {
		for j, v := range rows[i][:len(out)] {
			out[j] += a * v
		}
	}
}

// dot sums in eight interleaved parts, which is faster and rounds better than one.
func dot[T gemmNum](a, b []T) T {
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	for len(a) >= 8 && len(b) >= 8 {
		s0, s1, s2, s3 = s0+a[0]*b[0], s1+a[1]*b[1], s2+a[2]*b[2], s3+a[3]*b[3]
		s4, s5, s6, s7 = s4+a[4]*b[4], s5+a[5]*b[5], s6+a[6]*b[6], s7+a[7]*b[7]
		a, b = a[8:], b[8:]
	}
	b = b[:len(a)]
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3) + ((s4 + s5) + (s6 + s7))
}
