//go:build unix

package nativetest

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// outsideOf names, for a process that TestOutside starts, the target and how many numbers there are.
const outsideOf = "AIOPT_TEST_OUTSIDE"

// TestOutside has a process run a kernel of 64 numbers with memory for as many, and with memory for one less: that has to end it.
func TestOutside(t *testing.T) {
	for _, r := range Runners(t) {
		for _, n := range []int{64, 63} {
			name := fmt.Sprintf("%s %d", r.Machine.Name, n)
			if given := os.Getenv(outsideOf); given != "" {
				if given == name {
					r.Run(t, []Job{addOne(t, n)})
				}
				continue
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestOutside$")
			cmd.Env = append(os.Environ(), outsideOf+"="+name)
			said, err := cmd.CombinedOutput()
			if ok := n == 64; ok != (err == nil) {
				t.Errorf("%s: found the error %v, expected one: %v\n%.2000s", name, err, !ok, said)
			}
		}
	}
}

// addOne is y = x + 1 for 64 numbers, called with n of x.
func addOne(t *testing.T, n int) Job {
	t.Helper()
	const all = 64
	b := kernel.NewBuilder("one")
	x, y := b.Input("x", host.F32, ir.Const(all)), b.Output("y", host.F32, ir.Const(all))
	b.For(kernel.Parallel, "i", ir.Const(all), 16, func(i ir.Dim) {
		b.Store(y, i, b.Op(kernel.Add, b.Load(x, i, 16), b.Float(kernel.Type{Elem: host.F32, Lanes: 16}, 1)))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return Job{Kernel: k, Call: kernel.Call{Buffers: [][]byte{make([]byte, 4*n), make([]byte, 4*all)}}, AtEnd: true}
}
