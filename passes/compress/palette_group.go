package compress

import (
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// paletteGroup is what one group is worked on in. Its elements are in the order of the layout.
type paletteGroup struct {
	x       []float32 // perhaps the weight's own memory: never written to
	channel []float32 // the magnitude of each element's channel, or nil
	keep    []uint8   // or nil
	weights []float64 // of the squared errors of relative, or nil
	codes   []uint8   // the result, perhaps where it belongs
	signal  float64
}

// load reads a group.
func (j *paletteJob) load(g int) (*paletteGroup, error) {
	x, err := j.layout.group(j.x, g), error(nil)
	if x.Elem != host.F32 || !x.Contiguous() { // else it is read where it is
		if x, err = castTo(host.F32, x); err != nil {
			return nil, err
		}
	}
	w := &paletteGroup{x: host.Raw[float32](x)}
	if to := j.layout.group(j.byGroup, g); to.Contiguous() {
		w.codes = host.Raw[uint8](to)
	} else {
		w.codes = make([]uint8, len(w.x)/j.layout.length)
	}
	w.signal = sumPieces(len(w.x), func(lo, hi int) float64 { return energy(w.x[lo:hi]) })
	if w.signal-w.signal != 0 {
		return nil, ErrNotFinite
	}
	if j.keep != nil {
		w.keep = host.Raw[uint8](j.layout.group(j.keep, g))
	}
	if j.channel != nil {
		c, err := castTo(host.F32, j.layout.group(j.channel, g))
		if err != nil {
			return nil, err
		}
		w.channel = host.Raw[float32](c)
	}
	if j.importance != nil {
		i, err := castTo(host.F64, j.layout.group(j.importance, g))
		if err != nil {
			return nil, err
		}
		w.weights = host.Raw[float64](i)
	}
	return w, w.weigh(j.palette.Rule)
}

// energy is the sum of squares, which float64 holds of all finite float32 numbers.
func energy(x []float32) float64 {
	var a, b, c, d float64 // one sum would wait for itself at each number
	square := func(v float32) float64 { return float64(float64(v) * float64(v)) }
	for ; len(x) >= 4; x = x[4:] {
		a, b, c, d = a+square(x[0]), b+square(x[1]), c+square(x[2]), d+square(x[3])
	}
	for _, v := range x {
		a += square(v)
	}
	return a + b + (c + d)
}

// weigh finds the weights: the importance times the square of the channel's magnitude, which coreai-opt leaves out.
// Weights that are all zero count for nothing.
func (w *paletteGroup) weigh(rule Rule) error {
	most := 0.0
	for _, v := range w.weights {
		if !(v >= 0) || math.IsInf(v, 1) {
			return errImportance
		}
		most = max(most, v)
	}
	if most == 0 {
		w.weights = nil
	}
	if w.channel == nil || rule == CoreAI {
		return nil
	}
	if w.weights == nil {
		w.weights = make([]float64, len(w.x))
		for i := range w.weights {
			w.weights[i] = 1
		}
	}
	for i, c := range w.channel {
		w.weights[i] *= float64(c) * float64(c)
	}
	return nil
}

// relative are the numbers that tables are of: those of the weight divided by the magnitude of their channel.
func (w *paletteGroup) relative() []float32 {
	if w.channel == nil {
		return w.x
	}
	out := make([]float32, len(w.x))
	for i, v := range w.x {
		out[i] = v / w.channel[i]
	}
	return out
}

// fit finds the table of a group.
func (j *paletteJob) fit(w *paletteGroup) (codebook, error) {
	switch {
	case j.palette.Rule == CoreAI:
		return j.fitCoreAI(w)
	case j.layout.length > 1:
		return j.fitVectors(w)
	}
	return j.fitNumbers(w)
}

// fitNumbers finds a table of optimal numbers, and then one that is optimal as it is stored.
func (j *paletteJob) fitNumbers(w *paletteGroup) (codebook, error) {
	y, weights := w.kept()
	f := tableFitter{job: j, zero: w.keep != nil}
	k := 1 << j.palette.Bits
	if f.zero {
		k--
	}
	var means []moments
	c, _ := j.runs.Get().(*runs)
	if c == nil {
		c = new(runs)
	}
	f.x, means = c.clusterNumbers(y, weights, k, manyNumbers)
	j.runs.Put(c)
	best, err := f.store(means)
	if err != nil || j.exact() || len(means) == 0 {
		return best, err
	}
	means, least := f.assign(best)
	for range mostRefits {
		next, err := f.store(means)
		if err != nil {
			return best, err
		}
		m, loss := f.assign(next)
		if !(loss < least) {
			break
		}
		best, means, least = next, m, loss
	}
	return best, nil
}

// mostRefits is how often numbers and rounded table are fitted to each other; few of them gain something.
const mostRefits = 12

// exact reports that tables hold numbers as they are found.
func (j *paletteJob) exact() bool {
	return j.fitter == nil && (j.elem == host.F32 || j.elem == host.F64)
}

// kept are the relative numbers that matter, and their weights.
func (w *paletteGroup) kept() ([]float32, []float64) {
	y := w.relative()
	if w.keep == nil {
		return y, w.weights
	}
	var out []float32
	var weights []float64
	for i, k := range w.keep {
		if k == 0 {
			continue
		}
		out = append(out, y[i])
		if w.weights != nil {
			weights = append(weights, w.weights[i])
		}
	}
	return out, weights
}
