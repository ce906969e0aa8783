package pass

import (
	"fmt"
	"runtime/debug"

	"github.com/aiopt/aiopt/ir"
)

// Hook looks at the module before and after each pass. Either function may be nil. Failed is called when a pass or the
// verifier after it fails, with the module as it was before the pass, if the runner keeps it.
type Hook struct {
	Before func(*Context, *ir.Module) error
	After  func(*Context, *ir.Module) error
	Failed func(ctx *Context, before *ir.Module, rest Pipeline, err error)
}

// Runner runs pipelines.
type Runner struct {
	Hooks []Hook
	// KeepBefore copies the module before each pass, for the Failed hooks.
	KeepBefore bool
}

// Error says which pass failed.
type Error struct {
	Pass  string
	Stage string // empty for the pass itself; "verify" when it left an invalid module
	Err   error
}

// Error names the pass.
func (e *Error) Error() string {
	if e.Stage != "" {
		return fmt.Sprintf("pass %s left an invalid module (this is a bug in the pass):\n%v", e.Pass, e.Err)
	}
	return fmt.Sprintf("pass %s: %v", e.Pass, e.Err)
}

// Unwrap gives the error of the pass.
func (e *Error) Unwrap() error { return e.Err }

// Run runs the passes in order and verifies the module before the first and after each. The module is changed in place;
// after an error it must not be used.
func (r *Runner) Run(ctx *Context, m *ir.Module, p Pipeline) error {
	if err := ir.Verify(m); err != nil {
		return err
	}
	for i, ps := range p {
		ctx.Pass = ps
		if err := r.one(ctx, m, ps, p[i:]); err != nil {
			return err
		}
		m.Passes = append(m.Passes, ps.Kept())
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) one(ctx *Context, m *ir.Module, p *Pass, rest Pipeline) (err error) {
	var before *ir.Module
	if r.KeepBefore {
		before = m.Clone()
	}
	for _, h := range r.Hooks {
		if h.Before != nil {
			if err := h.Before(ctx, m); err != nil {
				return err
			}
		}
	}
	defer func() {
		if err != nil {
			for _, h := range r.Hooks {
				if h.Failed != nil {
					h.Failed(ctx, before, rest, err)
				}
			}
		}
	}()
	if err := guarded(ctx, m, p); err != nil {
		return &Error{Pass: p.Name, Err: err}
	}
	if err := ir.Verify(m); err != nil {
		return &Error{Pass: p.Name, Stage: "verify", Err: err}
	}
	for _, h := range r.Hooks {
		if h.After != nil {
			if err := h.After(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Panic is what a pass that broke a promise ends with; it is a bug in the pass, not a mistake of the user.
type Panic struct {
	Value any
	Stack []byte
}

// Error says what the panic said.
func (p *Panic) Error() string { return fmt.Sprintf("internal error: %v", p.Value) }

func guarded(ctx *Context, m *ir.Module, p *Pass) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	if p.NeedsLowered {
		if err := refuseTorch(m); err != nil {
			return err
		}
	}
	return p.Run(ctx, m)
}

func refuseTorch(m *ir.Module) error {
	var first *ir.Op
	n := 0
	m.Walk(func(op *ir.Op) {
		if op.Def.Dialect() == "torch" {
			if n == 0 {
				first = op
			}
			n++
		}
	})
	if n == 0 {
		return nil
	}
	callee, _ := first.Attr("callee").(ir.String)
	return fmt.Errorf("the module still has %d torch.call, such as %s; run the pass `decompose` before it", n, string(callee))
}
