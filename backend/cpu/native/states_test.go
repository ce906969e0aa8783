//go:build unix

package native

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// cached keeps rows in a state of 1 MiB, whose updates are not marked; %old is read before the first one. @keeps reads the old
// value after the update.
const cached = `air 1
module @cached {
  state @k : tensor<1024x256xf32> = zero
  func @main(%x: tensor<1x256xf32>, %at: tensor<1xi64>, state @k %k: tensor<1024x256xf32>) -> (%y: tensor<1x256xf32>, %z: tensor<1x256xf32>, update @k: tensor<1024x256xf32>) {
    %old = tensor.slice(%k) {axis = 0, start = 3, stop = 4} : tensor<1x256xf32>
    %y = tensor.exp(%old) : tensor<1x256xf32>
    %t = tensor.tanh(%x) : tensor<1x256xf32>
    %k1 = state.slice_update(%k, %t) {axis = 0, start = 3} : tensor<1024x256xf32>
    %k2 = state.index_update(%k1, %x, %at) {axis = 0} : tensor<1024x256xf32>
    %new = tensor.slice(%k2) {axis = 0, start = 3, stop = 4} : tensor<1x256xf32>
    %z = tensor.sin(%new) : tensor<1x256xf32>
    core.return(%y, %z, %k2)
  }
  func @keeps(%x: tensor<1x256xf32>, state @k %k: tensor<1024x256xf32>) -> (%y: tensor<1024x256xf32>, update @k: tensor<1024x256xf32>) {
    %k1 = state.slice_update(%k, %x) {axis = 0, start = 5} : tensor<1024x256xf32>
    %y = tensor.exp(%k) : tensor<1024x256xf32>
    core.return(%y, %k1)
  }
}
`

// TestStates holds states that are written over against the interpreter, which copies: after calls, after calls that fail
// when a part of a state is written, and after calls that may not write over it.
func TestStates(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, cached), 2)
	a, b := native.NewSession(), reference.NewSession()
	rng := rand.New(rand.NewPCG(5, 5))
	set := random(rng, 1024, 256)
	for _, s := range []backend.Session{a, b} {
		if err := s.SetState("k", set); err != nil {
			t.Fatal(err)
		}
	}
	before := set.Clone()
	row := host.New(host.I64, 1)
	for _, at := range []int64{0, 1023, 2000, 3, -1, -2000, 7} {
		host.SetInt(row, 0, at)
		in := []*host.Tensor{random(rng, 1, 256), row}
		if at >= -1024 && at < 1024 {
			if err := agree(a, b, in); err != nil {
				t.Error(err)
			}
		} else if _, err := a.Call(t.Context(), "main", in, nil); err == nil {
			t.Errorf("there is no error for row %d", at)
		}
		sameState(t, a, b)
		if err := agreeOn("keeps", a, b, in[:1]); err != nil {
			t.Error(err)
		}
		sameState(t, a, b)
	}
	if err := host.Near(set, before, host.Tolerance{}); err != nil {
		t.Errorf("the tensor that the state was set to has changed: %v", err)
	}
}

func sameState(t *testing.T, a, b backend.Session) {
	t.Helper()
	x, err := a.State("k")
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.State("k")
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Near(x, y, host.Tolerance{Abs: 1e-5, Rel: 1e-5}); err != nil {
		t.Error(err)
	}
}

// TestStatesAreNotCopied counts the bytes of calls that write two rows.
func TestStatesAreNotCopied(t *testing.T) {
	native, _ := engines(t, backendtest.Parse(t, cached), 1)
	s := native.NewSession()
	in := []*host.Tensor{random(rand.New(rand.NewPCG(6, 6)), 1, 256), host.New(host.I64, 1)}
	call := func() {
		if _, err := s.Call(t.Context(), "main", in, nil); err != nil {
			t.Fatal(err)
		}
	}
	call()
	var before, after runtime.MemStats
	const calls = 20
	runtime.ReadMemStats(&before)
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / calls; bytes > 1<<16 {
		t.Errorf("a call allocates %d bytes, expected few beside the rows, of 1 KiB", bytes)
	}
}

// TestStatesAfterCancelling cancels calls right after each operation, and expects the state from before.
func TestStatesAfterCancelling(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, cached), 2)
	a, b := native.NewSession(), reference.NewSession()
	rng := rand.New(rand.NewPCG(8, 8))
	in := []*host.Tensor{random(rng, 1, 256), host.New(host.I64, 1)}
	if err := agree(a, b, in); err != nil {
		t.Fatal(err)
	}
	in[0] = random(rng, 1, 256)
	for _, name := range []string{"y", "t", "k1", "k2", "new", "z"} {
		ctx, cancel := context.WithCancel(t.Context())
		opt := &backend.CallOptions{
			Select:  func(v *ir.Value) bool { return v.Name == name },
			Observe: func(*ir.Value, *host.Tensor) { cancel() },
		}
		if _, err := a.Call(ctx, "main", in, opt); err == nil && name != "z" {
			t.Errorf("the call that was cancelled after %%%s gives no error", name)
		} else if err != nil {
			sameState(t, a, b)
		}
		cancel()
	}
}

// TestUpdatesAreNative holds that a function of updates and what reads them is one segment, and views in it have no kernels.
func TestUpdatesAreNative(t *testing.T) {
	c := testCompiler(t)
	m := backendtest.Parse(t, cached)
	p, err := newProgram(t.Context(), c, m, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	f := m.Func("main")
	if got := p.of[f]; len(got) != 1 || got[0].From != 0 || got[0].To != len(f.Ops)-1 {
		t.Errorf("the segments of @main are %v, expected one of all %d operations", got, len(f.Ops)-1)
	}
	for _, st := range p.segments[0].steps {
		if st.op.Is(tensor.Slice) && len(st.functions) > 0 {
			t.Errorf("%%%s is copied", st.op.Results[0].Name)
		}
	}
}

// TestUpdatesOfOthers holds updates of inputs and of results, which are copied, against the interpreter.
func TestUpdatesOfOthers(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, `air 1
module @others {
  func @main(%x: tensor<40x9xf32>, %u: tensor<2x9xf32>, %at: tensor<2xi64>) -> (%y: tensor<40x9xf32>, %z: tensor<40x9xf32>, %x2: tensor<40x9xf32>) {
    %a = tensor.exp(%u) : tensor<2x9xf32>
    %x1 = state.slice_update(%x, %a) {axis = 0, start = 7} : tensor<40x9xf32>
    %x2 = state.index_update(%x1, %u, %at) {axis = 0} : tensor<40x9xf32>
    %y = tensor.tanh(%x1) : tensor<40x9xf32>
    %z = tensor.sin(%x) : tensor<40x9xf32>
    core.return(%y, %z, %x2)
  }
}
`), 2)
	a, b := native.NewSession(), reference.NewSession()
	rng := rand.New(rand.NewPCG(3, 3))
	at := host.New(host.I64, 2)
	for _, i := range []int64{0, 38, -1} {
		host.SetInt(at, 0, i)
		if err := agree(a, b, []*host.Tensor{random(rng, 40, 9), random(rng, 2, 9), at}); err != nil {
			t.Error(err)
		}
	}
}
