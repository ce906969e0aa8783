package debugger

import (
	"fmt"
	"path/filepath"

	"github.com/aiopt/aiopt/ir/host"
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

// savedOf lists the saved values that may be of a model: those of its program, or of one that is not known.
func (s *Server) savedOf(m *model) []*saved {
	var list []*saved
	for _, v := range s.saved.all() {
		if a, b := v.set.Program, m.module.Program; a == "" || b == "" || a == b {
			list = append(list, v)
		}
	}
	return list
}

// savedInput is an input that saved values of a model were computed from; nil where there is none.
func (s *Server) savedInput(m *model, name string) (*host.Tensor, error) {
	for _, v := range s.savedOf(m) {
		for _, in := range v.set.Inputs {
			if in.Name == name && in.IsTensor {
				return v.set.Tensor(v.set.Find(name))
			}
		}
	}
	return nil, nil
}
