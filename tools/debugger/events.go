package debugger

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// events streams the jobs as server-sent events: first all of them, then each that changed. It is one stream for all, as a
// browser keeps few connections to a host open.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	flusher, ok := w.(http.Flusher)
	if !ok {
		writeError(w, problem{http.StatusInternalServerError, "this connection cannot stream"})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	for version := uint64(0); ; {
		list, now, changed := s.jobs.since(version)
		version = now
		for i := range list {
			data, err := json.Marshal(&list[i])
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
				return
			}
		}
		flusher.Flush()
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(pause):
		}
	}
}

func (s *Server) cancelJob(r *http.Request) (any, error) {
	id := r.PathValue("job")
	if !s.jobs.stop(id) {
		return nil, notFound("there is no job %q", id)
	}
	return struct{}{}, nil
}
