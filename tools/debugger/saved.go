package debugger

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// saved are the saved values of a run.
type saved struct {
	id    string
	title string
	set   *intermediates.Set
}

// OpenSaved opens the saved values of a run, for comparisons.
func (s *Server) OpenSaved(path string) error {
	set, err := intermediates.Open(path)
	if err != nil {
		return err
	}
	v := &saved{id: fmt.Sprintf("s%d", len(s.saved.all())+1), title: filepath.Base(path), set: set}
	s.saved.put(v.id, v)
	return nil
}

func (s *Server) savedSides() []sideInfo {
	list := []sideInfo{}
	for _, v := range s.saved.all() {
		list = append(list, (&side{saved: v}).info())
	}
	return list
}

// inputs are what the saved run was called with, for a function of a model.
func (v *saved) inputs(f *ir.Func) ([]*host.Tensor, error) {
	var in []*host.Tensor
	for _, p := range backend.SignatureOf(f).Inputs {
		e := v.set.Find(p.Value.Name)
		if e == nil {
			return nil, badRequest("%s has no input %q; run the model on inputs first, and compare with those", v.title, p.Value.Name)
		}
		t, err := v.set.Tensor(e)
		if err != nil {
			return nil, err
		}
		in = append(in, t)
	}
	return in, nil
}

// savedSide shows saved values in the order in which they were computed.
type savedSide struct {
	v      *saved
	values []*compare.Value
	turns  map[*compare.Value][]*intermediates.Entry
}

func (v *saved) side() *savedSide {
	s := &savedSide{v: v, turns: map[*compare.Value][]*intermediates.Entry{}}
	byNode := map[string]*compare.Value{}
	for i := range v.set.Entries {
		e := &v.set.Entries[i]
		if e.Output > 0 || e.Role == intermediates.Update {
			continue // these have no name of their own in the graph
		}
		value := byNode[e.Node]
		if value == nil {
			value = &compare.Value{
				Order: len(s.values), Claims: []ir.Claim{{Tensor: e.Node}}, Origin: e.Origin, Name: e.Node, Op: e.Op, Sure: true, Loc: e.Loc,
				Shape: host.ShapeText(e.Shape), Elem: e.Elem, Float: e.Elem.IsFloat() || e.Elem.IsComplex(),
			}
			if e.Role == intermediates.In {
				value.Kind = compare.Given
			}
			byNode[e.Node] = value
			s.values = append(s.values, value)
		}
		s.turns[value] = append(s.turns[value], e)
	}
	return s
}

// Info describes it.
func (s *savedSide) Info() compare.Info {
	return compare.Info{Title: s.v.title, How: "the saved run", Program: s.v.set.Program, Stable: true}
}

// Values lists what was saved.
func (s *savedSide) Values() []*compare.Value { return s.values }

// Lost lists nothing: a saved run has been through no passes.
func (s *savedSide) Lost() []compare.Lost { return nil }

// Show reads the values that are wanted.
func (s *savedSide) Show(ctx context.Context, wanted func(*compare.Value) bool, show func(*compare.Value, *host.Tensor)) error {
	for _, v := range s.values {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !wanted(v) {
			continue
		}
		for _, e := range s.turns[v] {
			t, err := s.v.set.Tensor(e)
			if err != nil {
				return err
			}
			show(v, t)
		}
	}
	return nil
}
