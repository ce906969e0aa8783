package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// sharing says when an operator's result shares memory with its first tensor argument, by what the file says of both.
type sharing func(g *graph, n *pt2.Node, in, out *pt2.TensorMeta) bool

func always(*graph, *pt2.Node, *pt2.TensorMeta, *pt2.TensorMeta) bool { return true }

// notCopied: `to` gives its argument unless something about it changes or a copy is asked for.
func notCopied(g *graph, n *pt2.Node, in, out *pt2.TensorMeta) bool {
	return sameKind(in, out) && !boolArgument(n, "copy") && g.sameStrides(in, out)
}

// notTraining: dropout gives its argument outside training.
func notTraining(_ *graph, n *pt2.Node, in, out *pt2.TensorMeta) bool {
	return sameKind(in, out) && !boolArgument(n, "train")
}

func isReal(_ *graph, _ *pt2.Node, in, out *pt2.TensorMeta) bool {
	elem, ok := in.DType.Elem()
	return ok && !elem.IsComplex()
}

func viewable(g *graph, _ *pt2.Node, in, out *pt2.TensorMeta) bool {
	return in != nil && out != nil && g.canView(in, out.Sizes)
}

func boolArgument(n *pt2.Node, name string) bool {
	at := argument(n, name)
	return at >= 0 && n.Inputs[at].Arg.Bool
}

// identities are the operators that give their argument itself, and when.
var identities = map[string]sharing{
	"aten.alias":                 always,
	"aten.detach":                always,
	"aten.lift":                  always,
	"aten.lift_fresh":            always,
	"aten.positive":              always,
	"aten.resolve_conj":          always,
	"aten.resolve_neg":           always,
	"aten.data":                  always,
	"aten.to":                    notCopied,
	"aten.type_as":               notCopied,
	"aten.contiguous":            notCopied,
	"aten.dropout":               notTraining,
	"aten.feature_dropout":       notTraining,
	"aten.alpha_dropout":         notTraining,
	"aten.feature_alpha_dropout": notTraining,
	"aten.real":                  isReal,
	"aten.conj":                  isReal,
}

// viewOp is an operator that makes a view: when it does, and how to write through it.
type viewOp struct {
	shares sharing
	undo   undo
}

// viewOps are the operators that make views of one tensor, by operator or by operator and overload. An operator that is
// not here, and whose schema says that it makes a view, makes one that can be read and not written through.
var viewOps = map[string]viewOp{
	"aten.view":               {always, undoReshape},
	"aten.view_as":            {always, undoReshape},
	"aten._reshape_alias":     {always, undoReshape},
	"aten.squeeze":            {always, undoReshape},
	"aten.unsqueeze":          {always, undoReshape},
	"aten.unflatten":          {always, undoReshape},
	"aten.reshape":            {viewable, undoReshape},
	"aten.reshape_as":         {viewable, undoReshape},
	"aten.flatten":            {viewable, undoReshape},
	"aten.ravel":              {viewable, undoReshape},
	"aten.atleast_1d.default": {always, undoReshape},
	"aten.atleast_2d.default": {always, undoReshape},
	"aten.atleast_3d.default": {always, undoReshape},
	"aten.view.dtype":         {always, undoBitcast},
	"aten.view_as_real":       {always, undoSame("aten.view_as_complex.default")},
	"aten.view_as_complex":    {always, undoSame("aten.view_as_real.default")},
	"aten.t":                  {always, undoTranspose},
	"aten.mT":                 {always, undoTranspose},
	"aten.mH":                 {isReal, undoTranspose},
	"aten.adjoint":            {isReal, undoTranspose},
	"aten.matrix_H":           {isReal, undoTranspose},
	"aten.numpy_T":            {always, undoReverse},
	"aten.transpose":          {always, undoTransposeInt},
	"aten.swapaxes":           {always, undoTransposeInt},
	"aten.swapdims":           {always, undoTransposeInt},
	"aten.permute":            {always, undoPermute},
	"aten.movedim":            {always, undoMove},
	"aten.moveaxis":           {always, undoMove},
	"aten.expand":             {always, undoExpand},
	"aten.expand_as":          {always, undoExpand},
	"aten.broadcast_to":       {always, undoExpand},
	"aten.select":             {always, undoScatter("aten.select_scatter.default", "dim", "index")},
	"aten.slice":              {always, undoScatter("aten.slice_scatter.default", "dim", "start", "end", "step")},
	"aten.diagonal":           {always, undoScatter("aten.diagonal_scatter.default", "offset", "dim1", "dim2")},
	"aten.linalg_diagonal":    {always, undoScatter("aten.diagonal_scatter.default", "offset", "dim1", "dim2")},
	"aten.unfold":             {always, undoUnfold},
	"aten.as_strided":         {always, undoScatter("aten.as_strided_scatter.default", "size", "stride", "storage_offset")},
	"aten.narrow.default":     {always, undoNarrow},
	"aten.real":               {always, undoPart(true)},
	"aten.imag":               {always, undoPart(false)},
	"aten.conj":               {always, undoSame("aten.conj_physical.default")},
	"aten._conj":              {always, undoSame("aten.conj_physical.default")},
	"aten._neg_view":          {always, undoSame("aten.neg.default")},
}

// cuts are the operators that cut a tensor into views along an axis: how that axis follows from the rank.
var cuts = map[string]func(n *pt2.Node, rank int) int{
	"aten.split":            cutAxis,
	"aten.split_with_sizes": cutAxis,
	"aten.chunk":            cutAxis,
	"aten.tensor_split":     cutAxis,
	"aten.unbind":           cutAxis,
	"aten.hsplit":           func(_ *pt2.Node, rank int) int { return min(1, rank-1) },
	"aten.vsplit":           func(*pt2.Node, int) int { return 0 },
	"aten.dsplit":           func(*pt2.Node, int) int { return 2 },
}

func cutAxis(n *pt2.Node, rank int) int {
	axis := 0
	if at := argument(n, "dim"); at >= 0 {
		axis = int(n.Inputs[at].Arg.Int)
	}
	if axis < 0 {
		axis += rank
	}
	return axis
}

func findView(callee string) (viewOp, bool) {
	if op, ok := viewOps[callee]; ok {
		return op, true
	}
	op, ok := viewOps[operator(callee)]
	return op, ok
}

// share records which results of a call are views of, or the same as, its first tensor argument.
func (g *graph) share(n *pt2.Node, s *Schema, op *ir.Op, results []string) error {
	callee := string(op.Attrs[0].Value.(ir.String))
	shares, identity := identities[operator(callee)]
	v, isView := findView(callee)
	cut, isCut := cuts[operator(callee)]
	if s == nil {
		return nil
	}
	marked := slices.ContainsFunc(s.Returns, func(r SchemaArg) bool { return r.Alias != "" })
	if !identity && !isView && !isCut && !marked {
		return nil
	}
	parent := g.parent(n, s)
	if parent == nil {
		return nil
	}
	if isCut {
		return g.shareCut(parent, op, results, cut(n, op.In(0).Rank()))
	}
	if len(results) != 1 {
		return nil
	}
	out := g.g.Tensors[results[0]]
	switch {
	case identity && shares(g, n, parent.meta, out):
		g.alias(results[0], parent, nil, op.Results[0])
	case isView && v.shares(g, n, parent.meta, out), !isView && !identity && marked:
		g.alias(results[0], parent, &view{attrs: op.Attrs, operands: slices.Clone(op.Operands), typ: op.Results[0].Type, loc: op.Loc, undo: v.undo}, op.Results[0])
	}
	return nil
}

// parent is the tensor that a view is of: the argument that the schema marks, or the first one.
func (g *graph) parent(n *pt2.Node, s *Schema) *tensor {
	at := 0
	for i := range s.Args {
		if s.Args[i].Alias != "" {
			at = argument(n, s.Args[i].Name)
			break
		}
	}
	if at < 0 || at >= len(n.Inputs) || n.Inputs[at].Arg.Kind != pt2.ArgTensor {
		return nil
	}
	return g.tensors[n.Inputs[at].Arg.Name]
}

// shareCut makes each piece a view of its own: a slice, or for unbind an element.
func (g *graph) shareCut(parent *tensor, op *ir.Op, results []string, axis int) error {
	unbind := strings.HasPrefix(string(op.Attrs[0].Value.(ir.String)), "aten.unbind.")
	base := op.In(0)
	if axis < 0 || axis >= base.Rank() {
		return fmt.Errorf("cuts %s along axis %d", base, axis)
	}
	start := ir.Const(0)
	for i, name := range results {
		r := op.Results[i]
		if !unbind && r.Type.Rank() != base.Rank() {
			return fmt.Errorf("piece %d of %s is %s", i, base, r.Type)
		}
		c := g.newCall("")
		c.value("self", op.Operands[0])
		v := &view{typ: r.Type, loc: op.Loc}
		if unbind {
			c.attrs[0] = ir.Set("callee", ir.String("aten.select.int"))
			c.set("dim", ir.Int(axis)).set("index", ir.Int(i))
			v.undo = viewOps["aten.select"].undo
		} else {
			stop := start.Add(r.Type.Shape[axis])
			c.attrs[0] = ir.Set("callee", ir.String("aten.slice.Tensor"))
			c.set("dim", ir.Int(axis)).set("start", ir.OfDim(start)).set("end", ir.OfDim(stop)).set("step", ir.Int(1))
			v.undo = viewOps["aten.slice"].undo
			start = stop
		}
		v.attrs, v.operands = c.attrs, c.operands
		g.alias(name, parent, v, r)
	}
	return nil
}
