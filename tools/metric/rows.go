package metric

import "math"

// Rows is what the rows along the last axis say as distributions.
type Rows struct {
	Count   int     // rows whose elements are all finite
	KL      float64 // mean over those of sum p ln(p/q) in nats, p from the reference and q from the tested tensor
	SameTop float64 // share of those whose largest element is at the same place
}

// rows collects the divergence of rows block by block. With M the largest logit so far, sums are of exp(x-M) and are scaled when M
// grows, so that a row needs to be read only once: KL = S/Z - (M + ln Z) + (N + ln Y), where Z and Y are the sums of
// the reference and the tested row and S = sum exp(r-M)(r-t).
type rows struct {
	length int
	raw    bool // elements are chances
	at     int  // in the row

	most, sum      float64 // of the reference
	tmost, tsum    float64 // of the tested row
	gap            float64 // S, or sum p ln(p/q) of raw rows
	place, tplace  int
	broken         bool
	count, sameTop int
	total          float64 // of the divergences
}

func (w *rows) start() {
	w.at, w.broken, w.gap = 0, false, 0
	w.most, w.tmost = math.Inf(-1), math.Inf(-1)
	w.sum, w.tsum = 0, 0
}

func (w *rows) add(tested, reference []float64) {
	for i, r := range reference {
		t := tested[i]
		if t-t != 0 || r-r != 0 {
			w.broken = true
		} else if w.raw {
			w.chance(t, r)
		} else {
			w.logit(t, r)
		}
		if w.at++; w.at == w.length {
			w.end()
		}
	}
}

func (w *rows) chance(t, r float64) {
	if t > w.tmost {
		w.tmost, w.tplace = t, w.at
	}
	if r > w.most {
		w.most, w.place = r, w.at
	}
	if r > 0 {
		w.gap += r * math.Log(r/t) // a chance of 0 that should be more is infinitely far
	}
}

func (w *rows) logit(t, r float64) {
	if r > w.most {
		scale := math.Exp(w.most - r)
		w.sum, w.gap = w.sum*scale, w.gap*scale
		w.most, w.place = r, w.at
	}
	if t > w.tmost {
		w.tsum *= math.Exp(w.tmost - t)
		w.tmost, w.tplace = t, w.at
	}
	p := math.Exp(r - w.most)
	w.sum += p
	if p > 0 { // otherwise the difference counts nothing, even if float64 has it not
		w.gap += p * (r - t)
	}
	w.tsum += math.Exp(t - w.tmost)
}

func (w *rows) end() {
	if !w.broken {
		kl := w.gap
		if !w.raw {
			kl = w.gap/w.sum - (w.most + math.Log(w.sum)) + (w.tmost + math.Log(w.tsum))
		}
		w.count++
		w.total += kl
		if w.place == w.tplace {
			w.sameTop++
		}
	}
	w.start()
}

func (w *rows) result() *Rows {
	n := float64(w.count)
	return &Rows{Count: w.count, KL: w.total / n, SameTop: float64(w.sameTop) / n}
}
