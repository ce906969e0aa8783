package sensitivity

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// Options say what is measured.
type Options struct {
	Schemes  []Scheme
	Metric   Metric
	ByModule bool // the weights of a module are compressed together
}

// Unit is what is compressed together: a weight, or the weights of a module.
type Unit struct {
	Name    string   `json:"name"`
	Weights []string `json:"weights"`
	Modules []string `json:"modules"`
	Op      string   `json:"op"`
	Before  int64    `json:"bytes_before"`
	Scores  []Score  `json:"scores"` // one for each scheme, in their order

	elements int64
	counts   bool // some scheme was not told to leave it alone
}

// Score says what a scheme does to a unit.
type Score struct {
	Scheme string   `json:"scheme"`
	After  int64    `json:"bytes_after"` // weights that cannot be compressed included
	DB     *float64 `json:"output_db"`   // of the outputs; null without calibration data and where nothing is compressed
	Signal float64  `json:"signal"`      // sum of squares of the weights' numbers
	Noise  float64  `json:"noise"`       // sum of squares of the differences
	// Refused is why weights stay as they are; empty where all are compressed.
	Refused string `json:"refused"`
}

// WeightSNR is 10 log10(signal / noise) of the weights in dB; nil where nothing is lost.
func (s *Score) WeightSNR() *float64 {
	if s.Noise == 0 {
		return nil
	}
	db := max(10*(math.Log10(s.Signal)-math.Log10(s.Noise)), least)
	return &db
}

// Table is what was measured.
type Table struct {
	Metric  Metric `json:"metric"`
	Samples int    `json:"samples"` // of calibration data; 0: only weights were compared
	Units   []Unit `json:"units"`   // in the order of the model

	schemes []Scheme
	refused []pass.Compressed          // what no scheme can ever compress
	kept    map[string]pass.Compressed // what to say of weights that stay as they are
	ref     reference
}

// Measure scores units by schemes. Without calibration data only the weights are compared. The module stays as it is.
func Measure(ctx *pass.Context, m *ir.Module, opt Options) (*Table, error) {
	t := &Table{Metric: opt.Metric, Units: []Unit{}, schemes: opt.Schemes, kept: map[string]pass.Compressed{}}
	steps := len(opt.Schemes)
	for i, s := range opt.Schemes {
		ctx.Step("comparing weights", i, steps)
		list, err := s.apply(ctx, m.Clone(), nil)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			t.addUnits(list, opt.ByModule)
		}
		if err := t.addScores(s, list); err != nil {
			return nil, err
		}
	}
	ctx.Step("comparing weights", steps, steps)
	if len(t.Units) == 0 || ctx.Calibration == nil {
		return t, nil
	}
	return t, t.measureOutputs(ctx, m)
}

// addUnits makes units of what a scheme said of weights.
func (t *Table) addUnits(list []pass.Compressed, byModule bool) {
	at := map[string]int{}
	for _, c := range list {
		if c.Shape == nil || c.Before == 0 { // no data of the module
			t.refused = append(t.refused, c)
			continue
		}
		name := c.Tensor
		if byModule && len(c.Modules) > 0 {
			name = c.Modules[0]
		}
		i, seen := at[name]
		if !seen {
			i = len(t.Units)
			at[name] = i
			t.Units = append(t.Units, Unit{Name: name, Op: c.Op, Modules: []string{}})
		}
		u := &t.Units[i]
		u.Weights = append(u.Weights, c.Tensor)
		for _, m := range c.Modules {
			if !slices.Contains(u.Modules, m) {
				u.Modules = append(u.Modules, m)
			}
		}
		u.Before += c.Before
		u.elements += c.Elements()
	}
}

// addScores adds what a scheme does to the weights of each unit.
func (t *Table) addScores(s Scheme, list []pass.Compressed) error {
	of := map[string]pass.Compressed{}
	for _, c := range list {
		of[c.Tensor] = c
		t.keep(c)
	}
	for i := range t.Units {
		u := &t.Units[i]
		score := Score{Scheme: s.Text}
		for _, w := range u.Weights {
			c, ok := of[w]
			if !ok {
				return fmt.Errorf("%s says nothing of the weight %s, which other schemes compress", s.Text, w)
			}
			score.After += c.After
			score.Signal += c.Signal
			score.Noise += c.Noise
			u.counts = u.counts || !c.Ignored
			if c.Refused != "" && score.Refused == "" {
				score.Refused = c.Refused
			}
		}
		u.Scores = append(u.Scores, score)
	}
	return nil
}

// keep notes what to say of a weight that stays as it is: the reason of a scheme that refuses it, if each one does.
func (t *Table) keep(c pass.Compressed) {
	have, seen := t.kept[c.Tensor]
	switch {
	case c.Refused == "":
		c.Refused, c.Ignored = "auto leaves it as it is, as the outputs would suffer too much for what it saves", true
		c.Scheme, c.After, c.Signal, c.Noise = nil, c.Before, 0, 0
	case seen:
		c = have
	}
	t.kept[c.Tensor] = c
}

// measureOutputs runs the model with one unit compressed by one scheme at a time.
func (t *Table) measureOutputs(ctx *pass.Context, m *ir.Module) error {
	if err := t.runExact(ctx, m); err != nil {
		return err
	}
	total, done := len(t.Units)*len(t.schemes), 0
	for i := range t.Units {
		for k, s := range t.schemes {
			ctx.Step("measuring", done, total)
			done++
			u := &t.Units[i]
			if u.Scores[k].After == u.Before {
				continue // nothing of it is compressed
			}
			changed := m.Clone()
			if _, err := s.apply(ctx, changed, u.Weights); err != nil {
				return err
			}
			compared, err := t.outputs(ctx, changed)
			if err != nil {
				return fmt.Errorf("with %s of %s: %w", s.Text, u.Name, err)
			}
			db := compared.worst(t.Metric)
			u.Scores[k].DB = &db
		}
	}
	ctx.Step("measuring", total, total)
	return nil
}

// runExact keeps the outputs of the module as it is.
func (t *Table) runExact(ctx *pass.Context, m *ir.Module) error {
	program, err := ctx.Compile(m)
	if err != nil {
		return err
	}
	defer program.Close()
	numbers, lost := 0, 0
	for sample, err := range ctx.Calibration.All {
		if err != nil {
			return err
		}
		ctx.Step("running the exact model", len(t.ref), ctx.Calibration.Count)
		calls, outs, err := runSample(ctx, m, program, sample)
		if err != nil {
			return err
		}
		t.ref = append(t.ref, outs)
		n, out, err := leftOut(sample.Name, calls, outs)
		if err != nil {
			return err
		}
		numbers, lost = numbers+n, lost+out
	}
	if lost > 0 {
		ctx.Reportf("note: %d of %d numbers of the exact model's outputs are NaN or infinite, and are left out of %s", lost, numbers, t.Metric)
	}
	t.Samples = len(t.ref)
	if t.Samples == 0 {
		return errors.New("the inputs hold no sample")
	}
	if !slices.ContainsFunc(t.ref[0], func(outs []*host.Tensor) bool { return len(outs) > 0 }) {
		return errors.New("the model gives no outputs to compare")
	}
	return nil
}

// leftOut counts the numbers of a sample's exact outputs, and those that cannot be compared as they are not finite. An output
// without a finite number is an error: whatever were said of its quality would be made up.
func leftOut(sample string, calls []pass.Call, outs [][]*host.Tensor) (numbers, lost int, err error) {
	floats := reference{outs}.haveFloats()
	for k, call := range outs {
		for i, t := range call {
			if !compared(t, floats) {
				continue
			}
			n, ok := countFinite(t)
			if n > 0 && ok == 0 {
				return 0, 0, fmt.Errorf("outputs are NaN for sample %s: of result %d of @%s, %s, no number is finite; "+
					"look at the sample's inputs, and leave the sample out if they are meant", sample, i, calls[k].Func, t)
			}
			numbers, lost = numbers+n, lost+n-ok
		}
	}
	return numbers, lost, nil
}

func runSample(ctx *pass.Context, m *ir.Module, program pass.Program, sample pass.Sample) ([]pass.Call, [][]*host.Tensor, error) {
	calls := slices.Clone(sample.Calls)
	for i, c := range calls {
		in, err := pass.CastInputs(m, c)
		if err != nil {
			return nil, nil, fmt.Errorf("sample %s: %w", sample.Name, err)
		}
		calls[i].In = in
	}
	r, err := program.Run(ctx, calls, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("sample %s: %w", sample.Name, err)
	}
	return calls, r.Outputs, nil
}

// outputs compares the outputs of a changed module.
func (t *Table) outputs(ctx *pass.Context, m *ir.Module) (*comparison, error) {
	program, err := ctx.Compile(m)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	c := newComparison(t.ref)
	at := 0
	for sample, err := range ctx.Calibration.All {
		if err != nil {
			return nil, err
		}
		if at == len(t.ref) {
			return nil, fmt.Errorf("the inputs changed while they were used: found more than the %d samples of before", at)
		}
		calls, outs, err := runSample(ctx, m, program, sample)
		if err != nil {
			return nil, err
		}
		if err := c.add(at, calls, outs); err != nil {
			return nil, err
		}
		at++
	}
	if at != len(t.ref) {
		return nil, fmt.Errorf("the inputs changed while they were used: found %d samples, before %d", at, len(t.ref))
	}
	return c, nil
}
