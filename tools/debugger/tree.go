package debugger

import "net/http"

// treeInfo is the navigator's data in columns, texts once each: 50,000 operations are some 2 MB.
type treeInfo struct {
	Func    string      `json:"func"`
	Texts   []string    `json:"texts"`
	Modules moduleInfos `json:"modules"`
	Nodes   nodeInfos   `json:"nodes"`
}

type moduleInfos struct {
	Path   []string `json:"path"`
	Class  []string `json:"class"`
	Parent []int    `json:"parent"`
}

type nodeInfos struct {
	Kind   []int `json:"kind"`  // numbers in Texts
	Label  []int `json:"label"` // as is this
	Type   []int `json:"type"`  // and this, of the first result
	Module []int `json:"module"`
	Owner  []int `json:"owner"` // the node whose body it is in; -1 for none
	Value  []int `json:"value"` // the number of its first result; -1 for none
}

// texts numbers texts, each once.
type texts struct {
	list []string
	at   map[string]int
}

func (t *texts) add(s string) int {
	if i, ok := t.at[s]; ok {
		return i
	}
	if t.at == nil {
		t.at = map[string]int{}
	}
	t.at[s] = len(t.list)
	t.list = append(t.list, s)
	return len(t.list) - 1
}

func (s *Server) getTree(r *http.Request) (any, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, err
	}
	p, err := m.program(r)
	if err != nil {
		return nil, err
	}
	var t texts
	var n nodeInfos
	add := func(kind, label, typ string, owner, value int) {
		n.Kind, n.Label, n.Type = append(n.Kind, t.add(kind)), append(n.Label, t.add(label)), append(n.Type, t.add(typ))
		n.Owner, n.Value = append(n.Owner, owner), append(n.Value, value)
	}
	for i, param := range p.fn.Params {
		add("input", param.Value.Name, param.Value.Type.String(), -1, i)
	}
	for i, op := range p.ops {
		label, typ, value := "", "", -1
		if len(op.Results) > 0 {
			v := op.Results[0]
			label, typ, value = p.nameOf(v), v.Type.String(), p.valueOf[v]
		}
		add(kind(op), label, typ, p.owner[i], value)
	}
	n.Module = p.places.of
	return treeInfo{p.fn.Name, t.list, moduleInfos{p.places.path, p.places.class, p.places.parent}, n}, nil
}
