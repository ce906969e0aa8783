package kernel

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// computations are the operations that are not lanewise and need nothing but values and indices.
var computations = map[Op]func(t *thread, in *Instr, to Type) ([]uint64, error){
	Const: func(_ *thread, in *Instr, to Type) ([]uint64, error) {
		return filled(to.Lanes, constBits(in, to.Elem)), nil
	},
	Index:  (*thread).index,
	Within: (*thread).within,
	Splat: func(t *thread, in *Instr, to Type) ([]uint64, error) {
		return filled(to.Lanes, t.value(in.Args[0])[0]), nil
	},
	Lanes:      countLanes,
	Shuffle:    (*thread).shuffle,
	Pick:       pick,
	Sum:        folding(Add),
	LanesMin:   folding(Min),
	LanesMax:   folding(Max),
	Any:        folding(Or),
	All:        folding(And),
	DotBytes:   dot(4, func(a, b uint64) float64 { return float64(int64(a) * int64(b)) }),
	DotHalf:    dot(2, func(a, b uint64) float64 { return fromBits(host.BF16, a) * fromBits(host.BF16, b) }),
	TileMulAdd: tileMulAdd,
}

func (t *thread) compute(in *Instr) error {
	to := in.Result.Type
	f := lanewise[in.Op]
	if f == nil {
		lanes, err := computations[in.Op](t, in, to)
		t.values[in.Result] = lanes
		return err
	}
	from := in.Args[0].Type.Elem
	args, lanes := make([]uint64, len(in.Args)), make([]uint64, to.Lanes)
	for i := range lanes {
		for k, a := range in.Args {
			args[k] = t.value(a)[i]
		}
		if err := undefined(in.Op, from, args); err != nil {
			return fmt.Errorf("lane %d: %w", i, err)
		}
		lanes[i] = f(from, to.Elem, args)
	}
	t.values[in.Result] = lanes
	return nil
}

// undefined reports arguments that machines differ on.
func undefined(op Op, e host.Elem, a []uint64) error {
	switch {
	case e.IsFloat():
	case (op == Div || op == Rem) && a[1] == 0:
		return fmt.Errorf("integer division by zero")
	case (op == Div || op == Rem) && e.Kind() == host.KindInt && int64(a[1]) == -1 && a[0] == uint64(int64(-1)<<(e.Bits()-1)):
		return fmt.Errorf("the quotient of the least %s and -1 does not fit", e)
	case (op == ShiftLeft || op == ShiftRight) && a[1] >= uint64(e.Bits()):
		return fmt.Errorf("a shift of %s by %d", e, int64(a[1]))
	}
	return nil
}

func filled(n int, bits uint64) []uint64 {
	lanes := make([]uint64, n)
	for i := range lanes {
		lanes[i] = bits
	}
	return lanes
}

func (t *thread) index(in *Instr, to Type) ([]uint64, error) {
	n, err := t.dim(in.Index)
	return filled(to.Lanes, wrapInt(to.Elem, uint64(n))), err
}

func countLanes(_ *thread, _ *Instr, to Type) ([]uint64, error) {
	lanes := make([]uint64, to.Lanes)
	for i := range lanes {
		lanes[i] = uint64(i)
	}
	return lanes, nil
}

func (t *thread) within(in *Instr, to Type) ([]uint64, error) {
	var n [4]int64
	for i, d := range []ir.Dim{in.Index, in.Stride, in.Least, in.Most} {
		var err error
		if n[i], err = t.dim(d); err != nil {
			return nil, err
		}
	}
	lanes := make([]uint64, to.Lanes)
	for i := range lanes {
		at := n[0] + n[1]*int64(i)
		lanes[i] = boolBits(n[2] <= at && at <= n[3])
	}
	return lanes, nil
}

func (t *thread) shuffle(in *Instr, _ Type) ([]uint64, error) {
	var all []uint64
	for _, a := range in.Args {
		all = append(all, t.value(a)...)
	}
	lanes := make([]uint64, len(in.Lane))
	for i, l := range in.Lane {
		lanes[i] = all[l]
	}
	return lanes, nil
}

func pick(t *thread, in *Instr, to Type) ([]uint64, error) {
	table, at := t.value(in.Args[0]), t.value(in.Args[1])
	lanes := make([]uint64, to.Lanes)
	for i := range lanes {
		lanes[i] = table[at[i]&uint64(len(table)-1)]
	}
	return lanes, nil
}

// folding combines the lanes pairwise, the lower half with the upper one, until one is left; of an odd number the middle
// lane waits.
func folding(op Op) func(*thread, *Instr, Type) ([]uint64, error) {
	return func(t *thread, in *Instr, to Type) ([]uint64, error) {
		lanes := append([]uint64(nil), t.value(in.Args[0])...)
		for n := len(lanes); n > 1; n = (n + 1) / 2 {
			for i := range n / 2 {
				lanes[i] = lanewise[op](to.Elem, to.Elem, []uint64{lanes[i], lanes[i+(n+1)/2]})
			}
		}
		return lanes[:1], nil
	}
}

func dot(times int, product func(a, b uint64) float64) func(*thread, *Instr, Type) ([]uint64, error) {
	return func(t *thread, in *Instr, to Type) ([]uint64, error) {
		a, b, sum := t.value(in.Args[0]), t.value(in.Args[1]), t.value(in.Args[2])
		lanes := make([]uint64, to.Lanes)
		for i := range lanes {
			lanes[i] = sum[i]
			for k := range times {
				p := product(a[i*times+k], b[i*times+k])
				if to.Elem == host.I32 {
					lanes[i] = wrapInt(to.Elem, lanes[i]+uint64(int64(p)))
				} else {
					lanes[i] = toBits(to.Elem, fromBits(to.Elem, lanes[i])+p)
				}
			}
		}
		return lanes, nil
	}
}

// tileFloats widens the elements of a matrix to f32.
func tileFloats(e host.Elem, lanes []uint64) []uint64 {
	if e == host.F32 {
		return lanes
	}
	wide := make([]uint64, len(lanes))
	for i, x := range lanes {
		wide[i] = castBits(e, host.F32, x)
	}
	return wide
}

func tileMulAdd(t *thread, in *Instr, to Type) ([]uint64, error) {
	a, b := tileFloats(in.Args[0].Type.Elem, t.value(in.Args[0])), tileFloats(in.Args[1].Type.Elem, t.value(in.Args[1]))
	lanes := slices.Clone(t.value(in.Args[2]))
	for i := range lanes {
		for k := range 8 {
			lanes[i] = mulAdd(to.Elem, to.Elem, []uint64{a[i/8*8+k], b[k*8+i%8], lanes[i]})
		}
	}
	return lanes, nil
}
