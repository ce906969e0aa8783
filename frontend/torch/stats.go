package torch

import (
	"fmt"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// statistics are the normalisations that, while training, also move running statistics along, which no schema says: the
// name of the flag that says so, and whether each sample counts for itself.
var statistics = map[string]struct {
	flag        string
	perInstance bool
}{
	"aten.batch_norm":               {"training", false},
	"aten.native_batch_norm":        {"training", false},
	"aten._native_batch_norm_legit": {"training", false},
	"aten.cudnn_batch_norm":         {"training", false},
	"aten.miopen_batch_norm":        {"training", false},
	"aten._batch_norm_with_update":  {"", false},
	"aten.instance_norm":            {"use_input_stats", true},
}

// runningStatistics writes the new running mean and variance after the normalisation itself was imported. PyTorch moves
// them by momentum towards the mean and the unbiased variance of the input, computed in f32 for narrower types.
func (g *graph) runningStatistics(n *pt2.Node, s *Schema) error {
	rule := statistics[operator(s.Callee)]
	if rule.flag != "" && !boolArgument(n, rule.flag) {
		return nil
	}
	momentum := 0.0
	if at := argument(n, "momentum"); at >= 0 {
		momentum = n.Inputs[at].Arg.Float
		if n.Inputs[at].Arg.Kind == pt2.ArgInt {
			momentum = float64(n.Inputs[at].Arg.Int)
		}
	}
	if momentum == 0 { // the statistics stay what they are
		return nil
	}
	for _, stat := range []string{"running_mean", "running_var"} {
		at := argument(n, stat)
		if at < 0 || n.Inputs[at].Arg.Kind != pt2.ArgTensor {
			continue
		}
		t, err := g.lookup(n.Inputs[at].Arg.Name)
		if err != nil {
			return err
		}
		input, err := g.tensorArgument(n, s.Args[0].Name)
		if err != nil {
			return err
		}
		x, err := g.current(input)
		if err != nil {
			return err
		}
		if x.Type.NumElements().Equal(ir.Const(0)) { // nothing is measured
			return nil
		}
		if err := g.moveStatistic(t, x, stat == "running_var", momentum, rule.perInstance); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) moveStatistic(t *tensor, x *ir.Value, variance bool, momentum float64, perInstance bool) error {
	old, err := g.current(t)
	if err != nil {
		return err
	}
	if x.Type.Rank() < 2 {
		return fmt.Errorf("the input is %s, expected a batch with channels", x.Type)
	}
	elem := host.F32
	if old.Type.Elem == host.F64 {
		elem = host.F64
	}
	if x, err = g.cast(x, elem); err != nil {
		return err
	}
	axes, shape := []int{}, []ir.Dim{}
	for axis, size := range x.Type.Shape {
		if axis == 1 || axis == 0 && perInstance {
			shape = append(shape, size)
		} else {
			axes = append(axes, axis)
		}
	}
	seen, err := g.reduce(x, variance, axes, x.Type.WithShape(shape...))
	if err != nil {
		return err
	}
	if perInstance {
		if seen, err = g.reduce(seen, false, []int{0}, seen.Type.WithShape(shape[1])); err != nil {
			return err
		}
	}
	kept, err := g.cast(old, elem)
	if err != nil {
		return err
	}
	if kept, err = g.newCall("aten.mul.Scalar").value("self", kept).set("other", ir.Float(1-momentum)).one(kept.Type); err != nil {
		return err
	}
	moved, err := g.newCall("aten.add.Tensor").value("self", kept).value("other", seen).set("alpha", ir.Float(momentum)).one(kept.Type)
	if err != nil {
		return err
	}
	if moved, err = g.cast(moved, old.Type.Elem); err != nil {
		return err
	}
	moved.Name = fmt.Sprintf("%s.%d", t.name, t.memory.version+1)
	return g.write(t, moved)
}

// reduce is the mean, or the unbiased variance, over some axes.
func (g *graph) reduce(x *ir.Value, variance bool, axes []int, t ir.Type) (*ir.Value, error) {
	if variance {
		return g.newCall("aten.var.correction").value("self", x).set("dim", ir.OfInts(axes...)).set("correction", ir.Int(1)).
			set("keepdim", ir.Bool(false)).one(t)
	}
	return g.newCall("aten.mean.dim").value("self", x).set("dim", ir.OfInts(axes...)).set("keepdim", ir.Bool(false)).
		set("dtype", ir.None{}).one(t)
}
