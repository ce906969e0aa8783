package inputs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Names gives the names that inputs and outputs of a call have for the user.
type Names struct {
	Prefix   string
	Position bool
	// Earlier has the outputs of the calls before, by name: an input that is not given for this call alone may be given for
	// all calls, without the prefix, or be such an output. Where it is nil, each call has its own inputs.
	Earlier map[string]*host.Tensor
}

// Keep lets later calls take a call's outputs.
func (n Names) Keep(sig backend.Signature, out []*host.Tensor) {
	for i, r := range sig.Outputs {
		if n.Earlier != nil && r.Role == ir.Output {
			n.Earlier[r.Name] = out[i]
		}
	}
}

// of is the user's name of a parameter, the at-th of the user's inputs. By position it may also be given by its name, unless that is
// one of a position.
func (n Names) of(p *ir.Param, at int, in *Given) string {
	name := n.Prefix + p.Value.Name
	switch {
	case n.Position:
		place := fmt.Sprintf("%sin%d", n.Prefix, at)
		if !slices.Contains(in.order, place) && slices.Contains(in.order, name) && !positionName.MatchString(name) {
			return name
		}
		return place
	case n.Earlier != nil && !slices.Contains(in.order, name) && slices.Contains(in.order, p.Value.Name):
		return p.Value.Name
	}
	return name
}

// Take finds the arguments of a call.
func (in *Given) Take(sig backend.Signature, names Names) ([]*host.Tensor, error) {
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
		t := names.Earlier[p.Value.Name]
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

func (in *Given) tensor(name string, p *ir.Param, names Names) (*host.Tensor, error) {
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
	if names.Earlier != nil {
		have += fmt.Sprintf(", and no call before it has an output %q", p.Value.Name)
	}
	what := p.Value.Type.String()
	if names.Position {
		what = fmt.Sprintf("or %s%s: %s", names.Prefix, p.Value.Name, what)
	}
	return nil, fmt.Errorf("the input %q (%s) is missing; %s; give it with --input %s=FILE or --inputs=FILE.safetensors; `aiopt help inputs` explains", name, what, have, name)
}
