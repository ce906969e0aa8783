package debugger

import "net/http"

// deleteModel gives back a model, with its runs and the comparisons that it is a side of.
func (s *Server) deleteModel(r *http.Request) (any, error) {
	id := r.PathValue("model")
	m := s.models.get(id)
	if m == nil {
		return nil, notFound("there is no model %q", id)
	}
	return struct{}{}, s.giveBack(id, m.engines.close)
}

// deleteRun gives back a run.
func (s *Server) deleteRun(r *http.Request) (any, error) {
	id := r.PathValue("run")
	if s.runs.get(id) == nil {
		return nil, notFound("there is no run %q", id)
	}
	return struct{}{}, s.giveBack(id, nil)
}

// deleteComparison gives back a comparison.
func (s *Server) deleteComparison(r *http.Request) (any, error) {
	id := r.PathValue("comparison")
	if s.compares.get(id) == nil {
		return nil, notFound("there is no comparison %q", id)
	}
	return struct{}{}, s.giveBack(id, nil)
}

// giveBack ends a job with those that are of it, and gives back what they hold once they have ended. Nobody waits for that.
// Files stay mapped: tensors that others have may lie in them.
func (s *Server) giveBack(id string, closing func() error) error {
	taken := s.jobs.remove(id)
	if len(taken) == 0 { // another request was faster
		return notFound("there is no job %q", id)
	}
	var ids []string
	for _, j := range taken {
		ids = append(ids, j.ID)
	}
	s.models.drop(ids)
	s.runs.drop(ids)
	s.compares.drop(ids)
	s.jobs.afterwards(func() {
		for _, j := range taken {
			<-j.ended
		}
		s.drop(ids...)
		if closing == nil {
			return
		}
		if err := closing(); err != nil {
			s.opt.Warn(err.Error())
		}
	})
	return nil
}

// drop gives back all values and texts of some jobs.
func (s *Server) drop(ids ...string) {
	for _, id := range ids {
		s.runValues.drop(id)
		s.pointValues.drop(id)
		s.stageTexts.drop(id)
	}
}
