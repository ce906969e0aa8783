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
)

// Job is a kernel with a call, whose buffers are as before it.
type Job struct {
	Name   string // of the case, for messages
	Kernel *kernel.Kernel
	Call   kernel.Call
	Differ func(got [][]byte) error // says how what the buffers hold afterwards is wrong
}

// inText is how many kernels are compiled together.
const inText = 12

// orders are those of the threads.
var orders = []check.Options{
	{Order: check.Forward, Checked: true}, {Order: check.Reversed, Checked: true}, {Order: check.Shuffled, Seed: 5, Checked: true},
}

// Hold runs jobs. Each that the checker has something to say of, or whose buffers differ, is an error of the test.
func Hold(t *testing.T, jobs []Job) {
	t.Helper()
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(jobs, inText) {
		m := msl.NewModule(launch.Buffers)
		var launches []launch.Kernel
		for i, j := range some {
			l, err := m.Add(j.Kernel, msl.Options{Name: fmt.Sprintf("k%d", i), Doc: j.Name})
			if err != nil {
				t.Fatalf("%s: %v\n%s", j.Name, err, kernel.Print(j.Kernel))
			}
			launches = append(launches, l)
		}
		p, err := check.Compile(t.Context(), tools, check.Source{Name: "test.metal", Text: m.Text()})
		if err != nil {
			t.Fatalf("%v\n%s", err, m.Text())
		}
		carried := carry(t, tools, p)
		for i, j := range some {
			for _, o := range orders {
				before, after, err := j.run(t, p, launches[i], o)
				if err == nil && o.Order == check.Forward {
					carried.add(j.Name, before, after)
				}
				if err != nil {
					text, _, _ := msl.Print(j.Kernel, launch.Buffers, msl.Options{})
					t.Errorf("%s: order %d: %v\n%s\n%s", j.Name, o.Order, err, excerpt(kernel.Print(j.Kernel)), excerpt(text))
					break
				}
			}
		}
		carried.write(t)
	}
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
		before.Args = append(before.Args, check.Arg{Bytes: j.Call.Buffers[i]})
		after.Args = append(after.Args, check.Arg{Bytes: got[i]})
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
