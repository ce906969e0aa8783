package weights

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/compress"
)

// Choice is what is to become of one weight.
type Choice struct {
	Scheme  compress.Scheme
	Keep    string // why it stays as it is; the user asked for it
	Refused string // why it stays as it is though the user asked for a scheme
}

// Chooser says what is to become of weights.
type Chooser interface {
	// Choose gives the same answer each time it is asked about a weight.
	Choose(w *Weight) Choice
	// Unused lists what the user said that applied to no weight.
	Unused() []string
}

// oneScheme stores all weights that the options cover in the same way.
type oneScheme struct {
	*Filter
	scheme compress.Scheme
}

// ForAll gives every weight that a filter covers one scheme. The error is of a scheme that cannot be.
func ForAll(s compress.Scheme, only *Filter) (Chooser, error) {
	return &oneScheme{scheme: s, Filter: only}, s.Check()
}

func (c *oneScheme) Choose(w *Weight) Choice {
	if keep := c.Keep(w); keep != "" {
		return Choice{Keep: keep}
	}
	return Choice{Scheme: c.scheme}
}

// channelAxes are the output and input axes that a scheme needs to know of a weight.
func channelAxes(w *Weight, s compress.Scheme) (out, in []int, reason string) {
	out, in, reason = w.Channels()
	needed := s.Sparse != nil && (s.Sparse.M > 0 || s.Sparse.Block > 1 || s.Sparse.Channel) ||
		s.Palette != nil && (s.Palette.ChannelScale || s.Palette.Length > 1)
	if !needed {
		reason = ""
	}
	return out, in, reason
}

// elemsIn counts the elements of a block.
func elemsIn(block []int) int {
	n := 1
	for _, b := range block {
		n *= b
	}
	return n
}

// bytesOf is how much a resource takes now, of its own elements only.
func bytesOf(r *ir.Resource) int64 {
	n, _ := r.Type.NumElements().IsConst()
	return n * int64(r.Type.Elem.Bytes())
}
