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
	Worst  *Point // the worst of them
}

// failed reports a point that is red or worse.
func (p *Point) failed() bool {
	return slices.Contains([]metric.Verdict{metric.Red, metric.Destroyed, metric.NotComparable}, p.Verdict)
}

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
		if p.failed() {
			list[i].Red++
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

// blames says where the error begins, which operations make it, and which modules are the worst; nothing where no point is red.
func (r *Report) blames() []blame {
	first := r.First()
	if first == nil {
		return nil
	}
	list := []blame{{"first red", r.place(first)}}
	list = append(list, blame{"makes the error", r.makers()})
	var worst []string
	modules := slices.DeleteFunc(r.Modules(), func(m Module) bool { return m.Red == 0 })
	for _, m := range modules[:min(mostBlamed, len(modules))] {
		worst = append(worst, fmt.Sprintf("%s %s (%d of %d red)", moduleTitle(m.Path), r.Metric.Text(m.Worst.Scores), m.Red, m.Points))
	}
	return append(list, blame{"worst modules", strings.Join(worst, ", ") + rest(len(modules), "module")})
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
	ran, worst := 0, (*Point)(nil)
	for i := range r.Points {
		if p := &r.Points[i]; p.Local != nil && p.Local.Scores != nil {
			if ran++; worst == nil || worse(r.Metric, p.Local.Scores, worst.Local.Scores) < 0 {
				worst = p
			}
		}
	}
	if worst == nil {
		return "--local tells which operations make it and which inherit it"
	}
	return fmt.Sprintf("none of the %s that ran alone, at worst %s with %s: errors add up", host.Counted(ran, "operation"), nameOf(worst.Name, worst.Call, worst.Module),
		r.Metric.Text(worst.Local.Scores))
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
