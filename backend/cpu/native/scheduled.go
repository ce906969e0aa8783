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
	g, err := schedule.NewGroup(op)
	if err != nil {
		return nil, err
	}
	made, reason := schedule.Plan(g, schedule.Target{
		Name: m.Name, Lanes: m.Lanes, Registers: m.Registers, L1: m.L1, L2: m.L2, Features: m.All(),
	})
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
