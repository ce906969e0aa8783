package lower

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// scattering holds the targets that write or add elements at places along an axis, and those built of them.
func scattering(t *Table) {
	for _, target := range []string{"aten.scatter", "aten.scatter_add", "aten.scatter_reduce"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x, at := c.Value("self"), c.Index64(c.Value("index"))
			how := "none"
			switch {
			case target == "aten.scatter_add":
				how = "sum"
			case c.Has("reduce"):
				how = c.Str("reduce")
			}
			var src *ir.Value
			if c.Has("src") {
				src = c.Cast(c.Value("src"), x.Type.Elem)
			} else {
				src = c.ExpandTo(c.Tensor("value", x.Type.Elem), at.Type)
			}
			includeSelf := !c.Has("include_self") || c.Bool("include_self")
			return c.scatter(x, at, src, c.Axis("dim", x.Type.Rank()), how, includeSelf)
		}))
	}
	t.Add("aten.index_reduce", One(func(c *Call) *ir.Value {
		x, at, src := c.indexed()
		axis := c.Axis("dim", x.Type.Rank())
		at = c.ExpandTo(c.alongAxis(at, axis, x.Type.Rank()), src.Type)
		return c.ReshapeTo(c.scatter(x, at, src, axis, c.Str("reduce"), c.Bool("include_self")), c.Result(0))
	}))
	for _, target := range []string{"aten.embedding_bag", "aten._embedding_bag", "aten._embedding_bag_forward_only"} {
		t.Add(target, All(embeddingBag))
	}
	t.Add("aten.embedding_renorm", One(embeddingRenorm))
}

// reductionNames maps PyTorch's names to those of tensor.scatter.
var reductionNames = map[string]string{"none": "none", "sum": "add", "add": "add", "prod": "mul", "multiply": "mul", "amax": "max", "amin": "min"}

// scatter writes src at places along an axis. Without self, the elements written to count as never having been there.
func (c *Call) scatter(x, at, src *ir.Value, axis int, how string, includeSelf bool) *ir.Value {
	scatter := func(x, src *ir.Value, how string) *ir.Value {
		if x.Type.Rank() == 0 || at.Type.Rank() == 0 {
			one := func(v *ir.Value) *ir.Value { return c.Reshape(v, product(v.Type.Shape)) }
			return c.ReshapeTo(c.One(tensor.Scatter, ir.Attrs{ir.Set("axis", ir.Int(0)), ir.Set("reduce", ir.String(how))}, one(x), one(at), one(src)), x.Type)
		}
		return c.One(tensor.Scatter, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("reduce", ir.String(how))}, x, at, src)
	}
	e := x.Type.Elem
	if e == host.Bool && how != "none" { // or is the larger, and the smaller
		how = map[string]string{"sum": "amax", "add": "amax", "amax": "amax", "mean": "amax"}[how]
		if how == "" {
			how = "amin"
		}
		return c.Cast(c.scatter(c.numbers(x), at, c.numbers(src), axis, how, includeSelf), e)
	}
	if !includeSelf && how != "none" {
		x = scatter(x, c.Fill(c.neutral(how, e), src.Type), "none")
	}
	if how == "mean" {
		ones := c.Fill(ir.Int(1), x.Type)
		if !includeSelf {
			ones = c.Fill(ir.Int(0), x.Type)
		}
		count := c.Max(scatter(ones, c.Fill(ir.Int(1), src.Type), "add"), c.Like(x, 1))
		sum := scatter(x, src, "add")
		if e.IsInt() {
			return c.One(tensor.FloorDiv, nil, sum, count)
		}
		return c.Div(sum, count)
	}
	name, ok := reductionNames[how]
	if !ok {
		c.Failf("there is no reduction %q", how)
	}
	return scatter(x, src, name)
}

// neutral is the number that changes nothing in a reduction.
func (c *Call) neutral(how string, e host.Elem) ir.Attr {
	switch how {
	case "prod", "multiply":
		return ir.Int(1)
	case "amax", "amin":
		low := how == "amax"
		switch {
		case e == host.Bool:
			return ir.Bool(!low)
		case e.Kind() == host.KindUint && low:
			return ir.Int(0)
		case e.Kind() == host.KindUint:
			return ir.Int(1<<min(e.Bits(), 63) - 1)
		case e.IsInt() && low:
			return ir.Int(math.MinInt64 >> (64 - e.Bits()))
		case e.IsInt():
			return ir.Int(math.MaxInt64 >> (64 - e.Bits()))
		case low:
			return ir.Float(math.Inf(-1))
		}
		return ir.Float(math.Inf(1))
	}
	return ir.Int(0)
}

// addAt adds rows to zeros of n rows, at index.
func (c *Call) addAt(n ir.Dim, rows, index *ir.Value) *ir.Value {
	shape := slices.Clone(rows.Type.Shape)
	shape[0] = n
	return c.put(c.Fill(ir.Int(0), rows.Type.WithShape(shape...)), rows, true, []int{0}, index)
}

// embeddingBag reduces bags of rows: bag b has the indices from offsets[b] up to offsets[b+1].
func embeddingBag(c *Call) []*ir.Value {
	weight, ids, offsets := c.Value("weight"), c.Cast(c.Value("indices"), host.I64), c.Cast(c.Value("offsets"), host.I64)
	e := weight.Type.Elem
	wide := opmath(e)
	bags := c.Result(0).Shape[0]
	n := ids.Type.Shape[0]
	one := c.Const(ir.Int(1), host.I64)
	right := ir.Attrs{ir.Set("right", ir.Bool(true))}
	bag := c.Sub(c.One(tensor.Searchsorted, right, offsets, c.Count(n, host.I64)), one)
	rows := c.Cast(c.One(nn.Embedding, nil, weight, ids), wide)
	there := c.Fill(ir.Bool(true), ids.Type.WithElem(host.Bool))
	if c.Has("padding_idx") {
		padding := c.Dim("padding_idx")
		if base(c.Callee()) == "aten.embedding_bag" { // a negative one counts from the end; elsewhere it means none
			padding = c.fromEnd(padding, weight.Type.Shape[0])
		}
		there = c.Compare(tensor.Ne, ids, c.Size(padding, host.I64))
	}
	column := c.Unsqueeze(there, 1)
	if w := c.Maybe("per_sample_weights"); w != nil {
		rows = c.Mul(rows, c.Unsqueeze(c.Cast(w, wide), 1))
	}
	counts := c.addAt(bags, c.Cast(there, host.I64), bag)
	var y *ir.Value
	if mode := c.Int("mode"); mode == 2 {
		low := c.Fill(ir.Float(math.Inf(-1)), ir.TensorOf(wide, bags, weight.Type.Shape[1]))
		at := c.ExpandTo(c.Unsqueeze(bag, 1), rows.Type)
		y = c.scatter(low, at, c.Where(column, rows, c.Like(rows, math.Inf(-1))), 0, "amax", true)
		y = c.Where(c.Compare(tensor.Eq, c.Unsqueeze(counts, 1), c.Const(ir.Int(0), host.I64)), c.Like(y, 0), y)
	} else {
		y = c.addAt(bags, c.Where(column, rows, c.Like(rows, 0)), bag)
		if mode == 1 {
			y = c.Div(y, c.Unsqueeze(c.Cast(c.Max(counts, one), wide), 1))
		}
	}
	vs := make([]*ir.Value, c.Results())
	vs[0] = c.Cast(y, e)
	for i := 1; i < len(vs); i++ {
		if c.Used(i) {
			c.Failf("only the first result of an embedding bag is supported, the model uses result %d", i)
		}
	}
	return vs
}

// embeddingRenorm scales down the rows that indices name where their norm is above max_norm.
func embeddingRenorm(c *Call) *ir.Value {
	w, ids := c.Value("self"), c.Flat(c.Cast(c.Value("indices"), host.I64))
	wide := c.Cast(w, opmath(w.Type.Elem))
	n := c.norm(wide, c.Float("norm_type"), true, 1)
	most := c.Like(n, c.Float("max_norm"))
	scale := c.Where(c.Compare(tensor.Gt, n, most), c.Div(most, c.AddN(n, 1e-7)), c.Like(n, 1))
	named := c.addAt(w.Type.Shape[0], c.Fill(ir.Int(1), ids.Type), ids)
	named = c.Unsqueeze(c.Cast(named, host.Bool), 1)
	return c.Out(c.Where(named, c.Mul(wide, scale), wide))
}
