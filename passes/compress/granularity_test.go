package compress

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBlocks(t *testing.T) {
	auto := func(kind Kind, sizes ...int) Granularity { return Granularity{Kind: kind, Auto: true, Sizes: sizes} }
	along := func(axis int, kind Kind, sizes ...int) Granularity {
		return Granularity{Kind: kind, Axis: axis, Sizes: sizes}
	}
	linear := [2][]int{{0}, {1}}
	conv := [2][]int{{0}, {1, 2, 3}}
	experts := [2][]int{{0, 2}, {1}}
	for _, tt := range []struct {
		name    string
		g       Granularity
		shape   []int
		axes    [2][]int
		want    []int
		refused string
	}{
		{"nothing said", Granularity{}, []int{4, 6}, linear, []int{4, 6}, ""},
		{"tensor", auto(PerTensor), []int{4, 6}, linear, []int{4, 6}, ""},
		{"channel", auto(PerChannel), []int{4, 6}, linear, []int{1, 6}, ""},
		{"channel of a bias", auto(PerChannel), []int{4}, linear, []int{1}, ""},
		{"channel of a transposed weight", auto(PerChannel), []int{4, 6}, [2][]int{{-1}, {-2}}, []int{4, 1}, ""},
		{"channel of experts", auto(PerChannel), []int{3, 4, 6}, experts, []int{1, 4, 1}, ""},
		{"channel along an axis", along(-1, PerChannel), []int{4, 6}, linear, []int{4, 1}, ""},
		{"channel along no axis", along(2, PerChannel), []int{4, 6}, linear, nil, "it has no axis 2, only 0 to 1"},
		{"no output", auto(PerChannel), []int{4}, [2][]int{{1}, {0}}, nil, "it has no output axis; name an axis, or try per_tensor"},
		{"block", auto(PerBlock, 32), []int{4, 64}, linear, []int{1, 32}, ""},
		{"block of a window", auto(PerBlock, 2), []int{4, 6, 3, 3}, conv, []int{1, 2, 3, 3}, ""},
		{"block of experts", auto(PerBlock, 2), []int{3, 4, 6}, experts, []int{1, 2, 1}, ""},
		{"block along an axis", along(0, PerBlock, 2), []int{4, 6, 3, 3}, conv, []int{2, 1, 3, 3}, ""},
		{"block along the window", along(-1, PerBlock, 3), []int{4, 6, 3, 3}, conv, []int{1, 1, 3, 3}, ""},
		{"block of a bias", along(0, PerBlock, 2), []int{4}, linear, []int{2}, ""},
		{"sizes", auto(PerBlock, 2, -1), []int{4, 6}, linear, []int{2, 6}, ""},
		{"too few sizes", auto(PerBlock, 2, 2), []int{4, 6, 3}, linear, nil, "2 block sizes are for a weight of as many axes, it has 3; state one size, or one for each axis"},
		{"no sizes", auto(PerBlock), []int{4, 6}, linear, nil, "0 block sizes are for a weight of as many axes, it has 2; state one size, or one for each axis"},
		{"a size of 0", auto(PerBlock, 0), []int{4, 6}, linear, nil, "a block size of 0 along axis 1; it is positive, or in a list of sizes -1 for the whole axis"},
		{"no input", auto(PerBlock, 2), []int{4}, linear, nil, "it has no input axis; name an axis, or try per_channel"},
		{"no multiple", auto(PerBlock, 32), []int{4, 100}, linear, nil, "its input axis of 100 is no multiple of 32; 20 or 25 would fit"},
		{"shorter than a block", auto(PerBlock, 32), []int{4, 16}, linear, nil, "its input axis of 16 is no multiple of 32; 8 or 16 would fit"},
		{"a prime", auto(PerBlock, 32), []int{4, 37}, linear, nil, "its input axis of 37 is no multiple of 32; 37 would fit"},
		{"an axis without a meaning", along(1, PerBlock, 4), []int{4, 6}, [2][]int{}, nil, "its axis 1 of 6 is no multiple of 4; 2 or 3 would fit"},
		{"grouped", auto(PerGroupedChannel, 2), []int{4, 6, 3, 3}, conv, []int{2, 6, 3, 3}, ""},
		{"grouped experts", auto(PerGroupedChannel, 2), []int{3, 4, 6}, experts, []int{1, 4, 2}, ""},
		{"grouped along an axis", along(1, PerGroupedChannel, 3), []int{4, 6, 3, 3}, conv, []int{4, 3, 3, 3}, ""},
		{"grouped badly", auto(PerGroupedChannel, 3), []int{4, 6}, linear, nil, "its output axis of 4 is no multiple of 3; 2 would fit"},
		{"groups without a size", auto(PerGroupedChannel), []int{4, 6}, linear, nil, "per_grouped_channel has one group size, not 0"},
		{"empty", auto(PerBlock, 2), []int{0, 6}, linear, []int{1, 2}, ""},
		{"empty input", auto(PerChannel), []int{4, 0}, linear, []int{1, 1}, ""},
		{"a number", auto(PerTensor), nil, linear, nil, "it is a single number"},
		{"unknown", auto("per_pixel"), []int{4, 6}, linear, nil, `there is no granularity "per_pixel": it is per_tensor, per_channel, per_block or per_grouped_channel`},
	} {
		got, err := tt.g.Blocks(tt.shape, tt.axes[0], tt.axes[1])
		reason := ""
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			reason, got = refusal.Reason, nil
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || reason != tt.refused {
			t.Errorf("%s: refused %q, expected %q; blocks (-want +got):\n%s", tt.name, reason, tt.refused, diff)
		}
	}
}
