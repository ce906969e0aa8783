package compare

import (
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/tools/metric"
)

// torchRows are the operators of PyTorch that give chances or their logarithms, as files of saved values name them. Such files do not say along
// which axis; nearly all of them are along the last.
var torchRows = map[string]metric.Distribution{
	"aten.softmax.int":             metric.Probabilities,
	"aten._softmax.default":        metric.Probabilities,
	"aten._safe_softmax.default":   metric.Probabilities,
	"aten.log_softmax.int":         metric.Logits,
	"aten._log_softmax.default":    metric.Logits,
	"aten.special_softmax.int":     metric.Probabilities,
	"aten.special_log_softmax.int": metric.Logits,
}

// rows says what the rows of a value are by the operation that computes it, and whether that is one of those that make distributions.
func (c Candidate) rows() (rows metric.Distribution, known bool) {
	if c.value == nil {
		rows, known = torchRows[c.Op]
		return rows, known
	}
	op := root(c.value).Def
	switch {
	case op == nil:
		return metric.None, false
	case op.Is(nn.Softmax):
		rows = metric.Probabilities
	case op.Is(nn.LogSoftmax):
		rows = metric.Logits
	default:
		return metric.None, false
	}
	axis, perm := op.Int("axis"), c.Claim.Transform.Perm // axis i of the value is axis perm[i] of PyTorch's tensor
	if axis < len(perm) {
		axis = perm[axis]
	}
	if axis != len(c.value.Type.Shape)-1 {
		return metric.None, true
	}
	return rows, true
}

// rowsOf says whether a value's rows are distributions: those of softmax along the last axis, and others of outputs, or of all tensors
// where the metric is asked for, which are logits where they are any.
func rowsOf(by [2]Candidate, chosen metric.Metric) metric.Distribution {
	for _, c := range []Candidate{by[1], by[0]} {
		if rows, known := c.rows(); known {
			return rows
		}
	}
	if by[1].Output != "" || by[0].Output != "" || chosen.Rows {
		return metric.Logits
	}
	return metric.None
}
