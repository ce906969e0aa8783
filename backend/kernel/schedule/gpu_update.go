package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// onThreads gives each vector of each run a thread. The axis that is indexed is gone over in order by every one of them.
func (u *update) onThreads() error {
	inOrder := -1
	if u.axis < u.first && !u.op.Is(state.SliceUpdate) {
		inOrder = u.axis
	}
	lanes := num(int64(u.lanes))
	var spread []int
	var extents []ir.Dim
	for i := range u.first {
		if i != inOrder {
			spread, extents = append(spread, i), append(extents, u.written[i])
		}
	}
	extents = append(extents, u.length.FloorDiv(lanes))
	return u.spreadOver(u.axesOf(extents), func(at []ir.Dim) error {
		return u.expanded(extents, at, func(at []ir.Dim) error {
			place := make([]ir.Dim, u.first)
			for k, i := range spread {
				place[i] = at[k]
			}
			vector := at[len(at)-1]
			if inOrder < 0 {
				return u.vector(place, vector)
			}
			_, err := u.loop(kernel.Serial, "i", u.written[inOrder], nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
				place[inOrder] = i
				return nil, u.vector(place, vector)
			})
			return err
		})
	})
}

// vector saves and writes a vector of a run; the first one tells where the run starts.
func (u *update) vector(at []ir.Dim, vector ir.Dim) error {
	from, number, err := u.placed(at)
	if err != nil {
		return err
	}
	err = u.only(ir.Cond{Left: vector, Rel: ir.RelLT, Right: one}, func() error {
		u.Store(u.places, number, u.Index(host.I64, from))
		return nil
	})
	u.move(from, number, vector.Mul(num(int64(u.lanes))), nil)
	return err
}
