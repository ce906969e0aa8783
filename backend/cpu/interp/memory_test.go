package interp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestTooLarge: a tensor that the machine cannot hold, which an operation makes on its way, is no mistake of the engine.
func TestTooLarge(t *testing.T) {
	large := &ir.OpDef{
		Name: "my.large", Operands: []ir.Arg{ir.In("x", ir.AnyElem)}, Results: []ir.Arg{ir.Out("y", ir.AnyElem)},
		Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return []ir.Type{op.In(0)}, nil },
		Eval: func(*ir.EvalCtx, *ir.Op, []*host.Tensor) ([]*host.Tensor, error) {
			panic(fmt.Errorf("host: %w", &host.TooLarge{Elem: host.F32, Shape: []int{9}, Bytes: 36, Machine: 32}))
		},
	}
	f := &ir.Func{Name: "main"}
	x := f.AddParam("x", ir.TensorOf(host.F32, ir.Const(2)), ir.Input)
	b := ir.Append(f, ir.Unknown)
	y, err := b.One(large, nil, x.Value)
	if err != nil {
		t.Fatal(err)
	}
	f.Results = []*ir.Result{{Name: "y", Type: y.Type}}
	if _, err := b.Build(core.Return, nil, y); err != nil {
		t.Fatal(err)
	}
	p, err := interp.Backend{}.Compile(t.Context(), &ir.Module{Name: "m", Funcs: []*ir.Func{f}}, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.NewSession().Call(t.Context(), "main", []*host.Tensor{host.New(host.F32, 2)}, nil)
	var found *host.TooLarge
	if !errors.As(err, &found) || !strings.HasPrefix(err.Error(), "@main: my.large: f32 of shape [9] takes 36 bytes, this machine has 32") {
		t.Errorf("found the error %v, expected one that tells of too little memory", err)
	}
}
