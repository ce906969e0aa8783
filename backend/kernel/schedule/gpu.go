package schedule

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// GPU is a target with what GPUs of Apple have: SIMD groups of 32 threads, vectors of 16 bytes, and 32 KiB that a group of threads shares.
// Kernels of groups of 256 threads, which most schedules make, leave each thread enough registers.
func GPU() Target {
	return Target{Name: "gpu", Lanes: 4, SIMD: 32, Threads: 256, Shared: 32 << 10}
}

// gpu reports a target with groups of threads.
func (t Target) gpu() bool { return t.SIMD > 0 }

// wide is the type that sums of many numbers and differences that cancel are computed in: f64, which GPUs do not have.
func (t Target) wide() host.Elem {
	if t.gpu() {
		return host.F32
	}
	return host.F64
}

// privateBytes is the most memory of its own that a thread of a GPU may have, beside registers.
const privateBytes = 1 << 10

// verify holds a kernel against what code generators rely on, and against what a GPU has.
func (t Target) verify(k *kernel.Kernel, effort *ir.Effort) error {
	if t.gpu() {
		if err := t.holds(k); err != nil {
			return err
		}
	}
	if t.Verify != nil {
		return t.Verify(k, effort)
	}
	return kernel.VerifyWithin(k, effort)
}

// holds says why a GPU does not run a kernel.
func (t Target) holds(k *kernel.Kernel) error {
	var used [kernel.Private + 1]int64
	for _, b := range k.Buffers {
		if b.Elem == host.F64 {
			return errDouble
		}
		if b.Space == kernel.Global {
			continue
		}
		n, ok := b.Len.IsConst()
		if !ok {
			return fmt.Errorf("%s memory of %s elements, expected a number that is known", b.Space, b.Len)
		}
		used[b.Space] += n * int64(b.Elem.Bytes())
	}
	switch {
	case used[kernel.Private] > privateBytes:
		return fmt.Errorf("each thread needs %d bytes of memory, expected at most %d", used[kernel.Private], privateBytes)
	case used[kernel.Shared] > t.Shared:
		return fmt.Errorf("a group of threads needs %d bytes of memory, expected at most %d", used[kernel.Shared], t.Shared)
	}
	var err error
	k.Walk(func(in *kernel.Instr) {
		switch r := in.Result; {
		case r == nil:
		case r.Type.Elem == host.F64:
			err = errDouble
		case r.Type.Lanes > t.Lanes && r.Type.Lanes < side*side, r.Type.Lanes > 1 && r.Type.Lanes*r.Type.Elem.Bits() > vectorBits && r.Type.Lanes < side*side:
			err = fmt.Errorf("%w: there are no vectors of %s on a GPU", errLanes, r.Type)
		}
	})
	return err
}

// uniformly is a condition that is the same for all lanes where whole vectors meet it or none does.
func (e *emitter) uniformly(c cond, lanes int) cond {
	n := num(int64(lanes))
	if !e.target.gpu() || lanes == 1 || !isOne(c.step) || !isZero(c.at.Mod(n)) || !isZero(c.least.Mod(n)) || !isZero(c.most.Add(one).Mod(n)) {
		return c
	}
	c.step, c.most = zero, c.most.Sub(n).Add(one)
	return c
}

// cheap reports a reduction of so few elements that each thread of a GPU may compute it again.
func (e *emitter) cheap(count ir.Dim) bool {
	const few = 64
	n, ok := count.IsConst()
	return e.target.gpu() && ok && n <= few && !slices.Contains(e.loops, again)
}

// widths are the target with its vectors, and for a GPU, which has none of many numbers of 64 bits, without.
func (t Target) widths() []Target {
	if !t.gpu() || t.Lanes == 1 {
		return []Target{t}
	}
	single := t
	single.Lanes = 1
	return []Target{t, single}
}

// vectorBits is what a vector has at most.
const vectorBits = 128

// errDouble says that a group needs numbers that GPUs do not have.
var errDouble = fmt.Errorf("there is no arithmetic on f64 on a GPU")

// axis is one of the up to three of a grid.
type axis struct {
	name    string
	extent  ir.Dim
	threads int64 // of a group that lie along it, a power of two; 0: as many as are left
}

// spreadOver gives each place of some axes, of which the last one varies fastest, a thread. It runs body with the places.
func (e *emitter) spreadOver(axes []axis, body func(at []ir.Dim) error) error {
	threads := int64(1)
	for i, a := range axes {
		if a.threads == 0 {
			axes[i].threads = int64(e.target.Threads)
		}
		threads *= axes[i].threads
	}
	if slices.ContainsFunc(axes, func(a axis) bool { return isZero(a.extent) }) {
		body = nil
	}
	groups := make([]ir.Dim, len(axes))
	for i, a := range axes {
		groups[i] = ceilDiv(a.extent, num(a.threads))
	}
	return e.grid(axes, groups, func(group []ir.Dim) error {
		return e.team(threads, func(t ir.Dim) error {
			if body == nil { // there is no place
				return nil
			}
			return e.places(axes, group, t, body)
		})
	})
}

// grid builds the loops over groups of threads, one for each axis that has several.
func (e *emitter) grid(axes []axis, groups []ir.Dim, body func(group []ir.Dim) error) error {
	at := make([]ir.Dim, len(axes))
	var level func(i int, some bool) error
	level = func(i int, some bool) error {
		switch {
		case i == len(axes):
			return body(at)
		case isOne(groups[i]) && (some || i < len(axes)-1):
			at[i] = zero
			return level(i+1, some)
		}
		return e.plainLoop(kernel.Grid, "group_"+axes[i].name, groups[i], func(g ir.Dim) error {
			at[i] = g
			return level(i+1, true)
		})
	}
	return level(0, false)
}

// team builds the loop over the threads of a group.
func (e *emitter) team(threads int64, body func(t ir.Dim) error) error {
	return e.plainLoop(kernel.Thread, "thread", num(threads), body)
}

// plainLoop is a loop over groups or threads. What they stand for is named by others, on which values depend.
func (e *emitter) plainLoop(kind kernel.LoopKind, name string, extent ir.Dim, body func(i ir.Dim) error) error {
	var err error
	e.For(kind, name, extent, 1, func(i ir.Dim) {
		err = e.scoped(func() error {
			e.vars = append(e.vars, i.Symbols()...)
			return body(i)
		})
	})
	return err
}

// places finds out which place thread t of a group has, if it has one.
func (e *emitter) places(axes []axis, group []ir.Dim, t ir.Dim, body func(at []ir.Dim) error) error {
	at := make([]ir.Dim, len(axes))
	inner := int64(1)
	for i := len(axes) - 1; i >= 0; i-- {
		n := axes[i].threads
		own := t.FloorDiv(num(inner))
		if outer := product64(axes[:i]); outer > 1 {
			own = own.Mod(num(n))
		}
		if n == 1 {
			own = zero
		}
		at[i] = group[i].Mul(num(n)).Add(own)
		inner *= n
	}
	var level func(i int) error
	level = func(i int) error {
		if i == len(axes) {
			return body(at)
		}
		a := axes[i]
		named := func() error {
			at[i] = e.position(a.name, at[i], a.extent)
			return level(i + 1)
		}
		if isZero(a.extent.Mod(num(a.threads))) {
			return named()
		}
		return e.only(ir.Cond{Left: at[i], Rel: ir.RelLT, Right: a.extent}, named)
	}
	return level(0)
}

func product64(axes []axis) int64 {
	n := int64(1)
	for _, a := range axes {
		n *= a.threads
	}
	return n
}

// only builds an if on threads, whose condition says nothing of places that position does not.
func (e *emitter) only(holds ir.Cond, body func() error) error {
	var err error
	e.If(holds, func() { err = e.scoped(body) })
	return err
}

// position names a place along an axis, which is what values depend on as on the variable of a loop.
func (e *emitter) position(name string, at, extent ir.Dim) ir.Dim {
	if isOne(extent) {
		return zero
	}
	i := e.symbol(name, at, extent.Sub(one))
	e.ranging(i, extent)
	e.loops = append(e.loops, i.Symbols()...)
	return i
}

// powerOver is the least power of two that is at least n, and at most a power of two.
func powerOver(n, most int64) int64 {
	p := int64(1)
	for p < n && p < most {
		p *= 2
	}
	return p
}
