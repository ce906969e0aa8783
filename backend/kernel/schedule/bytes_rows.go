package schedule

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// roundedRows are rows as bytes with a sign: x is about byte * scale, where a block's scale is its largest magnitude over 127. The
// bytes of a block lie in the order in which codes become bytes, zeros behind its end. Rows fill whole tiles; what is behind
// the last one is that again.
type roundedRows struct {
	bytes  *kernel.Buffer
	scales *kernel.Buffer
	sums   *kernel.Buffer // less the sum of a block's bytes, for zero points as f32, else times the codes' bias; nil: nothing is needed
	stride int64          // from row to row of bytes
	blocks int64          // of a row
}

// leastMagnitude is what a block of smaller numbers is rounded by, as the reciprocals of its scale would be infinite.
const leastMagnitude = 0x1p-100

// four is the bytes that are added up at a time, of a row in all lanes.
func (r *roundedRows) four(m *gemm, row, block ir.Dim, dot int64) *kernel.Value {
	v := m.Load(r.bytes, row.Mul(ir.Const(r.stride)).Add(block.Mul(ir.Const(blockK))).Add(ir.Const(4*dot)), 4)
	lanes := make([]int, 4*m.emitter.lanes)
	for i := range lanes {
		lanes[i] = i % 4
	}
	return m.Shuffle(v, nil, lanes...)
}

// load is a number of a block of a row.
func (r *roundedRows) load(m *gemm, buf *kernel.Buffer, row, block ir.Dim) *kernel.Value {
	return m.Load(buf, row.Mul(ir.Const(r.blocks)).Add(block), 1)
}

// start is what the sum of a block starts with.
func (r *roundedRows) start(m *gemm, row, block ir.Dim) *kernel.Value {
	if r.sums == nil || r.sums.Elem != host.I32 {
		return m.Int(kernel.Type{Elem: host.I32, Lanes: m.emitter.lanes}, 0)
	}
	return m.Splat(r.load(m, r.sums, row, block), m.emitter.lanes)
}

// roundRows makes the kernel that rounds all rows.
func (p *byteProduct) roundRows() error {
	m, c := p.gemm, p.weights
	e := newEmitter(m.g, m.target, m.emitter.lanes)
	r := &p.rounded
	r.blocks = (c.k + blockK - 1) / blockK
	r.stride = lined(r.blocks*blockK, host.I8)
	rows := ceilDiv(m.m, ir.Const(int64(p.height))).Mul(ir.Const(int64(p.height)))
	temp := func(elem host.Elem, n int64) (to, from *kernel.Buffer) {
		index, size := len(m.temps), rows.Mul(ir.Const(n))
		name := fmt.Sprintf("temp%d", index)
		m.temps = append(m.temps, Temp{elem, size})
		return e.Output(name, elem, size).As(kernel.Temporary, index), m.Input(name, elem, size).As(kernel.Temporary, index)
	}
	var to roundedRows
	to.bytes, r.bytes = temp(host.I8, r.stride)
	to.scales, r.scales = temp(host.F32, r.blocks)
	switch {
	case p.op.Operand(2) != nil:
		to.sums, r.sums = temp(host.F32, r.blocks)
	case c.bias() != 0:
		to.sums, r.sums = temp(host.I32, r.blocks)
	}
	line := e.Buffer("row", host.F32, ir.Const(r.blocks*blockK), kernel.Private, 0)
	_, err := e.loop(kernel.Parallel, "r", rows, nil, func(row ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		from := row
		if !isZero(m.m.Mod(ir.Const(int64(p.height)))) {
			from = e.symbol("row", row.Min(m.m.Sub(one)), m.m.Sub(one))
		}
		for i := c.k; i < r.blocks*blockK; i++ {
			e.Store(line, ir.Const(i), e.Float(kernel.Type{Elem: host.F32, Lanes: 1}, 0))
		}
		if err := m.copyRow(e, m.contraction.a, line, zero, nil, from); err != nil {
			return nil, err
		}
		return nil, e.serial("b", r.blocks, func(block ir.Dim) error {
			p.roundBlock(e, line, to, row, block)
			return nil
		})
	})
	if err != nil {
		return err
	}
	k, err := e.Build()
	if err != nil {
		return err
	}
	m.first = append(m.first, k)
	return nil
}

// roundBlock rounds a block of a row. Magnitudes are compared as the integers that their bits are, of which those of NaN are the
// largest; what is added to a number is so large that the sum is rounded to an integer, in its last bits.
func (p *byteProduct) roundBlock(e *emitter, line *kernel.Buffer, to roundedRows, row, block ir.Dim) {
	r := &p.rounded
	width := min(e.lanes, blockK)
	f := kernel.Type{Elem: host.F32, Lanes: 1}
	var list []*kernel.Value
	most := e.Splat(e.Bits(e.Float(f, leastMagnitude), host.I32), width)
	for i := 0; i < blockK; i += width {
		v := e.Load(line, block.Mul(ir.Const(blockK)).Add(ir.Const(int64(i))), width)
		list = append(list, v)
		most = e.Op(kernel.Max, most, e.Bits(e.Op(kernel.Abs, v), host.I32))
	}
	largest := e.Bits(e.Op(kernel.LanesMax, most), host.F32)
	by := e.Splat(e.Op(kernel.Div, e.Float(f, 127), largest), width)
	const large = 3 << 22
	var sum *kernel.Value
	for i, v := range list {
		v = e.Op(kernel.MulAdd, v, by, e.Float(v.Type, large))
		v = e.Op(kernel.Sub, e.Bits(v, host.I32), e.Int(kernel.Type{Elem: host.I32, Lanes: width}, int64(math.Float32bits(large))))
		list[i] = e.Cast(v, host.I8)
		if sum != nil {
			v = e.Op(kernel.Add, sum, v)
		}
		sum = v
	}
	e.Store(to.bytes, row.Mul(ir.Const(r.stride)).Add(block.Mul(ir.Const(blockK))), e.inOrder(list, p.weights.neighbour))
	at := row.Mul(ir.Const(r.blocks)).Add(block)
	e.Store(to.scales, at, e.Op(kernel.Div, largest, e.Float(f, 127)))
	if to.sums == nil {
		return
	}
	all := e.Op(kernel.Neg, e.Op(kernel.Sum, sum))
	if to.sums.Elem == host.I32 {
		all = e.Op(kernel.Mul, all, e.Int(all.Type, int64(p.weights.bias())))
	}
	e.Store(to.sums, at, e.Cast(all, to.sums.Elem))
}

// inOrder joins vectors, and puts what is in the place that neighbour names first, and so on.
func (e *emitter) inOrder(list []*kernel.Value, neighbour func(dot, b int64) int64) *kernel.Value {
	for len(list) > 1 {
		var next []*kernel.Value
		for i := 0; i < len(list); i += 2 {
			both := make([]int, 2*list[i].Type.Lanes)
			for lane := range both {
				both[lane] = lane
			}
			next = append(next, e.Shuffle(list[i], list[i+1], both...))
		}
		list = next
	}
	order := make([]int, list[0].Type.Lanes)
	for i := range order {
		order[i] = int(neighbour(int64(i/4), int64(i%4)))
	}
	return e.Shuffle(list[0], nil, order...)
}
