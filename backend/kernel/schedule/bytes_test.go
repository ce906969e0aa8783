package schedule_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// byteTests have every width of codes that become bytes, and sizes that blocks, panels, tiles and vectors do not divide.
func byteTests() []panelTest {
	var list []panelTest
	for i, codes := range []string{"i4", "u4", "i8", "u8", "i2", "u2", "u1"} {
		list = append(list,
			panelTest{codes: codes, scale: "f32", rows: 1 + i%3, n: 70, k: 64, group: 32},
			panelTest{codes: codes, scale: "f16", rows: 1, n: 33, k: 45 + i, before: true, after: true},
			panelTest{codes: codes, scale: "f32", rows: 5 + i, n: 37, k: 64, group: 64, after: true},
			panelTest{codes: codes, scale: "f32", rows: 2, n: 17, k: 33, transposed: true},
			panelTest{codes: codes, scale: "bf16", rows: 3, n: 34, k: 96, group: 32, zero: codes},
		)
	}
	for rows := 1; rows <= 14; rows++ {
		list = append(list, panelTest{codes: "i4", scale: "f32", rows: rows, n: 15 + rows, k: 64, group: 32, before: rows%2 == 0})
	}
	return append(list,
		panelTest{codes: "i4", scale: "f32", rows: 50, n: 40, k: 32}, // more rows than a round takes
		panelTest{codes: "i4", scale: "f32", rows: 1, n: 5, k: 7},
		panelTest{codes: "i4", scale: "f32", rows: 1, n: 1, k: 1},
		panelTest{codes: "i4", scale: "f32", rows: 8, n: 64, k: 1},
		panelTest{codes: "i8", scale: "f32", rows: 1, n: 16, k: 40, shared: true},
		panelTest{codes: "u8", scale: "f32", rows: 2, n: 65, k: 80, shared: true, zero: "u8"},
		panelTest{codes: "u4", scale: "f32", rows: 2, n: 65, k: 96, group: 32, transposed: true, zero: "u4"},
	)
}

// TestBytes holds products of rows rounded to 8 bits against the definition.
func TestBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	n := &natively{}
	for i, p := range byteTests() {
		if skipped(i, 8) {
			continue
		}
		t.Run(p.name(), func(t *testing.T) {
			m, op := parse(t, p.source())
			in := randomInputs(rng, m.Funcs[0].Params, nil)
			for i := range in[0].Len() {
				host.SetFloat(in[0], i, rng.NormFloat64())
			}
			for i := range in[1].Len() { // all codes that there are
				low, high := in[1].Elem.Range()
				host.SetInt(in[1], i, int64(low)+rng.Int64N(int64(high-low)+1))
			}
			want := p.rounded(in)
			for _, to := range targets[1:] {
				to.Bytes = true
				if err := n.bytes(p.name(), op, to, in, want); err != nil {
					t.Errorf("%s: %v", to.Name, err)
				}
			}
		})
	}
	n.run(t)
}

// rounded is the product by its definition, computed in f64: x is rounded to 8 bits, block by block, and nothing else is.
func (p panelTest) rounded(in []*host.Tensor) *host.Tensor {
	y := host.New(host.F32, p.rows, p.n)
	for row := range p.rows {
		x := make([]float64, p.k)
		for first := 0; first < p.k; first += 32 {
			block := x[first:min(first+32, p.k)]
			largest := float32(0x1p-100)
			for i := range block {
				block[i] = host.At(in[0], row*p.k+first+i).(float64)
				if p.before {
					block[i] = -block[i]
				}
				largest = max(largest, float32(math.Abs(block[i])))
			}
			for i, v := range block {
				block[i] = math.RoundToEven(v*float64(127/largest)) * float64(largest/127)
			}
		}
		for col := range p.n {
			sum := 0.0
			for k, v := range x {
				sum += v * p.weight(in, col, k)
			}
			if p.after {
				sum = max(sum, 0)
			}
			host.SetFloat(y, row*p.n+col, sum)
		}
	}
	return y
}

// weight is the number that a code stands for.
func (p panelTest) weight(in []*host.Tensor, col, k int) float64 {
	at := func(x *host.Tensor, col, k int) float64 {
		if p.transposed {
			col, k = k, col
		}
		switch v := host.At(x, col*x.Shape[1]+k).(type) {
		case float64:
			return v
		case int64:
			return float64(v)
		case uint64:
			return float64(v)
		}
		return math.NaN()
	}
	group, column := 0, col
	if p.group > 0 {
		group = k / p.group
	}
	if p.shared {
		column = 0
	}
	w := at(in[1], col, k)
	if p.zero != "" {
		w -= at(in[3], column, group)
	}
	return w * at(in[2], column, group)
}

// bytes computes a product whose operands, but the first, are constants, and wants it from bytes.
func (n *natively) bytes(name string, op *ir.Op, to schedule.Target, in []*host.Tensor, want *host.Tensor) error {
	g, err := schedule.NewGroup(op)
	if err != nil {
		return err
	}
	for k := range g.Constants {
		g.Constants[k] = k > 0
	}
	made, why := schedule.Plan(g, to)
	if why != "" {
		return fmt.Errorf("%s", why)
	}
	if len(made.Temps) == 0 || made.Temps[0].Elem != host.I8 {
		return fmt.Errorf("no rows are rounded to 8 bits")
	}
	got, err := n.compute(name, to, made, in, nil, want)
	if err != nil {
		return err
	}
	for i := range want.Len() { // scales are below 1, and codes at most 255
		x, y := host.At(got, i).(float64), host.At(want, i).(float64)
		if !(math.Abs(x-y) <= 1e-6*(math.Abs(y)+255*math.Sqrt(float64(in[0].Shape[1])))) {
			return fmt.Errorf("element %d is %v, want %v", i, x, y)
		}
	}
	return nil
}
