package recipe

import (
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

// Preset is a scheme that has a name elsewhere.
type Preset struct {
	Name   string // as passes spell it
	Scheme compress.Scheme
	Of     string // whose name it is
	Doc    string
}

// Presets are coreai-opt's presets and the ones that coreai-models ships models with, in a fixed order. Parameters are
// searched; see [compress.CoreAI] for coreai-opt's own.
func Presets() []Preset {
	channel := compress.Granularity{Kind: compress.PerChannel, Auto: true}
	block := compress.Granularity{Kind: compress.PerBlock, Auto: true, Sizes: []int{32}}
	inputs := compress.Granularity{Kind: compress.PerBlock, Axis: 1, Sizes: []int{32}}
	group := func(n int) compress.Granularity {
		return compress.Granularity{Kind: compress.PerGroupedChannel, Sizes: []int{n}}
	}
	quant := func(e host.Elem, r compress.Range, g compress.Granularity) compress.Scheme {
		return compress.Scheme{Quant: &compress.Quant{Elem: e, Range: r, Rule: compress.Search, Granularity: g}}
	}
	palette := func(bits int, g compress.Granularity) compress.Scheme {
		return compress.Scheme{Palette: &compress.Palette{Bits: bits, Rule: compress.Search, Granularity: g}}
	}
	return []Preset{
		{"w8", quant(host.I8, compress.Symmetric, channel), "QuantizerConfig.presets.w8()", "int8, symmetric, a scale for each output channel"},
		{"w4", quant(host.I4, compress.Symmetric, channel), "QuantizerConfig.presets.w4()", "int4, symmetric, a scale for each output channel"},
		{"w4_per_block", quant(host.I4, compress.Symmetric, block), "QuantizerConfig.presets.w4_per_block()", "int4, symmetric, a scale for 32 inputs"},
		{"4bit", quant(host.I4, compress.Clipped, inputs), "coreai-models 4bit", "int4, symmetric with clipping, a scale for 32 inputs"},
		{"p4", palette(4, group(16)), "KMeansPalettizerConfig.presets.w4()", "4-bit palettes, one for 16 output channels"},
		{"p6", palette(6, group(16)), "KMeansPalettizerConfig.presets.w6()", "6-bit palettes, one for 16 output channels"},
		{"p8", palette(8, compress.Granularity{Kind: compress.PerTensor}), "KMeansPalettizerConfig.presets.w8()", "8-bit palettes, one for each weight"},
		{"p4_group8", palette(4, group(8)), "coreai-models 4bit_weight_palettized_group8", "4-bit palettes, one for 8 output channels"},
		{"p4_group32", palette(4, group(32)), "coreai-models 4bit_weight_palettized_group32", "4-bit palettes, one for 32 output channels"},
		{"sparse", compress.Scheme{Sparse: &compress.Sparse{Fraction: 0.5}}, "MagnitudePrunerConfig()", "half of the elements zero, those of least magnitude"},
	}
}
