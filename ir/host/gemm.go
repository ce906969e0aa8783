package host

// gemmNum is what a matrix product computes in.
type gemmNum interface {
	int64 | uint64 | float32 | float64 | complex64 | complex128
}

// The tiling of matrix products. Only gemmDepth decides the order of additions; the other sizes can change freely.
const (
	gemmRows  = 2   // rows of the register tile
	gemmCols  = 4   // columns of the register tile
	gemmStep  = 4   // the register tile's unrolling along the sum; packed depths are multiples of it
	gemmDepth = 256 // how much of the sum is packed at once
	gemmTile  = 128 // rows and columns of a task's tile, at most
	gemmWork  = 1 << 17
)

// gemmSource packs count rows from first, elements k0..k0+depth of each, into panels of width rows: panel after panel,
// and inside a panel the width elements of one k beside each other. The depth is padded to gemmStep with zeros; what
// stands in rows past count is not used.
type gemmSource[T gemmNum] interface {
	pack(dst []T, s *gemmScratch[T], batch, first, count, k0, depth, width int)
}

// gemmScratch is the memory of one worker.
type gemmScratch[T gemmNum] struct {
	a, b, tile, run []T
}

func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// gemm is a batch of products c[m, n] = sum over k of a[m, k] * b[n, k].
type gemm[T gemmNum] struct {
	batch, m, n, k int
	a, b           gemmSource[T]
	// done receives finished tiles: rows i0..i0+m of columns j0..j0+n, rows ld apart.
	done func(s *gemmScratch[T], batch, i0, m, j0, n int, tile []T, ld int)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(a, b int) int { return ceilDiv(a, b) * b }

// tiling gives the tile size: smaller where there would be too few tasks to share.
func (g *gemm[T]) tiling() (rows, cols int) {
	rows, cols = min(gemmTile, roundUp(g.m, gemmRows)), min(gemmTile, roundUp(g.n, gemmCols))
	for g.batch*ceilDiv(g.m, rows)*ceilDiv(g.n, cols) < 16 && rows*cols*g.k > gemmWork && max(rows, cols) > 32 {
		if rows >= cols {
			rows = roundUp(rows/2, gemmRows)
		} else {
			cols = roundUp(cols/2, gemmCols)
		}
	}
	return rows, cols
}

// run computes all tiles.
func (g *gemm[T]) run(p Parallel) {
	if g.batch == 0 || g.m == 0 || g.n == 0 {
		return
	}
	rows, cols := g.tiling()
	down, across := ceilDiv(g.m, rows), ceilDiv(g.n, cols)
	grain := 1 + gemmWork/max(rows*cols*g.k, 1)
	p(g.batch*down*across, grain, func(lo, hi int) {
		var s gemmScratch[T]
		g.tiles(&s, rows, cols, lo, hi)
	})
}

// runIn computes all tiles in this goroutine with the given scratch.
func (g *gemm[T]) runIn(s *gemmScratch[T]) {
	if g.batch == 0 || g.m == 0 || g.n == 0 {
		return
	}
	rows, cols := min(gemmTile, roundUp(g.m, gemmRows)), min(gemmTile, roundUp(g.n, gemmCols))
	g.tiles(s, rows, cols, 0, g.batch*ceilDiv(g.m, rows)*ceilDiv(g.n, cols))
}

func (g *gemm[T]) tiles(s *gemmScratch[T], rows, cols, lo, hi int) {
	down, across := ceilDiv(g.m, rows), ceilDiv(g.n, cols)
	depth := min(gemmDepth, roundUp(g.k, gemmStep))
	s.a, s.b, s.tile = grown(s.a, rows*depth), grown(s.b, cols*depth), grown(s.tile, rows*cols)
	for i := lo; i < hi; i++ {
		batch, i0, j0 := i/(down*across), i%down*rows, i/down%across*cols
		m, n := min(rows, g.m-i0), min(cols, g.n-j0)
		clear(s.tile)
		for k0 := 0; k0 < g.k; k0 += gemmDepth {
			kk := min(gemmDepth, g.k-k0)
			padded := roundUp(kk, gemmStep)
			g.a.pack(s.a, s, batch, i0, m, k0, kk, gemmRows)
			g.b.pack(s.b, s, batch, j0, n, k0, kk, gemmCols)
			for r := 0; r < m; r += gemmRows {
				a := s.a[r*padded : (r+gemmRows)*padded]
				for c := 0; c < n; c += gemmCols {
					gemmKernel(s.tile[r*cols+c:], cols, a, s.b[c*padded:(c+gemmCols)*padded])
				}
			}
		}
		g.done(s, batch, i0, m, j0, n, s.tile, cols)
	}
}

// gemmKernel adds the product of two panels to a 2x4 tile. Eight sums and six operands fill the registers of amd64, and
// unrolling four times doubled the speed: 4.7 against 1.9 multiply-adds a nanosecond for a 4x4 tile.
func gemmKernel[T gemmNum](tile []T, ld int, a, b []T) {
	var c00, c01, c02, c03, c10, c11, c12, c13 T
	for len(a) >= 8 && len(b) >= 16 {
		a0, a1 := a[0], a[1]
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		c00, c01, c02, c03 = c00+a0*b0, c01+a0*b1, c02+a0*b2, c03+a0*b3
		c10, c11, c12, c13 = c10+a1*b0, c11+a1*b1, c12+a1*b2, c13+a1*b3
		a0, a1 = a[2], a[3]
		b0, b1, b2, b3 = b[4], b[5], b[6], b[7]
		c00, c01, c02, c03 = c00+a0*b0, c01+a0*b1, c02+a0*b2, c03+a0*b3
		c10, c11, c12, c13 = c10+a1*b0, c11+a1*b1, c12+a1*b2, c13+a1*b3
		a0, a1 = a[4], a[5]
		b0, b1, b2, b3 = b[8], b[9], b[10], b[11]
		c00, c01, c02, c03 = c00+a0*b0, c01+a0*b1, c02+a0*b2, c03+a0*b3
		c10, c11, c12, c13 = c10+a1*b0, c11+a1*b1, c12+a1*b2, c13+a1*b3
		a0, a1 = a[6], a[7]
		b0, b1, b2, b3 = b[12], b[13], b[14], b[15]
		c00, c01, c02, c03 = c00+a0*b0, c01+a0*b1, c02+a0*b2, c03+a0*b3
		c10, c11, c12, c13 = c10+a1*b0, c11+a1*b1, c12+a1*b2, c13+a1*b3
		a, b = a[8:], b[16:]
	}
	top, low := tile[:4], tile[ld:ld+4]
	top[0], top[1], top[2], top[3] = top[0]+c00, top[1]+c01, top[2]+c02, top[3]+c03
	low[0], low[1], low[2], low[3] = low[0]+c10, low[1]+c11, low[2]+c12, low[3]+c13
}

// interleave packs up to width rows, each of the panel's depth, into one panel; rows that are nil become zeros.
func interleave[T gemmNum](panel []T, rows *[gemmCols][]T, depth, width int) {
	if width == 4 && rows[3] != nil {
		r0, r1, r2, r3 := rows[0][:depth], rows[1][:depth], rows[2][:depth], rows[3][:depth]
		p := panel
		for k := range r0 {
			q := (*[4]T)(p)
			q[0], q[1], q[2], q[3] = r0[k], r1[k], r2[k], r3[k]
			p = p[4:]
		}
	} else if width == 2 && rows[1] != nil {
		r0, r1 := rows[0][:depth], rows[1][:depth]
		p := panel
		for k := range r0 {
			q := (*[2]T)(p)
			q[0], q[1] = r0[k], r1[k]
			p = p[2:]
		}
	} else {
		for i := range width {
			if rows[i] == nil {
				for k := range depth {
					panel[k*width+i] = 0
				}
				continue
			}
			for k, v := range rows[i][:depth] {
				panel[k*width+i] = v
			}
		}
	}
	clear(panel[depth*width : roundUp(depth, gemmStep)*width])
}

// spread writes one k of all panels: row[i] goes to panel i/width.
func spread[T gemmNum](dst, row []T, k, depth, width int) {
	step := roundUp(depth, gemmStep) * width
	at := k * width
	if width == 4 {
		for ; len(row) >= 4; row = row[4:] {
			*(*[4]T)(dst[at:]) = *(*[4]T)(row)
			at += step
		}
	}
	for ; len(row) >= width; row = row[width:] {
		copy(dst[at:at+width], row)
		at += step
	}
	if len(row) > 0 {
		copy(dst[at:], row)
		clear(dst[at+len(row) : at+width])
	}
}

// clearPadding zeroes the depths that pad panels to gemmStep.
func clearPadding[T gemmNum](dst []T, count, depth, width int) {
	padded := roundUp(depth, gemmStep)
	if padded == depth {
		return
	}
	for at := 0; at < roundUp(count, width)*padded; at += padded * width {
		clear(dst[at+depth*width : at+padded*width])
	}
}
