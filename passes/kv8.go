package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
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
	only := p.Options.Names("states", "their names")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		filter, err := only()
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
	filter  *pass.Names
	changed []*ir.Value
}

func (k *kv8) run() error {
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
	out := pass.NewOutcomes(k.ctx, pass.State)
	for _, s := range slices.Clone(k.m.States) {
		if !s.Type.Elem.IsFloat() { // such as a position
			continue
		}
		c := &cache{state: s}
		reason := k.filter.Refuses(s.Name)
		ignored := reason != ""
		if !ignored {
			reason = c.find(k.m)
		}
		entry := stateEntry(s, reason, ignored)
		if reason == "" {
			if err := k.convert(c); err != nil {
				return fmt.Errorf("the state @%s: %w", s.Name, err)
			}
			entry.After = stateBytes(s) + stateBytes(c.scale)
		}
		out.Add(entry)
	}
	if err := out.Check("a model keeps a cache where it changes buffers of floats, such as those that register_buffer makes"); err != nil {
		return err
	}
	rewrite.MarkApprox(k.m, k.changed)
	k.m.DropUnusedResources()
	k.m.SettleLost()
	if k.ctx.Compressed == nil {
		k.ctx.Reportf("kv8: %d of %d states keep 8 bits", out.Done(), len(out.All()))
	}
	out.Tell(k.filter.Missed())
	return nil
}

// stateScheme is how states are stored.
type stateScheme struct{ scale host.Elem }

func (s stateScheme) String() string { return fmt.Sprintf("i8 symmetric per_row, scales %s", s.scale) }

// stateEntry is what became of a state, whose numbers only the running model has.
func stateEntry(s *ir.State, reason string, ignored bool) pass.Compressed {
	e := pass.Compressed{Tensor: s.Name, Op: "state", Unmeasured: reason == "", Elem: s.Type.Elem, Before: stateBytes(s), After: stateBytes(s),
		Refused: reason, Ignored: ignored}
	e.Shape, _ = s.Type.Static()
	if reason == "" {
		e.Scheme = stateScheme{s.Type.Elem}
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
