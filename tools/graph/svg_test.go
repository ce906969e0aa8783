package graph

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// odd is a function whose names would end a text or a tag.
const odd = `air 1
module @odd {
  func @"a \"b\" <c>"(%"x<y>&\"z\"\n": tensor<4xf32>) -> (%"]]>": tensor<4xf32>) {
    %y = tensor.neg(%"x<y>&\"z\"\n") : tensor<4xf32> is "neg<1>" loc(#1)
    core.return(%y)
  }
  loc #1 = "m.py":1 in "a<b>.\"c\"" A
}
`

func TestOddNames(t *testing.T) {
	m := parse(t, odd)
	tree := NewTree(m, m.Funcs[0])
	s := tree.Layout(tree.ToDepth(0, -1))
	var svg, dot strings.Builder
	if err := WriteSVG(&svg, tree, s, Style{}); err != nil {
		t.Fatal(err)
	}
	var texts strings.Builder
	for d := xml.NewDecoder(strings.NewReader(svg.String())); ; {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg.String())
		}
		if c, ok := tok.(xml.CharData); ok {
			texts.Write(c)
		}
	}
	if err := WriteDOT(&dot, tree, s, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`@a "b" <c>`, `x<y>&"z"`, `]]>`, `neg<1>`} {
		if !strings.Contains(texts.String(), want) {
			t.Errorf("the SVG lacks %s", want)
		}
		if quoted := strings.ReplaceAll(want, `"`, `\"`); !strings.Contains(dot.String(), quoted) {
			t.Errorf("the DOT lacks %s in\n%s", quoted, dot.String())
		}
	}
}

func TestScores(t *testing.T) {
	m := decoder(t, 1, false)
	tree := NewTree(m, m.Funcs[0])
	score := func(n Node) (float64, bool) { return float64(n) / 10, n != 3 }
	var b strings.Builder
	if err := WriteSVG(&b, tree, tree.Layout(nil), Style{Score: score}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`class="input g0"`, `class="op f-other"`, `class="op g4"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no box has %s", want)
		}
	}
}

// TestToFit: no more boxes than asked for, save what is directly in the node.
func TestToFit(t *testing.T) {
	m := decoder(t, 20, true)
	tree := NewTree(m, m.Funcs[0])
	for _, c := range []struct{ boxes, least, most int }{{1, 3, 10}, {80, 20, 80}, {100000, 500, 100000}} {
		if n := len(tree.Layout(tree.ToFit(0, c.boxes)).Boxes); n < c.least || n > c.most {
			t.Errorf("%d boxes show of %d that fit", n, c.boxes)
		}
	}
}
