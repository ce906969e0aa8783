package debugger

import (
	"net/http"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/graph"
)

// profileInfo is what each node, and what each module by its own nodes, takes.
type profileInfo struct {
	Bytes []int64 `json:"bytes"` // of the data that each node names
	Nanos []int64 `json:"nanos"` // that each node took in a run; empty without one
}

func (s *Server) getProfile(r *http.Request) (any, error) {
	_, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	info := profileInfo{Bytes: p.weightBytes(), Nanos: []int64{}}
	if id := r.FormValue("run"); id != "" {
		c := s.runs.get(id)
		if c == nil || c.program != p {
			return nil, notFound("%q is no run of @%s of this model", id, p.fn.Name)
		}
		info.Nanos = make([]int64, p.tree.Len())
		c.mu.Lock()
		defer c.mu.Unlock()
		for n := range info.Nanos {
			info.Nanos[n] = c.nanos[graph.Node(n)]
		}
	}
	return info, nil
}

// weightBytes gives the bytes of the data that each node names, those of data with several names once.
func (p *program) weightBytes() []int64 {
	sizes := map[string]int64{}
	for _, r := range p.module.Resources {
		if shape, ok := r.Type.Static(); ok {
			if n, err := host.SizeBytes(r.Type.Elem, shape); err == nil {
				sizes[r.Name] = int64(n)
			}
		}
	}
	out := make([]int64, p.tree.Len())
	for n := range out {
		if op := p.tree.Op(graph.Node(n)); op != nil {
			op.Symbols(func(name string) {
				out[n] += sizes[name]
				sizes[name] = 0
			})
		}
	}
	return out
}
