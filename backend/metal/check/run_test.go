package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/backend/cachedir"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

const limitsText = `#include <metal_stdlib>
using namespace metal;
kernel void spin(device uint* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  uint n = 1;
  while (n != 0) n = n * 1664525u + 1013904223u | 1u;
  x[i] = n;
}
kernel void wild(device uint* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  device uint* p = (device uint*)(ulong(x[0]) << 32 | 0x1000);
  *p = i;
}
kernel void deep(device uint* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  uint table[20000];
  for (uint k = 0; k < 20000; k++) table[k] = x[0] + k;
  for (uint k = 0; k < 20000; k++) table[k * 7919 % 20000] += table[k];
  x[i] = table[x[0]];
}
kernel void past(device const uint* x [[buffer(0)]], device uint* y [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  y[i] = x[i * 4096];
}
kernel void given(device uint* x [[buffer(0)]], threadgroup uint* t [[threadgroup(0)]]) {
  threadgroup uint more[4096];
  more[0] = x[0];
  t[0] = more[0];
  x[0] = t[0];
}
kernel void many(device uint* x [[buffer(0)]], constant uint4& c [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  x[i] = c[i & 3];
}
`

func limitsProgram(t *testing.T) *Program {
	t.Helper()
	p, err := Compile(context.Background(), tools(t), Source{"limits.metal", limitsText})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// dispatchOf is a run of a kernel whose parameters are buffers of u32.
func dispatchOf(function string, threads, group int, buffers ...[]byte) Dispatch {
	d := Dispatch{Threads: [3]int{threads, 1, 1}, Launch: launch.Kernel{Function: function, ABI: launch.Buffers, Threadgroup: [3]int{group, 1, 1}}}
	for i, b := range buffers {
		d.Launch.Params = append(d.Launch.Params, launch.Param{Name: string(rune('x' + i)), Kind: launch.Buffer, DType: "u32", Access: launch.ReadWrite})
		d.Args = append(d.Args, Arg{Bytes: b})
	}
	return d
}

// TestLimits runs kernels that never end, that leave their memory with nothing watching, or that need more than there is.
func TestLimits(t *testing.T) {
	p := limitsProgram(t)
	given := dispatchOf("given", 1, 1, words(5))
	given.Launch.ThreadgroupMemory = []int{20000}
	for _, c := range []struct {
		name     string
		dispatch Dispatch
		options  Options
		want     string
	}{
		{"time", dispatchOf("spin", 1, 1, words(0)), Options{Checked: true, Limits: Limits{Time: time.Second}}, "limits.metal:5: kernel spin, thread (0,0,0): time: still runs when the time is over"},
		{"wild", dispatchOf("wild", 1, 1, words(0xffff)), Options{Checked: true}, "limits.metal:10: kernel wild, thread (0,0,0): out of bounds: writes memory at 0xffff00001000, which is in no buffer"},
		{"wild plain", dispatchOf("wild", 1, 1, words(0xffff)), Options{}, "limits.metal:10: kernel wild, thread (0,0,0): out of bounds: reads or writes memory at 0x"},
		{"stack", dispatchOf("deep", 1, 1, words(0)), Options{}, "kernel deep, thread (0,0,0): memory: the thread's stack of 48 KiB overflows"},
		{"past plain", dispatchOf("past", 3, 1, words(1, 2), words(0, 0, 0)), Options{}, "limits.metal:19: kernel past, thread (1,0,0): out of bounds: reads element 4096 of x, which has 2 (2 times)"},
		{"memory given and declared", given, Options{Checked: true}, "limits.metal:22: kernel given, thread (0,0,0): memory: with more the threadgroup's memory comes to 36384 bytes, expected at most 32768"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := p.Run(context.Background(), c.dispatch, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Diagnostics) != 1 || !strings.Contains(r.Diagnostics[0].String(), c.want) {
				t.Errorf("found %v, expected %q", r.Diagnostics, c.want)
			}
		})
	}
}

// TestCancelled ends a kernel that never ends by its context, once its process has begun.
func TestCancelled(t *testing.T) {
	p := limitsProgram(t)
	exe, err := p.executable(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	begun, script := filepath.Join(t.TempDir(), "begun"), filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\n: >'%s'\nexec '%s' \"$@\"\n", begun, exe), 0o700); err != nil {
		t.Fatal(err)
	}
	p.built[true] = script
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if _, err := os.Stat(begun); err == nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := p.Run(ctx, dispatchOf("spin", 1, 1, words(0)), Options{Checked: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected %v", err, context.Canceled)
	}
}

// TestDispatchErrors gives dispatches that do not fit their kernel.
func TestDispatchErrors(t *testing.T) {
	p := limitsProgram(t)
	with := func(d Dispatch, change func(*Dispatch)) Dispatch {
		change(&d)
		return d
	}
	good := func() Dispatch { return dispatchOf("many", 4, 4, words(0, 0, 0, 0), words(1, 2, 3, 4)) }
	for _, c := range []struct {
		name     string
		dispatch Dispatch
		options  Options
		want     string
	}{
		{"function", dispatchOf("few", 1, 1), Options{}, `limits.metal has no kernel "few": expected one of spin, wild, deep, past, given, many`},
		{"buffers", dispatchOf("many", 1, 1, words(0)), Options{}, "the launch has 1 parameters, none for [[buffer(1)]] c"},
		{"more buffers", dispatchOf("spin", 1, 1, words(0), words(1)), Options{}, "the text has 1 buffers, the launch 2"},
		{"arguments", with(good(), func(d *Dispatch) { d.Args = d.Args[:1] }), Options{}, "1 arguments for 2 parameters"},
		{"grid", with(good(), func(d *Dispatch) { d.Threads[1] = 0 }), Options{}, "a grid of [4 0 1] threads, expected sides of 1"},
		{"groups", with(good(), func(d *Dispatch) { d.Threads = [3]int{1 << 20, 1 << 20, 1} }), Options{}, "expected at most 4194302 groups"},
		{"group", with(good(), func(d *Dispatch) { d.Launch.Threadgroup[0] = 2000 }), Options{}, "expected sides of 1 to 1024"},
		{"extents", with(good(), func(d *Dispatch) { d.Args[0].Extents = []int{2, 3} }), Options{}, "16 bytes for extents [2 3] of u32, expected 24"},
		{"memory", good(), Options{Limits: Limits{Memory: 1000}}, "the dispatch needs 67108896 bytes of memory, the limit is 1000"},
		{"threadgroup memory", with(good(), func(d *Dispatch) { d.Launch.ThreadgroupMemory = []int{64} }), Options{}, "the text has 0 [[threadgroup(n)]] parameters, the launch 1"},
		{"dtype", with(good(), func(d *Dispatch) { d.Launch.Params[0].DType = "f64" }), Options{}, `dtype is "f64"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := p.Run(context.Background(), c.dispatch, c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, expected %q", err, c.want)
			}
		})
	}
	if _, err := p.Run(context.Background(), good(), Options{}); err != nil {
		t.Errorf("the dispatch that the others are made of: %v", err)
	}
}

// TestKernels reads the parameters of a kernel.
func TestKernels(t *testing.T) {
	p := limitsProgram(t)
	want := Kernel{Name: "many", Line: 27, Params: []Param{
		{Name: "x", Text: "device uint* x", Attr: "buffer"},
		{Name: "c", Text: "constant uint4& c", Attr: "buffer", Index: 1, Scalar: true},
		{Name: "i", Text: "uint i", Attr: "thread_position_in_grid", Index: -1},
	}}
	all := p.Kernels()
	if d := cmp.Diff(want, all[len(all)-1]); d != "" {
		t.Error(d)
	}
}

// TestSame wants the same findings, word for word, from the same run.
func TestSame(t *testing.T) {
	p := limitsProgram(t)
	var first string
	for range 3 {
		r, err := p.Run(context.Background(), dispatchOf("past", 64, 8, words(1, 2), words(0, 0, 0)), Options{Order: Shuffled, Seed: 3, Checked: true})
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(r.Diagnostics)
		if first == "" {
			first = text
		}
		if text != first || len(r.Diagnostics) == 0 {
			t.Errorf("found %s, expected %s", text, first)
		}
	}
}

// TestDamaged cuts what a cache of its own has, as a crash may: it is made again.
func TestDamaged(t *testing.T) {
	if testing.Short() {
		return // it compiles the shim, which tells the race detector nothing
	}
	own := *tools(t)
	own.Cache = cachedir.Folder{Dir: filepath.Join(t.TempDir(), "cache"), Limit: cacheLimit}
	for range 2 {
		p, err := Compile(t.Context(), &own, Source{"limits.metal", limitsText})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := p.Run(t.Context(), dispatchOf("many", 1, 1, words(0), words(1, 2, 3, 4)), Options{Checked: true}); err != nil || !r.Finished {
			t.Errorf("found %v, %v", r, err)
		}
		for _, ending := range []string{".exe", ".o"} {
			made, err := filepath.Glob(own.Cache.Path("*" + ending))
			if err != nil || len(made) != 1 {
				t.Fatalf("found %v (%v), expected one file of %s", made, err, ending)
			}
			if err := os.Truncate(made[0], 1000); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFind names programs that are no clang.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	for name, says := range map[string]string{"gcc": "gcc (Debian) 12.2.0", "old": "clang version 14.0.6"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, want string }{
		{"gcc", "expected a line `clang version ...` from --version, found \"gcc (Debian) 12.2.0\""},
		{"old", "it is clang 14.0.6, expected 18 to 20"},
		{"none", "there is no such program"},
	} {
		t.Setenv("AIOPT_CLANG", filepath.Join(dir, c.name))
		if _, err := Find(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", c.name, err, c.want)
		}
	}
	t.Setenv("AIOPT_CLANG", "")
	t.Setenv("PATH", dir)
	var missing *Missing
	if _, err := Find(); !errors.As(err, &missing) || !strings.Contains(err.Error(), "apt-get install --no-install-recommends clang-19") {
		t.Errorf("found %v, expected a *Missing that says what to install", err)
	}
}
