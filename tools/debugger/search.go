package debugger

import (
	"net/http"
	"strings"

	"github.com/aiopt/aiopt/tools/graph"
)

// mostFound bounds what a search gives.
const mostFound = 200

// foundInfo is what a search has found.
type foundInfo struct {
	Nodes []graph.Node `json:"nodes"`
	Most  int          `json:"most"` // where that many are found, there may be more
}

// getSearch finds the nodes that have all words of a text in their kind, name, module, type or file:line.
func (s *Server) getSearch(r *http.Request) (any, error) {
	_, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(r.FormValue("q")))
	found, later := []graph.Node{}, []graph.Node{} // operations go before modules and constants, which match as often
	for n := graph.Node(1); int(n) < p.tree.Len() && len(words) > 0 && len(found) < mostFound; n++ {
		have := strings.ToLower(p.described(n))
		all := true
		for _, w := range words {
			all = all && strings.Contains(have, w)
		}
		switch {
		case all && (p.tree.Kind[n] == graph.Module || p.tree.Kind[n] == graph.Constant):
			later = append(later, n)
		case all:
			found = append(found, n)
		}
	}
	found = append(found, later...)
	return foundInfo{found[:min(len(found), mostFound)], mostFound}, nil
}

// described is all that a search looks at.
func (p *program) described(n graph.Node) string {
	t := p.tree
	parts := []string{p.kind(n), t.Text(t.Name[n]), t.Text(t.Title[n]), t.Text(t.Detail[n]), p.path(n)}
	for _, id := range p.given[n] {
		v := p.values[id]
		parts = append(parts, p.textName(v), v.Type.String())
		for _, c := range v.Claims {
			parts = append(parts, c.Tensor)
		}
	}
	if op := t.Op(n); op != nil {
		parts = append(parts, op.Name())
		for _, l := range op.Loc.Leaves() {
			parts = append(parts, l.String())
		}
	}
	return strings.Join(parts, " ")
}
