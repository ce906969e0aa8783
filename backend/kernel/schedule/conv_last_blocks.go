package schedule

// lastBlocks is how the result is divided into rounds.
type lastBlocks struct {
	channels, rows, columns int64 // blocks
	panels, height, width   int64 // panels, rows and pixels of each row of a block
}

// evenRounds is into how many parts an engine cuts the rounds at least: a multiple of it keeps cores equally busy.
const evenRounds = 16

// What the costs below are made of, in vector operations: to copy a vector of x, and to read one of the weights anew.
const (
	copyCost   = 2.5
	reloadCost = 2.0
)

// divide takes the blocks that cost least.
func (l *lastConv) divide() lastBlocks {
	var best lastBlocks
	least := 0.0
	batch, ok := l.batches[0].IsConst()
	if !ok {
		batch = 1
	}
	others := max(batch, 1) * l.image.groups
	for n := int64(1); n <= l.panels() && n <= 64; n++ {
		panels := ceil(l.panels(), n)
		if ceil(l.panels(), panels) != n {
			continue
		}
		for m := int64(1); m <= 256; m++ {
			b, ok := l.cut(m)
			if !ok {
				continue
			}
			b.channels, b.panels = n, panels
			if cost := l.cost(b, others); least == 0 || cost < least {
				least, best = cost, b
			}
		}
	}
	return best
}

// cut divides the rows into n blocks of whole tiles, or the pixels of the only row; not every n is possible.
func (l *lastConv) cut(n int64) (b lastBlocks, ok bool) {
	img := l.image
	b = lastBlocks{rows: 1, columns: 1, height: img.outRows, width: img.out}
	size, unit, each := img.outRows, l.tile.rows, &b.height
	if img.segment() {
		size, unit, each = img.out, l.tile.width, &b.width
	}
	*each = min(ceil(ceil(size, n), unit)*unit, size)
	if ceil(size, *each) != n {
		return b, false
	}
	if img.segment() {
		b.columns = n
	} else {
		b.rows = n
	}
	return b, true
}

// cost estimates the vector operations of all rounds, as if work that cores cannot share evenly were done by all of them.
func (l *lastConv) cost(b lastBlocks, others int64) float64 {
	lanes, img, t := int64(l.emitter.lanes), l.image, l.tile
	bytes, each := int64(l.stored.Bytes()), int64(1) // numbers that are multiplied at a time
	if img.pairs {
		each = 2
	}
	tiles := ceil(b.height, t.rows) * ceil(b.width, t.width) * b.panels
	sums := t.pixels() * t.vectors
	round := float64(tiles) * float64(l.taps()/each*(sums+2)+4*sums)
	in := ((b.height-1)*img.strideY + (img.high-1)*img.farY + 1) * img.columns(b.width) * l.pitch
	if !l.direct() {
		round += float64(ceil(in, lanes)) * copyCost
	}
	weights := b.panels * l.taps() * t.vectors * lanes
	if in*bytes > l.target.L2/2 && b.panels > 1 { // it is read again for each panel
		round += float64(ceil(in, lanes)*b.panels) * reloadCost
	}
	if l.taps()*t.vectors*lanes*bytes > l.target.L2/2 { // for each row of tiles
		round += float64(ceil(weights, lanes)*ceil(b.height, t.rows)*ceil(b.width, t.width)) * reloadCost
	} else {
		round += float64(ceil(weights, lanes)) * reloadCost
	}
	rounds := b.channels * b.rows * b.columns * others
	return round * float64(ceil(rounds, evenRounds)*evenRounds)
}

// blockRows are the rows of x, with padding, that the windows of a block cover.
func (l *lastConv) blockRows() int64 {
	return (l.blocks.height-1)*l.image.strideY + (l.image.high-1)*l.image.farY + 1
}
