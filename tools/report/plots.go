package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// drawing makes the plots of a report.
type drawing struct {
	*Report
	class map[string]string // of each scheme
}

// colours are how many schemes have a colour of their own; further ones share the last.
const colours = 8

func newDrawing(r *Report) *drawing {
	d := &drawing{Report: r, class: map[string]string{}}
	for i, s := range r.Schemes {
		d.class[s.Name] = fmt.Sprintf("c%d", min(i, colours-1))
	}
	return d
}

// plots draws what there is something to see of.
func (d *drawing) plots() []plot {
	var list []plot
	if slices.ContainsFunc(d.Tensors, func(t Tensor) bool { return t.SNR != nil || t.exact() }) {
		list = append(list, d.layers())
	}
	if len(d.measured()) > 0 {
		list = append(list, d.scatter(), d.histogram())
	}
	if d.Total.Before > 0 {
		list = append(list, d.sizes())
	}
	return list
}

// measured lists the tensors that have an SNR, with their rows.
func (d *drawing) measured() (rows []int) {
	for i := range d.Tensors {
		if d.Tensors[i].SNR != nil {
			rows = append(rows, i)
		}
	}
	return rows
}

// extent gives the least and the greatest of what fn says of rows.
func extent(rows []int, fn func(row int) float64) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, i := range rows {
		least, most = min(least, fn(i)), max(most, fn(i))
	}
	if len(rows) == 0 {
		return 0, 1
	}
	return least, most
}

func (d *drawing) snr(row int) float64 { return *d.Tensors[row].SNR }

// tip is what a mark says of its tensor.
func (d *drawing) tip(row int) string {
	t := &d.Tensors[row]
	lines := []string{t.Name}
	switch {
	case t.Refused != "":
		lines = append(lines, "not compressed: "+t.Refused, host.SizeText(t.Before))
	default:
		lines = append(lines, t.Scheme, fmt.Sprintf("%s, %s to %s", t.Quality(), host.SizeText(t.Before), host.SizeText(t.After)))
	}
	return strings.Join(lines, "\n")
}

// layers shows the SNR of every tensor in the order of the model: the one that broke stands out.
func (d *drawing) layers() plot {
	p := plot{ID: "layers", Title: "SNR by tensor, in the order of the model", Width: 1160, Height: 310, Frame: box{52, 36, 1082, 228}}
	rows := d.measured()
	least, most := extent(rows, d.snr)
	p.Y = linear("SNR, dB", min(least, 0), most, p.Frame.Bottom(), p.Frame.Y+8, 5, plain)
	n := len(d.Tensors)
	p.X = axis{Name: "tensor", from: 0, to: float64(max(n, 1)), low: p.Frame.X, high: p.Frame.Right()}
	if slices.ContainsFunc(d.Tensors, func(t Tensor) bool { return t.exact() }) {
		p.Y.Ticks = append(p.Y.Ticks, tick{p.Frame.Y - 6, "exact"})
	}
	step := int(max(roundStep(float64(n)/12), 1))
	for i := 0; i < n; i += step {
		p.X.Ticks = append(p.X.Ticks, tick{p.X.at(float64(i) + .5), fmt.Sprint(i + 1)})
	}
	radius := min(max(0.35*p.Frame.W/float64(max(n, 1)), 2), 5)
	zero := p.Y.at(0)
	for i := range d.Tensors {
		t := &d.Tensors[i]
		x := p.X.at(float64(i) + .5)
		switch {
		case t.Refused != "":
			p.Marks = append(p.Marks, mark{box: box{x - radius, p.Frame.Bottom() - 8, 2 * radius, 8}, Class: "kept", Tip: d.tip(i), Row: i + 1})
		case t.exact():
			p.Marks = append(p.Marks, mark{box: box{X: x, Y: p.Frame.Y - 6}, R: radius, Class: d.class[t.Scheme] + " exact", Tip: d.tip(i), Row: i + 1})
		case t.SNR == nil: // it was not measured
		default:
			y := p.Y.at(*t.SNR)
			p.Marks = append(p.Marks,
				mark{box: box{x - .5, min(y, zero), 1, math.Abs(zero - y)}, Class: "stem " + d.class[t.Scheme]},
				mark{box: box{X: x, Y: y}, R: radius, Class: d.class[t.Scheme], Tip: d.tip(i), Row: i + 1})
		}
	}
	d.nameWorst(&p, rows)
	p.Alt = "no tensor has an SNR"
	if len(rows) > 0 {
		worst := slices.MinFunc(rows, d.compareSNR)
		p.Alt = fmt.Sprintf("%s from %.1f to %.1f dB; lowest: %s, tensor %d of %d", host.Counted(len(rows), "tensor"), least, most, d.Tensors[worst].Name, worst+1, n)
	}
	return p
}

func (d *drawing) compareSNR(a, b int) int {
	switch x, y := d.snr(a), d.snr(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return a - b
}

// nameWorst writes the names of up to three tensors beside, below or above their marks, where there is room: the one of least
// SNR, and others that are far below the middle.
func (d *drawing) nameWorst(p *plot, rows []int) {
	const far = 3 // dB
	sorted := slices.SortedStableFunc(slices.Values(rows), d.compareSNR)
	for k, i := range sorted[:min(3, len(rows))] {
		if k > 0 && d.snr(i) > d.snr(sorted[len(rows)/2])-far {
			break
		}
		x, y := p.X.at(float64(i)+.5), p.Y.at(d.snr(i))
		text := short(d.Tensors[i].Name, 34)
		for _, n := range []note{{x + 8, y + 4, text, "start"}, {x - 8, y + 4, text, "end"}, {x, y + 18, text, "middle"}, {x - 4, y + 18, text, "start"},
			{x + 4, y + 18, text, "end"}, {x, y - 9, text, "middle"}, {x - 4, y - 9, text, "start"}, {x + 4, y - 9, text, "end"}} {
			if p.free(n.box()) {
				p.Notes = append(p.Notes, n)
				break
			}
		}
	}
}

// free reports a place inside the frame where no dot, rectangle or name is; lines may be.
func (p *plot) free(b box) bool {
	if b.X < p.Frame.X || b.Right() > p.Frame.Right() || b.Y < p.Frame.Y || b.Bottom() > p.Frame.Bottom() {
		return false
	}
	taken := func(o box) bool { return b.X < o.Right() && o.X < b.Right() && b.Y < o.Bottom() && o.Y < b.Bottom() }
	return !slices.ContainsFunc(p.Notes, func(n note) bool { return taken(n.box()) }) &&
		!slices.ContainsFunc(p.Marks, func(m mark) bool {
			if m.R > 0 {
				return taken(box{m.X - m.R, m.Y - m.R, 2 * m.R, 2 * m.R})
			}
			return m.Row > 0 && taken(m.box)
		})
}

// scatter shows SNR against size.
func (d *drawing) scatter() plot {
	p := plot{ID: "scatter", Title: "SNR against size", Width: 560, Height: 320, Frame: box{52, 22, 482, 246}}
	rows := d.measured()
	least, most := extent(rows, d.snr)
	small, large := extent(rows, func(i int) float64 { return float64(d.Tensors[i].Before) })
	p.X = bytesAxis("bytes before", int64(small), int64(large), p.Frame.X, p.Frame.Right())
	p.Y = linear("SNR, dB", math.Floor(least), math.Ceil(most), p.Frame.Bottom(), p.Frame.Y, 5, plain)
	for _, i := range rows {
		t := &d.Tensors[i]
		p.Marks = append(p.Marks, mark{
			box: box{X: p.X.at(float64(max(t.Before, 1))), Y: p.Y.at(*t.SNR)}, R: 4.5, Class: d.class[t.Scheme] + " dot", Tip: d.tip(i), Row: i + 1,
		})
	}
	p.Alt = fmt.Sprintf("%s of %s to %s", host.Counted(len(rows), "tensor"), host.SizeText(int64(small)), host.SizeText(int64(large)))
	return p
}

// histogram counts tensors by SNR, those of one scheme on those of another.
func (d *drawing) histogram() plot {
	p := plot{ID: "histogram", Title: "How many tensors have which SNR", Width: 560, Height: 320, Frame: box{52, 22, 482, 246}}
	rows := d.measured()
	least, most := extent(rows, d.snr)
	width := max(roundStep((most-least)/24), .1)
	first := math.Floor(least / width)
	bins := make([]map[string]int, int(math.Floor(most/width)-first)+1)
	tallest := 0
	totals := make([]int, len(bins))
	for _, i := range rows {
		b := int(math.Floor(d.snr(i)/width) - first)
		if bins[b] == nil {
			bins[b] = map[string]int{}
		}
		bins[b][d.Tensors[i].Scheme]++
		totals[b]++
		tallest = max(tallest, totals[b])
	}
	p.X = linear("SNR, dB", first*width, (first+float64(len(bins)))*width, p.Frame.X, p.Frame.Right(), 8, plain)
	p.Y = linear("tensors", 0, float64(max(tallest, 5)), p.Frame.Bottom(), p.Frame.Y, 5, plain)
	for b, counts := range bins {
		from := (first + float64(b)) * width
		x, right := p.X.at(from), p.X.at(from+width)
		sum := 0
		for _, s := range d.Schemes {
			n := counts[s.Name]
			if n == 0 {
				continue
			}
			y := p.Y.at(float64(sum + n))
			p.Marks = append(p.Marks, mark{
				box: box{x + .75, y, max(right-x-1.5, 1), p.Y.at(float64(sum)) - y}, Class: d.class[s.Name],
				Tip: fmt.Sprintf("%s to %s dB\n%s, %s", plain(from), plain(from+width), host.Counted(n, "tensor"), s.Name),
			})
			sum += n
		}
	}
	p.Alt = fmt.Sprintf("%s in steps of %s dB; at most %d in one", host.Counted(len(rows), "tensor"), plain(width), tallest)
	return p
}
