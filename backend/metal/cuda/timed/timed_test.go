package timed

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir/host"
)

// silu is a kernel with an open size, which it is given.
func silu() launch.Kernel {
	return launch.Kernel{
		Function: "silu", ABI: launch.Buffers, Threads: [3]string{"n", "1", "1"}, Threadgroup: [3]int{64, 1, 1}, Sizes: []string{"n"},
		Params: []launch.Param{
			{Name: "x", Kind: launch.Buffer, DType: "f32", Access: launch.Read, Rank: 1, Len: "3*n"},
			{Name: "at", Kind: launch.Buffer, DType: "i64", Access: launch.Read, Rank: 1, Len: "n"},
			{Name: "n", Kind: launch.Bytes, DType: "u32", Access: launch.Read, Value: "n"},
		},
	}
}

func TestKernel(t *testing.T) {
	k, err := New(silu(), map[string]int64{"n": 100})
	if err != nil {
		t.Fatal(err)
	}
	d := k.Dispatch()
	if k.Work.Bytes != 1200+800 || len(d.Args[0].Bytes) != 1200 || d.Threads != [3]int{100, 1, 1} {
		t.Errorf("%+v, %d bytes of x", k, len(d.Args[0].Bytes))
	}
	if n := binary.LittleEndian.Uint32(d.Args[2].Bytes); n != 100 {
		t.Errorf("n is %d, expected 100", n)
	}
	for i, b := range d.Args[1].Bytes {
		if b != 0 {
			t.Errorf("byte %d of what may be an index is %d, expected 0", i, b)
		}
	}
	if k, err := New(silu(), map[string]int64{"n": 0}); k != nil || err != nil {
		t.Errorf("nothing to launch: %v, %v", k, err)
	}
	if _, err := New(silu(), nil); err == nil || !strings.Contains(err.Error(), "n") {
		t.Errorf("a size that is not known: %v", err)
	}
}

// TestFilled holds that floats of each width are between -2 and 2, and differ.
func TestFilled(t *testing.T) {
	for _, e := range []host.Elem{host.F32, host.F16, host.BF16} {
		l := launch.Kernel{Params: []launch.Param{{DType: e.String()}}}
		data := Filled(l, [3]int{}, []int{100 * e.Bytes()}).Args[0].Bytes
		x, err := host.FromBytes(e, []int{100}, data)
		if err != nil {
			t.Fatal(err)
		}
		different := map[float32]bool{}
		for _, v := range host.Values[float32](x) {
			if different[v] = true; !(v >= -2 && v <= 2) {
				t.Errorf("%s: %v", e, v)
			}
		}
		if len(different) < 50 {
			t.Errorf("%s: there are %d different numbers of 100", e, len(different))
		}
	}
}

// TestSet holds that a set is read as it was written, and what of one is refused.
func TestSet(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(k *Kernel)
		want   string
	}{
		{"right", func(*Kernel) {}, ""},
		{"module", func(k *Kernel) { k.Module = 1 }, "is of module 1, there are 1"},
		{"buffers", func(k *Kernel) { k.Bytes = k.Bytes[:2] }, "it has 2 buffers and 3 values for 3 parameters"},
		{"values", func(k *Kernel) { k.Values = nil }, "and a value of one that brings bytes"},
		{"large", func(k *Kernel) { k.Bytes[0] = mostBytes + 1 }, "parameter x has 17179869185 bytes"},
		{"launch", func(k *Kernel) { k.Launch.Threadgroup[0] = 0 }, "a threadgroup of [0 1 1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := New(silu(), map[string]int64{"n": 100})
			if err != nil {
				t.Fatal(err)
			}
			c.change(k)
			s := &Set{Model: "m", Function: "f", Host: []string{"tensor.lgamma"}, Modules: []*cuda.Module{{Name: "a.metal", PTX: "x"}}, Kernels: []Kernel{*k}}
			dir := t.TempDir()
			if err := s.Write(dir); err != nil {
				t.Fatal(err)
			}
			back, err := Read(dir)
			switch {
			case c.want == "" && err == nil:
				if d := cmp.Diff(s, back); d != "" {
					t.Error(d)
				}
			case err == nil || c.want == "" || !strings.Contains(err.Error(), c.want):
				t.Errorf("found %v, expected %q", err, c.want)
			}
		})
	}
}
