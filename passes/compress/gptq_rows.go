package compress

import "github.com/aiopt/aiopt/ir/host"

const (
	gptqRows  = 64  // rows that are worked on together
	gptqBlock = 128 // inputs whose errors are carried to the others at once
)

// gptqPiece is some rows of a weight: matrices [inputs, rows], so that the rows of one input are neighbours.
type gptqPiece struct {
	*gptqJob
	rows      []int        // their numbers
	x, d, acc *host.Tensor // numbers, what is left of them without the chosen ones, and the rows of d times L
	chosen    []float32    // codes, as d
}

// piece chooses the codes of the rows of one piece.
func (j *gptqJob) piece(at int) error {
	p := &gptqPiece{gptqJob: j}
	for r := at * gptqRows; r < min(len(j.rowAt), (at+1)*gptqRows); r++ {
		p.rows = append(p.rows, r)
	}
	n := len(j.order)
	p.x, p.d, p.acc = host.New(host.F32, n, len(p.rows)), host.New(host.F32, n, len(p.rows)), host.New(host.F32, n, len(p.rows))
	p.chosen = make([]float32, n*len(p.rows))
	x, d := host.Raw[float32](p.x), host.Raw[float32](p.d)
	for pos, input := range j.order {
		for i, r := range p.rows {
			k := pos*len(p.rows) + i
			x[k] = j.weights[j.rowAt[r]+j.inputAt[input]]
			d[k] = x[k] - j.round.value(j.rowBlock[r]+j.inBlock[input], j.codes[j.rowAt[r]+j.inputAt[input]])
		}
	}
	signal, _, err := p.cost(p.x)
	if err != nil {
		return err
	}
	plain, plainSquares, err := p.cost(p.d)
	if err != nil {
		return err
	}
	if err := p.choose(); err != nil {
		return err
	}
	noise, squares := p.rowCosts(d)
	for i := range p.rows {
		if noise[i]+p.damping*squares[i] < plain[i]+p.damping*plainSquares[i] {
			p.keep(i)
		} else {
			noise[i], squares[i] = plain[i], plainSquares[i]
		}
		j.signal[at] += signal[i]
		j.plain[at] += plain[i]
		j.noise[at] += noise[i]
		j.sq[at] += squares[i]
	}
	return nil
}

// cost gives d H d^T of each row of a matrix, and its sum of squares.
func (p *gptqPiece) cost(d *host.Tensor) (cost, squares []float64, err error) {
	clear(host.Raw[float32](p.acc))
	for hi := len(p.order); hi > 0; hi -= gptqBlock {
		if err := p.carry(d, max(0, hi-gptqBlock), hi, hi); err != nil {
			return nil, nil, err
		}
	}
	cost, squares = p.rowCosts(host.Raw[float32](d))
	return cost, squares, nil
}

// rowCosts reads the costs of d off its product with L: the damping's share is taken away.
func (p *gptqPiece) rowCosts(d []float32) (cost, squares []float64) {
	n := len(p.rows)
	cost, squares = make([]float64, n), make([]float64, n)
	for k, v := range host.Raw[float32](p.acc) {
		cost[k%n] += float64(float64(v) * float64(v))
		squares[k%n] += float64(float64(d[k]) * float64(d[k]))
	}
	for i := range cost {
		cost[i] = max(0, cost[i]-float64(p.damping*squares[i]))
	}
	return cost, squares
}

// carry adds to the first inputs of acc what the inputs lo to hi of d contribute.
func (p *gptqPiece) carry(d *host.Tensor, lo, hi, first int) error {
	if first == 0 {
		return nil
	}
	l := p.lower.Slice(0, lo, hi, 1).Slice(1, 0, first, 1).Transpose([]int{1, 0})
	product, err := host.MatMul(host.Serial, l, d.Slice(0, lo, hi, 1))
	if err != nil {
		return err
	}
	acc := host.Raw[float32](p.acc)
	for k, v := range host.Raw[float32](product) {
		acc[k] += v
	}
	return nil
}

// choose fills codes and d, from the last input to the first, and leaves the product of d and L in acc.
func (p *gptqPiece) choose() error {
	clear(host.Raw[float32](p.acc))
	for hi := len(p.order); hi > 0; hi -= gptqBlock {
		lo := max(0, hi-gptqBlock)
		for pos := hi - 1; pos >= lo; pos-- {
			p.input(pos, lo)
		}
		if err := p.carry(p.d, lo, hi, lo); err != nil {
			return err
		}
	}
	return nil
}

// input chooses the codes of one input and carries what they are off by to those from lo on.
func (p *gptqPiece) input(pos, lo int) {
	n, inputs := len(p.rows), len(p.order)
	x, d, acc := host.Raw[float32](p.x)[pos*n:][:n], host.Raw[float32](p.d)[pos*n:][:n], host.Raw[float32](p.acc)
	own, codes := acc[pos*n:][:n], p.chosen[pos*n:][:n]
	l := host.Raw[float32](p.lower)[pos*inputs:][:pos+1]
	for i, r := range p.rows {
		code, value := p.round.nearest(p.rowBlock[r]+p.inBlock[p.order[pos]], x[i]+own[i]/l[pos])
		codes[i], d[i] = code, x[i]-value
		own[i] += float32(d[i] * l[pos])
	}
	for k := lo; k < pos; k++ {
		to, factor := acc[k*n:][:n], l[k]
		for i, v := range d {
			to[i] += float32(factor * v)
		}
	}
}

// keep takes over the codes of a row.
func (p *gptqPiece) keep(i int) {
	r := p.rows[i]
	for pos, input := range p.order {
		p.codes[p.rowAt[r]+p.inputAt[input]] = p.chosen[pos*len(p.rows)+i]
	}
}
