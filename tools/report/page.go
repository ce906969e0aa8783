package report

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
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
	Plots  []plot
	Style  template.CSS
	Script template.JS
	// Policy lets the page run its own script and load nothing, whatever a tensor is called.
	Policy string
	Rows   []row
	// Gains says that some tensor knows the error of its operation's outputs.
	Gains bool
}

// row is a line of the table.
type row struct {
	*Tensor
	Number int
	Class  string // colour of its scheme
	State  string
}

// Elsewhere lists the modules that the tensor's name does not name.
func (r row) Elsewhere() []string {
	return slices.DeleteFunc(slices.Clone(r.Modules), func(m string) bool { return strings.HasPrefix(r.Name, m+".") })
}

// HTML writes the report as one file that loads nothing else.
func (r *Report) HTML(w io.Writer) error {
	d := newDrawing(r)
	sum := sha256.Sum256([]byte(pageScript))
	p := page{
		Report: r,
		Plots:  d.plots(),
		Style:  template.CSS(pageStyle),
		Script: template.JS(pageScript),
		Policy: fmt.Sprintf("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:])),
	}
	for i := range r.Tensors {
		t := &r.Tensors[i]
		p.Rows = append(p.Rows, row{t, i + 1, d.class[t.Scheme], t.state()})
		p.Gains = p.Gains || t.Outputs != nil
	}
	tmpl, err := template.New("page").Funcs(template.FuncMap{
		"n":     func(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) },
		"g":     func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) },
		"size":  host.SizeText,
		"time":  duration,
		"class": func(scheme string) string { return d.class[scheme] },
		"shape": shapeText,
		"ratio": ratio,
		"share": func(part, whole int64) string {
			return strconv.FormatFloat(100*float64(part)/float64(max(whole, 1)), 'f', 2, 64)
		},
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return tmpl.Execute(w, p)
}

// state says what became of a tensor in a word.
func (t *Tensor) state() string {
	switch {
	case t.Ignored:
		return "ignored"
	case t.Refused != "":
		return "refused"
	}
	return "compressed"
}

func shapeText(shape []int) string {
	var b strings.Builder
	for i, n := range shape {
		if i > 0 {
			b.WriteString("×")
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// quality shows an SNR to people.
func quality(snr *float64, compressed, measured bool) string {
	switch {
	case !compressed:
		return "–"
	case snr != nil:
		return fmt.Sprintf("%.1f dB", *snr)
	case !measured:
		return "not measured"
	}
	return "exact"
}

// ratio shows how many times smaller something is.
func ratio(before, after int64) string {
	return strconv.FormatFloat(float64(before)/float64(max(after, 1)), 'f', 2, 64) + "×"
}
