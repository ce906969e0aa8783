package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// fill writes the numbers of the columns that a round of a product of many rows needs, from the panels of compressed weights:
// panels of the product from a block on, those of one k beside each other.
func (c *compressed) fill(buf *kernel.Buffer, block ir.Dim, panels int64) error {
	m := c.m
	each := int64(m.panel)
	most := c.groups*c.abreast - 1
	return m.serial("p", panels, func(i ir.Dim) error {
		return m.serial("v", each, func(v ir.Dim) error {
			at := block.Mul(ir.Const(panels)).Add(i).Mul(ir.Const(each)).Add(v)
			number := m.symbol("panel", at.Min(ir.Const(most)), ir.Const(most))
			group := m.symbol("group", number.FloorDiv(ir.Const(c.abreast)), ir.Const(c.groups-1))
			panel := m.symbol("within", number.Sub(group.Mul(ir.Const(c.abreast))), ir.Const(c.abreast-1))
			to := i.Mul(ir.Const(c.k * m.width())).Add(v.Mul(ir.Const(c.lanes())))
			one := func(block ir.Dim, count int64) error { return c.fillBlock(buf, to, group, panel, block, count) }
			if err := m.serial("b", c.k/blockK, func(b ir.Dim) error { return one(b, blockK) }); err != nil {
				return err
			}
			if rest := c.k % blockK; rest > 0 {
				return one(ir.Const(c.k/blockK), rest)
			}
			return nil
		})
	})
}

func (c *compressed) fillBlock(buf *kernel.Buffer, to, group, panel, block ir.Dim, count int64) error {
	m := c.m
	c.at = newPanelPlace(group, panel, block, count)
	for i := range count {
		c.at.i = i
		k := block.Mul(ir.Const(blockK)).Add(ir.Const(i))
		w, err := c.number(k)
		if err != nil {
			return err
		}
		m.Store(buf, to.Add(k.Mul(ir.Const(m.width()))), m.Cast(w, buf.Elem))
	}
	return nil
}
