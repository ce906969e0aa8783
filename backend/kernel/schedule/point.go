package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// point is a place in a value for each lane: its parts together cover the value's axes from first to last.
type point []part

// part is a place along one axis, or row-major along neighbouring axes taken as one: at + step*lane.
type part struct {
	axes     int
	size     ir.Dim
	at, step ir.Dim
}

// errLanes says that the places of the lanes are not at equal distances; with one lane, or other loops, it may work.
var errLanes = errors.New("the lanes of a vector do not lie at equal distances")

var zero, one = ir.Const(0), ir.Const(1)

func isOne(d ir.Dim) bool  { return d.Equal(one) }
func isZero(d ir.Dim) bool { return d.Equal(zero) }

// uniform reports that all lanes are at one place.
func (p point) uniform() bool {
	return !slices.ContainsFunc(p, func(q part) bool { return !isZero(q.step) })
}

func (p point) String() string {
	var b strings.Builder
	for _, q := range p {
		fmt.Fprintf(&b, "%d:%s+%s;", q.axes, q.at, q.step)
	}
	return b.String()
}

// mentions reports whether a place depends on one of the symbols.
func (p point) mentions(names []string) bool {
	return slices.ContainsFunc(p, func(q part) bool { return mentions(names, q.at, q.step) })
}

// once reports that every loop's variable leads to places of its own, so that nothing at p is computed twice: the places are
// linear in all variables and depend on each.
func (p point) once(loops []string) bool {
	for _, v := range loops {
		if !p.mentions([]string{v}) {
			return false
		}
		for _, q := range p {
			start := q.at.Subst(map[string]ir.Dim{v: zero})
			factor := q.at.Subst(map[string]ir.Dim{v: one}).Sub(start)
			if !start.Add(factor.Mul(ir.Sym(v))).Equal(q.at) {
				return false
			}
		}
	}
	return true
}

func mentions(names []string, dims ...ir.Dim) bool {
	return slices.ContainsFunc(dims, func(d ir.Dim) bool {
		return slices.ContainsFunc(d.Symbols(), func(s string) bool { return slices.Contains(names, s) })
	})
}

func product(dims []ir.Dim) ir.Dim {
	n := one
	for _, d := range dims {
		n = n.Mul(d)
	}
	return n
}

// origin is the part of an axis of size 1.
func origin() part { return part{axes: 1, size: one} }

// split gives the part as one part an axis.
func (q part) split(shape []ir.Dim) (point, error) {
	if q.axes == 1 {
		return point{q}, nil
	}
	wide := 0
	for _, n := range shape {
		if !isOne(n) {
			wide++
		}
	}
	if wide > 1 && !isZero(q.step) {
		return nil, errLanes
	}
	list := make(point, len(shape))
	rest := q.at
	for i, n := range shape {
		list[i] = part{axes: 1, size: n}
		switch inner := product(shape[i+1:]); {
		case isOne(n):
		case wide == 1:
			list[i].at, list[i].step = q.at, q.step
		case isOne(inner):
			list[i].at = rest
		default:
			list[i].at = rest.FloorDiv(inner)
			rest = rest.Sub(list[i].at.Mul(inner))
		}
	}
	return list, nil
}

// single gives the point with one part an axis.
func (p point) single(shape []ir.Dim) (point, error) {
	var all point
	axis := 0
	for _, q := range p {
		list, err := q.split(shape[axis : axis+q.axes])
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		axis += q.axes
	}
	return all, nil
}

// cut splits the parts so that one starts at the axis.
func (p point) cut(shape []ir.Dim, at int) (point, error) {
	var all point
	axis := 0
	for _, q := range p {
		if at <= axis || at >= axis+q.axes {
			all = append(all, q)
		} else {
			list, err := q.split(shape[axis : axis+q.axes])
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		axis += q.axes
	}
	return all, nil
}

// linear is the row-major number of the elements, as one part.
func (p point) linear() part {
	all := part{size: one}
	for _, q := range p {
		all = part{axes: all.axes + q.axes, size: all.size.Mul(q.size), at: all.at.Mul(q.size).Add(q.at), step: all.step.Mul(q.size).Add(q.step)}
	}
	return all
}

// reshaped gives the place in shape to of what is at p in another shape of as many elements: runs of parts that have as many
// elements as a run of axes become one part.
func (p point) reshaped(env *ir.DimEnv, to []ir.Dim) (point, error) {
	var out point
	for i, axis := 0, 0; i < len(p) || axis < len(to); {
		from, start := i, axis
		left, right := one, one
		takeLeft := func() { left, i = left.Mul(p[i].size), i+1 }
		takeRight := func() { right, axis = right.Mul(to[axis]), axis+1 }
		if i < len(p) {
			takeLeft()
		}
		if axis < len(to) {
			takeRight()
		}
		for env.Compare(left, right) != ir.CompareEqual {
			switch {
			case axis < len(to) && (i == len(p) || grows(left, right)):
				takeRight()
			case i < len(p):
				takeLeft()
			default:
				return nil, fmt.Errorf("the sizes %v do not line up with those before reshaping", to)
			}
		}
		run := p[from:i].linear()
		if run.axes = axis - start; run.axes > 0 {
			out = append(out, run)
		}
	}
	return out, nil
}

// grows reports that left has factors that right lacks, so that right is to be multiplied on.
func grows(left, right ir.Dim) bool {
	a, okA := left.IsConst()
	b, okB := right.IsConst()
	if okA && okB {
		return a > b
	}
	q := left.FloorDiv(right)
	return q.Mul(right).Equal(left)
}

// broadcast gives the place in an operand whose shape is broadcast to the one that p is in.
func (p point) broadcast(env *ir.DimEnv, shape, operand []ir.Dim) (point, error) {
	missing := len(shape) - len(operand)
	var out point
	axis := 0
	for _, q := range p {
		lo, hi := axis, axis+q.axes
		axis = hi
		same, ones := true, true
		for a := lo; a < hi; a++ {
			if a < missing {
				same = same && isOne(shape[a])
				continue
			}
			n := operand[a-missing]
			ones = ones && isOne(n)
			same = same && (n.Equal(shape[a]) || env.Compare(n, shape[a]) == ir.CompareEqual)
		}
		have := hi - max(lo, missing)
		switch {
		case have <= 0:
		case same:
			q.axes = have
			out = append(out, q)
		case ones:
			for range have {
				out = append(out, origin())
			}
		default:
			list, err := q.split(shape[lo:hi])
			if err != nil {
				return nil, err
			}
			list, err = list.broadcast(env, shape[lo:hi], operand[max(0, lo-missing):hi-missing])
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	return out, nil
}

// errComplex says that there is no complex arithmetic in kernels.
var errComplex = errors.New("kernels have no complex numbers")
