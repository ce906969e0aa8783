package debugger

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/metric"
)

// pointInfo is a point as the list shows it.
type pointInfo struct {
	Index   int    `json:"index"`
	Name    string `json:"name"`
	Module  string `json:"module"`
	Op      string `json:"op"`
	Node    int    `json:"node"` // in the tested model; -1 where it has none
	Value   any    `json:"value"`
	Text    string `json:"text"`
	Verdict string `json:"verdict"`
	Mark    string `json:"mark"`
	Peaky   bool   `json:"peaky"`
	Local   string `json:"local,omitempty"` // the verdict of the operation alone
	Guilty  bool   `json:"guilty,omitempty"`
}

// getPoints lists the points by a metric, with those that have come so far while the comparison runs.
func (s *Server) getPoints(r *http.Request) (any, error) {
	c, err := s.comparison(r)
	if err != nil {
		return nil, err
	}
	m, err := metric.Find(cmp.Or(r.FormValue("metric"), metric.Names()[0]))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	report := c.soFar()
	report.Metric = m
	p, err := c.model.program(c.function)
	if err != nil {
		return nil, err
	}
	points := []pointInfo{}
	for _, point := range report.Sorted(compare.WorstFirst) {
		points = append(points, listed(point, m, report.Preset, p))
	}
	green, red, _ := report.Preset.Limits(m)
	return struct {
		ID        string              `json:"id"`
		Tested    sideInfo            `json:"tested"`
		Reference sideInfo            `json:"reference"`
		Complete  bool                `json:"complete"`
		Metric    metricInfo          `json:"metric"`
		Preset    string              `json:"preset"`
		Green     string              `json:"green"`
		Red       string              `json:"red"`
		Points    []pointInfo         `json:"points"`
		Unmatched []compare.Unmatched `json:"unmatched"`
	}{c.job.ID, c.sides[0], c.sides[1], c.report != nil, infoOf(m), report.Preset.Name, m.Format(green), m.Format(red), points, report.Unmatched}, nil
}

// soFar is the report, or what there is of it while the comparison runs.
func (c *comparison) soFar() compare.Report {
	if c.report != nil {
		return *c.report
	}
	report := compare.Report{Preset: metric.Presets()[0], Unmatched: []compare.Unmatched{}}
	for _, name := range c.order {
		report.Points = append(report.Points, c.points[name])
	}
	return report
}

func listed(point *compare.Point, m metric.Metric, preset metric.Preset, p *program) pointInfo {
	verdict := point.Judge(m, preset)
	info := pointInfo{
		Index: point.Index, Name: point.Name, Module: point.Module, Op: point.Tested.Op, Node: -1,
		Value: metric.Number(point.Value(m)), Text: m.Text(point.Scores), Verdict: verdict.String(), Mark: verdict.Mark(),
		Peaky: point.Scores != nil && point.Scores.Peaky(),
	}
	if n, ok := p.claimed[point.Name]; ok {
		info.Node = int(n)
	}
	if point.Local != nil {
		info.Local, info.Guilty = point.Local.Verdict.String(), point.Local.Guilty
	}
	return info
}

// point reads the number of a point from a request; the comparison must be complete.
func (c *comparison) point(r *http.Request) (int, error) {
	i, err := strconv.Atoi(r.PathValue("point"))
	switch {
	case c.report == nil:
		return 0, problem{http.StatusConflict, "the comparison is not complete yet"}
	case err != nil || i < 0 || i >= len(c.report.Points):
		return 0, notFound("the comparison has no point %q", r.PathValue("point"))
	}
	return i, nil
}

// metricInfo is a metric for the page.
type metricInfo struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Unit  string `json:"unit"`
	Doc   string `json:"doc"`
}

func infoOf(m metric.Metric) metricInfo { return metricInfo{m.Name, m.Title, m.Unit, m.Doc} }

// getPoint gives all metrics of a point.
func (s *Server) getPoint(r *http.Request) (any, error) {
	return s.atPoint(r, func(*comparison, int) error { return nil })
}

// atPoint does something about the point that a request names, and describes it.
func (s *Server) atPoint(r *http.Request, do func(c *comparison, point int) error) (any, error) {
	c, err := s.comparison(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := c.point(r)
	if err != nil {
		return nil, err
	}
	if err := do(c, i); err != nil {
		return nil, err
	}
	return c.describe(&c.report.Points[i]), nil
}

// score is a metric of a point as text.
type score struct {
	metricInfo
	Text    string `json:"text"`
	Verdict string `json:"verdict"`
	Mark    string `json:"mark"`
}

func (c *comparison) scores(s *metric.Scores) []score {
	list := []score{}
	if s == nil {
		return list
	}
	for _, m := range metric.Metrics() {
		v := c.report.Preset.Judge(s, m)
		list = append(list, score{infoOf(m), m.Text(s), v.String(), v.Mark()})
	}
	return list
}

func (c *comparison) describe(p *compare.Point) any {
	type localInfo struct {
		Scores  []score  `json:"scores"`
		Guilty  bool     `json:"guilty"`
		Ops     []string `json:"ops"`
		Problem string   `json:"problem"`
	}
	var local *localInfo
	if p.Local != nil {
		local = &localInfo{c.scores(p.Local.Scores), p.Local.Guilty, p.Local.Ops, p.Local.Problem}
	}
	return struct {
		Index     int         `json:"index"`
		Name      string      `json:"name"`
		Tier      string      `json:"tier"`
		Tested    compare.End `json:"tested"`
		Reference compare.End `json:"reference"`
		Problem   string      `json:"problem"`
		Turns     int         `json:"turns"`
		Scores    []score     `json:"scores"`
		Local     *localInfo  `json:"local"`
	}{p.Index, p.Name, p.Tier.String(), p.Tested, p.Reference, p.Problem, p.Turns, c.scores(p.Scores), local}
}

// postLocal runs the operation of a point alone, on what the reference has computed before it.
func (s *Server) postLocal(r *http.Request) (any, error) {
	return s.atPoint(r, func(c *comparison, i int) error {
		if err := compare.LocalErrors(r.Context(), c.tested, c.reference, c.report, []int{i}, compare.Options{}); err != nil {
			return fmt.Errorf("the operation could not be run alone: %w", err)
		}
		return nil
	})
}

// lookedAt is the point whose values were looked at last: both, and their difference.
type lookedAt struct {
	point  int
	values map[string]*host.Tensor
}

// tensor gives one of the values of a point: tested, reference, or their difference.
func (c *comparison) tensor(ctx context.Context, r *http.Request) (*host.Tensor, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := c.point(r)
	if err != nil {
		return nil, err
	}
	if c.looked.values == nil || c.looked.point != i {
		both, err := compare.Tensors(ctx, c.tested, c.reference, &c.report.Points[i])
		if err != nil {
			return nil, err
		}
		c.looked = lookedAt{i, map[string]*host.Tensor{"tested": both[0], "reference": both[1]}}
		if c.report.Points[i].Scores != nil {
			c.looked.values["difference"] = minus(both[0], both[1])
		}
	}
	t := c.looked.values[r.PathValue("side")]
	if t == nil {
		return nil, notFound("the point has no %q; it has tested, reference and, where they fit, difference", r.PathValue("side"))
	}
	return t, nil
}

// minus is the difference of two tensors of one shape.
func minus(a, b *host.Tensor) *host.Tensor {
	out := host.New(host.F32, a.Shape...)
	to := host.Raw[float32](out)
	y := numbers(b)
	for i, x := range numbers(a) {
		to[i] = float32(x - y[i])
	}
	return out
}
