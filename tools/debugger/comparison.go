package debugger

import (
	"context"
	"net/http"
	"sync"

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
	named    bool        // the request names the function
	given    []pass.Call // what both sides are called with; nil: to choose
	wanted   string      // the preset that the request names

	mu        sync.Mutex
	points    map[pointName]compare.Point // until the report is there
	order     []pointName                 // as they came
	called    []string                    // the function of each call of the tested side
	preset    metric.Preset               // of the points so far
	report    *compare.Report
	tested    compare.Side
	reference compare.Side
}

// pointName tells points apart: several calls have tensors of one name.
type pointName struct {
	call     int
	fn, name string
}

// compareAsk is a request to compare.
type compareAsk struct {
	Tested    sideAsk `json:"tested"`
	Reference sideAsk `json:"reference"` // without a model: saved values, otherwise the tested model as it was exported
	Func      string  `json:"func"`
	Inputs    string  `json:"inputs"` // the run whose inputs both get; empty for the first of sides.Sources
	Preset    string  `json:"preset"`
}

// postCompare begins a comparison.
func (s *Server) postCompare(r *http.Request) (any, error) {
	var ask compareAsk
	if err := readAsk(r, &ask, "tested and reference"); err != nil {
		return nil, err
	}
	tested, p, err := s.testedSide(ask.Tested, ask.Func)
	if err != nil {
		return nil, err
	}
	c := &comparison{model: tested.model, function: p.fn.Name, named: ask.Func != "", wanted: ask.Preset, preset: metric.Presets()[0], points: map[pointName]compare.Point{}}
	if ask.Preset != "" {
		if _, err := metric.FindPreset(ask.Preset); err != nil {
			return nil, badRequest("%v", err)
		}
	}
	if ask.Inputs != "" {
		run := s.runs.get(ask.Inputs)
		if run == nil || run.program.fn.Name != c.function {
			return nil, notFound("%q is no run of @%s", ask.Inputs, c.function)
		}
		c.given = []pass.Call{{Func: c.function, In: run.inputs}}
	}
	reference, err := s.referenceSide(ask.Reference, tested)
	if err != nil {
		return nil, err
	}
	c.sides = [2]sideInfo{tested.info(), reference.info()}
	c.job = &job{Kind: comparing, Title: c.sides[0].Title + " against " + c.sides[1].Title, Model: tested.model.job.ID}
	for _, d := range []*side{tested, reference} {
		if d.model != nil {
			c.job.of = append(c.job.of, d.model.job.ID)
		}
	}
	err = s.jobs.begin(c.job, func() { s.compares.put(c.job.ID, c) }, func(ctx context.Context) error { return s.compareAll(ctx, c, [2]*side{tested, reference}) })
	return begun{c.job.ID}, err
}

// compareAll opens the sides and compares them.
func (s *Server) compareAll(ctx context.Context, c *comparison, both [2]*side) error {
	opened, err := s.openSides(ctx, c, both)
	if err != nil {
		return err
	}
	chosen, err := compare.ChoosePreset(c.wanted, opened[0].Info(), opened[1].Info())
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.preset = chosen
	c.mu.Unlock()
	c.job.step("comparing", 0, 0)
	report, err := compare.Run(ctx, opened[0], opened[1], compare.Options{
		Preset:   c.wanted,
		Point:    c.note,
		Progress: func(done, total int) { c.job.step("comparing", done, total) },
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report, c.tested, c.reference = report, opened[0], opened[1]
	return nil
}

// note keeps a point that has come, or come again.
func (c *comparison) note(p compare.Point) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := pointName{p.Call, p.Func, p.Name}
	if _, known := c.points[at]; !known {
		c.order = append(c.order, at)
	}
	c.points[at] = p
}

// compare finds a comparison; it may still be going on.
func (s *Server) comparison(r *http.Request) (*comparison, error) {
	c := s.compares.get(r.PathValue("comparison"))
	if c == nil {
		return nil, notFound("there is no comparison %q", r.PathValue("comparison"))
	}
	return c, nil
}
