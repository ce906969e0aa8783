package compress

import "github.com/aiopt/aiopt/ir/host"

// Named is a scheme that has a name.
type Named struct {
	Name   string
	Doc    string // what weights are stored as, in a few words
	Scheme Scheme
	Pass   bool        // aiopt's own name, which a pass has
	Of     string      // whose name it is elsewhere, such as a function of coreai-opt; empty: nobody's
	Elems  []host.Elem // types that codes may have under this name; empty: that of the scheme
}

// Codes are symmetric codes with a scale for each output channel.
func Codes(e host.Elem) Scheme {
	return Scheme{Quant: &Quant{Elem: e, Range: Symmetric, Rule: Search, Granularity: Granularity{Kind: PerChannel, Auto: true}}}
}

// Tables are palettes, one for 16 output channels.
func Tables(bits int) Scheme {
	return paletteBy(bits, Granularity{Kind: PerGroupedChannel, Auto: true, Sizes: []int{16}})
}

func paletteBy(bits int, g Granularity) Scheme {
	return Scheme{Palette: &Palette{Bits: bits, Rule: Search, Granularity: g}}
}

// inBlocks are codes with a scale for 32 neighbours; along the input axis, or a fixed one where a name elsewhere says so.
func inBlocks(e host.Elem, r Range, scale host.Elem, axis Granularity) Scheme {
	axis.Kind, axis.Sizes = PerBlock, []int{32}
	return Scheme{Quant: &Quant{Elem: e, Range: r, Scale: scale, Rule: Search, Granularity: axis}}
}

// channelGroups are neighbours along axis 0, whatever that is to the operation.
func channelGroups(n int) Granularity { return Granularity{Kind: PerGroupedChannel, Sizes: []int{n}} }

// Schemes are all schemes with a name, in a fixed order: those of aiopt, and the ones that coreai-opt and coreai-models give
// a name. Parameters are searched; see [CoreAI] for coreai-opt's own.
//
// pal4 and p4 differ in one thing, as do the others with these names: pal4 groups output channels, and p4 counts along axis 0
// as coreai-opt does. These are the same but for operations whose output axis is another one, such as nn.conv_transpose.
func Schemes() []Named {
	auto := Granularity{Auto: true}
	all := Granularity{Kind: PerTensor}
	const (
		scales  = "-bit integers, symmetric, with a scale for each output channel"
		tables  = "-bit indices into tables, one for 16 output channels"
		coreai  = "QuantizerConfig.presets."
		palette = "KMeansPalettizerConfig.presets."
		models  = "coreai-models "
	)
	return []Named{
		{Name: "w2", Doc: "2" + scales, Scheme: Codes(host.I2), Pass: true},
		{Name: "w3", Doc: "3" + scales, Scheme: Codes(host.I3), Pass: true},
		{Name: "w4", Doc: "4" + scales, Scheme: Codes(host.I4), Pass: true, Of: coreai + "w4()"},
		{Name: "w5", Doc: "5" + scales, Scheme: Codes(host.I5), Pass: true},
		{Name: "w6", Doc: "6" + scales, Scheme: Codes(host.I6), Pass: true},
		{Name: "w7", Doc: "7" + scales, Scheme: Codes(host.I7), Pass: true},
		{Name: "w8", Doc: "8" + scales, Scheme: Codes(host.I8), Pass: true, Of: coreai + "w8()"},
		{Name: "fp8", Doc: "8-bit floats (e4m3) with a scale for each output channel", Scheme: Codes(host.F8E4M3), Pass: true,
			Elems: []host.Elem{host.F8E4M3, host.F8E5M2}},
		{Name: "mxfp4", Doc: "4-bit floats (e2m1), 32 neighbours along the input axis with one scale that is a power of two (OCP Microscaling Formats 1.0)",
			Scheme: inBlocks(host.F4E2M1, Symmetric, host.F8E8M0, auto), Pass: true},
		{Name: "w4_per_block", Doc: "4-bit integers, symmetric, with a scale for 32 inputs", Scheme: inBlocks(host.I4, Symmetric, host.Invalid, auto),
			Of: coreai + "w4_per_block()"},
		{Name: "4bit", Doc: "4-bit integers, symmetric with clipping, with a scale for 32 neighbours along axis 1",
			Scheme: inBlocks(host.I4, Clipped, host.Invalid, Granularity{Axis: 1}), Of: models + "4bit"},
		{Name: "pal1", Doc: "1" + tables, Scheme: Tables(1), Pass: true},
		{Name: "pal2", Doc: "2" + tables, Scheme: Tables(2), Pass: true},
		{Name: "pal3", Doc: "3" + tables, Scheme: Tables(3), Pass: true},
		{Name: "pal4", Doc: "4" + tables, Scheme: Tables(4), Pass: true},
		{Name: "pal5", Doc: "5" + tables, Scheme: Tables(5), Pass: true},
		{Name: "pal6", Doc: "6" + tables, Scheme: Tables(6), Pass: true},
		{Name: "pal7", Doc: "7" + tables, Scheme: Tables(7), Pass: true},
		{Name: "pal8", Doc: "8-bit indices into one table for each weight", Scheme: paletteBy(8, all), Pass: true},
		{Name: "p4", Doc: "as pal4, with a table for 16 along axis 0", Scheme: paletteBy(4, channelGroups(16)), Of: palette + "w4()"},
		{Name: "p6", Doc: "as pal6, with a table for 16 along axis 0", Scheme: paletteBy(6, channelGroups(16)), Of: palette + "w6()"},
		{Name: "p8", Doc: "as pal8", Scheme: paletteBy(8, all), Of: palette + "w8()"},
		{Name: "p4_group8", Doc: "as pal4, with a table for 8 along axis 0", Scheme: paletteBy(4, channelGroups(8)), Of: models + "4bit_weight_palettized_group8"},
		{Name: "p4_group32", Doc: "as pal4, with a table for 32 along axis 0", Scheme: paletteBy(4, channelGroups(32)), Of: models + "4bit_weight_palettized_group32"},
		{Name: "sparse", Doc: "the half of the elements with the greatest magnitudes, the others zero", Scheme: Scheme{Sparse: &Sparse{Fraction: 0.5}},
			Of: "MagnitudePrunerConfig()"},
	}
}
