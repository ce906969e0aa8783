package ir

import (
	"fmt"
	"slices"
	"strings"
)

// Frame is one line of a Python stack.
type Frame struct {
	File string
	Line int
}

// Loc says where an operation comes from. It is shared and never changed once made.
type Loc struct {
	Stack []Frame  // the innermost frame first
	Path  string   // module path, such as encoder.layers.0.fc1; empty for the root module
	Class string   // class of that module, such as Linear
	Via   []string // the passes that made the operation, sorted
	From  []*Loc   // for an operation fused of several: where each comes from
}

// Unknown is the location of what has none, such as hand-written text.
var Unknown = &Loc{}

// IsUnknown reports a location that says nothing about the model's source.
func (l *Loc) IsUnknown() bool {
	return l == nil || len(l.Stack) == 0 && l.Path == "" && l.Class == "" && len(l.From) == 0
}

// String is for messages: model.py:21 in fc1 (Linear).
func (l *Loc) String() string {
	if l == nil {
		return ""
	}
	if len(l.From) > 0 {
		return l.From[0].String()
	}
	var b strings.Builder
	if len(l.Stack) > 0 {
		fmt.Fprintf(&b, "%s:%d", l.Stack[0].File, l.Stack[0].Line)
	}
	if l.Path != "" || l.Class != "" {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		path := l.Path
		if path == "" {
			path = "the root module"
		}
		b.WriteString("in " + path)
		if l.Class != "" {
			b.WriteString(" (" + l.Class + ")")
		}
	}
	return b.String()
}

// Leaves lists the locations an operation was fused of, or the location itself.
func (l *Loc) Leaves() []*Loc {
	if len(l.From) > 0 {
		return l.From
	}
	return []*Loc{l}
}

// ModulePaths lists the modules that operations come from, each once and in order.
func ModulePaths(ops ...*Op) []string {
	var list []string
	for _, op := range ops {
		for _, l := range op.Loc.Leaves() {
			if l.Path != "" && !slices.Contains(list, l.Path) {
				list = append(list, l.Path)
			}
		}
	}
	return list
}

// By is the location with a pass added to those that made the operation.
func (l *Loc) By(pass string) *Loc {
	if pass == "" || slices.Contains(l.Via, pass) {
		return l
	}
	c := *l
	c.Via = append(slices.Clone(l.Via), pass)
	slices.Sort(c.Via)
	return &c
}

// Equal compares locations by content.
func (l *Loc) Equal(m *Loc) bool {
	return l == m || l != nil && m != nil && l.Path == m.Path && l.Class == m.Class && slices.Equal(l.Stack, m.Stack) &&
		slices.Equal(l.Via, m.Via) && slices.EqualFunc(l.From, m.From, (*Loc).Equal)
}

// FuseLocs unites the locations of operations that became one, each once and in order.
func FuseLocs(locs ...*Loc) *Loc {
	var leaves []*Loc
	for _, l := range locs {
		if l == nil {
			continue
		}
		for _, leaf := range l.Leaves() {
			if !slices.ContainsFunc(leaves, leaf.Equal) {
				leaves = append(leaves, leaf)
			}
		}
	}
	switch len(leaves) {
	case 0:
		return Unknown
	case 1:
		return leaves[0]
	}
	return &Loc{From: leaves}
}

// Claim says which tensor of the PyTorch graph a value equals at the moment that graph's node had run.
type Claim struct {
	Tensor    string    // graph path and name in the exported graph, such as true_graph_0/linear
	Transform Transform // how the value differs from that tensor
	Approx    bool      // set once a pass that changes numbers touched it
}

// Transform relates a value to the tensor it claims: the tensor, permuted, cast and sliced, is the value.
type Transform struct {
	Perm  []int  // axis i of the value is axis Perm[i] of the tensor; nil for none
	Cast  Elem   // the tensor's element type before a cast; zero for none
	Slice string // a slice in the text form, such as [:, 0:4]; empty for none
}

// IsZero reports the identity.
func (t Transform) IsZero() bool { return t.Perm == nil && t.Cast == 0 && t.Slice == "" }

// Back is the permutation that undoes Perm, of a value of a rank. The error says what is wrong with a Perm that a file may state.
func (t Transform) Back(rank int) ([]int, error) {
	back, seen := make([]int, len(t.Perm)), make([]bool, len(t.Perm))
	for i, axis := range t.Perm {
		if axis < 0 || axis >= len(t.Perm) || seen[axis] {
			return nil, fmt.Errorf("the claim's perm %v is no permutation", t.Perm)
		}
		seen[axis] = true
		back[axis] = i
	}
	if len(t.Perm) != rank {
		return nil, fmt.Errorf("the claim's perm %v has %d axes, the value %d", t.Perm, len(t.Perm), rank)
	}
	return back, nil
}

// Equal compares claims.
func (c Claim) Equal(d Claim) bool {
	return c.Tensor == d.Tensor && c.Approx == d.Approx && c.Transform.Cast == d.Transform.Cast &&
		c.Transform.Slice == d.Transform.Slice && slices.Equal(c.Transform.Perm, d.Transform.Perm)
}

// Lost records that no value equals a tensor of the PyTorch graph any more: which pass removed the last one, and into
// which value the computation went.
type Lost struct {
	Tensor string
	Pass   string
	Func   string // the function whose value it went into
	Into   string // that value's name without %; empty where there is none
}
