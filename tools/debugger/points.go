package debugger

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/metric"
)

// pointInfo is a point as the list shows it.
type pointInfo struct {
	Index   int    `json:"index"`
	Call    int    `json:"call"` // which one of the run, counted from 0
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

// pointsInfo is a comparison, by one metric.
type pointsInfo struct {
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
	Summary   summaryInfo         `json:"summary"`
}

// summaryInfo counts the tensors of a comparison; while it runs, those that have come so far.
type summaryInfo struct {
	Seen   int `json:"seen"`   // on both sides
	Unseen int `json:"unseen"` // on one of them, or on both
	Inside int `json:"inside"` // of those, inside kernels that engines run as a whole
}

func summaryOf(r *compare.Report) summaryInfo {
	sum := summaryInfo{Seen: len(r.Points), Unseen: len(r.Unmatched)}
	for _, u := range r.Unmatched {
		if u.InsideKernel() {
			sum.Inside++
		}
	}
	return sum
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
		info := listed(point, m, report.Preset)
		if n, ok := p.claimed[point.Name]; ok && c.called[point.Call] == c.function {
			info.Node = int(n)
		}
		points = append(points, info)
	}
	green, red, _ := report.Preset.Limits(m)
	return pointsInfo{c.job.ID, c.sides[0], c.sides[1], c.report != nil, infoOf(m), report.Preset.Name, m.Format(green), m.Format(red), points, report.Unmatched, summaryOf(&report)}, nil
}

// soFar is the report, or what there is of it while the comparison runs.
func (c *comparison) soFar() compare.Report {
	if c.report != nil {
		return *c.report
	}
	report := compare.Report{Preset: c.preset, Unmatched: []compare.Unmatched{}}
	for _, at := range c.order {
		report.Points = append(report.Points, c.points[at])
	}
	return report
}

func listed(point *compare.Point, m metric.Metric, preset metric.Preset) pointInfo {
	verdict := point.Judge(m, preset)
	info := pointInfo{
		Index: point.Index, Call: point.Call, Name: point.Name, Module: point.Module, Op: point.Tested.Op, Node: -1,
		Value: metric.Number(point.Value(m)), Text: m.Text(point.Scores), Verdict: verdict.String(), Mark: verdict.Mark(),
		Peaky: point.Scores != nil && point.Scores.Peaky(),
	}
	if point.Local != nil {
		info.Local, info.Guilty = point.Local.Verdict.String(), point.Local.Guilty
	}
	return info
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
	c, i, err := s.pointOf(r)
	if err != nil {
		return nil, err
	}
	return c.describe(i), nil
}

// pointOf is the point that a request names.
func (s *Server) pointOf(r *http.Request) (*comparison, int, error) {
	c, err := s.comparison(r)
	if err != nil {
		return nil, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := strconv.Atoi(r.PathValue("point"))
	switch {
	case c.report == nil:
		return nil, 0, problem{http.StatusConflict, "the comparison is not complete yet"}
	case err != nil || i < 0 || i >= len(c.report.Points):
		return nil, 0, notFound("the comparison has no point %q", r.PathValue("point"))
	}
	return c, i, nil
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

// pointDetail is all that is known of a point.
type pointDetail struct {
	Index     int         `json:"index"`
	Name      string      `json:"name"`
	Tier      string      `json:"tier"`
	Tested    compare.End `json:"tested"`
	Reference compare.End `json:"reference"`
	Problem   string      `json:"problem"`
	Turns     int         `json:"turns"`
	Scores    []score     `json:"scores"`
	Local     *localInfo  `json:"local"`
}

// localInfo is what the operation of a point gives alone.
type localInfo struct {
	Scores  []score  `json:"scores"`
	Guilty  bool     `json:"guilty"`
	Ops     []string `json:"ops"`
	Problem string   `json:"problem"`
}

func (c *comparison) describe(i int) pointDetail {
	c.mu.Lock()
	p := c.report.Points[i]
	c.mu.Unlock()
	var local *localInfo
	if p.Local != nil {
		local = &localInfo{c.scores(p.Local.Scores), p.Local.Guilty, p.Local.Ops, p.Local.Problem}
	}
	return pointDetail{p.Index, p.Name, p.Tier.String(), p.Tested, p.Reference, p.Problem, p.Turns, c.scores(p.Scores), local}
}
