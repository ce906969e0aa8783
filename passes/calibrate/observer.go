package calibrate

import "math"

// Observer is a rule that finds a range in the numbers that a value takes.
type Observer struct {
	Name, Doc string
	bins      bool // needs a histogram
	find      func(c *channel, o Options) Range
}

// Options are what observers can be told.
type Options struct {
	Codes      Codes   // what the range is for
	Percentile float64 // of the numbers, those that the range of `percentile` keeps
	// Low and High are ends of the range that are known, whatever numbers come; nil where one is not.
	Low, High *float64
}

// known puts the ends that are known in the place of those that were found.
func (o Options) known(r Range) Range {
	if o.Low != nil {
		r.Low = *o.Low
	}
	if o.High != nil {
		r.High = *o.High
	}
	return r
}

// Known is the range where both ends are known.
func (o Options) Known() (Range, bool) { return o.known(Range{}), o.Low != nil && o.High != nil }

// Observers lists all observers.
func Observers() []*Observer {
	return []*Observer{
		{Name: "minmax", Doc: "from the least number to the greatest", find: func(c *channel, _ Options) Range { return c.all }},
		{Name: "moving", Doc: "a moving average over the samples of their least and greatest numbers (the newest counts 0.01)",
			find: func(c *channel, _ Options) Range { return c.average }},
		{Name: "last", Doc: "of the last sample", find: func(c *channel, _ Options) Range { return c.last }},
		{Name: "percentile", Doc: "without the outermost numbers, half of them at either end", bins: true, find: percentile},
		{Name: "mse", Doc: "the range with the least squared error", bins: true, find: leastError},
	}
}

// Find finds an observer by name; nil where there is none.
func Find(name string) *Observer {
	for _, o := range Observers() {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// newest is how much the newest batch counts in a moving average, as in coreai-opt and PyTorch's observers.
const newest = 0.01

// channel is what is known of one channel.
type channel struct {
	all     Range // of everything seen, and 0
	average Range
	last    Range // of the newest batch
	batches int
	counts  histogram
}

// addBatch takes the range of a batch, which holds 0.
func (c *channel) addBatch(r Range) {
	c.last = r
	if c.batches++; c.batches == 1 {
		c.all, c.average = r, r
		return
	}
	c.all = c.all.join(r)
	c.average.Low += newest * (r.Low - c.average.Low)
	c.average.High += newest * (r.High - c.average.High)
}

func percentile(c *channel, o Options) Range {
	r := c.counts.cut((100 - o.Percentile) / 200)
	return Range{max(r.Low, c.all.Low), min(r.High, c.all.High)}
}

// clipSteps is how finely a range is made smaller in the search for the least error.
const clipSteps = 64

// leastError tries smaller ranges, both ends together and then, where codes are not symmetric, each alone. Of equal
// errors the larger range wins.
func leastError(c *channel, o Options) Range {
	centers, counts := c.counts.filled()
	if len(centers) == 0 {
		return c.all
	}
	best, least := c.all, math.Inf(1)
	try := func(r Range) {
		scale, zero := o.Codes.Params(r)
		sum := 0.0
		for i, x := range o.Codes.round(centers, scale, zero) {
			sum += counts[i] * (x - centers[i]) * (x - centers[i])
		}
		if sum < least {
			best, least = r, sum
		}
	}
	shrink := func(of Range, low, high bool) {
		for k := clipSteps; k > 0; k-- {
			r, f := of, float64(k)/clipSteps
			if low {
				r.Low *= f
			}
			if high {
				r.High *= f
			}
			try(r)
		}
	}
	shrink(c.all, true, true)
	if o.Codes.Asymmetric {
		shrink(best, true, false)
		shrink(best, false, true)
	}
	return best
}
