package debugger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/graph"
)

// mostOfRun is how many bytes of its values one run keeps, so that it leaves others theirs. A value that does not fit, or that had to go
// for newer ones, is computed again when it is looked at.
const mostOfRun = mostKept / 4

// run is one call of a model's function, and what was seen of it.
type run struct {
	job     *job
	model   *model
	program *program
	engine  string
	inputs  []*host.Tensor

	mu     sync.Mutex
	values map[int]*seen        // by the numbers of values
	nanos  map[graph.Node]int64 // that each node took
}

// seen is a value that a run has computed.
type seen struct {
	stats stats
	times int // it was computed, in a loop several; the last one counts
}

// runAsk is what a request for a run says.
type runAsk struct {
	Model  string           `json:"model"`
	Func   string           `json:"func"`
	Engine string           `json:"backend"`
	Inputs []inputAsk       `json:"inputs"`
	Sizes  map[string]int64 `json:"sizes"`
}

// postRun begins a run. The request is a form: ask is JSON, the other parts are files.
func (s *Server) postRun(r *http.Request) (any, error) {
	if err := r.ParseMultipartForm(32 << 20); err != nil {
		return nil, err
	}
	defer r.MultipartForm.RemoveAll()
	var ask runAsk
	if err := json.Unmarshal([]byte(r.FormValue("ask")), &ask); err != nil {
		return nil, badRequest("ask: expected JSON: %v", err)
	}
	m, err := s.modelOf(ask.Model)
	if err != nil {
		return nil, err
	}
	p, err := m.program(ask.Func)
	if err != nil {
		return nil, err
	}
	engine, err := s.engine(ask.Engine)
	if err != nil {
		return nil, err
	}
	if err := checkSizes(p.fn, ask.Sizes); err != nil {
		return nil, err
	}
	k := &maker{server: s, model: m, sig: backend.SignatureOf(p.fn), asks: map[string]inputAsk{}, sizes: map[string]int64{}, parts: r.MultipartForm.File, files: map[string]*uploaded{}, examples: m.examples(p.fn)}
	for name, n := range ask.Sizes {
		k.sizes[name] = n
	}
	for _, in := range ask.Inputs {
		k.asks[in.Name] = in
	}
	in, err := k.inputs()
	if err != nil {
		return nil, err
	}
	c := &run{model: m, program: p, engine: engine.Name(), inputs: in, values: map[int]*seen{}, nanos: map[graph.Node]int64{}}
	id := m.job.ID
	c.job = &job{Kind: calling, Title: fmt.Sprintf("%s @%s on %s", m.job.Title, p.fn.Name, engine.Name()), Model: id, of: []string{id}}
	err = s.jobs.begin(c.job, func() { s.runs.put(c.job.ID, c) }, func(ctx context.Context) error { return s.runAll(ctx, c, engine) })
	return begun{c.job.ID}, err
}

// runAll runs the function once and notes each value.
func (s *Server) runAll(ctx context.Context, c *run, engine backend.Backend) error {
	c.job.step("compiling", 0, 0)
	compiled, err := s.compiled(ctx, c.model, engine, c.job)
	if err != nil {
		return err
	}
	_, err = compiled.NewSession().Call(ctx, c.program.fn.Name, c.inputs, &backend.CallOptions{
		Select:   func(v *ir.Value) bool { _, ours := c.program.valueOf[v]; return ours },
		Observe:  func(v *ir.Value, t *host.Tensor) { s.note(c, v, t) },
		Progress: func(done, total int) { c.job.step("running", done, total) },
		Timing: func(op *ir.Op, _ string, ns int64) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if n := c.program.tree.Of(op); n != graph.None {
				c.nanos[n] += ns
			}
		},
	})
	if err != nil {
		s.drop(c.job.ID)
	}
	return err
}

// note keeps what is to be known of a value, and the value where it fits.
func (s *Server) note(c *run, v *ir.Value, t *host.Tensor) {
	id := c.program.valueOf[v]
	at, size := place{c.job.ID, id}, sizeOf(t)
	fresh := &seen{stats: measure(t), times: 1}
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.values[id]; before != nil {
		fresh.times += before.times
		s.runValues.remove(at)
	}
	if s.runValues.held(c.job.ID)+size <= mostOfRun {
		s.runValues.put(at, t.Clone(), size)
	}
	c.values[id] = fresh
}

// runValueTensor gives a value of a run; one that was not kept is computed again.
func (s *Server) runValueTensor(ctx context.Context, c *run, id int) (*host.Tensor, error) {
	c.mu.Lock()
	have := c.values[id]
	c.mu.Unlock()
	if have == nil {
		return nil, c.unseen()
	}
	at := place{c.job.ID, id}
	if t, ok := s.runValues.get(at); ok {
		return t, nil
	}
	value := c.program.values[id]
	return look(ctx, s, &s.valueLooks, at, "value of "+c.program.nameOf(value), c.job, func(ctx context.Context, j *job) (*host.Tensor, error) {
		compiled, err := s.compiled(ctx, c.model, s.tk.Backend(c.engine), j)
		if err != nil {
			return nil, err
		}
		t, err := c.again(ctx, compiled, value, have.times, j)
		if err == nil {
			s.runValues.put(at, t, sizeOf(t))
		}
		return t, err
	})
}

// again runs the function until a value was computed as often as it had been.
func (c *run) again(ctx context.Context, compiled backend.Program, value *ir.Value, times int, j *job) (*host.Tensor, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var last *host.Tensor
	_, err := compiled.NewSession().Call(ctx, c.program.fn.Name, c.inputs, &backend.CallOptions{
		Select: func(v *ir.Value) bool { return v == value },
		Observe: func(_ *ir.Value, t *host.Tensor) {
			if times--; times == 0 {
				last = t.Clone()
				stop()
			}
		},
		Progress: func(done, total int) { j.step("running", done, total) },
	})
	if last != nil { // that the call was stopped is no error
		return last, nil
	}
	if err == nil {
		err = errors.New("the value did not come again")
	}
	return nil, err
}

// compiled gives a model's program for an engine.
func (s *Server) compiled(ctx context.Context, m *model, engine backend.Backend, j *job) (backend.Program, error) {
	return m.engines.program(ctx, s.jobs.ctx, m.module, engine, s.opt.Warn, j)
}

// run finds a run; it may still be going on.
func (s *Server) run(r *http.Request) (*run, error) {
	c := s.runs.get(r.PathValue("run"))
	if c == nil {
		return nil, notFound("there is no run %q", r.PathValue("run"))
	}
	return c, nil
}

// runInfo is what the page says of a run.
type runInfo struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Model  string `json:"model"`
	Func   string `json:"func"`
	Engine string `json:"backend"`
	Values []int  `json:"values"` // the numbers of those that were computed
}

// getRun says which values the run has.
func (s *Server) getRun(r *http.Request) (any, error) {
	c, err := s.run(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	values := []int{}
	for id := range c.program.values {
		if c.values[id] != nil {
			values = append(values, id)
		}
	}
	return runInfo{c.job.ID, c.job.Title, c.model.job.ID, c.program.fn.Name, c.engine, values}, nil
}

// unseen is why a run has no value.
func (c *run) unseen() error {
	return notFound("the run did not show this value: it is inside a kernel that the engine %s runs as a whole, or was not reached", c.engine)
}

// runValue is the run and the number of the value that a request is about.
func (s *Server) runValue(r *http.Request) (*run, int, error) {
	c, err := s.run(r)
	if err != nil {
		return nil, 0, err
	}
	id, err := strconv.Atoi(r.PathValue("value"))
	if err != nil || id < 0 || id >= len(c.program.values) {
		return nil, 0, notFound("@%s has no value %q", c.program.fn.Name, r.PathValue("value"))
	}
	return c, id, nil
}
