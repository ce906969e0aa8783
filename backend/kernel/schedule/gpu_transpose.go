package schedule

import (
	"errors"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// squareSide is the side of the squares that a transposition goes over: threads of a SIMD group lie along what is read, then along
// what is written, and the square is in shared memory meanwhile.
const squareSide = 32

// needsSquares says why a group has no transposition that moves the last axis.
func (g *Group) needsSquares(t Target) string {
	if why := g.needsReduction(false); why != "" {
		return why
	}
	if g.Anchor != nil {
		return "it has a heavy operation"
	}
	if len(tiledNests(g, t)) == 0 {
		return "nothing is transposed whose rows are long"
	}
	return ""
}

// makeSquares takes the first way to go over squares that can be emitted.
func makeSquares(g *Group, t Target) (*Made, error) {
	var last error
	for _, n := range tiledNests(g, t) {
		for _, op := range g.Body {
			if !op.Is(tensor.Transpose) || !slices.EqualFunc(op.Result().Type.Shape, n.shape, ir.Dim.Equal) {
				continue
			}
			k, err := newSquares(g, t, n, op)
			if err == nil {
				return &Made{Kernels: []*kernel.Kernel{k}}, nil
			}
			if last == nil || !errors.Is(err, errLanes) {
				last = err
			}
		}
	}
	return nil, last
}

// squares is that schedule for one transposition.
type squares struct {
	*loops
	op         *ir.Op
	lines      int64 // SIMD groups
	line, lane ir.Dim
	square     *kernel.Buffer
	i, j       int // the parts along which rows and columns lie
}

func newSquares(g *Group, t Target, n nest, op *ir.Op) (*kernel.Kernel, error) {
	e := newEmitter(g, t, 1)
	out, err := e.output()
	if err != nil {
		return nil, err
	}
	out.Once = true
	elem := computeElem(op.In(0).Elem)
	if err := computable(op, op.In(0).Elem); err != nil {
		return nil, err
	}
	s := &squares{loops: &loops{emitter: e, nest: n, out: out}, op: op, lines: int64(t.Threads / t.SIMD), i: n.tiled, j: len(n.parts) - 1}
	s.square = e.Buffer("square", elem, num(squareSide*(squareSide+1)), kernel.Shared, 0)
	var others []ir.Dim
	for k := range n.parts {
		if k != s.i && k != s.j {
			others = append(others, n.size(k))
		}
	}
	sides := []ir.Dim{product(others), n.size(s.i), n.size(s.j)}
	axes := []axis{{name: "z"}, {name: "rows"}, {name: "columns"}}
	groups := []ir.Dim{sides[0], ceilDiv(sides[1], num(squareSide)), ceilDiv(sides[2], num(squareSide))}
	err = e.grid(axes, groups, func(group []ir.Dim) error {
		return e.team(s.lines*squareSide, func(t ir.Dim) error {
			return s.some(sides[1], func() error {
				return s.some(sides[2], func() error {
					s.line = s.symbol("line", t.FloorDiv(num(squareSide)), num(s.lines-1))
					s.lane = s.symbol("lane", t.Mod(num(squareSide)), num(squareSide-1))
					return s.divided(others, group[0], func(at []ir.Dim) error { return s.block(at, group[1], group[2]) })
				})
			})
		})
	})
	if err != nil {
		return nil, err
	}
	return e.Build()
}

// block moves one square.
func (s *squares) block(others []ir.Dim, row, column ir.Dim) error {
	p := make(point, len(s.nest.parts))
	for k, axes := range s.nest.parts {
		p[k] = part{axes: axes, size: s.nest.size(k)}
		if k != s.i && k != s.j {
			p[k].at, others = others[0], others[1:]
		}
	}
	side := num(squareSide)
	for u := int64(0); u < squareSide; u += s.lines {
		in := s.line.Add(num(u))
		if err := s.read(s.at(p, row.Mul(side).Add(s.lane), column.Mul(side).Add(in)), in.Mul(num(squareSide+1)).Add(s.lane)); err != nil {
			return err
		}
	}
	s.Barrier()
	for u := int64(0); u < squareSide; u += s.lines {
		in := s.line.Add(num(u))
		i, j := row.Mul(side).Add(in), column.Mul(side).Add(s.lane)
		err := s.only(ir.Cond{Left: i, Rel: ir.RelLT, Right: p[s.i].size}, func() error {
			return s.only(ir.Cond{Left: j, Rel: ir.RelLT, Right: p[s.j].size}, func() error {
				return s.write(s.at(p, i, j), s.lane.Mul(num(squareSide+1)).Add(in))
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// at is a place of the square, the last one where it would be behind that.
func (s *squares) at(p point, i, j ir.Dim) point {
	q := slices.Clone(p)
	q[s.i].at = s.symbol("row", i, p[s.i].size.Sub(one))
	q[s.j].at = s.symbol("column", j, p[s.j].size.Sub(one))
	return q
}

// read puts what is transposed into the square.
func (s *squares) read(p point, to ir.Dim) error {
	perm, shape := s.op.Ints("perm"), s.op.Result().Type.Shape
	var err error
	for i := 1; i < len(perm); i++ {
		if perm[i] != perm[i-1]+1 {
			if p, err = p.cut(shape, i); err != nil {
				return err
			}
		}
	}
	v, err := s.value(s.op.Operand(0), p.transposed(perm))
	if err != nil {
		return err
	}
	s.Store(s.square, to, v)
	return nil
}

// write stores a result, which takes what is transposed from the square.
func (s *squares) write(p point, from ir.Dim) error {
	here := s.simplified(p).linear()
	s.bound[s.op.Result()] = func(q point) (*kernel.Value, error) {
		if !q.linear().at.Equal(here.at) {
			return nil, reason(s.op, "its result is needed at several places at a time")
		}
		return s.Load(s.square, from, 1), nil
	}
	return s.store(p)
}
