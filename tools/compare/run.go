package compare

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// Options say how to compare.
type Options struct {
	Metric metric.Metric // decides verdicts, and which turn of a loop is the worst; zero: PSNR
	Preset string        // of limits; empty: chosen from what was done to the tested side and not to the reference
	Pins   []Pin
	// Memory is how many bytes values may take that wait for their counterparts, beyond what the runs have themselves; what is more goes
	// to a temporary file. 0: 24 MB.
	Memory int64
	// Point is called with each point as soon as it has scores, and again where a later turn is worse. It must not call back.
	Point func(Point)
	// Progress is called from time to time.
	Progress func(done, total int)
}

// Run compares two sides: both run at the same time, and values are compared as they come. An error of one side ends the other.
func Run(ctx context.Context, testedSide, referenceSide Side, opt Options) (*Report, error) {
	if opt.Metric.Name == "" {
		opt.Metric = metric.Metrics()[0]
	}
	preset, err := ChoosePreset(opt.Preset, testedSide.Info(), referenceSide.Info())
	if err != nil {
		return nil, err
	}
	match, err := Matching(testedSide, referenceSide, opt.Pins)
	if err != nil {
		return nil, err
	}
	s := &session{opt: opt, preset: preset, match: match, sides: [2]Side{testedSide, referenceSide}, points: map[*Pair]*Point{}}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	return s.report(), nil
}

// ChoosePreset finds the preset of a name; for an empty one it is the loosest of what only the tested side has.
func ChoosePreset(name string, t, r Info) (metric.Preset, error) {
	if name != "" {
		return metric.FindPreset(name)
	}
	all := metric.Presets()
	chosen := all[0]
	for _, p := range all {
		if slices.Contains(t.Schemes, p.Name) && !slices.Contains(r.Schemes, p.Name) && p.Green < chosen.Green {
			chosen = p
		}
	}
	return chosen, nil
}

// session is one comparison.
type session struct {
	opt    Options
	preset metric.Preset
	match  *Match
	sides  [2]Side
	points map[*Pair]*Point
	m      *meeting
}

func (s *session) run(ctx context.Context) error {
	s.m = newMeeting(s.match.Pairs, s.sides, s.opt.Memory)
	s.m.compare = s.compare
	defer s.m.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.m.abort = cancel
	defer s.m.watch(ctx)()
	done := make(chan int, len(s.sides))
	for at := range s.sides {
		go func() {
			s.m.end(at, s.show(ctx, at))
			done <- at
		}()
	}
	for range s.sides {
		<-done
	}
	return s.m.failure()
}

// show runs one side.
func (s *session) show(ctx context.Context, at int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error while the %s side ran: %v\n%s", sideNames[at], p, debug.Stack())
		}
	}()
	members := map[*Value][]*Pair{}
	claims := map[*Value]map[*Pair]Candidate{}
	for _, p := range s.match.Pairs {
		for _, c := range [2][]Candidate{p.Tested, p.Reference}[at] {
			if claims[c.Value] == nil {
				claims[c.Value] = map[*Pair]Candidate{}
			}
			if _, twice := claims[c.Value][p]; !twice {
				members[c.Value] = append(members[c.Value], p)
				claims[c.Value][p] = c
			}
		}
	}
	err = s.sides[at].Show(ctx, func(v *Value) bool { return members[v] != nil }, func(v *Value, t *host.Tensor) {
		for _, p := range members[v] {
			s.m.show(at, p, claims[v][p], t)
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		err = fmt.Errorf("the %s side, %w", sideNames[at], err)
	}
	return err
}

// compare measures one pair; the meeting calls it one at a time.
func (s *session) compare(p *Pair, turn int, values [2]*host.Tensor, by [2]Candidate) error {
	point := s.points[p]
	fresh := point == nil
	if fresh {
		point = newPoint(p, by)
		s.points[p] = point
		if s.opt.Progress != nil {
			s.opt.Progress(len(s.points), len(s.match.Pairs))
		}
	}
	point.Turns++
	scores, err := measure(values, by, rowsOf(by, s.opt.Metric))
	if !fresh && worse(s.opt.Metric, scores, point.Scores) >= 0 {
		return nil
	}
	if point.Scores = scores; err != nil {
		point.Problem = err.Error()
	}
	point.Turn = turn
	point.Tested.Shape, point.Reference.Shape = slices.Clone(values[0].Shape), slices.Clone(values[1].Shape)
	point.Verdict = point.Judge(s.opt.Metric, s.preset)
	if s.opt.Point != nil {
		s.opt.Point(*point)
	}
	return nil
}

// measure compares two values after what their claims say has been undone.
func measure(values [2]*host.Tensor, by [2]Candidate, rows metric.Distribution) (*metric.Scores, error) {
	aligned, err := align(values, [2]ir.Claim{by[0].Claim, by[1].Claim})
	if err != nil {
		return nil, err
	}
	return metric.Measure(aligned[0], aligned[1], metric.Options{Rows: rows})
}

func newPoint(p *Pair, by [2]Candidate) *Point {
	r := by[1]
	point := &Point{Call: r.Call, Func: r.Func, Name: p.Name, Also: p.Also, Tier: p.Tier, Tested: endOf(by[0]), Reference: endOf(r), by: by}
	for _, c := range []Candidate{r, by[0]} { // text and saved files may have been stripped of it
		if !c.Loc.IsUnknown() {
			leaf := c.Loc.Leaves()[0]
			point.Module, point.Class = leaf.Path, leaf.Class
			if len(leaf.Stack) > 0 {
				point.Source = fmt.Sprintf("%s:%d", leaf.Stack[0].File, leaf.Stack[0].Line)
			}
			break
		}
	}
	return point
}

// report puts together what was found.
func (s *session) report() *Report {
	r := &Report{Tested: s.sides[0].Info(), Reference: s.sides[1].Info(), Metric: s.opt.Metric, Preset: s.preset, Chosen: s.opt.Preset != "", Unmatched: s.match.Unmatched, Spilled: s.m.store.spilled}
	for _, p := range s.match.Pairs {
		if point := s.points[p]; point != nil {
			point.Index = len(r.Points)
			r.Points = append(r.Points, *point)
			continue
		}
		r.Unmatched = append(r.Unmatched, s.notShown(p))
	}
	s.outputs(r)
	return r
}

// outputs notes which outputs of the reference are not compared.
func (s *session) outputs(r *Report) {
	compared := map[*Value]bool{}
	for p := range s.points {
		for _, c := range p.Reference {
			compared[c.Value] = true
		}
	}
	for _, v := range s.sides[1].Values() {
		if v.Output == "" || v.Kind == Given || compared[v] {
			continue
		}
		at := slices.IndexFunc(r.Unmatched, func(u Unmatched) bool {
			return u.Call == v.Call && u.Func == "" && slices.ContainsFunc(v.Claims, func(c ir.Claim) bool { return c.Tensor == u.Name })
		})
		if at < 0 {
			at = len(r.Unmatched)
			r.Unmatched = append(r.Unmatched, Unmatched{Name: v.Name, Call: v.Call, Op: v.Op, Module: v.Module(), Shape: v.Shape, Float: v.Float, Missing: tested,
				Reason: "no counterpart: the tested side has no output " + v.Output})
		}
		r.Unmatched[at].Output, r.Unmatched[at].order = v.Output, v.Order
	}
}

// notShown says why a pair has not become a point.
func (s *session) notShown(p *Pair) Unmatched {
	c := p.Reference[0]
	u := Unmatched{Name: p.Name, Call: c.Call, Func: c.Func, Op: c.Op, Module: c.Module(), Shape: c.Shape, Float: c.Float, order: c.Order}
	var missing []int
	for at := range s.sides {
		if _, shown := s.m.sides[at].taken[p]; !shown {
			missing = append(missing, at)
		}
	}
	switch len(missing) {
	case 0:
		u.Missing, u.Reason = both, "the two runs computed it at places that do not fit together"
	case 1:
		at := missing[0]
		u.Missing = sideNames[at]
		u.Reason = unseen([2][]Candidate{p.Tested, p.Reference}[at], "the "+sideNames[at]+" side", s.sides[at].Info().How+" does not expose")
	default:
		u.Missing, u.Reason = both, unseen(slices.Concat(p.Tested, p.Reference), "either side", "neither side exposes")
	}
	return u
}
