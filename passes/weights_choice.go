package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
)

// choice is what is to become of one weight.
type choice struct {
	scheme compress.Scheme
	keep   string // why it stays as it is; the user asked for it
}

// chooser says what is to become of weights.
type chooser interface {
	choose(w *weight) choice
	// unused lists what the user said that applied to no weight.
	unused() []string
}

// filter says which weights a pass is for: the options include, ignore and ops.
type filter struct {
	include, ignore, ops *[]string
}

func declareFilter(o *pass.Options) *filter {
	return &filter{
		ignore: o.Strings("ignore", "weights to leave alone: patterns such as \"detector.*\" for their names, or for the "+
			"paths of the modules that use them; * stands for any letters"),
		include: o.Strings("include", "compress only the weights that match; patterns as those of ignore"),
		ops:     o.Strings("ops", "compress only the weights of these operations, such as nn.linear"),
	}
}

// chooser gives every weight that the options cover one scheme.
func (f *filter) chooser(s compress.Scheme) (chooser, error) {
	c := &oneScheme{scheme: s}
	var err error
	for _, g := range []struct {
		to       **globs
		option   string
		patterns []string
	}{{&c.include, "include", *f.include}, {&c.ignore, "ignore", *f.ignore}, {&c.ops, "ops", *f.ops}} {
		if *g.to, err = newGlobs(g.option, g.patterns); err != nil {
			return nil, err
		}
	}
	return c, s.Check()
}

type oneScheme struct {
	scheme               compress.Scheme
	include, ignore, ops *globs
}

func (c *oneScheme) choose(w *weight) choice {
	names := append([]string{w.res.Name}, w.modules()...)
	if p, ok := c.ignore.match(names...); ok {
		return choice{keep: fmt.Sprintf("ignore=%q", p)}
	}
	if _, ok := c.include.match(names...); !ok && len(c.include.patterns) > 0 {
		return choice{keep: "it matches no include"}
	}
	if len(c.ops.patterns) > 0 {
		for _, u := range w.uses {
			if _, ok := c.ops.match(u.op.Name()); !ok {
				return choice{keep: fmt.Sprintf("%s is not among ops", u.op.Name())}
			}
		}
	}
	return choice{scheme: c.scheme}
}

func (c *oneScheme) unused() []string {
	return slices.Concat(c.include.missed(), c.ignore.missed(), c.ops.missed())
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
