package host

import (
	"fmt"
	"math"
	"testing"
)

// naiveRecurrent runs one layer for one element of the batch at a time.
func naiveRecurrent(kind Cell, c RecurrentParams) (y, h, cell []complex128) {
	steps, batch, in, n := c.Input.Shape[0], c.Input.Shape[1], c.Input.Shape[2], c.Hidden.Shape[1]
	x, wx, wh := Values[float64](c.Input), Values[float64](c.WeightIn), Values[float64](c.WeightHidden)
	bx, bh := make([]float64, kind.gates()*n), make([]float64, kind.gates()*n)
	if c.BiasIn != nil {
		bx, bh = Values[float64](c.BiasIn), Values[float64](c.BiasHidden)
	}
	y = make([]complex128, steps*batch*n)
	for b := range batch {
		state, memory := append([]float64{}, Values[float64](c.Hidden)[b*n:(b+1)*n]...), make([]float64, n)
		if c.CellState != nil {
			memory = append([]float64{}, Values[float64](c.CellState)[b*n:(b+1)*n]...)
		}
		for i := range steps {
			if c.Reverse {
				i = steps - 1 - i
			}
			gx, gh := append([]float64{}, bx...), append([]float64{}, bh...)
			for g := range gx {
				for k := range in {
					gx[g] += wx[g*in+k] * x[(i*batch+b)*in+k]
				}
				for k := range n {
					gh[g] += wh[g*n+k] * state[k]
				}
			}
			for k := range n {
				switch kind {
				case CellTanh:
					state[k] = math.Tanh(gx[k] + gh[k])
				case CellReLU:
					state[k] = math.Max(gx[k]+gh[k], 0)
				case CellGRU:
					r, z := sigmoid(gx[k]+gh[k]), sigmoid(gx[n+k]+gh[n+k])
					state[k] = (1-z)*math.Tanh(gx[2*n+k]+r*gh[2*n+k]) + z*state[k]
				case CellLSTM:
					memory[k] = sigmoid(gx[n+k]+gh[n+k])*memory[k] + sigmoid(gx[k]+gh[k])*math.Tanh(gx[2*n+k]+gh[2*n+k])
					state[k] = sigmoid(gx[3*n+k]+gh[3*n+k]) * math.Tanh(memory[k])
				}
				y[(i*batch+b)*n+k] = complex(state[k], 0)
			}
		}
		for k := range n {
			h, cell = append(h, complex(state[k], 0)), append(cell, complex(memory[k], 0))
		}
	}
	return y, h, cell
}

func TestRecurrent(t *testing.T) {
	for _, kind := range []Cell{CellTanh, CellReLU, CellGRU, CellLSTM} {
		for _, e := range []Elem{F32, F16, F64} {
			for _, reverse := range []bool{false, true} {
				for _, steps := range []int{4, 0} {
					const batch, in, n = 3, 5, 2
					g := kind.gates() * n
					c := RecurrentParams{
						Input: transposed(e, 1, steps, batch, in), Hidden: noise(e, 2, batch, n), WeightIn: noise(e, 3, g, in), WeightHidden: noise(e, 4, g, n), Reverse: reverse,
					}
					if reverse {
						c.BiasIn, c.BiasHidden = noise(e, 5, g), noise(e, 6, g)
					}
					if kind == CellLSTM {
						c.CellState = noise(e, 7, batch, n)
					}
					y, h, cell, err := Recurrent(goParallel, kind, c)
					if err != nil {
						t.Fatal(err)
					}
					wantY, wantH, wantCell := naiveRecurrent(kind, c)
					what := fmt.Sprint(kind, e, reverse, steps)
					near(t, what+" y", y, []int{steps, batch, n}, wantY)
					near(t, what+" h", h, []int{batch, n}, wantH)
					if kind == CellLSTM {
						near(t, what+" cell", cell, []int{batch, n}, wantCell)
					}
				}
			}
		}
	}
	good := RecurrentParams{Input: New(F32, 4, 3, 5), Hidden: New(F32, 3, 2), CellState: New(F32, 3, 2), WeightIn: New(F32, 8, 5), WeightHidden: New(F32, 8, 2)}
	for name, change := range map[string]func(*RecurrentParams){
		"batch":   func(c *RecurrentParams) { c.Hidden = New(F32, 2, 2) },
		"cell":    func(c *RecurrentParams) { c.CellState = nil },
		"weight":  func(c *RecurrentParams) { c.WeightIn = New(F32, 6, 5) },
		"bias":    func(c *RecurrentParams) { c.BiasIn = New(F32, 2) },
		"element": func(c *RecurrentParams) { c.WeightHidden = New(F16, 8, 2) },
	} {
		c := good
		change(&c)
		if _, _, _, err := Recurrent(Serial, CellLSTM, c); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}
