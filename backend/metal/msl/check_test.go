package msl_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var whole = flag.Bool("whole", os.Getenv("AIOPT_WHOLE") != "", "check all random kernels rather than a sample")

func c(n int64) ir.Dim { return ir.Const(n) }

// job is a kernel that is printed and run, and held against kernel.Run.
type job struct {
	kernel *kernel.Kernel
	call   kernel.Call
	opts   msl.Options
	within float64 // relative error; 0 demands equal numbers, below 0 nothing of them
}

// orders are the orders that kernels are run in.
var orders = []check.Options{
	{Order: check.Forward, Checked: true}, {Order: check.Reversed, Checked: true}, {Order: check.Shuffled, Seed: 5, Checked: true},
}

// hold prints kernels as one text, twice, has it checked, and runs each of them in several orders.
func hold(t *testing.T, form string, jobs []job) {
	t.Helper()
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	var launches []launch.Kernel
	text := func() string {
		m := msl.NewModule(form)
		launches = nil
		for i, j := range jobs {
			j.opts.Name = fmt.Sprintf("%s_%d", j.kernel.Name, i)
			l, err := m.Add(j.kernel, j.opts)
			if err != nil {
				t.Fatalf("%v\n%s", err, kernel.Print(j.kernel))
			}
			launches = append(launches, l)
		}
		return m.Text()
	}
	first := text()
	if text() != first {
		t.Error("the text is another one the second time")
	}
	p, err := check.Compile(t.Context(), tools, check.Source{Name: "test.metal", Text: first})
	if err != nil {
		t.Fatalf("%v\n%s", err, first)
	}
	for i, j := range jobs {
		want := copied(j.call.Buffers)
		if err := kernel.Run(j.kernel, kernel.Call{Sizes: j.call.Sizes, Buffers: want}); err != nil {
			t.Fatalf("%v\n%s", err, kernel.Print(j.kernel))
		}
		for _, o := range orders {
			if err := run(t, p, launches[i], j, o, want); err != nil {
				one, _, _ := msl.Print(j.kernel, form, j.opts)
				t.Errorf("kernel %d, order %d: %v\n%s\n%s", i, o.Order, err, kernel.Print(j.kernel), one)
				break
			}
		}
	}
}

// run runs a kernel in one order and compares what it wrote.
func run(t *testing.T, p *check.Program, l launch.Kernel, j job, o check.Options, want [][]byte) error {
	b, err := l.Bind(j.call.Sizes)
	if err != nil {
		return err
	}
	got := copied(j.call.Buffers)
	d := check.Dispatch{Launch: l, Threads: b.Threads}
	for i, param := range l.Params {
		if param.Kind == launch.Bytes {
			d.Args = append(d.Args, check.Arg{Bytes: binary.LittleEndian.AppendUint32(nil, uint32(b.Values[i]))})
			continue
		}
		a := check.Arg{Bytes: got[i]}
		if l.ABI == launch.Tensors {
			a.Extents = extents(j, i, b.Lens[i])
		}
		d.Args = append(d.Args, a)
	}
	if !b.Empty() {
		r, err := p.Run(t.Context(), d, o)
		if err != nil {
			return err
		}
		if len(r.Diagnostics) > 0 || !r.Finished {
			return fmt.Errorf("finished: %v, found %v", r.Finished, r.Diagnostics)
		}
	}
	at := 0
	for _, buf := range j.kernel.Buffers {
		if buf.Space != kernel.Global {
			continue
		}
		if err := compare(buf, want[at], got[at], j.within); err != nil {
			return err
		}
		at++
	}
	return nil
}

func extents(j job, i int, n int64) []int {
	shape := j.opts.Shapes[j.kernel.Buffers[i]]
	if shape == nil {
		return []int{int(n)}
	}
	var list []int
	for _, d := range shape {
		n, _ := d.Eval(func(name string) (int64, bool) { return j.call.Sizes[name], true })
		list = append(list, int(n))
	}
	return list
}

func copied(list [][]byte) [][]byte {
	var all [][]byte
	for _, b := range list {
		all = append(all, append([]byte{}, b...))
	}
	return all
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
	if err := host.Near(tensor(got), tensor(want), host.Tolerance{Rel: within}); err != nil {
		return fmt.Errorf("%s: %w", b.Name, err)
	}
	return nil
}
