package sensitivity

import (
	"fmt"
	"strings"
)

// mostLines are how many units Lines lists.
const mostLines = 60

// Lines says what a plan does, for people: the totals, and each unit's scheme.
func (t *Table) Lines(p *Plan) []string {
	total := fmt.Sprintf("%.2f bits a weight", p.Bits)
	if p.DB != nil {
		samples := "samples"
		if t.Samples == 1 {
			samples = "sample"
		}
		total += fmt.Sprintf(", outputs at %.1f dB %s over %d %s", *p.DB, t.Metric, t.Samples, samples)
	}
	lines := []string{total}
	shown := t.Units[:min(len(t.Units), mostLines)]
	width := len("exact")
	for i := range shown {
		if k := p.Schemes[i]; k >= 0 {
			width = max(width, len(shown[i].Scores[k].Scheme))
		}
	}
	for i := range shown {
		scheme, alone := "exact", ""
		if k := p.Schemes[i]; k >= 0 {
			s := &shown[i].Scores[k]
			scheme = s.Scheme
			if s.DB != nil {
				alone = fmt.Sprintf("  (alone %.1f dB)", *s.DB)
			}
		}
		lines = append(lines, fmt.Sprintf("%-*s  %s%s", width, scheme, shown[i].Name, alone))
	}
	if more := len(t.Units) - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}

// Nothing says why no scheme compresses anything; empty where one does.
func (t *Table) Nothing() string {
	var lines []string
	for i := range t.Units {
		u := &t.Units[i]
		for _, s := range u.Scores {
			if s.After < u.Before {
				return ""
			}
		}
		lines = append(lines, fmt.Sprintf("%s: %s", u.Name, u.Scores[0].Refused))
	}
	for _, c := range t.refused {
		lines = append(lines, fmt.Sprintf("%s: %s", c.Tensor, c.Refused))
	}
	const most = 10
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %d more", more))
	}
	return "found no weight to compress" + strings.Join(append([]string{""}, lines...), "\n  ")
}
