//go:build unix

package native

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// testCompiler is a compiler with a cache of the test's own.
func testCompiler(t testing.TB) *compiler {
	t.Helper()
	c, err := newCompiler(Backend{Cache: toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))})
	if err != nil {
		t.Fatalf("these tests compile and run kernels: %v", err)
	}
	c.failed = t.TempDir()
	return c
}

// guard copies data to memory whose neighbours may not be touched, until the test ends.
func guard(t testing.TB, data []byte, atEnd bool) *nativetest.Guarded {
	t.Helper()
	g := nativetest.Guard(t, data, atEnd)
	t.Cleanup(func() { g.Free(t) })
	return g
}

// block copies words to memory that does not move, as a goroutine's stack does.
func block(t testing.TB, words ...uint64) uintptr {
	t.Helper()
	return guard(t, nativetest.Words(words), false).Addr()
}

// check is a call of a kernel.
type check struct {
	kernel *kernel.Kernel
	call   kernel.Call
	ulps   float64 // how far floats may be off, in units in the last place
}

// holdAll runs kernels for every target.
func holdAll(t *testing.T, checks []check) {
	t.Helper()
	holdOn(t, nativetest.Runners(t), checks)
}

// holdOn runs kernels for targets, and holds what their buffers hold afterwards against the interpreter of kernels. Each runs
// in one piece with memory that ends where the buffers do, and in three with memory that starts there.
func holdOn(t *testing.T, runners []nativetest.Runner, checks []check) {
	t.Helper()
	var jobs []nativetest.Job
	var wants [][][]byte
	for _, c := range checks {
		want := kernel.Call{Sizes: c.call.Sizes}
		for _, b := range c.call.Buffers {
			want.Buffers = append(want.Buffers, slices.Clone(b))
		}
		if err := kernel.Run(c.kernel, want); err != nil {
			t.Fatal(err)
		}
		wants = append(wants, want.Buffers)
		jobs = append(jobs, nativetest.Job{Kernel: c.kernel, Call: c.call, Pieces: 1, AtEnd: true}, nativetest.Job{Kernel: c.kernel, Call: c.call, Pieces: 3})
	}
	for _, r := range runners {
		t.Run(r.Machine.Name, func(t *testing.T) {
			for i, got := range r.Run(t, jobs) {
				c := checks[i/2]
				if got.Refused != nil {
					t.Fatalf("%v\n%s", got.Refused, kernel.Print(c.kernel))
				}
				compareAll(t, &c, got.Buffers, wants[i/2])
			}
		})
	}
}

// compareAll compares the buffers of a kernel.
func compareAll(t testing.TB, c *check, got, want [][]byte) {
	t.Helper()
	k := 0
	for _, b := range c.kernel.Buffers {
		if b.Space == kernel.Global {
			compareBytes(t, c.kernel, b, got[k], want[k], c.ulps)
			k++
		}
	}
}

func compareBytes(t testing.TB, k *kernel.Kernel, b *kernel.Buffer, got, want []byte, ulps float64) {
	t.Helper()
	n := len(want) / b.Elem.Bytes()
	x, err := host.FromBytes(b.Elem, []int{n}, got)
	if err != nil {
		t.Fatal(err)
	}
	y, err := host.FromBytes(b.Elem, []int{n}, want)
	if err != nil {
		t.Fatal(err)
	}
	size := b.Elem.Bytes()
	for i := range n {
		if slices.Equal(got[i*size:(i+1)*size], want[i*size:(i+1)*size]) {
			continue
		}
		if b.Elem.IsFloat() {
			p, q := host.FloatAt(x, i), host.FloatAt(y, i)
			if math.IsNaN(p) && math.IsNaN(q) || ulps > 0 && distance(b.Elem, p, q) <= ulps {
				continue
			}
		}
		t.Errorf("%s: element %d of %s is %s, expected %s (%g ulp)", k.Name, i, b.Name, host.Format(x, i), host.Format(y, i), distance(b.Elem, host.FloatAt(x, i), host.FloatAt(y, i)))
		return
	}
}

// distance counts units in the last place of the second number.
func distance(e host.Elem, got, want float64) float64 {
	if got == want || math.IsInf(want, 0) || math.IsInf(got, 0) {
		if got == want {
			return 0
		}
		return math.Inf(1)
	}
	mant, least := 23, -126
	switch e {
	case host.F64:
		mant, least = 52, -1022
	case host.F16:
		mant, least = 10, -14
	case host.BF16:
		mant = 7
	}
	_, exp := math.Frexp(want)
	return math.Abs(got-want) / math.Ldexp(1, max(exp-1, least)-mant)
}

// compileAll compiles kernels and fails the test where one has no code.
func compileAll(t testing.TB, kernels []*kernel.Kernel) []*function {
	t.Helper()
	c := testCompiler(t)
	code, err := c.compile(context.Background(), "test", kernels)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range code.refused {
		if err != nil {
			t.Fatalf("%v\n%s", err, kernel.Print(kernels[i]))
		}
	}
	return code.functions
}
