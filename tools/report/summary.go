package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// maxReasons are how many reasons Summary prints.
const maxReasons = 10

// Summary writes a few lines for a terminal: the totals, a line for each scheme, and how many tensors stay as they are for
// which reason. It writes nothing where there was nothing to compress.
func (r *Report) Summary(w io.Writer) error {
	if r.Total.Tensors+r.Values.Tensors == 0 {
		return nil
	}
	var b strings.Builder
	t := r.Total
	if t.Tensors > 0 {
		fmt.Fprintf(&b, "compressed %d of %s: %s -> %s, %.2f bits per weight, SNR %s\n", t.Compressed, counted(t.Tensors, "weight"),
			size(t.Before), size(t.After), t.Bits, quality(t.SNR, t.Compressed > 0))
	}
	if v := r.Values; v.Tensors > 0 {
		fmt.Fprintf(&b, "quantized %d of %s, SNR %s\n", v.Compressed, counted(v.Tensors, "activation"), quality(v.SNR, v.Compressed > 0))
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

func (r *Report) schemeLines(b *strings.Builder) {
	columns := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(columns, "tensors\tbefore\tafter\tbits\tSNR\t  scheme")
	for _, g := range r.Schemes {
		fmt.Fprintf(columns, "%d\t%s\t%s\t%.2f\t%s\t  %s\n", g.Tensors, size(g.Before), size(g.After), g.Bits, quality(g.SNR, true), g.Name)
	}
	_ = columns.Flush() // into a strings.Builder, which takes all
}

// refusedNames is the only tensor of a reason by its name, or how many there are.
func (r *Report) refusedNames(g Group) string {
	for i := range r.Tensors {
		switch {
		case r.Tensors[i].Refused != g.Name:
		case g.Tensors > 1 && r.Tensors[i].Activation:
			return counted(g.Tensors, "activation")
		case g.Tensors > 1:
			return counted(g.Tensors, "weight")
		default:
			return short(r.Tensors[i].Name, 80)
		}
	}
	return ""
}

func sizeNote(g Group) string {
	if g.Before == 0 {
		return ""
	}
	return " (" + size(g.Before) + ")"
}
