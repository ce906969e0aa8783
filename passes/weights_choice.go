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
	g, err := f.globs()
	if err != nil {
		return nil, err
	}
	return &oneScheme{scheme: s, weightFilter: g}, s.Check()
}

// globs are the options, checked.
func (f *filter) globs() (*weightFilter, error) {
	out := &weightFilter{}
	var err error
	for _, g := range []struct {
		to       **globs
		option   string
		patterns []string
	}{{&out.include, "include", *f.include}, {&out.ignore, "ignore", *f.ignore}, {&out.ops, "ops", *f.ops}} {
		if *g.to, err = newGlobs(g.option, g.patterns); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// weightFilter is what the options include, ignore and ops say.
type weightFilter struct{ include, ignore, ops *globs }

// keep says why the options leave a weight alone; empty where they do not.
func (f *weightFilter) keep(w *weight) string {
	names := append([]string{w.res.Name}, w.modules()...)
	if p, ok := f.ignore.match(names...); ok {
		return fmt.Sprintf("ignore=%q", p)
	}
	if _, ok := f.include.match(names...); !ok && len(f.include.patterns) > 0 {
		return "it matches no include"
	}
	if len(f.ops.patterns) > 0 {
		for _, u := range w.uses {
			if _, ok := f.ops.match(u.op.Name()); !ok {
				return fmt.Sprintf("%s is not among ops", u.op.Name())
			}
		}
	}
	return ""
}

// keepOp says why the options leave an operation's activations alone.
func (f *weightFilter) keepOp(op *ir.Op) string {
	names := modulePaths(op)
	if p, ok := f.ignore.match(names...); ok {
		return fmt.Sprintf("ignore=%q", p)
	}
	if _, ok := f.include.match(names...); !ok && len(f.include.patterns) > 0 {
		return "it matches no include"
	}
	if _, ok := f.ops.match(op.Name()); !ok && len(f.ops.patterns) > 0 {
		return fmt.Sprintf("%s is not among ops", op.Name())
	}
	return ""
}

func (f *weightFilter) unused() []string {
	return slices.Concat(f.include.missed(), f.ignore.missed(), f.ops.missed())
}

// oneScheme stores all weights that the options cover in the same way.
type oneScheme struct {
	*weightFilter
	scheme compress.Scheme
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
