package interp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestOneCallAtATime calls a session from within a call of it, and another session of the program, which may run.
func TestOneCallAtATime(t *testing.T) {
	_, p := compile(t, 1, running)
	defer p.Close()
	s, other := p.NewSession(), p.NewSession()
	in := []*host.Tensor{f32(1, 2)}
	asked := false
	opt := &backend.CallOptions{Observe: func(*ir.Value, *host.Tensor) {
		asked = true
		if _, err := s.Call(t.Context(), "main", in, nil); err == nil || !strings.Contains(err.Error(), "the session is in another call") {
			t.Errorf("found the error %v for a call within a call", err)
		}
		if _, err := other.Call(t.Context(), "main", in, nil); err != nil {
			t.Errorf("a call of another session: %v", err)
		}
	}}
	out, err := s.Call(t.Context(), "main", in, opt)
	if err != nil || !asked {
		t.Fatalf("found the error %v, and asked is %t", err, asked)
	}
	holds(t, "output", out[0], 3, 8)
	holds(t, "output of a call after it", call(t, s, f32(1, 2))[0], 6, 16)
}

// TestClosedProgram closes a program during a call, which ends first; calls that begin later are errors.
func TestClosedProgram(t *testing.T) {
	_, p := compile(t, 1, running)
	s, other := p.NewSession(), p.NewSession()
	in := []*host.Tensor{f32(1, 2)}
	closed := make(chan error, 1)
	refused := false
	opt := &backend.CallOptions{Select: func(v *ir.Value) bool { return v.Name == "p" }, Observe: func(*ir.Value, *host.Tensor) {
		go func() { closed <- p.Close() }()
		for !refused { // until the other goroutine has begun to close
			_, err := other.Call(t.Context(), "main", in, nil)
			refused = err != nil && strings.Contains(err.Error(), "the program is closed")
			time.Sleep(time.Millisecond)
		}
		select {
		case <-closed:
			t.Error("the program was closed before the call ended")
			closed <- nil
		default:
		}
	}}
	out, err := s.Call(t.Context(), "main", in, opt)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, "output", out[0], 3, 8)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := s.Call(t.Context(), "main", in, nil); err == nil || !strings.Contains(err.Error(), "the program is closed") {
		t.Errorf("found the error %v for a call of a closed program", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}
