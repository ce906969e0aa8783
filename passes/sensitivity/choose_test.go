package sensitivity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// randomTable has units of different sizes, with three schemes each.
func randomTable(seed uint64, units int) *Table {
	r := rand.New(rand.NewPCG(seed, 1))
	t := &Table{Metric: PSNR}
	for i := range units {
		n := int64(100 * (1 + r.IntN(20)))
		u := Unit{Name: fmt.Sprint(i), Before: 4 * n, elements: n, counts: true}
		for _, bits := range []int64{8, 4, 2} {
			u.Scores = append(u.Scores, Score{After: n * bits / 8, Signal: 1, Noise: r.Float64() * math.Pow(4, -float64(bits))})
		}
		t.Units = append(t.Units, u)
	}
	return t
}

func (t *Table) total(chosen []int) float64 {
	sum := 0.0
	for i, k := range chosen {
		_, loss := t.of(i, k)
		sum += loss
	}
	return sum
}

// TestChooseBits holds plans to their number of bits, and near to the best plan there is.
func TestChooseBits(t *testing.T) {
	const units = 6
	for seed := range uint64(40) {
		for _, bits := range []float64{2.5, 4.5, 7, 20} {
			table := randomTable(seed, units)
			p, err := table.Choose(&pass.Context{Context: t.Context()}, &ir.Module{}, Goal{Bits: bits})
			if err != nil {
				t.Fatal(err)
			}
			best := math.Inf(1)
			chosen := make([]int, units)
			for code := range 1 << (2 * units) {
				for i := range chosen {
					chosen[i] = code>>(2*i)&3 - 1
				}
				if table.bits(chosen) <= bits {
					best = min(best, table.total(chosen))
				}
			}
			if p.Bits > bits {
				t.Errorf("seed %d: %g bits were asked for, %g are chosen", seed, bits, p.Bits)
			}
			if got := table.total(p.Schemes); got > 2*best+1e-12 {
				t.Errorf("seed %d, %g bits: the plan loses %g, the best one %g", seed, bits, got, best)
			}
		}
	}
}

func TestChooseRefuses(t *testing.T) {
	table := randomTable(1, 3)
	ctx := &pass.Context{Context: t.Context()}
	if p, err := table.Choose(ctx, &ir.Module{}, Goal{Bits: 1}); err == nil {
		t.Errorf("1 bit a weight was reached: %v", p)
	}
	if p, err := table.Choose(ctx, &ir.Module{}, Goal{DB: 40}); err == nil {
		t.Errorf("a quality was promised without running the model: %v", p)
	}
}
