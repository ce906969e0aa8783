package msl_test

import (
	"fmt"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/kerneltest"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/ir"
)

// TestRandom runs random kernels. Errors of functions grow along the way: of kernels with those nothing is compared, but they
// run within their memory and in step.
func TestRandom(t *testing.T) {
	const perText = 20
	texts := 2
	if *whole {
		texts = 20
	}
	for i := range texts {
		math := i%4 == 3
		form := []string{launch.Buffers, launch.Tensors}[i%2]
		t.Run(fmt.Sprintf("%d %s", i, form), func(t *testing.T) {
			t.Parallel()
			var jobs []job
			for n := range perText {
				k, call, err := kerneltest.Random(uint64(i/2*perText+n), kerneltest.Options{GPU: true, Math: math})
				if err != nil {
					t.Fatal(err)
				}
				j := job{kernel: k, call: call, opts: msl.Options{Shapes: map[*kernel.Buffer][]ir.Dim{}}}
				for _, b := range k.Buffers { // all matrices but the sums
					if rows, cols := ir.Sym("M"), ir.Sym("N"); b.Len.Equal(rows.Mul(cols)) {
						j.opts.Shapes[b] = []ir.Dim{rows, cols}
					}
				}
				if math {
					j.within = -1
				}
				jobs = append(jobs, j)
			}
			hold(t, form, jobs)
		})
	}
}
