package cudatest

import (
	"math/rand/v2"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/check/checktest"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

// Timed is a kernel at the size at which it is measured. Its buffers are filled where it is run.
type Timed struct {
	Name    string        `json:"name"`
	Size    string        `json:"size"` // in words
	Module  int           `json:"module"`
	Launch  launch.Kernel `json:"launch"`
	Threads [3]int        `json:"threads"`
	Bytes   []int         `json:"bytes"` // of each parameter
	Work    cuda.Work     `json:"work"`
}

// AddTimed takes a kernel of a module that has no open sizes. It is expected to read or write every byte of its buffers once.
func (b *Bundle) AddTimed(name, size string, m *cuda.Module, l launch.Kernel, flops float64) error {
	bound, err := l.Bind(nil)
	if err != nil {
		return err
	}
	t := Timed{Name: name, Size: size, Module: b.module(m), Launch: l, Threads: bound.Threads, Work: cuda.Work{Flops: flops}}
	for i, p := range l.Params {
		n := int(bound.Lens[i]) * launch.ElementBytes(p.DType)
		t.Bytes = append(t.Bytes, n)
		t.Work.Bytes += float64(n)
	}
	b.Timed = append(b.Timed, t)
	return nil
}

// Dispatch gives its dispatch with random inputs.
func (t *Timed) Dispatch() check.Dispatch { return Filled(t.Launch, t.Threads, t.Bytes) }

// Filled gives a dispatch with random numbers in all buffers, each of so many bytes.
func Filled(l launch.Kernel, threads [3]int, bytes []int) check.Dispatch {
	d := check.Dispatch{Launch: l, Threads: threads}
	for i, n := range bytes {
		d.Args = append(d.Args, check.Arg{Bytes: Random(l.Params[i].DType, n/launch.ElementBytes(l.Params[i].DType), uint64(i))})
	}
	return d
}

// Random gives numbers between -2 and 2, of integers all that there are. They are the same for the same seed.
func Random(dtype string, n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	width := launch.ElementBytes(dtype)
	b := make([]byte, n*width)
	const period = 1<<16 - 1 // enough to be without a pattern in a row, and quick to make
	m := min(n, period)
	for i := range m {
		switch dtype {
		case "f32", "f16", "bf16":
			checktest.PutFloat(b[i*width:], dtype, 4*r.Float32()-2)
		default:
			for j := range width {
				b[i*width+j] = byte(r.Uint32())
			}
		}
	}
	for at := m * width; at < len(b); {
		at += copy(b[at:], b[:at])
	}
	return b
}
