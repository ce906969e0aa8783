package debugger

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
)

// telling is an engine that compiles as far as it is told to.
type telling struct {
	backend.Backend
	begun chan struct{}
	steps chan int // closed at the end
	told  chan struct{}
}

func (e telling) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	close(e.begun)
	for n := range e.steps {
		opt.Progress(n, 9)
		e.told <- struct{}{}
	}
	return e.Backend.Compile(ctx, m, opt)
}

// TestCompileForAll: all that wait for a program are told how far it is, and a job that has ended no more.
func TestCompileForAll(t *testing.T) {
	s := opened(t, small)
	m := s.models.get("m1")
	engine := telling{s.tk.Backend("interp"), make(chan struct{}), make(chan int), make(chan struct{})}
	compile := func(title string) *job {
		j := &job{Kind: calling, Title: title}
		begin(t, s, j, func(ctx context.Context) error {
			_, err := s.compiled(ctx, m, engine, j)
			return err
		})
		return j
	}
	first := compile("first")
	<-engine.begun
	second := compile("second")
	for waits := 0; waits < 2; {
		time.Sleep(time.Millisecond)
		m.engines.mu.Lock()
		waits = len(m.engines.asking[engine.Name()])
		m.engines.mu.Unlock()
	}
	engine.steps <- 4
	<-engine.told
	for _, j := range []*job{first, second} {
		if got := seenOf(s, j); got.What != "compiling" || got.Done != 4 || got.Total != 9 {
			t.Errorf("%s: %s %d of %d", j.Title, got.What, got.Done, got.Total)
		}
	}
	close(engine.steps)
	finish(t, s, first.ID)
	finish(t, s, second.ID)
	first.step("compiling", 5, 9)
	if got := seenOf(s, first); got.What != "" || got.Done != 4 {
		t.Errorf("after its end: %s %d", got.What, got.Done)
	}
}

// seenOf is what who watches is told of a job.
func seenOf(s *Server, j *job) job {
	list, _, _ := s.jobs.since(0)
	return list[slices.IndexFunc(list, func(x job) bool { return x.ID == j.ID })]
}

// TestOneProgram: of two programs for one engine the later one is closed.
func TestOneProgram(t *testing.T) {
	s := opened(t, small)
	g := gateOf(s)
	m := s.models.get("m1")
	var got [2]backend.Program
	for i := range got {
		p, err := g.Compile(t.Context(), m.module, backend.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got[i], err = m.engines.keep("gated", p); err != nil {
			t.Fatal(err)
		}
	}
	if got[0] != got[1] || g.open.Load() != 1 {
		t.Errorf("%d programs are open", g.open.Load())
	}
}
