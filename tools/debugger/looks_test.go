package debugger

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// gated is an engine whose calls wait, once its gate is closed, until a word comes through it.
type gated struct {
	backend.Backend
	gate   atomic.Pointer[chan struct{}]
	called chan context.Context
	open   atomic.Int64 // programs
}

func (g *gated) Name() string { return "gated" }

func (g *gated) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	p, err := g.Backend.Compile(ctx, m, opt)
	g.open.Add(1)
	return gatedProgram{p, g}, err
}

type gatedProgram struct {
	backend.Program
	engine *gated
}

func (p gatedProgram) NewSession() backend.Session {
	return gatedSession{p.Program.NewSession(), p.engine}
}

func (p gatedProgram) Close() error {
	p.engine.open.Add(-1)
	return p.Program.Close()
}

type gatedSession struct {
	backend.Session
	engine *gated
}

func (s gatedSession) Call(ctx context.Context, fn string, in []*host.Tensor, opt *backend.CallOptions) ([]*host.Tensor, error) {
	if gate := s.engine.gate.Load(); gate != nil {
		s.engine.called <- ctx
		select {
		case <-*gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return s.Session.Call(ctx, fn, in, opt)
}

// compared is a server with a comparison of a small model on an engine with itself on a gated one, whose gate is then closed.
func compared(t *testing.T) (*Server, *gated) {
	t.Helper()
	s := opened(t, small)
	g := gateOf(s)
	gate := g.gate.Swap(nil)
	post[any](t, s, "/api/compare", `{"tested":{"model":"m1","backend":"interp"},"reference":{"model":"m1","backend":"gated"}}`)
	finish(t, s, "c1")
	g.gate.Store(gate)
	return s, g
}

// gateOf gives a server a gated engine, whose gate is closed.
func gateOf(s *Server) *gated {
	g := &gated{Backend: s.tk.Backend("interp"), called: make(chan context.Context, 9)}
	gate := make(chan struct{})
	g.gate.Store(&gate)
	s.tk.Backends = append(s.tk.Backends, g)
	return g
}

// asked is the answer of a request that goes on while the test does.
func asked(s *Server, r *http.Request) <-chan *httptest.ResponseRecorder {
	out := make(chan *httptest.ResponseRecorder, 1)
	go func() { out <- answered(s, r) }()
	return out
}

// lookJob waits until a look is told of.
func lookJob(s *Server) job {
	for {
		list, _, changed := s.jobs.since(0)
		for _, j := range list {
			if j.Kind == looking && j.Status == running {
				return j
			}
		}
		<-changed
	}
}

// TestLook: a value that is computed again is a job that all who look at it share; nothing else waits for it.
func TestLook(t *testing.T) {
	s, g := compared(t)
	ends := []<-chan *httptest.ResponseRecorder{
		asked(s, request(s, http.MethodGet, "/api/compare/c1/points/0/tested", "")), asked(s, request(s, http.MethodGet, "/api/compare/c1/points/0/difference", "")),
	}
	<-g.called
	j := lookJob(s)
	if data, err := json.Marshal(j); err != nil || !strings.Contains(string(data), `"kind":"look","title":"values of mul","model":"m1"`) {
		t.Errorf("the job is %s (%v)", data, err)
	}
	if got := ask[pointList](t, s, "/api/compare/c1/points"); !got.Complete || len(got.Points) != 2 {
		t.Errorf("the points meanwhile: %+v", got)
	}
	ask[any](t, s, "/api/compare/c1/points/0")
	close(*g.gate.Load())
	for i, end := range ends {
		if w := <-end; w.Code != http.StatusOK {
			t.Errorf("request %d: %d %s", i, w.Code, w.Body)
		}
	}
	if n := len(g.called); n != 0 {
		t.Errorf("the model ran %d more times", n)
	}
	list, _, _ := s.jobs.since(0)
	if last := list[0]; last.ID != j.ID || last.Status != gone {
		t.Errorf("at the end the look is %+v", last)
	}
}

// TestLookIsCancelled: by the end of the requests that wait for it, or by the user.
func TestLookIsCancelled(t *testing.T) {
	s, g := compared(t)
	for _, c := range []struct{ method, path string }{
		{http.MethodGet, "/api/compare/c1/points/1/tested"}, {http.MethodPost, "/api/compare/c1/points/1/local"},
	} {
		ctx, leave := context.WithCancel(t.Context())
		end := asked(s, request(s, c.method, c.path, "").WithContext(ctx))
		called := <-g.called
		leave()
		<-end
		<-called.Done()

		end = asked(s, request(s, c.method, c.path, ""))
		<-g.called
		if w := answered(s, request(s, http.MethodDelete, "/api/jobs/"+lookJob(s).ID, "")); w.Code != http.StatusOK {
			t.Errorf("%s: cancelling it: %d %s", c.path, w.Code, w.Body)
		}
		if w := <-end; w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "it was cancelled") {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
	}
}
