package schedule

import (
	"errors"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// newGPUProduct starts the kernel of a product of f32 with vectors of some lanes. What is reduced in it is meant to be reduced once.
func newGPUProduct(g *Group, t Target, lanes int) (*gemm, error) {
	m, err := newProductOf(g, t, lanes)
	if err != nil {
		return nil, err
	}
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	if m.elem != host.F32 {
		return nil, reason(m.op, "products of %s are not emitted", m.elem)
	}
	return m, nil
}

// vectorsOf are the widths of vectors of which a whole number fills a size, the widest first, and 1.
func vectorsOf(size ir.Dim, t Target) []int {
	var list []int
	for n := t.Lanes; n > 1; n /= 2 {
		if isZero(size.Mod(num(int64(n)))) {
			list = append(list, n)
			break
		}
	}
	return append(list, 1)
}

// byWidest makes a kernel with vectors as wide as fit a size.
func (t Target) byWidest(size ir.Dim, make func(lanes int) (*kernel.Kernel, error)) (*Made, error) {
	var last error
	for _, lanes := range vectorsOf(size, t) {
		k, err := make(lanes)
		if err == nil {
			return &Made{Kernels: []*kernel.Kernel{k}}, nil
		}
		if last == nil || !errors.Is(err, errLanes) {
			last = err
		}
	}
	return nil, last
}

// flatProduct is a product of few rows on a GPU. Groups of threads have some columns of a batch each, and all rows of those.
type flatProduct struct {
	*gemm
	rows  int64
	simds int64 // SIMD groups of a group of threads
}

func newFlatProduct(m *gemm) *flatProduct {
	p := &flatProduct{gemm: m, simds: int64(m.target.Threads / m.target.SIMD)}
	p.rows, _ = m.m.IsConst()
	return p
}

// onGroups builds the kernel in which a group of threads has so many columns. thread is given the batch, the number of the group among
// those of columns, and the thread's own.
func (p *flatProduct) onGroups(columns int64, thread func(batch []ir.Dim, group, t ir.Dim) error) (*kernel.Kernel, error) {
	counts := append(append([]ir.Dim{}, p.batches...), p.n)
	axes := []axis{{name: "batch", extent: product(p.batches)}, {name: "column", extent: p.n}}
	groups := []ir.Dim{product(p.batches), ceilDiv(p.n, num(columns))}
	err := p.grid(axes, groups, func(group []ir.Dim) error {
		return p.team(p.simds*int64(p.target.SIMD), func(t ir.Dim) error {
			return p.sized(counts, func() error { return thread(p.pick(group[0], p.batches), group[1], t) })
		})
	})
	if err != nil {
		return nil, err
	}
	return p.Build()
}

// inGroup is the SIMD group of a thread among those of its group, and its place in that.
func (p *flatProduct) inGroup(t ir.Dim) (team, lane ir.Dim) {
	simd := num(int64(p.target.SIMD))
	return p.symbol("simd", t.FloorDiv(simd), num(p.simds-1)), p.symbol("lane", t.Mod(simd), simd.Sub(one))
}

// again is a variable that no place depends on: where it is among the loops, nothing is reduced again and again.
const again = "again"
