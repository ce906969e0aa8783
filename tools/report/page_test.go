package report

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/passes/pass"
)

// TestPageParts holds what the page shows of runs that differ.
func TestPageParts(t *testing.T) {
	quick := sample(5)
	for i := range quick {
		quick[i].Seconds = 12.34e-6
		if quick[i].Noise > 0 {
			quick[i].Noise = quick[i].Signal / math.Pow(10, 2.181+float64(i)/1000) // axes with steps of hundredths
		}
	}
	gain := sample(5)
	gain[0].Outputs = &pass.OutputError{Nearest: 2, Stored: 1, Gain: 3.0103}
	ran := facts()
	ran.Outputs = &Outputs{Pass: "auto{psnr=30}", Samples: 4, PSNR: 31.52, SNR: 24.1}
	refused := sample(5)
	for i := range refused {
		refused[i].Refused = "it is odd"
	}
	for _, c := range []struct {
		name       string
		facts      Facts
		list       []pass.Compressed
		has, hasNo string // regular expressions
	}{
		{"no compression", facts(), nil, "Nothing was compressed", "<svg|<table"},
		{"all refused", facts(), refused, "it is odd", `id="(layers|scatter|histogram)"`},
		{"quick", facts(), quick, `>12\.3 µs<`, `>\d+\.\d{5,}|Output gain`},
		{"gain", facts(), gain, `Output gain[\s\S]*>3\.0 dB<`, "<h2>Outputs"},
		{"outputs", ran, quick, `<h2>Outputs</h2><p class="big">31\.5 dB</p><p>PSNR, and 24\.1 dB SNR, over 4 samples`, "Output gain"},
	} {
		var b strings.Builder
		if err := New(c.facts, c.list).HTML(&b); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(c.has).MatchString(b.String()) {
			t.Errorf("%s: the page has no %s", c.name, c.has)
		}
		if bad := regexp.MustCompile(c.hasNo).FindString(b.String()); bad != "" {
			t.Errorf("%s: the page has %q", c.name, bad)
		}
	}
}

// TestNames holds that no name lies on a mark or another name.
func TestNames(t *testing.T) {
	for _, n := range []int{5, 20, 60, 200, 500} {
		p := newDrawing(New(facts(), sample(n))).layers()
		if len(p.Notes) == 0 {
			t.Errorf("%d tensors: the lowest has no name", n)
		}
		notes := p.Notes
		p.Notes = nil
		for _, note := range notes {
			if !p.free(note.box()) {
				t.Errorf("%d tensors: the name %s lies on something", n, note.Text)
			}
			p.Notes = append(p.Notes, note)
		}
	}
}

// TestModuleDepth holds the bars to one depth, but for modules that hold no others.
func TestModuleDepth(t *testing.T) {
	list := sample(200)
	list[0].Modules, list[1].Modules = []string{"head"}, []string{"encoder"}
	bars, depth := newDrawing(New(facts(), list)).modulesAt()
	if depth != 3 || len(bars) < enoughBars {
		t.Errorf("found %d bars at depth %d", len(bars), depth)
	}
	sum := int64(0)
	for _, b := range bars {
		if sum += b.Before; strings.Count(b.Path, ".") != 2 && b.Path != "head" && b.Path != "encoder (itself)" {
			t.Errorf("found a bar of %s", b.Path)
		}
	}
	if whole := New(facts(), list).Total.Before; sum != whole {
		t.Errorf("the bars have %d bytes, the model %d", sum, whole)
	}
}
