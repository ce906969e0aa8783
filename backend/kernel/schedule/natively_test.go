package schedule_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// natively gathers the kernels that a test runs in the interpreter of kernels, to run the code that is made of them as well: for the
// target that they are scheduled for, in memory whose neighbours may not be touched.
type natively struct {
	jobs  map[string][]nativetest.Job // by target
	want  map[string][][][]byte       // what the buffers of each job hold afterwards
	of    map[string][]string         // which case each job is of
	seen  map[string]*cases           // by target
	exact bool                        // results are to be the same in every bit
	step  int                         // of the targets that are not this machine's own, each step-th case runs; 0: all do
}

// cases counts those of a target.
type cases struct {
	last  string // the case that is being recorded
	count int
}

// offsets are the first cases that run for targets of which not all do. All cases run for the others, and for all targets in the
// interpreter of kernels: compiling for Arm and emulating it, or for a second set of vectors, takes most of the time.
var offsets = map[string]int{"neon": 0, "avx2": 1}

// chosen says whether the code of a case runs for a target.
func (n *natively) chosen(name, target string) bool {
	offset, sampled := offsets[target]
	if sampled && testing.Short() {
		return false // the race detector has nothing to find in more code
	}
	if n.step == 0 || !sampled {
		return true
	}
	if n.seen == nil {
		n.seen = map[string]*cases{}
	}
	c := n.seen[target]
	if c == nil {
		c = &cases{last: name}
		n.seen[target] = c
	}
	if c.last != name {
		c.last, c.count = name, c.count+1
	}
	return c.count%n.step == offset%n.step
}

// compute is compute for a target; name is the case's.
func (n *natively) compute(name string, to schedule.Target, made *schedule.Made, in []*host.Tensor, sizes map[string]int64, want *host.Tensor) (*host.Tensor, error) {
	return computeBy(func(k *kernel.Kernel, call kernel.Call) error { return n.record(name, to, k, call) }, made, in, sizes, want)
}

// record runs a call of a kernel in the interpreter of kernels, and notes it where its code is to run, too.
func (n *natively) record(name string, to schedule.Target, k *kernel.Kernel, call kernel.Call) error {
	if !n.chosen(name, to.Name) {
		return kernel.Run(k, call)
	}
	before := kernel.Call{Sizes: call.Sizes}
	for _, b := range call.Buffers {
		before.Buffers = append(before.Buffers, slices.Clone(b))
	}
	if err := kernel.Run(k, call); err != nil {
		return err
	}
	if n.jobs == nil {
		n.jobs, n.want, n.of = map[string][]nativetest.Job{}, map[string][][][]byte{}, map[string][]string{}
	}
	var after [][]byte
	for _, b := range call.Buffers {
		after = append(after, slices.Clone(b))
	}
	atEnd := len(n.jobs[to.Name])%2 == 0
	pieces := 1 + len(n.jobs[to.Name])/2%2*2
	n.jobs[to.Name] = append(n.jobs[to.Name], nativetest.Job{Kernel: k, Call: before, AtEnd: atEnd, Pieces: pieces})
	n.want[to.Name], n.of[to.Name] = append(n.want[to.Name], after), append(n.of[to.Name], name)
	return nil
}

// run runs the code and holds what the buffers hold afterwards against the interpreter.
func (n *natively) run(t *testing.T) {
	t.Helper()
	for _, r := range nativetest.Runners(t) {
		target := r.Machine.Name
		if len(n.jobs[target]) == 0 {
			continue
		}
		t.Run(target, func(t *testing.T) {
			for i, got := range r.Run(t, n.jobs[target]) {
				j, want := n.jobs[target][i], n.want[target][i]
				if got.Refused != nil {
					if !strings.Contains(got.Refused.Error(), "of f64") { // the engine interprets functions of f64
						t.Errorf("%s: %v", n.of[target][i], got.Refused)
					}
					continue
				}
				if err := differBuffers(j.Kernel, got.Buffers, want, n.differ); err != nil {
					t.Errorf("%s: %v", n.of[target][i], err)
				}
			}
		})
	}
}

// differ says where two tensors differ: by more than their type's tolerance, or at all.
func (n *natively) differ(got, want *host.Tensor) error {
	if !n.exact {
		return differ(got, want)
	}
	return differAtAll(got, want)
}

// differAtAll says where two tensors are not the same.
func differAtAll(got, want *host.Tensor) error {
	for i := range want.Len() {
		a, b := host.At(got, i), host.At(want, i)
		x, _ := a.(float64)
		y, _ := b.(float64)
		if a != b && !(math.IsNaN(x) && math.IsNaN(y)) {
			return fmt.Errorf("element %d is %v, want %v", i, a, b)
		}
	}
	return nil
}

// differBuffers says where a kernel's global buffers differ.
func differBuffers(k *kernel.Kernel, got, want [][]byte, differ func(got, want *host.Tensor) error) error {
	at := 0
	for _, b := range k.Buffers {
		if b.Space != kernel.Global {
			continue
		}
		shape := []int{len(want[at]) / b.Elem.Bytes()}
		x, err := host.FromBytes(b.Elem, shape, got[at])
		if err != nil {
			return err
		}
		y, err := host.FromBytes(b.Elem, shape, want[at])
		if err != nil {
			return err
		}
		if err := differ(x, y); err != nil {
			return fmt.Errorf("buffer %s: %w", b.Name, err)
		}
		at++
	}
	return nil
}
