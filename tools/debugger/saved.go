package debugger

import (
	"fmt"
	"path/filepath"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
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
