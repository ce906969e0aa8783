package host

import (
	"fmt"
	"math"
	"slices"
)

// Cell is the kind of a recurrent layer.
type Cell uint8

// The cells, with the number of gates their weights hold and how these are ordered.
const (
	CellTanh Cell = iota // 1
	CellReLU             // 1
	CellGRU              // 3: reset, update, new
	CellLSTM             // 4: input, forget, cell, output
)

func (c Cell) gates() int { return [...]int{1, 1, 3, 4}[c] }

// RecurrentParams are the operands of [Recurrent]; biases may be nil, and CellState is for an LSTM alone.
type RecurrentParams struct {
	Input                  *Tensor // [steps, batch, in]
	Hidden, CellState      *Tensor // [batch, hidden]
	WeightIn, WeightHidden *Tensor // [gates*hidden, in] and [gates*hidden, hidden]
	BiasIn, BiasHidden     *Tensor // [gates*hidden]
	Reverse                bool    // from the last step to the first
}

// Recurrent runs one layer in one direction. It gives the hidden state after each step [steps, batch, hidden] and the last
// hidden and, for an LSTM, cell state. Narrow floats are rounded at the end only.
func Recurrent(p Parallel, kind Cell, c RecurrentParams) (y, h, cell *Tensor, err error) {
	if err := c.check(kind); err != nil {
		return nil, nil, nil, err
	}
	switch c.Input.Elem.Class() {
	case ClassF32:
		return recurrent[float32](p, kind, c)
	case ClassF64:
		return recurrent[float64](p, kind, c)
	}
	return nil, nil, nil, unsupported("recurrent layer", c.Input.Elem)
}

func (c *RecurrentParams) check(kind Cell) error {
	x, h := c.Input, c.Hidden
	if x.Rank() != 3 || h.Rank() != 2 || h.Shape[0] != x.Shape[1] {
		return fmt.Errorf("a recurrent layer cannot start from %s with the input %s", h, x)
	}
	n := kind.gates() * h.Shape[1]
	for _, t := range []struct {
		what  string
		t     *Tensor
		shape []int
	}{
		{"cell state", c.CellState, h.Shape}, {"weight of the input", c.WeightIn, []int{n, x.Shape[2]}},
		{"weight of the hidden state", c.WeightHidden, []int{n, h.Shape[1]}}, {"bias", c.BiasIn, []int{n}}, {"bias", c.BiasHidden, []int{n}}, {"hidden state", h, h.Shape},
	} {
		if t.t != nil && (!slices.Equal(t.t.Shape, t.shape) || t.t.Elem != x.Elem) {
			return fmt.Errorf("the %s is %s, the recurrent layer needs shape %v of %s", t.what, t.t, ShapeText(t.shape), x.Elem)
		}
	}
	if kind == CellLSTM && c.CellState == nil {
		return fmt.Errorf("an LSTM needs a cell state")
	}
	return nil
}

// widened gives the tensor in the type it is computed in; it may be the tensor itself.
func widened[T float32 | float64](p Parallel, t *Tensor) (*Tensor, error) {
	if t == nil || isNatural[T](t.Elem) {
		return t, nil
	}
	out, err := Alloc(naturalElem[T](), t.Shape)
	if err != nil {
		return nil, err
	}
	return out, Cast(p, out, t)
}

func naturalElem[T float32 | float64]() Elem {
	if ClassOf[T]() == ClassF32 {
		return F32
	}
	return F64
}

func recurrent[T float32 | float64](p Parallel, kind Cell, c RecurrentParams) (y, h, cell *Tensor, err error) {
	e := c.Input.Elem
	for _, t := range []**Tensor{&c.Input, &c.WeightIn, &c.WeightHidden, &c.BiasIn, &c.BiasHidden} {
		if *t, err = widened[T](p, *t); err != nil {
			return nil, nil, nil, err
		}
	}
	gates, err := Linear(p, c.Input, c.WeightIn, c.BiasIn)
	if err != nil {
		return nil, nil, nil, err
	}
	steps, batch, hidden := c.Input.Shape[0], c.Input.Shape[1], c.Hidden.Shape[1]
	y, out, err := newResult[T](e, []int{steps, batch, hidden})
	if err != nil {
		return nil, nil, nil, err
	}
	state := slices.Clone(Values[T](c.Hidden))
	memory := []T{}
	if kind == CellLSTM {
		memory = slices.Clone(Values[T](c.CellState))
	}
	fromInput, width := Values[T](gates), kind.gates()*hidden
	for i := range steps {
		step := i
		if c.Reverse {
			step = steps - 1 - i
		}
		now, err := FromValues(naturalElem[T](), []int{batch, hidden}, state)
		if err != nil {
			return nil, nil, nil, err
		}
		more, err := Linear(p, now, c.WeightHidden, c.BiasHidden)
		if err != nil {
			return nil, nil, nil, err
		}
		fromHidden := Values[T](more)
		for b := range batch {
			in, own := fromInput[(step*batch+b)*width:][:width], fromHidden[b*width:][:width]
			at := b * hidden
			switch kind {
			case CellLSTM:
				lstmStep(state[at:at+hidden], memory[at:at+hidden], in, own)
			case CellGRU:
				gruStep(state[at:at+hidden], in, own)
			default:
				plainStep(state[at:at+hidden], in, own, kind == CellReLU)
			}
		}
		copy(out[step*batch*hidden:], state)
	}
	finish(p, y, out)
	if h, err = valuesAs(p, e, c.Hidden.Shape, state); err != nil || kind != CellLSTM {
		return y, h, nil, err
	}
	cell, err = valuesAs(p, e, c.Hidden.Shape, memory)
	return y, h, cell, err
}

func valuesAs[T float32 | float64](p Parallel, e Elem, shape []int, values []T) (*Tensor, error) {
	out, buf, err := newResult[T](e, shape)
	if err == nil {
		copy(buf, values)
		finish(p, out, buf)
	}
	return out, err
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func lstmStep[T float32 | float64](h, c, x, own []T) {
	n := len(h)
	gate := func(k, i int) float64 { return float64(x[k*n+i] + own[k*n+i]) }
	for i := range h {
		cell := sigmoid(gate(1, i))*float64(c[i]) + sigmoid(gate(0, i))*math.Tanh(gate(2, i))
		c[i] = T(cell)
		h[i] = T(sigmoid(gate(3, i)) * math.Tanh(cell))
	}
}

func gruStep[T float32 | float64](h, x, own []T) {
	n := len(h)
	gate := func(k, i int) float64 { return sigmoid(float64(x[k*n+i] + own[k*n+i])) }
	for i := range h {
		next := math.Tanh(float64(x[2*n+i]) + gate(0, i)*float64(own[2*n+i]))
		h[i] = T(next + gate(1, i)*(float64(h[i])-next))
	}
}

func plainStep[T float32 | float64](h, x, own []T, relu bool) {
	for i := range h {
		if sum := x[i] + own[i]; relu {
			h[i] = max(sum, 0)
		} else {
			h[i] = T(math.Tanh(float64(sum)))
		}
	}
}
