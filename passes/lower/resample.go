package lower

import (
	"strings"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// resampling holds interpolation to another size and at given places.
func resampling(t *Table) {
	for _, e := range []struct {
		target string
		n      int // spatial axes
		mode   string
	}{
		{"upsample_nearest1d", 1, "nearest"}, {"upsample_nearest2d", 2, "nearest"}, {"upsample_nearest3d", 3, "nearest"},
		{"_upsample_nearest_exact1d", 1, "nearest_exact"}, {"_upsample_nearest_exact2d", 2, "nearest_exact"}, {"_upsample_nearest_exact3d", 3, "nearest_exact"},
		{"upsample_linear1d", 1, "linear"}, {"upsample_bilinear2d", 2, "linear"}, {"upsample_trilinear3d", 3, "linear"},
		{"upsample_bicubic2d", 2, "cubic"}, {"_upsample_bilinear2d_aa", 2, "linear"}, {"_upsample_bicubic2d_aa", 2, "cubic"},
	} {
		t.Add("aten."+e.target, One(func(c *Call) *ir.Value {
			attrs := ir.Attrs{ir.Set("mode", ir.String(e.mode))}
			if c.Has("align_corners") {
				attrs = attrs.With("align_corners", ir.Bool(c.Bool("align_corners")))
			}
			if strings.HasSuffix(e.target, "_aa") {
				attrs = attrs.With("antialias", ir.Bool(true))
			}
			if scales := c.scales(e.n); scales != nil {
				attrs = attrs.With("scales", scales)
			}
			return c.Typed(nn.Upsample, attrs, c.Result(0), c.self())
		}))
	}
	for _, target := range []string{"aten.grid_sampler", "aten.grid_sampler_2d", "aten.grid_sampler_3d", "aten._grid_sampler_2d_cpu_fallback"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			name := func(arg string, names ...string) ir.Attr {
				i := c.Int(arg)
				if i < 0 || i >= len(names) {
					c.Failf("%s is %d, expected 0 to %d", arg, i, len(names)-1)
				}
				return ir.String(names[i])
			}
			return c.One(nn.GridSample, ir.Attrs{
				ir.Set("mode", name("interpolation_mode", "bilinear", "nearest", "bicubic")),
				ir.Set("padding", name("padding_mode", "zeros", "border", "reflection")),
				ir.Set("align_corners", ir.Bool(c.Bool("align_corners"))),
			}, c.Value("input"), c.Value("grid"))
		}))
	}
	t.Add("aten.affine_grid_generator", Math(affineGrid))
}

// scales are the factors that the user gave, which PyTorch takes for the coordinates instead of the sizes' ratio; nil
// where the sizes were given.
func (c *Call) scales(n int) ir.Attr {
	var list []ir.Attr
	if c.Has("scale_factors") {
		for _, f := range c.Floats("scale_factors") {
			list = append(list, ir.Float(f))
		}
	} else {
		for _, name := range []string{"scales_d", "scales_h", "scales_w", "scales"} {
			if c.Has(name) {
				list = append(list, ir.Float(c.Float(name)))
			}
		}
	}
	if len(list) != n {
		return nil
	}
	return ir.List(list)
}

// affineGrid gives the places in -1..1 that an affine map sends the pixels of an image to.
func affineGrid(c *Call) *ir.Value {
	theta, size, align := c.Value("theta"), c.Dims("size"), c.Bool("align_corners")
	n := len(size) - 2
	parts := make([]*ir.Value, n+1)
	for i := range n {
		d := size[2+i]
		at := c.Cast(c.Count(d, host.I64), theta.Type.Elem)
		count := c.Size(d, theta.Type.Elem)
		if align {
			at = c.AddN(c.MulN(c.Div(at, c.Max(c.AddN(count, -1), c.Like(count, 1))), 2), -1)
		} else {
			at = c.AddN(c.Div(c.AddN(c.MulN(at, 2), 1), count), -1)
		}
		parts[n-1-i] = c.Expand(c.alongAxis(at, i, n), size[2:]...) // x first
	}
	parts[n] = c.Fill(ir.Int(1), theta.Type.WithShape(size[2:]...))
	points := c.Reshape(c.Stack(n, parts...), product(size[2:]), ir.Const(int64(n+1)))
	return c.ReshapeTo(c.One(tensor.MatMul, nil, points, c.Swap(theta, 1, 2)), c.Result(0))
}
