package compress

import "slices"

// fitVectors finds a table with entries of several numbers, and fits it to what is nearest to it as it is stored.
func (j *paletteJob) fitVectors(w *paletteGroup) (codebook, error) {
	s := &vectorSearch{vectors: w.vectors(w.relative(), j.layout.length)}
	s.centres = clusterVectors(s.vectors, 1<<j.palette.Bits)
	var best codebook
	var least float64
	for i := range mostVectorRefits {
		next, err := j.storeNumbers(slices.Clone(s.centres), s.shares())
		if err != nil {
			return best, err
		}
		s.centres = next.values()
		s.look()
		if i > 0 && !(s.loss < least) {
			break
		}
		best, least = next, s.loss
		if j.exact() {
			break
		}
		s.move()
	}
	return best, nil
}

const mostVectorRefits = 6

// shares are the parts of the weight that the numbers of each centre have; all the same before points were looked at.
func (s *vectorSearch) shares() []float32 {
	out := slices.Repeat([]float32{1}, len(s.centres))
	total := 0.0
	for _, c := range s.clusters {
		for _, w := range c.weight {
			total += w
		}
	}
	for i := range out {
		if total > 0 {
			out[i] = float32(s.clusters[i/s.length].weight[i%s.length] / total)
		}
	}
	return out
}

// vectors are a group's elements as points. Weights are parts of the greatest one, so that none is too great or small.
func (w *paletteGroup) vectors(x []float32, length int) vectors {
	v := vectors{x: x, length: length}
	if w.weights == nil {
		return v
	}
	most := slices.Max(w.weights)
	v.weights = make([]float32, len(w.weights))
	for i, u := range w.weights {
		v.weights[i] = float32(max(u/most, leastWeight))
	}
	return v
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
	s := &vectorSearch{vectors: w.vectors(y, j.layout.length), centres: b.numbers}
	s.look()
	decoded := y
	for i, c := range s.nearest {
		w.codes[i] = uint8(c)
		copy(decoded[i*s.length:], b.numbers[int(c)*s.length:][:s.length])
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
