package compress

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// String is the scheme in one line, for people: "int4 symmetric per_block 32, scales f16".
func (s Scheme) String() string {
	var parts []string
	if s.Sparse != nil {
		parts = append(parts, s.Sparse.String())
	}
	if s.Quant != nil {
		parts = append(parts, s.Quant.String())
	}
	if s.Palette != nil {
		parts = append(parts, s.Palette.String())
	}
	if parts == nil {
		return "as it is"
	}
	return strings.Join(parts, " + ")
}

// String leaves out what is the default.
func (q Quant) String() string {
	q = q.full()
	text := codeName(q.Elem)
	if q.Elem.IsInt() {
		text += " " + string(q.Range)
		if q.Range == Asymmetric || q.Offset == MinValue {
			text += " " + string(q.Offset)
		}
	}
	text += " " + q.Granularity.String()
	if q.Scale != host.Invalid {
		text += ", scales " + q.Scale.String()
	}
	return text + q.Rule.suffix()
}

// String leaves out what is the default.
func (p Palette) String() string {
	text := fmt.Sprintf("palette of %d bits %s", p.Bits, p.Granularity)
	if p.Length > 1 {
		text += fmt.Sprintf(", entries of %d", p.Length)
	}
	if p.ChannelScale {
		text += ", channel scales"
	}
	if p.Table != host.Invalid {
		text += ", tables " + codeName(p.Table)
		if p.Asymmetric {
			text += " with zero point"
		}
	}
	return text + p.Rule.suffix()
}

// String leaves out what is the default.
func (s Sparse) String() string {
	what := "elements"
	switch {
	case s.Channel:
		what = "channels"
	case s.Block > 1:
		what = fmt.Sprintf("blocks of %d", s.Block)
	}
	if s.M > 0 {
		return fmt.Sprintf("%d of %d %s zero", s.N, s.M, what)
	}
	return fmt.Sprintf("%.4g%% of %s zero", 100*s.Fraction, what)
}

// String is the kind with its sizes, and the axis where one is named.
func (g Granularity) String() string {
	text := g.kind()
	for i, n := range g.Sizes {
		text += separators[min(i, 1)] + fmt.Sprint(n)
	}
	if g.Kind != PerTensor && g.Kind != "" && !g.Auto && len(g.Sizes) < 2 {
		text += fmt.Sprintf(" along axis %d", g.Axis)
	}
	return text
}

// separators stand before the first block size and before the others.
var separators = [2]string{" ", "x"}

func (g Granularity) kind() string {
	if g.Kind == "" {
		return string(PerTensor)
	}
	return string(g.Kind)
}

func (r Rule) suffix() string {
	if r == "" || r == Search {
		return ""
	}
	return ", rule " + string(r)
}

// codeName spells integers out: int4, uint8.
func codeName(e host.Elem) string {
	switch {
	case e.Kind() == host.KindInt:
		return fmt.Sprintf("int%d", e.Bits())
	case e.Kind() == host.KindUint:
		return fmt.Sprintf("uint%d", e.Bits())
	}
	return e.String()
}

func typeOr(e host.Elem, otherwise string) string {
	if e == host.Invalid {
		return otherwise
	}
	return e.String()
}
