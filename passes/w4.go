package passes

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// W4 is the pass `w4`, such as w4{group=32, ignore="detector.*"}.
func W4() *pass.Pass {
	p := &pass.Pass{
		Name: "w4",
		Doc: "Store weights as 4-bit integers with a scale for each output channel or group. The operations that use a " +
			"weight get it from quant.dequantize. Weights that cannot be compressed are reported and stay as they are.",
		Lossy:        &pass.Lossy{MinSNR: 8},
		NeedsLowered: true,
	}
	group := p.Options.Int("group", 0, "how many neighbours along the input axis share a scale, such as 32; 0: all")
	ignore := p.Options.Strings("ignore", "weights to leave alone: patterns such as \"detector.*\" for their names, or for the "+
		"paths of the modules that use them; * stands for any letters")
	scale := p.Options.String("scale", "search", "search: the scale with the least squared error; minmax: the least one that clips no number",
		"search", "minmax")
	compat := p.Options.String("compat", "none", "coreai: the same integers as coreai-opt's symmetric int4, instead of what scale says",
		"none", "coreai")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		if *group < 0 {
			return fmt.Errorf("group=%d: expected 0 or the size of a group", *group)
		}
		w := &w4{ctx: ctx, m: m, group: *group, rule: int4Rule{search: *scale == "search", coreai: *compat == "coreai"}}
		return w.run(*ignore)
	}
	return p
}

type w4 struct {
	ctx   *pass.Context
	m     *ir.Module
	group int
	rule  int4Rule

	done          int // weights compressed
	before, after int64
	signal, noise float64
	skipped       []string
	changed       []*ir.Value
}

func (w *w4) run(ignore []string) error {
	patterns, err := newGlobs(ignore)
	if err != nil {
		return err
	}
	found, others := findWeights(w.m, w.group)
	for i, x := range found {
		w.ctx.Step("w4", i, len(found))
		if p, ok := patterns.match(x); ok {
			x.reason = fmt.Sprintf("ignore=%q", p)
		}
		if x.reason == "" {
			if err := w.compress(x); err != nil {
				return fmt.Errorf("@%s: %w", x.res.Name, err)
			}
		}
		if x.reason != "" {
			w.skipped = append(w.skipped, fmt.Sprintf("@%s: %s", x.res.Name, x.reason))
		}
	}
	w.ctx.Step("w4", len(found), len(found))
	for _, o := range others {
		w.skipped = append(w.skipped, o.name+": "+o.reason)
	}
	if w.done == 0 {
		return w.nothing()
	}
	w.m.DropUnusedResources()
	markApprox(w.m, w.changed)
	w.m.SettleLost()
	w.report(patterns)
	return nil
}

// compress replaces a weight, or says in its reason why not.
func (w *w4) compress(x *weight) error {
	t, err := x.res.Tensor()
	if err != nil {
		return err
	}
	packed, err := quantizeInt4(w.ctx, t, x.block, w.rule)
	if errors.Is(err, errNotFinite) {
		x.reason = err.Error()
		return nil
	} else if err != nil {
		return err
	}
	w.done++
	w.before += int64(t.Len() * t.Elem.Bytes())
	w.after += int64(len(packed.codes.Bytes()) + len(packed.scales.Bytes()))
	w.signal += packed.signal
	w.noise += packed.noise
	made, err := x.replace(w.m, "w4", []part{{"q4", packed.codes}, {"scale", packed.scales}}, dequantize(x.res.Type))
	w.changed = append(w.changed, made...)
	return err
}

// dequantize decodes codes and scale to a weight of the given type.
func dequantize(t ir.Type) decoder {
	return func(b *ir.Builder, parts []*ir.Value) (*ir.Value, error) {
		stored := parts[0].Type.WithElem(t.Elem)
		v, err := b.Typed(quant.Dequantize, nil, stored, parts...)
		if err != nil || stored.Equal(t) {
			return v, err
		}
		return b.Typed(tensor.Reshape, nil, t, v)
	}
}

// nothing is the error where no weight was compressed.
func (w *w4) nothing() error {
	if len(w.skipped) == 0 {
		return errors.New("found no weight to compress; weights are constant data that nn.linear, nn.conv, nn.embedding, " +
			"tensor.matmul and the like take (see `help op`)")
	}
	const most = 10
	list := w.skipped
	more := ""
	if len(list) > most {
		more = fmt.Sprintf("\n  and %d more", len(list)-most)
		list = list[:most]
	}
	return fmt.Errorf("found no weight to compress; these were skipped:\n  %s%s", strings.Join(list, "\n  "), more)
}

func (w *w4) report(patterns *globs) {
	what := "a scale per output channel"
	if w.group > 0 {
		what = fmt.Sprintf("a scale per %d inputs", w.group)
	}
	w.ctx.Reportf("w4: compressed %d of %d weights (4 bits, %s): %s to %s, SNR %.1f dB", w.done, w.done+len(w.skipped), what,
		megabytes(w.before), megabytes(w.after), 10*math.Log10(w.signal/max(w.noise, math.SmallestNonzeroFloat64)))
	for _, s := range w.skipped {
		w.ctx.Reportf("w4: skipped %s", s)
	}
	for _, p := range patterns.missed() {
		w.ctx.Reportf("w4: ignore=%q matches no weight", p)
	}
}

// megabytes shows a number of bytes to people.
func megabytes(n int64) string {
	if n < 1e5 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
