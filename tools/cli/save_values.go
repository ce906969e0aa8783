package cli

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/inputs"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// saver writes values to a file of intermediates, as they are computed.
type saver struct {
	*chosen // nil: all that stands for tensors of the PyTorch graph
	path    string
	several bool // functions of the model
	w       *intermediates.Writer

	call    *call
	written map[*ir.Value]bool   // in this call
	owner   map[string]*ir.Value // who stands for a tensor; nil for what a call gives
	runs    map[string]int
}

// maxRuns is how many executions are saved of a value in a loop, as aiopt.save_intermediates does.
const maxRuns = 16

// checkSaved refuses a name for a file of values early.
func checkSaved(flag, path string) error {
	if path == "" {
		return nil
	}
	if filepath.Ext(path) != ".safetensors" {
		return usagef("%s=%s: expected a name that ends in .safetensors", flag, path)
	}
	if err := atomicfile.Check(path); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

func newSaver(path string, m *ir.Module, engine string, opt backend.Options, names *chosen) (*saver, error) {
	w, err := intermediates.Create(path)
	if err != nil {
		return nil, err
	}
	w.Program, w.Tool = m.Program, fmt.Sprintf("aiopt %s, %s", aiopt.Version(), engine)
	w.Schemes = compare.SchemesOf(m, opt)
	return &saver{chosen: names, path: path, several: len(inputs.Choices(m)) > 1, w: w, owner: map[string]*ir.Value{}, runs: map[string]int{}}, nil
}

// begin writes what the call is given.
func (s *saver) begin(c *call) error {
	s.call, s.written = c, map[*ir.Value]bool{}
	if s.several {
		s.w.Functions = append(s.w.Functions, c.sig.Name)
	}
	at := 0
	for _, p := range c.sig.Func.Params {
		in := intermediates.Input{Name: c.outputs.Prefix + p.Value.Name}
		var t *host.Tensor
		switch p.Role {
		case ir.Input:
			in.IsTensor, t = true, c.in[at]
			at++
		case ir.ConstArg:
			in.Value = constantValue(p.Const)
		default:
			continue
		}
		if s.chosen != nil && len(s.matching(p.Value.Name)) == 0 {
			continue
		}
		s.w.Inputs = append(s.w.Inputs, in)
		if t == nil {
			continue
		}
		if err := s.add(p.Value, p.Value.Name, intermediates.In, t); err != nil {
			return err
		}
	}
	return nil
}

// constantValue is a constant as JSON has it.
func constantValue(a ir.Attr) any {
	switch a := a.(type) {
	case ir.Bool:
		return bool(a)
	case ir.Int:
		return int64(a)
	case ir.Float:
		return float64(a)
	case ir.String:
		return string(a)
	}
	return nil
}

func (s *saver) wants(v *ir.Value) bool {
	if s.chosen != nil {
		return s.chosen.wants(v)
	}
	return len(v.Claims) > 0
}

func (s *saver) take(v *ir.Value, t *host.Tensor) error {
	if s.chosen != nil && s.ranOnly(v) {
		return nil
	}
	for _, c := range v.Claims {
		if c.Transform.Slice != "" || s.chosen != nil && len(s.matching(c.Tensor)) == 0 { // a part of the tensor
			continue
		}
		as, err := undo(c.Transform, t)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Tensor, err)
		}
		if err := s.add(v, c.Tensor, s.role(v, c.Tensor), as); err != nil {
			return err
		}
	}
	if s.chosen != nil && len(v.Claims) == 0 && !s.isInput(v) && len(s.matching(v.Name)) > 0 {
		return s.add(v, v.Name, s.role(v, ""), t)
	}
	return nil
}

// isInput reports a parameter of the function that is called, which was written before.
func (s *saver) isInput(v *ir.Value) bool {
	return slices.ContainsFunc(s.call.sig.Inputs, func(p *ir.Param) bool { return p.Value == v })
}

// role is Out for an output, and for a tensor that an output stands for, too.
func (s *saver) role(v *ir.Value, tensor string) intermediates.Role {
	for i, r := range s.call.sig.Func.Results {
		out := s.call.sig.Func.Returns()[i]
		if r.Role == ir.Output && (out == v || slices.ContainsFunc(out.Claims, func(c ir.Claim) bool { return c.Tensor == tensor })) {
			return intermediates.Out
		}
	}
	return intermediates.Mid
}

// undo gives the tensor that a value claims to be, in its own layout and type.
func undo(tr ir.Transform, t *host.Tensor) (*host.Tensor, error) {
	if tr.Perm != nil {
		back, err := tr.Back(t.Rank())
		if err != nil {
			return nil, err
		}
		t = t.Transpose(back)
	}
	as := host.Elem(tr.Cast)
	if as == host.Invalid || as == t.Elem {
		return t, nil
	}
	out, err := host.Alloc(as, t.Shape)
	if err != nil {
		return nil, err
	}
	return out, host.Cast(host.Serial, out, t)
}

// add writes a value. Where several stand for one tensor, the first does.
func (s *saver) add(v *ir.Value, name string, role intermediates.Role, t *host.Tensor) error {
	s.written[v] = true
	e := intermediates.Entry{Node: s.call.outputs.Prefix + name, Role: role}
	if first, taken := s.owner[e.Node]; taken && (first != v || s.runs[e.Node] == maxRuns) {
		return nil
	}
	s.owner[e.Node] = v
	e.Run = s.runs[e.Node]
	s.runs[e.Node]++
	switch {
	case role == intermediates.In:
		e.Op = "input"
	case role == intermediates.Update:
		e.Op = "update"
	case v != nil && v.Def != nil:
		e.Op, e.Loc = v.Def.Name(), v.Def.Loc
	}
	return s.w.Add(e, t)
}

// end writes what the call left in states and inputs, and the outputs that no tensor of the PyTorch graph stands for.
func (s *saver) end(c *call, out []*host.Tensor, session backend.Session) error {
	for _, r := range callResults(c, out, session) {
		role := intermediates.Update
		if r.Role == ir.Output {
			role = intermediates.Out
		}
		if r.kept || role == intermediates.Out && s.written[r.value] || s.chosen != nil && len(s.matching(r.names...)) == 0 {
			continue
		}
		t, err := r.tensor()
		if err != nil {
			return err
		}
		if err := s.add(nil, r.names[0], role, t); err != nil {
			return err
		}
	}
	return nil
}

func (s *saver) finish() error {
	if s.chosen != nil {
		if err := s.hidden(); err != nil {
			return err
		}
	}
	return s.w.Commit()
}

func (s *saver) discard() { s.w.Discard() }
