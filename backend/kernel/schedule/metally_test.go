package schedule_test

import (
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
)

// metally gathers the kernels that a test runs in the interpreter of kernels, to run what is printed of them as well.
type metally struct {
	step int // each step-th case is gathered; 0: none
	seen int
	last string
	jobs []metaltest.Job
}

// record runs a call of a kernel in the interpreter of kernels, and notes it where what is printed of it is to run, too.
func (m *metally) record(name string) runKernel {
	if m.last != name {
		m.last = name
		m.seen++
	}
	chosen := m.step > 0 && m.seen%m.step == 0 && !testing.Short()
	return func(k *kernel.Kernel, call kernel.Call) error {
		before := kernel.Call{Sizes: call.Sizes}
		for _, b := range call.Buffers {
			before.Buffers = append(before.Buffers, slices.Clone(b))
		}
		if err := kernel.Run(k, call); err != nil || !chosen {
			return err
		}
		var want [][]byte
		for _, b := range call.Buffers {
			want = append(want, slices.Clone(b))
		}
		m.jobs = append(m.jobs, metaltest.Job{Name: name, Kernel: k, Call: before, Differ: func(got [][]byte) error { return differBuffers(k, got, want, differ) }})
		return nil
	}
}
