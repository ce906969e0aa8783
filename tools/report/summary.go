package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// maxReasons are how many reasons Summary prints.
const maxReasons = 10

// Summary writes a few lines for a terminal: the totals of each kind, a line for each scheme, and how many tensors stay as
// they are for which reason. It writes nothing where there was nothing to compress.
func (r *Report) Summary(w io.Writer) error {
	var b strings.Builder
	for _, k := range pass.Kinds() {
		if s := r.of(k); s.Tensors > 0 {
			fmt.Fprintf(&b, "compressed %d of %s%s, SNR %s\n", s.Compressed, counted(s.Tensors, k.String()), sizeChange(s, k), s.Quality())
		}
	}
	if len(r.Schemes) > 0 {
		r.schemeLines(&b)
	}
	for i, g := range r.Reasons {
		if i == maxReasons {
			fmt.Fprintf(&b, "  and %s more\n", counted(len(r.Reasons)-i, "reason"))
			break
		}
		fmt.Fprintf(&b, "  not compressed: %s%s: %s\n", r.refusedNames(g), sizeNote(g), g.Name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sizeChange says what tensors take before and after, if that is known.
func sizeChange(s *Sums, k pass.Kind) string {
	if s.Before == 0 {
		return ""
	}
	unit := "element"
	if k == pass.Weight {
		unit = "weight"
	}
	return fmt.Sprintf(": %s -> %s, %.2f bits per %s", host.SizeText(s.Before), host.SizeText(s.After), s.Bits, unit)
}

func (r *Report) schemeLines(b *strings.Builder) {
	columns := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(columns, "tensors\tbefore\tafter\tbits\tSNR\t  scheme")
	for _, g := range r.Schemes {
		before, after, bits := "–", "–", "–"
		if g.Before > 0 {
			before, after, bits = host.SizeText(g.Before), host.SizeText(g.After), fmt.Sprintf("%.2f", g.Bits)
		}
		fmt.Fprintf(columns, "%d\t%s\t%s\t%s\t%s\t  %s\n", g.Tensors, before, after, bits, g.Quality(), g.Name)
	}
	_ = columns.Flush() // into a strings.Builder, which takes all
}

// refusedNames is the only tensor of a reason by its name, or how many there are.
func (r *Report) refusedNames(g Group) string {
	if g.Tensors > 1 {
		return counted(g.Tensors, g.Kind)
	}
	for i := range r.Tensors {
		if t := &r.Tensors[i]; t.Refused == g.Name && t.Kind == g.Kind {
			return short(r.Tensors[i].Name, 80)
		}
	}
	return ""
}

func sizeNote(g Group) string {
	if g.Before == 0 {
		return ""
	}
	return " (" + host.SizeText(g.Before) + ")"
}
