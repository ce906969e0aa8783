package compare

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/tools/metric"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// page is what the template shows.
type page struct {
	*Report
	Summary    string
	Blames     []blame
	Modules    []pageModule
	Green, Red string // limits
	Metrics    []metric.Metric
	Rows       []pageRow
	Depth      []bar
	Locals     bool
	Style      template.CSS
	Script     template.JS
	// Policy lets the page run its own script and load nothing, whatever a tensor is called.
	Policy string
}

// pageModule is a line of the table of modules.
type pageModule struct {
	Module
	Title, Value, Status string
}

// pageRow is a line of the table.
type pageRow struct {
	*Point
	Title  string
	Types  string
	Line   string // of Python, without the folders
	Cells  []pageCell
	Alone  pageCell
	Notes  string
	Status string // the class of its verdict
}

// pageCell is a number, as people read it and as it is sorted by: the worse, the smaller.
type pageCell struct {
	Text string
	Key  string
}

// bar is a point in the chart over the program.
type bar struct {
	X, Y, Width, Height float64
	Status, Title       string
}

// The chart's size, in its own units.
const (
	chartWidth  = 1000
	chartHeight = 100
	chartTop    = 80 // dB of PSNR that fill it
)

// shownMetrics are the columns of the page: the report's metric first, without those that say nothing of these points.
func (r *Report) shownMetrics() []metric.Metric {
	discrete := slices.ContainsFunc(r.Points, func(p Point) bool { return p.Scores != nil && p.Scores.Discrete })
	rows := slices.ContainsFunc(r.Points, func(p Point) bool { return p.Scores != nil && p.Scores.Rows != nil })
	says := map[string]bool{"iou": discrete, "mismatches": discrete, "kl": rows, "top1": rows, "nonfinite": false, "psnr-apple": false}
	list := []metric.Metric{r.Metric}
	for _, m := range metric.Metrics() {
		if is, limited := says[m.Name]; m.Name != r.Metric.Name && (is || !limited) {
			list = append(list, m)
		}
	}
	return list
}

// WriteHTML writes the report as one file that loads nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	green, red, _ := r.Preset.Limits(r.Metric)
	sum := sha256.Sum256([]byte(pageScript))
	p := page{
		Report: r, Summary: r.Line(), Blames: r.blames(), Modules: r.pageModules(), Green: r.Metric.Format(green), Red: r.Metric.Format(red), Metrics: r.shownMetrics(), Depth: r.depth(),
		Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		Policy: fmt.Sprintf("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:])),
	}
	for _, pt := range r.Sorted(WorstFirst) {
		row := pageRow{Point: pt, Title: nameOf(pt.Name, pt.Call, ""), Line: pt.source(), Notes: strings.Join(pt.notes(), "; "), Status: class(pt.Verdict)}
		row.Types = pt.Tested.Elem
		if pt.Tested.Elem != pt.Reference.Elem {
			row.Types += " / " + pt.Reference.Elem
		}
		for _, m := range p.Metrics {
			row.Cells = append(row.Cells, cellOf(m, pt.Scores))
		}
		if l := pt.Local; l != nil && l.Scores != nil {
			row.Alone = cellOf(r.Metric, l.Scores)
			p.Locals = true
		}
		p.Rows = append(p.Rows, row)
	}
	tmpl, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	return tmpl.Execute(w, p)
}

// mostModules is how many modules the page has in its own table.
const mostModules = 10

// pageModules lists the worst modules.
func (r *Report) pageModules() []pageModule {
	var list []pageModule
	for _, m := range r.Modules() {
		if len(list) < mostModules && m.Worst.Verdict != metric.Green && m.Worst.Verdict != metric.Undefined {
			list = append(list, pageModule{m, moduleTitle(m.Path), r.Metric.Text(m.Worst.Scores), class(m.Worst.Verdict)})
		}
	}
	return list
}

func class(v metric.Verdict) string { return strings.ReplaceAll(v.String(), " ", "-") }

func cellOf(m metric.Metric, s *metric.Scores) pageCell {
	if s == nil {
		return pageCell{Text: m.Text(s)}
	}
	if !m.Says(s) {
		return pageCell{m.Text(s), strconv.FormatFloat(-math.MaxFloat64, 'g', 6, 64)}
	}
	key := m.Of(s)
	if !m.Higher {
		key = -key
	}
	switch {
	case math.IsNaN(key):
		return pageCell{Text: m.Text(s)}
	case math.IsInf(key, 0):
		key = math.Copysign(math.MaxFloat64, key)
	}
	return pageCell{m.Text(s), strconv.FormatFloat(key, 'g', 6, 64)}
}

// mostBars is how many bars the chart has; of several points the worst is shown.
const mostBars = 500

// depth shows the PSNR of each point in the order of the program: where it falls is where to look.
func (r *Report) depth() []bar {
	psnr := metric.Metrics()[0]
	n := min(len(r.Points), mostBars)
	width := chartWidth / float64(max(n, 1))
	var bars []bar
	for i := range n {
		p := &r.Points[i*len(r.Points)/n]
		for k := i*len(r.Points)/n + 1; k < (i+1)*len(r.Points)/n; k++ {
			if q := &r.Points[k]; worse(psnr, q.Scores, p.Scores) < 0 {
				p = q
			}
		}
		x := p.Value(psnr)
		height := max(2, min(chartHeight, x/chartTop*chartHeight))
		if math.IsNaN(x) || p.Scores != nil && !psnr.Says(p.Scores) {
			height = 2
		}
		bars = append(bars, bar{float64(i) * width, chartHeight - height, max(width*0.9, 0.5), height, class(p.Verdict), p.Name + ": " + psnr.Text(p.Scores)})
	}
	return bars
}
