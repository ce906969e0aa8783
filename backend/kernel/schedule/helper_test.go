package schedule_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/processor"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

var target = schedule.Target{Name: "test", Lanes: 4, Registers: 16, L1: 32 << 10, L2: 1 << 20}

// parse reads a module and gives its function and the kernel in it, or its only operation.
func parse(t testing.TB, src string) (*ir.Module, *ir.Op) {
	t.Helper()
	m, err := text.Parse("test.air", []byte(src), aiopt.Standard().Ops)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return m, only(m)
}

// only is the first kernel of @main, or its operation before the return.
func only(m *ir.Module) *ir.Op {
	f := m.Funcs[0]
	for _, op := range f.Ops {
		if op.Is(core.Kernel) {
			return op
		}
	}
	if len(f.Ops) < 2 {
		return nil
	}
	return f.Ops[len(f.Ops)-2]
}

// reference computes @main by the interpreter.
func reference(m *ir.Module, in []*host.Tensor) ([]*host.Tensor, error) {
	p, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	return p.NewSession().Call(context.Background(), "main", in, nil)
}

// runKernel runs one kernel; kernel.Run is the usual one.
type runKernel func(*kernel.Kernel, kernel.Call) error

// pack runs what an engine runs before the first call.
func pack(run runKernel, made *schedule.Made, in []*host.Tensor) ([][]byte, error) {
	var all [][]byte
	for _, p := range made.Packs {
		n, ok := p.Len.IsConst()
		if !ok {
			return nil, fmt.Errorf("the length of a pack is %s", p.Len)
		}
		var call kernel.Call
		for _, i := range p.Params {
			call.Buffers = append(call.Buffers, in[i].Bytes())
		}
		buf := make([]byte, n*int64(p.Elem.Bytes()))
		call.Buffers = append(call.Buffers, buf)
		if err := run(p.Kernel, call); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, kernel.Print(p.Kernel))
		}
		all = append(all, buf)
	}
	return all, nil
}

var errFault = fmt.Errorf("the kernel set its status")

// compute runs the kernels of a group on tensors, of which params says which each parameter is.
func compute(made *schedule.Made, in []*host.Tensor, sizes map[string]int64, want *host.Tensor) (*host.Tensor, error) {
	return computeBy(kernel.Run, made, in, sizes, want)
}

func computeBy(run runKernel, made *schedule.Made, in []*host.Tensor, sizes map[string]int64, want *host.Tensor) (*host.Tensor, error) {
	out, err := host.Alloc(want.Elem, want.Shape)
	if err != nil {
		return nil, err
	}
	for i := range out.Data {
		out.Data[i] = 0xa5
	}
	packed, err := pack(run, made, in)
	if err != nil {
		return nil, err
	}
	var temps [][]byte
	for _, t := range made.Temps {
		n, err := t.Len.Eval(func(name string) (int64, bool) { n, ok := sizes[name]; return n, ok })
		if err != nil {
			return nil, err
		}
		temps = append(temps, make([]byte, n*int64(t.Elem.Bytes())))
	}
	for _, k := range made.Kernels {
		call := kernel.Call{Sizes: sizes}
		status := make([]byte, 4)
		for _, b := range globalBuffers(k) {
			switch b.Role {
			case kernel.Operand:
				call.Buffers = append(call.Buffers, in[b.Index].Bytes())
			case kernel.Result:
				call.Buffers = append(call.Buffers, out.Data[:want.Len()*want.Elem.Bytes()])
			case kernel.Packed:
				call.Buffers = append(call.Buffers, packed[b.Index])
			case kernel.Temporary:
				call.Buffers = append(call.Buffers, temps[b.Index])
			case kernel.Status:
				call.Buffers = append(call.Buffers, status)
			}
		}
		if err := run(k, call); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, kernel.Print(k))
		}
		if status[0] != 0 {
			return nil, errFault
		}
	}
	return out, nil
}

func globalBuffers(k *kernel.Kernel) []*kernel.Buffer {
	var list []*kernel.Buffer
	for _, b := range k.Buffers {
		if b.Space == kernel.Global {
			list = append(list, b)
		}
	}
	return list
}

// tolerance of a result's element type, relative and absolute.
var tolerances = map[host.Elem][2]float64{
	host.F16:  {2e-2, 2e-2},
	host.BF16: {1e-1, 1.5e-1},
	host.F32:  {2e-5, 2e-6},
	host.F64:  {1e-12, 1e-12},
}

// differ says where two tensors differ by more than their type's tolerance.
func differ(got, want *host.Tensor) error {
	for i := range want.Len() {
		a, b := host.At(got, i), host.At(want, i)
		x, isFloat := a.(float64)
		if !isFloat {
			if a != b {
				return fmt.Errorf("element %d is %v, want %v", i, a, b)
			}
			continue
		}
		y := b.(float64)
		if x == y || math.IsNaN(x) && math.IsNaN(y) {
			continue
		}
		tol := tolerances[want.Elem]
		if !(math.Abs(x-y) <= tol[1]+tol[0]*math.Abs(y)) {
			return fmt.Errorf("element %d is %v, want %v", i, x, y)
		}
	}
	return nil
}

// randomTensor has multiples of 1/8 below 1, whose products sum up without errors.
func randomTensor(rng *rand.Rand, e host.Elem, shape ...int) *host.Tensor {
	x := host.New(e, shape...)
	for i := range x.Len() {
		if e.IsFloat() {
			host.SetFloat(x, i, float64(rng.IntN(17)-8)/8)
		} else {
			host.SetInt(x, i, int64(rng.IntN(7)))
		}
	}
	return x
}

// randomInputs gives tensors for parameters.
func randomInputs(rng *rand.Rand, params []*ir.Param, sizes map[string]int64) []*host.Tensor {
	var list []*host.Tensor
	for _, p := range params {
		list = append(list, randomTensor(rng, p.Value.Type.Elem, shapeOf(p.Value.Type, sizes)...))
	}
	return list
}

// shapeOf is a type's shape for sizes; a size that is not there is the test's mistake.
func shapeOf(t ir.Type, sizes map[string]int64) []int {
	var shape []int
	for _, d := range t.Shape {
		n, err := d.Eval(func(name string) (int64, bool) { n, ok := sizes[name]; return n, ok })
		if err != nil {
			panic(err)
		}
		shape = append(shape, int(n))
	}
	return shape
}

// targets are what schedules are tested for: those that the engine makes code for, the least capable first, and before them one without
// vectors, whose cache is so small that what is divided to fit it is divided in tests, too.
var targets = append([]schedule.Target{{Name: "scalar", Lanes: 1, Registers: 16, L1: 32 << 10, L2: 4 << 10}}, shipped()...)

// shipped are the engine's: this processor's own with all that it has, others with what all of their kind have.
func shipped() []schedule.Target {
	own, _ := processor.Machines()
	var list []schedule.Target
	for _, t := range slices.Backward(emit.Targets()) {
		m := &emit.Machine{Target: t}
		if i := slices.IndexFunc(own, func(m *emit.Machine) bool { return m.Name == t.Name }); i >= 0 {
			m = own[i]
		}
		list = append(list, native.TargetOf(m))
	}
	return list
}

// hold plans a group for every target and holds its kernels, and their code, against what is expected. The inputs are those of the
// group's parameters.
func (n *natively) hold(t *testing.T, op *ir.Op, in func(*schedule.Group) []*host.Tensor, sizes map[string]int64, want *host.Tensor) {
	t.Helper()
	for _, to := range targets {
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		made, why := schedule.Plan(g, to)
		if why != "" {
			t.Fatal(strings.ReplaceAll(why, "; ", "\n"))
		}
		got, err := n.compute(t.Name(), to, made, in(g), sizes, want)
		if err == nil {
			err = n.differ(got, want)
		}
		if err != nil {
			text := kernel.Print(made.Kernels[0])
			t.Fatalf("%s: %v\n%s", to.Name, err, text[:min(len(text), 4000)])
		}
	}
}
