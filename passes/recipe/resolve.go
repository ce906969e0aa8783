package recipe

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/aiopt/aiopt/passes/compress"
)

// Decision is what a recipe says of a weight.
type Decision struct {
	Scheme compress.Scheme
	By     []By // the entries that decided, one for each compressor
	// Problem is why the entries cannot be followed; empty where they can. The Scheme is then empty.
	Problem string
}

// Weight says how a weight is stored. A weight that several operations use is one tensor: the use in the module whose rule
// ranks highest decides. It reports false where the recipe leaves the weight alone; By then names the entries that disable
// it, and is empty where none speaks of it.
func (r *Recipe) Weight(uses ...Target) (Decision, bool) {
	var d Decision
	var chosen []*spec
	var by []By
	for i := range r.parts {
		rule := r.parts[i].weight(uses)
		if rule == nil {
			continue
		}
		d.By = append(d.By, rule.by)
		if rule.spec != nil {
			chosen, by = append(chosen, rule.spec), append(by, rule.by)
		}
	}
	if len(chosen) == 0 {
		return d, false
	}
	d.By = by
	for i, s := range chosen {
		d.Problem = s.problem(&uses[0])
		if s.scheme.Quant != nil && d.Scheme.Palette != nil {
			d.Problem = fmt.Sprintf("it is both palettized, by %s, and quantized, by %s; disable one with null", by[i-1], by[i])
		}
		if d.Problem != "" {
			d.Scheme = compress.Scheme{}
			return d, true
		}
		d.Scheme = joint(d.Scheme, s.scheme)
	}
	if d.Problem = prunedPalette(d.Scheme); d.Problem != "" {
		d.Problem = fmt.Sprintf("it is pruned, by %s, and palettized, by %s; %s", by[0], by[1], d.Problem)
		d.Scheme = compress.Scheme{}
	}
	return d, true
}

// prunedPalette says why a weight cannot be both palettized and pruned as asked; empty where it can.
func prunedPalette(s compress.Scheme) string {
	switch {
	case s.Palette == nil || s.Sparse == nil:
		return ""
	case s.Palette.Rule == compress.CoreAI:
		return "coreai-opt's palettizer has no palettes of the kept elements of pruned weights to follow: write `rule: search` in the " +
			"palettization's spec, or leave out `compat: coreai`"
	case s.Palette.Length > 1:
		return "a palette of kept elements has entries of one number: leave out cluster_dim"
	}
	return ""
}

// checkPruned fails for a recipe that asks for such palettes of all weights, with no entry that could decide otherwise.
func (r *Recipe) checkPruned(to *reporter) {
	var all compress.Scheme
	var at *tensorRule
	for i := range r.parts {
		p := &r.parts[i]
		if p.shape.on != palettes && p.shape.on != prunes || len(p.types)+len(p.names)+len(p.global.opTypes)+len(p.global.opNames) > 0 {
			continue
		}
		rule := find(p.global.ops.state, "weight")
		if rule == nil || rule.spec == nil {
			return
		}
		if p.shape.on == palettes {
			at = rule
		}
		all = joint(all, rule.spec.scheme)
	}
	if problem := prunedPalette(all); problem != "" {
		to.fail(at.by.Pos, at.by.Key, "all weights are also pruned, and "+problem)
	}
}

// joint is both schemes; each says something else.
func joint(s, t compress.Scheme) compress.Scheme {
	return compress.Scheme{Quant: cmp.Or(t.Quant, s.Quant), Palette: cmp.Or(t.Palette, s.Palette), Sparse: cmp.Or(t.Sparse, s.Sparse)}
}

// problem is what a scheme cannot do to a weight, of what a spec asks.
func (s *spec) problem(t *Target) string {
	if sparse := s.scheme.Sparse; sparse != nil && sparse.Channel {
		axis := s.channel
		if axis < 0 {
			axis += len(t.Shape)
		}
		if !slices.Equal(t.Out, []int{axis}) {
			return fmt.Sprintf("channels are pruned along the output axis %v; the recipe says axis %d", t.Out, s.channel)
		}
	}
	return ""
}

// weight finds a section's rule for a weight; nil where it has none.
func (s *section) weight(uses []Target) *tensorRule {
	var names []string
	for i := range uses {
		names = append(names, uses[i].State)
	}
	var found *tensorRule
	var best verdict
	consider := func(v verdict, rule *tensorRule) {
		if rule != nil && (found == nil || v.before(best)) {
			found, best = rule, v
		}
	}
	for i := range uses {
		v := s.decide(chain(uses[i].owner(), uses[i].Modules))
		if !v.inherited {
			consider(v, find(v.rule.state, names...))
		}
	}
	if found != nil {
		return found
	}
	none := tensorRule{}
	for i := range uses {
		types := typesOf(&uses[i], s.shape.on)
		if types == nil {
			continue
		}
		v := s.decide(uses[i].around())
		rule := find(v.rule.forOp(&uses[i], types).state, names...)
		if rule == nil {
			rule = &none // a rule of higher rank that does not speak of the tensor leaves it alone
		}
		consider(v, rule)
	}
	if found == &none {
		return nil
	}
	return found
}

// Edge says that an operation's input or output is also that of a module around it.
type Edge struct {
	Module string // its path
	Index  int    // among the module's inputs or outputs
}

// Input says how an operation's input is quantized. Edges are the modules that the tensor enters on its way to the
// operation, the innermost first; what they say comes before what is said of the operation. It reports false where the
// input stays as it is.
func (r *Recipe) Input(t Target, index int, edges ...Edge) (Activation, By, bool) {
	return r.activation(&t, index, edges, func(m *moduleRule) []tensorRule { return m.in }, func(o *opRule) []tensorRule { return o.in })
}

// Output says how an operation's output is quantized, as [Recipe.Input] does.
func (r *Recipe) Output(t Target, index int, edges ...Edge) (Activation, By, bool) {
	return r.activation(&t, index, edges, func(m *moduleRule) []tensorRule { return m.out }, func(o *opRule) []tensorRule { return o.out })
}

func (r *Recipe) activation(t *Target, index int, edges []Edge, ofModule func(*moduleRule) []tensorRule, ofOp func(*opRule) []tensorRule) (Activation, By, bool) {
	for i := range r.parts {
		s := &r.parts[i]
		if s.shape.on != quantizes {
			continue
		}
		rule := s.edge(t, edges, ofModule)
		if rule == nil {
			types := activationTypes(t)
			if types == nil {
				continue
			}
			rule = find(ofOp(s.decide(t.around()).rule.forOp(t, types)), strconv.Itoa(index))
		}
		if rule == nil {
			continue
		}
		if rule.spec == nil {
			return Activation{}, rule.by, false
		}
		return rule.spec.act, rule.by, true
	}
	return Activation{}, By{}, false
}

// edge finds what the modules say whose boundary a tensor crosses.
func (s *section) edge(t *Target, edges []Edge, ofModule func(*moduleRule) []tensorRule) *tensorRule {
	for _, e := range edges {
		v := s.decide(chain(e.Module, t.Modules))
		if v.inherited {
			continue
		}
		if rule := find(ofModule(v.rule), strconv.Itoa(e.Index)); rule != nil {
			return rule
		}
	}
	return nil
}
