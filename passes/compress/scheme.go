package compress

import "github.com/aiopt/aiopt/ir/host"

// Scheme says how a weight is stored. Exactly one of Quant and Palette may be set; with Sparse they store the elements that
// are kept. A Scheme with nothing set leaves a weight as it is.
type Scheme struct {
	Quant   *Quant
	Palette *Palette
	Sparse  *Sparse
}

// Granularity is that of the parameters.
func (s Scheme) Granularity() Granularity {
	switch {
	case s.Quant != nil:
		return s.Quant.Granularity
	case s.Palette != nil:
		return s.Palette.Granularity
	}
	return Granularity{Kind: PerTensor}
}

// Quant stores codes of few bits, and a scale for each block.
type Quant struct {
	Elem        host.Elem // of the codes: i1..i8, u1..u8, f8e4m3, f8e5m2 or f4e2m1
	Range       Range
	Offset      Offset
	Scale       host.Elem // of the scales: f32, f16, bf16 or f8e8m0; host.Invalid: the weight's own
	Rule        Rule
	Granularity Granularity
}

// Range says how codes are laid around zero.
type Range string

// The ranges. With n codes, and for floats always Symmetric:
const (
	Symmetric  Range = "symmetric"  // -n/2..n/2-1 steps, for unsigned codes around n/2
	Clipped    Range = "clipped"    // as many steps below zero as above: -(n/2-1)..n/2-1 ("symmetric with clipping")
	Asymmetric Range = "asymmetric" // from the least number to the greatest
)

// Offset says how it is stored where a range begins. A symmetric one has the zero point 0, or n/2 for unsigned codes; with
// MinValue it begins at minus the greatest magnitude.
type Offset string

// The offsets.
const (
	ZeroPoint Offset = "zero-point" // (code - zero) * scale
	MinValue  Offset = "min-value"  // (code - least code) * scale + minimum
)

// Rule says how parameters are chosen.
type Rule string

// The rules. Search is never worse than MinMax on any tensor.
const (
	Search Rule = "search" // the least squared error; scales may be negative
	MinMax Rule = "minmax" // so that no number is clipped
	CoreAI Rule = "coreai" // as coreai-opt's torch path does, bit for bit
)

// Palette stores indices into tables of numbers.
type Palette struct {
	Bits         int  // of an index, 1 to 8
	Length       int  // numbers in an entry (cluster_dim), along the output axis; 0 is 1
	ChannelScale bool // divide each output channel by its greatest magnitude first, and store that
	// Table is how the tables' numbers are stored: i8, u8, f8e4m3 or f8e5m2 codes with a scale for each table; host.Invalid:
	// as numbers of the weight's type.
	Table host.Elem
	// Asymmetric gives a table's codes a zero point.
	Asymmetric  bool
	Rule        Rule // Search: the optimum; CoreAI: what coreai-opt's fast mode finds, of numbers rounded to 1e-4
	Granularity Granularity
}

// Sparse keeps a part of the elements.
type Sparse struct {
	Fraction float64 // of the elements that become zero, those of least magnitude; for structures, of least sum
	N, M     int     // of M neighbours along the input axis, N become zero; 0: Fraction counts over the whole weight
	Block    int     // this many neighbours along the output axis are kept or zero together; 0 is 1
	Channel  bool    // whole output channels are kept or zero
}

// Granularity says which elements share parameters. The zero Granularity is PerTensor.
type Granularity struct {
	Kind Kind
	// Axis is the weight's axis that Kind counts along; with Auto it is the output axis, for PerBlock the first input axis.
	Axis int
	Auto bool
	// Sizes of the blocks. PerBlock: one for the axis, or one for each axis of the weight, -1 for all of it.
	// PerGroupedChannel: how many channels share.
	Sizes []int
}

// Kind is a kind of granularity.
type Kind string

// The kinds.
const (
	PerTensor         Kind = "per_tensor"          // all elements share
	PerChannel        Kind = "per_channel"         // those of one index of an axis, by default the output axis
	PerBlock          Kind = "per_block"           // a number of neighbours along the input axis; each output channel has its own
	PerGroupedChannel Kind = "per_grouped_channel" // a number of neighbouring channels
)
