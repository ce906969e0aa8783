package compress

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir/host"
)

func TestSchemeString(t *testing.T) {
	block := Granularity{Kind: PerBlock, Auto: true, Sizes: []int{32}}
	for _, tt := range []struct {
		s    Scheme
		want string
	}{
		{Scheme{}, "as it is"},
		{Scheme{Quant: &Quant{Elem: host.I4, Scale: host.F16, Granularity: block}}, "int4 symmetric per_block 32, scales f16"},
		{Scheme{Quant: &Quant{Elem: host.U8, Range: Asymmetric, Offset: MinValue, Rule: MinMax}}, "uint8 asymmetric min-value per_tensor, rule minmax"},
		{Scheme{Quant: &Quant{Elem: host.F4E2M1, Scale: host.F8E8M0, Granularity: block, Rule: CoreAI}}, "f4e2m1 per_block 32, scales f8e8m0, rule coreai"},
		{Scheme{Quant: &Quant{Elem: host.I8, Granularity: Granularity{Kind: PerChannel, Axis: 1}}}, "int8 symmetric per_channel along axis 1"},
		{Scheme{Quant: &Quant{Elem: host.I8, Granularity: Granularity{Kind: PerBlock, Sizes: []int{1, -1, 32}}}}, "int8 symmetric per_block 1x-1x32"},
		{
			Scheme{Palette: &Palette{Bits: 4, Length: 2, ChannelScale: true, Table: host.I8, Asymmetric: true, Granularity: Granularity{Kind: PerGroupedChannel, Auto: true, Sizes: []int{16}}}},
			"palette of 4 bits per_grouped_channel 16, entries of 2, channel scales, tables int8 with zero point",
		},
		{Scheme{Sparse: &Sparse{Fraction: 0.5}}, "50% of elements zero"},
		{Scheme{Sparse: &Sparse{N: 2, M: 4}, Quant: &Quant{Elem: host.I8}}, "2 of 4 elements zero + int8 symmetric per_tensor"},
		{Scheme{Sparse: &Sparse{Fraction: 0.25, Channel: true}}, "25% of channels zero"},
		{Scheme{Sparse: &Sparse{Fraction: 0.25, Block: 4}}, "25% of blocks of 4 zero"},
	} {
		if got := tt.s.String(); got != tt.want {
			t.Errorf("got %q, expected %q", got, tt.want)
		}
		if err := tt.s.Check(); err != nil {
			t.Errorf("%s: %v", tt.want, err)
		}
	}
}

func TestSchemeCheck(t *testing.T) {
	for _, tt := range []struct {
		s    Scheme
		want string
	}{
		{Scheme{Quant: &Quant{Elem: host.I4}, Palette: &Palette{Bits: 4}}, "codes and a palette at once: choose one; a palette's own numbers can be codes by its table's type"},
		{Scheme{Quant: &Quant{}}, "codes cannot be invalid: they are i1 to i8, u1 to u8, f8e4m3, f8e5m2 or f4e2m1"},
		{
			Scheme{Quant: &Quant{Elem: host.F8E4M3, Range: Asymmetric, Offset: MinValue, Scale: host.I8}},
			"scales cannot be i8: they are f32, f16, bf16 or f8e8m0, or of the weight's type\n" +
				"f8e4m3 codes are symmetric by themselves: leave the range out or make it symmetric, not asymmetric\n" +
				"f8e4m3 codes have no min-value: leave the offset out, or try u8 codes",
		},
		{
			Scheme{Quant: &Quant{Elem: host.I4, Range: "odd", Offset: "odd", Rule: "odd"}},
			"there is no range \"odd\": it is symmetric, clipped or asymmetric\n" +
				"there is no offset \"odd\": it is zero-point or min-value\n" +
				"there is no rule \"odd\": it is search, minmax or coreai",
		},
		{Scheme{Quant: &Quant{Elem: host.I1, Range: Clipped}}, "of i1 codes, clipping would leave only 0: try asymmetric with min-value, which has two free numbers for each block"},
		{Scheme{Quant: &Quant{Elem: host.I8, Scale: host.F8E8M0, Rule: CoreAI}}, "coreai-opt has no f8e8m0 scales for integers: try the rule search, or scales of another type"},
		{Scheme{Quant: &Quant{Elem: host.F4E2M1, Rule: CoreAI}}, "coreai-opt has f8e8m0 scales alone for f4e2m1: try the rule search, or f8e8m0 scales"},
		{Scheme{Quant: &Quant{Elem: host.I4, Granularity: Granularity{Kind: PerBlock}}}, "per_block needs a block size, such as 32"},
		{Scheme{Quant: &Quant{Elem: host.I4, Granularity: Granularity{Kind: PerBlock, Sizes: []int{-1}}}}, "a block size of -1: it is positive, or in a list of sizes -1 for the whole axis"},
		{Scheme{Quant: &Quant{Elem: host.I4, Granularity: Granularity{Kind: PerChannel, Sizes: []int{4}}}}, "per_channel has no block sizes: leave [4] out, or try per_block"},
		{Scheme{Quant: &Quant{Elem: host.I4, Granularity: Granularity{Kind: "rows"}}}, `there is no granularity "rows": it is per_tensor, per_channel, per_block or per_grouped_channel`},
		{
			Scheme{Palette: &Palette{Bits: 9, Length: -1, Table: host.I4, Rule: MinMax}},
			"indices of 9 bits: they have 1 to 8\nentries of -1 numbers: an entry has one or more\n" +
				"tables cannot be i4: they are i8, u8, f8e4m3 or f8e5m2, or of the weight's type\n" +
				"palettes have no rule \"minmax\": it is search or coreai",
		},
		{Scheme{Palette: &Palette{Bits: 4, Asymmetric: true}}, "a zero point is for tables of i8 or u8, not of the weight's type"},
		{Scheme{Sparse: &Sparse{Fraction: 1}}, "a fraction of 1: it is at least 0 and below 1"},
		{Scheme{Sparse: &Sparse{N: 4, M: 4}}, "4 zeros of 4 neighbours: the first is below the second, as in 2 of 4"},
		{Scheme{Sparse: &Sparse{N: 2, M: 4, Fraction: 0.5}}, "a fraction and 2 zeros of 4 neighbours at once: choose one"},
		{Scheme{Sparse: &Sparse{N: 2, M: 4, Channel: true}}, "whole channels leave no choice of neighbours or blocks: choose one"},
	} {
		got := ""
		if err := tt.s.Check(); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.s, diff)
		}
	}
}
