package schedule_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// updates are of parts, of whole rows, with steps, on inner and outer axes, of one element and of none, with open sizes.
var updates = []struct {
	name, params, result, op string
	sizes                    map[string]int64
	index                    []int64
}{
	{"row", "%b: tensor<5x7xf32>, %u: tensor<1x7xf32>", "tensor<5x7xf32>", "state.slice_update(%b, %u) {axis = 0, start = 3}", nil, nil},
	{"columns", "%b: tensor<5x7xf32>, %u: tensor<5x3xf32>", "tensor<5x7xf32>", "state.slice_update(%b, %u) {axis = 1, start = 2}", nil, nil},
	{"steps", "%b: tensor<5x7xi32>, %u: tensor<5x3xi32>", "tensor<5x7xi32>", "state.slice_update(%b, %u) {axis = 1, start = 1, step = 2}", nil, nil},
	{"row steps", "%b: tensor<7x5xf16>, %u: tensor<3x5xf16>", "tensor<7x5xf16>", "state.slice_update(%b, %u) {axis = 0, step = 3}", nil, nil},
	{"block", "%b: tensor<3x4x9xf32>, %u: tensor<1x2x9xf32>", "tensor<3x4x9xf32>", "state.slice_update(%b, %u) {axis = 1, start = 2, at = [1, 0, 0]}", nil, nil},
	{"all", "%b: tensor<6xf64>, %u: tensor<6xf64>", "tensor<6xf64>", "state.slice_update(%b, %u) {axis = 0}", nil, nil},
	{"one", "%b: tensor<1xbool>, %u: tensor<1xbool>", "tensor<1xbool>", "state.slice_update(%b, %u) {axis = 0}", nil, nil},
	{"none", "%b: tensor<4x3xf32>, %u: tensor<0x3xf32>", "tensor<4x3xf32>", "state.slice_update(%b, %u) {axis = 0, start = 2}", nil, nil},
	{"cache", "%b: tensor<2x1x3x8x17xf32>, %u: tensor<1x1x3x4x17xf32>, %i: tensor<4xi64>", "tensor<2x1x3x8x17xf32>",
		"state.index_update(%b, %u, %i) {axis = 3, at = [1, 0, 0, 0, 0]}", nil, []int64{7, -2, 0, 7}},
	{"last axis", "%b: tensor<3x5xf32>, %u: tensor<3x2xf32>, %i: tensor<2xi32>", "tensor<3x5xf32>", "state.index_update(%b, %u, %i) {axis = 1}", nil, []int64{4, 0}},
	{"same row twice", "%b: tensor<5x16xf32>, %u: tensor<3x16xf32>, %i: tensor<3xi64>", "tensor<5x16xf32>", "state.index_update(%b, %u, %i) {axis = 0}", nil, []int64{2, 2, 2}},
	{"open", "%b: tensor<4x8x6xf32>, %u: tensor<4x[S]x6xf32>, %i: tensor<[S]xi64>", "tensor<4x8x6xf32>",
		"state.index_update(%b, %u, %i) {axis = 1}", map[string]int64{"S": 3}, []int64{1, 0, 5}},
	{"open and empty", "%b: tensor<4x8x6xf32>, %u: tensor<4x[S]x6xf32>, %i: tensor<[S]xi64>", "tensor<4x8x6xf32>",
		"state.index_update(%b, %u, %i) {axis = 1}", map[string]int64{"S": 0}, nil},
	{"outside", "%b: tensor<3x5xf32>, %u: tensor<2x5xf32>, %i: tensor<2xi64>", "tensor<3x5xf32>", "state.index_update(%b, %u, %i) {axis = 0}", nil, []int64{1, 3}},
}

// TestUpdates holds updates in place against the interpreter, and what they save against the base: for every target, and the code
// that is made of them.
func TestUpdates(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var code natively
	metal := metally{step: *gpuStep}
	for _, tt := range updates {
		for _, to := range slices.Concat(targets, gpus) {
			if to.SIMD > 0 && strings.Contains(tt.params, "f64") {
				continue
			}
			t.Run(tt.name+" "+to.Name, func(t *testing.T) {
				dims := ""
				if tt.sizes != nil {
					dims = "    dim S in 0..8\n"
				}
				src := "air 1\nmodule @m {\n  func @main(" + tt.params + ") -> (%y: " + tt.result + ") {\n" + dims + "    %y = " + tt.op + " : " + tt.result + "\n    core.return(%y)\n  }\n}\n"
				m, op := parse(t, src)
				in := randomInputs(rng, m.Funcs[0].Params, tt.sizes)
				for i, v := range tt.index {
					host.SetInt(in[2], i, v)
				}
				u, err := schedule.MakeUpdate(op, to)
				if err != nil {
					t.Fatal(err)
				}
				checkUpdate(t, &code, &metal, to, m, u, in, tt.sizes)
			})
		}
	}
	code.run(t)
	metaltest.Hold(t, metal.jobs)
}

func checkUpdate(t *testing.T, code *natively, metal *metally, to schedule.Target, m *ir.Module, u *schedule.Update, in []*host.Tensor, sizes map[string]int64) {
	t.Helper()
	count := func(d ir.Dim) int {
		n, err := d.Eval(func(name string) (int64, bool) { n, ok := sizes[name]; return n, ok })
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	runs, length, elem := count(u.Runs), count(u.Length), in[0].Elem.Bytes()
	base := in[0].Clone()
	call := kernel.Call{Sizes: sizes, Buffers: [][]byte{base.Data}}
	for _, x := range in[1:] {
		call.Buffers = append(call.Buffers, x.Bytes())
	}
	saved, places := make([]byte, runs*length*elem), make([]byte, runs*8)
	call.Buffers = append(call.Buffers, saved, places)
	status := make([]byte, 4)
	if len(globalBuffers(u.Kernel)) > len(call.Buffers) {
		call.Buffers = append(call.Buffers, status)
	}
	run := func(k *kernel.Kernel, call kernel.Call) error { return code.record(t.Name(), to, k, call) }
	if to.SIMD > 0 {
		run = metal.record(t.Name())
	}
	if err := run(u.Kernel, call); err != nil {
		t.Fatalf("%v\n%s", err, kernel.Print(u.Kernel))
	}
	want, err := reference(m, in)
	if (err != nil) != (status[0] != 0) {
		t.Errorf("the status is %d, the interpreter says %v", status[0], err)
	}
	if err == nil {
		if err := differ(base, want[0]); err != nil {
			t.Errorf("%v\n%s", err, kernel.Print(u.Kernel))
		}
	}
	for i := runs - 1; i >= 0; i-- {
		at := int(binary.LittleEndian.Uint64(places[8*i:])) * elem
		copy(base.Data[at:], saved[i*length*elem:][:length*elem])
	}
	if err := differ(base, in[0]); err != nil {
		t.Errorf("undone: %v", err)
	}
}
