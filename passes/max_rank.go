package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// MaxRank is the pass `max-rank`.
func MaxRank() *pass.Pass {
	p := &pass.Pass{
		Name: "max-rank",
		Doc: "Rearrange values over few axes, for hardware that knows no more. Reshapes and transposes over more, such as those that cut images into windows, " +
			"become several that exchange two neighbouring blocks of axes each. Operations that compute over more axes are reported.",
		NeedsLowered: true,
	}
	axes := p.Options.Int("axes", maxRank, "the most axes of a value, 4 or more")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		r := &ranks{most: max(*axes, maxRank)}
		if _, err := rewrite.Run(m, p.Name, []rewrite.Pattern{{Name: "transpose", Root: tensor.Transpose, Apply: r.split}, {Name: "reshape", Root: tensor.Reshape, Apply: r.split}}); err != nil {
			return err
		}
		canonKernels(m)
		m.SettleLost()
		var wide []*ir.Op
		m.Walk(func(op *ir.Op) {
			if !isView(op) && len(op.Results) > 0 && op.Results[0].Type.Rank() > r.most {
				wide = append(wide, op)
			}
		})
		if len(wide) > 0 {
			ctx.Reportf("max-rank: %d operations compute over more than %d axes, the first of them is %s", len(wide), r.most, wide[0].Describe())
		}
		return nil
	}
	return p
}

// ranks keeps rearrangements within a number of axes.
type ranks struct{ most int }

func isView(op *ir.Op) bool { return op.Is(tensor.Reshape) || op.Is(tensor.Transpose) }

// split rearranges in steps what goes over too many axes on the way to a value that more than rearrangements use.
func (r *ranks) split(rw *rewrite.Rewriter, op *ir.Op) bool {
	y := op.Result()
	if !slices.ContainsFunc(y.Uses(), func(u ir.Use) bool { return !isView(u.Op) }) || inKernel(op) {
		return false
	}
	source, o, _ := arranged(y)
	if source == y {
		return false
	}
	between := op.Operands[0]
	wide := op.Is(tensor.Transpose) && y.Type.Rank() > r.most
	for ; !wide && between != source; between = between.Def.Operands[0] {
		wide = between.Type.Rank() > r.most
	}
	if !wide {
		return false
	}
	v := source
	for _, s := range o.exchanges() {
		v = reshaped(rw, v, s)
		v = rw.Build(tensor.Transpose, ir.Attrs{ir.Set("perm", ir.OfInts(0, 2, 1, 3))}, v)
	}
	if v = reshaped(rw, v, y.Type.Shape); v == y || !v.Type.Equal(y.Type) {
		return false
	}
	rw.Replace(op, v)
	return true
}

// exchanges are the shapes [a, b, c, d] in which b and c must change places, one after the other, to bring the source's elements into the
// order of the value.
func (o order) exchanges() (steps [][]ir.Dim) {
	want := o.flat()
	have := slices.Sorted(slices.Values(want))
	for i := 0; i < len(want); {
		if have[i] == want[i] {
			i++
			continue
		}
		from := slices.Index(have, want[i])
		n := 1 // how many come along
		for from+n < len(have) && i+n < len(want) && have[from+n] == want[i+n] {
			n++
		}
		parts := [][]int{have[:i], have[i:from], have[from : from+n], have[from+n:]}
		var shape []ir.Dim
		for _, part := range parts {
			shape = append(shape, o.size(part))
		}
		steps = append(steps, shape)
		have = slices.Concat(parts[0], parts[2], parts[1], parts[3])
		i += n
	}
	return steps
}
