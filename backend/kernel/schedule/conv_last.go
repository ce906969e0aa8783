package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
)

// lastConv builds the kernel of a convolution whose channels come last. Lanes are channels of the result; a tile of pixels by
// vectors of channels stays in registers while the windows go by, of which every number is multiplied with the weights of all
// its channels. No window is ever gathered: the pixels of a tile lie at fixed distances from each other, in x itself or in a
// copy of a block of it with zeros around.
type lastConv struct {
	*gemm
	*convolution
	image  image
	tile   pixelTile
	blocks lastBlocks
	affine affine
	copied *kernel.Buffer // the copy of a block; nil where x is read where it lies
	packed *kernel.Buffer // the weights
	shift  *kernel.Buffer // what the sums start with; nil where that is zero
	pitch  int64          // numbers from pixel to pixel of what is read
	line   int64          // and from row to row
}

// image are the sizes of a convolution over rows of pixels. One over single axes has one row, and so has one of windows of
// single elements side by side, whose pixels are all in it.
type image struct {
	rows, width     int64 // of x
	outRows, out    int64 // rows of the result, and pixels of each
	high, wide      int64 // of the window
	strideY, stride int64
	farY, far       int64 // dilation
	top, left       int64 // padding that counts
	inner, outer    int64 // channels of a group of x and of the result
	groups          int64
	padded          bool
	depthwise       bool // every channel of the result depends on one of x: a number of a window is a vector too
	pairs           bool // windows are read in pairs of channels
}

// segment is whether pixels of one row are divided into blocks, not rows.
func (i image) segment() bool { return i.outRows == 1 }

// pixelTile is what a tile has: some neighbouring pixels of each of some neighbouring rows, by vectors of channels.
type pixelTile struct{ rows, width, vectors int64 }

func (t pixelTile) pixels() int64 { return t.rows * t.width }

// needsLastConv says why a group is no such convolution.
func (g *Group) needsLastConv(Target) string {
	switch {
	case g.Anchor == nil || !g.Anchor.Is(nn.Conv):
		return "it is no convolution"
	case !g.Anchor.Bool("channels_last"):
		return "channels come first"
	case !g.constant(g.Anchor.Operand(1)):
		return "its weight is no constant"
	}
	return ""
}

// makeLastConv is the schedule of convolutions with channels last.
func makeLastConv(g *Group, t Target) (*Made, error) {
	op := g.Anchor
	conv, err := newConvolution(op)
	if err != nil {
		return nil, err
	}
	c, err := conv.channelsLast(op)
	if err != nil {
		return nil, err
	}
	elem, err := productElem(op)
	if err != nil {
		return nil, err
	}
	img, why := newImage(conv)
	if why != "" {
		return nil, reason(op, "%s", why)
	}
	m := &gemm{emitter: newEmitter(g, t, t.Lanes), contraction: c, elem: elem, stored: elem}
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	l := &lastConv{gemm: m, convolution: conv, image: img}
	l.batches = []ir.Dim{l.batches[0], ir.Const(img.groups)}
	l.pair()
	l.tile = tileOfImage(img, t)
	l.place()
	l.blocks = l.divide()
	if !l.direct() {
		l.line = l.pitch * img.columns(l.blocks.width)
	}
	l.affine = l.foldable()
	if err := l.packWeights(); err != nil {
		return nil, err
	}
	if err := l.packShift(); err != nil {
		return nil, err
	}
	if !l.direct() {
		n := l.blockRows() * l.line
		l.copied = m.Buffer("block", l.stored, ir.Const(n), kernel.Private, 0)
	}
	if err := l.build(); err != nil {
		return nil, err
	}
	k, err := m.Build()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: []*kernel.Kernel{k}, Packs: m.packs}, nil
}

// newImage gives the sizes, or why the schedule does not take them.
func newImage(c *convolution) (img image, why string) {
	axes := len(c.size)
	if axes > 2 {
		return img, "its windows have three axes"
	}
	known := func(d ir.Dim) int64 {
		n, ok := d.IsConst()
		if !ok {
			why = fmt.Sprintf("its size %s is open", d)
		}
		return n
	}
	last := axes - 1
	img = image{
		rows: 1, outRows: 1, high: 1, strideY: 1, farY: 1,
		width: known(c.size[last]), out: known(c.pixels[last]), wide: c.window[last],
		stride: int64(c.Stride[last]), far: int64(c.Dilation[last]), left: int64(c.Low[last]),
		inner: known(c.inner), outer: known(c.outer), groups: int64(c.Groups), padded: c.Low[last]+c.High[last] > 0,
	}
	if axes == 2 {
		img.rows, img.outRows, img.high = known(c.size[0]), known(c.pixels[0]), c.window[0]
		img.strideY, img.farY, img.top = int64(c.Stride[0]), int64(c.Dilation[0]), int64(c.Low[0])
		img.padded = img.padded || c.Low[0]+c.High[0] > 0
	}
	switch {
	case why != "":
		return img, why
	case img.inner == 1 && img.groups > 1 && img.outer > 1:
		return img, "some channels of the result depend on one of x"
	case img.outRows*img.out*img.outer*img.inner == 0:
		return img, "a size is 0"
	}
	if img.inner == 1 && img.groups > 1 {
		img.inner, img.outer, img.groups, img.depthwise = img.groups, img.groups, 1, true
	}
	if c.single() {
		img.width, img.out, img.rows, img.outRows = img.width*img.rows, img.out*img.outRows, 1, 1
	}
	return img, ""
}

// tileOfImage takes the tile that wastes least of the registers and of the pixels at the ends of rows.
func tileOfImage(img image, t Target) pixelTile {
	sums := int64(10) // of 16 registers; the others hold weights, a number of x and what lives across the loop
	switch many := t.Registers >= 32; {
	case many && img.depthwise: // numbers of x are vectors too
		sums = 20
	case many:
		sums = 28
	case img.depthwise:
		sums = 8
	}
	vectors := min(2, ceil(img.outer, int64(t.Lanes)))
	most := sums / vectors
	best, tile := 0.0, pixelTile{1, 1, vectors}
	for width := min(most, img.out); width >= 1; width-- {
		rows := int64(1)
		if width == img.out {
			rows = max(min(most/width, img.outRows), 1)
		}
		n := float64(width * rows)
		used := float64(img.out) / float64(ceil(img.out, width)*width) * float64(img.outRows) / float64(ceil(img.outRows, rows)*rows)
		if worth := used * n / (n + 1); worth > best { // about one more round is spent on loading weights and on the loop
			best, tile = worth, pixelTile{rows, width, vectors}
		}
	}
	return tile
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }

// place decides where windows are read and how far pixels lie apart there.
func (l *lastConv) place() {
	img := l.image
	l.pitch = img.inner * img.groups
	l.line = l.pitch * img.width
	if l.direct() {
		return
	}
	l.pitch = img.depth()
	if img.depthwise {
		l.pitch = img.inner
	}
	if l.crowd(l.pitch) > waysOfPlace/2 { // weights come by as well
		l.pitch += int64(l.emitter.lanes)
	}
	l.line = l.pitch * img.columns(img.out)
}

// columns are those of x, with padding, that the windows of some pixels of a row cover.
func (i image) columns(pixels int64) int64 { return (pixels-1)*i.stride + (i.wide-1)*i.far + 1 }

// direct reports that windows are read in x itself.
func (l *lastConv) direct() bool {
	x := l.x
	return !l.image.padded && x.Def == nil && x.Type.Elem == l.stored && l.image.depth() == l.image.channels() && l.crowd(l.image.inner*l.image.groups) <= waysOfPlace
}

// crowd is how many pixels of a tile share one place of the first cache, which has room for waysOfPlace there.
func (l *lastConv) crowd(pitch int64) int64 {
	const places = 4096 // bytes
	apart := places / gcd(pitch*l.image.stride*int64(l.stored.Bytes()), places)
	return ceil(l.tile.pixels(), apart)
}

const waysOfPlace = 8

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// flat reports that the numbers that a window covers in a row of x lie side by side.
func (l *lastConv) flat() bool { return l.image.far == 1 && l.pitch == l.image.depth() }

// panels of vectors of channels in a group.
func (l *lastConv) panels() int64 { return ceil(l.image.outer, l.tile.vectors*int64(l.emitter.lanes)) }

// channels is how many channels of x a channel of the result depends on.
func (i image) channels() int64 {
	if i.depthwise {
		return 1
	}
	return i.inner
}

// depth is channels as they are stored: where they are read in pairs, with a zero beside the last one of an odd number.
func (i image) depth() int64 {
	if i.pairs {
		return ceil(i.inner, 2) * 2
	}
	return i.channels()
}

// taps is the numbers of a window that are multiplied for one channel of the result.
func (l *lastConv) taps() int64 { return l.image.high * l.image.wide * l.image.depth() }

// build makes the loop over images, groups, and blocks of channels and rows.
func (l *lastConv) build() error {
	b := l.blocks
	counts := append(append([]ir.Dim{}, l.batches...), ir.Const(b.channels), ir.Const(b.rows), ir.Const(b.columns))
	_, err := l.loop(kernel.Parallel, "r", product(counts), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, l.sized(counts, func() error {
			at := l.pick(r, counts)
			return l.round(blockPlace{batch: at[:2], channels: at[2]}, at[3], at[4])
		})
	})
	return err
}

// blockPlace is where a round is: a block that would not be full starts earlier than what is its own.
type blockPlace struct {
	batch       []ir.Dim
	channels    ir.Dim // block of channels
	row, col    ir.Dim // where it starts in the result
	ownRow, own ir.Dim // and what is not another block's
}

// round makes one block of channels of one block of rows or of pixels of a row.
func (l *lastConv) round(p blockPlace, rows, columns ir.Dim) error {
	b, img := l.blocks, l.image
	p.ownRow, p.own = rows.Mul(ir.Const(b.height)), columns.Mul(ir.Const(b.width))
	mostRow, most := ir.Const(img.outRows-b.height), ir.Const(img.out-b.width)
	p.row, p.col = l.symbol("start", p.ownRow.Min(mostRow), mostRow), l.symbol("start", p.own.Min(most), most)
	if !l.direct() {
		if err := l.fill(p); err != nil {
			return err
		}
	}
	serial := func(name string, n int64, body func(i ir.Dim) error) error {
		_, err := l.loop(kernel.Serial, name, ir.Const(n), nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(i) })
		return err
	}
	at := p
	return serial("p", b.panels, func(p ir.Dim) error {
		panel := l.symbol("panel", at.channels.Mul(ir.Const(b.panels)).Add(p), ir.Const(l.panels()-1))
		return serial("y", ceil(b.height, l.tile.rows), func(y ir.Dim) error {
			return serial("x", ceil(b.width, l.tile.width), func(x ir.Dim) error {
				return l.scoped(func() error { return l.makeTile(at, panel, y, x) })
			})
		})
	})
}
