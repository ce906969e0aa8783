package compare

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// TableOptions say how the table for people looks.
type TableOptions struct {
	Order Order
	Top   int // so many points and tensors without one; 0: all
	// Paint colours a text by a verdict; nil leaves it as it is.
	Paint func(v metric.Verdict, text string) string
}

// column is a column of the table.
type column struct {
	title string
	cell  func(p *Point) string
}

// WriteTable writes what was compared, the points, what has no point, and a summary.
func (r *Report) WriteTable(w io.Writer, opt TableOptions) error {
	b := bufio.NewWriter(w)
	green, red, _ := r.Preset.Limits(r.Metric)
	fmt.Fprintf(b, "tested:    %s\nreference: %s\n", r.Tested.Title, r.Reference.Title)
	fmt.Fprintf(b, "limits:    %s, %s: green from %s, red beyond %s%s\n\n", r.Preset.Name, r.Metric.Title, r.Metric.Format(green), r.Metric.Format(red), r.guess())
	points := r.Sorted(opt.Order)
	if err := r.writeRows(b, cut(points, opt.Top), opt); err != nil {
		return err
	}
	more(b, len(points), opt.Top, "point")
	if n := len(r.Unmatched); n > 0 {
		fmt.Fprintf(b, "\n○ %s without a point:\n", host.Counted(n, "tensor"))
		for _, u := range cut(r.Unmatched, opt.Top) {
			fmt.Fprintf(b, "  %s: %s\n", nameOf(u.Name, u.Call, u.Module), u.Reason)
		}
		more(b, n, opt.Top, "tensor")
	}
	fmt.Fprintf(b, "\n%s\n", r.Line())
	if unseen := r.unseen(); unseen != "" {
		fmt.Fprintln(b, unseen)
	}
	r.writeBlames(b)
	return b.Flush()
}

// guess says that limits are a guess, where nobody chose them and a side does not say what was done to its numbers.
func (r *Report) guess() string {
	if r.Chosen {
		return ""
	}
	for at, s := range []Info{r.Tested, r.Reference} {
		if s.Unsaid {
			return fmt.Sprintf("; a guess: the %s side does not say what was done to its numbers, --preset does", sideNames[at])
		}
	}
	return ""
}

func cut[T any](list []T, top int) []T {
	if top > 0 && top < len(list) {
		return list[:top]
	}
	return list
}

func more(w io.Writer, n, top int, what string) {
	if top > 0 && top < n {
		fmt.Fprintf(w, "and %s more; --top=0 shows all\n", host.Counted(n-top, what))
	}
}

// columns are those that the points have something for.
func (r *Report) columns() []column {
	cols := []column{{"  " + r.Metric.Title, func(p *Point) string { return p.Verdict.Mark() + " " + r.Metric.Text(p.Scores) }}}
	shown := map[string]bool{r.Metric.Name: true}
	add := func(name string) {
		m, err := metric.Find(name)
		if err != nil || shown[name] {
			return
		}
		shown[name] = true
		cols = append(cols, column{m.Title, func(p *Point) string { return m.Text(p.Scores) }})
	}
	add("snr")
	add("max-abs")
	if slices.ContainsFunc(r.Points, func(p Point) bool { return p.Local != nil }) {
		cols = append(cols, column{"alone", func(p *Point) string {
			if p.Local == nil || p.Local.Scores == nil {
				return ""
			}
			return r.Metric.Text(p.Local.Scores)
		}})
	}
	return cols
}

func (r *Report) writeRows(w io.Writer, points []*Point, opt TableOptions) error {
	cols := r.columns()
	var plain bytes.Buffer
	t := tabwriter.NewWriter(&plain, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range cols {
		fmt.Fprintf(t, "%s\t", c.title)
	}
	fmt.Fprintf(t, "  what\n")
	for _, p := range points {
		for _, c := range cols {
			fmt.Fprintf(t, "%s\t", c.cell(p))
		}
		fmt.Fprintf(t, "  %s\n", p.Describe())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	lines := strings.SplitAfter(plain.String(), "\n")
	module, grouped := "", opt.Order == ModuleOrder
	for i, line := range lines {
		if at := i - 1; at >= 0 && at < len(points) {
			p := points[at]
			if grouped && (at == 0 || p.Module != module) {
				module = p.Module
				fmt.Fprintf(w, "%s\n", moduleTitle(module))
			}
			if opt.Paint != nil {
				line = strings.Replace(line, p.Verdict.Mark(), opt.Paint(p.Verdict, p.Verdict.Mark()), 1)
			}
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

func moduleTitle(path string) string {
	if path == "" {
		return "(the root module)"
	}
	return path
}

// Describe says which tensor it is, and what there is to know of it beside numbers.
func (p *Point) Describe() string {
	s := nameOf(p.Name, p.Call, p.Module)
	if p.Turns > 1 {
		s += fmt.Sprintf(", turn %d of %d", p.Turn+1, p.Turns)
	}
	for _, n := range p.notes() {
		s += "; " + n
	}
	return s
}

// notes are what a point's numbers do not say.
func (p *Point) notes() []string {
	var notes []string
	if p.Problem != "" {
		notes = append(notes, p.Problem)
	}
	if s := p.Scores; s != nil {
		if s.NonFinite.Differ > 0 {
			notes = append(notes, unlike(s))
		}
		if s.Discrete && !s.Exact() {
			notes = append(notes, differing(s))
		}
		if s.Peaky() {
			notes = append(notes, "peaky: a few large elements hide the error of the others, the SNR says more")
		}
	}
	if l := p.Local; l != nil {
		switch {
		case l.Guilty && len(l.Inside) > 0:
			notes = append(notes, guilty+", in one go with "+strings.Join(l.Inside, ", "))
		case l.Guilty:
			notes = append(notes, guilty)
		case l.Problem != "":
			notes = append(notes, "not run alone: "+l.Problem)
		}
	}
	return notes
}

// guilty says that an operation alone is far from the reference.
const guilty = "makes the error itself"

// unlike says where one side has NaN or an infinity and the other does not.
func unlike(s *metric.Scores) string {
	return fmt.Sprintf("%s finite on one side only, the first at %v", host.Counted(s.NonFinite.Differ, "element"), s.NonFinite.At)
}

// differing says how many integers or bools are not equal.
func differing(s *metric.Scores) string {
	return fmt.Sprintf("%d of %s differ", s.Mismatches, host.Counted(s.Elements, "element"))
}

func nameOf(name string, call int, module string) string {
	if call > 0 {
		name = fmt.Sprintf("s%d.%s", call, name)
	}
	if module != "" {
		name += " in " + module
	}
	return name
}

// unseen says how many tensors the comparison says nothing of; nothing where there are none.
func (r *Report) unseen() string {
	s := r.summary()
	if s.Unmatched == 0 {
		return ""
	}
	line := fmt.Sprintf("%d of %s have no point", s.Unmatched, host.Counted(s.Tensors, "tensor"))
	if s.Tensors == 1 {
		line = "the only tensor has no point"
	}
	if s.InsideKernels > 0 {
		line += fmt.Sprintf(", %d of them inside kernels; --backend=interp shows those", s.InsideKernels)
	}
	return line
}

// Line is the summary in one line.
func (r *Report) Line() string {
	s := r.summary()
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{s.Green, "● green"}, {s.Yellow, "▲ yellow"}, {s.Red + s.Destroyed, "■ red"}, {s.NotComparable, "○ not comparable"}, {s.Undefined, "without this metric"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	line := fmt.Sprintf("%s: %s", host.Counted(s.Points, "point"), strings.Join(parts, ", "))
	if s.Destroyed > 0 {
		line += fmt.Sprintf(" (%d destroyed)", s.Destroyed)
	}
	if len(r.Points) > 0 {
		switch worst := r.Sorted(WorstFirst)[0]; {
		case worst.Scores == nil:
		case worst.Scores.Exact():
			line += "; all exact"
		default:
			line += fmt.Sprintf("; worst: %s, %s", worst.Name, r.Metric.Text(worst.Scores))
			if l := worst.Local; l != nil && l.Scores != nil {
				line += fmt.Sprintf(" (%s alone)", r.Metric.Text(l.Scores))
			}
		}
	}
	return line
}
