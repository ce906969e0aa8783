package nn

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var resampleOps = []*ir.OpDef{Upsample, GridSample}

// Upsample changes spatial sizes.
var Upsample = &ir.OpDef{
	Name: "nn.upsample",
	Doc: "x [n, c, spatial...] with the spatial sizes that the result type states, up or down: the element before each place (nearest), " +
		"the one nearest to its centre (nearest_exact), or a weighted mean of two (linear) or four (cubic) on each axis; with antialias of " +
		"all that a smaller result covers. Place i lies at (i + 0.5)*n/m - 0.5, or with align_corners at i*(n-1)/(m-1). " +
		"Weighted means of u8 are rounded after each axis, the last one first.",
	Operands: []ir.Arg{ir.In("x", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals)},
	Attrs: []ir.AttrDef{
		ir.Choice("mode", "how elements are weighed", "nearest", "nearest_exact", "linear", "cubic"),
		ir.Default("align_corners", ir.KindBool, ir.Bool(false), "the outermost elements keep their places"),
		ir.Default("antialias", ir.KindBool, ir.Bool(false), "when shrinking, weigh all elements that a place covers"),
		optional("scales", ir.KindAny, "for each spatial axis the factor that counts instead of m/n; 0: none"),
	},
	Traits: ir.Typed,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if len(op.Results) != 1 {
			return nil, op.Errorf("found %d stated result types, expected 1", len(op.Results))
		}
		if err := rank(op, 0, 3, 5); err != nil {
			return nil, err
		}
		x, y := op.In(0), op.Result().Type
		if y.Rank() != x.Rank() || y.Elem != x.Elem {
			return nil, op.Errorf("x is %s, the result is stated as %s: only spatial sizes may differ", x, y)
		}
		for i := range 2 {
			if err := c.Require(y.Shape[i], ir.RelEQ, x.Shape[i]); err != nil {
				return nil, op.Errorf("x is %s, the result is stated as %s: %v", x, y, err)
			}
		}
		bytes := x.Elem == host.U8 && x.Rank() == 4
		if !x.Elem.IsFloat() && !bytes && upsampleFilters[op.Str("mode")] > host.FilterNearestExact {
			return nil, op.Errorf("x is %s, mode %s needs a float type, or u8 with two spatial axes", x, op.Str("mode"))
		}
		_, err := ScaleFactors(op)
		return []ir.Type{y}, err
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		shape, err := c.Shape(op.Result().Type)
		if err != nil {
			return nil, err
		}
		scales, err := ScaleFactors(op)
		if err != nil {
			return nil, err
		}
		return one(host.Resample(c.Par(), in(0), shape[2:], upsampleFilters[op.Str("mode")], op.Bool("align_corners"), op.Bool("antialias"), scales))
	}),
	Example: `%y = nn.upsample(%x: tensor<1x1x2x2xf32> = [1, 2, 3, 4]) : tensor<1x1x2x4xf32> // [1, 1, 2, 2, 3, 3, 4, 4]
%y = nn.upsample(%x: tensor<1x1x2xf32> = [0, 4]) {mode = "linear"} : tensor<1x1x4xf32> // [0, 1, 3, 4]
%y = nn.upsample(%x: tensor<1x1x3xf32> = [0, 2, 8]) {mode = "linear", align_corners = true} : tensor<1x1x5xf32> // [0, 1, 2, 5, 8]
%y = nn.upsample(%x: tensor<1x1x4xf32> = [0, 1, 2, 3]) {mode = "nearest", scales = [1.4]} : tensor<1x1x5xf32> // [0, 0, 1, 2, 2]`,
}

var upsampleFilters = map[string]host.Filter{"nearest": host.FilterNearest, "nearest_exact": host.FilterNearestExact, "linear": host.FilterLinear, "cubic": host.FilterCubic}

// ScaleFactors gives the attribute scales of nn.upsample; nil where it is none.
func ScaleFactors(op *ir.Op) ([]float64, error) {
	axes := op.In(0).Rank() - 2
	var factors []float64
	switch list := op.Attr("scales").(type) {
	case ir.None:
		return nil, nil
	case ir.Ints:
		for _, n := range list {
			factors = append(factors, float64(n))
		}
	case ir.List:
		for _, a := range list {
			switch a := a.(type) {
			case ir.Int:
				factors = append(factors, float64(a))
			case ir.Float:
				factors = append(factors, float64(a))
			}
		}
		if len(factors) != len(list) {
			return nil, op.Errorf("scales is no list of numbers")
		}
	}
	if len(factors) != axes {
		return nil, op.Errorf("scales needs %d numbers, one for each spatial axis", axes)
	}
	if slices.ContainsFunc(factors, func(f float64) bool { return f < 0 || math.IsNaN(f) || math.IsInf(f, 0) }) {
		return nil, op.Errorf("scales is %v, expected finite numbers that are not negative", factors)
	}
	return factors, nil
}

// GridSample reads elements at places that are themselves computed.
var GridSample = &ir.OpDef{
	Name: "nn.grid_sample",
	Doc: "x [n, c, h, w] or [n, c, d, h, w] read at the places in grid [n, ..., axes], the last axis first, each from -1 to 1: those are the " +
		"outer edges of the outermost elements, or with align_corners their centres. PyTorch's grid_sample.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.In("grid", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs: []ir.AttrDef{
		ir.Choice("mode", "how the elements around a place are weighed; bicubic needs two spatial axes", "bilinear", "nearest", "bicubic"),
		ir.Choice("padding", "what is found outside", "zeros", "border", "reflection"),
		ir.Default("align_corners", ir.KindBool, ir.Bool(false), "-1 and 1 are the centres of the outermost elements"),
	},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		if err := rank(op, 0, 4, 5); err != nil {
			return nil, err
		}
		x, grid := op.In(0), op.In(1)
		last := x.Rank() - 1
		if err := rank(op, 1, x.Rank(), x.Rank()); err != nil {
			return nil, err
		}
		if err := c.Require(grid.Shape[last], ir.RelEQ, ir.Const(int64(last-1))); err != nil {
			return nil, op.Errorf("grid is %s, expected the last size %d: %v", grid, last-1, err)
		}
		if err := c.Require(grid.Shape[0], ir.RelEQ, x.Shape[0]); err != nil {
			return nil, op.Errorf("x is %s, grid is %s: the first sizes differ: %v", x, grid, err)
		}
		if op.Str("mode") == "bicubic" && last != 3 {
			return nil, op.Errorf("x is %s: mode bicubic needs two spatial axes", x)
		}
		return []ir.Type{x.WithShape(slices.Concat(x.Shape[:2], grid.Shape[1:last])...)}, nil
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.GridSample(c.Par(), in(0), in(1), gridFilters[op.Str("mode")], gridPaddings[op.Str("padding")], op.Bool("align_corners")))
	}),
	Example: `%y = nn.grid_sample(%x: tensor<1x1x2x2xf32> = [1, 2, 3, 4], %grid: tensor<1x1x3x2xf32> = [0, 0, -1, -1, 1, 3]) : tensor<1x1x1x3xf32> // [2.5, 0.25, 0]
%y = nn.grid_sample(%x: tensor<1x1x2x2xf32> = [1, 2, 3, 4], %grid: tensor<1x1x3x2xf32> = [0, 0, -1, -1, 1, 3]) {padding = "border", align_corners = true} : tensor<1x1x1x3xf32> // [2.5, 1, 4]`,
}

var (
	gridFilters  = map[string]host.Filter{"bilinear": host.FilterLinear, "nearest": host.FilterNearest, "bicubic": host.FilterCubic}
	gridPaddings = map[string]host.GridPadding{"zeros": host.PadZeros, "border": host.PadBorder, "reflection": host.PadReflection}
)
