package compare

import (
	"context"
	"errors"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// Local is how near an operation of the tested side comes when it is given what the reference computed before: the error that it
// makes, apart from what it inherits.
type Local struct {
	Scores  *metric.Scores `json:"scores"`
	Verdict metric.Verdict `json:"verdict"`
	Guilty  bool           `json:"guilty"`            // the operation alone is red
	Ops     []string       `json:"ops"`               // what was run: the operation, and those between it and values before it that the reference shows
	Inside  []string       `json:"inside,omitempty"`  // tensors of PyTorch that are computed on the way and have no point of their own
	Problem string         `json:"problem,omitempty"` // why there are no scores
}

// LocalErrors runs operations of the tested side on values of the reference, for the points chosen, and enters the results into
// the report. The reference runs once more; values that wait for others take no more than opt.Memory.
func LocalErrors(ctx context.Context, testedSide, referenceSide Side, r *Report, chosen []int, opt Options) error {
	l, err := newLocalizer(testedSide, r)
	if err != nil {
		return err
	}
	l.reference, l.opt, l.store = referenceSide, opt, newStore(opt.Memory)
	defer l.close()
	for _, i := range chosen {
		l.plan(&r.Points[i])
	}
	if l.open == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := 0
	err = referenceSide.Show(ctx, func(v *Value) bool { return l.bySource[v] != nil }, func(v *Value, t *host.Tensor) {
		if ctx.Err() != nil {
			return
		}
		before := l.open
		if err := l.arrived(ctx, v, t); err != nil {
			cancel(err)
		}
		if done += before - l.open; opt.Progress != nil && before != l.open {
			opt.Progress(done, len(chosen))
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	for _, i := range chosen {
		if l := r.Points[i].Local; l.Scores == nil && l.Problem == "" {
			l.Problem = "this run of the reference did not show what it takes"
		}
	}
	return err
}

func newLocalizer(testedSide Side, r *Report) (*localizer, error) {
	p, ok := testedSide.(*Program)
	if !ok {
		return nil, errors.New("single operations can be run only where the tested side is a model; it is a file of saved values")
	}
	l := &localizer{p: p, r: r, have: map[*Value]*shared{}, bySource: map[*Value][]*trial{}, partner: map[*Value]*Point{}}
	for i := range r.Points {
		if pt := &r.Points[i]; pt.Turns == 1 {
			l.partner[pt.by[0].Value] = pt
		}
	}
	return l, nil
}

// localizer runs the trials.
type localizer struct {
	p         *Program
	r         *Report
	reference Side
	opt       Options
	store     store
	partner   map[*Value]*Point // of a value of the tested side, the point that it belongs to
	bySource  map[*Value][]*trial
	have      map[*Value]*shared
	open      int
}

// shared is a value of the reference that trials wait with.
type shared struct {
	*kept
	users int // trials that are still to run
}

// trial is one operation to run, once what it takes has been seen.
type trial struct {
	point   *Point
	region  *region
	sources []source // of the parameters of the region, in order
	want    []*Value // of the reference, that of the point included
	missing int      // of those, still to come
}

// source says where a parameter's value comes from.
type source struct {
	given *host.Tensor // an input
	point *Point       // otherwise: one before
}

func (l *localizer) plan(pt *Point) {
	pt.Local = &Local{Verdict: metric.Undefined}
	if pt.Turns != 1 {
		pt.Local.Problem = "it is computed in a loop"
		return
	}
	if pt.Scores == nil {
		pt.Local.Problem = pt.Problem
		return
	}
	value := pt.by[0].Value
	reg, err := l.region(value)
	if err != nil {
		pt.Local.Problem = err.Error()
		return
	}
	t := &trial{point: pt, region: reg, want: []*Value{pt.by[1].Value}}
	for _, v := range reg.params {
		s := l.source(value.Call, v)
		t.sources = append(t.sources, s)
		if s.given == nil && !slices.Contains(t.want, s.point.by[1].Value) {
			t.want = append(t.want, s.point.by[1].Value)
		}
	}
	for _, op := range reg.ops {
		pt.Local.Ops = append(pt.Local.Ops, op.Name())
	}
	pt.Local.Inside = l.inside(value.Call, reg, pt)
	t.missing = len(t.want)
	for _, v := range t.want {
		l.bySource[v] = append(l.bySource[v], t)
	}
	l.open++
}

// region is what computes a value from values that the reference has, too.
func (l *localizer) region(v *Value) (*region, error) {
	return regionOf(l.p.Module, v.value, func(x *ir.Value) bool { return root(x) != root(v.value) && l.known(v.Call, x) })
}

// inside names the tensors that a region computes on its way, those in bodies of kernels too, with their modules.
func (l *localizer) inside(call int, reg *region, pt *Point) []string {
	var names []string
	visit := func(op *ir.Op) {
		for _, r := range op.Results {
			v := l.p.values.byCall[call][r]
			if v == nil || len(v.Claims) == 0 || v.Kind != Computed || v.Name == pt.Name || slices.Contains(pt.Also, v.Name) || l.partner[v] != nil {
				continue
			}
			if name := nameOf(v.Name, 0, v.Module()); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, op := range reg.ops {
		visit(op)
		for _, b := range op.Bodies {
			b.WithBodies(func(f *ir.Func) {
				for _, o := range f.Ops {
					visit(o)
				}
			})
		}
	}
	return names
}

// known reports a value of the tested side that the reference, or the caller, has too.
func (l *localizer) known(call int, v *ir.Value) bool {
	s := l.source(call, v)
	return s.given != nil || s.point != nil
}

func (l *localizer) source(call int, v *ir.Value) source {
	for _, same := range []*ir.Value{v, root(v)} { // a kernel gives what its body does
		if pt := l.partner[l.p.values.byCall[call][same]]; pt != nil {
			return source{point: pt}
		}
	}
	f := l.p.Module.Func(l.p.Calls[call].Func)
	in := 0
	for _, p := range f.Params {
		switch {
		case p.Value == v && p.Role == ir.Input:
			return source{given: l.p.Calls[call].In[in]}
		case p.Value == v && p.Role == ir.StateIn && call == 0:
			return source{given: l.state(p.State)}
		case p.Role == ir.Input:
			in++
		}
	}
	return source{}
}

// state is what a state is before the first call; nil where it cannot be told.
func (l *localizer) state(name string) *host.Tensor {
	s, err := l.p.session()
	if err != nil {
		return nil
	}
	t, err := s.State(name)
	if err != nil {
		return nil
	}
	return t
}

// arrived takes a value of the reference and runs the trials that waited for it alone. Of a value that is shown again the first counts.
func (l *localizer) arrived(ctx context.Context, v *Value, t *host.Tensor) error {
	if _, again := l.have[v]; again {
		return nil
	}
	var release func()
	if l.reference.Info().Stable {
		release = func() { l.reference.Release(v, 0) }
	}
	k, err := l.store.keep(t, release)
	if err != nil {
		return err
	}
	l.have[v] = &shared{k, len(l.bySource[v])}
	for _, w := range l.bySource[v] {
		if w.missing--; w.missing > 0 {
			continue
		}
		l.open--
		if err := l.judge(ctx, w); err != nil {
			return err
		}
		for _, v := range w.want {
			if have := l.have[v]; have.users == 1 {
				have.drop()
				have.users = 0
			} else {
				have.users--
			}
		}
	}
	return nil
}

// close drops what trials have waited with that did not come to run.
func (l *localizer) close() {
	for _, k := range l.have {
		if k.users > 0 {
			k.drop()
		}
	}
	_ = l.store.close() // a temporary file
}

// judge runs a trial.
func (l *localizer) judge(ctx context.Context, w *trial) (err error) {
	local := w.point.Local
	if local.Scores, err = l.try(ctx, w); err != nil {
		local.Problem = err.Error()
		return ctx.Err()
	}
	local.Verdict = l.r.Preset.Judge(local.Scores, l.r.Metric)
	local.Guilty = local.Verdict == metric.Red || local.Verdict == metric.Destroyed
	return nil
}

// try runs a region of the tested side.
func (l *localizer) try(ctx context.Context, w *trial) (*metric.Scores, error) {
	var in []*host.Tensor
	for i, s := range w.sources {
		t := s.given
		if t == nil {
			var err error
			if t, err = l.have[s.point.by[1].Value].tensor(); err != nil {
				return nil, err
			}
			plain, err := align([2]*host.Tensor{t, t}, [2]ir.Claim{{}, s.point.by[1].Claim})
			if err != nil {
				return nil, err
			}
			if t, err = asClaimed(plain[1], s.point.by[0].Claim, w.region.params[i].Type.Elem); err != nil {
				return nil, err
			}
		}
		in = append(in, t)
	}
	want, err := l.have[w.point.by[1].Value].tensor()
	if err != nil {
		return nil, err
	}
	got, err := l.compute(ctx, w, in)
	if err != nil {
		return nil, err
	}
	return measure([2]*host.Tensor{got, want}, w.point.by, rowsOf(w.point.by, l.r.Metric))
}

func (l *localizer) compute(ctx context.Context, w *trial, in []*host.Tensor) (*host.Tensor, error) {
	call := l.p.Calls[w.point.by[0].Call]
	m, sizes, err := w.region.module(l.p.Module, call)
	if err != nil {
		return nil, err
	}
	opt := l.p.Options
	opt.Progress, opt.Warn = nil, nil
	program, err := l.p.Backend.Compile(ctx, m, opt)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	out, err := program.NewSession().Call(ctx, m.Funcs[0].Name, append(sizes, in...), nil)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}
