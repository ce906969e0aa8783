package kernel_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestVerifiedRandomAccesses makes kernels with one access each, of random loops, masks, branches and bound numbers over open sizes, and
// runs those that Verify accepts at all small sizes: no access leaves its buffer.
func TestVerifiedRandomAccesses(t *testing.T) {
	const least = 60 // of each kind, so that the test says something
	accepted, refused := 0, 0
	for seed := range uint64(600) {
		k := randomAccess(t, rand.New(rand.NewPCG(seed, 17)))
		switch err := kernel.Verify(k); {
		case err != nil && !strings.Contains(err.Error(), "is not proven"):
			t.Fatalf("seed %d: %v\n%s", seed, err, kernel.Print(k))
		case err != nil:
			refused++
			continue
		}
		accepted++
		for m := range int64(6) {
			for n := range int64(6) {
				sizes := map[string]int64{"M": m, "N": n}
				length, err := k.Buffers[0].Len.Eval(func(s string) (int64, bool) { return sizes[s], true })
				if err != nil {
					t.Fatal(err)
				}
				if err := kernel.Run(k, kernel.Call{Sizes: sizes, Buffers: [][]byte{make([]byte, 4*max(length, 0))}}); err != nil {
					t.Fatalf("seed %d, M %d, N %d: %v\n%s", seed, m, n, err, kernel.Print(k))
				}
			}
		}
	}
	if accepted < least || refused < least {
		t.Errorf("%d kernels are accepted and %d refused, expected at least %d of each", accepted, refused, least)
	}
}

// randomAccess makes a kernel that stores to y, mostly to places that lie in it.
func randomAccess(t testing.TB, rng *rand.Rand) *kernel.Kernel {
	b := kernel.NewBuilder("k")
	m := b.Size(&ir.DimDecl{Name: "M", Min: 0, Max: 100})
	n := b.Size(&ir.DimDecl{Name: "N", Min: 0, Max: 100})
	pick := func(dims ...ir.Dim) ir.Dim { return dims[rng.IntN(len(dims))] }
	lanes := []int{1, 4}[rng.IntN(2)]
	half := n.Add(c(1)).FloorDiv(c(2))
	inner := pick(n, n, half, n.Mul(c(2)))
	y := b.Output("y", host.F32, pick(m.Mul(inner), m.Mul(inner), m.Mul(n), m.Mul(n).Add(c(rng.Int64N(4)))))
	store := func(at ir.Dim, mask *kernel.Value) {
		b.StoreLanes(y, at, pick(c(1), c(1), c(-1)), b.Float(kernel.Type{Elem: host.F32, Lanes: lanes}, 1), mask)
	}
	step := int64(1 + rng.IntN(2)*(lanes-1))
	b.For(kernel.Serial, "i", pick(m, m, m.Sub(c(1)).Max(c(0))), 1, func(i ir.Dim) {
		b.For(kernel.Serial, "j", pick(inner, inner, half), step, func(j ir.Dim) {
			at, along := i.Mul(inner).Add(j), j
			if rng.IntN(3) == 0 {
				along = j.Add(c(rng.Int64N(5) - 2))
				at = i.Mul(inner).Add(along)
			}
			switch rng.IntN(4) {
			case 0:
				store(at, nil)
			case 1:
				store(at, b.Within(lanes, along, c(1), c(0), pick(inner, n).Sub(c(1))))
			case 2:
				b.If(ir.Cond{Left: along.Add(c(int64(lanes))), Rel: ir.RelLE, Right: inner}, func() { store(at, nil) })
			default:
				s := b.Bind(b.Index(host.I64, along.Mul(c(2)).Sub(c(1))), "s", c(0), inner.Max(c(1)).Sub(c(1)), nil)
				store(i.Mul(inner).Add(s), b.Within(lanes, s, c(1), c(0), inner.Sub(c(1))))
			}
		})
	})
	b.VerifyBy(func(*kernel.Kernel) error { return nil })
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k
}
