package nn

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var visionOps = []*ir.OpDef{NMS, RoIAlign, RoIPool}

// NMS keeps the best of boxes that overlap.
var NMS = &ir.OpDef{
	Name: "nn.nms",
	Doc: "Whether each of boxes [n, 4] (left, top, right, bottom), which come best first, is kept: it is not where its intersection " +
		"with a kept box before it is more than iou_threshold of their union. Non-maximum suppression.",
	Operands: []ir.Arg{ir.In("boxes", ir.Floats)},
	Results:  []ir.Arg{ir.Out("keep", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Require("iou_threshold", ir.KindFloat, "the share of the union above which the worse box goes")},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if err := rank(op, 0, 2, 2); err != nil {
			return nil, err
		}
		boxes := op.In(0)
		if err := c.Require(boxes.Shape[1], ir.RelEQ, ir.Const(4)); err != nil {
			return nil, op.Errorf("boxes is %s, expected 4 sides for each: %v", boxes, err)
		}
		return []ir.Type{ir.TensorOf(host.Bool, boxes.Shape[0])}, nil
	},
	Eval: eval(func(_ *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.NMS(in(0), op.Float("iou_threshold")))
	}),
	Example: `%keep = nn.nms(%boxes: tensor<3x4xf32> = [0, 0, 2, 2, 0, 0, 2, 1.5, 5, 5, 6, 6]) {iou_threshold = 0.5} : tensor<3xbool> // [true, false, true]`,
}

// RoIAlign reads regions of a picture.
var RoIAlign = &ir.OpDef{
	Name: "nn.roi_align",
	Doc: "For each of rois [k, 5] (picture, left, top, right, bottom, the sides times scale) the part of x [n, c, h, w] that it covers, " +
		"in as many bins as the result type states, each the mean of values read between elements.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.In("rois", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs: []ir.AttrDef{
		ir.Default("scale", ir.KindFloat, ir.Float(1), "from the sides' coordinates to those of x"),
		ir.Default("samples", ir.KindInt, ir.Int(0), "values read in a bin along each axis; 0: one an element"),
		ir.Default("aligned", ir.KindBool, ir.Bool(false), "the centre of the first element is at 0.5"),
	},
	Traits: ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		y, err := inferRegions(c, op, 1)
		if err != nil {
			return nil, err
		}
		if op.Int("samples") < 0 {
			return nil, op.Errorf("samples is %d, expected at least 0", op.Int("samples"))
		}
		return []ir.Type{y}, nil
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		shape, err := c.Shape(op.Result().Type)
		if err != nil {
			return nil, err
		}
		return one(host.RoIAlign(c.Par(), in(0), in(1), shape[2], shape[3], op.Float("scale"), op.Int("samples"), op.Bool("aligned")))
	}),
	Example: `%y = nn.roi_align(%x: tensor<1x1x2x2xf32> = [1, 2, 3, 4], %rois: tensor<1x5xf32> = [0, 0, 0, 2, 2]) {samples = 1, aligned = true} : tensor<1x1x2x2xf32> // [1, 2, 3, 4]`,
}

// RoIPool takes maxima of regions of a picture.
var RoIPool = &ir.OpDef{
	Name: "nn.roi_pool",
	Doc: "For each of rois [k, 5] (picture, left, top, right, bottom, the sides times scale and rounded) the part of x [n, c, h, w] that it " +
		"covers, both ends included, in as many bins as the result type states: the greatest element of each, 0 where a bin has none, and " +
		"its place in the plane, or -1.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.In("rois", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats), ir.Out("places", ir.Integers)},
	Attrs:    []ir.AttrDef{ir.Default("scale", ir.KindFloat, ir.Float(1), "from the sides' coordinates to those of x")},
	Traits:   ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		y, err := inferRegions(c, op, 2)
		if err != nil {
			return nil, err
		}
		return []ir.Type{y, y.WithElem(host.I32)}, nil
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		shape, err := c.Shape(op.Results[0].Type)
		if err != nil {
			return nil, err
		}
		y, places, err := host.RoIPool(c.Par(), in(0), in(1), shape[2], shape[3], op.Float("scale"))
		return []*host.Tensor{y, places}, err
	}),
	Example: `%y, %at = nn.roi_pool(%x: tensor<1x1x2x3xf32> = [1, 2, 3, 4, 5, 6], %rois: tensor<1x5xf32> = [0, 0, 0, 1, 1]) : tensor<1x1x1x2xf32>, tensor<1x1x1x2xi32> // [4, 5]; [3, 4]`,
}

// inferRegions checks operands and the first result of an operation on regions of a picture and gives that result's type.
func inferRegions(c *ir.InferCtx, op *ir.Op, results int) (ir.Type, error) {
	if len(op.Results) != results {
		return ir.Type{}, op.Errorf("found %d stated result types, expected %d", len(op.Results), results)
	}
	if _, err := ir.SameElem(op); err != nil {
		return ir.Type{}, err
	}
	x, rois, y := op.In(0), op.In(1), op.Results[0].Type
	if x.Rank() != 4 || rois.Rank() != 2 || y.Rank() != 4 || y.Elem != x.Elem {
		return ir.Type{}, op.Errorf("x is %s, rois is %s, the result is stated as %s: expected [n, c, h, w], [k, 5] and [k, c, bins, bins]", x, rois, y)
	}
	for _, e := range []struct{ got, want ir.Dim }{{rois.Shape[1], ir.Const(5)}, {y.Shape[0], rois.Shape[0]}, {y.Shape[1], x.Shape[1]}} {
		if err := c.Require(e.got, ir.RelEQ, e.want); err != nil {
			return ir.Type{}, op.Errorf("x is %s, rois is %s, the result is stated as %s: %v", x, rois, y, err)
		}
	}
	return y, nil
}
