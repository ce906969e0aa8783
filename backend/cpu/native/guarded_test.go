//go:build unix

package native

import (
	"context"
	"encoding/binary"
	"math"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// testCompiler is a compiler with a cache of the test's own.
func testCompiler(t testing.TB) *compiler {
	t.Helper()
	c, err := newCompiler()
	if err != nil {
		t.Fatalf("these tests compile and run kernels: %v", err)
	}
	c.cache = &toolchain.Cache{Dir: filepath.Join(t.TempDir(), "cache"), Limit: toolchain.DefaultLimit}
	c.keep = t.TempDir()
	return c
}

// guarded is memory whose neighbours on both sides may not be touched: an access outside ends the process.
type guarded struct {
	pages []byte
	data  []byte
}

// guard copies data to memory that ends at a page which may not be touched, or starts behind one.
func guard(t testing.TB, data []byte, atEnd bool) *guarded {
	t.Helper()
	page := syscall.Getpagesize()
	n := (len(data) + page - 1) / page * page
	pages, err := syscall.Mmap(-1, 0, n+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range [][]byte{pages[:page], pages[page+n:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	g := &guarded{pages: pages, data: pages[page : page+len(data)]}
	if atEnd {
		g.data = pages[page+n-len(data) : page+n]
	}
	copy(g.data, data)
	t.Cleanup(func() {
		if err := syscall.Munmap(pages); err != nil {
			t.Error(err)
		}
	})
	return g
}

// block copies words to memory that does not move, as a goroutine's stack does.
func block(t testing.TB, words ...uint64) uintptr {
	t.Helper()
	bytes := make([]byte, 8*len(words))
	for i, w := range words {
		binary.LittleEndian.PutUint64(bytes[8*i:], w)
	}
	return guard(t, bytes, false).addr()
}

func (g *guarded) addr() uintptr {
	page := syscall.Getpagesize()
	if len(g.data) == 0 {
		return uintptr(unsafe.Pointer(&g.pages[0])) + uintptr(page)
	}
	return uintptr(unsafe.Pointer(&g.data[0]))
}

// runNative runs a kernel's code on copies of a call's buffers and gives what they hold afterwards.
func runNative(t testing.TB, f *function, call kernel.Call, atEnd bool, pieces int64) [][]byte {
	t.Helper()
	var words []uint64
	var buffers []*guarded
	for _, b := range call.Buffers {
		g := guard(t, b, atEnd)
		buffers = append(buffers, g)
		words = append(words, uint64(g.addr()))
	}
	size := func(name string) (int64, bool) { n, ok := call.Sizes[name]; return n, ok }
	for _, s := range f.kernel.Sizes {
		words = append(words, uint64(call.Sizes[s.Name]))
	}
	bytes := 0
	for _, b := range f.layout.Scratch {
		n, err := b.Len.Eval(size)
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, uint64(bytes))
		bytes += (int(n)*b.Elem.Bytes() + 63) / 64 * 64
	}
	scratch := guard(t, make([]byte, bytes), true)
	rounds := int64(1)
	if f.layout.Rounds != nil {
		n, err := f.layout.Rounds.Eval(size)
		if err != nil {
			t.Fatal(err)
		}
		rounds = n
	} else {
		pieces = 1
	}
	ctx := block(t, words...)
	for p := range pieces {
		f.call(ctx, scratch.addr(), rounds*p/pieces, rounds*(p+1)/pieces)
	}
	var out [][]byte
	for _, g := range buffers {
		out = append(out, slices.Clone(g.data))
	}
	return out
}

// both runs a kernel natively and in the interpreter of kernels and compares the buffers, floats within ulps.
func both(t testing.TB, f *function, call kernel.Call, ulps float64) {
	t.Helper()
	want := kernel.Call{Sizes: call.Sizes}
	for _, b := range call.Buffers {
		want.Buffers = append(want.Buffers, slices.Clone(b))
	}
	if err := kernel.Run(f.kernel, want); err != nil {
		t.Fatal(err)
	}
	for _, pieces := range []int64{1, 3} {
		got := runNative(t, f, call, pieces == 1, pieces)
		k := 0
		for _, b := range f.kernel.Buffers {
			if b.Space != kernel.Global {
				continue
			}
			compareBytes(t, f.kernel, b, got[k], want.Buffers[k], ulps)
			k++
		}
		if t.Failed() {
			return
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
