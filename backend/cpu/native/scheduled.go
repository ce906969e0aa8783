package native

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Scheduled plans an operation by the schedules for every backend.
func Scheduled(op *ir.Op, m *emit.Machine) (*Plan, error) {
	target := schedule.Target{Name: m.Name, Lanes: m.Lanes, Registers: m.Registers, L1: m.L1, L2: m.L2, Features: m.All()}
	if op.Def.Traits.Has(ir.InPlace) {
		return updates(op, target)
	}
	g, err := schedule.NewGroup(op)
	if err != nil {
		return nil, err
	}
	parts, reason := schedule.Parts(g, target)
	if reason != "" {
		return nil, errors.New(reason)
	}
	plan := &Plan{}
	for i := range parts {
		if err := plan.add(&parts[i], len(g.Params), i == len(parts)-1); err != nil {
			return nil, err
		}
	}
	if len(parts) == 1 && parts[0].Made.Once {
		plan.Reuses = reused(plan.Kernels[0], plan.Args[0])
	}
	return plan, nil
}

// reused lists the operands of a kernel that its result may be written over.
func reused(k *kernel.Kernel, args []Arg) []int {
	var in []*kernel.Buffer
	var out *kernel.Buffer
	at := 0
	for _, b := range k.Buffers {
		if b.Space != kernel.Global {
			continue
		}
		switch args[at].Kind {
		case Operand:
			in = append(in, b)
		case Result:
			out = b
		}
		at++
	}
	var list []int
	for i, b := range in {
		if k.MayShare(b, out) {
			list = append(list, i)
		}
	}
	return list
}

// add appends the kernel of a part. Parameters from their number on are what parts before it gave; the result of all but the last one is
// a temporary.
func (p *Plan) add(part *schedule.Part, params int, last bool) error {
	made := part.Made
	if len(made.Kernels) != 1 {
		return fmt.Errorf("its schedule makes %d kernels, which only share what the call gives", len(made.Kernels))
	}
	args, err := argsOf(made.Kernels[0], len(part.Params))
	if err != nil {
		return err
	}
	for i := range args {
		switch a := &args[i]; {
		case a.Kind == Operand:
			if a.Index = part.Params[a.Index]; a.Index >= params {
				*a = Arg{Temporary, a.Index - params}
			}
		case a.Kind == Packed:
			a.Index += len(p.Packs)
		case a.Kind == Result && !last:
			*a = Arg{Temporary, len(p.Temps)}
		}
	}
	for _, k := range made.Packs {
		n, ok := k.Len.IsConst()
		if !ok {
			return fmt.Errorf("internal error: a packed constant has %s elements", k.Len)
		}
		bytes, err := host.SizeBytes(k.Elem, []int{int(n)})
		if err != nil {
			return err
		}
		var operands []int
		for _, i := range k.Params {
			operands = append(operands, part.Params[i])
		}
		p.Packs = append(p.Packs, Pack{Kernel: k.Kernel, Operands: operands, Bytes: bytes})
	}
	p.Kernels, p.Args = append(p.Kernels, made.Kernels[0]), append(p.Args, args)
	if !last {
		p.Temps = append(p.Temps, Temp{part.Result.NumElements().Mul(ir.Const(int64(part.Result.Elem.Bytes())))})
	}
	return nil
}

// updates plans an operation that writes over its base.
func updates(op *ir.Op, t schedule.Target) (*Plan, error) {
	u, err := schedule.MakeUpdate(op, t)
	if err != nil {
		return nil, err
	}
	var args []Arg
	for i := range op.Operands {
		args = append(args, Arg{Operand, i})
	}
	args = append(args, Arg{Kind: Saved}, Arg{Kind: Places}, Arg{Kind: Status})
	return &Plan{Kernels: []*kernel.Kernel{u.Kernel}, Args: [][]Arg{args}, InPlace: &InPlace{u.Runs, u.Length, u.Copy}}, nil
}

// argsOf tells a scheduled kernel's global buffers apart: the parameters come first, then the result, what is packed, and the status.
func argsOf(k *kernel.Kernel, params int) ([]Arg, error) {
	var args []Arg
	results, packs := 0, 0
	for _, b := range k.Buffers {
		switch {
		case b.Space != kernel.Global:
		case len(args) < params:
			args = append(args, Arg{Operand, len(args)})
		case strings.HasPrefix(b.Name, "status"):
			args = append(args, Arg{Kind: Status})
		case strings.HasPrefix(b.Name, "packed"):
			args = append(args, Arg{Packed, packs})
			packs++
		default:
			args = append(args, Arg{Kind: Result})
			results++
		}
	}
	if len(args) < params || results != 1 {
		return nil, fmt.Errorf("kernel %s has %d global buffers and %d results, expected %d parameters and 1 result", k.Name, len(args), results, params)
	}
	return args, nil
}
