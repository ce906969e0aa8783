package compare

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// Saved is a side whose values are in a file.
type Saved struct {
	set     *intermediates.Set
	values  []*Value
	entries map[*Value][]*intermediates.Entry // one for each turn
	order   []*Value                          // as the entries are
}

// callMark begins the names of what belongs to one of several calls.
var callMark = regexp.MustCompile(`^s(\d{1,6})\.`)

// torchTool is what computed values of the model as it was written.
var torchTool = regexp.MustCompile(`^(torch|coreai-torch)\b`)

// NewSaved makes a side of saved values, which stay open.
func NewSaved(set *intermediates.Set) *Saved {
	s := &Saved{set: set, entries: map[*Value][]*intermediates.Entry{}}
	type result struct {
		node   string
		output int
	}
	known := map[result]*Value{}
	for i := range set.Entries {
		e := &set.Entries[i]
		v := known[result{e.Node, e.Output}]
		if v == nil {
			v = savedValue(e, len(s.values))
			known[result{e.Node, e.Output}] = v
			s.values = append(s.values, v)
		}
		v.Turns++
		s.entries[v] = append(s.entries[v], e)
		s.order = append(s.order, v)
	}
	return s
}

func savedValue(e *intermediates.Entry, order int) *Value {
	v := &Value{Order: order, Until: order, Name: e.Node, Origin: e.Origin, Op: e.Op, Loc: e.Loc, Sure: true, Elem: e.Elem, Float: e.Elem.IsFloat() || e.Elem.IsComplex()}
	if m := callMark.FindStringSubmatch(e.Node); m != nil {
		v.Call, _ = strconv.Atoi(m[1]) // digits
		v.Name = e.Node[len(m[0]):]
	}
	if e.Output > 0 {
		v.Name += fmt.Sprintf("#%d", e.Output)
	}
	v.Claims = []ir.Claim{{Tensor: v.Name}}
	for i, n := range e.Shape {
		if i > 0 {
			v.Shape += "x"
		}
		v.Shape += strconv.Itoa(n)
	}
	switch e.Role {
	case intermediates.In, intermediates.Update: // of states and the like the model's own values claim nothing
		v.Kind = Given
	case intermediates.Out:
		v.Output = v.Name
	}
	return v
}

// Info describes the file.
func (s *Saved) Info() Info {
	info := Info{Title: filepath.Base(s.set.Path), How: "the file", Program: s.set.Program, Stable: true}
	if s.set.Tool != "" {
		info.Title += " by " + s.set.Tool
	}
	info.Schemes = slices.Clone(s.set.Schemes)
	info.Unsaid = s.set.Schemes == nil && !torchTool.MatchString(s.set.Tool)
	for _, v := range s.values {
		if name := floatSchemes[v.Elem]; name != "" && !slices.Contains(info.Schemes, name) {
			info.Schemes = append(info.Schemes, name)
		}
	}
	slices.Sort(info.Schemes)
	return info
}

// Values lists the values, those of several turns once.
func (s *Saved) Values() []*Value { return s.values }

// Lost lists nothing: what is not in the file is not known.
func (s *Saved) Lost() []Lost { return nil }

// Show shows the values in the order in which they were saved.
func (s *Saved) Show(ctx context.Context, wanted func(*Value) bool, show func(*Value, *host.Tensor)) error {
	turn := map[*Value]int{}
	for _, v := range s.order {
		e := s.entries[v][turn[v]]
		turn[v]++
		if !wanted(v) {
			continue
		}
		t, err := s.set.Tensor(e)
		if err != nil {
			return err
		}
		show(v, t)
		s.set.Release(e)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// Release lets the bytes of a value leave memory.
func (s *Saved) Release(v *Value, turn int) { s.set.Release(s.entries[v][turn]) }
