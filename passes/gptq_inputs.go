package passes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/weights"
)

// layerInput is what weights are multiplied with: weights that share it share what is gathered.
type layerInput struct {
	n       int
	sources []inputSource
	weights []*weights.Weight
	inputs  *compress.Inputs // while it is needed
}

// inputSource is a value whose rows along the last axis, or whose windows, are multiplied with a weight.
type inputSource struct {
	value  *ir.Value
	conv   host.ConvParams
	window []int // of a convolution
}

func (s inputSource) equal(o inputSource) bool {
	return s.value == o.value && slices.Equal(s.window, o.window) && fmt.Sprint(s.conv) == fmt.Sprint(o.conv)
}

// layerInputs are those of a module's weights, in program order.
type layerInputs struct {
	list    []*layerInput
	of      map[*weights.Weight]*layerInput
	reasons map[*weights.Weight]string // why a weight has none
}

func findLayerInputs(m *ir.Module, list []*weights.Weight) *layerInputs {
	all := &layerInputs{of: map[*weights.Weight]*layerInput{}, reasons: map[*weights.Weight]string{}}
	for _, w := range list {
		n, sources, reason := inputsOf(w)
		if reason != "" {
			all.reasons[w] = reason
			continue
		}
		at := slices.IndexFunc(all.list, func(d *layerInput) bool {
			return d.n == n && slices.EqualFunc(d.sources, sources, inputSource.equal)
		})
		if at < 0 {
			at = len(all.list)
			all.list = append(all.list, &layerInput{n: n, sources: sources})
		}
		d := all.list[at]
		d.weights = append(d.weights, w)
		all.of[w] = d
	}
	order, count := map[*ir.Op]int{}, 0
	m.Walk(func(op *ir.Op) {
		order[op] = count
		count++
	})
	slices.SortStableFunc(all.list, func(a, b *layerInput) int { return order[a.weights[0].Uses[0].Op] - order[b.weights[0].Uses[0].Op] })
	return all
}

// inputsOf finds what all uses of a weight multiply it with; the reason is why that cannot be gathered.
func inputsOf(w *weights.Weight) (n int, sources []inputSource, reason string) {
	_, in, reason := w.Channels()
	if reason != "" {
		return 0, nil, reason
	}
	shape, _ := w.Resource.Type.Static()
	n = 1
	for _, axis := range in {
		n *= shape[axis]
	}
	for _, u := range w.Uses {
		s, reason := sourceOf(u, n, in)
		if reason != "" {
			return 0, nil, reason
		}
		if !slices.ContainsFunc(sources, s.equal) {
			sources = append(sources, s)
		}
	}
	if n > compress.MaxInputs {
		return 0, nil, fmt.Sprintf("it has %d inputs, and data is gathered for at most %d", n, compress.MaxInputs)
	}
	return n, sources, ""
}

// sourceOf is what a use multiplies its weight with, of whose data the axes in are the n inputs.
func sourceOf(u *weights.Use, n int, in []int) (inputSource, string) {
	s := inputSource{value: outermost(u.Op.Parent(), u.Op.Operands[0])}
	switch {
	case u.Op.Is(nn.Linear), u.Op.Is(tensor.MatMul) && len(u.Shape) == 2:
		own := u.Shape[1]
		if u.Op.Is(tensor.MatMul) {
			own = u.Shape[0]
		}
		if len(in) != 1 || own != n {
			return s, fmt.Sprintf("%s takes a part of its inputs", u.Op.Describe())
		}
		return s, ""
	case u.Op.Is(nn.Conv):
		params, err := nn.ConvParams(u.Op)
		switch {
		case err != nil:
			return s, err.Error()
		case params.Groups != 1:
			return s, fmt.Sprintf("%s divides its inputs into %d groups", u.Op.Describe(), params.Groups)
		case slices.ContainsFunc(u.Views, func(op *ir.Op) bool { return !op.Is(tensor.Cast) }):
			return s, fmt.Sprintf("%s takes a view of it", u.Op.Describe())
		}
		s.conv, s.window = params, u.Shape[2:]
		return s, ""
	case u.Op.Is(tensor.MatMul):
		return s, fmt.Sprintf("it holds several matrices for %s", u.Op.Describe())
	}
	how := "is no product of its inputs with one matrix"
	if u.Op.Is(nn.Embedding) {
		how = "looks its rows up"
	}
	return s, fmt.Sprintf("%s %s", u.Op.Describe(), how)
}

// outermost is the value in f that a kernel's parameter stands for.
func outermost(f *ir.Func, v *ir.Value) *ir.Value {
	for v.Def == nil && f.Owner().Is(core.Kernel) {
		v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
	}
	return v
}

// batches cuts inputs into those that are gathered in one run of the data: as many as fit into bytes, and at least one.
func batches(all []*layerInput, bytes int64) [][]*layerInput {
	var list [][]*layerInput
	left := int64(0)
	for _, d := range all {
		size := compress.InputBytes(d.n)
		if len(list) == 0 || size > left {
			list, left = append(list, nil), bytes
		}
		list[len(list)-1] = append(list[len(list)-1], d)
		left -= size
	}
	return list
}

// gather runs the calibration data through the model for some inputs.
func gather(ctx *pass.Context, m *ir.Module, batch []*layerInput) error {
	type reader struct {
		inputSource
		to *compress.Inputs
	}
	watched := map[*ir.Value][]reader{}
	for _, d := range batch {
		var err error
		if d.inputs, err = compress.NewInputs(d.n); err != nil {
			return err
		}
		for _, s := range d.sources {
			watched[s.value] = append(watched[s.value], reader{s, d.inputs})
		}
	}
	var failed error
	err := ctx.Calibrate(m, &pass.Watch{
		Select: func(v *ir.Value) bool { return watched[v] != nil },
		Observe: func(v *ir.Value, t *host.Tensor) {
			for _, r := range watched[v] {
				if err := r.add(ctx, t, r.to); err != nil && failed == nil {
					failed = err
				}
			}
		},
	})
	return errors.Join(err, failed)
}

// add counts the rows of a tensor; the windows of one line of an image at a time, since they take much more than it does.
func (s inputSource) add(ctx *pass.Context, t *host.Tensor, to *compress.Inputs) error {
	if s.window == nil {
		return to.Add(ctx, t)
	}
	view, err := host.Windows(t, s.window, s.conv)
	if err != nil {
		return err
	}
	for image := range view.Shape[0] {
		for line := range view.Shape[1] {
			if err := to.Add(ctx, view.Select(0, image).Select(0, line)); err != nil {
				return err
			}
		}
	}
	return nil
}
