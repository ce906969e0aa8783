package debugger

import (
	"net/http"
	"strings"
)

// mostFound bounds what a search gives.
const mostFound = 200

// getSearch finds the nodes that have all words of a text in their kind, name, module, type or file:line.
func (s *Server) getSearch(r *http.Request) (any, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, err
	}
	p, err := m.program(r)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(r.FormValue("q")))
	found := []int{}
	for node := 0; node < p.nodes() && len(words) > 0 && len(found) < mostFound; node++ {
		have := strings.ToLower(p.described(node))
		all := true
		for _, w := range words {
			all = all && strings.Contains(have, w)
		}
		if all {
			found = append(found, node)
		}
	}
	return map[string]any{"nodes": found, "most": mostFound}, nil
}

// described is all that a search looks at.
func (p *program) described(node int) string {
	op := p.op(node)
	if op == nil {
		v := p.fn.Params[node].Value
		return "input " + v.Name + " " + v.Type.String()
	}
	parts := []string{kind(op), op.Name(), p.places.path[p.places.of[node]]}
	for _, v := range op.Results {
		parts = append(parts, p.textName(v), v.Type.String())
		for _, c := range v.Claims {
			parts = append(parts, c.Tensor)
		}
	}
	for _, l := range op.Loc.Leaves() {
		parts = append(parts, l.String())
	}
	return strings.Join(parts, " ")
}
