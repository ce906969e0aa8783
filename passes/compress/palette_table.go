package compress

import "slices"

// tableFitter makes stored tables for the numbers of a group.
type tableFitter struct {
	job  *paletteJob
	x    line
	zero bool // entry 0 is 0
}

// store rounds means, in ascending order, to a table as it is stored.
func (f *tableFitter) store(means []moments) (codebook, error) {
	numbers, weights := make([]float32, 0, len(means)+1), make([]float32, 0, len(means)+1)
	total := 0.0
	for _, m := range means {
		total += m.weight
	}
	if f.zero || len(means) == 0 {
		numbers, weights = append(numbers, 0), append(weights, 0)
	}
	for _, m := range means {
		numbers, weights = append(numbers, float32(m.mean)), append(weights, float32(m.weight/total))
	}
	return f.job.storeNumbers(numbers, weights)
}

// storeNumbers rounds the numbers of a table, or finds codes for them with a scale for which the error, weighed, is least.
func (j *paletteJob) storeNumbers(numbers, weights []float32) (codebook, error) {
	if j.fitter == nil {
		roundAll(numbers, j.elem)
		return codebook{numbers: numbers, scale: 1}, nil
	}
	fitter := j.fitter.sibling()
	grid, err := fitter.Fit(numbers, weights)
	if err != nil {
		return codebook{}, err
	}
	b := codebook{scale: grid.Scale, zero: grid.Zero}
	for _, v := range numbers {
		c := grid.Code(v)
		b.codes = append(b.codes, c)
		b.numbers = append(b.numbers, fitter.kind.decode(c)-float32(grid.Zero))
	}
	return b, nil
}

// values are what a table's entries stand for, relative to the channel's magnitude.
func (b codebook) values() []float32 {
	out := slices.Clone(b.numbers)
	for i := range out {
		out[i] *= b.scale
	}
	return out
}

// assign gives the numbers to their nearest entries: the moments of those that each entry got, but for a fixed one and
// empty ones, and the error.
func (f *tableFitter) assign(b codebook) (means []moments, loss float64) {
	near := newNearest(b.values())
	values := b.values()
	start := 0
	for start < len(f.x.v) {
		code := near.find(f.x.v[start])
		end := start + 1
		for end < len(f.x.v) && near.find(f.x.v[end]) == code {
			end++
		}
		m := momentsOf(f.x, start, end)
		d := m.mean - float64(values[code])
		loss += m.error + float64(m.weight*d*d)
		if !(f.zero && values[code] == 0) {
			means = append(means, m)
		}
		start = end
	}
	return means, loss
}

// assign gives each element of a group the nearest entry, and sums up the squares of what the decoded ones differ by.
func (j *paletteJob) assign(w *paletteGroup, b codebook) (noise float64) {
	if j.layout.length > 1 {
		return j.assignVectors(w, b)
	}
	if w.channel != nil {
		return j.assignScaled(w, b)
	}
	values := b.values()
	roundAll(values, j.elem)
	var near finder
	if j.palette.Rule != CoreAI { // its indices are found already
		near = newNearest(values).finder(len(w.x))
	}
	var of [256]float32
	copy(of[:], values)
	return sumPieces(len(w.x), func(lo, hi int) float64 {
		x, codes := w.x[lo:hi], w.codes[lo:hi]
		switch {
		case near == nil:
		case w.keep == nil:
			near.all(x, codes)
		default:
			near.kept(x, codes, w.keep[lo:hi])
		}
		return noiseOf(x, codes, &of)
	})
}

// noiseOf is the sum of the squares of what decoded numbers differ by.
func noiseOf(x []float32, codes []uint8, values *[256]float32) float64 {
	var a, b, c, d float64 // one sum would wait for itself at each number
	square := func(v float32, code uint8) float64 {
		d := float64(v) - float64(values[code])
		return float64(d * d)
	}
	for len(x) >= 4 && len(codes) >= 4 {
		a, b = a+square(x[0], codes[0]), b+square(x[1], codes[1])
		c, d = c+square(x[2], codes[2]), d+square(x[3], codes[3])
		x, codes = x[4:], codes[4:]
	}
	for i, v := range x {
		a += square(v, codes[i])
	}
	return a + b + (c + d)
}

// assignScaled is assign where each channel has a scale.
func (j *paletteJob) assignScaled(w *paletteGroup, b codebook) (noise float64) {
	near := newNearest(b.numbers)
	given := j.palette.Rule == CoreAI
	for lo := 0; lo < len(w.x); lo += run {
		hi := min(lo+run, len(w.x))
		var decoded [run]float32
		for i := lo; i < hi; i++ {
			scale := w.channel[i]
			if j.fitter != nil {
				scale = j.combined(b.scale, scale)
			}
			if !given && (w.keep == nil || w.keep[i] != 0) {
				w.codes[i] = near.find(w.x[i] / scale)
			}
			decoded[i-lo] = b.numbers[w.codes[i]] * scale
		}
		roundAll(decoded[:hi-lo], j.elem)
		for i, v := range decoded[:hi-lo] {
			d := float64(w.x[lo+i]) - float64(v)
			noise += float64(d * d)
		}
	}
	return noise
}
