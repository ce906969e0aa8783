package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// Module is what the points of a PyTorch module say together.
type Module struct {
	Path   string
	Points int
	Red    int    // of those, red, destroyed or not comparable
	Yellow int    // and yellow
	Worst  *Point // the worst of them
}

// failed reports a point that is red or worse.
func (p *Point) failed() bool {
	return slices.Contains([]metric.Verdict{metric.Red, metric.Destroyed, metric.NotComparable}, p.Verdict)
}

// below reports a point that is not as near as it should be: yellow, red or worse.
func (p *Point) below() bool { return p.failed() || p.Verdict == metric.Yellow }

// Modules lists the modules that have points, the one with the worst point first.
func (r *Report) Modules() []Module {
	var list []Module
	at := map[string]int{}
	for _, p := range r.Sorted(WorstFirst) {
		i, known := at[p.Module]
		if !known {
			i = len(list)
			at[p.Module] = i
			list = append(list, Module{Path: p.Module, Worst: p})
		}
		list[i].Points++
		switch {
		case p.failed():
			list[i].Red++
		case p.Verdict == metric.Yellow:
			list[i].Yellow++
		}
	}
	return list
}

// Guilty lists the points whose operations make the error themselves, in the order of the program, as far as operations were run alone.
func (r *Report) Guilty() []*Point {
	var list []*Point
	for i := range r.Points {
		if p := &r.Points[i]; p.Local != nil && p.Local.Guilty {
			list = append(list, p)
		}
	}
	return list
}

// source is the line of Python that a point comes from, without the folders.
func (p *Point) source() string {
	return p.Source[strings.LastIndexAny(p.Source, `/\`)+1:]
}

// place says where a point is, and how bad it is.
func (r *Report) place(p *Point) string {
	s := nameOf(p.Name, p.Call, p.Module) + ", " + r.Metric.Text(p.Scores)
	if p.Source != "" {
		s += ", " + p.source()
	}
	return s
}

// blame is a line that says where to look.
type blame struct{ Title, Text string }

// mostBlamed is how many operations and modules such a line names.
const mostBlamed = 3

// blames says where the error begins, which operations make it, and which modules are the worst. Without a red point the yellow ones
// lead; without those, only what operations lose alone is known.
func (r *Report) blames() []blame {
	var list []blame
	first := r.First()
	if below := r.first((*Point).below); below != nil && below != first {
		list = append(list, blame{"first yellow", r.place(below)})
	}
	if first != nil {
		list = append(list, blame{"first red", r.place(first)})
	}
	if len(list) == 0 {
		if most := r.losesMost(); most != nil {
			list = append(list, blame{"loses most", r.alone(most)})
		}
		return list
	}
	list = append(list, blame{"makes the error", r.makers()})
	var worst []string
	modules := slices.DeleteFunc(r.Modules(), func(m Module) bool { return m.Red+m.Yellow == 0 })
	for _, m := range modules[:min(mostBlamed, len(modules))] {
		worst = append(worst, fmt.Sprintf("%s %s (%s)", moduleTitle(m.Path), r.Metric.Text(m.Worst.Scores), m.counts()))
	}
	return append(list, blame{"worst modules", strings.Join(worst, ", ") + rest(len(modules), "module")})
}

// counts says how many points of a module are below green.
func (m Module) counts() string {
	switch {
	case m.Yellow == 0:
		return fmt.Sprintf("%d of %d red", m.Red, m.Points)
	case m.Red == 0:
		return fmt.Sprintf("%d of %d yellow", m.Yellow, m.Points)
	}
	return fmt.Sprintf("%d of %d red, %d yellow", m.Red, m.Points, m.Yellow)
}

// makers says which operations make the error, as far as that is known.
func (r *Report) makers() string {
	if all := r.Guilty(); len(all) > 0 {
		var names []string
		for _, p := range all[:min(mostBlamed, len(all))] {
			names = append(names, nameOf(p.Name, p.Call, p.Module)+with(p.Local.Inside))
		}
		return strings.Join(names, "; ") + rest(len(all), "operation")
	}
	most := r.losesMost()
	if most == nil {
		return "--local tells which operations make it and which inherit it"
	}
	ran := 0
	for i := range r.Points {
		if l := r.Points[i].Local; l != nil && l.Scores != nil {
			ran++
		}
	}
	if most.Local.Verdict == metric.Yellow {
		return fmt.Sprintf("of %s that ran alone none is red; %s loses the most", host.Counted(ran, "operation"), r.alone(most))
	}
	return fmt.Sprintf("none of the %s that ran alone, at worst %s: errors add up", host.Counted(ran, "operation"), r.alone(most))
}

// losesMost is the point whose operation is the furthest from the reference alone; nil where none ran alone, or all are exact.
func (r *Report) losesMost() *Point {
	var worst *Point
	for i := range r.Points {
		p := &r.Points[i]
		if p.Local == nil || p.Local.Scores == nil || p.Local.Scores.Exact() {
			continue
		}
		if worst == nil || worse(r.Metric, p.Local.Scores, worst.Local.Scores) < 0 {
			worst = p
		}
	}
	return worst
}

// alone says what an operation loses when it runs alone.
func (r *Report) alone(p *Point) string {
	return nameOf(p.Name, p.Call, p.Module) + with(p.Local.Inside) + " with " + r.Metric.Text(p.Local.Scores) + " alone"
}

// with names what was computed in one go with an operation.
func with(inside []string) string {
	if len(inside) == 0 {
		return ""
	}
	return " with " + strings.Join(inside, ", ")
}

// rest counts what a line leaves out.
func rest(n int, what string) string {
	if n <= mostBlamed {
		return ""
	}
	return fmt.Sprintf(", and %s more", host.Counted(n-mostBlamed, what))
}

// writeBlames writes them for people.
func (r *Report) writeBlames(w io.Writer) {
	for _, b := range r.blames() {
		fmt.Fprintf(w, "%-16s %s\n", b.Title+":", b.Text)
	}
}
