package launch

import (
	"errors"
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir"
)

// MostElements is how many elements a buffer may have: kernels compute indices in 32 bits.
const MostElements = math.MaxInt32

// Bound is a kernel's launch for the sizes of one call.
type Bound struct {
	Threads [3]int  // of the grid; where one is 0, nothing is to be launched
	Lens    []int64 // elements of each parameter that has a length; 0 of others
	Values  []int64 // of each parameter of kind bytes; 0 of others
}

// Empty reports that there is nothing to launch: Metal takes no grid without threads.
func (b *Bound) Empty() bool { return b.Threads[0] == 0 || b.Threads[1] == 0 || b.Threads[2] == 0 }

// Bind computes the expressions of a launch. It tells of sizes that are missing, and of what is too large for the kernel.
func (k *Kernel) Bind(sizes map[string]int64) (*Bound, error) {
	b := &Bound{Lens: make([]int64, len(k.Params)), Values: make([]int64, len(k.Params))}
	var errs []error
	eval := func(what, text string) int64 {
		d, err := ir.ParseDim(text)
		var n int64
		if err == nil {
			n, err = d.Eval(func(name string) (int64, bool) {
				v, ok := sizes[name]
				return v, ok
			})
		}
		if err == nil && (n < 0 || n > MostElements) {
			err = fmt.Errorf("%s is %d, expected 0 to %d", text, n, int64(MostElements))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("kernel %q: %s: %w", k.Function, what, err))
		}
		return n
	}
	for i, text := range k.Threads {
		b.Threads[i] = int(eval("threads", text))
	}
	for i, p := range k.Params {
		if p.Len != "" {
			b.Lens[i] = eval("the length of "+p.Name, p.Len)
		}
		if p.Value != "" {
			b.Values[i] = eval("the value of "+p.Name, p.Value)
		}
	}
	return b, errors.Join(errs...)
}
