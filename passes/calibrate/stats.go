package calibrate

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// Bins of a histogram: of a whole tensor, and of each of its channels.
const (
	tensorBins  = 8192
	channelBins = 512
)

// Stats gather what an observer needs to know of one value.
type Stats struct {
	observer *Observer
	axis     int // -1: the whole tensor
	channels []channel
	bad      int64
}

// PerTensor is the axis of Stats that do not tell channels apart.
const PerTensor = -1

// Start begins to observe a value, along an axis or PerTensor.
func (o *Observer) Start(axis int) *Stats { return &Stats{observer: o, axis: axis} }

// Batches is how many tensors were added.
func (s *Stats) Batches() int {
	if len(s.channels) == 0 {
		return 0
	}
	return s.channels[0].batches
}

// NotFinite is how many numbers were NaN or infinite; they are left out.
func (s *Stats) NotFinite() int64 { return s.bad }

// Add takes what the value was in one call. An empty tensor says nothing.
func (s *Stats) Add(t *host.Tensor) error {
	n, inner := 1, 1
	if s.axis >= 0 {
		if s.axis >= t.Rank() {
			return fmt.Errorf("found %s, expected an axis %d", t, s.axis)
		}
		n = t.Shape[s.axis]
		for _, d := range t.Shape[s.axis+1:] {
			inner *= d
		}
	}
	if t.Len() == 0 {
		return nil
	}
	if s.channels == nil {
		s.channels = make([]channel, n)
	}
	if len(s.channels) != n {
		return fmt.Errorf("found %d channels, expected %d as in the samples before", n, len(s.channels))
	}
	batch := make([]Range, n)
	x := host.Values[float64](t)
	if s.axis < 0 {
		inner = len(x)
	}
	for start, k := 0, 0; start < len(x); start, k = start+inner, (k+1)%n {
		s.run(k, x[start:start+inner], &batch[k])
	}
	for k := range s.channels {
		s.channels[k].addBatch(batch[k])
	}
	return nil
}

// run takes neighbouring numbers of one channel.
func (s *Stats) run(k int, x []float64, r *Range) {
	c := &s.channels[k]
	count := s.observer.bins || s.axis < 0
	if count && c.counts.bins == nil {
		size := tensorBins
		if s.axis >= 0 {
			size = channelBins
		}
		c.counts.bins = make([]uint64, size)
	}
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			s.bad++
			continue
		}
		r.Low, r.High = min(r.Low, v), max(r.High, v)
		if count {
			c.counts.add(v)
		}
	}
}

// Ranges are the ranges found, one for each channel.
func (s *Stats) Ranges(o Options) []Range {
	list := make([]Range, len(s.channels))
	for i := range s.channels {
		list[i] = o.known(s.observer.find(&s.channels[i], o))
	}
	return list
}

// Loss is what codes leave of the numbers seen, as sums of squares: of the numbers, and of what they differ by. It takes all
// numbers of a bin for the bin's middle. Of Stats that tell channels apart, whose bins are too wide for that, both are 0.
func (s *Stats) Loss(o Options) (signal, noise float64) {
	if s.axis >= 0 || len(s.channels) == 0 {
		return 0, 0
	}
	centers, counts := s.channels[0].counts.filled()
	scale, zero := o.Codes.Params(s.Ranges(o)[0])
	for i, x := range o.Codes.round(centers, scale, zero) {
		signal += counts[i] * centers[i] * centers[i]
		noise += counts[i] * (x - centers[i]) * (x - centers[i])
	}
	return signal, noise
}
