package msl_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var whole = flag.Bool("whole", os.Getenv("AIOPT_WHOLE") != "", "check all random kernels rather than a sample")

func c(n int64) ir.Dim { return ir.Const(n) }

// held is a job that is held against kernel.Run. within is the error that is allowed, absolute and relative; below 0 nothing is compared.
func held(t *testing.T, name string, k *kernel.Kernel, call kernel.Call, shapes map[*kernel.Buffer][]ir.Dim, within float64) metaltest.Job {
	t.Helper()
	want := kernel.Call{Sizes: call.Sizes}
	for _, b := range call.Buffers {
		want.Buffers = append(want.Buffers, slices.Clone(b))
	}
	if err := kernel.Run(k, want); err != nil {
		t.Fatalf("%v\n%s", err, kernel.Print(k))
	}
	return metaltest.Job{Name: name, Kernel: k, Call: call, Shapes: shapes, Differ: func(got [][]byte) error {
		for i, b := range want.Buffers {
			if err := compare(k.Buffers[i], b, got[i], within); err != nil {
				return err
			}
		}
		return nil
	}}
}

// compare holds numbers against those expected: NaN is NaN, and zeros are equal whatever their sign.
func compare(b *kernel.Buffer, want, got []byte, within float64) error {
	if within < 0 {
		return nil
	}
	tensor := func(data []byte) *host.Tensor {
		t, err := host.Alloc(b.Elem, []int{len(data) / b.Elem.Bytes()})
		if err == nil {
			copy(t.Data, data)
		}
		return t
	}
	if err := host.Near(tensor(got), tensor(want), host.Tolerance{Abs: within, Rel: within}); err != nil {
		return fmt.Errorf("%s: %w", b.Name, err)
	}
	return nil
}
