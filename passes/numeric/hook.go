package numeric

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// Case is one call of a function, and those that follow it.
type Case struct {
	Func string
	In   []*host.Tensor // one per input of the function
	Then []pass.Call    // further calls, which find the states as those before left them
	// Next makes a call with other sizes, for a model that does not run with these; nil where there is none.
	Next func() (Case, error)
}

// tolerances are what results of an exact pass may differ by, relative to the size of the numbers compared: a pass may
// sum in another order. Integers and bools must be equal.
var tolerances = map[host.Elem]float64{host.F64: 1e-9, host.C128: 1e-9, host.F32: 1e-4, host.C64: 1e-4, host.F16: 2e-2, host.BF16: 8e-2}

// Hook runs the model before and after each pass and compares. A module that still has torch.call is not run: the check
// starts after decompose. Lossy passes are held to their SNR, which report is told.
func Hook(cases func(*ir.Module) ([]Case, error), report func(string)) pass.Hook {
	c := &check{cases: cases, report: report}
	return pass.Hook{Before: c.before, After: c.after}
}

type check struct {
	cases  func(*ir.Module) ([]Case, error)
	report func(string)
	list   []Case
	want   [][]result // for each case; nil before the module can run
}

// result is an output of a call or a state that the calls left.
type result struct {
	what   string
	tensor *host.Tensor
	state  bool
}

func runnable(m *ir.Module) bool {
	ok := true
	m.Walk(func(op *ir.Op) { ok = ok && op.Def.Dialect() != "torch" })
	return ok
}

func (c *check) before(ctx *pass.Context, m *ir.Module) error {
	if c.want != nil || !runnable(m) {
		return nil
	}
	return c.reference(ctx, m)
}

func (c *check) reference(ctx *pass.Context, m *ir.Module) error {
	var err error
	if c.list == nil {
		if c.list, err = c.cases(m); err != nil {
			return err
		}
	}
	var list []Case
	var want [][]result
	for i, k := range c.list {
		ctx.Step("verifying", i, len(c.list))
		k, out, err := first(ctx, m, k)
		if ctx.Err() != nil { // that it does not run says nothing
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("numeric verification cannot run @%s: %w; %s", k.Func, err, tryInputs(m.Func(k.Func)))
		}
		if !slices.ContainsFunc(list, k.equals) {
			list, want = append(list, k), append(want, out)
		}
	}
	c.list, c.want = list, want
	return nil
}

// first runs a case or, where the model does not run with it, the first of those after it that does. Where none does, the
// error is that of the first.
func first(ctx *pass.Context, m *ir.Module, k Case) (Case, []result, error) {
	out, err := execute(ctx, m, k)
	for other := k; err != nil && other.Next != nil && ctx.Err() == nil; {
		next, nextErr := other.Next()
		if nextErr != nil {
			break
		}
		if out, nextErr = execute(ctx, m, next); nextErr == nil {
			return next, out, nil
		}
		other = next
	}
	return k, out, err
}

// equals reports a case with the same inputs.
func (k Case) equals(other Case) bool {
	return slices.EqualFunc(k.calls(), other.calls(), func(a, b pass.Call) bool {
		return a.Func == b.Func && slices.EqualFunc(a.In, b.In, func(a, b *host.Tensor) bool {
			return a.Elem == b.Elem && slices.Equal(a.Shape, b.Shape) && bytes.Equal(a.Bytes(), b.Bytes())
		})
	})
}

func (k Case) calls() []pass.Call { return append([]pass.Call{{Func: k.Func, In: k.In}}, k.Then...) }

// tryInputs says which inputs of the user's would do.
func tryInputs(f *ir.Func) string {
	if f == nil {
		return "give inputs with --inputs"
	}
	const most = 8
	var names []string
	for _, p := range f.Params {
		if p.Role != ir.Input {
			continue
		}
		if len(names) == most {
			names = append(names, "...")
			break
		}
		names = append(names, fmt.Sprintf("%s: %s", p.Value.Name, p.Value.Type))
	}
	return "give inputs that it runs with: --inputs=FILE.safetensors with " + strings.Join(names, ", ")
}

// execute casts the inputs to the types the function has now; a pass may have changed those.
func execute(ctx *pass.Context, m *ir.Module, k Case) ([]result, error) {
	calls := k.calls()
	for i, c := range calls {
		in, err := pass.CastInputs(m, c)
		if err != nil {
			return nil, err
		}
		calls[i].In = in
	}
	ran, err := ctx.Execute(m, calls...)
	if err != nil {
		return nil, err
	}
	return label(m, calls, ran)
}

// label names what calls gave: the outputs, and the states after the last one.
func label(m *ir.Module, calls []pass.Call, ran *pass.Results) ([]result, error) {
	var list []result
	for i, c := range calls {
		outputs := slices.DeleteFunc(slices.Clone(m.Func(c.Func).Results), func(r *ir.Result) bool { return r.State })
		if len(ran.Outputs) != len(calls) || len(ran.Outputs[i]) != len(outputs) {
			return nil, fmt.Errorf("@%s gave %d outputs, expected %d", c.Func, len(ran.Outputs[min(i, len(ran.Outputs)-1)]), len(outputs))
		}
		for at, t := range ran.Outputs[i] {
			what := fmt.Sprintf("result %d", at)
			if len(calls) > 1 {
				what += fmt.Sprintf(" of call %d, @%s,", i, c.Func)
			}
			list = append(list, result{what: what, tensor: t})
		}
	}
	if len(ran.States) != len(m.States) {
		return nil, fmt.Errorf("the calls left %d states, expected %d", len(ran.States), len(m.States))
	}
	for i, s := range m.States {
		list = append(list, result{what: fmt.Sprintf("state %q", s.Name), tensor: ran.States[i], state: true})
	}
	return list, nil
}

func (c *check) after(ctx *pass.Context, m *ir.Module) error {
	if c.want == nil {
		if !runnable(m) {
			return nil
		}
		return c.reference(ctx, m)
	}
	worst := math.Inf(1)
	for i, k := range c.list {
		ctx.Step("verifying", i, len(c.list))
		got, err := execute(ctx, m, k)
		if err != nil {
			return fmt.Errorf("after the pass %s the model does not run: %w", ctx.Pass.Name, err)
		}
		db, err := agree(ctx.Pass, k, got, c.want[i])
		if err != nil {
			return err
		}
		worst = min(worst, db)
		c.want[i] = got
	}
	if l := ctx.Pass.Lossy; l != nil {
		if c.report != nil {
			c.report(fmt.Sprintf("%s: results have an SNR of %.1f dB", ctx.Pass, worst))
		}
		if worst < l.MinSNR {
			return fmt.Errorf("the pass %s leaves an SNR of %.1f dB, it should leave at least %.1f dB", ctx.Pass, worst, l.MinSNR)
		}
	}
	return nil
}

// agree compares what a case gave after a pass with what it gave before. For a lossy pass it gives the smallest SNR.
func agree(p *pass.Pass, k Case, got, want []result) (float64, error) {
	if p.Lossy != nil && p.Lossy.States {
		isState := func(r result) bool { return r.state }
		got, want = slices.DeleteFunc(slices.Clone(got), isState), slices.DeleteFunc(slices.Clone(want), isState)
	}
	if len(got) != len(want) {
		return 0, fmt.Errorf("the pass %s changed how many values @%s gives: found %d, expected %d", p.Name, k.Func, len(got), len(want))
	}
	worst := math.Inf(1)
	for i, g := range got {
		w := want[i]
		if g.what != w.what {
			return 0, fmt.Errorf("the pass %s changed what @%s gives: found %s, expected %s", p.Name, k.Func, g.what, w.what)
		}
		var err error
		if p.Lossy == nil {
			err = Differ(g.tensor, w.tensor)
		} else {
			var db float64
			db, err = SNR(g.tensor, w.tensor)
			worst = min(worst, db)
		}
		if err != nil {
			return 0, fmt.Errorf("the pass %s changed %s of @%s: %w", p.Name, g.what, k.Func, err)
		}
	}
	return worst, nil
}

// Differ holds a tensor against the one expected, at the tolerance of its element type; nil where they agree. Integers and
// bools must be equal bit for bit. The error is a [Mismatch] where an element is to blame.
func Differ(got, want *host.Tensor) error {
	if !slices.Equal(got.Shape, want.Shape) {
		return fmt.Errorf("found %s, expected %s", got, want)
	}
	tol := max(tolerances[got.Elem], tolerances[want.Elem])
	if tol == 0 {
		return equal(got, want)
	}
	g, w := host.Values[complex128](asComplex(got)), host.Values[complex128](asComplex(want))
	scale := 0.0
	for _, x := range w {
		if a := cabs(x); !math.IsInf(a, 0) && !math.IsNaN(a) {
			scale = max(scale, a)
		}
	}
	for i := range g {
		if same(g[i], w[i]) {
			continue
		}
		if d := cabs(g[i] - w[i]); !(d <= tol*(cabs(w[i])+0.1*scale)) || math.IsInf(cabs(w[i]), 0) {
			return differs(got, want, i)
		}
	}
	return nil
}

// equal compares integers and bools of one element type as they are stored: not every integer is a float64.
func equal(got, want *host.Tensor) error {
	if got.Elem == want.Elem {
		if bytes.Equal(got.Bytes(), want.Bytes()) {
			return nil
		}
		for i := range got.Len() {
			if !got.Elem.IsFloat() && host.At(got, i) != host.At(want, i) {
				return differs(got, want, i)
			}
		}
	}
	gap, err := host.Measure(got, want, host.Tolerance{})
	if err != nil || gap.Close() {
		return err
	}
	return differs(got, want, gap.First)
}

// Mismatch is the first element that is not the one expected, in the words of a pass that changed it.
type Mismatch struct {
	Element   int // in row-major order
	Got, Want string
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("element %d is %s, it was %s", m.Element, m.Got, m.Want)
}

func differs(got, want *host.Tensor, i int) error {
	return &Mismatch{i, host.Format(got, i), host.Format(want, i)}
}

func same(a, b complex128) bool {
	return a == b || (math.IsNaN(real(a)) || math.IsNaN(imag(a))) && (math.IsNaN(real(b)) || math.IsNaN(imag(b)))
}

func cabs(x complex128) float64 { return math.Hypot(real(x), imag(x)) }

func asComplex(t *host.Tensor) *host.Tensor {
	if t.Elem.Packed() {
		t = host.Unpack(t)
	}
	out := host.New(host.C128, t.Shape...)
	if err := host.Cast(host.Serial, out, t); err != nil {
		panic("numeric: " + err.Error()) // equal shapes, every class converts
	}
	return out
}

// SNR is the signal-to-noise ratio in dB: infinite for equal tensors, -Inf where a number became infinite or NaN. Tensors
// of different shapes are an error.
func SNR(got, want *host.Tensor) (float64, error) {
	gap, err := host.Measure(got, want, host.Tolerance{})
	return gap.SNR, err
}
