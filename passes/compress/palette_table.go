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
	if j.palette.Rule != CoreAI { // its indices are found already
		newNearest(values).all(w.x, w.keep, w.codes)
	}
	var of [256]float32
	copy(of[:], values)
	var sums [4]float64 // one would wait for each sum before the next
	for i, v := range w.x {
		d := float64(v) - float64(of[w.codes[i]])
		sums[i%len(sums)] += float64(d * d)
	}
	return sums[0] + sums[1] + (sums[2] + sums[3])
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
