package passes

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
)

func TestWeightBlocks(t *testing.T) {
	linear := &ir.Weight{Out: []int{0}, In: []int{1}}
	matmul := &ir.Weight{Out: []int{-1}, In: []int{-2}}
	conv := &ir.Weight{Out: []int{0}, In: []int{1, 2, 3, 4}}
	for _, tt := range []struct {
		shape  []int
		weight *ir.Weight
		group  int
		want   []int
		reason string
	}{
		{[]int{4, 6}, linear, 0, []int{1, 6}, ""},
		{[]int{4, 6}, linear, 3, []int{1, 3}, ""},
		{[]int{4, 6}, linear, 4, nil, "its input axis of 6 is no multiple of group=4"},
		{[]int{2, 6, 4}, matmul, 2, []int{1, 2, 1}, ""},
		{[]int{4, 6, 3, 3}, conv, 0, []int{1, 6, 3, 3}, ""},
		{[]int{4, 6, 3}, conv, 2, []int{1, 2, 3}, ""},
	} {
		got, reason := weightBlocks(tt.shape, tt.weight, tt.group)
		if diff := cmp.Diff(tt.want, got); diff != "" || reason != tt.reason {
			t.Errorf("%v with group %d: got %v, %q, want %v, %q", tt.shape, tt.group, got, reason, tt.want, tt.reason)
		}
	}
}

// blockOf numbers the blocks of a tensor's elements, row-major.
func blockOf(shape, block []int) []string {
	var ids []string
	index := make([]int, len(shape))
	for {
		id := ""
		for i, x := range index {
			id += fmt.Sprint(x/block[i], " ")
		}
		ids = append(ids, id)
		axis := len(shape) - 1
		for ; axis >= 0; axis-- {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
		if axis < 0 {
			return ids
		}
	}
}

// sameBlocks reports whether two ways to number the blocks cut the elements alike.
func sameBlocks(a, b []string) bool {
	to, from := map[string]string{}, map[string]string{}
	for i := range a {
		if x, ok := to[a[i]]; ok && x != b[i] {
			return false
		}
		if x, ok := from[b[i]]; ok && x != a[i] {
			return false
		}
		to[a[i]], from[b[i]] = b[i], a[i]
	}
	return true
}

// TestReshapeBlocks compares random reshapes with the blocks of single elements.
func TestReshapeBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sizes := []int{1, 2, 3, 4, 6}
	divisor := func(n int) int {
		for {
			if d := 1 + r.IntN(n); n%d == 0 {
				return d
			}
		}
	}
	found := 0
	for range 3000 {
		var to, block []int
		n := 1
		for range 1 + r.IntN(4) {
			size := sizes[r.IntN(len(sizes))]
			to, block = append(to, size), append(block, divisor(size))
			n *= size
		}
		var from []int
		for rest := n; rest > 1 || len(from) == 0; {
			d := divisor(rest)
			from, rest = append(from, d), rest/d
		}
		got := reshapeBlocks(from, to, block)
		if got == nil {
			continue
		}
		found++
		for i := range from {
			if got[i] < 1 || from[i]%got[i] != 0 {
				t.Fatalf("from %v to %v with blocks %v: got %v", from, to, block, got)
			}
		}
		if !sameBlocks(blockOf(from, got), blockOf(to, block)) {
			t.Fatalf("from %v to %v with blocks %v: %v cuts elsewhere", from, to, block, got)
		}
	}
	if found < 500 {
		t.Errorf("only %d reshapes kept their blocks", found)
	}
}

func TestReshapeBlocksOf(t *testing.T) {
	for _, tt := range []struct{ from, to, block, want []int }{
		{[]int{4, 2, 3}, []int{4, 6}, []int{1, 6}, []int{1, 2, 3}},
		{[]int{4, 2, 4}, []int{4, 8}, []int{1, 2}, []int{1, 1, 2}},
		{[]int{24}, []int{4, 6}, []int{1, 6}, []int{6}},
		{[]int{24}, []int{4, 6}, []int{4, 1}, nil},
		{[]int{4, 6}, []int{6, 4}, []int{1, 4}, nil},
		{[]int{4, 1, 6}, []int{4, 6}, []int{1, 6}, []int{1, 1, 6}},
		{[]int{0, 3}, []int{3, 0}, []int{1, 0}, nil},
	} {
		if diff := cmp.Diff(tt.want, reshapeBlocks(tt.from, tt.to, tt.block)); diff != "" {
			t.Errorf("from %v to %v with blocks %v (-want +got):\n%s", tt.from, tt.to, tt.block, diff)
		}
	}
}

func TestStoredShape(t *testing.T) {
	for _, tt := range []struct{ shape, block, stored, blocks []int }{
		{[]int{4, 6}, []int{1, 6}, []int{4, 6}, []int{1, 6}},
		{[]int{4, 1}, []int{1, 1}, []int{4, 1}, []int{1, 1}},
		{[]int{4, 6, 3, 3}, []int{1, 6, 3, 3}, []int{4, 54}, []int{1, 54}},
		{[]int{4, 6, 3, 3}, []int{1, 2, 3, 3}, []int{4, 54}, []int{1, 18}},
		{[]int{4, 1, 3, 3}, []int{1, 1, 3, 3}, []int{4, 9}, []int{1, 9}},
		{[]int{6, 4, 3, 3}, []int{6, 1, 3, 3}, []int{6, 4, 9}, []int{6, 1, 9}},
		{[]int{6, 4, 1, 1}, []int{6, 1, 1, 1}, []int{6, 4}, []int{6, 1}},
		{[]int{2, 4, 6}, []int{1, 4, 1}, []int{2, 4, 6}, []int{1, 4, 1}},
	} {
		stored, blocks := storedShape(tt.shape, tt.block)
		if !slices.Equal(stored, tt.stored) || !slices.Equal(blocks, tt.blocks) {
			t.Errorf("%v in blocks of %v is stored as %v, %v, expected %v, %v", tt.shape, tt.block, stored, blocks, tt.stored, tt.blocks)
		}
		if !sameBlocks(blockOf(tt.shape, tt.block), blockOf(stored, blocks)) {
			t.Errorf("%v in blocks of %v: %v, %v cuts elsewhere", tt.shape, tt.block, stored, blocks)
		}
	}
}
