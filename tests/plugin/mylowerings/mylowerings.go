// Package mylowerings says what custom operators of PyTorch mean.
package mylowerings

import (
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/lower"
)

// SwiGLU lowers mylib::swiglu(gate, up) to silu(gate) * up.
func SwiGLU(c *lower.Call) ([]*ir.Value, error) {
	gate, up := c.Value("gate"), c.Value("up")
	return []*ir.Value{c.Mul(c.One(nn.SiLU, nil, gate), up)}, nil
}
