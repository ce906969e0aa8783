package tests

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

// torchTensor names a tensor of the exported graph of a function.
type torchTensor struct{ fn, name string }

// torchTensors is what the claims of later modules are held against.
type torchTensors struct {
	order  []torchTensor
	types  map[torchTensor]ir.Type        // as the file states them
	values map[torchTensor][]*host.Tensor // what they are in the calls of the case, each time they are computed
}

// checkClaims holds every claim of every module that passes leave: the value has the type of the tensor it claims and,
// unless the claim is approximate, its elements. A tensor that no value claims any more stands in the list of lost ones.
// The reference is the model as its operators are lowered one by one, before anything is rewritten.
func (m *model) checkClaims(t *testing.T) {
	ref := m.torch(t)
	for _, p := range checkedPipelines {
		m.build(t, p.text, pass.Hook{After: func(c *pass.Context, built *ir.Module) error {
			return m.holdClaims(c, built, ref)
		}})
	}
}

func (m *model) torch(t *testing.T) *torchTensors {
	ref := &torchTensors{types: map[torchTensor]ir.Type{}, values: map[torchTensor][]*host.Tensor{}}
	lowered := m.load(t)
	eachClaim(lowered, func(k torchTensor, _ ir.Claim, v *ir.Value) {
		ref.order = append(ref.order, k)
		ref.types[k] = v.Type
	})
	if err := m.tk.Lowerings.Decompose(lowered, nil); err != nil {
		t.Fatal(err)
	}
	seen, err := m.observe(t.Context(), lowered)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 {
		t.Fatal("no value claims a tensor")
	}
	eachClaim(lowered, func(k torchTensor, _ ir.Claim, v *ir.Value) {
		if ref.values[k] == nil {
			ref.values[k] = seen[v]
		}
	})
	return ref
}

// eachClaim visits the claims of a module in order.
func eachClaim(built *ir.Module, fn func(k torchTensor, c ir.Claim, v *ir.Value)) {
	built.AllFuncs(func(f *ir.Func) {
		visit := func(v *ir.Value) {
			for _, c := range v.Claims {
				fn(torchTensor{f.Root().Name, c.Tensor}, c, v)
			}
		}
		for _, p := range f.Params {
			visit(p.Value)
		}
		for _, op := range f.Ops {
			for _, r := range op.Results {
				visit(r)
			}
		}
	})
}

// observe runs the case and keeps what each value with a claim was, each time it was computed.
func (m *model) observe(ctx context.Context, built *ir.Module) (map[*ir.Value][]*host.Tensor, error) {
	seen := map[*ir.Value][]*host.Tensor{}
	claiming := map[*ir.Value]bool{}
	eachClaim(built, func(_ torchTensor, _ ir.Claim, v *ir.Value) { claiming[v] = true })
	_, err := m.run(ctx, built, 1, m.calls, &backend.CallOptions{
		Select:  func(v *ir.Value) bool { return claiming[v] },
		Observe: func(v *ir.Value, x *host.Tensor) { seen[v] = append(seen[v], x.Clone()) },
	})
	return seen, err
}

func (m *model) holdClaims(c *pass.Context, built *ir.Module, ref *torchTensors) error {
	seen, err := m.observe(c, built)
	if err != nil {
		return err
	}
	var wrong []error
	kept := map[torchTensor]bool{}
	eachClaim(built, func(k torchTensor, claim ir.Claim, v *ir.Value) {
		kept[k] = true
		if err := ref.hold(k, claim, v, seen[v]); err != nil {
			wrong = append(wrong, fmt.Errorf("after %s, %%%s (%s) claims %s: %w", c.Pass, v.Name, describe(v), k.name, err))
		}
	})
	for _, l := range built.Lost {
		k := torchTensor{l.Func, l.Tensor}
		if kept[k] {
			wrong = append(wrong, fmt.Errorf("after %s, %s is lost in @%s by %s, and a value claims it", c.Pass, l.Tensor, l.Func, l.Pass))
		}
		kept[k] = true
	}
	for _, k := range ref.order {
		if !kept[k] {
			wrong = append(wrong, fmt.Errorf("after %s, no value of @%s claims %s, and it is not among the lost", c.Pass, k.fn, k.name))
		}
	}
	const most = 8
	if n := len(wrong); n > most {
		wrong = append(wrong[:most], fmt.Errorf("and %d more", n-most))
	}
	return errors.Join(wrong...)
}

func describe(v *ir.Value) string {
	if v.Def == nil {
		return "a parameter"
	}
	return v.Def.Name()
}

// hold checks a claim: the tensor, permuted and cast as the claim says, is the value.
func (ref *torchTensors) hold(k torchTensor, claim ir.Claim, v *ir.Value, seen []*host.Tensor) error {
	want, ok := ref.types[k]
	if !ok {
		return errors.New("the exported graph has no such tensor")
	}
	perm := claim.Transform.Perm
	if claim.Transform.Slice != "" || len(perm) != 0 && len(perm) != want.Rank() {
		return fmt.Errorf("expected no slice and a permutation of the axes of %s", want)
	}
	if len(perm) != 0 {
		shape := make([]ir.Dim, len(perm))
		for i, axis := range perm {
			shape[i] = want.Shape[axis]
		}
		want.Shape = shape
	}
	if cast := host.Elem(claim.Transform.Cast); cast != 0 {
		if cast != want.Elem {
			return fmt.Errorf("expected a cast from %s, found one from %s", want.Elem, cast)
		}
		want.Elem = v.Type.Elem
	}
	if !want.Equal(v.Type) {
		return fmt.Errorf("expected the type %s, found %s", want, v.Type)
	}
	values := ref.values[k]
	if claim.Approx || len(seen) == 0 { // a branch that was not taken, or a parameter
		return nil
	}
	if len(seen) != len(values) {
		return fmt.Errorf("expected it to be computed %d times, found %d", len(values), len(seen))
	}
	for i, x := range values {
		if len(perm) != 0 {
			x = x.Transpose(perm)
		}
		x, err := as(x, want.Elem)
		if err != nil {
			return err
		}
		if err := numeric.Differ(seen[i], x); err != nil {
			return err
		}
	}
	return nil
}
