package debugger

import "net/http"

// deleteModel gives back a model, with its runs and the comparisons that it is a side of.
func (s *Server) deleteModel(r *http.Request) (any, error) {
	id := r.PathValue("model")
	m := s.models.get(id)
	if m == nil || len(s.models.take(func(x *model) bool { return x == m })) == 0 {
		return nil, notFound("there is no model %q", id)
	}
	ids := []string{id}
	ids = append(ids, s.runs.take(func(c *run) bool { return c.model == m })...)
	ids = append(ids, s.compares.take(func(c *comparison) bool { return c.sides[0].Model == id || c.sides[1].Model == id })...)
	s.giveBack(ids, m.engines.close)
	return struct{}{}, nil
}

// deleteRun gives back a run.
func (s *Server) deleteRun(r *http.Request) (any, error) {
	id := r.PathValue("run")
	if ids := s.runs.take(func(c *run) bool { return c.job.ID == id }); len(ids) == 0 {
		return nil, notFound("there is no run %q", id)
	}
	s.giveBack([]string{id}, nil)
	return struct{}{}, nil
}

// deleteComparison gives back a comparison.
func (s *Server) deleteComparison(r *http.Request) (any, error) {
	id := r.PathValue("comparison")
	if ids := s.compares.take(func(c *comparison) bool { return c.job.ID == id }); len(ids) == 0 {
		return nil, notFound("there is no comparison %q", id)
	}
	s.giveBack([]string{id}, nil)
	return struct{}{}, nil
}

// giveBack ends the jobs of some names, with the looks at them, and gives back what they hold once they have ended. Nobody waits for that.
// Files stay mapped: tensors that others have may lie in them.
func (s *Server) giveBack(ids []string, closing func() error) {
	ended := s.jobs.remove(ids...)
	s.jobs.group.Add(1)
	go func() {
		defer s.jobs.group.Done()
		for _, j := range ended {
			<-j.ended
		}
		s.drop(ids...)
		if closing == nil {
			return
		}
		if err := closing(); err != nil {
			s.opt.Warn(err.Error())
		}
	}()
}

// drop gives back all values and texts of some jobs.
func (s *Server) drop(ids ...string) {
	for _, id := range ids {
		s.runValues.drop(id)
		s.pointValues.drop(id)
		s.stageTexts.drop(id)
	}
}
