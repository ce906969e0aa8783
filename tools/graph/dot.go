package graph

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteDOT writes a scene for Graphviz: open boxes are clusters. The nodes have the places of the scene, which `neato -n2` draws as
// they are; `dot` makes a layout of its own.
func WriteDOT(w io.Writer, t *Tree, s *Scene, style Style) error {
	d := dot{bufio.NewWriter(w), t, s, map[Node]int32{}, svg{t: t, s: s, style: style}}
	for i, b := range s.Boxes {
		d.at[b.Node] = int32(i)
	}
	fmt.Fprintf(d, "digraph %s {\n  compound=true; node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\", fontsize=10]; edge [color=\"#7d8590\"];\n",
		strconv.Quote(t.Text(t.Title[s.Boxes[0].Node])))
	d.inside(0, 1)
	d.edges()
	fmt.Fprintln(d, "}")
	return d.Flush()
}

type dot struct {
	*bufio.Writer
	t      *Tree
	s      *Scene
	at     map[Node]int32
	colour svg
}

// inside writes what is in an open box, and gives the place behind it.
func (d dot) inside(box int32, depth int) int32 {
	indent := strings.Repeat("  ", depth)
	i := box + 1
	for int(i) < len(d.s.Boxes) && d.s.Boxes[i].In >= box {
		b := d.s.Boxes[i]
		if !b.Open {
			d.node(indent, i, b)
			i++
			continue
		}
		title := strings.TrimSpace(d.t.Text(d.t.Title[b.Node]) + "  " + d.t.Text(d.t.Detail[b.Node]))
		fmt.Fprintf(d, "%ssubgraph cluster_%d {\n%s  label=%s; style=rounded; color=\"#c4c8d0\"; fontname=\"Helvetica\"; fontsize=11;\n", indent, i, indent, dotText(title))
		i = d.inside(i, depth+1)
		fmt.Fprintf(d, "%s}\n", indent)
	}
	return i
}

func (d dot) node(indent string, i int32, b Box) {
	lines := []string{d.t.Text(d.t.Title[b.Node])}
	if second := d.t.Second(b.Node); second != "" {
		lines = append(lines, second)
	}
	for _, l := range d.t.Lines[b.Node] {
		lines = append(lines, d.t.Text(l))
	}
	fill, edge := "#f4f4f5", "#a1a1aa"
	for _, p := range paints() {
		if p.class == d.colour.colour(b.Node) {
			fill, edge = p.light, p.lightEdge
		}
	}
	const inch = 72.0
	fmt.Fprintf(d, "%sn%d [label=%s, tooltip=%s, fillcolor=%q, color=%q, pos=\"%d,%d!\", width=%.2f, height=%.2f];\n", indent, i,
		dotText(strings.Join(lines, "\n")), dotText(d.t.Text(d.t.Name[b.Node])), fill, edge, b.X+b.W/2, d.s.Height-b.Y-b.H/2, float64(b.W)/inch, float64(b.H)/inch)
}

// edges writes the values that go between boxes, each pair once.
func (d dot) edges() {
	type pair struct{ from, to int32 }
	seen := map[pair]bool{}
	for _, v := range d.t.Values {
		from, ok := d.shown(v.From)
		if !ok || d.t.Kind[v.From] == Constant {
			continue
		}
		for _, u := range v.Users {
			to, ok := d.shown(u)
			if !ok || to == from || seen[pair{from, to}] {
				continue
			}
			seen[pair{from, to}] = true
			tail, tailOf := d.end(from, "ltail")
			head, headOf := d.end(to, "lhead")
			fmt.Fprintf(d, "  n%d -> n%d [%s%stooltip=%s];\n", tail, head, tailOf, headOf, dotText(strings.TrimSpace(d.t.Text(v.Name)+" "+d.t.Text(v.Type))))
		}
	}
}

// shown is the innermost box that shows a node.
func (d dot) shown(n Node) (int32, bool) {
	for ; n >= d.s.Boxes[0].Node && n != None; n = d.t.Parent[n] {
		if at, ok := d.at[n]; ok {
			return at, true
		}
	}
	return 0, false
}

// end is the node that an edge ends at: for an open box the first one in it, and the edge is cut at the cluster.
func (d dot) end(box int32, what string) (int32, string) {
	at := box
	for int(at+1) < len(d.s.Boxes) && d.s.Boxes[at].Open {
		at++
	}
	if at == box {
		return box, ""
	}
	return at, fmt.Sprintf("%s=cluster_%d, ", what, box)
}

// dotText quotes a text for Graphviz, which knows the escapes \" \\ and \n.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' {
			return -1
		}
		return r
	}, s)) + `"`
}
