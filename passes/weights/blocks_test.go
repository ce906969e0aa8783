package weights

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
