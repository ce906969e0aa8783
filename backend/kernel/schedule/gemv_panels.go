package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// panelRows is the most rows of x for which codes are made numbers as they are needed; for more, a block of columns is
// written as numbers first.
const panelRows = 4

// needsPanels says why a group is no product of few rows with weights that panels hold.
func (g *Group) needsPanels(t Target) string {
	if _, why := g.fewRows(t, panelRows); why != "" {
		return why
	}
	m, err := newProductOf(g, t, t.Lanes)
	if err != nil {
		return err.Error()
	}
	_, why := compressedOf(m)
	return why
}

// vectorProduct is a product of few rows with the panels of compressed weights.
type vectorProduct struct {
	*gemm
	weights *compressed
	rows    int
	x       *kernel.Buffer // the rows, where they are computed; nil: they are read where they lie
	scaling *ir.Op         // whose scale sums are multiplied by; nil: each number is
	size    int64          // neighbours along k that share a scale
}

// makePanels is the schedule of products of few rows with compressed weights: codes become numbers in registers, with a
// column in each lane, so that no more than the codes comes from memory and a scale is needed once for its neighbours.
func makePanels(g *Group, t Target) (*Made, error) {
	m, err := newProductOf(g, t, t.Lanes)
	if err != nil {
		return nil, err
	}
	weights, why := compressedOf(m)
	if why != "" {
		return nil, reason(m.op, "%s", why)
	}
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	if err := weights.pack(); err != nil {
		return nil, err
	}
	rows, _ := m.m.IsConst()
	p := &vectorProduct{gemm: m, weights: weights, rows: int(rows)}
	p.scaling, p.size = weights.scaling()
	if err := p.fillRows(); err != nil {
		return nil, err
	}
	_, err = m.loop(kernel.Parallel, "r", ir.Const(weights.groups), nil, func(group ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		each := int64(1) // as many as registers hold sums of, beside what makes numbers of codes
		if t.Registers >= 32 {
			each = min(weights.abreast, max(4/max(rows/2, 1), 1))
		}
		return nil, m.serial("p", weights.abreast/each, func(i ir.Dim) error {
			return p.panels(panelRun{group: group, first: i.Mul(ir.Const(each)), n: int(each)})
		})
	})
	if err != nil {
		return nil, err
	}
	k, err := m.Build()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: []*kernel.Kernel{k}, Packs: m.packs}, nil
}

// scaling is the dequantization whose scale is applied to sums, and how many neighbours along k share it; nil where each
// number is scaled.
func (c *compressed) scaling() (*ir.Op, int64) {
	v := c.m.contraction.b.v
	for v.Def.Is(tensor.Transpose) {
		v = v.Def.Operand(0)
	}
	op := v.Def
	if !op.Is(quant.Dequantize) || op.Operand(3) != nil {
		return nil, 0
	}
	n, ok := c.perColumn(op.Operand(1)).IsConst()
	if !ok || n == 0 {
		return nil, 0
	}
	if z := op.Operand(2); z != nil && (op != c.op || !isOne(c.perColumn(z)) && !c.perColumn(z).Equal(ir.Const(n))) {
		return nil, 0
	}
	switch size := c.k / n; {
	case n == 1 || size%blockK == 0 || blockK%size == 0:
		return op, size
	}
	return nil, 0
}

// fillRows computes the rows before the loop where they are not plain numbers in memory.
func (p *vectorProduct) fillRows() error {
	a := p.contraction.a
	if a.v.Def == nil && a.v.Type.Elem == host.F32 {
		return nil
	}
	k := ir.Const(p.weights.k)
	p.x = p.Buffer("rows", host.F32, ir.Const(int64(p.rows)).Mul(k), kernel.Private, 0)
	for row := range p.rows {
		if err := p.copyRow(p.emitter, a, p.x, ir.Const(int64(row)).Mul(k), nil, ir.Const(int64(row))); err != nil {
			return err
		}
	}
	return nil
}

// input is x[row, k] in every lane.
func (p *vectorProduct) input(row int, k ir.Dim) (*kernel.Value, error) {
	var x *kernel.Value
	if p.x != nil {
		x = p.Load(p.x, ir.Const(int64(row)*p.weights.k).Add(k), 1)
	} else {
		q, err := p.contraction.a.at(nil, part{at: ir.Const(int64(row)), step: zero}, part{at: k, step: zero})
		if err != nil {
			return nil, err
		}
		if x, err = p.emitter.value(p.contraction.a.v, q); err != nil {
			return nil, err
		}
	}
	return p.Splat(x, p.emitter.lanes), nil
}

// panelRun are neighbouring panels of a group whose sums are under way together.
type panelRun struct {
	group, first ir.Dim
	n            int
	less         []*kernel.Value // what is taken from the codes of each panel, besides what is the same for all; nil: nothing
}

// panels computes all rows of a run of panels and stores them.
func (p *vectorProduct) panels(r panelRun) error {
	c := p.weights
	total := p.zeros(p.rows * r.n)
	var err error
	switch {
	case p.scaling == nil:
		var sums []*kernel.Value
		sums, err = p.byBlocks(zero, c.k, p.zeros(p.rows*r.n*p.chains(r)), func(block ir.Dim, count int64, sums []*kernel.Value) ([]*kernel.Value, error) {
			return p.products(r, p.places(r, block, count), 0, count, sums)
		})
		total = p.joined(r, sums)
	case p.size%blockK == 0 || p.size == c.k:
		total, err = p.loop(kernel.Serial, "g", ir.Const(c.k/p.size), total, func(g ir.Dim, total []*kernel.Value) ([]*kernel.Value, error) {
			return p.shared(r, g, total)
		})
	default:
		total, err = p.byBlocks(zero, c.k, total, func(block ir.Dim, count int64, total []*kernel.Value) ([]*kernel.Value, error) {
			return p.split(r, block, count, total)
		})
	}
	if err != nil {
		return err
	}
	for row := range p.rows {
		for i := range r.n {
			if err := c.store(ir.Const(int64(row)), c.column(r.group, r.first.Add(ir.Const(int64(i)))), total[row*r.n+i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// shared adds the products of neighbours with one scale, which are whole blocks or all of k.
func (p *vectorProduct) shared(r panelRun, g ir.Dim, total []*kernel.Value) ([]*kernel.Value, error) {
	k := g.Mul(ir.Const(p.size))
	if err := p.prepare(&r, k); err != nil {
		return nil, err
	}
	first := g.Mul(ir.Const(p.size / blockK))
	sums, err := p.byBlocks(first, p.size, p.zeros(p.rows*r.n*p.chains(r)), func(block ir.Dim, count int64, sums []*kernel.Value) ([]*kernel.Value, error) {
		return p.products(r, p.places(r, block, count), 0, count, sums)
	})
	if err != nil {
		return nil, err
	}
	return p.scaled(r, k, p.joined(r, sums), total)
}

// split adds the products of a block that has several scales.
func (p *vectorProduct) split(r panelRun, block ir.Dim, count int64, total []*kernel.Value) ([]*kernel.Value, error) {
	places := p.places(r, block, count)
	for from := int64(0); from < count; from += p.size {
		k := block.Mul(ir.Const(blockK)).Add(ir.Const(from))
		if err := p.prepare(&r, k); err != nil {
			return nil, err
		}
		sums, err := p.products(r, places, from, from+p.size, p.zeros(p.rows*r.n*p.chains(r)))
		if err == nil {
			total, err = p.scaled(r, k, p.joined(r, sums), total)
		}
		if err != nil {
			return nil, err
		}
	}
	return total, nil
}

// chains is how many sums a number of the result has under way, so that one does not wait for the other.
func (p *vectorProduct) chains(r panelRun) int {
	if p.rows*r.n <= 4 && p.target.Registers >= 32 {
		return 2
	}
	return 1
}

// joined adds up the chains.
func (p *vectorProduct) joined(r panelRun, sums []*kernel.Value) []*kernel.Value {
	n := p.chains(r)
	if n == 1 || sums == nil {
		return sums
	}
	var all []*kernel.Value
	for i := 0; i < len(sums); i += n {
		all = append(all, p.Op(kernel.Add, sums[i], sums[i+1]))
	}
	return all
}

func (p *vectorProduct) zeros(n int) []*kernel.Value {
	z := p.Float(kernel.Type{Elem: host.F32, Lanes: p.emitter.lanes}, 0)
	all := make([]*kernel.Value, n)
	for i := range all {
		all[i] = z
	}
	return all
}

// places are a block of each panel.
func (p *vectorProduct) places(r panelRun, block ir.Dim, count int64) []*panelPlace {
	var all []*panelPlace
	for i := range r.n {
		all = append(all, newPanelPlace(r.group, r.first.Add(ir.Const(int64(i))), block, count))
	}
	return all
}

// products adds neighbours from..to-1 of a block to the sums.
func (p *vectorProduct) products(r panelRun, places []*panelPlace, from, to int64, sums []*kernel.Value) ([]*kernel.Value, error) {
	sums = append([]*kernel.Value{}, sums...)
	chains := p.chains(r)
	for i := from; i < to; i++ {
		k := places[0].block.Mul(ir.Const(blockK)).Add(ir.Const(i))
		xs := make([]*kernel.Value, p.rows)
		for row := range xs {
			var err error
			if xs[row], err = p.input(row, k); err != nil {
				return nil, err
			}
		}
		for panel, at := range places {
			p.weights.at, at.i = at, i
			w, err := p.weight(r, panel, k)
			if err != nil {
				return nil, err
			}
			for row, x := range xs {
				s := &sums[(row*r.n+panel)*chains+int(i)%chains]
				*s = p.Op(kernel.MulAdd, x, w, *s)
			}
		}
	}
	return sums, nil
}

// weight is a number of every column of a panel: without its scale, where that is applied to sums.
func (p *vectorProduct) weight(r panelRun, panel int, k ir.Dim) (*kernel.Value, error) {
	switch {
	case p.scaling == nil:
		return p.weights.number(k)
	case p.scaling != p.weights.op: // of numbers from a table
		v, err := p.emitter.value(p.scaling.Operand(0), p.weights.columns(k))
		if err != nil {
			return nil, err
		}
		return p.spread(p.Cast(v, host.F32), p.emitter.lanes), nil
	case r.less != nil:
		return p.weights.plain(r.less[panel]), nil
	}
	return p.weights.plain(nil), nil
}

// prepare finds the zero points from k on.
func (p *vectorProduct) prepare(r *panelRun, k ir.Dim) error {
	r.less = nil
	if p.scaling.Operand(2) == nil {
		return nil
	}
	for _, at := range p.places(*r, zero, 0) {
		p.weights.at = at
		v, err := p.weights.param(p.scaling, 2, p.weights.columns(k))
		if err != nil {
			return err
		}
		r.less = append(r.less, v)
	}
	return nil
}

// scaled adds sums times their scales to the total.
func (p *vectorProduct) scaled(r panelRun, k ir.Dim, sums, total []*kernel.Value) ([]*kernel.Value, error) {
	total = append([]*kernel.Value{}, total...)
	for i, at := range p.places(r, zero, 0) {
		p.weights.at = at
		by, err := p.weights.param(p.scaling, 1, p.weights.columns(k))
		if err != nil {
			return nil, err
		}
		for row := range p.rows {
			total[row*r.n+i] = p.Op(kernel.MulAdd, sums[row*r.n+i], by, total[row*r.n+i])
		}
	}
	return total, nil
}

// store computes what follows the product, for a row and the columns of a panel, and stores it.
func (c *compressed) store(row, column ir.Dim, sum *kernel.Value) error {
	m, at, col := c.m, part{at: row, step: zero}, part{at: column, step: one}
	store := func() error {
		return m.store(m.contraction.at(nil, at, col), place{}, at, col, sum)
	}
	if c.n != c.groups*c.abreast*c.lanes() {
		return m.under(cond{at: column, step: one, least: zero, most: ir.Const(c.n - 1)}, store)
	}
	return store()
}
