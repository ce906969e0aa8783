package recipe

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

// Chosen is a weight and how it is stored.
type Chosen struct {
	Tensor, State string // as in [Target]
	Scheme        compress.Scheme
	Out           []int // the weight's output axes; for whole channels alone
}

// Write makes a recipe that says this of the weights, and that everything else stays as it is. [Read] gives the same
// schemes again. The order of the weights does not matter.
func Write(weights []Chosen) ([]byte, error) {
	weights = slices.Clone(weights)
	for i, w := range weights {
		if w.State == "" || w.Tensor != w.State && !strings.HasSuffix(w.Tensor, "."+w.State) {
			return nil, fmt.Errorf("the weight %q does not end in its name in its module, %q", w.Tensor, w.State)
		}
		weights[i].Tensor = strings.TrimSuffix(strings.TrimSuffix(w.Tensor, w.State), ".") // the module, from here on
	}
	// A module comes before those inside it: the last entry that names a module or one around it decides.
	slices.SortFunc(weights, func(a, b Chosen) int {
		return cmp.Or(slices.Compare(strings.Split(a.Tensor, "."), strings.Split(b.Tensor, ".")), cmp.Compare(a.State, b.State))
	})
	for i := 1; i < len(weights); i++ {
		if weights[i].Tensor == weights[i-1].Tensor && weights[i].State == weights[i-1].State {
			return nil, fmt.Errorf("the weight %s of module %q is given twice", weights[i].State, weights[i].Tensor)
		}
	}
	var out bytes.Buffer
	for i := range sections {
		writeSection(&out, &sections[i], weights)
	}
	if out.Len() == 0 { // nothing is compressed
		fmt.Fprintf(&out, "%s:\n  global_config: null\n", sections[len(sections)-1].key)
	}
	return out.Bytes(), nil
}

func writeSection(out *bytes.Buffer, s *sectionShape, weights []Chosen) {
	texts := make([]string, len(weights))
	var kinds []string
	for i, w := range weights {
		texts[i] = specText(s.on, w)
		if texts[i] != "" && !slices.Contains(kinds, texts[i]) {
			kinds = append(kinds, texts[i])
		}
	}
	if len(kinds) == 0 {
		return
	}
	off := s.hosts + "_off"
	fmt.Fprintf(out, "%s:\n  off: &%s {op_input_spec: null, op_output_spec: null, op_state_spec: null}\n", s.hosts, off)
	for i, k := range kinds {
		fmt.Fprintf(out, "  spec%d: &%s_spec%d %s\n", i+1, s.hosts, i+1, k)
	}
	fmt.Fprintf(out, "%s:\n  global_config: null\n  module_name_configs:\n", s.key)
	last := "" // the module that an entry is open for; quoted, it is never empty
	for i, w := range weights {
		if texts[i] == "" {
			continue
		}
		if module := quoted(regexp.QuoteMeta(w.Tensor)); module != last {
			if last != "" {
				out.WriteString("}}\n")
			}
			last = module
			fmt.Fprintf(out, "    %s: {<<: *%s, module_state_spec: {", module, off)
		} else {
			out.WriteString(", ")
		}
		fmt.Fprintf(out, "%s: *%s_spec%d", quoted(w.State), s.hosts, slices.Index(kinds, texts[i])+1)
	}
	out.WriteString("}}\n")
}

// quoted is a YAML text that means itself.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// specText is what a section says of a weight, in one line; empty where that is nothing.
func specText(on opSet, w Chosen) string {
	var f fieldWriter
	switch q, p, s := w.Scheme.Quant, w.Scheme.Palette, w.Scheme.Sparse; {
	case on == quantizes && q != nil:
		f.add("dtype", nameOf(dtypes, q.Elem))
		f.add("qscheme", rangeName(q.Range))
		if q.Offset == compress.MinValue {
			f.add("qformulation", "minval")
		}
		f.add("granularity", granularityText(q.Granularity))
		f.add("scale_dtype", nameOf(scaleTypes, q.Scale))
		f.add("rule", string(q.Rule))
	case on == palettes && p != nil:
		f.add("n_bits", strconv.Itoa(p.Bits))
		if p.Table != host.Invalid {
			scheme := compress.Symmetric
			if p.Asymmetric {
				scheme = compress.Asymmetric
			}
			f.add("lut_qspec", fmt.Sprintf("{dtype: %s, qscheme: %s}", nameOf(dtypes, p.Table), scheme))
		}
		f.add("granularity", granularityText(p.Granularity))
		if p.Length > 1 {
			f.add("cluster_dim", strconv.Itoa(p.Length))
		}
		if p.ChannelScale {
			f.add("enable_per_channel_scale", "true")
		}
		f.add("rule", string(p.Rule))
	case on == prunes && s != nil:
		if s.M == 0 {
			f.add("target_sparsity", strconv.FormatFloat(s.Fraction, 'g', -1, 64))
		}
		f.add("pruning_scheme", sparseText(s, w.Out))
	default:
		return ""
	}
	return "{" + strings.Join(f, ", ") + "}"
}

// fieldWriter lists keys with values; an empty value is left out.
type fieldWriter []string

func (f *fieldWriter) add(key, value string) {
	if value != "" {
		*f = append(*f, key+": "+value)
	}
}

func nameOf(types []dtype, e host.Elem) string {
	for _, t := range types {
		if t.elem == e && e != host.Invalid {
			return t.name
		}
	}
	return ""
}

func rangeName(is compress.Range) string {
	for _, r := range ranges {
		if r.is == is {
			return r.name
		}
	}
	return ""
}

func granularityText(g compress.Granularity) string {
	var f fieldWriter
	f.add("type", string(cmp.Or(g.Kind, compress.PerTensor)))
	if !g.Auto && g.Kind != compress.PerTensor && g.Kind != "" && len(g.Sizes) < 2 {
		f.add("axis", strconv.Itoa(g.Axis))
	}
	switch {
	case g.Kind == compress.PerGroupedChannel && len(g.Sizes) == 1:
		f.add("group_size", strconv.Itoa(g.Sizes[0]))
	case g.Kind == compress.PerBlock && len(g.Sizes) == 1:
		f.add("block_size", strconv.Itoa(g.Sizes[0]))
	case g.Kind == compress.PerBlock:
		f.add("block_size", strings.ReplaceAll(fmt.Sprint(g.Sizes), " ", ", "))
	}
	return "{" + strings.Join(f, ", ") + "}"
}

func sparseText(s *compress.Sparse, out []int) string {
	switch {
	case s.Channel && len(out) > 0:
		return fmt.Sprintf("{type: channel_structured, axis: %d}", out[0])
	case s.Channel:
		return "{type: channel_structured}"
	case s.M > 0:
		return fmt.Sprintf("{type: n_m, n: %d, m: %d}", s.N, s.M)
	case s.Block > 1:
		return fmt.Sprintf("{type: block_structured, block_size: %d}", s.Block)
	}
	return ""
}
