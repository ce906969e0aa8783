package cli

import (
	"context"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// watcher looks at the values of calls.
type watcher interface {
	begin(c *call) error // before a call
	wants(v *ir.Value) bool
	take(v *ir.Value, t *host.Tensor) error // a value that it wants; the tensor is valid during this call only
	end(c *call, out []*host.Tensor, s backend.Session) error
	finish() error // after all calls
	discard()      // whatever has happened
}

// watchers are those who look at one run. The first error of theirs ends it.
type watchers struct {
	list []watcher
	err  error
	stop context.CancelFunc
}

// options are what engines need to know of the watchers; the context of the calls is the one that it returns.
func (w *watchers) options(ctx context.Context) (context.Context, *backend.CallOptions) {
	opt := &backend.CallOptions{}
	if len(w.list) == 0 {
		return ctx, opt
	}
	ctx, w.stop = context.WithCancel(ctx)
	opt.Select = func(v *ir.Value) bool {
		for _, each := range w.list {
			if each.wants(v) {
				return true
			}
		}
		return false
	}
	opt.Observe = func(v *ir.Value, t *host.Tensor) {
		for _, each := range w.list {
			if w.err == nil && each.wants(v) {
				w.err = each.take(v, t)
			}
		}
		if w.err != nil {
			w.stop()
		}
	}
	return ctx, opt
}

// call runs a call that is watched.
func (w *watchers) call(c *call, s backend.Session, run func() ([]*host.Tensor, error)) ([]*host.Tensor, error) {
	for _, each := range w.list {
		if err := each.begin(c); err != nil {
			return nil, err
		}
	}
	out, err := run()
	if w.err != nil {
		err = w.err
	}
	for _, each := range w.list {
		if err == nil {
			err = each.end(c, out, s)
		}
	}
	return out, err
}

func (w *watchers) finish() error {
	for _, each := range w.list {
		if err := each.finish(); err != nil {
			return err
		}
	}
	return nil
}

func (w *watchers) discard() {
	for _, each := range w.list {
		each.discard()
	}
	if w.stop != nil {
		w.stop()
	}
}

// valueNames are what the user may call a value: first the tensors of the PyTorch graph that it stands for, one for each claim, then its
// name in the text, which weights do not have here.
func valueNames(v *ir.Value) []string {
	var names []string
	for _, c := range v.Claims {
		names = append(names, c.Tensor)
	}
	if v.Name != "" && !v.DefinedBy(core.Constant) {
		names = append(names, v.Name)
	}
	return names
}

// callResult is what a call left: an output, an input that it changed, or a state.
type callResult struct {
	*ir.Result
	value  *ir.Value
	names  []string // of the user's, without the call's own prefix
	kept   bool     // a state that the function only reads
	tensor func() (*host.Tensor, error)
}

func callResults(c *call, out []*host.Tensor, s backend.Session) []callResult {
	var list []callResult
	changed := map[string]bool{}
	for i, r := range c.sig.Func.Results {
		one := callResult{Result: r, value: c.sig.Func.Returns()[i], names: resultNames(r)}
		if r.State {
			changed[r.Target] = true
			one.tensor = func() (*host.Tensor, error) { return s.State(r.Target) }
		} else {
			t := out[0]
			out = out[1:]
			one.tensor = func() (*host.Tensor, error) { return t, nil }
		}
		list = append(list, one)
	}
	for _, p := range c.sig.Func.Params {
		if p.Role == ir.StateIn && !changed[p.State] {
			r := &ir.Result{Role: ir.Update, State: true, Target: p.State}
			list = append(list, callResult{Result: r, names: resultNames(r), kept: true, tensor: func() (*host.Tensor, error) { return s.State(p.State) }})
		}
	}
	return list
}

// resultNames are what the user may call a result; the first is its name in files.
func resultNames(r *ir.Result) []string {
	switch {
	case r.State:
		return []string{stateMark + r.Target, r.Target}
	case r.Role == ir.Update:
		return []string{mutatedMark + r.Target}
	}
	return []string{r.Name}
}

// The marks before the names of states, and of inputs that a call changes.
const (
	stateMark   = "buf:"
	mutatedMark = "mut:"
)
