package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

type window struct{}
type windowFill struct{}

func (w *windowFill) split() split                                             { return split{} }
func (w *windowFill) len() ir.Dim                                              { return one }
func (w *windowFill) fill(buf *kernel.Buffer, jb ir.Dim, batch []ir.Dim) error { return nil }
func (w *windowFill) stride() ir.Dim                                           { return one }
func (w *windowFill) column(p place, v int) (part, []cond)                     { return part{}, nil }
func convProduct(g *Group, op *ir.Op) (*contraction, error) {
	return nil, reason(op, "not emitted")
}
