package native

import (
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
)

// Planner gives the kernels that compute an operation. An error says why the interpreter has to. What it gives follows from its name,
// the build of the program, the operation and the target, as it is kept in the cache.
type Planner struct {
	Name string
	Plan func(op *ir.Op, t schedule.Target) (*calls.Plan, error)
}

// schedules plans by the schedules for every backend.
func schedules() *Planner { return &Planner{"schedules", calls.Of} }

// TargetOf is what schedules know of a machine.
func TargetOf(m *emit.Machine) schedule.Target {
	return schedule.Target{
		Name: m.Name, Lanes: m.Lanes, Registers: m.Registers, L1: m.L1, L2: m.L2, L3: m.L3, Features: m.All(),
		Halves: m.Rounded, Bytes: m.Coded && m.SumsBytes(),
	}
}

// target is what planners are told of the machine.
func (c *compiler) target() schedule.Target {
	t := TargetOf(c.machine)
	t.Verify, t.Stop = c.proven.verify, c.stop
	return t
}
