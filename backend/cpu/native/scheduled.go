package native

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
)

// Scheduled plans an operation by the schedules for every backend.
func Scheduled(op *ir.Op, m *emit.Machine) (*Plan, error) {
	g, err := schedule.NewGroup(op)
	if err != nil {
		return nil, err
	}
	kernels, reason := schedule.Plan(g, schedule.Target{
		Name: m.Name, Lanes: m.Lanes, Registers: m.Registers, L1: m.L1, L2: m.L2, Features: m.All(),
	})
	if reason != "" {
		return nil, errors.New(reason)
	}
	if len(kernels) != 1 {
		return nil, fmt.Errorf("its schedule makes %d kernels, which only share what the call gives", len(kernels))
	}
	args, err := argsOf(kernels[0], len(g.Params))
	if err != nil {
		return nil, err
	}
	return &Plan{Kernels: kernels, Args: [][]Arg{args}}, nil
}

// argsOf tells a scheduled kernel's global buffers apart: the parameters come first, then the result and the status.
func argsOf(k *kernel.Kernel, params int) ([]Arg, error) {
	var args []Arg
	results := 0
	for _, b := range k.Buffers {
		switch {
		case b.Space != kernel.Global:
		case len(args) < params:
			args = append(args, Arg{Operand, len(args)})
		case strings.HasPrefix(b.Name, "status"):
			args = append(args, Arg{Kind: Status})
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
