package report

import (
	"math"
	"strings"

	"github.com/aiopt/aiopt/passes/pass"
)

// New sums up what passes said of each tensor. Where several passes spoke of one, it counts once, as compressed if one of
// them compressed it.
func New(facts Facts, list []pass.Compressed) *Report {
	r := &Report{Format: Format, Facts: facts, Tensors: []Tensor{}}
	schemes, reasons, modules := newGroups(), newGroups(), newTree()
	for _, c := range settle(list) {
		t, n := newTensor(c), c.Elements()
		r.Tensors = append(r.Tensors, t)
		r.of(c.Kind).add(t, n)
		if t.Refused == "" {
			schemes.add(t.Scheme, t, n)
		} else {
			reasons.add(t.Refused, t, n)
		}
		if c.Kind == pass.Weight {
			modules.add(modulePath(c), t, n)
		}
	}
	r.Schemes, r.Reasons, r.Modules = schemes.list, reasons.list, modules.root
	return r
}

// settle keeps one entry for each tensor, at the place of its first.
func settle(list []pass.Compressed) []pass.Compressed {
	type key struct {
		kind pass.Kind
		name string
	}
	at := map[key]int{}
	var out []pass.Compressed
	for _, c := range list {
		k := key{c.Kind, c.Tensor}
		i, seen := at[k]
		switch {
		case !seen:
			at[k] = len(out)
			out = append(out, c)
		case c.Refused == "", out[i].Ignored && !c.Ignored:
			out[i] = c
		}
	}
	return out
}

func newTensor(c pass.Compressed) Tensor {
	t := Tensor{
		Name: c.Tensor, Kind: c.Kind.String(), Modules: append([]string{}, c.Modules...), Op: c.Op, Shape: append([]int{}, c.Shape...),
		Dtype: c.Elem.String(), Pass: c.Pass, Scheme: c.SchemeText(), Signal: finite(c.Signal), Noise: finite(c.Noise),
		Before: c.Before, After: c.After, Seconds: finite(c.Seconds), Refused: c.Refused, Ignored: c.Ignored,
		Measured: c.Refused == "" && !c.Unmeasured,
	}
	if t.Measured {
		t.SNR = decibels(t.Signal, t.Noise)
	}
	if o := c.Outputs; o != nil {
		t.Outputs = &Output{Nearest: finite(o.Nearest), Stored: finite(o.Stored), Gain: finite(o.Gain)}
	}
	t.Bits = bits(t.After, c.Elements())
	return t
}

func bits(bytes, elements int64) float64 { return 8 * float64(bytes) / float64(max(elements, 1)) }

// finite gives numbers that JSON can hold.
func finite(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return min(max(x, -math.MaxFloat64), math.MaxFloat64)
}

// decibels is 10 log10(signal / noise), between -300 and 300; nil where there is no noise.
func decibels(signal, noise float64) *float64 {
	if noise == 0 {
		return nil
	}
	db := min(max(10*(math.Log10(signal)-math.Log10(noise)), -300), 300)
	return &db
}

func (s *Sums) add(t Tensor, elements int64) {
	s.Tensors++
	switch {
	case t.Ignored:
		s.Ignored++
	case t.Refused != "":
		s.Refused++
	default:
		s.Compressed++
		s.Signal = finite(s.Signal + t.Signal)
		s.Noise = finite(s.Noise + t.Noise)
		if s.SNR = decibels(s.Signal, s.Noise); !t.Measured {
			s.Unmeasured++
		}
	}
	s.Elements += elements
	s.Before += t.Before
	s.After += t.After
	if t.Refused != "" {
		s.Kept += t.After
	}
	s.Bits = bits(s.After, s.Elements)
	s.Seconds += t.Seconds
}

// groups sums up tensors by their kind and a name, in the order of first use.
type groups struct {
	list []Group
	at   map[[2]string]int
}

func newGroups() *groups { return &groups{[]Group{}, map[[2]string]int{}} }

func (g *groups) add(name string, t Tensor, elements int64) {
	key := [2]string{t.Kind, name}
	i, seen := g.at[key]
	if !seen {
		i = len(g.list)
		g.at[key] = i
		g.list = append(g.list, Group{Name: name, Kind: t.Kind})
	}
	g.list[i].Sums.add(t, elements)
}

// modulePath is the module that a tensor counts in: the first that uses it, or by its name the one that owns it.
func modulePath(c pass.Compressed) string {
	if len(c.Modules) > 0 {
		return c.Modules[0]
	}
	if at := strings.LastIndexByte(c.Tensor, '.'); at > 0 && !strings.ContainsAny(c.Tensor, " %") {
		return c.Tensor[:at]
	}
	return ""
}

// maxDepth bounds the tree of modules; what is nested deeper counts as one name.
const maxDepth = 32

// tree sums up tensors by module.
type tree struct {
	root *Module
	at   map[string]*Module
}

func newTree() *tree { return &tree{&Module{Children: []*Module{}}, map[string]*Module{}} }

func (r *tree) add(path string, t Tensor, elements int64) {
	m := r.root
	m.Sums.add(t, elements)
	for end, depth := 0, 1; end < len(path); depth++ {
		next := strings.IndexByte(path[end:], '.')
		if next < 0 || depth == maxDepth {
			next = len(path) - end
		}
		m = r.child(m, path[:end+next])
		m.Sums.add(t, elements)
		end += next + 1
	}
}

// child finds a submodule, or makes it.
func (r *tree) child(m *Module, path string) *Module {
	c := r.at[path]
	if c == nil {
		c = &Module{Path: path, Children: []*Module{}}
		r.at[path] = c
		m.Children = append(m.Children, c)
	}
	return c
}
