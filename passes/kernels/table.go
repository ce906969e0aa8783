// Package kernels is the table of Metal kernels that programs built on aiopt add for operations, and what makes calls of them.
package kernels

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/core/metaltext"
	"github.com/aiopt/aiopt/ir"
)

// Kernel is a kernel that computes an operation. Its inputs that are tensors are the operation's operands in their order;
// those that are numbers are attributes of the operation, by name.
type Kernel struct {
	metaltext.Kernel
	Threads     func(op *ir.Op) [3]ir.Dim // of the grid
	Threadgroup [3]int
	// Fits says why a call of the operation cannot be the kernel's, such as another rank; empty where it can, and nil where
	// it always can.
	Fits func(op *ir.Op) string
}

// Table has the kernels of operations, in the order in which they were added.
type Table struct {
	entries []entry
	errs    []error
}

type entry struct {
	op     string
	kernel *Kernel
}

// Add adds a kernel for an operation such as "my.square". Of several for one operation the first that fits is taken; two of
// one name are a mistake.
func (t *Table) Add(op string, k *Kernel) {
	switch {
	case k.Threads == nil:
		t.errs = append(t.errs, fmt.Errorf("kernel %s for %s: it does not say how many threads there are", k.Name, op))
	case slices.ContainsFunc(t.entries, func(e entry) bool { return e.op == op && e.kernel.Name == k.Name }):
		t.errs = append(t.errs, fmt.Errorf("the kernel %s for %s is added twice", k.Name, op))
	}
	if err := k.Check(); err != nil {
		t.errs = append(t.errs, err)
	}
	t.entries = append(t.entries, entry{op, k})
}

// Check gives the mistakes made while adding, and kernels for operations that nothing defines.
func (t *Table) Check(ops *ir.Registry) error {
	errs := slices.Clone(t.errs)
	for _, e := range t.entries {
		if ops.Op(e.op) == nil {
			errs = append(errs, fmt.Errorf("the kernel %s is for %s, and there is no such operation", e.kernel.Name, e.op))
		}
	}
	return errors.Join(errs...)
}

// Of lists the kernels of an operation.
func (t *Table) Of(op string) []*Kernel {
	var list []*Kernel
	for _, e := range t.entries {
		if e.op == op {
			list = append(list, e.kernel)
		}
	}
	return list
}

// Call puts a call of the kernel in the place of an operation, which becomes its definition. It says why where it does not.
func (k *Kernel) Call(op *ir.Op, by string) (*ir.Op, string) {
	if k.Fits != nil {
		if why := k.Fits(op); why != "" {
			return nil, why
		}
	}
	call, why := k.call(op)
	if why != "" {
		return nil, why
	}
	attrs, err := k.Attrs(call)
	if err != nil {
		return nil, err.Error()
	}
	body := &ir.Func{Name: "reference"}
	values := map[*ir.Value]*ir.Value{}
	var operands []*ir.Value
	for _, v := range op.Operands {
		if values[v] == nil {
			values[v] = body.AddParam(v.Name, v.Type, ir.Input).Value
		} else {
			body.AddParam(v.Name, v.Type, ir.Input)
		}
		operands = append(operands, v)
	}
	inner := op.CloneWith(values)
	body.Append(inner)
	body.Append(ir.NewOp(core.Return, nil, nil, inner.Results, nil, op.Loc))
	var types []ir.Type
	for _, r := range inner.Results {
		r.Claims = nil // those of the call are its own
		types = append(types, r.Type)
	}
	b := ir.Before(op)
	b.Loc = op.Loc.By(by)
	made, err := b.BuildWith(core.MetalKernel, attrs, types, []*ir.Func{body}, operands...)
	if err != nil {
		return nil, err.Error()
	}
	for i, r := range op.Results {
		made.Results[i].Name = r.Name
		made.Results[i].AddClaims(r.Claims...)
		r.Claims = nil
		r.ReplaceAllUses(made.Results[i])
	}
	op.Parent().Erase(op)
	return made, ""
}

// call is what the text is made for.
func (k *Kernel) call(op *ir.Op) (*metaltext.Call, string) {
	threads := k.Threads(op)
	c := &metaltext.Call{Threads: threads[:], Threadgroup: k.Threadgroup[:]}
	for i, v := range op.Operands {
		if v == nil {
			return nil, fmt.Sprintf("its operand %d is absent", i)
		}
		c.Tensors = append(c.Tensors, v.Type)
	}
	for _, r := range op.Results {
		c.Results = append(c.Results, r.Type)
	}
	for _, in := range k.Inputs {
		if in.Kind == metaltext.Tensor {
			continue
		}
		if !op.Has(in.Name) {
			return nil, "it has no attribute " + in.Name
		}
		c.Numbers = append(c.Numbers, op.Attr(in.Name))
	}
	return c, ""
}
