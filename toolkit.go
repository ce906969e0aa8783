package aiopt

import (
	"errors"
	"fmt"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native"
	"github.com/aiopt/aiopt/backend/metal/runtime"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes"
	"github.com/aiopt/aiopt/passes/kernels"
	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/passes/pass"
)

// Toolkit is everything a program built on aiopt knows: operations, passes, lowerings, pipelines and backends. Start from
// [Standard] and add; mistakes such as a name taken twice are collected and given by [Toolkit.Err].
type Toolkit struct {
	Ops       *ir.Registry
	Passes    *pass.Set
	Lowerings *lower.Table
	Kernels   *kernels.Table
	Backends  []backend.Backend

	errs []error
}

// Standard is the toolkit of the aiopt command.
func Standard() *Toolkit {
	t := &Toolkit{Passes: &pass.Set{}, Lowerings: lower.Standard(), Kernels: &kernels.Table{}}
	ops, err := ir.NewRegistry(core.Dialect, tensor.Dialect, nn.Dialect, quant.Dialect, state.Dialect, torch.Dialect)
	t.note(err)
	t.Ops = ops
	for _, p := range passes.Standard(t.Lowerings, t.Kernels) {
		t.note(t.Passes.Add(p))
	}
	for _, p := range passes.Pipelines() {
		t.AddPipeline(p.Name, p.Doc, p.Text)
	}
	return t.AddBackend(interp.Backend{}).AddBackend(native.Backend{}).AddBackend(runtime.Backend{})
}

func (t *Toolkit) note(err error) {
	if err != nil {
		t.errs = append(t.errs, err)
	}
}

// Err gives the mistakes made while adding, such as a name taken twice.
func (t *Toolkit) Err() error {
	return errors.Join(append(t.errs, t.Lowerings.Err(), t.Kernels.Check(t.Ops))...)
}

// AddDialect adds a table of operations.
func (t *Toolkit) AddDialect(d *ir.Dialect) *Toolkit {
	t.note(t.Ops.Add(d))
	return t
}

// AddPass adds a pass by its constructor.
func (t *Toolkit) AddPass(p func() *pass.Pass) *Toolkit {
	t.note(t.Passes.Add(p))
	return t
}

// AddLowering says how decompose lowers a PyTorch operator, such as "mylib.swiglu" or, for one overload only,
// "mylib.swiglu.default".
func (t *Toolkit) AddLowering(target string, fn lower.Lowering) *Toolkit {
	t.Lowerings.Add(target, fn)
	return t
}

// ReplaceLowering is AddLowering for an operator that has a lowering already.
func (t *Toolkit) ReplaceLowering(target string, fn lower.Lowering) *Toolkit {
	t.Lowerings.Replace(target, fn)
	return t
}

// AddKernel says that a Metal kernel computes an operation, such as "my.square": the pass metal-kernels calls it.
func (t *Toolkit) AddKernel(op string, k *kernels.Kernel) *Toolkit {
	t.Kernels.Add(op, k)
	return t
}

// AddPipeline gives a pipeline a name, to be used as @name.
func (t *Toolkit) AddPipeline(name, doc, text string) *Toolkit {
	t.note(t.Passes.AddPipeline(name, doc, text))
	return t
}

// AddBackend adds an engine.
func (t *Toolkit) AddBackend(b backend.Backend) *Toolkit {
	if t.Backend(b.Name()) != nil {
		t.note(fmt.Errorf("the backend %s is added twice", b.Name()))
	}
	t.Backends = append(t.Backends, b)
	return t
}

// Backend finds an engine by name; nil where there is none.
func (t *Toolkit) Backend(name string) backend.Backend {
	for _, b := range t.Backends {
		if b.Name() == name {
			return b
		}
	}
	return nil
}
