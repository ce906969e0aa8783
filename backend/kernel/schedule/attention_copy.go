package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// turn copies the block's queries, scaled, so that lanes lie along queries. Behind the last one it comes again.
func (f *prefill) turn() error {
	scale := f.Float(f.vector(), f.scale)
	wide := f.up(f.width)
	err := f.each("i", num(f.rows), func(i ir.Dim) error {
		row := f.known("query", f.first.Add(i), f.queries)
		return f.row(f.q, f.headAt, row, f.width, func(first int64, x *kernel.Value) error {
			f.Store(f.byRows, i.Mul(num(wide)).Add(num(first)), f.Op(kernel.Mul, x, scale))
			return nil
		})
	})
	if err != nil {
		return err
	}
	return f.flip(matrix{f.byRows, zero}, f.rows, matrix{f.turned, f.turnedFrom()}, wide)
}

// matrix is one in scratch, from a row of a buffer.
type matrix struct {
	buf *kernel.Buffer
	row ir.Dim
}

// flip transposes a matrix of rows by columns, both of whole vectors, by squares in registers.
func (f *prefill) flip(from matrix, rows int64, to matrix, columns int64) error {
	side := int64(f.lanes)
	return f.each("r", num(rows/side), func(r ir.Dim) error {
		return f.each("c", num(columns/side), func(c ir.Dim) error {
			r, c := r.Mul(num(side)), c.Mul(num(side))
			list := make([]*kernel.Value, side)
			for u := range list {
				list[u] = f.Load(from.buf, from.row.Add(r).Add(num(int64(u))).Mul(num(columns)).Add(c), f.lanes)
			}
			f.storeRows(to.buf, f.flipped(list), func(u, each int64) ir.Dim {
				return to.row.Add(c).Add(num(u)).Mul(num(rows)).Add(r.Mul(num(each)))
			})
			return nil
		})
	})
}

// storeRows stores vectors of rows, of which place gives where row u lies whose numbers are each together; where the memory is of
// bf16, pairs of rows.
func (f *prefill) storeRows(buf *kernel.Buffer, rows []*kernel.Value, place func(u, each int64) ir.Dim) {
	if buf.Elem == f.elem {
		for u, x := range rows {
			f.Store(buf, place(int64(u), 1), x)
		}
		return
	}
	for u := 0; u < len(rows); u += 2 {
		pairs := f.Shuffle(f.Cast(rows[u], buf.Elem), f.Cast(rows[u+1], buf.Elem), alternating(f.lanes)...)
		f.Store(buf, place(int64(u), 2), pairs)
	}
}

// copyKeys copies the rows of keys and values of a block. Behind the last one it comes again; its score is hidden there.
func (f *prefill) copyKeys(at, tiles ir.Dim) error {
	each := f.together()
	return f.each("j", tiles.Mul(num(f.tile/each)), func(j ir.Dim) error {
		j = j.Mul(num(each))
		var values [][]*kernel.Value
		for u := range each {
			row := j.Add(num(u))
			key := f.known("key", at.Add(row), f.keys)
			err := f.row(f.k, f.headAt, key, f.width, func(first int64, x *kernel.Value) error {
				f.Store(f.keyRows, row.Mul(num(f.up(f.width))).Add(num(first)), f.Cast(x, f.keyRows.Elem))
				return nil
			})
			if err != nil {
				return err
			}
			var list []*kernel.Value
			err = f.row(f.v, f.headAt, key, f.values, func(_ int64, x *kernel.Value) error {
				list = append(list, x)
				return nil
			})
			if err != nil {
				return err
			}
			values = append(values, list)
		}
		for c := range values[0] {
			var rows []*kernel.Value
			for _, list := range values {
				rows = append(rows, list[c])
			}
			f.storeRows(f.valueRows, rows, func(u, each int64) ir.Dim {
				return j.Add(num(u)).Mul(num(f.up(f.values))).Add(num(int64(c*f.lanes) * each))
			})
		}
		return nil
	})
}
