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

// hard are numbers at which functions turn, or end.
var hard = []float64{0, math.Copysign(0, -1), 1, 0.5, 0.3, 1e-4, 9e-4, 1.1e-3, 0.41421354, 0.41421360, 0.9999999, 1.0000001, 2, 3, 2.5, 7, 10, 64, 88, 1e-30, 1e-38, 1e-40,
	1e10, 16777216, 1e30, 3e38, math.Inf(1), math.NaN(), math.MaxFloat32, math.SmallestNonzeroFloat32}

// TestFunctions holds functions of f32 that are made of others against the interpreter, which rounds f64 once, in units in the last place.
func TestFunctions(t *testing.T) {
	n := &natively{}
	for i, f := range []struct {
		name string
		args int
		ulps float64
	}{
		{"sinh", 1, 1}, {"cosh", 1, 1}, {"asinh", 1, 1}, {"acosh", 1, 1}, {"atanh", 1, 1}, {"hypot", 2, 1}, {"pow", 2, 1},
		{"asin", 1, 4}, {"acos", 1, 4}, {"atan", 1, 4}, {"atan2", 2, 4}, {"erfc", 1, 4}, {"erfcx", 1, 4}, {"erfinv", 1, 8},
		{"fmod", 2, 0}, {"remainder", 2, 0}, {"floor_div", 2, 0},
	} {
		if skipped(i, 10) {
			continue
		}
		op, in, want, b := functionCase(t, f.name, f.args)
		var got *host.Tensor
		for _, to := range targets[2:] {
			g, err := schedule.NewGroup(op)
			if err != nil {
				t.Fatal(err)
			}
			made, why := schedule.Plan(g, to)
			if why != "" {
				t.Fatal(why)
			}
			if got, err = n.compute(f.name, to, made, in, nil, want); err != nil {
				t.Fatal(err)
			}
		}
		bad := 0
		for i := range want.Len() {
			x, y := host.FloatAt(got, i), host.FloatAt(want, i)
			if x == y && math.Signbit(x) == math.Signbit(y) || math.IsNaN(x) && math.IsNaN(y) {
				continue
			}
			_, exp := math.Frexp(y)
			unit := math.Ldexp(1, max(exp, -125)-24)
			if !(math.Abs(x-y) <= f.ulps*unit) && bad < 5 {
				bad++
				t.Errorf("%s of %v, %v is %v, expected %v", f.name, host.FloatAt(in[0], i), b[i], x, y)
			}
		}
	}
	n.run(t)
}

// functionCase is a function of one or two arguments with numbers for it, and what the interpreter makes of them. The last list is of
// second arguments.
func functionCase(t *testing.T, name string, args int) (*ir.Op, []*host.Tensor, *host.Tensor, []float64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var a, b []float64
	for _, x := range hard {
		for _, y := range hard {
			a, b = append(a, x, -x, x, -x), append(b, y, y, -y, -y)
		}
	}
	for range 1500 {
		x := rng.NormFloat64() * math.Exp(rng.NormFloat64()*8)
		a, b = append(a, x, rng.Float64()*2-1, x), append(b, rng.NormFloat64()*4, rng.NormFloat64()*math.Exp(rng.NormFloat64()*20), float64(rng.IntN(9)-4))
	}
	params, operands := fmt.Sprintf("%%a: tensor<%dxf32>", len(a)), "%a"
	in := []*host.Tensor{host.New(host.F32, len(a)), host.New(host.F32, len(a))}[:args]
	for k, list := range [][]float64{a, b}[:args] {
		for i, x := range list {
			host.SetFloat(in[k], i, x)
		}
	}
	if args == 2 {
		params, operands = params+fmt.Sprintf(", %%b: tensor<%dxf32>", len(a)), "%a, %b"
	}
	result := fmt.Sprintf("tensor<%dxf32>", len(a))
	m, op := parse(t, module(params, result, fmt.Sprintf("%%y = tensor.%s(%s) : %s", name, operands, result)))
	want, err := reference(m, in)
	if err != nil {
		t.Fatal(err)
	}
	return op, in, want[0], b
}

// TestGPUFunctions holds functions of f32 on a GPU, which are computed without f64, within 1e-5 of the result. What is nearly no normal
// number may be off by one, and is not divided by: GPUs may take it for 0.
func TestGPUFunctions(t *testing.T) {
	for i, f := range []struct {
		name           string
		args           int
		exact, divides bool
	}{
		{"sinh", 1, false, false}, {"cosh", 1, false, false}, {"asinh", 1, false, false}, {"acosh", 1, false, false}, {"atanh", 1, false, false}, {"hypot", 2, false, false}, {"pow", 2, false, false},
		{"asin", 1, false, false}, {"acos", 1, false, false}, {"atan", 1, false, false}, {"atan2", 2, false, false}, {"erfc", 1, false, false}, {"erfcx", 1, false, false}, {"erfinv", 1, false, false},
		{"tan", 1, false, false}, {"expm1", 1, false, false}, {"log1p", 1, false, false}, {"fmod", 2, true, true}, {"remainder", 2, true, true}, {"floor_div", 2, false, true},
	} {
		if skipped(i, 10) {
			continue
		}
		op, in, want, b := functionCase(t, f.name, f.args)
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		made, why := schedule.Plan(g, gpus[0])
		if why != "" {
			t.Fatal(why)
		}
		got, err := compute(made, in, nil, want)
		if err != nil {
			t.Fatal(err)
		}
		bad := 0
		for i := range want.Len() {
			x, y := host.FloatAt(got, i), host.FloatAt(want, i)
			if small := math.Abs(b[i]); f.divides && small > 0 && small < 0x1p-126 {
				continue
			}
			near := x == y || math.IsNaN(x) && math.IsNaN(y) || !f.exact && math.Abs(x-y) <= 1e-5*math.Abs(y)+0x1p-126
			if !near && bad < 5 {
				bad++
				t.Errorf("%s of %v, %v is %v, expected %v", f.name, host.FloatAt(in[0], i), b[i], x, y)
			}
		}
	}
}
