package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// packedRows are keys or values in memory that a kernel before the attention fills, as numbers of its type whatever they come
// from: for each batch and head of theirs, tiles of rows.
type packedRows struct {
	of    *ir.Value
	buf   *kernel.Buffer
	width int64  // of a row
	tile  int64  // rows
	tiles ir.Dim // of a head
}

// packRows makes the kernel that copies an operand's rows. Behind a head's last one it comes again up to the end of the tile.
func (a *attention) packRows(made *Made, v *ir.Value, width, tile int64) (packedRows, error) {
	p := packedRows{of: v, width: width, tile: tile, tiles: ceilDiv(a.keys, num(tile))}
	c := newAttention(a.g, a.target)
	shape := v.Type.Shape[:v.Type.Rank()-2]
	heads := product(shape)
	index, size := len(made.Temps), heads.Mul(p.tiles).Mul(num(tile*width))
	name := fmt.Sprintf("temp%d", index)
	out := c.Output(name, a.elem, size).As(kernel.Temporary, index)
	_, err := c.round(kernel.Parallel, "w", heads.Mul(p.tiles), nil, func(w ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, c.some(heads, func() error {
			return c.some(c.keys, func() error { return c.copyTile(p, out, shape, w) })
		})
	})
	if err != nil {
		return p, err
	}
	k, err := c.Build()
	if err != nil {
		return p, err
	}
	made.Kernels = append(made.Kernels, k)
	made.Temps = append(made.Temps, Temp{a.elem, size})
	p.buf = a.Input(name, a.elem, size).As(kernel.Temporary, index)
	return p, nil
}

// copyTile copies tile w of all.
func (a *attention) copyTile(p packedRows, out *kernel.Buffer, shape []ir.Dim, w ir.Dim) error {
	head, tile := zero, w
	if !isOne(product(shape)) {
		head = a.known("head", w.FloorDiv(p.tiles), product(shape))
		tile = w.Sub(head.Mul(p.tiles))
	}
	tile = a.known("tile", tile, p.tiles)
	var outer point
	if len(shape) > 0 {
		var err error
		if outer, err = (part{axes: len(shape), size: product(shape), at: head}).split(shape); err != nil {
			return err
		}
		for i := range outer { // split gives quotients, which are hard to prove bounds of
			if len(shape) > 1 {
				outer[i].at = a.known("outer", outer[i].at, shape[i])
			}
		}
	}
	return a.each("u", num(p.tile), func(u ir.Dim) error {
		row := part{axes: 1, size: a.keys, at: a.known("key", tile.Mul(num(p.tile)).Add(u), a.keys)}
		to := head.Mul(p.tiles).Add(tile).Mul(num(p.tile)).Add(u).Mul(num(p.width))
		return a.chunks(0, p.width, func(first int64, col part) error {
			x, err := a.across(p.of, col, num(p.width), func(col part) (point, error) {
				col.axes, col.size = 1, num(p.width)
				return append(append(point{}, outer...), row, col), nil
			})
			if err != nil {
				return err
			}
			a.StoreLanes(out, to.Add(num(first)), one, a.spread(a.Cast(x, a.elem), a.lanes), a.laneMask(a.lanes))
			return nil
		})
	})
}

// at is where tile t of the round's head begins.
func (p packedRows) at(a *attention, t ir.Dim) (ir.Dim, error) {
	at, err := a.at(p.of, a.headAt, part{}, part{})
	if err != nil {
		return zero, err
	}
	head := at[:len(at)-2].linear().at
	return head.Mul(p.tiles).Add(a.known("tile", t, p.tiles)).Mul(num(p.tile * p.width)), nil
}
