package compress

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aiopt/aiopt/ir/host"
)

// palettize stores a weight as indices into tables, one for each block of opt. Numbers of f64 weights are told apart as f32.
func palettize(ctx context.Context, t *host.Tensor, p Palette, opt Options) (*Packed, error) {
	j, err := newPaletteJob(t, p, opt, nil)
	if err != nil {
		return nil, err
	}
	if err := j.do(ctx); err != nil {
		return nil, err
	}
	return j.packed()
}

// paletteJob palettizes a weight group by group.
type paletteJob struct {
	palette Palette
	elem    host.Elem // of the weight
	layout  *paletteLayout
	fitter  *Fitter // of the tables' codes; nil: they are numbers

	magnitudes *host.Tensor // of each output channel; nil without a channel scale
	out        []int        // the output axes

	x, importance, channel, keep *host.Tensor // by groups; nil where there are none

	indices       *host.Tensor // u8, as the weight
	byGroup       *host.Tensor // so, by groups
	books         []codebook   // of each group
	signal, noise []float64    // so
	runs          sync.Pool    // memory of *runs that groups have one after another
}

// codebook is a table: entries of numbers, or of codes with scale and zero point.
type codebook struct {
	numbers []float32 // what entries give before the scale: [entries, length]
	codes   []uint8   // nil for numbers
	scale   float32
	zero    int
}

// What the rule CoreAI cannot follow.
const (
	noCoreAIPruned  = "coreai-opt's palettizer has no palettes of the kept elements of a pruned weight: try the rule search, without compat"
	noCoreAIVectors = "coreai-opt's palettes of several numbers start from random ones: try the rule search, without compat"
)

// newPaletteJob checks what is asked for. keep, of the weight's shape, is nil, or not zero for the elements that matter: the
// others get index 0, whose number is 0 then.
func newPaletteJob(t *host.Tensor, p Palette, opt Options, keep *host.Tensor) (*paletteJob, error) {
	if err := p.check(); err != nil {
		return nil, &Refusal{err.Error()}
	}
	switch t.Elem {
	case host.F64, host.F32, host.BF16, host.F16:
	default:
		return nil, &Refusal{fmt.Sprintf("its elements are %s, not f64, f32, bf16 or f16", t.Elem)}
	}
	if p.Rule == "" {
		p.Rule = Search
	}
	if keep != nil {
		if err := p.checkPruned(); err != nil {
			return nil, &Refusal{err.Error()}
		}
	}
	j := &paletteJob{palette: p, elem: t.Elem, out: axesOf(t.Shape, opt.Out)}
	var err error
	if j.layout, err = newPaletteLayout(t, p, opt); err != nil {
		return nil, err
	}
	if p.Table != host.Invalid {
		q := Quant{Elem: p.Table, Rule: p.Rule}
		if p.Asymmetric {
			q.Range = Asymmetric
		}
		if j.fitter, err = NewFitter(q, t.Elem); err != nil {
			return nil, err
		}
	}
	return j, j.prepare(t, opt, keep)
}

// prepare shows all tensors by groups.
func (j *paletteJob) prepare(t *host.Tensor, opt Options, keep *host.Tensor) (err error) {
	n := j.layout.groups()
	j.books, j.signal, j.noise = make([]codebook, n), make([]float64, n), make([]float64, n)
	if j.indices, err = host.Alloc(host.U8, j.layout.indices()); err != nil || n == 0 {
		return err
	}
	if j.byGroup, err = j.layout.split(j.indices, 1); err != nil {
		return err
	}
	if opt.Importance != nil && !slices.Equal(opt.Importance.Shape, t.Shape) {
		return fmt.Errorf("its importance has the shape %v, expected %v", host.ShapeText(opt.Importance.Shape), host.ShapeText(t.Shape))
	}
	var channel *host.Tensor
	if j.palette.ChannelScale {
		if j.magnitudes, err = channelMagnitudes(t, j.out); err != nil {
			return err
		}
		if channel, err = j.magnitudes.Expand(t.Shape); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		to   **host.Tensor
		from *host.Tensor
	}{{&j.x, t}, {&j.importance, opt.Importance}, {&j.channel, channel}, {&j.keep, keep}} {
		if part.from == nil {
			continue
		}
		if *part.to, err = j.layout.split(part.from, j.layout.length); err != nil {
			return err
		}
	}
	return nil
}

// channelMagnitudes is the greatest magnitude of each output channel, and 1 for channels of zeros, in the weight's element
// type; other axes have the size 1.
func channelMagnitudes(t *host.Tensor, out []int) (*host.Tensor, error) {
	if len(out) == 0 {
		return nil, &Refusal{"it has no output axis for a scale of each channel; try without channel scale"}
	}
	var others []int
	for i := range t.Shape {
		if !slices.Contains(out, i) {
			others = append(others, i)
		}
	}
	high, err := host.Reduce(host.Serial, host.ReduceMax, t, others, true)
	if err != nil {
		return nil, err
	}
	low, err := host.Reduce(host.Serial, host.ReduceMin, t, others, true)
	if err != nil {
		return nil, err
	}
	most, least := host.Values[float64](high), host.Values[float64](low)
	magnitudes := make([]float64, len(most))
	for i := range most {
		if magnitudes[i] = max(most[i], -least[i]); magnitudes[i] == 0 {
			magnitudes[i] = 1
		}
	}
	return host.FromValues(t.Elem, high.Shape, magnitudes)
}

func (j *paletteJob) do(ctx context.Context) error {
	return host.Each(ctx, len(j.books), func(g int) error {
		w, err := j.load(g)
		if err != nil {
			return err
		}
		j.books[g], err = j.fit(w)
		if err != nil {
			return err
		}
		j.noise[g] = j.assign(w, j.books[g])
		j.signal[g] = w.signal
		j.books[g].pad(1<<j.palette.Bits, j.layout.length)
		to := j.layout.group(j.byGroup, g)
		if to.Contiguous() { // the codes are there
			return nil
		}
		from, err := host.FromBytes(host.U8, to.Shape, w.codes)
		if err == nil {
			host.Assign(host.Serial, to, from)
		}
		return err
	})
}

// pad repeats the last entry.
func (b *codebook) pad(entries, length int) {
	for n := len(b.numbers); n < entries*length; n++ {
		b.numbers = append(b.numbers, b.numbers[n-length])
		if b.codes != nil {
			b.codes = append(b.codes, b.codes[n-length])
		}
	}
}
