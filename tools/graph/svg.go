package graph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Style says how a scene is drawn.
type Style struct {
	// Score, where it is set, colours the boxes in place of their family: from 0, good, to 1, bad. A box without a score, for
	// which it gives false, is grey.
	Score func(Node) (float64, bool)
}

// grades is how many colours scores have.
const grades = 5

// WriteSVG draws a scene as one self-contained file that follows the reader's light or dark theme.
func WriteSVG(w io.Writer, t *Tree, s *Scene, style Style) error {
	b := bufio.NewWriter(w)
	p := svg{b, t, s, style}
	const margin = 8
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="%d %d %[1]d %[2]d" role="img">`+"\n",
		s.Width+2*margin, s.Height+2*margin, -margin, -margin)
	fmt.Fprintf(b, "<title>%s</title>\n<style>%s</style>\n", escape(t.Text(t.Title[s.Boxes[0].Node])), stylesheet())
	fmt.Fprintf(b, `<defs><marker id="a" viewBox="0 0 6 6" refX="5.5" refY="3" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z"/></marker></defs>`+"\n")
	fmt.Fprintf(b, `<rect class="page" x="%d" y="%d" width="%d" height="%d"/>`+"\n", -margin, -margin, s.Width+2*margin, s.Height+2*margin)
	p.boxes(true)
	p.edges()
	p.titles()
	p.boxes(false)
	p.stubs()
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

type svg struct {
	*bufio.Writer
	t     *Tree
	s     *Scene
	style Style
}

// boxes draws the open boxes, which lie under the edges, or the closed ones, which lie over them.
func (p svg) boxes(open bool) {
	for i, b := range p.s.Boxes {
		if b.Open != open {
			continue
		}
		if open {
			p.frame(b, p.depth(i))
		} else {
			p.box(b)
		}
	}
}

func (p svg) depth(box int) int {
	d := 0
	for at := p.s.Boxes[box].In; at >= 0; at = p.s.Boxes[at].In {
		d++
	}
	return d
}

func (p svg) frame(b Box, depth int) {
	fmt.Fprintf(p, `<rect class="frame d%d" x="%d" y="%d" width="%d" height="%d" rx="6"/>`+"\n", depth%2, b.X, b.Y, b.W, b.H)
}

// titles writes what the open boxes are, over the edges that pass.
func (p svg) titles() {
	for _, b := range p.s.Boxes {
		if b.Open {
			title, detail := p.t.Text(p.t.Title[b.Node]), p.t.Text(p.t.Detail[b.Node])
			fmt.Fprintf(p, `<text class="name" x="%d" y="%d">%s<tspan class="class" dx="8">%s</tspan></text>`+"\n", b.X+10, b.Y+17, escape(title), escape(detail))
		}
	}
}

func (p svg) box(b Box) {
	n := b.Node
	fmt.Fprintf(p, `<g class="%s %s">`, p.t.Kind[n], p.colour(n))
	if name := p.t.Text(p.t.Name[n]); name != "" {
		fmt.Fprintf(p, `<title>%s</title>`, escape(name))
	}
	round := int32(5)
	if p.t.Family[n] == Port || p.t.Kind[n] == State || p.t.Kind[n] == Update {
		round = b.H / 2
	}
	if p.t.Opens(n) && !p.t.Plain(n) { // the edge of a second card: there is more inside
		fmt.Fprintf(p, `<rect class="under" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, b.X+3, b.Y+3, b.W, b.H, round)
	}
	fmt.Fprintf(p, `<rect x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, b.X, b.Y, b.W, b.H, round)
	x, y := b.X+b.W/2, b.Y+6+titleSize
	fmt.Fprintf(p, `<text class="t" x="%d" y="%d">%s</text>`, x, y, escape(p.t.Text(p.t.Title[n])))
	if second := p.t.Second(n); second != "" {
		y += detailSize + 3
		fmt.Fprintf(p, `<text class="s" x="%d" y="%d">%s</text>`, x, y, escape(second))
	}
	for _, l := range p.t.Lines[n] {
		y += lineSize + 3
		fmt.Fprintf(p, `<text class="l" x="%d" y="%d">%s</text>`, x, y, escape(p.t.Text(l)))
	}
	fmt.Fprint(p, "</g>\n")
}

// colour is the class that a box has for its colour.
func (p svg) colour(n Node) string {
	if p.style.Score == nil {
		return "f-" + p.t.Family[n].String()
	}
	score, ok := p.style.Score(n)
	if !ok || score != score {
		return "f-other"
	}
	return fmt.Sprintf("g%d", min(max(int(score*grades), 0), grades-1))
}

func (p svg) edges() {
	for _, e := range p.s.Edges {
		fmt.Fprint(p, `<path class="e" d="`)
		for i, q := range e.Points {
			switch {
			case i == 0:
				fmt.Fprintf(p, "M%d %d", q.X, q.Y)
			case q.X == e.Points[i-1].X:
				fmt.Fprintf(p, "V%d", q.Y)
			default:
				o := e.Points[i-1]
				m := (o.Y + q.Y) / 2
				fmt.Fprintf(p, "C%d %d %d %d %d %d", o.X, m, q.X, m, q.X, q.Y)
			}
		}
		fmt.Fprint(p, `"`)
		if to := p.s.Boxes[e.To]; !to.Open {
			fmt.Fprint(p, ` marker-end="url(#a)"`)
		}
		v := p.t.Values[e.Value]
		fmt.Fprintf(p, `><title>%s</title></path>`+"\n", escape(strings.TrimSpace(p.t.Text(v.Name)+" "+p.t.Text(v.Type))))
	}
}

func (p svg) stubs() {
	const line, text = 10, 13 // pixels from the box
	for _, u := range p.s.Stubs {
		name := escape(short(p.t.Text(p.t.Values[u.Value].Name), stubName))
		switch u.Side {
		case Left:
			fmt.Fprintf(p, `<path class="stub" d="M%d %dh%d"/><text class="u end" x="%d" y="%d">%s</text>`+"\n", u.X-line, u.Y, line, u.X-text, u.Y+3, name)
		case Right:
			fmt.Fprintf(p, `<path class="stub" d="M%d %dh%d"/><text class="u" x="%d" y="%d">%s</text>`+"\n", u.X, u.Y, line, u.X+text, u.Y+3, name)
		case Top:
			fmt.Fprintf(p, `<text class="u mid" x="%d" y="%d">%s</text>`+"\n", u.X, u.Y+10, name)
		case Bottom:
			fmt.Fprintf(p, `<text class="u mid" x="%d" y="%d">%s</text>`+"\n", u.X, u.Y-4, name)
		}
	}
}

// stubName is how many runes of a value's name a stub has room for.
const stubName = 13

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(clean(s))
}

// clean drops what XML cannot hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF || r == '\uFFFD' {
			return -1
		}
		return r
	}, s)
}
