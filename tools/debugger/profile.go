package debugger

import (
	"net/http"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// profileInfo is what each node, and what each module by its own nodes, takes.
type profileInfo struct {
	Bytes []int64 `json:"bytes"` // of the constants that each node is the first to use
	Nanos []int64 `json:"nanos"` // that each node took in a run; empty without one
}

func (s *Server) getProfile(r *http.Request) (any, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, err
	}
	p, err := m.program(r)
	if err != nil {
		return nil, err
	}
	info := profileInfo{Bytes: p.weightBytes(), Nanos: []int64{}}
	if id := r.FormValue("run"); id != "" {
		c := s.runs.get(id)
		if c == nil || c.program != p {
			return nil, notFound("%q is no run of @%s of this model", id, p.fn.Name)
		}
		info.Nanos = make([]int64, p.nodes())
		c.mu.Lock()
		defer c.mu.Unlock()
		for node := range info.Nanos {
			info.Nanos[node] = c.nanos[node]
		}
	}
	return info, nil
}

// weightBytes gives the bytes of the data that each node names first. A constant's own node has none: they count for its first
// user, whose module has them in the model.
func (p *program) weightBytes() []int64 {
	out := make([]int64, p.nodes())
	taken := map[string]bool{}
	resources := map[string]int64{}
	for _, r := range p.module.Resources {
		if shape, ok := r.Type.Static(); ok {
			if n, err := host.SizeBytes(r.Type.Elem, shape); err == nil {
				resources[r.Name] = int64(n)
			}
		}
	}
	for _, op := range p.ops {
		op.Symbols(func(name string) {
			if !taken[name] && resources[name] > 0 {
				taken[name] = true
				out[p.firstUser(op)] += resources[name]
			}
		})
	}
	return out
}

// firstUser is the node that uses an operation's result first, or the operation's own.
func (p *program) firstUser(op *ir.Op) int {
	first := -1
	for _, v := range op.Results {
		for _, u := range v.Uses() {
			if node := p.nodeOf[u.Op]; first < 0 || node < first {
				first = node
			}
		}
	}
	if first < 0 {
		return p.nodeOf[op]
	}
	return first
}
