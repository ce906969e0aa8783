package passes

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// KV8 is the pass `kv8`.
func KV8() *pass.Pass {
	p := &pass.Pass{
		Name: "kv8",
		Doc: "Keep key-value caches as 8-bit integers. A state of floats that is only updated by slices or indices becomes codes, " +
			"with a scale for each row (the numbers along the last axis) in a state NAME.scale: rows are quantized when they are " +
			"written and become numbers again when they are read. States that stay as they are are reported, with the reason. " +
			"Run kv-cache behind it, and fuse last.",
		Lossy:        &pass.Lossy{MinSNR: 20, States: true},
		NeedsLowered: true,
	}
	include := p.Options.Strings("include", "convert only these states: patterns for their names; * stands for any letters")
	ignore := p.Options.Strings("ignore", "leave these states alone, also of those that include names")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		filter, err := newPathFilter(*include, *ignore)
		if err != nil {
			return err
		}
		k := &kv8{ctx: ctx, m: m, filter: filter}
		return k.run()
	}
	return p
}

type kv8 struct {
	ctx     *pass.Context
	m       *ir.Module
	filter  *pathFilter
	changed []*ir.Value
}

func (k *kv8) run() error {
	if len(k.m.States) == 0 {
		return errors.New("found no states; a model keeps a cache where it changes buffers, such as those that register_buffer makes")
	}
	w := &cacheWrites{m: k.m, pass: "kv8"}
	var err error
	k.m.AllFuncs(func(f *ir.Func) {
		if err == nil {
			err = w.simplify(f)
		}
	})
	if err != nil {
		return err
	}
	var skipped []string
	done, unwanted := 0, 0
	states := slices.Clone(k.m.States)
	for _, s := range states {
		c := &cache{state: s}
		reason := k.filter.refuses([]string{s.Name})
		ignored := reason != ""
		if !ignored {
			reason = c.find(k.m)
		}
		entry := stateEntry(k.ctx.Pass, s, reason, ignored)
		if reason == "" {
			done++
			if err := k.convert(c); err != nil {
				return fmt.Errorf("the state @%s: %w", s.Name, err)
			}
			entry.After = stateBytes(s) + stateBytes(c.scale)
		} else {
			skipped = append(skipped, fmt.Sprintf("@%s: %s", s.Name, reason))
		}
		if reason != "" && !ignored {
			unwanted++
		}
		if k.ctx.Compressed != nil {
			k.ctx.Compressed(entry)
		}
	}
	markApprox(k.m, k.changed)
	k.m.DropUnusedResources()
	k.m.SettleLost()
	switch {
	case done == 0:
		return errors.New("converted no state; these were skipped:\n  " + strings.Join(skipped, "\n  "))
	case k.ctx.Strict && unwanted > 0:
		return errors.New("these states cannot be converted; leave them out with ignore:\n  " + strings.Join(skipped, "\n  "))
	}
	k.ctx.Reportf("kv8: %d of %d states keep 8 bits", done, len(states))
	for _, s := range skipped {
		k.ctx.Reportf("kv8: skipped %s", s)
	}
	for _, g := range k.filter.missed() {
		k.ctx.Reportf("kv8: %s matches no state", g)
	}
	return nil
}

func stateEntry(p *pass.Pass, s *ir.State, reason string, ignored bool) pass.Compressed {
	e := pass.Compressed{Kind: pass.State, Pass: p.String(), Tensor: s.Name, Elem: s.Type.Elem, Before: stateBytes(s), After: stateBytes(s),
		Refused: reason, Ignored: ignored}
	e.Shape, _ = s.Type.Static()
	if reason == "" {
		e.Scheme = fmt.Sprintf("i8 symmetric per_row, scales %s", s.Type.Elem)
	}
	return e
}

// stateBytes is the size of a state; 0 where it is open.
func stateBytes(s *ir.State) int64 {
	shape, ok := s.Type.Static()
	if !ok {
		return 0
	}
	n, err := host.SizeBytes(s.Type.Elem, shape)
	if err != nil {
		return 0
	}
	return int64(n)
}
