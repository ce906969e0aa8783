package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// portNames gives the names that inputs and outputs of a call have for the user.
type portNames struct {
	prefix   string
	position bool
	// earlier has the outputs of the calls before, by name: an input that is not given for this call alone may be given for
	// all calls, without the prefix, or be such an output. Where it is nil, each call has its own inputs.
	earlier map[string]*host.Tensor
}

// keep lets later calls take a call's outputs.
func (n portNames) keep(sig backend.Signature, out []*host.Tensor) {
	for i, r := range sig.Outputs {
		if n.earlier != nil && r.Role == ir.Output {
			n.earlier[r.Name] = out[i]
		}
	}
}

// of is the user's name of a parameter, the at-th of the user's inputs. By position it may also be given by its name, unless that is
// one of a position.
func (n portNames) of(p *ir.Param, at int, in *inputs) string {
	name := n.prefix + p.Value.Name
	switch {
	case n.position:
		place := fmt.Sprintf("%sin%d", n.prefix, at)
		if !slices.Contains(in.order, place) && slices.Contains(in.order, name) && !positionName.MatchString(name) {
			return name
		}
		return place
	case n.earlier != nil && !slices.Contains(in.order, name) && slices.Contains(in.order, p.Value.Name):
		return p.Value.Name
	}
	return name
}

// take finds the arguments of a call.
func (in *inputs) take(sig backend.Signature, names portNames) ([]*host.Tensor, error) {
	var out []*host.Tensor
	at := 0
	for _, p := range sig.Func.Params {
		if p.Role == ir.StateIn {
			continue
		}
		name := names.of(p, at, in)
		at++
		if p.Role == ir.ConstArg {
			if err := in.checkConstant(name, p.Const); err != nil {
				return nil, err
			}
			continue
		}
		t := names.earlier[p.Value.Name]
		if t == nil || slices.Contains(in.order, name) {
			var err error
			if t, err = in.tensor(name, p, names); err != nil {
				return nil, err
			}
		}
		out = append(out, t)
	}
	return out, nil
}

func (in *inputs) tensor(name string, p *ir.Param, names portNames) (*host.Tensor, error) {
	in.taken[name] = true
	in.known = append(in.known, name)
	if slices.Contains(in.order, name) {
		return in.get(name, p.Value.Type)
	}
	have := "none are given"
	if rest := in.names(); len(rest) > 0 {
		have = "given are " + strings.Join(rest, ", ")
		if in.byPosition() && !positionName.MatchString(name) {
			have += ", which are names for --io=position"
		}
	}
	if names.earlier != nil {
		have += fmt.Sprintf(", and no call before it has an output %q", p.Value.Name)
	}
	what := p.Value.Type.String()
	if names.position {
		what = fmt.Sprintf("or %s%s: %s", names.prefix, p.Value.Name, what)
	}
	return nil, fmt.Errorf("the input %q (%s) is missing; %s; give it with --input %s=FILE or --inputs=FILE.safetensors; `aiopt help inputs` explains", name, what, have, name)
}
