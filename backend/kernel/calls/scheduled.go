package calls

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Of plans an operation with one result by the schedules. The error is why there are no kernels for it.
func Of(op *ir.Op, target schedule.Target) (*Plan, error) {
	if op.Def.Traits.Has(ir.InPlace) {
		return updates(op, target)
	}
	g, err := schedule.NewGroup(op)
	if err != nil {
		return nil, err
	}
	var shown map[int]schedule.Shown
	if target.SIMD > 0 {
		shown = g.HoistRuns()
	}
	parts, reason := schedule.Parts(g, target)
	if reason != "" {
		return nil, errors.New(reason)
	}
	plan := &Plan{Shown: shown}
	var given []int // the temporaries of the parts' results
	for i := range parts {
		if given, err = plan.add(&parts[i], len(g.Params), given, i == len(parts)-1); err != nil {
			return nil, err
		}
	}
	if len(parts) == 1 && len(plan.Kernels) == 1 {
		plan.Reuses = reused(plan.Kernels[0])
	}
	return plan, nil
}

// reused lists the operands of a kernel that its result may be written over.
func reused(k *kernel.Kernel) []int {
	at := slices.IndexFunc(k.Buffers, func(b *kernel.Buffer) bool { return b.Role == kernel.Result })
	var list []int
	for _, b := range k.Buffers {
		if b.Role == kernel.Operand && k.MayShare(b, k.Buffers[at]) {
			list = append(list, b.Index)
		}
	}
	return list
}

// add appends the kernels of a part. Parameters from their number on are what parts before it gave, in temporaries; so is its own
// result, unless it is the last one.
func (p *Plan) add(part *schedule.Part, params int, given []int, last bool) ([]int, error) {
	made := part.Made
	packs, temps := len(p.Packs), len(p.Temps)
	for _, t := range made.Temps {
		p.Temps = append(p.Temps, Temp(t))
	}
	result := Arg{Kind: kernel.Result}
	if !last {
		result = Arg{kernel.Temporary, len(p.Temps)}
		given = append(given, result.Index)
		p.Temps = append(p.Temps, Temp{part.Result.Elem, part.Result.NumElements()})
	}
	for _, k := range made.Kernels {
		args, err := argsOf(k)
		if err != nil {
			return nil, err
		}
		for i := range args {
			switch a := &args[i]; a.Kind {
			case kernel.Operand:
				if a.Index = part.Params[a.Index]; a.Index >= params {
					*a = Arg{kernel.Temporary, given[a.Index-params]}
				}
			case kernel.Packed:
				a.Index += packs
			case kernel.Temporary:
				a.Index += temps
			case kernel.Result:
				*a = result
			}
		}
		p.Kernels, p.Args = append(p.Kernels, k), append(p.Args, args)
	}
	return given, p.pack(made, part)
}

// pack appends what a part packs.
func (p *Plan) pack(made *schedule.Made, part *schedule.Part) error {
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
		p.Packs = append(p.Packs, Pack{Kernel: k.Kernel, Operands: operands, Elem: k.Elem, Bytes: bytes})
	}
	return nil
}

// updates plans an operation that writes over its base.
func updates(op *ir.Op, t schedule.Target) (*Plan, error) {
	u, err := schedule.MakeUpdate(op, t)
	if err != nil {
		return nil, err
	}
	args, err := argsOf(u.Kernel)
	if err != nil {
		return nil, err
	}
	return &Plan{Kernels: []*kernel.Kernel{u.Kernel}, Args: [][]Arg{args}, InPlace: &InPlace{u.Runs, u.Length, u.Copy}}, nil
}

// argsOf are the global buffers of a planned kernel.
func argsOf(k *kernel.Kernel) ([]Arg, error) {
	var args []Arg
	for _, b := range k.Buffers {
		switch {
		case b.Space != kernel.Global:
		case b.Role == kernel.NoRole:
			return nil, fmt.Errorf("internal error: the schedule does not say what buffer %s of kernel %s is", b.Name, k.Name)
		default:
			args = append(args, Arg{b.Role, b.Index})
		}
	}
	return args, nil
}
