package debugger

import (
	"context"

	"github.com/aiopt/aiopt/tools/compare"
)

// place is one thing of a model, a run or a comparison: a stage, a value, a point.
type place struct {
	of     string // the name of its job
	number int
}

// look computes what a request looks at: once for all requests that wait for the same, with nothing locked meanwhile.
func look[V any](ctx context.Context, s *Server, all *flights[place, V], at place, title string, of *job, work func(context.Context, *job) (V, error)) (V, error) {
	return all.join(ctx, s.jobs.ctx, at, func(ctx context.Context) (V, error) {
		var got V
		err := s.jobs.look(ctx, title, of, func(ctx context.Context, j *job) (err error) {
			got, err = work(ctx, j)
			return err
		})
		return got, err
	})
}

// watched is a side that tells a job how far it has run.
func watched(s compare.Side, j *job) compare.Side {
	p, ok := s.(*compare.Program)
	if !ok {
		return s
	}
	told := *p
	told.Progress = func(done, total int) { j.step("running", done, total) }
	return &told
}
