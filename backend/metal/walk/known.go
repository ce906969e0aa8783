package walk

import (
	"slices"

	"github.com/aiopt/aiopt/backend/metal/launch"
)

// known is what expressions of a function come to for some sizes: most calls have those of the call before, and an expression takes longer to read
// than a dispatch to queue.
type known struct {
	sizes  []int64               // of the function; -1 of those that are not known
	bytes  map[int]int           // of buffers
	starts map[int]int           // of parts
	bounds map[int]*launch.Bound // of kernels
}

func newKnown() *known {
	return &known{bytes: map[int]int{}, starts: map[int]int{}, bounds: map[int]*launch.Bound{}}
}

// at forgets all where a size is another one.
func (k *known) at(names []string, size func(string) (int64, bool)) {
	sizes := make([]int64, len(names))
	for i, name := range names {
		n, ok := size(name)
		if !ok {
			n = -1
		}
		sizes[i] = n
	}
	if !slices.Equal(sizes, k.sizes) {
		*k = *newKnown()
		k.sizes = sizes
	}
}

// once computes what is not in a map yet, and keeps it.
func once[T any](of map[int]T, key int, compute func() (T, error)) (T, error) {
	if v, ok := of[key]; ok {
		return v, nil
	}
	v, err := compute()
	if err == nil {
		of[key] = v
	}
	return v, err
}
