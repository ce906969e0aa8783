package passes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/weights"
)

// weightPass is a pass that stores weights by one scheme, and what can be said of that.
type weightPass struct {
	name, doc string
	scheme    compress.Scheme
	elems     []host.Elem // that the option dtype chooses from; nil: there is none
	anyBits   bool        // whether an option says how many bits an index has
	spelled   string      // what to say of the passes that spell this one with other defaults
}

// generalPasses are the passes that say everything of a scheme by options. The named schemes of their kind are spellings.
var generalPasses = []weightPass{
	{
		name: "quantize", doc: "Store weights as codes of few bits with a scale for each output channel or group. dtype says which; the passes " +
			"w2 to w8, fp8 and mxfp4 are spellings of this one.",
		scheme: compress.Codes(host.I8), elems: codeElems,
		spelled: "The operations that use a weight get it from quant.dequantize. Weights that cannot be compressed are reported and stay as they are.",
	},
	{
		name: "palettize", doc: "Store weights as indices into tables of numbers, which are the best for squared error. The passes pal1 to pal8 " +
			"are spellings of this one.",
		scheme: compress.Tables(4), anyBits: true,
		spelled: "The numbers of a table are the best for squared error.",
	},
	{
		name: "sparsify", doc: "Store only the elements of weights that matter most, and which those are; the others become zero.",
		scheme: compress.Scheme{Sparse: &compress.Sparse{Fraction: 0.5}},
	},
}

// weightPasses are the general passes, each with its spellings behind it.
func weightPasses() []weightPass {
	var list []weightPass
	for _, g := range generalPasses {
		list = append(list, g)
		for _, n := range compress.Schemes() {
			if n.Pass && (n.Scheme.Quant != nil) == (g.scheme.Quant != nil) && (n.Scheme.Palette != nil) == (g.scheme.Palette != nil) {
				list = append(list, weightPass{name: n.Name, doc: "Store weights as " + n.Doc + ". " + g.spelled, scheme: n.Scheme, elems: n.Elems})
			}
		}
	}
	return list
}

// WeightPasses gives the constructors of the passes that store weights in fewer bits.
func WeightPasses() []func() *pass.Pass {
	var list []func() *pass.Pass
	for _, w := range weightPasses() {
		list = append(list, w.make)
	}
	return list
}

// make makes the pass.
func (w weightPass) make() *pass.Pass {
	p := &pass.Pass{Name: w.name, Doc: w.doc, Lossy: &pass.Lossy{MinSNR: w.scheme.MinSNR()}, NeedsLowered: true}
	scheme := w.declare(p)
	only := weights.DeclareFilter(&p.Options)
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		s, err := scheme()
		if err != nil {
			return err
		}
		p.Lossy.MinSNR = s.MinSNR()
		filter, err := only()
		if err != nil {
			return err
		}
		choose, err := weights.ForAll(s, filter)
		if err != nil {
			return err
		}
		return weights.Compress(ctx, m, choose)
	}
	return p
}

// declare declares what can be said of the scheme; the result is the scheme with what was said.
func (w weightPass) declare(p *pass.Pass) func() (compress.Scheme, error) {
	scheme, edits := w.scheme.Clone(), []func() error{}
	switch {
	case scheme.Quant != nil:
		edits = append(edits, quantOptions(&p.Options, scheme.Quant, w.elems))
	case scheme.Palette != nil:
		edits = append(edits, paletteOptions(&p.Options, scheme.Palette, w.anyBits))
	}
	edits = append(edits, sparseOptions(&p.Options, &scheme))
	return func() (compress.Scheme, error) {
		for _, edit := range edits {
			if err := edit(); err != nil {
				return compress.Scheme{}, err
			}
		}
		return scheme, nil
	}
}

// elemOptions declares an option that names an element type, of those given. The first one is none: the weight's own.
func elemOption(o *pass.Options, name string, def host.Elem, doc string, elems ...host.Elem) func() host.Elem {
	names := make([]string, len(elems))
	for i, e := range elems {
		names[i] = e.String()
		if e == host.Invalid {
			names[i] = "own"
		}
	}
	text := o.String(name, names[slices.Index(elems, def)], doc, names...)
	return func() host.Elem { return elems[slices.Index(names, *text)] }
}

var codeElems = []host.Elem{host.I1, host.I2, host.I3, host.I4, host.I5, host.I6, host.I7, host.I8,
	host.U1, host.U2, host.U3, host.U4, host.U5, host.U6, host.U7, host.U8, host.F8E4M3, host.F8E5M2, host.F4E2M1}

// quantOptions declares what can be said of a quantization to one of elems, or to its own; the result applies what was said.
func quantOptions(o *pass.Options, q *compress.Quant, elems []host.Elem) func() error {
	elem := func() host.Elem { return q.Elem }
	if len(elems) > 0 {
		elem = elemOption(o, "dtype", q.Elem, "the type of the codes", elems...)
	}
	group := granularityOptions(o, &q.Granularity, "how many neighbours along the input axis share a scale, such as 32")
	span := o.String("range", string(q.Range), "how codes lie around zero: symmetric, clipped (as many below zero as above), or asymmetric, which "+
		"takes an offset", string(compress.Symmetric), string(compress.Clipped), string(compress.Asymmetric))
	offset := o.String("offset", string(compress.ZeroPoint), "how an asymmetric range is stored: as the code that stands for zero, or as its least number",
		string(compress.ZeroPoint), string(compress.MinValue))
	scaleElem := elemOption(o, "scale-type", q.Scale, "the type of the scales; own: that of the weight", host.Invalid, host.F32, host.F16, host.BF16, host.F8E8M0)
	rule := o.String("scale", string(q.Rule), "search: the scale with the least squared error; minmax: the least one that clips no number",
		string(compress.Search), string(compress.MinMax))
	compat := o.String("compat", "none", "coreai: the same codes as coreai-opt gives, instead of what scale says", "none", "coreai")
	return func() error {
		q.Elem, q.Scale = elem(), scaleElem()
		q.Range, q.Offset, q.Rule = compress.Range(*span), compress.Offset(*offset), compress.Rule(*rule)
		if *compat == "coreai" {
			q.Rule = compress.CoreAI
		}
		return group()
	}
}

// paletteOptions declares what can be said of a palette.
func paletteOptions(o *pass.Options, pal *compress.Palette, anyBits bool) func() error {
	bits := &pal.Bits
	if anyBits {
		bits = o.Int("bits", pal.Bits, "bits of an index, 1 to 8")
	}
	group := granularityOptions(o, &pal.Granularity, "how many output channels share a table")
	length := o.Int("length", max(pal.Length, 1), "how many neighbours along the output axis one index stands for")
	channel := o.Bool("channel-scale", false, "divide each output channel by its greatest magnitude first, and store that")
	lut := elemOption(o, "lut", host.Invalid, "the type that tables are stored in, with a scale for each; own: that of the weight",
		host.Invalid, host.I8, host.U8, host.F8E4M3, host.F8E5M2)
	compat := o.String("compat", "none", "coreai: the tables that coreai-opt's fast mode finds, instead of the best", "none", "coreai")
	return func() error {
		pal.Bits, pal.Length, pal.ChannelScale, pal.Table = *bits, *length, *channel, lut()
		if *compat == "coreai" {
			pal.Rule = compress.CoreAI
		}
		return group()
	}
}

// sparseOptions declares which elements are left out. For a pass that is not about that they are none.
func sparseOptions(o *pass.Options, s *compress.Scheme) func() error {
	def := compress.Sparse{}
	if s.Sparse != nil {
		def = *s.Sparse
	}
	fraction := o.Float("sparsity", def.Fraction, "the share of elements that become zero, those of least magnitude, from 0 to below 1")
	nm := o.String("nm", "", "N:M in quotes, such as \"2:4\": of M neighbours along the input axis N become zero, instead of sparsity")
	block := o.Int("block", 1, "with sparsity or nm: this many neighbours along the output axis become zero together")
	channels := o.Bool("channels", false, "with sparsity: whole output channels become zero")
	return func() error {
		sparse := compress.Sparse{Fraction: *fraction, Block: *block, Channel: *channels}
		if *nm != "" {
			n, m, err := parseNM(*nm)
			if err != nil {
				return err
			}
			if sparse.Fraction != def.Fraction || *channels {
				return fmt.Errorf("nm=%q says how many become zero; leave out sparsity and channels", *nm)
			}
			sparse.N, sparse.M, sparse.Fraction = n, m, 0
		}
		if sparse.Fraction == 0 && sparse.M == 0 && def.Fraction == 0 {
			s.Sparse = nil
			if *block != 1 || *channels {
				return fmt.Errorf("block and channels say how sparsity is spread; give sparsity=0.5, or another share, with them")
			}
			return nil
		}
		s.Sparse = &sparse
		return nil
	}
}

func parseNM(text string) (n, m int, err error) {
	left, right, ok := strings.Cut(text, ":")
	n, errN := strconv.Atoi(left)
	m, errM := strconv.Atoi(right)
	if !ok || errN != nil || errM != nil || n < 1 || m <= n {
		return 0, 0, fmt.Errorf("nm=%q: expected two numbers such as \"2:4\", the first one less than the second", text)
	}
	return n, m, nil
}

// granularityOptions declares which elements share parameters; where nothing is said they are those of the pass. A group has
// the shortest spelling.
func granularityOptions(o *pass.Options, g *compress.Granularity, doc string) func() error {
	group := o.Int("group", 0, doc+"; 0: "+usual(*g))
	kind := o.String("granularity", "", "what shares a scale or a table: the whole tensor, a channel, a block of neighbours along an axis, or some "+
		"channels together; the last two with group", "", "tensor", "channel", "block", "channels")
	axis := o.Int("axis", -1, "the weight's axis that granularity counts along; -1: the output axis, or for blocks the input axis")
	own := *g
	return func() error {
		kinds := map[string]compress.Kind{"tensor": compress.PerTensor, "channel": compress.PerChannel,
			"block": compress.PerBlock, "channels": compress.PerGroupedChannel}
		alone := *kind == "tensor" || *kind == "channel"
		*g = compress.Granularity{Kind: kinds[*kind], Auto: *axis < 0, Axis: max(*axis, 0), Sizes: []int{*group}}
		switch {
		case *group < 0:
			return fmt.Errorf("group=%d: expected 0 or the size of a group", *group)
		case *group > 0 && alone:
			return fmt.Errorf("group=%d says that some share, granularity=%s that they do not; give one of them", *group, *kind)
		case *group == 0 && *kind != "" && !alone:
			return fmt.Errorf("granularity=%s needs a size, such as group=32", *kind)
		case alone:
			g.Sizes = nil
		case *kind != "":
		case *group == 0:
			g.Kind, g.Sizes = own.Kind, own.Sizes
		case own.Kind == compress.PerGroupedChannel || own.Kind == compress.PerTensor:
			g.Kind = compress.PerGroupedChannel
		default:
			g.Kind = compress.PerBlock
		}
		return nil
	}
}

// usual says in words what shares by default.
func usual(g compress.Granularity) string {
	switch g.Kind {
	case compress.PerChannel:
		return "each output channel has its own"
	case compress.PerBlock, compress.PerGroupedChannel:
		return strconv.Itoa(g.Sizes[0])
	}
	return "all share"
}
