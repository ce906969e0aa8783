package compress

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// quantize stores a weight as codes and a grid for each block.
func quantize(ctx context.Context, t *host.Tensor, q Quant, opt Options) (*Packed, error) {
	j, err := newQuantJob(t, q, opt)
	if err != nil {
		return nil, err
	}
	return j.do(ctx)
}

// Assemble packs codes and grids that were found elsewhere, by [Fitter.Fit] and [Grid.Code]: a code for each element of the
// weight, row-major, and a grid for each of the blocks that opt says, row-major too. The grids are those of a fitter for q
// and the weight's type.
func Assemble(ctx context.Context, t *host.Tensor, q Quant, opt Options, grids []Grid, codes []uint8) (*Packed, error) {
	j, err := newQuantJob(t, q, opt)
	if err != nil {
		return nil, err
	}
	if j.given, err = j.givenGrids(grids, codes); err != nil {
		return nil, err
	}
	return j.do(ctx)
}

// quantJob quantizes a weight piece by piece.
type quantJob struct {
	fitter     *Fitter
	layout     *blockLayout
	numbers    *host.Tensor // [blocks along each axis..., a block's elements along each axis...]
	importance *host.Tensor // so, or nil
	given      *givenGrids  // nil: fit
	codes      *packing
	grids      gridTensors
}

// gridTensors are the parts of grids; all have an element for each block.
type gridTensors struct{ scale, low, zero *host.Tensor }

// givenGrids is what [Assemble] gets: the grids as f32, f32 and u8, and the codes in blocks as the numbers are.
type givenGrids struct {
	grids gridTensors
	codes *host.Tensor
}

func newQuantJob(t *host.Tensor, q Quant, opt Options) (*quantJob, error) {
	f, err := NewFitter(q, t.Elem)
	if err != nil {
		return nil, err
	}
	j := &quantJob{fitter: f}
	if j.layout, err = newBlockLayout(t.Shape, opt.Block, q.Elem); err != nil {
		return nil, err
	}
	if j.numbers, err = j.layout.split(t); err != nil {
		return nil, err
	}
	if opt.Importance != nil {
		if j.importance, err = j.layout.split(opt.Importance); err != nil {
			return nil, fmt.Errorf("its importance: %w", err)
		}
	}
	if j.codes, err = newPacking(q.Elem, j.layout); err != nil {
		return nil, err
	}
	j.grids, err = newGridTensors(f, j.layout.count)
	return j, err
}

func newGridTensors(f *Fitter, count []int) (g gridTensors, err error) {
	if g.scale, err = host.Alloc(f.scale, count); err != nil {
		return g, err
	}
	if f.quant.Offset == MinValue {
		g.low, err = host.Alloc(f.offsetElem(), count)
	} else if f.quant.Range == Asymmetric {
		g.zero, err = host.Alloc(host.U8, count)
	}
	return g, err
}

// do works on the pieces and puts the result together.
func (j *quantJob) do(ctx context.Context) (*Packed, error) {
	pieces := j.layout.pieces()
	signal, noise := make([]float64, pieces), make([]float64, pieces)
	err := host.Each(ctx, pieces, func(i int) error {
		var err error
		signal[i], noise[i], err = j.piece(i)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &Packed{Codes: j.codes.out, Scale: j.grids.scale, Min: j.grids.low, Stored: j.layout.shape}
	for i := range pieces { // in order, so that the sum is always the same
		out.Signal += signal[i]
		out.Noise += noise[i]
	}
	out.Zero, err = j.zeroPoints()
	return out, err
}

// piece quantizes one range of blocks.
func (j *quantJob) piece(i int) (signal, noise float64, err error) {
	w, err := j.load(i)
	if err != nil {
		return 0, 0, err
	}
	f := j.fitter.sibling()
	wide := len(w.wide) > 0
	for b := range w.scale {
		x, codes := w.block(w.x, b), w.codes[b*w.n:(b+1)*w.n]
		g := Grid{Scale: w.scale[b], Min: w.low[b], Zero: int(f.kind.decoded[w.zero[b]]), kind: f.kind}
		if j.given == nil {
			r, ok := rangeOf(x)
			if !ok {
				return 0, 0, ErrNotFinite
			}
			var loss float64
			g, loss = f.fit(x, w.block(w.importance, b), r)
			g.encode(codes, x)
			w.scale[b], w.low[b], w.zero[b] = g.Scale, g.Min, uint8(g.Zero)
			if !wide {
				signal += r.energy
				noise += loss
				continue
			}
		}
		if wide {
			signal, noise = g.addWide(codes, w.wide[b*w.n:(b+1)*w.n], signal, noise)
		} else {
			signal, noise = g.add(codes, x, signal, noise)
		}
	}
	return signal, noise, j.store(i, w)
}

// add adds the squares of a block's numbers, and of what the stored ones differ by, to sums.
func (g *Grid) add(codes []uint8, x []float32, signal, noise float64) (float64, float64) {
	var levels [run]float32
	zero := float32(g.Zero)
	for len(x) > 0 {
		n := min(len(x), run)
		for i, c := range codes[:n] {
			levels[i] = g.kind.decoded[c] - zero
		}
		g.values(levels[:n])
		for i, v := range levels[:n] {
			w := float64(x[i])
			d := w - float64(v)
			signal += float64(w * w)
			noise += float64(d * d)
		}
		x, codes = x[n:], codes[n:]
	}
	return signal, noise
}

// addWide is add for weights of f64, whose numbers are decoded in f64.
func (g *Grid) addWide(codes []uint8, x []float64, signal, noise float64) (float64, float64) {
	for i, c := range codes {
		product := float64(g.kind.decoded[c]-float32(g.Zero)) * float64(g.Scale)
		d := x[i] - (float64(product) + float64(g.Min))
		signal += float64(x[i] * x[i])
		noise += float64(d * d)
	}
	return signal, noise
}

// zeroPoints are stored as codes: none where all are zero, and one where all are the same.
func (j *quantJob) zeroPoints() (*host.Tensor, error) {
	k := j.fitter.kind
	bits, shape := []uint8{uint8(j.fitter.kind.centre())}, make([]int, len(j.layout.count))
	for i := range shape {
		shape[i] = 1
	}
	switch {
	case k.float:
		return nil, nil
	case j.grids.low != nil:
		bits[0] = uint8(int(k.least))
	case j.grids.zero != nil:
		if all := j.grids.zero.Data; !constant(all) {
			bits, shape = all, j.layout.count
		} else if len(all) > 0 {
			bits[0] = all[0]
		}
	}
	if constant(bits) && bits[0]&k.mask == 0 {
		return nil, nil
	}
	return packBits(k.elem, shape, bits)
}

func constant(bits []uint8) bool {
	for _, b := range bits {
		if b != bits[0] {
			return false
		}
	}
	return true
}
