package debugger

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/metric"
)

// comparison is two runs side by side. Its points are there as they come; once its job is done the report has all.
type comparison struct {
	job      *job
	sides    [2]sideInfo
	model    *model // the tested one, whose nodes have the points
	function string

	mu        sync.Mutex
	points    map[string]compare.Point // by name, until the report is there
	order     []string                 // the names as they came
	preset    metric.Preset            // of the points so far
	report    *compare.Report
	tested    *compare.Program
	reference compare.Side
}

// sideAsk names a side: a model with an engine, or saved values.
type sideAsk struct {
	Model  string `json:"model"`
	Engine string `json:"backend"`
}

// sideInfo is what the page shows of a side.
type sideInfo struct {
	sideAsk
	Title string `json:"title"`
}

// compareAsk is a request to compare.
type compareAsk struct {
	Tested    sideAsk `json:"tested"`
	Reference sideAsk `json:"reference"`
	Func      string  `json:"func"`
	Inputs    string  `json:"inputs"` // the run whose inputs both get; empty for those of the saved values, of the export, or made ones
	Preset    string  `json:"preset"`
}

// postCompare begins a comparison.
func (s *Server) postCompare(r *http.Request) (any, error) {
	var ask compareAsk
	if err := readAsk(r, &ask, "tested and reference"); err != nil {
		return nil, err
	}
	tested, err := s.side(ask.Tested, ask.Func)
	if err != nil {
		return nil, err
	}
	reference, err := s.side(ask.Reference, ask.Func)
	if err != nil {
		return nil, err
	}
	if tested.saved != nil {
		return nil, badRequest("saved values can be the reference only; expected a model as the tested side")
	}
	if ask.Preset != "" {
		if _, err := metric.FindPreset(ask.Preset); err != nil {
			return nil, badRequest("%v", err)
		}
	}
	in, err := s.sharedInputs(ask.Inputs, tested, reference)
	if err != nil {
		return nil, err
	}
	c := &comparison{model: tested.model, function: tested.program.fn.Name, sides: [2]sideInfo{tested.info(), reference.info()}, preset: metric.Presets()[0], points: map[string]compare.Point{}}
	c.job = s.jobs.add(comparing, c.sides[0].Title+" against "+c.sides[1].Title, tested.model.job.ID)
	s.compares.put(c.job.ID, c)
	c.job.run(func(ctx context.Context) error { return c.all(ctx, s, tested, reference, in, ask.Preset) })
	return map[string]string{"id": c.job.ID}, nil
}

// side is one that a request names.
type side struct {
	model   *model
	program *program
	engine  backend.Backend
	saved   *saved
}

func (s *Server) side(ask sideAsk, fn string) (*side, error) {
	if v := s.saved.get(ask.Model); v != nil {
		return &side{saved: v}, nil
	}
	m, err := s.modelOf(ask.Model)
	if err != nil {
		return nil, err
	}
	p, err := m.program(fn)
	if err != nil {
		return nil, err
	}
	engine := s.tk.Backend(ask.Engine)
	if engine == nil {
		return nil, badRequest("there is no engine %q", ask.Engine)
	}
	return &side{model: m, program: p, engine: engine}, nil
}

func (d *side) info() sideInfo {
	if d.saved != nil {
		return sideInfo{sideAsk{Model: d.saved.id}, d.saved.title}
	}
	return sideInfo{sideAsk{d.model.job.ID, d.engine.Name()}, d.model.job.Title + " on " + d.engine.Name()}
}

// sharedInputs are what both sides are called with: those of a run, of the saved values, of the export, or made ones.
func (s *Server) sharedInputs(run string, tested, reference *side) ([]*host.Tensor, error) {
	switch {
	case run != "":
		c := s.runs.get(run)
		if c == nil || c.program.fn.Name != tested.program.fn.Name {
			return nil, notFound("%q is no run of @%s", run, tested.program.fn.Name)
		}
		return c.inputs, nil
	case reference.saved != nil:
		return reference.saved.inputs(tested.program.fn)
	}
	if list := tested.model.examples(tested.program.fn); list != nil {
		return list, nil
	}
	k := maker{server: s, sig: backend.SignatureOf(tested.program.fn), sizes: map[string]int64{}}
	return k.inputs()
}

// open makes a side ready to run.
func (d *side) open(ctx context.Context, s *Server, in []*host.Tensor, j *job) (compare.Side, error) {
	if d.saved != nil {
		return compare.NewSaved(d.saved.set), nil
	}
	compiled, err := s.compiled(ctx, d.model, d.engine, j)
	if err != nil {
		return nil, err
	}
	p := &compare.Program{
		Module: d.model.module, Backend: d.engine, Compiled: compiled, Title: d.info().Title,
		Calls: []pass.Call{{Func: d.program.fn.Name, In: slices.Clone(in)}},
	}
	return p, p.Open(ctx)
}

func (c *comparison) all(ctx context.Context, s *Server, tested, reference *side, in []*host.Tensor, preset string) error {
	t, err := tested.open(ctx, s, in, c.job)
	if err != nil {
		return err
	}
	r, err := reference.open(ctx, s, in, c.job)
	if err != nil {
		return err
	}
	chosen, err := compare.ChoosePreset(preset, t.Info(), r.Info())
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.preset = chosen
	c.mu.Unlock()
	c.job.step("comparing", 0, 0)
	report, err := compare.Run(ctx, t, r, compare.Options{
		Preset:   preset,
		Point:    c.note,
		Progress: func(done, total int) { c.job.step("comparing", done, total) },
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report, c.reference = report, r
	c.tested, _ = t.(*compare.Program)
	return nil
}

// note keeps a point that has come, or come again.
func (c *comparison) note(p compare.Point) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.points[p.Name]; !known {
		c.order = append(c.order, p.Name)
	}
	c.points[p.Name] = p
}

// compare finds a comparison; it may still be going on.
func (s *Server) comparison(r *http.Request) (*comparison, error) {
	c := s.compares.get(r.PathValue("comparison"))
	if c == nil {
		return nil, notFound("there is no comparison %q", r.PathValue("comparison"))
	}
	return c, nil
}
