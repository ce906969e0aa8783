package memory_test

import (
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/ir/host"
)

// TestArena takes, splits, keeps and drops blocks at random, each of which is filled with a number of its own: no block is ever
// written to by another one, and after a first round of calls no more is mapped.
func TestArena(t *testing.T) {
	var a memory.Arena
	defer func() {
		if err := a.Free(); err != nil {
			t.Error(err)
		}
	}()
	mapped := 0
	for round := range 4 {
		rng := rand.New(rand.NewPCG(3, 3))
		type held struct {
			x    *host.Tensor
			fill byte
		}
		var list []held
		hold := func(data []byte, fill byte) {
			x, err := host.FromBytes(host.U8, []int{len(data)}, data)
			if err != nil {
				t.Fatal(err)
			}
			for i := range data {
				data[i] = fill
			}
			a.Keep(x)
			list = append(list, held{x, fill})
		}
		for i := range 500 {
			data, err := a.Take(1+rng.IntN(5000), rng.IntN(2) == 0)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(data); n > 300 && i%3 == 0 {
				a.Split(data, []memory.Span{{From: 0, To: 70}, {From: 192, To: 250}})
				hold(data[:70], byte(i))
				hold(data[192:250], byte(i+1))
			} else {
				hold(data, byte(i))
			}
			for len(list) > 12 {
				k := rng.IntN(len(list))
				h := list[k]
				for _, b := range h.x.Data {
					if b != h.fill {
						t.Fatalf("round %d, step %d: a block was written to by another one", round, i)
					}
				}
				a.Drop(h.x)
				if a.Holds(h.x) {
					t.Fatalf("round %d, step %d: a block that was dropped is still handed out", round, i)
				}
				list = append(list[:k], list[k+1:]...)
			}
		}
		if err := a.Reset(); err != nil {
			t.Fatal(err)
		}
		if round >= 2 && a.Bytes() != mapped {
			t.Errorf("round %d left %d bytes mapped, the one before %d", round, a.Bytes(), mapped)
		}
		mapped = a.Bytes()
	}
}
