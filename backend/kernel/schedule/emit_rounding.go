package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Numbers of f16 and bf16 are computed as f32. What an operation of the program gives is rounded to its type, as in the interpreter and
// in PyTorch, fused or not. Inside a composite nothing is, as its Expand has f32 there and ends with a cast.

// isHalf reports the floats of 16 bits.
func isHalf(e host.Elem) bool { return e == host.F16 || e == host.BF16 }

// rounded gives a number that was computed as f32 the precision of the type that it is of.
func (e *emitter) rounded(v *kernel.Value, to host.Elem) *kernel.Value {
	if !isHalf(to) || v.Type.Elem != host.F32 {
		return v
	}
	return e.Rounded(v, to)
}

// exactTable are the operations that need no rounding: they move or choose numbers, change a sign, give whole numbers of floats, or round
// by themselves.
func exactTable() map[*ir.OpDef]bool {
	table := map[*ir.OpDef]bool{}
	for _, def := range []*ir.OpDef{
		core.Constant, tensor.Fill, tensor.Cast,
		tensor.Reshape, tensor.Expand, tensor.Transpose, tensor.Slice, tensor.Flip, tensor.Concat, tensor.Pad, tensor.Index, tensor.Gather,
		tensor.Where, tensor.Min, tensor.Max, tensor.Fmin, tensor.Fmax, tensor.ReduceMax, tensor.ReduceMin, nn.MaxPool, nn.AdaptiveMaxPool,
		tensor.Neg, tensor.Abs, tensor.Sign, tensor.Copysign, tensor.Ceil, tensor.Floor, tensor.Trunc, tensor.Round,
	} {
		table[def] = true
	}
	return table
}
