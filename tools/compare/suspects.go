package compare

import (
	"cmp"
	"slices"

	"github.com/aiopt/aiopt/tools/metric"
)

// shownAlone is how many of the worst points are told what they lose alone whatever they have inherited, as a table begins with them.
const shownAlone = 10

// Suspects lists the n points whose operations are most worth running alone, or with -1 all that are not exact: the first point of the
// program that is red, or yellow where none is, and those that are further from the reference than what they are computed from, red ones
// first. A point that is as far as its sources has inherited their error, however large that is; of those, the worst n are
// run beside, but no more than 10.
func Suspects(testedSide Side, r *Report, n int) ([]int, error) {
	l, err := newLocalizer(testedSide, r)
	if err != nil {
		return nil, err
	}
	type suspect struct {
		*Point
		loss float64
	}
	var list []suspect
	for i := range r.Points {
		if p := &r.Points[i]; p.Scores == nil || !p.Scores.Exact() {
			list = append(list, suspect{p, l.loss(p)})
		}
	}
	first := r.First()
	if first == nil {
		first = r.first((*Point).below)
	}
	rank := func(s suspect) int {
		switch {
		case s.Point == first:
			return 0
		case s.failed():
			return 1
		case s.below():
			return 2
		}
		return 3
	}
	slices.SortStableFunc(list, func(a, b suspect) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.loss, a.loss)) })
	var chosen []int
	for _, s := range list {
		if n >= 0 && len(chosen) == n {
			break
		}
		chosen = append(chosen, s.Index)
	}
	worst := r.Sorted(WorstFirst)
	for _, p := range worst[:max(0, min(n, shownAlone, len(worst)))] {
		if exact := p.Scores != nil && p.Scores.Exact(); !exact && !slices.Contains(chosen, p.Index) {
			chosen = append(chosen, p.Index)
		}
	}
	return chosen, nil
}

// mostSNR stands for exact values where losses are compared: more than f32 can tell.
const mostSNR = 150

// loss is by how many dB of SNR a point is worse than the worst value that it is computed from.
func (l *localizer) loss(p *Point) float64 {
	if p.Scores == nil || p.Turns != 1 {
		return 0
	}
	reg, err := l.region(p.by[0].Value)
	if err != nil {
		return 0
	}
	snr := func(s *metric.Scores) float64 { return max(-mostSNR, min(mostSNR, s.SNR())) }
	before := float64(mostSNR)
	for _, v := range reg.params {
		if q := l.source(p.by[0].Value.Call, v).point; q != nil && q.Scores != nil {
			before = min(before, snr(q.Scores))
		}
	}
	return before - snr(p.Scores)
}
