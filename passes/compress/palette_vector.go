package compress

import "slices"

// fitVectors finds a table with entries of several numbers, and fits it to what is nearest to it as it is stored.
func (j *paletteJob) fitVectors(w *paletteGroup) (codebook, error) {
	y := w.relative()
	in := unit(y)
	l := newLloyd(newVectors(times(y, in), w.weights, j.layout.length))
	l.centres = clusterVectors(l.vectors, 1<<j.palette.Bits)
	var best codebook
	var least float64
	for i := range mostVectorRefits {
		next, err := j.storeNumbers(times(l.centres, 1/in), l.shares())
		if err != nil || j.exact() {
			return next, err
		}
		l.centres = times(next.values(), in)
		l.assign()
		if i > 0 && !(l.loss < least) {
			break
		}
		best, least = next, l.loss
		l.move()
	}
	return best, nil
}

const mostVectorRefits = 6

// shares are the parts of the weight that the numbers of each centre have; all the same before points were looked at.
func (l *lloyd) shares() []float32 {
	out := slices.Repeat([]float32{1}, len(l.centres))
	total := 0.0
	for _, w := range l.weight {
		total += w
	}
	for i := range out {
		if total > 0 {
			out[i] = float32(l.weight[i] / total)
		}
	}
	return out
}

// assignVectors is assign for entries of several numbers. What is nearest is measured relative to the stored scales.
func (j *paletteJob) assignVectors(w *paletteGroup, b codebook) (noise float64) {
	scales := slices.Repeat([]float32{b.scale}, len(w.x))
	if w.channel != nil {
		for i, c := range w.channel {
			scales[i] = c
			if j.fitter != nil {
				scales[i] = j.combined(b.scale, c)
			}
		}
	}
	y := make([]float32, len(w.x))
	for i, v := range w.x {
		y[i] = v / scales[i]
	}
	in := unit(y)
	v, centres := newVectors(times(y, in), w.weights, j.layout.length), times(b.numbers, in)
	decoded := y
	for i := range w.codes {
		c := v.look(i, centres).first
		w.codes[i] = uint8(c)
		copy(decoded[i*v.length:], b.numbers[c*v.length:][:v.length])
	}
	for i := range decoded {
		decoded[i] *= scales[i]
	}
	roundAll(decoded, j.elem)
	for i, v := range decoded {
		d := float64(w.x[i]) - float64(v)
		noise += float64(d * d)
	}
	return noise
}
