package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Update is state.slice_update or state.index_update as a kernel that writes into its base. Its buffers are the operands, of
// which the base is read and written, then "saved", what was there before, "places", where it was, and the status, if there is
// one. So who calls it can undo it: runs of elements are put back to their places from the last one to the first.
type Update struct {
	Kernel *kernel.Kernel
	Runs   ir.Dim // how many places there are, of 64 bits each: where a run starts in the base, in elements
	Length ir.Dim // elements in a run, as many of which as Runs are saved

	Copy *kernel.Kernel // of the base to a result, for who must not write over the base
}

// update builds one. Rows are the axes of what is written before the run, save the axis that is indexed, which is gone over in order:
// of equal indices the last one wins.
type update struct {
	*emitter
	op            *ir.Op
	base, written []ir.Dim // shapes
	axis          int
	first         int      // axis of the run
	start         []ir.Dim // in the base, on each axis
	length        ir.Dim

	saved, places *kernel.Buffer
}

// MakeUpdate gives the kernel of an update that may be written over its base.
func MakeUpdate(op *ir.Op, t Target) (*Update, error) {
	g, err := NewGroup(op)
	if err != nil {
		return nil, err
	}
	if len(g.Params) != len(op.Operands) {
		return nil, reason(op, "an operand is given twice")
	}
	if e := op.In(0).Elem; e.Packed() || e.IsComplex() {
		return nil, reason(op, "updates of %s are not emitted", e)
	}
	u := &update{op: op, base: op.In(0).Shape, written: op.In(1).Shape, axis: op.Int("axis")}
	if len(u.base) == 0 {
		return nil, reason(op, "there is no axis")
	}
	g = g.bounded(t)
	made, err := u.make(g, t)
	if err != nil && g.effort.Spent() {
		err = errEffort
	}
	return made, err
}

// make builds both kernels of an update.
func (u *update) make(g *Group, t Target) (*Update, error) {
	u.place()
	lanes := narrowest(t.Lanes, u.length)
	if t.gpu() {
		lanes = vectorsOf(u.length, t)[0]
	}
	u.emitter = newEmitter(g, t, lanes)
	u.buffers[0].Access = kernel.Read | kernel.Write
	runs := product(u.written[:u.first])
	u.saved = u.Output("saved", u.buffers[0].Elem, runs.Mul(u.length)).As(kernel.Saved, 0)
	u.places = u.Output("places", host.I64, runs).As(kernel.Places, 0)
	build := func() error { return u.rows(u.order(), make([]ir.Dim, u.first), kernel.Parallel) }
	if t.gpu() {
		build = u.onThreads
	}
	if err := build(); err != nil {
		return nil, err
	}
	k, err := u.Build()
	if err != nil {
		return nil, err
	}
	whole, err := copying(g, t)
	return &Update{k, runs, u.length, whole}, err
}

// copying is the kernel that copies the first parameter of a group.
func copying(g *Group, t Target) (*kernel.Kernel, error) {
	x := &ir.Value{Type: g.Params[0].Type}
	op := &ir.Op{Def: tensor.Reshape, Operands: []*ir.Value{x}}
	op.Results = []*ir.Value{{Type: x.Type, Def: op}}
	made, err := makeNest(&Group{
		Name: g.Name, Params: []*ir.Value{x}, Constants: []bool{false}, Body: []*ir.Op{op}, Result: op.Results[0],
		decls: g.decls, guards: g.guards, env: g.env, effort: g.effort, scope: g.scope,
	}, t)
	if err != nil {
		return nil, err
	}
	return made.Kernels[0], nil
}

// narrowest is a number of lanes of which a run of a known length fills at least one vector, if there is one.
func narrowest(lanes int, length ir.Dim) int {
	n, ok := length.IsConst()
	for ok && lanes > 1 && int64(lanes) > n {
		lanes /= 2
	}
	return lanes
}

// place finds the run: the last axes that are written whole, and the one before them, of which a part may be.
func (u *update) place() {
	u.start = make([]ir.Dim, len(u.base))
	for i := range u.start {
		u.start[i] = zero
	}
	copy(u.start, u.op.Dims("at"))
	strided := true // the elements on the axis are not neighbours
	if u.op.Is(state.SliceUpdate) {
		u.start[u.axis] = u.op.Dim("start")
		strided = u.op.Int("step") != 1
	}
	u.first = len(u.base)
	for u.first > 0 && (u.first-1 != u.axis || !strided) {
		u.first--
		if !u.written[u.first].Equal(u.base[u.first]) {
			break
		}
	}
	u.length = product(u.written[u.first:])
}

// order lists the axes of the rows: the longest first, which is cut over cores, and the one that is indexed last.
func (u *update) order() []int {
	longest := -1
	most := int64(-1)
	for i := range u.first {
		n, known := u.written[i].IsConst()
		if !known {
			n = 1 << 62
		}
		if i != u.axis && n > most {
			longest, most = i, n
		}
	}
	order := []int{longest} // -1: there is none
	for i := range u.first {
		if i != longest && i != u.axis {
			order = append(order, i)
		}
	}
	if u.axis < u.first {
		order = append(order, u.axis)
	}
	return order
}

// rows builds the loops over the axes that are left; at is the place on those before.
func (u *update) rows(order []int, at []ir.Dim, kind kernel.LoopKind) error {
	if len(order) == 0 {
		return u.run(at)
	}
	axis, name, extent := order[0], "all", one
	if axis >= 0 {
		name, extent = fmt.Sprintf("i%d", axis), u.written[axis]
	}
	_, err := u.loop(kind, name, extent, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		if axis >= 0 {
			at[axis] = i
		}
		return nil, u.rows(order[1:], at, kernel.Serial)
	})
	return err
}

// placed gives where a run starts in the base, and which one it is.
func (u *update) placed(at []ir.Dim) (from, number ir.Dim, err error) {
	from, number = zero, zero
	for i := range u.base {
		place := u.start[i]
		switch {
		case i >= u.first:
		case i != u.axis:
			place = place.Add(at[i])
		case u.op.Is(state.SliceUpdate):
			place = place.Add(at[i].Mul(num(int64(u.op.Int("step")))))
		default:
			id := u.widen(u.op.In(2).Elem, u.Load(u.buffers[2], at[i], 1))
			if place, err = u.bind(u.op, u.fromEnd(id, u.base[i]), zero, u.base[i].Sub(one)); err != nil {
				return from, number, err
			}
		}
		from = from.Mul(u.base[i]).Add(place)
		if i < u.first {
			number = number.Mul(u.written[i]).Add(at[i])
		}
	}
	return from, number, nil
}

// move saves and writes a vector of a run.
func (u *update) move(from, number, first ir.Dim, mask *kernel.Value) {
	source := number.Mul(u.length)
	u.StoreLanes(u.saved, source.Add(first), one, u.LoadLanes(u.buffers[0], from.Add(first), one, u.lanes, mask), mask)
	u.StoreLanes(u.buffers[0], from.Add(first), one, u.LoadLanes(u.buffers[1], source.Add(first), one, u.lanes, mask), mask)
}

// run saves and writes one run.
func (u *update) run(at []ir.Dim) error {
	from, number, err := u.placed(at)
	if err != nil {
		return err
	}
	u.Store(u.places, number, u.Index(host.I64, from))
	lanes := num(int64(u.lanes))
	whole := u.length.FloorDiv(lanes)
	move := func(first ir.Dim, mask *kernel.Value) { u.move(from, number, first, mask) }
	_, err = u.loop(kernel.Serial, "v", whole, nil, func(v ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		move(v.Mul(lanes), nil)
		return nil, nil
	})
	if first := whole.Mul(lanes); !isZero(u.length.Sub(first)) {
		move(first, u.Tail(u.lanes, first, u.length))
	}
	return err
}
