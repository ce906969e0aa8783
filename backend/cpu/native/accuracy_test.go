//go:build unix

package native

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// accuracy is the largest error that is stated for a function.
type accuracy struct {
	op   kernel.Op
	ulps float64
	f    func(float64) float64
	most float64 // of the arguments that are usual
}

// accuracies are the largest errors of the functions of f32 that their documentation states, in units in the last place.
var accuracies = []accuracy{
	{kernel.Exp, 1.1, math.Exp, 90},
	{kernel.Exp2, 1.2, math.Exp2, 130},
	{kernel.Log, 1.5, math.Log, 1e6},
	{kernel.Log2, 2, math.Log2, 1e6},
	{kernel.Sin, 1.6, math.Sin, 1e5},
	{kernel.Cos, 1.6, math.Cos, 1e5},
	{kernel.Tanh, 5, math.Tanh, 12},
	{kernel.Erf, 5, math.Erf, 5},
}

// TestAccuracy measures errors against f64 on arguments of every magnitude and on usual ones, for every target.
func TestAccuracy(t *testing.T) {
	for _, r := range nativetest.Runners(t) {
		t.Run(r.Machine.Name, func(t *testing.T) {
			n := 1 << 20
			if testing.Short() || r.Emulated() {
				n = 1 << 16
			}
			var jobs []nativetest.Job
			for _, a := range accuracies {
				call := kernel.Call{Buffers: [][]byte{arguments(n, a.most), make([]byte, 4*n)}}
				jobs = append(jobs, nativetest.Job{Kernel: opKernel(t, a.op, 1, 16, n, host.F32), Call: call, AtEnd: true})
			}
			for i, got := range r.Run(t, jobs) {
				if got.Refused != nil {
					t.Fatal(got.Refused)
				}
				accuracies[i].hold(t, got.Buffers[0], got.Buffers[1])
			}
		})
	}
}

// arguments are f32 numbers of every magnitude and, every other one, below a limit.
func arguments(n int, most float64) []byte {
	rng := rand.New(rand.NewPCG(5, 6))
	x := make([]byte, 4*n)
	for k := range n {
		bits := rng.Uint32()
		if k%2 == 0 {
			bits = math.Float32bits(float32((rng.Float64()*2 - 1) * most))
		}
		binary.LittleEndian.PutUint32(x[4*k:], bits)
	}
	return x
}

// hold compares results with what the function gives in f64.
func (a *accuracy) hold(t *testing.T, x, y []byte) {
	worst, at := 0.0, float32(0)
	for k := range len(x) / 4 {
		arg := math.Float32frombits(binary.LittleEndian.Uint32(x[4*k:]))
		got := math.Float32frombits(binary.LittleEndian.Uint32(y[4*k:]))
		want := a.f(float64(arg))
		if want != want {
			if got == got {
				t.Errorf("%s of %g is %g, expected NaN", a.op, arg, got)
			}
			continue
		}
		if single := float32(want); math.IsInf(float64(single), 0) || single == got {
			if single != got {
				t.Errorf("%s of %g is %g, expected %g", a.op, arg, got, single)
			}
			continue
		}
		if d := distance(host.F32, float64(got), want); d > worst {
			worst, at = d, arg
		}
	}
	t.Logf("%s: %.2f ulp at %g", a.op, worst, at)
	if worst > a.ulps {
		t.Errorf("%s of %g is off by %.2f ulp, expected at most %g", a.op, at, worst, a.ulps)
	}
}
