package passes

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/compress"
)

// choice is what is to become of one weight.
type choice struct {
	scheme  compress.Scheme
	keep    string // why it stays as it is; the user asked for it
	refused string // why it stays as it is though the user asked for a scheme
}

// chooser says what is to become of weights.
type chooser interface {
	choose(w *weight) choice
	// unused lists what the user said that applied to no weight.
	unused() []string
}

// oneScheme stores all weights that the options cover in the same way.
type oneScheme struct {
	*weightFilter
	scheme compress.Scheme
}

// forAll gives every weight that the options cover one scheme.
func forAll(s compress.Scheme, only func() (*weightFilter, error)) (chooser, error) {
	f, err := only()
	if err != nil {
		return nil, err
	}
	return &oneScheme{scheme: s, weightFilter: f}, s.Check()
}

func (c *oneScheme) choose(w *weight) choice {
	if keep := c.keep(w); keep != "" {
		return choice{keep: keep}
	}
	return choice{scheme: c.scheme}
}

// withCompat makes a scheme give what coreai-opt gives, where compat says so.
func withCompat(s compress.Scheme, compat string) compress.Scheme {
	if s = s.Clone(); compat == "coreai" {
		if s.Quant != nil {
			s.Quant.Rule = compress.CoreAI
		}
		if s.Palette != nil {
			s.Palette.Rule = compress.CoreAI
		}
	}
	return s
}

// channelAxes are the output and input axes that a scheme needs to know of a weight.
func channelAxes(w *weight, s compress.Scheme) (out, in []int, reason string) {
	out, in, reason = w.channels()
	needed := s.Sparse != nil && (s.Sparse.M > 0 || s.Sparse.Block > 1 || s.Sparse.Channel) ||
		s.Palette != nil && (s.Palette.ChannelScale || s.Palette.Length > 1)
	if !needed {
		reason = ""
	}
	return out, in, reason
}

// granularity is that of the parameters of a scheme.
func granularity(s compress.Scheme) compress.Granularity {
	switch {
	case s.Quant != nil:
		return s.Quant.Granularity
	case s.Palette != nil:
		return s.Palette.Granularity
	}
	return compress.Granularity{Kind: compress.PerTensor}
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
