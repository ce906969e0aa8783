package recipe

import (
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

// elemOf finds a type that the check has passed.
func elemOf(types []dtype, name string) host.Elem {
	for _, t := range types {
		if t.name == name {
			return t.elem
		}
	}
	return host.Invalid
}

func (b *builder) weight(n *node) *spec {
	switch b.part.on {
	case palettes:
		return &spec{scheme: compress.Scheme{Palette: b.palette(n)}}
	case prunes:
		sparse, axis := sparseOf(n)
		return &spec{scheme: compress.Scheme{Sparse: sparse}, channel: axis}
	}
	q := quantOf(n)
	q.Rule = b.rule(n)
	return &spec{scheme: compress.Scheme{Quant: &q}}
}

// defaultWeight is what a compressor does to weights where nothing is said. For the quantizer that is not an empty spec,
// which would be per tensor.
func (b *builder) defaultWeight() *spec {
	s := b.weight(&node{kind: kindMapping})
	if s.scheme.Quant != nil {
		s.scheme.Quant.Granularity = compress.Granularity{Kind: compress.PerChannel}
	}
	return s
}

// rule is how parameters are chosen: by the spec's own word, else by compat.
func (b *builder) rule(n *node) compress.Rule {
	switch {
	case n.isSet("rule"):
		return compress.Rule(n.get("rule").text)
	case b.coreai:
		return compress.CoreAI
	}
	return compress.Search
}

// quantOf reads a quantization spec but for its rule.
func quantOf(n *node) compress.Quant {
	q := compress.Quant{
		Elem:  elemOf(dtypes, n.word("dtype", "int8", otherNames)),
		Scale: elemOf(scaleTypes, n.word("scale_dtype", "", otherScaleNames)),
	}
	for _, r := range ranges {
		if r.name == n.word("qscheme", "symmetric", nil) {
			q.Range = r.is
		}
	}
	switch {
	case n.word("qformulation", "zp", nil) == "minval":
		q.Offset = compress.MinValue
	case q.Range == compress.Asymmetric:
		q.Offset = compress.ZeroPoint
	}
	if q.Elem == host.F4E2M1 {
		q.Scale = host.F8E8M0
	}
	q.Granularity = granularityOf(n.get("granularity"))
	return q
}

func granularityOf(n *node) compress.Granularity {
	if n == nil {
		return compress.Granularity{Kind: compress.PerTensor}
	}
	g := compress.Granularity{Kind: compress.Kind(n.word("type", "", nil)), Axis: n.integer("axis", 0)}
	if g.Kind == compress.PerTensor {
		return g
	}
	g.Auto = !n.isSet("axis")
	switch size := n.get("block_size"); {
	case n.isSet("group_size"):
		g.Sizes = []int{n.integer("group_size", 0)}
	case size != nil && size.kind == kindList:
		g.Auto = false
		for _, item := range size.items {
			g.Sizes = append(g.Sizes, int(item.number()))
		}
	case size != nil:
		g.Sizes = []int{int(size.number())}
	}
	return g
}

func (b *builder) palette(n *node) *compress.Palette {
	p := &compress.Palette{
		Bits:         n.integer("n_bits", 4),
		ChannelScale: n.truth("enable_per_channel_scale", false),
		Rule:         b.rule(n),
		Granularity:  granularityOf(n.get("granularity")),
	}
	if length := n.integer("cluster_dim", 1); length > 1 {
		p.Length = length
	}
	if p.Rule == compress.CoreAI && !b.fast && p.Length == 0 {
		p.Rule = compress.Search // coreai-opt's exact mode finds the optimum
	}
	if n.isSet("lut_qspec") {
		table := quantOf(n.get("lut_qspec"))
		p.Table, p.Asymmetric = table.Elem, table.Range == compress.Asymmetric
	}
	return p
}

func sparseOf(n *node) (s *compress.Sparse, axis int) {
	s = &compress.Sparse{Fraction: 0.5}
	if v := n.get("target_sparsity"); v != nil {
		s.Fraction = v.number()
	}
	scheme := n.get("pruning_scheme")
	if scheme == nil {
		return s, 0
	}
	switch scheme.word("type", "", nil) {
	case "channel_structured":
		s.Channel = true
		return s, scheme.integer("axis", 0)
	case "n_m":
		s.N, s.M, s.Fraction = scheme.integer("n", 0), scheme.integer("m", 0), 0
	case "block_structured":
		if block := scheme.integer("block_size", 1); block > 1 {
			s.Block = block
		}
	}
	return s, 0
}

// activation reads the spec of an input or output. coreai-opt's default for one is a moving average.
func (b *builder) activation(n *node) *spec {
	q := quantOf(n)
	a := Activation{Elem: q.Elem, Range: q.Range, Offset: q.Offset, Scale: q.Scale, Granularity: q.Granularity, CoreAI: b.coreai,
		Gather: Gather(n.word("qparam_calculator_cls", "default", nil))}
	if a.Gather == "default" {
		a.Gather = MovingAverage
	}
	if ends := n.get("float_range"); ends != nil {
		a.Least, a.Most = end(ends.items[0]), end(ends.items[1])
	}
	return &spec{act: a}
}

func end(n *node) *float64 {
	if n.kind == kindNull {
		return nil
	}
	v := n.number()
	return &v
}
