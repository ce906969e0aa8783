package debugger

import (
	"net/http"

	"github.com/aiopt/aiopt/tools/graph"
)

// sceneInfo is a laid-out picture as runs of integers.
type sceneInfo struct {
	Width  int32   `json:"width"`
	Height int32   `json:"height"`
	Boxes  []int32 `json:"boxes"` // of each: node, the box around, x, y, width, height, whether it is open
	Edges  []int32 `json:"edges"` // of each: from, to, value, how many more, how many points
	Points []int32 `json:"points"`
	Stubs  []int32 `json:"stubs"` // of each: box, value, whether the box gives it, x, y, side
}

// mostBoxes bounds a picture: what lies in more is not for the eye.
const mostBoxes = 40000

// postScene lays out a function with the nodes open that the request lists: thousands would not fit into an address.
func (s *Server) postScene(r *http.Request) (any, error) {
	_, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	var asked []graph.Node
	if err := readAsk(r, &asked, "a list of the nodes that are open"); err != nil {
		return nil, err
	}
	open := graph.Open{0: true}
	boxes := 0
	for _, n := range asked {
		if n < 0 || int(n) >= p.tree.Len() {
			return nil, badRequest("@%s has no node %d", p.fn.Name, n)
		}
		open[n] = true
		p.tree.Children(n, func(graph.Node) { boxes++ })
	}
	if boxes > mostBoxes {
		return nil, badRequest("%d boxes are too many for a picture; close some modules", boxes)
	}
	scene := p.tree.Layout(open)
	info := sceneInfo{Width: scene.Width, Height: scene.Height, Boxes: []int32{}, Edges: []int32{}, Points: []int32{}, Stubs: []int32{}}
	for _, b := range scene.Boxes {
		info.Boxes = append(info.Boxes, int32(b.Node), b.In, b.X, b.Y, b.W, b.H, flag(b.Open))
	}
	for _, e := range scene.Edges {
		info.Edges = append(info.Edges, e.From, e.To, e.Value, e.More, int32(len(e.Points)))
		for _, q := range e.Points {
			info.Points = append(info.Points, q.X, q.Y)
		}
	}
	for _, u := range scene.Stubs {
		info.Stubs = append(info.Stubs, u.Box, u.Value, flag(u.Gives), u.X, u.Y, int32(u.Side))
	}
	return info, nil
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
