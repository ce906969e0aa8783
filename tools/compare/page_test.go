package compare

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestLargePage: the page of a large model stays one that browsers open at once.
func TestLargePage(t *testing.T) {
	const points = 5000
	a, b := new(shows), new(shows)
	for i := range points {
		name := fmt.Sprintf("linear_%d", i)
		a.add(name, numbers(host.F32, 1.1+float64(i%7)/100, -2, float64(i)))
		b.add(name, numbers(host.F32, 1, -2, float64(i)))
		at := &ir.Loc{Path: fmt.Sprintf("model.layers.%d.self_attn.q_proj", i/20), Class: "Linear", Stack: []ir.Frame{{File: "/home/user/models/transformer/attention.py", Line: 100 + i%20}}}
		a.values[i].Loc, b.values[i].Loc, a.values[i].Op = at, at, "nn.linear"
	}
	var page bytes.Buffer
	if err := compared(t, a, b, Options{}).WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if n := page.Len(); n > 600*points {
		t.Errorf("the page of %d points has %d bytes", points, n)
	}
	if n := strings.Count(page.String(), "<rect"); n > mostBars {
		t.Errorf("the chart has %d bars", n)
	}
}
