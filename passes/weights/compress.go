package weights

import (
	"fmt"
	"math"
	"time"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Compress stores each weight of a module as the chooser says, tells the context what became of each, and settles what the
// module says of its values. It is a *pass.NothingCompressed if there is no weight that can be stored so.
func Compress(ctx *pass.Context, m *ir.Module, choose Chooser) error {
	c := NewCompressor(ctx, m, choose)
	if err := c.Each(c.Weights...); err != nil {
		return err
	}
	return c.Finish()
}

// Stored is a compressed weight.
type Stored struct {
	*compress.Packed
	Outputs *pass.OutputError // what it does to the outputs of its operation; nil where that is not known
}

// Compressor replaces the weights of a module one after another, so that only one is worked on in memory, and says what
// became of each. It is for passes that have an order or an arithmetic of their own; [Compress] is for the others.
type Compressor struct {
	Weights []*Weight // of the module
	// Apply compresses a weight's data. The error is a *compress.Refusal where that cannot be. nil: compress.Apply.
	Apply func(w *Weight, t *host.Tensor, s compress.Scheme, opt compress.Options) (Stored, error)
	// Hold leaves the module as it is until Finish.
	Hold bool

	outcomes *pass.Outcomes
	ctx      *pass.Context
	m        *ir.Module
	choose   Chooser
	others   []NotStored
	entries  map[*Weight]pass.Compressed // until Finish
	held     []func() error
	changed  []*ir.Value

	behind, total int64 // bytes of weights
}

// NewCompressor finds the weights.
func NewCompressor(ctx *pass.Context, m *ir.Module, choose Chooser) *Compressor {
	c := &Compressor{outcomes: pass.NewOutcomes(ctx, pass.Weight), ctx: ctx, m: m, choose: choose, entries: map[*Weight]pass.Compressed{}}
	c.Weights, c.others = Find(m)
	for _, w := range c.Weights {
		c.total += bytesOf(w.Resource)
	}
	return c
}

// Each compresses weights one after another.
func (c *Compressor) Each(list ...*Weight) error {
	for _, w := range list {
		c.step()
		if err := c.one(w); err != nil {
			return fmt.Errorf("@%s: %w", w.Resource.Name, err)
		}
		c.behind += bytesOf(w.Resource)
	}
	c.step()
	return nil
}

func (c *Compressor) step() { c.ctx.Step(c.ctx.Pass.Name+", MB", int(c.behind/1e6), int(c.total/1e6)) }

// one compresses a weight, or notes why not.
func (c *Compressor) one(w *Weight) error {
	start := time.Now()
	shape, _ := w.Resource.Type.Static()
	size := bytesOf(w.Resource)
	entry := pass.Compressed{Tensor: w.Resource.Name, Modules: w.Modules(), Op: w.Uses[0].Op.Name(), Elem: w.Resource.Type.Elem,
		Shape: shape, Before: size, After: size}
	chosen := c.choose.Choose(w)
	if chosen.Keep != "" {
		entry.Refused, entry.Ignored = chosen.Keep, true
		c.entries[w] = entry
		return nil
	}
	if chosen.Refused != "" {
		entry.Refused = chosen.Refused
		c.entries[w] = entry
		return nil
	}
	stored, reason, err := c.pack(w, chosen.Scheme)
	switch {
	case err != nil:
		return err
	case reason == "" && stored.Bytes() >= size:
		reason = fmt.Sprintf("it would not become smaller: it has %s, and with its scales or tables %s", host.SizeText(size), host.SizeText(stored.Bytes()))
	}
	if entry.Refused = reason; reason == "" {
		if err := c.replace(w, stored.Packed); err != nil {
			return err
		}
		entry.Scheme, entry.After, entry.Signal, entry.Noise = chosen.Scheme, stored.Bytes(), stored.Signal, stored.Noise
		entry.Outputs = stored.Outputs
	}
	entry.Seconds = time.Since(start).Seconds()
	c.entries[w] = entry
	return nil
}

// replace puts a compressed weight in its place, perhaps later.
func (c *Compressor) replace(w *Weight, packed *compress.Packed) error {
	edit := func() error {
		made, err := w.Replace(c.m, c.ctx.Pass.Name, packed)
		c.changed = append(c.changed, made...)
		return err
	}
	if c.Hold {
		c.held = append(c.held, edit)
		return nil
	}
	return edit()
}

// pack compresses a weight's data; the reason is why it cannot be.
func (c *Compressor) pack(w *Weight, s compress.Scheme) (stored Stored, reason string, err error) {
	if w.Reason != "" {
		return Stored{}, w.Reason, nil
	}
	block, reason := w.Blocks(s.Granularity())
	if reason != "" {
		return Stored{}, reason, nil
	}
	if elemsIn(block) < 2 {
		return Stored{}, "each of its elements would need a scale of its own", nil
	}
	out, in, reason := channelAxes(w, s)
	if reason != "" {
		return Stored{}, reason, nil
	}
	t, err := w.Resource.Tensor()
	if err != nil {
		return Stored{}, "", err
	}
	opt := compress.Options{Block: block, Out: out, In: in}
	if c.Apply != nil {
		stored, err = c.Apply(w, t, s, opt)
	} else {
		stored.Packed, err = compress.Apply(c.ctx, t, s, opt)
	}
	if reason, ok := compress.ReasonOf(err); ok {
		return Stored{}, reason, nil
	}
	return stored, "", err
}

// Finish reports on the weights in the order of the module, whatever the order of Each was, and settles what the module says
// of its values.
func (c *Compressor) Finish() error {
	for _, w := range c.Weights {
		if entry, ok := c.entries[w]; ok {
			c.outcomes.Add(entry)
		}
	}
	for _, o := range c.others {
		c.outcomes.Add(pass.Compressed{Tensor: o.Name, Op: o.Op.Name(), Refused: o.Reason})
	}
	for _, edit := range c.held {
		if err := edit(); err != nil {
			return err
		}
	}
	err := c.outcomes.Check("weights are constant data that nn.linear, nn.conv, nn.embedding, tensor.matmul and the like take (see `help op`)")
	if err != nil {
		return err
	}
	c.m.DropUnusedResources()
	rewrite.MarkApprox(c.m, c.changed)
	c.m.SettleLost()
	if c.ctx.Compressed == nil {
		c.report()
	}
	c.outcomes.Tell(c.choose.Unused())
	return nil
}

// report sums up, for who does not take the entries.
func (c *Compressor) report() {
	var before, after, elems int64
	var signal, noise float64
	for _, e := range c.outcomes.All() {
		if e.Refused != "" {
			continue
		}
		before, after, signal, noise = before+e.Before, after+e.After, signal+e.Signal, noise+e.Noise
		elems += e.Before / int64(e.Elem.Bytes())
	}
	c.ctx.Reportf("%s: compressed %d of %s: %s to %s, %.2f bits a weight, SNR %.1f dB", c.ctx.Pass, c.outcomes.Done(), host.Counted(len(c.outcomes.All()), "weight"),
		host.SizeText(before), host.SizeText(after), 8*float64(after)/float64(elems), 10*math.Log10(signal/max(noise, math.SmallestNonzeroFloat64)))
}
