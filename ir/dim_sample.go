package ir

import (
	"maps"
	"math"
	"slices"
)

// dimSample is one size for each symbol, which together are within all ranges and satisfy all guards. What does not hold for
// it cannot be proven, so that nobody has to look for the proof.
type dimSample struct {
	sizes  map[string]int64
	number int
}

const (
	dimSamples      = 12  // of an environment
	dimSamplesFew   = 3   // that are worth to be looked for anew
	dimSampleTries  = 32  // to find them
	dimSampleChoice = 8   // sizes tried for a symbol
	dimSampleWindow = 600 // how far from its end a range is looked at
)

// samplesOf looks for samples when it is first asked. There may be none, or none may be found.
func (e *DimEnv) samplesOf() []dimSample {
	e.sampled.Do(func() {
		if e.within != nil {
			e.samples = e.grown(e.within.samplesOf())
		}
		if len(e.samples) < dimSamplesFew {
			e.samples = e.find(newDimSampler(e.decls, e.guards, e.ranges, nil))
		}
	})
	return e.samples
}

// find looks for samples from the beginning.
func (e *DimEnv) find(s *dimSampler) (list []dimSample) {
	for try := range dimSampleTries {
		found := dimSample{sizes: make(map[string]int64, len(s.names)), number: try}
		if s.try(found) {
			list = append(list, found)
		}
		if len(list) == dimSamples || len(s.names) == 0 {
			break
		}
	}
	return list
}

// grown gives those of the environment within that can be completed by sizes for what is known beside.
func (e *DimEnv) grown(within []dimSample) (list []dimSample) {
	decls, guards := e.decls[len(e.within.decls):], e.guards[len(e.within.guards):]
	if len(guards) == 0 && len(decls) == 0 || len(within) == 0 {
		return within
	}
	given := within[0].sizes // all have the same symbols
	if slices.ContainsFunc(decls, func(d *DimDecl) bool { _, had := given[d.Name]; return had }) {
		return nil
	}
	s := newDimSampler(decls, guards, e.ranges, given)
	for round := range 2 {
		for _, w := range within {
			found := dimSample{sizes: maps.Clone(w.sizes), number: w.number + round*dimSampleTries}
			if len(list) < dimSamples && s.try(found) {
				list = append(list, found)
			}
		}
		if len(decls) == 0 || len(list) >= dimSamples*3/4 {
			break
		}
	}
	return list
}

// seen gives the least and the greatest value of d in samples; ok is false where there is none.
func (e *DimEnv) seen(d Dim) (lo, hi int64, ok bool) {
	lo, hi = math.MaxInt64, math.MinInt64
	for _, s := range e.samplesOf() {
		e.effort.take(1 + len(d.terms()))
		if v, err := d.evalInt(s.size); err == nil {
			lo, hi, ok = min(lo, v), max(hi, v), true
		}
	}
	return lo, hi, ok
}

// Glance is Prove without a search: the ranges of terms decide, or a guard that says so. Where it is undecided, open says that
// samples leave it possible that the condition holds for all sizes.
func (e *DimEnv) Glance(c Cond) (t Truth, open bool) {
	diff := c.Right.Sub(c.Left)
	if diff.Err() != nil || e.effort.Spent() {
		return Undecided, false
	}
	e.effort.take(1 + len(diff.terms()))
	i := e.interval(diff)
	low, high := c.Rel.holds(0, max(i.Lo, -math.MaxInt64)), c.Rel.holds(0, i.Hi)
	decided := low == high && (i.Lo == i.Hi || c.Rel != RelEQ && c.Rel != RelNE)
	if decided && low || c.Rel == RelLE && e.given(diff) {
		return True, true
	}
	for _, s := range e.samplesOf() {
		e.effort.take(1 + len(diff.terms()))
		if v, err := diff.evalInt(s.size); err == nil && !c.Rel.holds(0, v) {
			if decided {
				return False, true
			}
			return Undecided, false
		}
	}
	return Undecided, true
}

// size is that of a symbol. One of which nothing is known may have any.
func (s dimSample) size(name string) (int64, bool) {
	if n, ok := s.sizes[name]; ok {
		return n, true
	}
	return int64(dimMix(name, s.number)%97) - 16, true
}

// dimMix gives numbers that look random and are the same in every run.
func dimMix(name string, numbers ...int) uint64 {
	x := uint64(14695981039346656037) // FNV-1a (Fowler, Noll, Vo)
	for i := range len(name) {
		x = (x ^ uint64(name[i])) * 1099511628211
	}
	for _, n := range numbers {
		x ^= uint64(n) + 0x9e3779b97f4a7c15 // the finalizer of splitmix64 (Steele, Lea, Flood)
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return x
}

// dimSampler completes samples: it gives one symbol after the other a size that the guards allow which need no later one.
type dimSampler struct {
	names  []string
	ranges map[string]Interval
	checks [][]Guard // by the last of their symbols; those that need none of them are last
	limits [][]Dim   // of those, sums of at least 0 that are linear in that symbol
}

// newDimSampler is for symbols that are declared, and those that only guards mention, save what is given already.
func newDimSampler(decls []*DimDecl, guards []Guard, ranges map[string]Interval, given map[string]int64) *dimSampler {
	s := &dimSampler{ranges: ranges}
	at := map[string]int{}
	for i, d := range decls {
		s.names, at[d.Name] = append(s.names, d.Name), i
	}
	last := make([]int, len(guards))
	for i, g := range guards {
		last[i] = -1
		for _, name := range g.Symbols() {
			k, ours := at[name]
			if _, theirs := given[name]; theirs {
				continue
			}
			if !ours {
				k = len(s.names)
				s.names, at[name] = append(s.names, name), k
			}
			last[i] = max(last[i], k)
		}
	}
	s.checks, s.limits = make([][]Guard, len(s.names)+1), make([][]Dim, len(s.names))
	for i, g := range guards {
		if last[i] < 0 {
			s.checks[len(s.names)] = append(s.checks[len(s.names)], g)
			continue
		}
		s.checks[last[i]] = append(s.checks[last[i]], g)
		if len(g.Any) != 1 {
			continue
		}
		for _, sum := range g.Any[0].sums() {
			if sum.linearIn(s.names[last[i]]) {
				s.limits[last[i]] = append(s.limits[last[i]], sum)
			}
		}
	}
	return s
}

// linearIn reports a valid sum in which the symbol is a factor of terms, at most once of each, and nothing else.
func (d Dim) linearIn(name string) bool {
	for _, t := range d.terms() {
		times := 0
		for _, a := range t.product {
			switch {
			case a.kind == dimSymbol && a.text == name:
				times++
			case slices.ContainsFunc(a.args, func(arg Dim) bool { return slices.Contains(arg.Symbols(), name) }):
				return false
			}
		}
		if times > 1 {
			return false
		}
	}
	return d.Err() == nil
}

// try completes a sample. The first tries have ends of ranges, later ones sizes between, and every second one multiples of 64 where
// there is room, as sizes are often divided.
func (s *dimSampler) try(found dimSample) bool {
	for i := range s.names {
		lo, hi, ok := s.bounds(i, found)
		if !ok || !s.choose(i, lo, hi, found) {
			return false
		}
	}
	return s.allowed(len(s.names), found)
}

// allowed checks the guards of which symbol i is the last.
func (s *dimSampler) allowed(i int, found dimSample) bool {
	return !slices.ContainsFunc(s.checks[i], func(g Guard) bool {
		holds, _, err := g.Holds(found.size)
		return err != nil || !holds
	})
}

// bounds are those that the range of a symbol and the sums that are linear in it leave, cut to a window.
func (s *dimSampler) bounds(i int, found dimSample) (lo, hi int64, ok bool) {
	name := s.names[i]
	r, known := s.ranges[name]
	if !known {
		r = Anything()
	}
	for _, sum := range s.limits[i] {
		found.sizes[name] = 0
		rest, err := sum.evalInt(found.size)
		found.sizes[name] = 1
		with, err1 := sum.evalInt(found.size)
		if err != nil || err1 != nil {
			return 0, 0, false
		}
		factor, fits := dimAddInt(with, -rest)
		switch {
		case !fits || factor == 0 && rest < 0:
			return 0, 0, false
		case factor > 0:
			r.Lo = max(r.Lo, -dimFloor(rest, factor))
		case factor < 0:
			r.Hi = min(r.Hi, dimFloor(rest, -factor))
		}
	}
	switch {
	case r.Lo > r.Hi:
		return 0, 0, false
	case r.Lo == math.MinInt64 && r.Hi == math.MaxInt64:
		r = Interval{-16, dimSampleWindow}
	case r.Lo == math.MinInt64:
		r.Lo = dimAddLow(r.Hi, -dimSampleWindow)
	}
	if top, fits := dimAddInt(r.Lo, dimSampleWindow); fits {
		r.Hi = min(r.Hi, top)
	}
	return r.Lo, r.Hi, true
}

// choose gives a symbol a size in lo..Hi that its guards allow.
func (s *dimSampler) choose(i int, lo, hi int64, found dimSample) bool {
	const multiple = 64
	name, room := s.names[i], uint64(hi-lo)
	for k := range dimSampleChoice {
		mix := dimMix(name, found.number, k)
		n := lo + int64((mix>>8)%(room+1))
		switch style := mix % 4; {
		case k == 0 && found.number == 0:
			n = lo
		case found.number%2 == 1 && room >= multiple && k%4 != 3:
			if up := n + (multiple - 1) - (n+multiple-1)%multiple; up <= hi && up >= lo {
				n = up
			}
		case style == 0:
			n = lo
		case style == 1:
			n = hi
		}
		found.sizes[name] = n
		if s.allowed(i, found) {
			return true
		}
	}
	return false
}
