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

// auto takes the axis from the operations that use a weight.
func auto(kind compress.Kind, sizes ...int) compress.Granularity {
	return compress.Granularity{Kind: kind, Auto: true, Sizes: sizes}
}

// weightPass is a pass that stores weights by one scheme.
type weightPass struct {
	name, doc string
	minSNR    float64 // dB that numeric verification demands of the outputs
	scheme    compress.Scheme
}

// ints are the quantizations to integers: a scale for each output channel, or group.
func ints(e host.Elem) compress.Scheme {
	return compress.Scheme{Quant: &compress.Quant{Elem: e, Range: compress.Symmetric, Offset: compress.ZeroPoint,
		Rule: compress.Search, Granularity: auto(compress.PerChannel)}}
}

func floats(e, scale host.Elem, g compress.Granularity) compress.Scheme {
	return compress.Scheme{Quant: &compress.Quant{Elem: e, Range: compress.Symmetric, Scale: scale, Rule: compress.Search, Granularity: g}}
}

func palette(bits int, g compress.Granularity) compress.Scheme {
	return compress.Scheme{Palette: &compress.Palette{Bits: bits, Length: 1, Rule: compress.Search, Granularity: g}}
}

const intDoc = "-bit integers with a scale for each output channel or group. The operations that use a weight get it from " +
	"quant.dequantize. Weights that cannot be compressed are reported and stay as they are."

// weightPasses are all of them, and each is a spelling of quantize, palettize or sparsify with other defaults.
var weightPasses = []weightPass{
	{"quantize", "Store weights as codes of few bits with a scale for each output channel or group. dtype says which; the passes " +
		"w2 to w8, fp8 and mxfp4 are spellings of this one.", 0, ints(host.I8)},
	{"w2", "Store weights as 2" + intDoc, 0, ints(host.I2)},
	{"w3", "Store weights as 3" + intDoc, 3, ints(host.I3)},
	{"w4", "Store weights as 4" + intDoc, 8, ints(host.I4)},
	{"w5", "Store weights as 5" + intDoc, 13, ints(host.I5)},
	{"w6", "Store weights as 6" + intDoc, 18, ints(host.I6)},
	{"w7", "Store weights as 7" + intDoc, 22, ints(host.I7)},
	{"w8", "Store weights as 8" + intDoc, 25, ints(host.I8)},
	{"fp8", "Store weights as 8-bit floats (e4m3) with a scale for each output channel.", 20,
		floats(host.F8E4M3, host.Invalid, auto(compress.PerChannel))},
	{"mxfp4", "Store weights as 4-bit floats (e2m1), 32 neighbours along the input axis with one scale that is a power of two " +
		"(OCP Microscaling Formats 1.0).", 8, floats(host.F4E2M1, host.F8E8M0, auto(compress.PerBlock, 32))},
	{"palettize", "Store weights as indices into tables of numbers, which are the best for squared error. The passes pal1 to pal8 are spellings of " +
		"this one.", 0, palette(4, auto(compress.PerGroupedChannel, 16))},
	{"pal1", "Store weights as 1-bit indices into tables, one for 16 output channels.", 0, palette(1, auto(compress.PerGroupedChannel, 16))},
	{"pal2", "Store weights as 2-bit indices into tables, one for 16 output channels.", 0, palette(2, auto(compress.PerGroupedChannel, 16))},
	{"pal3", "Store weights as 3-bit indices into tables, one for 16 output channels.", 3, palette(3, auto(compress.PerGroupedChannel, 16))},
	{"pal4", "Store weights as 4-bit indices into tables, one for 16 output channels.", 8, palette(4, auto(compress.PerGroupedChannel, 16))},
	{"pal5", "Store weights as 5-bit indices into tables, one for 16 output channels.", 13, palette(5, auto(compress.PerGroupedChannel, 16))},
	{"pal6", "Store weights as 6-bit indices into tables, one for 16 output channels.", 18, palette(6, auto(compress.PerGroupedChannel, 16))},
	{"pal7", "Store weights as 7-bit indices into tables, one for 16 output channels.", 22, palette(7, auto(compress.PerGroupedChannel, 16))},
	{"pal8", "Store weights as 8-bit indices into one table for each weight.", 25, palette(8, compress.Granularity{Kind: compress.PerTensor})},
	{"sparsify", "Store only the elements of weights that matter most, and which those are; the others become zero.", 0,
		compress.Scheme{Sparse: &compress.Sparse{Fraction: 0.5}}},
}

// WeightPasses gives the constructors of the passes that store weights in fewer bits.
func WeightPasses() []func() *pass.Pass {
	var list []func() *pass.Pass
	for _, w := range weightPasses {
		list = append(list, w.make)
	}
	return list
}

// make makes the pass.
func (w weightPass) make() *pass.Pass {
	p := &pass.Pass{Name: w.name, Doc: w.doc, Lossy: &pass.Lossy{MinSNR: w.minSNR}, NeedsLowered: true}
	scheme := w.declare(p)
	only := weights.DeclareFilter(&p.Options)
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		s, err := scheme()
		if err != nil {
			return err
		}
		if s.Sparse != nil {
			p.Lossy.MinSNR = 0 // the zeros decide, and the user how many
		}
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
		edits = append(edits, quantOptions(p, scheme.Quant))
	case scheme.Palette != nil:
		edits = append(edits, paletteOptions(p, scheme.Palette))
	}
	edits = append(edits, sparseOptions(p, &scheme))
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

// quantOptions declares what can be said of a quantization; the result applies what was said.
func quantOptions(p *pass.Pass, q *compress.Quant) func() error {
	o := &p.Options
	elem := func() host.Elem { return q.Elem }
	switch p.Name {
	case "quantize", "gptq", "awq":
		elem = elemOption(o, "dtype", q.Elem, "the type of the codes", codeElems...)
	case "fp8":
		elem = elemOption(o, "dtype", q.Elem, "the type of the codes", host.F8E4M3, host.F8E5M2)
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
func paletteOptions(p *pass.Pass, pal *compress.Palette) func() error {
	o := &p.Options
	bits := &pal.Bits
	if p.Name == "palettize" {
		bits = o.Int("bits", pal.Bits, "bits of an index, 1 to 8")
	}
	group := granularityOptions(o, &pal.Granularity, "how many output channels share a table")
	length := o.Int("length", pal.Length, "how many neighbours along the output axis one index stands for")
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
func sparseOptions(p *pass.Pass, s *compress.Scheme) func() error {
	o := &p.Options
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
