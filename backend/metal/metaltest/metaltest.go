// Package metaltest prints kernels as Metal, has the text checked, and runs it on the CPU in several orders of threads. It is for tests.
package metaltest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/ir"
)

// Job is a kernel with a call, whose buffers are as before it.
type Job struct {
	Name   string // of the case, for messages
	Kernel *kernel.Kernel
	Call   kernel.Call
	Shapes map[*kernel.Buffer][]ir.Dim // of tensors; see msl.Options
	Differ func(got [][]byte) error    // says how what the buffers hold afterwards is wrong
}

// What is compiled together: so many kernels at most, with so many threadgroup variables, of which the checker takes a few more.
const (
	mostKernels = 60
	mostShared  = 40
)

// texts divides jobs into those that are compiled together.
func texts(jobs []Job) [][]Job {
	var all [][]Job
	shared := 0
	for _, j := range jobs {
		own := 0
		for _, b := range j.Kernel.Buffers {
			if b.Space == kernel.Shared {
				own++
			}
		}
		if n := len(all); n == 0 || len(all[n-1]) == mostKernels || shared+own > mostShared {
			all, shared = append(all, nil), 0
		}
		all[len(all)-1] = append(all[len(all)-1], j)
		shared += own
	}
	return all
}

// orders are those of the threads.
var orders = []check.Options{
	{Order: check.Forward, Checked: true}, {Order: check.Reversed, Checked: true}, {Order: check.Shuffled, Seed: 5, Checked: true},
}

// Hold is HoldAs with raw buffers.
func Hold(t *testing.T, jobs []Job) {
	t.Helper()
	HoldAs(t, launch.Buffers, jobs)
}

// HoldAs runs jobs, their arguments in a form. Each that the checker has something to say of, whose buffers differ or whose text is another
// one the second time is an error of the test.
func HoldAs(t *testing.T, form string, jobs []Job) {
	t.Helper()
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kernels", len(jobs))
	for _, some := range texts(jobs) {
		text, launches := printed(t, form, some)
		if again, _ := printed(t, form, some); again != text {
			t.Error("the text is another one the second time")
		}
		p, err := check.Compile(t.Context(), tools, check.Source{Name: "test.metal", Text: text})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		carried := carry(t, tools, p)
		for i, j := range some {
			for _, o := range orders {
				before, after, err := j.run(t, p, launches[i], o)
				if err == nil && o.Order == check.Forward {
					carried.add(j.Name, before, after)
				}
				if err != nil {
					text, _, _ := msl.Print(j.Kernel, form, j.options("k"))
					t.Errorf("%s: order %d: %v\n%s\n%s", j.Name, o.Order, err, excerpt(kernel.Print(j.Kernel)), excerpt(text))
					break
				}
			}
		}
		carried.write(t)
	}
}

func (j Job) options(name string) msl.Options {
	return msl.Options{Name: name, Doc: j.Name, Shapes: j.Shapes}
}

// printed is the text of jobs, and how each is launched.
func printed(t *testing.T, form string, jobs []Job) (string, []launch.Kernel) {
	t.Helper()
	m := msl.NewModule(form)
	var launches []launch.Kernel
	for i, j := range jobs {
		l, err := m.Add(j.Kernel, j.options(fmt.Sprintf("k%d", i)))
		if err != nil {
			t.Fatalf("%s: %v\n%s", j.Name, err, kernel.Print(j.Kernel))
		}
		launches = append(launches, l)
	}
	return m.Text(), launches
}

// extents are those of a tensor, outermost first.
func (j Job) extents(i int, n int64) ([]int, error) {
	shape := j.Shapes[j.Kernel.Buffers[i]]
	if shape == nil {
		return []int{int(n)}, nil
	}
	var list []int
	for _, d := range shape {
		n, err := d.Eval(func(name string) (int64, bool) {
			n, ok := j.Call.Sizes[name]
			return n, ok
		})
		if err != nil {
			return nil, err
		}
		list = append(list, int(n))
	}
	return list, nil
}

// excerpt is the beginning of a text.
func excerpt(s string) string { return strings.ToValidUTF8(s[:min(len(s), 6000)], "") }

// run runs a job, and gives its dispatch as it was before and after.
func (j Job) run(t *testing.T, p *check.Program, l launch.Kernel, o check.Options) (before, after check.Dispatch, err error) {
	b, err := l.Bind(j.Call.Sizes)
	if err != nil {
		return before, after, err
	}
	before = check.Dispatch{Launch: l, Threads: b.Threads}
	after = before
	var got [][]byte
	for _, buf := range j.Call.Buffers {
		got = append(got, slices.Clone(buf))
	}
	for i, param := range l.Params {
		if param.Kind == launch.Bytes {
			value := check.Arg{Bytes: binary.LittleEndian.AppendUint32(nil, uint32(b.Values[i]))}
			before.Args, after.Args = append(before.Args, value), append(after.Args, value)
			continue
		}
		given, taken := check.Arg{Bytes: j.Call.Buffers[i]}, check.Arg{Bytes: got[i]}
		if l.ABI == launch.Tensors {
			extents, err := j.extents(i, b.Lens[i])
			if err != nil {
				return before, after, err
			}
			given.Extents, taken.Extents = extents, extents
		}
		before.Args, after.Args = append(before.Args, given), append(after.Args, taken)
	}
	if !b.Empty() {
		r, err := p.Run(t.Context(), after, o)
		if err != nil {
			return before, after, err
		}
		if len(r.Diagnostics) > 0 || !r.Finished {
			return before, after, fmt.Errorf("finished: %v, found %v", r.Finished, r.Diagnostics)
		}
	}
	return before, after, j.Differ(got)
}
