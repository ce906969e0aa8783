package inputs

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// stateMark begins the names of states.
const stateMark = "buf:"

// State is a state's value.
type State struct {
	Name   string
	Tensor *host.Tensor
}

// States are the values of states, those named buf:NAME. A file may list buffers that the model only reads; what was typed must be a state.
func (in *Given) States(m *ir.Module) ([]State, error) {
	var list []State
	for i, name := range in.order {
		state, ok := strings.CutPrefix(name, stateMark)
		if !ok {
			continue
		}
		st := m.State(state)
		in.taken[name] = st != nil || i < in.inFile
		if st == nil {
			continue
		}
		t, err := in.get(name, st.Type)
		if err != nil {
			return nil, err
		}
		list = append(list, State{state, t})
	}
	return list, nil
}

// IgnoreStates is for who starts with the model's own states.
func (in *Given) IgnoreStates() {
	for _, name := range in.order {
		if strings.HasPrefix(name, stateMark) {
			in.taken[name] = true
		}
	}
}

// torchFloats are PyTorch's names of the types that a pass keeps states in.
var torchFloats = map[host.Elem]string{host.F16: "float16", host.BF16: "bfloat16", host.F32: "float32", host.F64: "float64"}

// SetStates gives a session's states the values named buf:NAME.
func (in *Given) SetStates(m *ir.Module, s backend.Session) error {
	list, err := in.States(m)
	if err != nil {
		return err
	}
	for _, v := range list {
		err := s.SetState(v.Name, v.Tensor)
		if err == nil {
			continue
		}
		want := m.State(v.Name).Type.Elem
		if v.Tensor.Elem == want {
			return err
		}
		hint := ""
		if name := torchFloats[want]; name != "" && v.Tensor.Elem.IsFloat() {
			hint = fmt.Sprintf("convert it, in PyTorch by tensor.to(torch.%s), or ", name)
		}
		return fmt.Errorf("%w; a pass such as fp16 or kv8 changed how the state is kept: %sleave buf:%s out, and it starts as the model says", err, hint, v.Name)
	}
	return nil
}
