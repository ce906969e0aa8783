package cli

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// kernelRow is what equal kernels took in the calls that are timed operation by operation, together.
type kernelRow struct {
	name  string // what it computes
	types string
	by    string
	time  time.Duration
	calls int
	adds  float64 // multiply-adds, of all calls
	bytes float64 // that it reads and writes, of all calls
	known bool    // the sizes are, and so are adds and bytes
}

// kernelName names an operation by what is heavy in it, or by all that it does.
func kernelName(op *ir.Op) string {
	if !op.Is(core.Kernel) {
		return op.Name()
	}
	var anchors, others []string
	for _, o := range op.Bodies[0].Ops {
		switch t := o.Def.Traits; {
		case t.Has(ir.Anchor):
			anchors = append(anchors, o.Name())
		case t&(ir.Cheap|ir.View|ir.Terminator) == 0 && !slices.Contains(others, o.Name()):
			others = append(others, o.Name())
		}
	}
	names := append(anchors, others...)
	if len(names) == 0 {
		return op.Name()
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most], "...")
	}
	return strings.Join(names, " ")
}

// kernels runs the calls a few times more, with a look at each operation, and adds up by what is computed on which types.
func (b *benchRun) kernels(ctx context.Context) ([]kernelRow, error) {
	rows := map[string]*kernelRow{}
	var sizes *backend.Sizes
	opt := &backend.CallOptions{}
	opt.Timing = func(op *ir.Op, by string, ns int64) {
		if op.Is(core.Constant) {
			return // it is there
		}
		row := &kernelRow{name: kernelName(op), types: typesOf(op), by: by, known: op.Def.Traits&(ir.View|ir.Cheap) == 0}
		key := row.by + row.name + row.types
		if rows[key] == nil {
			rows[key] = row
		}
		row = rows[key]
		row.time += time.Duration(ns)
		row.calls++
		row.count(op, sizes)
	}
	b.events.watch(opt)
	for range watchedRuns {
		if err := b.begin(); err != nil {
			return nil, err
		}
		for i := range b.calls {
			one := &b.calls[i]
			var err error
			if sizes, err = b.sizes(*one); err != nil {
				return nil, err
			}
			opt.Outputs = one.again.Outputs // as in once: new memory would cost a fault for each page
			if one.again.Outputs, err = b.session.Call(ctx, one.sig.Name, one.in, opt); err != nil {
				return nil, err
			}
		}
	}
	var list []kernelRow
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		list = append(list, *rows[key])
	}
	slices.SortStableFunc(list, func(x, y kernelRow) int { return cmp.Compare(y.time, x.time) })
	return list, nil
}

// typesOf tells the largest operand and the result.
func typesOf(op *ir.Op) string {
	var text string
	if len(op.Operands) > 0 && op.Operands[0] != nil {
		text = op.Operands[0].Type.String()
	}
	if len(op.Results) > 0 {
		text += " -> " + op.Results[0].Type.String()
	}
	return text
}

// sizes binds the symbols of a call's function. A state of a fixed shape, which has none, is not asked for: the session would copy it.
func (b *benchRun) sizes(one call) (*backend.Sizes, error) {
	f := one.sig.Func
	args := make([]*host.Tensor, len(f.Params))
	at := 0
	for i, p := range f.Params {
		switch p.Role {
		case ir.Input:
			args[i] = one.in[at]
			at++
		case ir.StateIn:
			if _, fixed := p.Value.Type.Static(); fixed && p.Binds == "" {
				continue
			}
			t, err := b.session.State(p.State)
			if err != nil {
				return nil, err
			}
			args[i] = t
		}
	}
	return backend.BindInputs(f, args)
}

// count adds the work of an operation. Sizes that only its place in the model knows leave the row without.
func (r *kernelRow) count(op *ir.Op, sizes *backend.Sizes) {
	t := &traffic{size: sizes.Get}
	r.bytes += t.of(op)
	r.known = r.known && !t.failed
	for _, d := range workOf(op) {
		n, err := d.Eval(sizes.Get)
		r.known = r.known && err == nil
		r.adds += float64(n)
	}
}

// workOf lists what an operation and what is in it multiply and add.
func workOf(op *ir.Op) []ir.Dim {
	var list []ir.Dim
	work := func(o *ir.Op) {
		if o.Def.Work != nil {
			list = append(list, o.Def.Work(o))
		}
	}
	work(op)
	for _, body := range op.Bodies {
		body.WithBodies(func(f *ir.Func) {
			for _, o := range f.Ops {
				work(o)
			}
		})
	}
	return list
}
