package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// halvesFeature names the instruction that adds up products of pairs of bf16.
const halvesFeature = "avx512bf16"

// halve lets a product of f32 be one of bf16 where that is asked for and the columns are packed before the first call. A
// machine with an instruction for pairs takes them; others have what they load from memory halved.
func (m *gemm) halve() {
	if !m.target.Halves || m.elem != host.F32 || m.b.from != atLoad || m.a.factor.number == nil {
		return
	}
	m.stored = host.BF16
	m.pairs = slices.Contains(m.target.Features, halvesFeature) && m.emitter.lanes > 1
}

// deep is how many numbers a row or column has where it is stored: pairs are whole, the last number of an odd k beside a 0.
func (m *gemm) deep() ir.Dim {
	if !m.pairs {
		return m.k
	}
	return ceilDiv(m.k, ir.Const(2)).Mul(ir.Const(2))
}

// loadRow gives the number at k of a row that was copied, or the pair at k in all lanes.
func (m *gemm) loadRow(buf *kernel.Buffer, row, k ir.Dim) *kernel.Value {
	at := row.Mul(m.rowStep()).Add(k)
	if !m.pairs {
		return m.Cast(m.Load(buf, at, 1), m.elem)
	}
	return m.loadPair(buf, at)
}

// loadPair gives two numbers beside each other, again and again in all lanes.
func (e *emitter) loadPair(buf *kernel.Buffer, at ir.Dim) *kernel.Value {
	lanes := make([]int, 2*e.lanes)
	for i := range lanes {
		lanes[i] = i % 2
	}
	return e.Shuffle(e.Load(buf, at, 2), nil, lanes...)
}

// nothing is 0 in every lane.
func (e *emitter) nothing(elem host.Elem, lanes int) *kernel.Value {
	return e.Cast(e.Number(kernel.Type{Elem: host.F32, Lanes: lanes}, 0), elem)
}

// writePairs is write for pairs along k: those of one k beside each other.
func (m *gemm) writePairs(e *emitter, f factor, buf *kernel.Buffer, base ir.Dim, batch []ir.Dim, first, size ir.Dim, width int64) error {
	write := m.pairsAcross
	if f.alongK {
		write = m.pairsAlong
	}
	return e.byVectors(func(vectors bool) error { return write(e, f, buf, base, batch, first, size, width, vectors) })
}

// pairsAlong goes along k by vectors, and by pairs where that cannot be and at the end.
func (m *gemm) pairsAlong(e *emitter, f factor, buf *kernel.Buffer, base ir.Dim, batch []ir.Dim, first, size ir.Dim, width int64, vectors bool) error {
	w, two := ir.Const(width), ir.Const(2)
	_, err := e.loop(kernel.Serial, "j", w, nil, func(j ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		at := e.symbol("outer", first.Add(j).Min(size.Sub(one)), size.Sub(one))
		value := func(k, step ir.Dim) (*kernel.Value, error) {
			return m.half(e, f, batch, part{at: at, step: zero}, part{at: k, step: step}, step)
		}
		place := func(k ir.Dim) ir.Dim { return base.Add(k.Mul(w)).Add(j.Mul(two)) }
		done := zero
		if lanes := ir.Const(int64(e.lanes)); vectors {
			rounds := m.k.FloorDiv(lanes)
			done = rounds.Mul(lanes)
			_, err := e.loop(kernel.Serial, "k", rounds, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
				v, err := value(i.Mul(lanes), one)
				if err != nil {
					return nil, err
				}
				for n := 0; n < e.lanes; n += 2 {
					e.Store(buf, place(i.Mul(lanes).Add(ir.Const(int64(n)))), e.Shuffle(v, nil, n, n+1))
				}
				return nil, nil
			})
			if err != nil {
				return nil, err
			}
		}
		return nil, m.restOfPairs(e, done, value, func(k ir.Dim, a, b *kernel.Value) {
			e.Store(buf, place(k), a)
			e.Store(buf, place(k).Add(one), b)
		})
	})
	return err
}

// pairsAcross goes along the outer axis by vectors.
func (m *gemm) pairsAcross(e *emitter, f factor, buf *kernel.Buffer, base ir.Dim, batch []ir.Dim, first, size ir.Dim, width int64, vectors bool) error {
	if !vectors || width%int64(e.lanes) != 0 {
		return m.pairsAlong(e, f, buf, base, batch, first, size, width, false)
	}
	order := alternating(e.lanes)
	for at := int64(0); at < width; at += int64(e.lanes) {
		o := first.Add(ir.Const(at))
		value := func(k, _ ir.Dim) (*kernel.Value, error) {
			return m.half(e, f, batch, part{at: o, step: one}, part{at: k, step: zero}, one)
		}
		err := e.under(cond{at: o, step: one, least: zero, most: size.Sub(one)}, func() error {
			return m.restOfPairs(e, zero, value, func(k ir.Dim, a, b *kernel.Value) {
				e.Store(buf, base.Add(k.Mul(ir.Const(width))).Add(ir.Const(2*at)), e.Shuffle(a, b, order...))
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// half is a number, or a vector, of a matrix as bf16.
func (m *gemm) half(e *emitter, f factor, batch []ir.Dim, outer, k part, step ir.Dim) (*kernel.Value, error) {
	q, err := f.at(batch, outer, k)
	if err != nil {
		return nil, err
	}
	v, err := e.value(f.v, q)
	if err != nil {
		return nil, err
	}
	if !isZero(step) {
		v = e.spread(v, e.lanes)
	}
	return e.Cast(v, host.BF16), nil
}

// restOfPairs goes over the pairs from a k on; the last one may have a number and a 0.
func (m *gemm) restOfPairs(e *emitter, from ir.Dim, value func(k, step ir.Dim) (*kernel.Value, error), put func(k ir.Dim, a, b *kernel.Value)) error {
	pair := func(k ir.Dim, whole bool) error {
		a, err := value(k, zero)
		if err != nil {
			return err
		}
		b := e.nothing(host.BF16, a.Type.Lanes)
		if whole {
			if b, err = value(k.Add(one), zero); err != nil {
				return err
			}
		}
		put(k, a, b)
		return nil
	}
	pairs := m.k.Sub(from).FloorDiv(ir.Const(2))
	if !isZero(pairs) {
		_, err := e.loop(kernel.Serial, "p", pairs, nil, func(p ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			return nil, pair(from.Add(p.Mul(ir.Const(2))), true)
		})
		if err != nil {
			return err
		}
	}
	if isZero(m.deep().Sub(m.k)) {
		return nil
	}
	return pair(m.k.Sub(one), false)
}
