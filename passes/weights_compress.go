package passes

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
)

// compressor replaces the weights of a module one after another, so that only one is worked on in memory, and says what
// became of each.
type compressor struct {
	outcomes
	m      *ir.Module
	choose chooser

	// apply compresses a weight's data; nil: compress.Apply.
	apply func(w *weight, t *host.Tensor, s compress.Scheme, opt compress.Options) (*compress.Packed, error)
	// outputs are what apply learned of the outputs of weights; nil: nothing.
	outputs map[*weight]*pass.OutputError
	// hold leaves the module as it is until finish.
	hold bool

	held    []func() error
	changed []*ir.Value

	behind, total int64 // bytes of weights
}

// compressWeights stores each weight of a module as the chooser says.
func compressWeights(ctx *pass.Context, m *ir.Module, choose chooser) error {
	c := &compressor{outcomes: outcomes{ctx: ctx}, m: m, choose: choose}
	found, others := findWeights(m)
	c.expect(found)
	if err := c.each(found); err != nil {
		return err
	}
	return c.finish(others)
}

// expect says what will be compressed in all.
func (c *compressor) expect(list []*weight) {
	for _, w := range list {
		c.total += bytesOf(w.res)
	}
}

// each compresses weights one after another.
func (c *compressor) each(list []*weight) error {
	for _, w := range list {
		c.step()
		if err := c.one(w); err != nil {
			return fmt.Errorf("@%s: %w", w.res.Name, err)
		}
		c.behind += bytesOf(w.res)
	}
	c.step()
	return nil
}

func (c *compressor) step() { c.ctx.Step(c.ctx.Pass.Name+", MB", int(c.behind/1e6), int(c.total/1e6)) }

// one compresses a weight, or notes why not.
func (c *compressor) one(w *weight) error {
	start := time.Now()
	shape, _ := w.res.Type.Static()
	size := bytesOf(w.res)
	entry := pass.Compressed{Tensor: w.res.Name, Modules: w.modules(), Op: w.uses[0].op.Name(), Elem: w.res.Type.Elem,
		Shape: shape, Before: size, After: size}
	chosen := c.choose.choose(w)
	if chosen.keep != "" {
		entry.Refused, entry.Ignored = chosen.keep, true
		c.add(entry)
		return nil
	}
	if chosen.refused != "" {
		entry.Refused = chosen.refused
		c.add(entry)
		return nil
	}
	packed, reason, err := c.pack(w, chosen.scheme)
	switch {
	case err != nil:
		return err
	case reason == "" && packed.Bytes() >= size:
		reason = fmt.Sprintf("it would not become smaller: it has %s, and with its scales or tables %s", host.SizeText(size), host.SizeText(packed.Bytes()))
	}
	if entry.Refused = reason; reason == "" {
		if err := c.replace(w, packed); err != nil {
			return err
		}
		entry.Scheme, entry.After, entry.Signal, entry.Noise = chosen.scheme.String(), packed.Bytes(), packed.Signal, packed.Noise
		entry.Outputs = c.outputs[w]
	}
	entry.Seconds = time.Since(start).Seconds()
	c.add(entry)
	return nil
}

// replace puts a compressed weight in its place, perhaps later.
func (c *compressor) replace(w *weight, packed *compress.Packed) error {
	edit := func() error {
		made, err := w.replace(c.m, c.ctx.Pass.Name, packed)
		c.changed = append(c.changed, made...)
		return err
	}
	if c.hold {
		c.held = append(c.held, edit)
		return nil
	}
	return edit()
}

// pack compresses a weight's data; the reason is why it cannot be.
func (c *compressor) pack(w *weight, s compress.Scheme) (packed *compress.Packed, reason string, err error) {
	if w.reason != "" {
		return nil, w.reason, nil
	}
	block, reason := w.blocks(granularity(s))
	if reason != "" {
		return nil, reason, nil
	}
	if elemsIn(block) < 2 {
		return nil, "each of its elements would need a scale of its own", nil
	}
	out, in, reason := channelAxes(w, s)
	if reason != "" {
		return nil, reason, nil
	}
	t, err := w.res.Tensor()
	if err != nil {
		return nil, "", err
	}
	opt := compress.Options{Block: block, Out: out, In: in}
	if c.apply != nil {
		packed, err = c.apply(w, t, s, opt)
	} else {
		packed, err = compress.Apply(c.ctx, t, s, opt)
	}
	if reason, ok := refusal(err); ok {
		return nil, reason, nil
	}
	return packed, "", err
}

// refusal is why a weight cannot be stored by a scheme.
func refusal(err error) (reason string, ok bool) {
	var r *compress.Refusal
	if errors.As(err, &r) || errors.Is(err, compress.ErrNotFinite) {
		return err.Error(), true
	}
	return "", false
}

// finish reports, and settles what the module says of its values.
func (c *compressor) finish(others []notStored) error {
	for _, o := range others {
		c.add(pass.Compressed{Tensor: o.name, Op: o.op.Name(), Refused: o.reason})
	}
	for _, edit := range c.held {
		if err := edit(); err != nil {
			return err
		}
	}
	err := c.check("weights are constant data that nn.linear, nn.conv, nn.embedding, tensor.matmul and the like take (see `help op`)")
	if err != nil {
		return err
	}
	c.m.DropUnusedResources()
	markApprox(c.m, c.changed)
	c.m.SettleLost()
	if c.ctx.Compressed == nil {
		c.report()
	}
	c.tell(c.choose.unused())
	return nil
}

// report sums up, for who does not take the entries.
func (c *compressor) report() {
	var before, after, elems int64
	var signal, noise float64
	for _, e := range c.list {
		if e.Refused != "" {
			continue
		}
		before, after, signal, noise = before+e.Before, after+e.After, signal+e.Signal, noise+e.Noise
		elems += e.Before / int64(e.Elem.Bytes())
	}
	c.ctx.Reportf("%s: compressed %d of %s: %s to %s, %.2f bits a weight, SNR %.1f dB", c.ctx.Pass, c.done(), host.Counted(len(c.list), "weight"),
		host.SizeText(before), host.SizeText(after), 8*float64(after)/float64(elems), 10*math.Log10(signal/max(noise, math.SmallestNonzeroFloat64)))
}
