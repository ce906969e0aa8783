package compress

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// Check gives an error for each setting, or combination of them, that makes no sense, with what to try instead.
func (s Scheme) Check() error {
	var errs []error
	if s.Quant != nil && s.Palette != nil {
		errs = append(errs, errors.New("codes and a palette at once: choose one; a palette's own numbers can be codes by its table's type"))
	}
	if s.Quant != nil {
		errs = append(errs, s.Quant.check())
	}
	if s.Palette != nil {
		errs = append(errs, s.Palette.check())
	}
	if s.Sparse != nil {
		errs = append(errs, s.Sparse.check())
	}
	if s.Sparse != nil && s.Palette != nil {
		errs = append(errs, s.Palette.checkPruned())
	}
	return errors.Join(errs...)
}

// complaints collects what is wrong with a part of a scheme.
type complaints []error

func (c *complaints) when(wrong bool, format string, args ...any) {
	if wrong {
		*c = append(*c, fmt.Errorf(format, args...))
	}
}

// The element types of the parts of a scheme.
var (
	codeElems = []host.Elem{host.I1, host.I2, host.I3, host.I4, host.I5, host.I6, host.I7, host.I8,
		host.U1, host.U2, host.U3, host.U4, host.U5, host.U6, host.U7, host.U8, host.F8E4M3, host.F8E5M2, host.F4E2M1}
	scaleElems = []host.Elem{host.Invalid, host.F32, host.F16, host.BF16, host.F8E8M0}
	tableElems = []host.Elem{host.Invalid, host.I8, host.U8, host.F8E4M3, host.F8E5M2}
)

func (q Quant) check() error {
	q = q.full()
	var c complaints
	c.when(!slices.Contains(codeElems, q.Elem), "codes cannot be %s: they are i1 to i8, u1 to u8, f8e4m3, f8e5m2 or f4e2m1", q.Elem)
	c.when(!slices.Contains(scaleElems, q.Scale), "scales cannot be %s: they are f32, f16, bf16 or f8e8m0, or of the weight's type", q.Scale)
	c.when(!slices.Contains([]Range{Symmetric, Clipped, Asymmetric}, q.Range), "there is no range %q: it is %s, %s or %s", q.Range, Symmetric, Clipped, Asymmetric)
	c.when(!slices.Contains([]Offset{ZeroPoint, MinValue}, q.Offset), "there is no offset %q: it is %s or %s", q.Offset, ZeroPoint, MinValue)
	c.when(!slices.Contains([]Rule{Search, MinMax, CoreAI}, q.Rule), "there is no rule %q: it is %s, %s or %s", q.Rule, Search, MinMax, CoreAI)
	float := q.Elem.IsFloat()
	c.when(float && q.Range != Symmetric, "%s codes are symmetric by themselves: leave the range out or make it symmetric, not %s", q.Elem, q.Range)
	c.when(float && q.Offset == MinValue, "%s codes have no min-value: leave the offset out, or try u%d codes", q.Elem, q.Elem.Bits())
	c.when(q.Elem == host.I1 && q.Range == Clipped, "of i1 codes, clipping would leave only 0: try asymmetric with min-value, which has two free numbers for each block")
	c.when(q.Rule == CoreAI && q.Scale == host.F8E8M0 && q.Elem.IsInt(), "coreai-opt has no f8e8m0 scales for integers: try the rule search, or scales of another type")
	c.when(q.Rule == CoreAI && q.Scale != host.F8E8M0 && q.Elem == host.F4E2M1, "coreai-opt has f8e8m0 scales alone for f4e2m1: try the rule search, or f8e8m0 scales")
	return errors.Join(append(c, q.Granularity.check())...)
}

// full has the defaults in place of what is left out.
func (q Quant) full() Quant {
	if q.Range == "" {
		q.Range = Symmetric
	}
	if q.Offset == "" {
		q.Offset = ZeroPoint
	}
	if q.Rule == "" {
		q.Rule = Search
	}
	return q
}

func (g Granularity) check() error {
	var c complaints
	switch g.Kind {
	case PerTensor, PerChannel, "":
		c.when(len(g.Sizes) > 0, "%s has no block sizes: leave %v out, or try per_block", g.kind(), g.Sizes)
	case PerBlock:
		c.when(len(g.Sizes) == 0, "per_block needs a block size, such as 32")
	case PerGroupedChannel:
		c.when(len(g.Sizes) != 1, "per_grouped_channel needs one group size, such as 16; it has %d", len(g.Sizes))
	default:
		c.when(true, "there is no granularity %q: it is %s, %s, %s or %s", g.Kind, PerTensor, PerChannel, PerBlock, PerGroupedChannel)
	}
	for _, n := range g.Sizes {
		c.when(n < 1 && !(n == -1 && len(g.Sizes) > 1), "a block size of %d: it is positive, or in a list of sizes -1 for the whole axis", n)
	}
	return errors.Join(c...)
}

func (p Palette) check() error {
	var c complaints
	c.when(p.Bits < 1 || p.Bits > 8, "indices of %d bits: they have 1 to 8", p.Bits)
	c.when(p.Length < 0, "entries of %d numbers: an entry has one or more", p.Length)
	c.when(!slices.Contains(tableElems, p.Table), "tables cannot be %s: they are i8, u8, f8e4m3 or f8e5m2, or of the weight's type", p.Table)
	c.when(p.Asymmetric && !p.Table.IsInt(), "a zero point is for tables of i8 or u8, not of %s", typeOr(p.Table, "the weight's type"))
	c.when(p.Rule != "" && p.Rule != Search && p.Rule != CoreAI, "palettes have no rule %q: it is %s or %s", p.Rule, Search, CoreAI)
	c.when(p.Rule == CoreAI && p.Length > 1, noCoreAIVectors)
	return errors.Join(append(c, p.Granularity.check())...)
}

// checkPruned checks a palette of the elements that a pruned weight keeps.
func (p Palette) checkPruned() error {
	var c complaints
	c.when(p.Rule == CoreAI, noCoreAIPruned)
	c.when(p.Length > 1, "a pruned weight's palette has entries of one number: try a length of 1")
	return errors.Join(c...)
}

func (s Sparse) check() error {
	var c complaints
	c.when(math.IsNaN(s.Fraction) || s.Fraction < 0 || s.Fraction >= 1, "a fraction of %g: it is at least 0 and below 1", s.Fraction)
	c.when(s.N < 0 || s.M < 0 || s.N > 0 && s.N >= s.M, "%d zeros of %d neighbours: the first is below the second, as in 2 of 4", s.N, s.M)
	c.when(s.M > 0 && s.Fraction > 0, "a fraction and %d zeros of %d neighbours at once: choose one", s.N, s.M)
	c.when(s.Block < 0, "blocks of %d: a block has one or more elements", s.Block)
	c.when(s.Channel && (s.M > 0 || s.Block > 1), "whole channels leave no choice of neighbours or blocks: choose one")
	return errors.Join(c...)
}
