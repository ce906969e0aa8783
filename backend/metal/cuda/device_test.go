//go:build linux && (amd64 || arm64)

package cuda

import (
	"context"
	"encoding/binary"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/programs"
)

// pretended opens a driver of this test's, testdata/libcuda.c, that knows four kernels.
func pretended(t *testing.T) (string, *Device) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libcuda.so.1")
	if said, err := exec.Command(tools(t).Clang, "-x", "c", "-shared", "-fPIC", "-Wno-everything", "-o", path, "testdata/libcuda.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	v, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, v
}

// module has the four kernels by name only.
func module() *Module {
	buffers := []check.Param{{Name: "y", Attr: "buffer"}, {Name: "x", Attr: "buffer", Index: 1}}
	m := &Module{Name: "four.metal", PTX: "good"}
	for _, name := range []string{"seen", "writes", "hangs", "breaks"} {
		m.Kernels = append(m.Kernels, check.Kernel{Name: name, Params: buffers})
	}
	m.Kernels[0].Params = append(append([]check.Param{}, buffers...), check.Param{Name: "a", Attr: "threadgroup"}, check.Param{Name: "b", Attr: "threadgroup", Index: 1})
	return m
}

func dispatchOf(function string, y []byte, x ...uint32) check.Dispatch {
	var bytes []byte
	for _, v := range x {
		bytes = binary.LittleEndian.AppendUint32(bytes, v)
	}
	return check.Dispatch{
		Threads: [3]int{100, 5, 3},
		Launch: launch.Kernel{Function: function, ABI: launch.Buffers, Threadgroup: [3]int{32, 2, 1}, Params: []launch.Param{
			{Name: "y", Kind: launch.Buffer, DType: "u32", Access: launch.Write}, {Name: "x", Kind: launch.Buffer, DType: "u32", Access: launch.Read},
		}},
		Args: []check.Arg{{Bytes: y}, {Bytes: bytes}},
	}
}

func load(t *testing.T, v *Device) *Program {
	t.Helper()
	p, err := v.Load(module())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLaunch holds what a driver is called with.
func TestLaunch(t *testing.T) {
	_, v := pretended(t)
	if v.Name != "Pretender" || v.Architecture != "sm_86" || v.Driver != "12.4" {
		t.Errorf("found %s, %s, %s", v.Name, v.Architecture, v.Driver)
	}
	p := load(t, v)
	for _, c := range []struct {
		group     [3]int
		grid      []uint32
		registers uint32
	}{
		{[3]int{32, 2, 1}, []uint32{4, 3, 3, 64}, 0},
		{[3]int{64, 4, 4}, []uint32{2, 2, 1, 1024}, 64},
	} {
		y := make([]byte, 23*4)
		d := dispatchOf("seen", y, 11, 12, 13, 14, 15, 16)
		d.Launch.Threadgroup = c.group
		d.Launch.ThreadgroupMemory = []int{20, 100}
		d.Args[1].Extents = []int{2, 3}
		if err := p.Run(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		var have []uint32
		for i := range 23 {
			have = append(have, binary.LittleEndian.Uint32(y[4*i:]))
		}
		want := append(append([]uint32{}, c.grid...), 1, 1, 32+112, c.registers, 100, 5, 3, uint32(c.group[0]), uint32(c.group[1]), uint32(c.group[2]), 0, 32, 2, 3, 2, 1, 3, 11, 11)
		if d := cmp.Diff(want, have); d != "" {
			t.Error(d)
		}
	}
	if err := errors.Join(p.Unload(), v.Close()); err != nil {
		t.Errorf("closing: %v", err)
	}
	if err := p.Run(t.Context(), dispatchOf("seen", make([]byte, 92), 1)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("running on a closed device: %v", err)
	}
}

// TestTime takes the driver's clock: 4 ms for each round.
func TestTime(t *testing.T) {
	_, v := pretended(t)
	p := load(t, v)
	timing, err := p.Time(t.Context(), dispatchOf("writes", make([]byte, 4), 1), Rounds{Rounds: 3, Launches: 4})
	if want := (Timing{time.Millisecond, time.Millisecond}); err != nil || timing != want {
		t.Errorf("found %v, %v, expected %v", timing, err, want)
	}
	peaks, err := v.Peaks(t.Context())
	want := Peaks{Bandwidth: 2 << 30 / 200e-6, Flops: 10 * 128 * 2 * 1e9}
	if err != nil || peaks != want {
		t.Errorf("found %v, %v, expected %v", peaks, err, want)
	}
	rate := timing.Rate(Work{Bytes: 1e9, Flops: 2.56e8}, Peaks{2e12, 2.56e12}).String()
	if want := "1000 GB/s (50 % of a copy's), 256 GFLOP/s (10.0 %)"; rate != want {
		t.Errorf("found %q, expected %q", rate, want)
	}
}

// TestDeviceErrors makes everything fail that can.
func TestDeviceErrors(t *testing.T) {
	path, v := pretended(t)
	p := load(t, v)
	over, cancel := context.WithCancel(t.Context())
	cancel() // of a kernel that was launched and does not end
	wide := dispatchOf("seen", make([]byte, 92), 1)
	wide.Threads = [3]int{1, 1 << 18, 1}
	for _, c := range []struct {
		name string
		ctx  context.Context
		d    check.Dispatch
		want string
	}{
		{"function", t.Context(), dispatchOf("none", nil, 1), `four.metal has no kernel "none": expected one of seen, writes, hangs, breaks`},
		{"inside", t.Context(), dispatchOf("writes", make([]byte, 4), 3), ""},
		{"behind", t.Context(), dispatchOf("writes", make([]byte, 4), 6), "kernel writes writes byte 6 of y, which has 4"},
		{"grid", t.Context(), wide, "a grid of [1 131072 1] groups, an NVIDIA GPU takes at most 65535 in y and z"},
		{"breaks", t.Context(), dispatchOf("breaks", make([]byte, 4), 6), "kernel breaks: the kernel ended with: CUDA_ERROR_OTHER (said the driver)"},
		{"hangs", over, dispatchOf("hangs", make([]byte, 4), 6), "kernel hangs still runs, and the device cannot be used: context canceled"},
		{"after", t.Context(), dispatchOf("writes", make([]byte, 4), 3), "kernel hangs still runs"},
	} {
		if c.name == "grid" {
			c.d.Launch.ThreadgroupMemory = []int{16, 16}
		}
		err := p.Run(c.ctx, c.d)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: found %v, expected %q", c.name, err, c.want)
		}
	}
	_, again := pretended(t)
	if _, err := again.Load(&Module{Name: "bad.metal", PTX: "bad"}); err == nil || !strings.Contains(err.Error(), "bad.metal: cuModuleLoadDataEx: CUDA_ERROR_OTHER (said the driver)\nline 3: what is this") {
		t.Errorf("loading what is no PTX: %v", err)
	}
	t.Setenv("AIOPT_TEST_NO_GPU", "1")
	var missing *programs.Missing
	if _, err := open(path); !errors.As(err, &missing) || !strings.Contains(err.Error(), "no NVIDIA GPU can be used: cuInit: CUDA_ERROR_NO_DEVICE") {
		t.Errorf("a driver without a GPU: %v", err)
	}
	if _, err := open(filepath.Join(t.TempDir(), library)); !errors.As(err, &missing) || !strings.Contains(err.Error(), "which NVIDIA's driver brings") {
		t.Errorf("no driver: %v", err)
	}
	if _, err := architecture(7, 5); err == nil || !strings.Contains(err.Error(), "compute capability 7.5, expected 8.0 or more") {
		t.Errorf("an old GPU: %v", err)
	}
}
