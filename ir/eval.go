package ir

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// EvalCtx is what Eval may use beside its operands.
type EvalCtx struct {
	Context context.Context
	// Call runs a body.
	Call func(body *Func, args []*host.Tensor) ([]*host.Tensor, error)
	// Size gives the value of a symbol.
	Size func(symbol string) (int64, bool)
	// Function runs a function of the module by name, for core.call.
	Function func(name string, args []*host.Tensor) ([]*host.Tensor, error)
	// Resource gives constant data by name.
	Resource func(name string) (*host.Tensor, error)
	// Parallel cuts loops over the machine's cores.
	Parallel host.Parallel
	// Overwrite is set where an operation with the trait InPlace must write over its base. It is told of each part before
	// that part is written, so that a call which fails can be undone.
	Overwrite func(part *host.Tensor)
}

// Base gives an update the tensor to write into: its base where that may be overwritten, otherwise a copy.
func (c *EvalCtx) Base(base *host.Tensor) *host.Tensor {
	if c != nil && c.Overwrite != nil {
		return base
	}
	return base.Clone()
}

// Replace writes over a part of what Base gave.
func (c *EvalCtx) Replace(part, by *host.Tensor) {
	if c != nil && c.Overwrite != nil {
		c.Overwrite(part)
	}
	host.Assign(c.Par(), part, by)
}

// Par is the context's Parallel, or the serial one.
func (c *EvalCtx) Par() host.Parallel {
	if c == nil || c.Parallel == nil {
		return host.Serial
	}
	return c.Parallel
}

// Dim gives the number a size has in this call.
func (c *EvalCtx) Dim(d Dim) (int, error) {
	if n, ok := d.IsConst(); ok {
		return int(n), nil
	}
	n, err := d.Eval(func(s string) (int64, bool) {
		if c == nil || c.Size == nil {
			return 0, false
		}
		return c.Size(s)
	})
	return int(n), err
}

// Shape gives the sizes that a type has in this call.
func (c *EvalCtx) Shape(t Type) ([]int, error) {
	shape := make([]int, len(t.Shape))
	for i, d := range t.Shape {
		n, err := c.Dim(d)
		if err != nil {
			return nil, err
		}
		if n < 0 {
			return nil, fmt.Errorf("dimension %d of %s is %d", i, t, n)
		}
		shape[i] = n
	}
	if _, err := host.SizeBytes(t.Elem, shape); err != nil {
		return nil, err
	}
	return shape, nil
}

// Alloc makes a tensor of zeros for result i of an operation whose shape the type states.
func (c *EvalCtx) Alloc(op *Op, i int) (*host.Tensor, error) {
	t := op.Results[i].Type
	shape, err := c.Shape(t)
	if err != nil {
		return nil, fmt.Errorf("%s: result %d: %w", op.Name(), i, err)
	}
	return host.Alloc(t.Elem, shape)
}
