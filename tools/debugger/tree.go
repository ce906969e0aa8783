package debugger

import (
	"net/http"
	"slices"

	"github.com/aiopt/aiopt/tools/graph"
)

// treeInfo is a function's tree in columns: element i of each describes node i, as graph.Tree has it. Texts are numbers in Texts.
type treeInfo struct {
	Func   string         `json:"func"`
	Texts  []string       `json:"texts"`
	Kind   []int          `json:"kind"`   // numbers in Kinds
	Family []int          `json:"family"` // and in Families
	Parent []graph.Node   `json:"parent"`
	End    []graph.Node   `json:"end"`
	Name   []graph.Text   `json:"name"`
	Title  []graph.Text   `json:"title"`
	Detail []graph.Text   `json:"detail"`
	Second []int          `json:"second"` // numbers in Texts, as is Op
	Op     []int          `json:"op"`
	Lines  [][]graph.Text `json:"lines"`
	Count  []int32        `json:"count"`
	Value  []int          `json:"value"` // the first that a node gives; -1 for none
	Values valueColumns   `json:"values"`
	Start  []graph.Node   `json:"start"` // the nodes that are open at first

	Kinds    []string `json:"kinds"`
	Families []string `json:"families"`
}

// valueColumns are the values that edges stand for.
type valueColumns struct {
	From []graph.Node `json:"from"`
	Name []graph.Text `json:"name"`
	Type []graph.Text `json:"type"`
}

// fewBoxes is how many boxes are shown at first, about.
const fewBoxes = 40

func (s *Server) getTree(r *http.Request) (any, error) {
	_, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	t := p.tree
	info := treeInfo{
		Func: p.fn.Name, Parent: t.Parent, End: t.End, Name: t.Name, Title: t.Title, Detail: t.Detail, Lines: t.Lines, Count: t.Count,
		Start: nodesOf(atFirst(t)),
	}
	texts := &numbered{list: slices.Clone(t.Strings), at: map[string]int{}}
	kinds, families := &numbered{}, &numbered{}
	for n := range t.Len() {
		node := graph.Node(n)
		info.Kind = append(info.Kind, kinds.add(t.Kind[n].String()))
		info.Family = append(info.Family, families.add(t.Family[n].String()))
		info.Second = append(info.Second, texts.add(t.Second(node)))
		info.Op = append(info.Op, texts.add(p.kind(node)))
		value := -1
		if len(p.given[n]) > 0 {
			value = p.given[n][0]
		}
		info.Value = append(info.Value, value)
	}
	for _, v := range t.Values {
		info.Values.From, info.Values.Name, info.Values.Type = append(info.Values.From, v.From), append(info.Values.Name, v.Name), append(info.Values.Type, v.Type)
	}
	info.Texts, info.Kinds, info.Families = texts.list, kinds.list, families.list
	return info, nil
}

// atFirst opens what fits; where the second level is too much for the eye, the function alone, and the one module in it.
func atFirst(t *graph.Tree) graph.Open {
	open := t.ToFit(0, fewBoxes)
	boxes := 0
	for n := range open {
		t.Children(n, func(graph.Node) { boxes++ })
	}
	if boxes <= 4*fewBoxes {
		return open
	}
	open = graph.Open{}
	for at := graph.Node(0); at != graph.None; at = onlyModule(t, at) {
		open[at] = true
	}
	return open
}

// onlyModule is the module directly in a node that has one, None where there are others or none.
func onlyModule(t *graph.Tree, n graph.Node) graph.Node {
	only, count := graph.None, 0
	t.Children(n, func(c graph.Node) {
		if t.Kind[c] == graph.Module {
			only = c
			count++
		}
	})
	if count != 1 {
		return graph.None
	}
	return only
}

func nodesOf(open graph.Open) []graph.Node {
	list := []graph.Node{}
	for n := range open {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// numbered numbers texts, each once.
type numbered struct {
	list []string
	at   map[string]int
}

func (t *numbered) add(s string) int {
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
