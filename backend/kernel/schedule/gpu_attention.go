package schedule

import (
	"errors"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// widestTiled is how wide rows of queries and values may be for tiles: twice as many numbers stay in the registers of a thread.
const widestTiled = 256

// fewGroups is how many groups of threads leave much of a GPU without anything to do. Heads of queries that share keys then read them
// each on its own, from a cache, for the most part.
const fewGroups = 32

// makeGPUAttention is nn.sdpa on a GPU: by tiles where there are many queries, else by a SIMD group for each few keys.
func makeGPUAttention(g *Group, t Target) (*Made, error) {
	var last error
	for _, lanes := range []int{t.Lanes, 1} {
		k, err := gpuAttention(g, t, lanes)
		if err == nil {
			return &Made{Kernels: []*kernel.Kernel{k}}, nil
		}
		if last == nil || !errors.Is(err, errLanes) {
			last = err
		}
	}
	return nil, last
}

func gpuAttention(g *Group, t Target, lanes int) (*kernel.Kernel, error) {
	t.Lanes = lanes
	a, err := newAttention(g, t)
	if err != nil {
		return nil, err
	}
	if a.elem != host.F32 {
		return nil, reason(a.op, "attention of %s is not emitted", a.q.Type.Elem)
	}
	a.loops = append(a.loops, again)
	rows, shared := a.fewQueries()
	if _, groups := g.env.Range(product(a.batch).Mul(a.heads).FloorDiv(num(max(shared, 1)))); rows > mostDecoded || groups < fewGroups {
		rows, shared = rows/max(shared, 1), 1
	}
	switch {
	case rows > 0 && rows <= mostDecoded:
		err = newGPUDecode(a, rows, shared).build()
	case max(a.width, a.values) > widestTiled:
		err = reason(a.op, "rows of %d numbers, expected at most %d", max(a.width, a.values), widestTiled)
	default:
		err = newGPUPrefill(a).build()
	}
	if err != nil {
		return nil, err
	}
	return a.Build()
}

// units builds the grid, over batches and heads in steps of shared, and over blocks of queries, and the threads of a group.
func (a *attention) units(shared int64, blocks ir.Dim, threads int64, body func(block, t ir.Dim) error) error {
	groups := a.heads.FloorDiv(num(shared))
	all := product(a.batch).Mul(groups)
	axes := []axis{{name: "head"}, {name: "queries"}}
	return a.grid(axes, []ir.Dim{all, blocks}, func(group []ir.Dim) error {
		return a.team(threads, func(t ir.Dim) error {
			return a.some(all, func() error {
				return a.some(a.queries, func() error {
					return a.unit(group[0], one, all, groups, shared, func(ir.Dim) error { return body(group[1], t) })
				})
			})
		})
	})
}

// laned runs body with vectors of another width.
func (e *emitter) laned(lanes int, body func() error) error {
	before := e.lanes
	e.lanes = lanes
	defer func() { e.lanes = before }()
	return body()
}

// widthOf is the widest vector of which a whole number fills rows of some widths.
func (a *attention) widthOf(widths ...int64) int {
	lanes := int64(a.target.Lanes)
	for _, n := range widths {
		for n%lanes != 0 {
			lanes /= 2
		}
	}
	return int(lanes)
}

// result gives a vector of the result what follows the attention, and stores it.
func (a *attention) result(head, row ir.Dim, col part, x *kernel.Value) error {
	y := a.op.Result()
	p, err := a.at(y, head, part{at: row}, col)
	if err != nil {
		return err
	}
	return a.storeAt(a.out, y, p, a.rounded(x, y.Type.Elem))
}
