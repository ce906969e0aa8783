package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// Tier says by what two values were paired.
type Tier uint8

// The tiers, in the order in which they are tried.
const (
	ByPin    Tier = iota + 1 // the user said so
	ByNode                   // both claim one tensor of one exported graph
	ByOrigin                 // one claims the last of the nodes that the other's node was decomposed into
	ByPlace                  // graphs were exported apart: module, kind, place among those of the module, shape
	ByOutput                 // they are outputs of one name
)

// String is the tier's name.
func (t Tier) String() string {
	return [...]string{ByPin: "pin", ByNode: "node", ByOrigin: "origin", ByPlace: "place", ByOutput: "output"}[t]
}

// MarshalText writes the name.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Candidate is a value that claims a tensor.
type Candidate struct {
	*Value
	Claim ir.Claim
}

// Pair is a tensor that both sides have. Of several values that claim it, the first that a side shows is taken.
type Pair struct {
	Name      string
	Also      []string // other tensors that the same values claim
	Tier      Tier
	Tested    []Candidate
	Reference []Candidate
}

// Pin is a pair that the user names: by tensors of PyTorch, or by names in the text.
type Pin struct{ Tested, Reference string }

// Unmatched is a tensor that has no pair, or whose pair was not computed on both sides.
type Unmatched struct {
	Name    string `json:"name"`
	Call    int    `json:"call"`
	Func    string `json:"func,omitempty"`
	Op      string `json:"op,omitempty"`
	Module  string `json:"module,omitempty"`
	Shape   string `json:"shape,omitempty"`
	Float   bool   `json:"float"`
	Missing string `json:"missing"` // the side that does not show it: tested, reference or both
	Reason  string `json:"reason"`
	Output  string `json:"output,omitempty"` // of the reference's outputs, the one that it is

	order int
}

// Match is what Matching found.
type Match struct {
	Pairs     []*Pair // in the order of the reference
	Unmatched []Unmatched
}

// The names of the sides.
const (
	tested    = "tested"
	reference = "reference"
	both      = "both"
)

var sideNames = [2]string{tested, reference}

// tensorKey names a tensor that values claim. Two calls of one function compute different ones.
type tensorKey struct {
	call       int
	fn, tensor string
}

// tensors are what the values of a side claim.
type tensors struct {
	name   string
	saved  bool // the side has what ran alone
	order  []tensorKey
	values map[tensorKey][]Candidate
	lost   map[tensorKey]Lost
	paired map[tensorKey]bool
	given  map[tensorKey]bool // computed here, what the other side was given
}

func claimed(name string, s Side) *tensors {
	_, saved := s.(*Saved)
	t := &tensors{name: name, saved: saved, values: map[tensorKey][]Candidate{}, lost: map[tensorKey]Lost{}, paired: map[tensorKey]bool{}, given: map[tensorKey]bool{}}
	for _, v := range s.Values() {
		for _, c := range v.Claims {
			k := tensorKey{v.Call, v.Func, c.Tensor}
			if t.values[k] == nil {
				t.order = append(t.order, k)
			}
			t.values[k] = append(t.values[k], Candidate{v, c})
		}
	}
	for _, l := range s.Lost() {
		t.lost[tensorKey{l.Call, l.Func, l.Tensor}] = l
	}
	return t
}

// matcher pairs the tensors of two sides.
type matcher struct {
	sides   [2]*tensors
	same    bool // both are of one exported program, as far as is known
	pairs   []*Pair
	unequal map[tensorKey]string // why there is no pair by place
}

// Matching pairs the values of two sides by what they claim, and says of each tensor that one side only has why that is. Inputs
// and weights are no tensors to compare, and a view of a tensor is compared where the tensor is.
func Matching(testedSide, referenceSide Side, pins []Pin) (*Match, error) {
	m := &matcher{
		sides:   [2]*tensors{claimed(tested, testedSide), claimed(reference, referenceSide)},
		unequal: map[tensorKey]string{},
	}
	if err := m.byPins(pins, testedSide, referenceSide); err != nil {
		return nil, err
	}
	a, b := testedSide.Info().Program, referenceSide.Info().Program
	if m.same = a == b || a == "" || b == ""; m.same {
		m.byNode()
	} else {
		m.byOrigin()
		m.byPlace()
	}
	m.byOutput(testedSide, referenceSide)
	slices.SortStableFunc(m.pairs, func(p, q *Pair) int { return p.Reference[0].Order - q.Reference[0].Order })
	return &Match{merged(m.pairs), m.unmatched()}, nil
}

// pair notes that two tensors are one; kinds that are not worth comparing are paired, and no point.
func (m *matcher) pair(tier Tier, a, b tensorKey) {
	m.sides[0].paired[a], m.sides[1].paired[b] = true, true
	p := &Pair{Name: b.tensor, Tier: tier, Tested: m.sides[0].values[a], Reference: m.sides[1].values[b]}
	if b.fn != "" {
		p.Name = b.fn + "/" + b.tensor
	}
	if tier == ByPin || !idle(p) {
		m.pairs = append(m.pairs, p)
		return
	}
	kinds, keys := [2]Kind{leastKind(p.Tested), leastKind(p.Reference)}, [2]tensorKey{a, b}
	for at := range kinds {
		m.sides[at].given[keys[at]] = kinds[at] == Computed && kinds[1-at] == Given
	}
}

// idle reports a pair that says nothing: what a side was given, and, outputs apart, views of values that are compared, and weights. What one
// side computes is no view there, such as a copy or the end of a dropout, and is compared with the view that it is on the other side.
func idle(p *Pair) bool {
	a, b := leastKind(p.Tested), leastKind(p.Reference)
	if a == Given || b == Given {
		return true
	}
	output := slices.ContainsFunc(p.Reference, func(c Candidate) bool { return c.Output != "" })
	return a != Computed && b != Computed && !output
}

// leastKind is Computed where one of the values is.
func leastKind(list []Candidate) Kind {
	k := list[0].Kind
	for _, c := range list {
		k = min(k, c.Kind)
	}
	return k
}

func (m *matcher) byNode() {
	for _, k := range m.sides[1].order {
		if !m.sides[1].paired[k] && !m.sides[0].paired[k] && m.sides[0].values[k] != nil {
			m.pair(ByNode, k, k)
		}
	}
}

// byOrigin pairs a node with the last of those that it was decomposed into, if that has its shape.
func (m *matcher) byOrigin() {
	for at, from := range m.sides {
		to := m.sides[1-at]
		last := map[tensorKey]tensorKey{}
		for _, k := range from.order {
			if o := from.values[k][0].Origin; o != "" {
				last[tensorKey{k.call, k.fn, o}] = k
			}
		}
		for _, o := range to.order {
			k, ok := last[o]
			if !ok || to.paired[o] || from.paired[k] || from.values[k][0].Shape != to.values[o][0].Shape {
				continue
			}
			if at == 0 {
				m.pair(ByOrigin, k, o)
			} else {
				m.pair(ByOrigin, o, k)
			}
		}
	}
}

// place is where a tensor was computed, apart from its number there.
type place struct {
	call                    int
	fn, module, kind, shape string
}

// byPlace pairs the n-th tensor of a kind in a module with the n-th of the other side. Where one side has more of them, none is
// paired: which one is missing would be a guess.
func (m *matcher) byPlace() {
	groups := [2]map[place][]tensorKey{}
	for at, t := range m.sides {
		groups[at] = map[place][]tensorKey{}
		for _, k := range t.order {
			if c := t.values[k][0]; !t.paired[k] && leastKind(t.values[k]) == Computed {
				p := place{k.call, k.fn, c.Module(), stem(k.tensor), c.Shape}
				groups[at][p] = append(groups[at][p], k)
			}
		}
	}
	for _, k := range m.sides[1].order {
		c := m.sides[1].values[k][0]
		p := place{k.call, k.fn, c.Module(), stem(k.tensor), c.Shape}
		a, b := groups[0][p], groups[1][p]
		if len(b) == 0 || b[0] != k {
			continue
		}
		if len(a) == len(b) {
			for i := range a {
				m.pair(ByPlace, a[i], b[i])
			}
			continue
		}
		if len(a) == 0 {
			continue
		}
		why := fmt.Sprintf("no counterpart: the models were exported apart, and %s has %d %s of this shape on the tested side and %d on the reference; --pin says which is which",
			moduleText(p.module), len(a), p.kind, len(b))
		for _, k := range append(slices.Clone(a), b...) {
			m.unequal[k] = why
		}
	}
}

func moduleText(path string) string {
	if path == "" {
		return "the root module"
	}
	return "the module " + path
}

// stem is a node's name without its number: linear of linear_3.
func stem(name string) string {
	at := strings.LastIndexByte(name, '_')
	if at > 0 && at < len(name)-1 && strings.Trim(name[at+1:], "0123456789") == "" {
		return name[:at]
	}
	return name
}

// byOutput pairs outputs of one name that nothing else paired, as those of models without claims.
func (m *matcher) byOutput(testedSide, referenceSide Side) {
	type output struct {
		call int
		name string
	}
	used := map[*Value]bool{}
	for _, p := range m.pairs {
		for _, c := range slices.Concat(p.Tested, p.Reference) {
			used[c.Value] = true
		}
	}
	outputs := map[output]*Value{}
	for _, v := range testedSide.Values() {
		if v.Output != "" && !used[v] && v.Kind != Given {
			outputs[output{v.Call, v.Output}] = v
		}
	}
	for _, v := range referenceSide.Values() {
		a := outputs[output{v.Call, v.Output}]
		if v.Output == "" || used[v] || v.Kind == Given || a == nil {
			continue
		}
		name := v.Name
		if len(v.Claims) == 0 {
			name = v.Output
		}
		for at, x := range []*Value{a, v} {
			for _, c := range x.Claims {
				m.sides[at].paired[tensorKey{x.Call, x.Func, c.Tensor}] = true
			}
		}
		m.pairs = append(m.pairs, &Pair{Name: name, Tier: ByOutput, Tested: []Candidate{{Value: a}}, Reference: []Candidate{{Value: v}}})
	}
}

// byPins pairs what the user named.
func (m *matcher) byPins(pins []Pin, sides ...Side) error {
	for _, p := range pins {
		var found [2]Candidate
		for at, name := range []string{p.Tested, p.Reference} {
			v := named(sides[at], name)
			if v == nil {
				return fmt.Errorf("--pin %s=%s: the %s side has no value %q; expected the name of a tensor of PyTorch, or %%NAME as the text has it", p.Tested, p.Reference, sideNames[at], name)
			}
			found[at] = Candidate{Value: v}
			for _, c := range v.Claims {
				if c.Tensor == name {
					found[at].Claim = c
				}
				m.sides[at].paired[tensorKey{v.Call, v.Func, c.Tensor}] = true
			}
		}
		m.pairs = append(m.pairs, &Pair{Name: p.Reference, Tier: ByPin, Tested: found[:1], Reference: found[1:]})
	}
	return nil
}

func named(s Side, name string) *Value {
	for _, v := range s.Values() {
		if v.Text == name || slices.ContainsFunc(v.Claims, func(c ir.Claim) bool { return c.Tensor == name }) {
			return v
		}
	}
	return nil
}

// merged makes one of pairs that the same values with the same claims stand for.
func merged(pairs []*Pair) []*Pair {
	type ends struct{ a, b *Value }
	same := func(p, q []Candidate) bool {
		return slices.EqualFunc(p, q, func(a, b Candidate) bool { return a.Value == b.Value })
	}
	first := map[ends]*Pair{}
	var list []*Pair
	for _, p := range pairs {
		e := ends{p.Tested[0].Value, p.Reference[0].Value}
		if q := first[e]; q != nil && same(p.Tested, q.Tested) && same(p.Reference, q.Reference) {
			q.Also = append(q.Also, p.Name)
			continue
		}
		first[e] = p
		list = append(list, p)
	}
	return list
}
