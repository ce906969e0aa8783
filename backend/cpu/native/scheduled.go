package native

import (
	"errors"
	"fmt"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Scheduled plans an operation by the schedules for every backend.
func Scheduled(op *ir.Op, m *emit.Machine) (*Plan, error) {
	target := schedule.Target{Name: m.Name, Lanes: m.Lanes, Registers: m.Registers, L1: m.L1, L2: m.L2, L3: m.L3, Features: m.All(), Halves: m.Rounded}
	if op.Def.Traits.Has(ir.InPlace) {
		return updates(op, target)
	}
	g, err := schedule.NewGroup(op)
	if err != nil {
		return nil, err
	}
	made, reason := schedule.Plan(g, target)
	if reason != "" {
		return nil, errors.New(reason)
	}
	plan := &Plan{Kernels: made.Kernels}
	for _, k := range made.Kernels {
		args, err := argsOf(k, len(g.Params))
		if err != nil {
			return nil, err
		}
		plan.Args = append(plan.Args, args)
	}
	for _, t := range made.Temps {
		plan.Temps = append(plan.Temps, Temp{Bytes: t.Len.Mul(ir.Const(int64(t.Elem.Bytes())))})
	}
	for _, p := range made.Packs {
		n, ok := p.Len.IsConst()
		if !ok {
			return nil, fmt.Errorf("internal error: a packed constant has %s elements", p.Len)
		}
		bytes, err := host.SizeBytes(p.Elem, []int{int(n)})
		if err != nil {
			return nil, err
		}
		plan.Packs = append(plan.Packs, Pack{Kernel: p.Kernel, Operands: p.Params, Bytes: bytes})
	}
	return plan, nil
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
	return &Plan{Kernels: []*kernel.Kernel{u.Kernel}, Args: [][]Arg{args}, InPlace: &InPlace{u.Runs, u.Length}}, nil
}

// argsOf tells a scheduled kernel's global buffers apart, of which the parameters come first.
func argsOf(k *kernel.Kernel, params int) ([]Arg, error) {
	kinds := map[schedule.Role]ArgKind{schedule.Result: Result, schedule.Packed: Packed, schedule.Between: Temporary, schedule.Statuses: Status}
	var args []Arg
	for _, b := range k.Buffers {
		switch {
		case b.Space != kernel.Global:
		case len(args) < params:
			args = append(args, Arg{Operand, len(args)})
		default:
			role, index := schedule.RoleOf(b)
			args = append(args, Arg{kinds[role], index})
		}
	}
	if len(args) < params {
		return nil, fmt.Errorf("kernel %s has %d global buffers, expected %d parameters among them", k.Name, len(args), params)
	}
	return args, nil
}
